/* SPDX-License-Identifier: MIT */
/* test_spool_file.c - where a temporary file is made, and what is said if it cannot be. */
#include "source/spool_file.h"
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const nowhere[] = { "/nowhere/first", "/nowhere/second", NULL };

static tenon_error error;

START_TEST (test_folders)
{
    struct tn_spool_file file;
    struct stat there;
    char folder[] = "/tmp/tenon-spool-test-XXXXXX", back[4];
    ck_assert_ptr_nonnull (mkdtemp (folder));
    const char *const folders[] = { "/nowhere", folder, NULL };
    tn_error_clear (&error);
    ck_assert_int_eq (tn_spool_file_open_in (folders, true, 10, 1000, &file, &error), TENON_OK);
    ck_assert (file.most == UINT64_MAX);
    ck_assert_int_eq (fstat (file.fd, &there), 0);
    ck_assert_uint_eq (there.st_nlink, 0);
    ck_assert_uint_eq (there.st_mode & 0777, 0600);
    ck_assert_int_eq (tn_spool_file_write (&file, 5, "abcd", 4, &error), TENON_OK);
    ck_assert_int_eq (pread (file.fd, back, 4, 5), 4);
    ck_assert (memcmp (back, "abcd", 4) == 0);
    close (file.fd);
    ck_assert_int_eq (rmdir (folder), 0); /* it is empty */
}
END_TEST

#ifdef __linux__
/* Without a folder the file lies in memory, which bounds it. */
START_TEST (test_memory)
{
    struct tn_spool_file file;
    tn_error_clear (&error);
    ck_assert_int_eq (tn_spool_file_open_in (nowhere, false, 1000, 1000, &file, &error), TENON_OK);
    ck_assert_uint_eq (file.most, 1000);
    ck_assert_int_eq (tn_spool_file_write (&file, 996, "abcd", 4, &error), TENON_OK);
    ck_assert_int_eq (tn_spool_file_write (&file, 997, "abcd", 4, &error), TENON_E_LIMIT);
    ck_assert_ptr_nonnull (strstr (error.message, "may hold 1000 bytes (memory in [limits])"));
    ck_assert_ptr_nonnull (strstr (error.advice, "TMPDIR"));
    close (file.fd);
}
END_TEST
#endif

/* The failure names the folders, TMPDIR, the number of the first folder's error, and the limit. */
START_TEST (test_nowhere)
{
    struct tn_spool_file file;
    tn_error_clear (&error);
    ck_assert_int_eq (tn_spool_file_open_in (nowhere, true, 1000, 1001, &file, &error), TENON_E_IO);
    ck_assert_str_eq (error.message,
                      "a temporary file of 1001 bytes cannot be made in '/nowhere/first' (TMPDIR), "
                      "'/nowhere/second': No such file or directory");
    ck_assert_int_eq (error.system, ENOENT);
    ck_assert_str_eq (error.advice,
                      "let TMPDIR name a folder that can be written, or raise memory in [limits] "
                      "from 1000 to 1001 bytes or more");
}
END_TEST

START_TEST (test_no_room)
{
    const char *const folders[] = { "/tmp", NULL };
    struct rlimit before, none;
    struct tn_spool_file file;
    tn_error_clear (&error);
    ck_assert_int_eq (tn_spool_file_open_in (folders, false, 1000, 1001, &file, &error), TENON_OK);
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){ 8, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &none), 0);
    tenon_status status = tn_spool_file_write (&file, 0, "0123456789", 10, &error);
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0); /* before anything is logged */
    ck_assert_int_eq (status, TENON_E_IO);
    ck_assert_ptr_nonnull (strstr (error.message, "a temporary file in '"));
    ck_assert_int_eq (error.system, EFBIG);
    ck_assert_ptr_nonnull (strstr (error.advice, "TMPDIR"));
    close (file.fd);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("spool file");
    TCase *tests = tcase_create ("spool file");
    tcase_add_test (tests, test_folders);
#ifdef __linux__
    tcase_add_test (tests, test_memory);
#endif
    tcase_add_test (tests, test_nowhere);
    tcase_add_test (tests, test_no_room);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
