/* SPDX-License-Identifier: MIT */
/* test_strides_saved.c - what becomes of strides when tensors and arrays are saved. */
#include "lay.h"

static void
add_array (tenon_plan *plan, const char *name, const struct lay *lay)
{
    uint64_t low = 0, reach = 1;
    for (uint32_t i = 0; i < lay->rank; i++) {
        uint64_t step = (uint64_t) (lay->strides[i] < 0 ? -lay->strides[i] : lay->strides[i]);
        uint64_t others = lay->shape[i] ? (lay->shape[i] - 1) * step : 0;
        low += lay->strides[i] < 0 ? others : 0;
        reach += others;
    }
    struct box box = all_of (lay);
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = lay->dtype,
                          .name = name,
                          .shape = lay->shape,
                          .rank = lay->rank,
                          .flags = lay->flags,
                          .data = pool + lay->offset,
                          .size = items_of (lay, &box) ? reach * size_of (lay) : 0,
                          .strides = lay->strides };
    (void) low;
    tenon_status status = tenon_plan_add (plan, &array, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static void
expect_saved (const char *name, const struct lay *tensors, unsigned count)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    for (unsigned i = 0; i < count; i++) {
        char tensor[8];
        struct box box = all_of (&tensors[i]);
        uint64_t size;
        uint8_t *expected = expect_box (&tensors[i], &box, false, &size);
        snprintf (tensor, sizeof tensor, "t%u", i);
        kit_data (file, tensor, "", expected, size);
        free (expected);
    }
    tenon_close (file);
}

/* Arrays of the program, and the tensors of a file, in both orders, through pieces of a small memory. */
static void
check_saving (int kind, const char *settings)
{
    struct lay tensors[12];
    for (unsigned k = 0; k < 12;) {
        tensors[k] = draw_lay (k < 2 ? 400000 : 3000);
        k += tensors[k].dtype != OPAQUE && tensors[k].dtype != TENON_I32;
    }
    put_file (kind, tensors, 12);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    tenon_plan *arrays = NULL, *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (kit, &arrays, NULL), TENON_OK);
    for (unsigned i = 0; i < 12; i++) {
        char name[8];
        snprintf (name, sizeof name, "t%u", i);
        add_array (arrays, name, &tensors[i]);
        ck_assert_int_eq (tenon_plan_add_from (plan, file, i, NULL, TENON_NONE, &kit_error), TENON_OK);
    }
    tenon_close (file);
    tenon_report *report = NULL;
    tenon_status status = kit_write (arrays, "a.toyplain", NULL, settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    status = kit_write (plan, "b.toyplain", NULL, settings, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from strides to "));
    tenon_report_free (report);
    expect_saved ("a.toyplain", tensors, 12);
    expect_saved ("b.toyplain", tensors, 12);
    tenon_plan_free (plan);
    tenon_plan_free (arrays);
}

START_TEST (saving)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 1000;
    make_pool (500000);
    check_saving (_i, NULL);
    check_saving (_i, "toyplain.fortran=yes");
}
END_TEST

/* Two tensors at one offset are the same bytes if their strides are the same. */
START_TEST (twins)
{
    use_plugins (NULL);
    make_pool (500);
    struct lay all[] = { { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 13, 2 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 2, 13 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 6, 1 } },
                         { 0, TENON_U8, 0, 2, 0, { 5, 6 }, { 13, 2 } } };
    for (unsigned count = 3; count <= 4; count++) {
        tenon_report *report = NULL;
        tenon_plan *plan = NULL;
        put_file (BARE, all, count);
        tenon_file *file = kit_open ("f.toylay", NULL, NULL);
        ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
        for (unsigned i = 0; i < count; i++)
            ck_assert_int_eq (tenon_plan_add_from (plan, file, i, NULL, TENON_NONE, &kit_error), TENON_OK);
        tenon_close (file);
        tenon_status status = kit_write (plan, "t.toyplain", NULL, NULL, &report);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        ck_assert_int_eq (kit_reported (report, TENON_NOTE, "written twice: it shares its bytes with 't0'"),
                          count == 4);
        ck_assert (!kit_reported (report, TENON_NOTE, "shares its bytes with 't1'"));
        tenon_report_free (report);
        tenon_plan_free (plan);
        expect_saved ("t.toyplain", all, count);
    }
}
END_TEST

/* Carried as bytes, in the order of its items, and restored. */
START_TEST (carried)
{
    use_plugins (NULL);
    make_pool (500);
    const struct lay lay = { 300, TENON_I32, TENON_BIG_ENDIAN, 2, 0, { 5, 6 }, { -13, 2 } };
    tenon_file *file = open_one (BARE, &lay);
    tenon_plan *plan = NULL;
    tenon_report *report = NULL;
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_CARRY };
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, 0, NULL, TENON_NONE, &kit_error), TENON_OK);
    tenon_close (file);
    tenon_status status = tenon_save (plan, kit_path ("c.toyplain"), &options, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from strides to C"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    expect_saved ("c.toyplain", &lay, 1);
    file = kit_open ("c.toyplain", NULL, NULL);
    ck_assert_uint_eq (kit_tensor (file, "t0").dtype, TENON_I32);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *slices = kit_case (suite, "slices"), *rules = kit_case (suite, "rules");
    tcase_set_timeout (slices, 300);
    tcase_add_loop_test (slices, saving, 0, KINDS);
    tcase_add_test (rules, twins);
    tcase_add_test (rules, carried);
}

int
main (void)
{
    return kit_main ("strides_saved", fill_suite);
}
