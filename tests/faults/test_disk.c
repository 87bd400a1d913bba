/* SPDX-License-Identifier: MIT */
/* test_disk.c - every call that writes fails once, alone and with all that follow: the target is the old
 * one or the new one, no other file is left, and the status is true. */
#include "rig.h"

/* Checks the result of a save that met a fault. */
static void
judge_save (int kind, const char *fault, tenon_status status, const tenon_error *error)
{
    const char *why = "";
    int now = rig_generation (kind, &why);
    ck_assert_msg (status == error->status, "%s, %s: the error says %s, the status is %s", rig_names[kind],
                   fault, tenon_status_name (error->status), tenon_status_name (status));
    if (status == TENON_OK) {
        ck_assert_msg (now == 2, "%s, %s: all is well, it says, but the file is %d (%s)", rig_names[kind],
                       fault, now, why);
        return;
    }
    ck_assert_msg (strlen (error->message) > 0, "%s, %s: no message", rig_names[kind], fault);
    /* Only its entry in the folder may be lost, or opening the set finished it; the message says so. When
     * every call fails, a journal cannot be taken back either. */
    const char *const words[] = { "folder", "will finish it", "the journal of the set" };
    if (now == 2)
        ck_assert_msg (strstr (error->message, words[0]) || strstr (error->message, words[1])
                           || (fault[strlen (fault) - 1] == '-' && strstr (error->message, words[2])),
                       "%s, %s: the new file is there, but: %s", rig_names[kind], fault, error->message);
    else
        ck_assert_msg (now == 1, "%s, %s: %s; %s", rig_names[kind], fault, error->message, why);
}

/* Lets one call after the other fail, until there are no more. */
static void
sweep_calls (int kind, const char *calls, const char *how, const char *last, int must_succeed)
{
    tenon_error error = TENON_ERROR_INIT;
    const char *why;
    char fault[100];
    ck_assert_msg (rig_save (kind, 1, &error) == TENON_OK, "%s: %s", rig_names[kind], error.message);
    for (unsigned number = 1;; number++) {
        static const tenon_error fresh = TENON_ERROR_INIT;
        error = fresh;
        snprintf (fault, sizeof fault, "%s:%s:%u%s", calls, how, number, last);
        rig_fail ("%s", fault);
        tenon_status status = rig_save (kind, 2, &error);
        uint64_t hits = rig.hits ();
        rig_stop ();
        judge_save (kind, fault, status, &error);
        ck_assert_msg (!must_succeed || status == TENON_OK, "%s, %s: %s", rig_names[kind], fault,
                       error.message);
        /* when the removal fails as well, or that of an old folder, the next save removes the litter */
        ck_assert_msg (last[0] || rig_temporaries () == 0
                           || (kind == RIG_TREE && rig_generation (kind, &why) == 2),
                       "%s, %s: litter", rig_names[kind], fault);
        error = fresh;
        status = rig_save (kind, 1, &error);
        ck_assert_msg (status == TENON_OK, "%s, after %s: %s", rig_names[kind], fault, error.message);
        ck_assert_msg (rig_litter () == 0, "%s, %s: the next save left litter", rig_names[kind], fault);
        if (hits == 0)
            break;
    }
    ck_assert_uint_eq (rig_litter (), 0);
}

static const char *const failures[] = { "ENOSPC", "EIO" };

START_TEST (every_call_fails)
{
    rig_setup (1);
    sweep_calls (_i / 2, "disk", failures[_i % 2], "", 0);
}
END_TEST

START_TEST (every_call_fails_without_syncs)
{
    rig_setup (0);
    sweep_calls (_i, "disk", "EIO", "", 0);
}
END_TEST

START_TEST (all_calls_fail_from_one_on)
{
    rig_setup (1);
    sweep_calls (_i, "disk", "ENOSPC", "-", 0);
}
END_TEST

/* EINTR and short counts, which every program meets. */
START_TEST (interrupted_and_short)
{
    rig_setup (1);
    sweep_calls (_i, "output", "short", "", 1);
    sweep_calls (_i, "output,fallocate,ftruncate,fsync,flock", "EINTR", "", 1);
    sweep_calls (_i, "output", "zero", "", 0);
}
END_TEST

START_TEST (always_short)
{
    const char *why = "";
    rig_setup (0);
    ck_assert_int_eq (rig_save (_i, 1, &kit_error), TENON_OK);
    rig_fail ("output:short:1-");
    tenon_status status = rig_save (_i, 2, &kit_error);
    uint64_t hits = rig.hits ();
    rig_stop ();
    ck_assert_uint_gt (hits, 0);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_msg (rig_generation (_i, &why) == 2, "%s", why);
}
END_TEST

