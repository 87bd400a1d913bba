/* SPDX-License-Identifier: MIT */
/* test_carry.c - tensors that a format cannot hold are stored as bytes and restored on opening. */
#include "kit.h"

static const uint8_t numbers[64] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64,
};

static tenon_status
save_carried (tenon_plan *plan, const char *name, uint32_t flags, const char *const *settings,
              tenon_report **report)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = TENON_SAVE_EXACT_NAME | TENON_SAVE_CARRY | flags;
    options.settings = settings;
    return tenon_save (plan, kit_path (name), &options, report, NULL, &kit_error);
}

static void
put_opaque (struct bytes *file, const char *name, const char *text, unsigned rank, const uint64_t *shape,
            uint32_t flags, uint64_t offset, uint64_t length)
{
    struct bytes plain = { .size = 0 };
    kit_raw_tensor (&plain, name, "u8", flags, rank, shape, offset, length);
    size_t before = 2 + strlen (name); /* then the dtype: u8 length, text */
    kit_put (file, plain.data, before);
    kit_le (file, 0, 1);
    kit_le (file, 3, 8);
    kit_le (file, 3, 1);
    kit_text (file, "toy");
    kit_le (file, strlen (text), 2);
    kit_text (file, text);
    kit_put (file, plain.data + before + 3, plain.size - before - 3);
}

static void
has_key (tenon_file *file, uint64_t index, const char *key)
{
    tenon_metadata_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_metadata_get (file, index, &info), TENON_OK);
    ck_assert_str_eq (info.key, key);
}

/* A tensor of each kind, in an order that no codec would choose. */
static const char *const names[] = { "q", "plain", "half", "odd", "six", "none", "o", "s", "top" };

static void
put_sources (void)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 9, 2, 800);
    kit_raw_string (&file, "zeta", "last", 4);
    kit_raw_string (&file, "alpha", "first \"quoted\"\n", 15);
    kit_raw_tensor (&file, "q", "tq8", 0, 2, KIT_SHAPE (2, 16), 0, 36);
    kit_raw_tensor (&file, "plain", "f32", 0, 1, KIT_SHAPE (2), 40, 8);
    kit_raw_tensor (&file, "half", "f4", 0, 2, KIT_SHAPE (3, 4), 48, 6);
    kit_raw_tensor (&file, "odd", "f4", 0, 2, KIT_SHAPE (2, 3), 54, 3);
    kit_raw_tensor (&file, "six", "f6_e2m3", 0, 2, KIT_SHAPE (1, 4), 57, 3);
    kit_raw_tensor (&file, "none", "tq8", 0, 2, KIT_SHAPE (0, 8), 60, 0);
    put_opaque (&file, "o", "date", 2, KIT_SHAPE (2, 1), 0, 64, 6);
    put_opaque (&file, "s", "date", 0, NULL, 0, 70, 3);
    kit_raw_tensor (&file, "top", "topq", 0, 1, KIT_SHAPE (16), 73, 5);
    kit_pad (&file, 800);
    kit_put (&file, numbers, 64);
    kit_put (&file, numbers, 14);
    kit_file ("a.toyraw", &file);
}

