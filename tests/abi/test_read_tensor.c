/* SPDX-License-Identifier: MIT */
/* test_read_tensor.c - codecs that read values while they write (read_tensor): from arrays, files and
 * callbacks, with casts, in both orders. */
#include "kit.h"

static const uint64_t shape[2] = { 2, 3 };

static void
add_array (tenon_plan *plan, const char *name, uint32_t flags, const void *data)
{
    tenon_array array;
    KIT_INIT (array);
    array.dtype = TENON_U16;
    array.name = name;
    array.shape = shape;
    array.rank = 2;
    array.flags = flags;
    array.data = data;
    array.size = 12;
    ck_assert_msg (tenon_plan_add (plan, &array, &kit_error) == TENON_OK, "%s", kit_error.message);
}

static void
expect_dump (tenon_plan *plan, const char *order, const char *expected)
{
    const char *settings[] = { order, NULL };
    size_t size;
    tenon_save_options options;
    KIT_INIT (options);
    options.settings = settings;
    ck_assert_msg (tenon_save (plan, kit_path ("out.toydump"), &options, NULL, NULL, &kit_error) == TENON_OK,
                   "%s", kit_error.message);
    const uint8_t *text = kit_load ("out.toydump", &size);
    ck_assert_msg (size == strlen (expected) && memcmp (text, expected, size) == 0, "%.*s", (int) size,
                   (const char *) text);
}

/* Items 1 … 6, stored in C order, in Fortran order, and big-endian. */
static const uint8_t c_order[12] = { 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0 };
static const uint8_t fortran[12] = { 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6, 0 };
static const uint8_t big[12] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6 };
#define C_LINE ": 01 00 02 00 03 00 04 00 05 00 06 00 (01)\n"
#define F_LINE ": 01 00 04 00 02 00 05 00 03 00 06 00 (01)\n"

START_TEST (test_arrays)
{
    tenon_plan *plan;
    kit_plugins ("toydump", NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    add_array (plan, "c", 0, c_order);
    add_array (plan, "f", TENON_FORTRAN, fortran);
    add_array (plan, "b", TENON_BIG_ENDIAN, big);
    expect_dump (plan, "toydump.order=c", "c" C_LINE "f" C_LINE "b" C_LINE);
    expect_dump (plan, "toydump.order=fortran", "c" F_LINE "f" F_LINE "b" F_LINE);
    tenon_plan_free (plan);
}
END_TEST

static tenon_status
fill (void *user, uint64_t offset, void *to, uint64_t length)
{
    uint64_t *next = user;
    ck_assert_uint_eq (offset, *next); /* in order, each byte once */
    *next += length;
    memcpy (to, c_order + offset, length);
    return TENON_OK;
}

START_TEST (test_callback)
{
    tenon_plan *plan;
    tenon_array array;
    uint64_t next = 0;
    kit_plugins ("toydump", NULL);
    KIT_INIT (array);
    array.dtype = TENON_U16;
    array.name = "made";
    array.shape = shape;
    array.rank = 2;
    array.fill = fill;
    array.user = &next;
    array.size = 12;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
    expect_dump (plan, "toydump.order=fortran", "made" F_LINE);
    expect_dump (plan, "toydump.order=c", "made" C_LINE); /* the callback's items are kept */
    ck_assert_uint_eq (next, 12);
    tenon_plan_free (plan);
}
END_TEST

/* From a file, cast: 1 is 1.0 as f32, 00 00 80 3f. 100,000 items go through many slabs. */
START_TEST (test_cast)
{
    static uint8_t items[100000];
    tenon_plan *plan;
    tenon_array array;
    size_t size;
    uint64_t count = sizeof items;
    kit_plugins ("toydump toyraw", NULL);
    memset (items, 1, sizeof items);
    items[sizeof items - 1] = 2;
    KIT_INIT (array);
    array.dtype = TENON_U8;
    array.name = "x";
    array.shape = &count;
    array.rank = 1;
    array.data = items;
    array.size = sizeof items;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_save (plan, kit_path ("x.toyraw"), NULL, NULL, NULL, &kit_error), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("x.toyraw", NULL, NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, 0, NULL, TENON_F32, &kit_error), TENON_OK);
    tenon_close (file); /* the plan keeps the source open */
    ck_assert_int_eq (tenon_save (plan, kit_path ("x.toydump"), NULL, NULL, NULL, &kit_error), TENON_OK);
    const uint8_t *text = kit_load ("x.toydump", &size);
    ck_assert_uint_eq (size, 2 + 100000 * 12 + strlen (" (00)\n"));
    for (unsigned i = 0; i < 100000; i++) {
        const char *item = i < 99999 ? " 00 00 80 3f" : " 00 00 00 40";
        ck_assert_mem_eq (text + 2 + 12 * i, item, 12);
    }
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_no_data)
{
    tenon_plan *plan;
    tenon_array array;
    kit_plugins ("toydump", NULL);
    KIT_INIT (array);
    array.dtype = TENON_U16;
    array.name = "nothing";
    array.shape = shape;
    array.rank = 2;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_failed (tenon_plan_add (plan, &array, &kit_error), TENON_E_MISUSE, "needs data or fill");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_beyond)
{
    tenon_plan *plan;
    tenon_save_options options;
    kit_plugins ("toydump", NULL);
    KIT_INIT (options);
    options.format = "beyond";
    options.flags = TENON_SAVE_EXACT_NAME;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    add_array (plan, "c", 0, c_order);
    kit_failed (tenon_save (plan, kit_path ("out"), &options, NULL, NULL, &kit_error), TENON_E_MISUSE,
                "tensor 'c': the codec beyond: it read beyond the end");
    ck_assert (!kit_exists ("out"));
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "dump");
    tcase_add_test (tests, test_arrays);
    tcase_add_test (tests, test_callback);
    tcase_add_test (tests, test_cast);
    tcase_add_test (tests, test_beyond);
    tcase_add_test (tests, test_no_data);
}

int
main (void)
{
    return kit_main ("dump", fill_suite);
}
