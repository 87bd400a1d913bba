/* SPDX-License-Identifier: MIT */
/* test_unreadable_saved.c - saves of files with tensors that cannot be read, and of what the catalog does not
 * hold. Each test runs twice, the second time with isolated plugins. */
#include "scripts.h"

/* ---- saving ---- */

/* Saves as f.toyraw with these flags. */
static tenon_status
save_raw (tenon_plan *plan, unsigned flags, tenon_report **report)
{
    tenon_save_options options;
    KIT_INIT (options);
    options.flags = flags;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    return tenon_save (plan, kit_path ("f.toyraw"), &options, report, NULL, &kit_error);
}

/* The entries of this kind. */
static unsigned
count_entries (const tenon_report *report, uint32_t kind)
{
    tenon_report_entry entry;
    unsigned count = 0;
    KIT_INIT (entry);
    for (uint64_t i = 0; tenon_report_get (report, i, &entry) == TENON_OK; i++)
        count += entry.kind == kind;
    return count;
}

static const char three[] = "add a u8 4 512\n"
                            "skip b f32 2,3 520 24 -3 its codes are of a later version\n"
                            "skip c type139 ? 0 - -10 the sum is wrong\n"
                            "meta k v\n";

START_TEST (test_save_refused)
{
    tenon_report *report;
    isolate_plugins ("toyscript toyraw", _i);
    tenon_file *file = open_script (three);
    tenon_plan *plan = kit_plan_of (file);
    for (unsigned i = 0; i < 2; i++) {
        kit_failed (
            save_raw (plan, i ? TENON_SAVE_DRY_RUN : 0, &report), TENON_E_UNSUPPORTED,
            "f.toyscript: tensor 'b': it cannot be read, and therefore not saved, nor can 1 more tensor: its "
            "codes are of a later version");
        is_noted (report, "b", TENON_E_UNSUPPORTED, "its codes are of a later version");
        is_noted (report, "c", TENON_E_CHECKSUM, "the sum is wrong");
        tenon_report_free (report);
        ck_assert (!kit_exists ("f.toyraw"));
    }
    tenon_plan_free (plan);
    uint64_t index;
    ck_assert_int_eq (tenon_find (file, "c", &index), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, index, "other", TENON_F16, &kit_error), TENON_OK);
    kit_failed (save_raw (plan, 0, NULL), TENON_E_CHECKSUM,
                "tensor 'other': it cannot be read, and therefore not saved: the sum is wrong");
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

START_TEST (test_save_without)
{
    tenon_report *report;
    isolate_plugins ("toyscript toyraw", _i);
    tenon_file *file = open_script (three);
    tenon_plan *plan = kit_plan_of (file);
    tenon_close (file);
    kit_failed (save_raw (plan, TENON_SAVE_SKIP_UNREADABLE | TENON_SAVE_STRICT, NULL), TENON_E_LOSS,
                "2 things would be lost");
    for (unsigned flags = 0; flags < 2; flags++) {
        ck_assert_int_eq (
            save_raw (plan, TENON_SAVE_SKIP_UNREADABLE | (flags ? TENON_SAVE_CARRY : 0), &report), TENON_OK);
        ck_assert_uint_eq (count_entries (report, TENON_LOSS), 2);
        ck_assert (kit_reported (report, TENON_LOSS, "it cannot be read, and is left out: the sum is wrong"));
        tenon_report_free (report);
        tenon_file *saved = kit_open ("f.toyraw", NULL, NULL);
        ck_assert_uint_eq (tenon_count (saved), 1);
        kit_data (saved, "a", "", "\0\1\2\3", 4);
        ck_assert_uint_eq (kit_value (saved, "k").count, 1);
        tenon_close (saved);
    }
    tenon_plan_free (plan);
}
END_TEST

/* ---- what the catalog does not hold ---- */