static void
is_as_it_was (tenon_file *file)
{
    ck_assert_uint_eq (tenon_count (file), 9);
    for (unsigned i = 0; i < 9; i++) {
        tenon_tensor_info info;
        uint64_t index;
        KIT_INIT (info);
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        ck_assert_str_eq (info.name, names[i]);
        ck_assert_int_eq (tenon_find (file, names[i], &index), TENON_OK);
        ck_assert_uint_eq (index, i);
    }
    ck_assert_uint_eq (tenon_metadata_count (file), 2);
    has_key (file, 0, "zeta");
    has_key (file, 1, "alpha");
    ck_assert_uint_eq (kit_value (file, "alpha").count, 15);
    kit_is_shaped (file, "q", "tq8", 2, KIT_SHAPE (2, 16));
    kit_is_shaped (file, "plain", "f32", 1, KIT_SHAPE (2));
    kit_is_shaped (file, "half", "f4", 2, KIT_SHAPE (3, 4));
    kit_is_shaped (file, "odd", "f4", 2, KIT_SHAPE (2, 3));
    kit_is_shaped (file, "six", "f6_e2m3", 2, KIT_SHAPE (1, 4));
    kit_is_shaped (file, "none", "tq8", 2, KIT_SHAPE (0, 8));
    kit_is_shaped (file, "o", NULL, 2, KIT_SHAPE (2, 1));
    kit_is_shaped (file, "s", NULL, 0, NULL);
    kit_is_shaped (file, "top", "topq", 1, KIT_SHAPE (16));
    kit_data (file, "q", "", numbers, 36);
    kit_data (file, "plain", "", numbers + 40, 8);
    kit_data (file, "half", "", numbers + 48, 6);
    kit_data (file, "odd", "", numbers + 54, 3);
    kit_data (file, "six", "", numbers + 57, 3);
    kit_data (file, "none", "", "", 0);
    kit_data (file, "o", "", numbers, 6);
    kit_data (file, "s", "", numbers + 6, 3);
    kit_data (file, "top", "", numbers + 9, 5);
    struct tenon_dtype dtype;
    KIT_INIT (dtype);
    ck_assert_int_eq (tenon_dtype_get (kit, file, kit_tensor (file, "s").dtype, &dtype), TENON_OK);
    ck_assert_uint_eq (dtype.kind, TENON_KIND_OPAQUE);
    ck_assert_uint_eq (dtype.block_bytes, 3);
    ck_assert_str_eq (dtype.family, "toy");
    ck_assert_str_eq (dtype.text, "date");
}

START_TEST (test_there_and_back)
{
    tenon_report *report = NULL;
    put_sources ();
    kit_plugins ("toyraw toyblock toyplain", NULL);
    tenon_file *file = kit_open ("a.toyraw", NULL, NULL);
    tenon_plan *plan = kit_plan_of (file);
    kit_failed (kit_write (plan, "b.toyplain", NULL, NULL, NULL), TENON_E_UNSUPPORTED,
                "tensor 'q': the format toyplain cannot hold tq8");
    kit_said (kit_error.advice, "tenon_plan_add_from converts it…; TENON_SAVE_CARRY stores its bytes");
    ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_STRICT, NULL, &report), TENON_OK);
    ck_assert (kit_reported (report, TENON_NOTE, "tq8 is carried as 2 × 18 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "f4 is carried as 3 × 2 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "f4 is carried as 3 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "f6_e2m3 is carried as 1 × 3 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "tq8 is carried as 0 × 9 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "date is carried as 2 × 3 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "date is carried as 3 u8"));
    ck_assert (kit_reported (report, TENON_NOTE, "the plan carries"));
    tenon_report_free (report);
    tenon_file *back = kit_open ("b.toyplain", NULL, NULL);
    is_as_it_was (back);
    tenon_plan *again = kit_plan_of (back);
    ck_assert_int_eq (save_carried (again, "c.toyraw", TENON_SAVE_STRICT, NULL, NULL), TENON_OK);
    tenon_close (back);
    back = kit_open ("c.toyraw", NULL, NULL);
    is_as_it_was (back); /* this format holds it as it is, without a record */
    tenon_close (back);
    ck_assert_int_eq (kit_write (plan, "d.toyraw", NULL, NULL, NULL), TENON_OK);
    back = kit_open ("d.toyraw", NULL, NULL);
    is_as_it_was (back); /* carrying did not change the plan */
    tenon_close (back);
    tenon_plan_free (again);
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

