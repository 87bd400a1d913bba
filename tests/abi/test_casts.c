/* SPDX-License-Identifier: MIT */
/* test_casts.c - saves tell what their casts changed: a note for what was asked for, a loss for each tensor
 * in which values became others, and a strict save that refuses them before the target is replaced. */
#include "kit.h"
#include <unistd.h>

/* Two tensors of four f32: 70000 is above the largest f16, and 1e-9 below half of the smallest. */
static const float bad[] = { 1, 70000, 1e-9f, -70000 }, good[] = { 1, 0.1f, 65504, 0 };

static tenon_file *
open_numbers (void)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 2, 0, 256);
    kit_raw_tensor (&file, "bad", "f32", 0, 1, KIT_SHAPE (4), 0, 16);
    kit_raw_tensor (&file, "good", "f32", 0, 1, KIT_SHAPE (4), 16, 16);
    kit_pad (&file, 256);
    kit_put (&file, bad, sizeof bad);
    kit_put (&file, good, sizeof good);
    kit_file ("n.toyraw", &file);
    return kit_open ("n.toyraw", NULL, NULL);
}

static tenon_plan *
plan_of_casts (tenon_file *file, uint32_t dtype)
{
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (uint64_t i = 0; i < 2; i++)
        ck_assert_int_eq (tenon_plan_add_from (plan, file, i, NULL, dtype, &kit_error), TENON_OK);
    tenon_close (file);
    return plan;
}

static tenon_status
save_with (tenon_plan *plan, const char *name, uint32_t flags, tenon_report **report)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = flags;
    return tenon_save (plan, kit_path (name), &options, report, NULL, &kit_error);
}

static void
tells_losses (const tenon_report *report)
{
    ck_assert (kit_reported (report, TENON_NOTE, "2 tensors converted from f32 to f16, as asked for"));
    ck_assert (kit_reported (report, TENON_LOSS,
                             "converted from f32 to f16: of 4 values 2 overflowed, 1 flushed to zero"));
    unsigned losses = 0;
    tenon_report_entry entry = TENON_INIT (entry);
    for (uint64_t i = 0; tenon_report_get (report, i, &entry) == TENON_OK; i++)
        losses += entry.kind == TENON_LOSS;
    ck_assert_uint_eq (losses, 1);
}

/* A dry run reads what is cast, so it tells the same. A plan that is saved twice is counted twice anew. */
START_TEST (test_counted)
{
    static const uint32_t flags[] = { 0, TENON_SAVE_STRICT, TENON_SAVE_DRY_RUN,
                                      TENON_SAVE_DRY_RUN | TENON_SAVE_STRICT };
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = plan_of_casts (open_numbers (), TENON_F16);
    for (unsigned i = 0; i < 4; i++) {
        tenon_report *report = NULL;
        unlink (kit_path ("to.toyraw"));
        tenon_status status = save_with (plan, "to.toyraw", flags[i], &report);
        if (flags[i] & TENON_SAVE_STRICT)
            kit_failed (status, TENON_E_LOSS, "1 thing would be lost");
        else
            ck_assert_int_eq (status, TENON_OK);
        tells_losses (report);
        ck_assert_int_eq (kit_exists ("to.toyraw"), flags[i] == 0);
        tenon_report_free (report);
    }
    tenon_plan_free (plan);
}
END_TEST

/* Rounding alone is what was asked for. */
START_TEST (test_rounded)
{
    kit_plugins ("toyraw", NULL);
    tenon_report *report = NULL;
    tenon_plan *plan = plan_of_casts (open_numbers (), TENON_BF16);
    ck_assert_int_eq (save_with (plan, "to.toyraw", TENON_SAVE_STRICT, &report), TENON_OK);
    ck_assert (kit_reported (report, TENON_NOTE, "2 tensors converted from f32 to bf16, as asked for"));
    tenon_report_free (report);
    tenon_plan_free (plan);
}
END_TEST

/* 448 is the largest f8_e4m3 (OCP 8-bit); its smallest is 2^-9. */
START_TEST (test_saturated)
{
    kit_plugins ("toyraw", NULL);
    tenon_report *report = NULL;
    tenon_plan *plan = plan_of_casts (open_numbers (), TENON_F8_E4M3);
    ck_assert_int_eq (save_with (plan, "to.toyraw", TENON_SAVE_SATURATE, &report), TENON_OK);
    ck_assert (kit_reported (report, TENON_LOSS, "of 4 values 2 clipped, 1 flushed to zero"));
    ck_assert (kit_reported (report, TENON_LOSS, "of 4 values 1 clipped"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_file *back = kit_open ("to.toyraw", NULL, NULL);
    kit_data (back, "bad", "", "\x38\x7e\x00\xfe", 4);
    tenon_close (back);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "casts");
    tcase_add_test (tests, test_counted);
    tcase_add_test (tests, test_rounded);
    tcase_add_test (tests, test_saturated);
}

int
main (void)
{
    return kit_main ("casts", fill_suite);
}