/* File systems that lack an operation: the save does without. */
START_TEST (poor_file_systems)
{
    static const struct {
        const char *calls, *how;
    } poor[] = { { "fallocate", "EOPNOTSUPP" },
                 { "fallocate", "ENOSYS" },
                 { "copy_file_range", "EXDEV" },
                 { "copy_file_range", "ENOSYS" },
                 { "flock", "ENOLCK" },
                 { "flock", "EOPNOTSUPP" },
                 { "fchown", "EPERM" }, /* without knowing the file system, the kernel is asked to copy */
                 { "fstatfs", "ENOSYS" },
                 { "fstatfs,copy_file_range", "EXDEV" },
                 { "fstatfs,copy_file_range", "EBADF" },
                 { "sync_file_range", "ENOSYS" } };
    rig_setup (1);
    for (unsigned i = 0; i < sizeof poor / sizeof poor[0]; i++) {
        const char *why = "";
        ck_assert_int_eq (rig_save (_i, 1, &kit_error), TENON_OK);
        rig_fail ("%s:%s:1-", poor[i].calls, poor[i].how);
        tenon_status status = rig_save (_i, 2, &kit_error);
        rig_stop ();
        ck_assert_msg (status == TENON_OK, "%s %s: %s", poor[i].calls, poor[i].how, kit_error.message);
        ck_assert_msg (rig_generation (_i, &why) == 2, "%s", why);
        ck_assert_uint_eq (rig_litter (), 0);
    }
}
END_TEST

/* Copying in the kernel, which not every file system supports. */
START_TEST (kernel_copies_fail)
{
    tenon_error error = TENON_ERROR_INIT;
    rig_setup (0);
    ck_assert_int_eq (rig_save (_i, 1, &kit_error), TENON_OK);
    rig_fail ("fstatfs,copy_file_range:ENOSPC:1-");
    tenon_status status = rig_save (_i, 2, &error);
    rig_stop ();
    judge_save (_i, "copy_file_range", status, &error);
    ck_assert_int_eq (status, TENON_E_IO);
    ck_assert_uint_eq (rig_litter (), 0);
}
END_TEST

/* A target that must be new, without a rename that refuses to replace. */
START_TEST (new_names_on_poor_file_systems)
{
    static const char *const faults[] = { "renameat2:EINVAL:1-", "renameat2:ENOSYS:1-",
                                          "renameat2,linkat:EINVAL:1-" };
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_NEW };
    rig_setup (1);
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        tenon_plan *plan = kit_plan ();
        rig_fail ("%s", faults[i]);
        tenon_status status = tenon_save (plan, kit_path ("new.toyraw"), &options, NULL, NULL, &kit_error);
        rig_stop ();
        ck_assert_msg (status == TENON_OK, "%s: %s", faults[i], kit_error.message);
        ck_assert (kit_exists ("new.toyraw"));
        ck_assert_uint_eq (rig_litter (), 0);
        ck_assert_int_eq (tenon_save (plan, kit_path ("new.toyraw"), &options, NULL, NULL, NULL),
                          TENON_E_EXISTS);
        ck_assert_int_eq (remove (kit_path ("new.toyraw")), 0);
        tenon_plan_free (plan);
    }
}
END_TEST

/* Reads that fail during a conversion. */
START_TEST (reading_fails)
{
    rig_setup (0);
    sweep_calls (_i / 2, "read,pread,open,openat,fstat,fstatat,readlinkat", _i % 2 ? "EIO" : "EMFILE", "", 0);
    sweep_calls (_i / 2, "pread", "short", "", 1);
    sweep_calls (_i / 2, "pread", "EINTR", "", 1);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "disk");
    tcase_set_timeout (cases, 300);
    tcase_add_loop_test (cases, every_call_fails, 0, 2 * RIG_FD);
    tcase_add_loop_test (cases, every_call_fails_without_syncs, 0, RIG_FD);
    tcase_add_loop_test (cases, all_calls_fail_from_one_on, 0, RIG_FD);
    tcase_add_loop_test (cases, interrupted_and_short, 0, RIG_FD);
    tcase_add_loop_test (cases, always_short, 0, RIG_SAVES);
    tcase_add_loop_test (cases, poor_file_systems, 0, RIG_FD);
    tcase_add_loop_test (cases, kernel_copies_fail, RIG_COPY, RIG_COPY + 1);
    tcase_add_test (cases, new_names_on_poor_file_systems);
    tcase_add_loop_test (cases, reading_fails, 2 * RIG_CONVERT, 2 * RIG_FD);
}

int
main (int count, char **arguments)
{
    (void) count;
    rig_begin (arguments);
    return kit_main ("disk faults", fill_suite);
}