/* A context that does not know a dtype passes the bytes and the record on. */
START_TEST (test_without_the_dtype)
{
    put_sources ();
    kit_plugins ("toyraw toyblock toyplain", NULL);
    tenon_file *file = kit_open ("a.toyraw", NULL, NULL);
    tenon_plan *plan = kit_plan_of (file);
    ck_assert_int_eq (save_carried (plan, "b.toyplain", 0, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_close (file);
    ck_assert_int_eq (remove (kit_path ("plugins/toyblock.so")), 0);
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    file = kit_open ("b.toyplain", NULL, NULL);
    kit_is_shaped (file, "q", "u8", 2, KIT_SHAPE (2, 18));
    kit_is_shaped (file, "half", "f4", 2, KIT_SHAPE (3, 4));
    kit_data (file, "q", "", numbers, 36);
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE,
                             "no plugin in use has the dtype that it had: tq8"));
    plan = kit_plan_of (file);
    ck_assert_int_eq (kit_write (plan, "c.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_close (file);
    kit_copy ("toyblock", "toyblock");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    file = kit_open ("c.toyraw", NULL, NULL);
    kit_is_shaped (file, "q", "tq8", 2, KIT_SHAPE (2, 16));
    kit_data (file, "q", "", numbers, 36);
    tenon_close (file);
}
END_TEST

/* Six i64 in Fortran order, big-endian, and opaque items in Fortran order: they come back in C order. */
START_TEST (test_orders)
{
    struct bytes file = { .size = 0 }, expected = { .size = 0 };
    tenon_report *report = NULL;
    kit_raw_head (&file, 2, 0, 200);
    kit_raw_tensor (&file, "i", "i64", TENON_FORTRAN | TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 3), 0, 48);
    put_opaque (&file, "o", "date", 2, KIT_SHAPE (2, 2), TENON_FORTRAN, 48, 12);
    kit_pad (&file, 200);
    for (unsigned i = 0; i < 6; i++)
        kit_be (&file, i, 8);
    kit_text (&file, "aaabbbcccddd");
    kit_file ("a.toyraw", &file);
    for (unsigned i = 0; i < 6; i++)
        kit_le (&expected, i / 3 + 2 * (i % 3), 8);
    kit_plugins ("toyraw toyplain", NULL);
    tenon_file *open = kit_open ("a.toyraw", NULL, NULL);
    tenon_plan *plan = kit_plan_of (open);
    ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_DRY_RUN, NULL, NULL), TENON_OK);
    ck_assert (!kit_exists ("b.toyplain"));
    ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_STRICT, NULL, &report), TENON_OK);
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from Fortran to C"));
    ck_assert (kit_reported (report, TENON_NOTE, "its byte order changes from big-endian to little-endian"));
    tenon_report_free (report);
    tenon_file *back = kit_open ("b.toyplain", NULL, NULL);
    kit_is_shaped (back, "i", "i64", 2, KIT_SHAPE (2, 3));
    ck_assert_uint_eq (kit_tensor (back, "i").flags, 0);
    kit_data (back, "i", "", expected.data, 48);
    kit_data (back, "o", "", "aaacccbbbddd", 12);
    tenon_close (back);
    /* this codec transposes the bytes once more: they cannot be restored, but they are not lost */
    static const char *const fortran[] = { "toyplain.fortran=yes", NULL };
    ck_assert_int_eq (save_carried (plan, "c.toyplain", 0, fortran, NULL), TENON_OK);
    back = kit_open ("c.toyplain", NULL, NULL);
    kit_is_shaped (back, "i", "u8", 2, KIT_SHAPE (2, 24));
    kit_data (back, "i", "", expected.data, 48);
    ck_assert (kit_reported (tenon_file_report (back), TENON_NOTE, "it is neither u8 nor i8 in C order"));
    ck_assert_uint_eq (tenon_metadata_count (back), 1);
    tenon_close (back);
    tenon_plan_free (plan);
    tenon_close (open);
}
END_TEST

static void
is_in_order (const char *name, const char *key)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    tenon_tensor_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_get (file, 0, &info), TENON_OK);
    ck_assert_str_eq (info.name, key);
    ck_assert_uint_eq (tenon_metadata_count (file), 2);
    has_key (file, 0, key);
    tenon_close (file);
}

/* A codec that sorts, and tensors that it can hold: the order of tensors and keys is carried. Tensors from a
 * file of the same codec are sorted already and need no record. */
START_TEST (test_order_alone)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 2, 2, 200);
    kit_raw_string (&file, "b", "first", 5);
    kit_raw_string (&file, "a", "last", 4);
    kit_raw_tensor (&file, "b", "f32", 0, 1, KIT_SHAPE (2), 0, 8);
    kit_raw_tensor (&file, "a", "f32", 0, 1, KIT_SHAPE (1), 8, 4);
    kit_pad (&file, 200);
    kit_put (&file, numbers, 12);
    kit_file ("a.toyraw", &file);
    kit_plugins ("toyraw toyplain", NULL);
    tenon_file *open = kit_open ("a.toyraw", NULL, NULL);
    tenon_plan *plan = kit_plan_of (open);
    ck_assert_int_eq (kit_write (plan, "b.toyplain", NULL, NULL, NULL), TENON_OK);
    is_in_order ("b.toyplain", "a"); /* without TENON_SAVE_CARRY */
    ck_assert_int_eq (save_carried (plan, "c.toyplain", TENON_SAVE_STRICT, NULL, NULL), TENON_OK);
    is_in_order ("c.toyplain", "b");
    tenon_plan_free (plan);
    tenon_close (open);
    open = kit_open ("b.toyplain", NULL, NULL);
    plan = kit_plan_of (open);
    ck_assert_int_eq (save_carried (plan, "d.toyplain", TENON_SAVE_STRICT, NULL, NULL), TENON_OK);
    is_in_order ("d.toyplain", "b"); /* in the codec's order: there is no record */
    tenon_plan_free (plan);
    tenon_close (open);
}
END_TEST