static tenon_plan *
plan_with (tenon_file *file, const char *name)
{
    tenon_plan *plan;
    uint64_t index;
    ck_assert_int_eq (tenon_find (file, name, &index), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, file, index, NULL, TENON_NONE, &kit_error), TENON_OK);
    return plan;
}

/* Saves the plan, and expects so many losses, and TENON_E_LOSS if the save is strict. Frees the plan. */
static void
loses (tenon_plan *plan, unsigned losses)
{
    tenon_report *report;
    ck_assert_int_eq (save_raw (plan, 0, &report), TENON_OK);
    ck_assert_uint_eq (count_entries (report, TENON_LOSS), losses);
    tenon_report_free (report);
    ck_assert_int_eq (save_raw (plan, TENON_SAVE_STRICT | TENON_SAVE_DRY_RUN, NULL),
                      losses > 0 ? TENON_E_LOSS : TENON_OK);
    tenon_plan_free (plan);
}

START_TEST (test_losses)
{
    static const char *const parts[] = { "x.toyscript", "add - u8 . 0\nnote 1 - bytes behind the array\n",
                                         "y.toyscript",
                                         "add z u8 . 0\nadd w u8 . 1\nnote 1 z three bytes behind it\n",
                                         NULL };
    isolate_plugins ("toyscript toyraw", _i);
    save_parts (parts, PREFIX,
                "note 1 - a second file behind this one\nnote 0 - odd\nadd own u8 . 0\nadd other u8 . 1\n"
                "note 1 own it has a tail\n");
    tenon_file *file = kit_open ("f.toyscript", NULL, NULL);
    const tenon_report *report = tenon_file_report (file);
    ck_assert_uint_eq (count_entries (report, TENON_LOSS), 0);
    ck_assert_uint_eq (count_entries (report, TENON_NOTE), 5);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    loses (kit_plan_of (file), 4);
    loses (plan_with (file, "other"), 0);
    loses (plan_with (file, "own"), 1);
    loses (plan_with (file, "x"), 1);
    loses (plan_with (file, "y.toyscript/w"), 0);
    loses (plan_with (file, "y.toyscript/z"), 1);
    tenon_plan *plan = plan_with (file, "own");
    ck_assert_int_eq (tenon_plan_add_losses (plan, file, &kit_error), TENON_OK);
    loses (plan, 4);
    tenon_close (file);
}
END_TEST

/* ---- adding to a file ---- */

/* What the old file has beside its tensors stays, so nothing is lost. */
START_TEST (test_append)
{
    tenon_save_options options;
    isolate_plugins ("toyscript toylog", _i);
    tenon_file *file = open_script ("add a u8 4 512\nnote 1 a it has a tail\nskip b f32 . 0 0 -1 no\n");
    tenon_plan *plan = plan_with (file, "a");
    KIT_INIT (options);
    options.flags = TENON_SAVE_APPEND | TENON_SAVE_STRICT;
    struct bytes log = { .size = 0 };
    kit_text (&log, "TOYLOG1\n");
    kit_file ("f.toylog", &log);
    kit_failed (tenon_save (plan, kit_path ("f.toylog"), &options, NULL, NULL, &kit_error), TENON_E_LOSS,
                "1 thing would be lost");
    options.flags = TENON_SAVE_APPEND;
    ck_assert_int_eq (tenon_save (plan, kit_path ("f.toylog"), &options, NULL, NULL, &kit_error), TENON_OK);
    tenon_plan_free (plan);
    plan = kit_plan_of (file);
    kit_failed (tenon_save (plan, kit_path ("f.toylog"), &options, NULL, NULL, &kit_error), TENON_E_MALFORMED,
                "tensor 'b': it cannot be read");
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "unreadable");
    tcase_add_loop_test (cases, test_save_refused, 0, 2);
    tcase_add_loop_test (cases, test_save_without, 0, 2);
    tcase_add_loop_test (cases, test_losses, 0, 2);
    tcase_add_loop_test (cases, test_append, 0, 2);
}

int
main (void)
{
    return kit_main ("unreadable_saved", fill_suite);
}
