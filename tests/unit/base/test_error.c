/* SPDX-License-Identifier: MIT */
/* test_error.c - failures on their way to the application: which fields are set, and structs of older
 * programs; and the version, which a program compares with that of its headers. */
#include "base/base.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>

static tenon_error
make_failure (void)
{
    tenon_error error;
    tn_error_clear (&error);
    tn_fail_errno (&error, ENOSPC, "cannot be written", "/data/x");
    return error;
}

START_TEST (test_system)
{
    tenon_error mine = make_failure (), told = TENON_ERROR_INIT;
    ck_assert_int_eq (tn_error_out (&told, &mine), TENON_E_IO);
    ck_assert_int_eq (told.system, ENOSPC);
    ck_assert_str_eq (told.file, "/data/x");
    ck_assert_str_eq (told.advice, "");
    tn_error_clear (&mine);
    ck_assert_int_eq (mine.system, 0);
}
END_TEST

/* The first failure keeps its number and its advice. */
START_TEST (test_first)
{
    tenon_error error = make_failure ();
    tn_fail_errno (&error, EIO, "cannot be read", "/data/y");
    ck_assert_int_eq (error.system, ENOSPC);
    ck_assert_int_eq (tn_advise (&error, "free %s", "some\nroom"), TENON_E_IO);
    ck_assert_int_eq (tn_advise (&error, "other advice"), TENON_E_IO);
    ck_assert_str_eq (error.advice, "free some\\nroom");
    tn_error_clear (&error);
    ck_assert_int_eq (tn_advise (&error, "no failure, no advice"), TENON_OK);
    ck_assert_str_eq (error.advice, "");
}
END_TEST

/* A program that was compiled before these fields were added gets the others, and nothing behind them. */
START_TEST (test_older)
{
    tenon_error mine = make_failure ();
    struct {
        char bytes[offsetof (tenon_error, system)];
        char guard[512];
    } old;
    const uint32_t size = sizeof old.bytes;
    tn_advise (&mine, "free some room");
    memset (&old, 0x55, sizeof old);
    memcpy (old.bytes, &size, sizeof size);
    ck_assert_int_eq (tn_error_out ((tenon_error *) (void *) &old, &mine), TENON_E_IO);
    ck_assert_str_eq (old.bytes + offsetof (tenon_error, file), "/data/x");
    for (size_t i = 0; i < sizeof old.guard; i++)
        ck_assert_int_eq (old.guard[i], 0x55);
}
END_TEST

/* A struct that ends behind the number, whatever that is, has the whole number. */
START_TEST (test_number_alone)
{
    tenon_error mine = make_failure (), told = TENON_ERROR_INIT;
    mine.system = 0x7fffffff;
    told.struct_size = offsetof (tenon_error, advice);
    tn_error_out (&told, &mine);
    ck_assert_int_eq (told.system, 0x7fffffff);
}
END_TEST

START_TEST (test_version)
{
    unsigned major, minor, patch;
    ck_assert_str_eq (tenon_version (), TENON_VERSION_STRING);
    ck_assert_int_eq (sscanf (tenon_version (), "%u.%u.%u", &major, &minor, &patch), 3);
    ck_assert_uint_eq (tenon_version_number (), major * 1000000 + minor * 1000 + patch);
    ck_assert_uint_eq (tenon_version_number (), TENON_VERSION);
#if TENON_VERSION < 1000
    ck_abort_msg ("the preprocessor compares it wrongly");
#endif
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("error");
    TCase *tcase = tcase_create ("error");
    tcase_add_test (tcase, test_system);
    tcase_add_test (tcase, test_first);
    tcase_add_test (tcase, test_older);
    tcase_add_test (tcase, test_number_alone);
    tcase_add_test (tcase, test_version);
    suite_add_tcase (suite, tcase);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