/* Casts come before carrying: 1 … 8 as tq8 has the exponent -3 and counts eighths. */
START_TEST (test_cast)
{
    struct bytes file = { .size = 0 };
    tenon_report *report = NULL;
    tenon_plan *plan;
    kit_raw_head (&file, 1, 0, 100);
    kit_raw_tensor (&file, "x", "f32", 0, 1, KIT_SHAPE (8), 0, 32);
    kit_pad (&file, 100);
    for (unsigned i = 1; i <= 8; i++)
        kit_f32 (&file, (float) i);
    kit_file ("a.toyraw", &file);
    kit_plugins ("toyraw toyblock toyplain", NULL);
    tenon_file *open = kit_open ("a.toyraw", NULL, NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, open, 0, "y", tenon_dtype_find (kit, "tq8"), &kit_error),
                      TENON_OK);
    ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_STRICT, NULL, &report), TENON_OK);
    ck_assert (kit_reported (report, TENON_NOTE, "converted from f32 to tq8, as asked for"));
    ck_assert (kit_reported (report, TENON_NOTE, "tq8 is carried as 9 u8"));
    tenon_report_free (report);
    tenon_file *back = kit_open ("b.toyplain", NULL, NULL);
    kit_is_shaped (back, "y", "tq8", 1, KIT_SHAPE (8));
    kit_data (back, "y", "", "\xfd\x08\x10\x18\x20\x28\x30\x38\x40", 9);
    tenon_close (back);
    tenon_plan_free (plan);
    tenon_close (open);
}
END_TEST

static tenon_status
fill (void *user, uint64_t offset, void *to, uint64_t length)
{
    memcpy (to, (const uint8_t *) user + offset, length);
    return TENON_OK;
}

static void
add_filled (tenon_plan *plan, const char *name, uint32_t dtype, uint32_t flags)
{
    static uint8_t data[64];
    tenon_array array;
    memcpy (data, numbers, sizeof data);
    KIT_INIT (array);
    array.name = name;
    array.dtype = dtype;
    array.flags = flags;
    array.rank = 1;
    array.shape = KIT_SHAPE (2);
    array.fill = fill;
    array.user = data;
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
}

START_TEST (test_arrays_of_the_program)
{
    kit_plugins ("toyraw toyblock toyplain", NULL);
    for (int twice = 0; twice < 2; twice++) {
        tenon_plan *plan = kit_plan ();
        kit_add (plan, "q", "tq8", 0, 1, KIT_SHAPE (8), numbers, 9);
        add_filled (plan, "i", TENON_I64, 0);
        add_filled (plan, "big", TENON_I64, TENON_BIG_ENDIAN);
        add_filled (plan, "f", TENON_F32, 0);
        ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_STRICT, NULL, NULL), TENON_OK);
        if (twice) /* the second save calls the program's functions again */
            ck_assert_int_eq (save_carried (plan, "b.toyplain", TENON_SAVE_STRICT, NULL, NULL), TENON_OK);
        tenon_file *back = kit_open ("b.toyplain", NULL, NULL);
        kit_data (back, "x", "", numbers, 4);
        kit_data (back, "q", "", numbers, 9);
        kit_data (back, "i", "", numbers, 16);
        kit_data (back, "big", "", "\10\7\6\5\4\3\2\1\20\17\16\15\14\13\12\11", 16);
        kit_data (back, "f", "", numbers, 8);
        kit_is_shaped (back, "big", "i64", 1, KIT_SHAPE (2));
        tenon_close (back);
        tenon_plan_free (plan);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "carry");
    tcase_add_test (tests, test_there_and_back);
    tcase_add_test (tests, test_without_the_dtype);
    tcase_add_test (tests, test_orders);
    tcase_add_test (tests, test_order_alone);
    tcase_add_test (tests, test_cast);
    tcase_add_test (tests, test_arrays_of_the_program);
}

int
main (void)
{
    return kit_main ("carry", fill_suite);
}
