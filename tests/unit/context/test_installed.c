/* SPDX-License-Identifier: MIT */
/* test_installed.c - where the folders lie that were installed with a libtenon that was moved. */
#include "context/installed.h"
#include <check.h>

#define ELSEWHERE "(configured)"

/* The folder of libtenon, what it was configured for, a configured path, and where that is now. */
static const struct {
    const char *folder, *libdir, *prefix, *path, *expected;
} moves[] = {
    { "/home/me/tenon/lib", "/usr/local/lib", "/usr/local", "/usr/local/lib/tenon/plugins-0",
      "/home/me/tenon/lib/tenon/plugins-0" },
    { "/home/me/tenon/lib", "/usr/local/lib", "/usr/local", "/usr/local/etc/tenon",
      "/home/me/tenon/etc/tenon" },
    { "/App/usr/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr",
      "/usr/lib/x86_64-linux-gnu/tenon/plugins-0", "/App/usr/lib/x86_64-linux-gnu/tenon/plugins-0" },
    /* not in the prefix */
    { "/App/usr/lib", "/usr/lib", "/usr", "/etc/tenon", "/etc/tenon" },
    { "/App/usr/lib", "/usr/lib", "/usr", "/usr2/lib/tenon", "/usr2/lib/tenon" },
    /* slashes of --prefix=/opt/x/ */
    { "/b/lib", "/opt/x//lib", "/opt/x/", "/opt/x//etc/tenon", "/b/etc/tenon" },
    /* to and from the root */
    { "/lib", "/usr/lib", "/usr", "/usr/etc/tenon", "/etc/tenon" },
    { "/b/lib", "/lib", "/", "/etc/tenon", "/b/etc/tenon" },
    { "/b/lib", "/lib", "", "/etc/tenon", "/b/etc/tenon" },
    /* the libdir is the prefix */
    { "/b/all", "/opt/x", "/opt/x", "/opt/x/tenon/plugins-0", "/b/all/tenon/plugins-0" },
    /* the folder has another name, or is named like its end */
    { "/b/lib64", "/usr/lib", "/usr", "/usr/etc/tenon", ELSEWHERE },
    { "/b/mylib", "/usr/lib", "/usr", "/usr/etc/tenon", ELSEWHERE },
    { "/x86/lib", "/usr/lib/x86", "/usr", "/usr/etc/tenon", ELSEWHERE },
    { "lib", "/usr/lib", "/usr", "/usr/etc/tenon", ELSEWHERE },
    { "", "/usr/lib", "/usr", "/usr/etc/tenon", ELSEWHERE },
    /* the libdir does not lie in the prefix */
    { "/b/lib", "/usr/lib", "/opt", "/opt/etc/tenon", ELSEWHERE },
    { "/b/lib", "/usrlib", "/usr", "/usr/etc/tenon", ELSEWHERE },
};

START_TEST (folders_follow)
{
    const char *folder = moves[_i].folder;
    size_t length = tn_installed_prefix (folder, moves[_i].libdir, moves[_i].prefix);
    if (strcmp (moves[_i].expected, ELSEWHERE) == 0) {
        ck_assert_uint_eq (length, SIZE_MAX);
        return;
    }
    ck_assert_uint_ne (length, SIZE_MAX);
    char *path = tn_installed_follow (moves[_i].path, moves[_i].prefix, folder, length);
    ck_assert_str_eq (path, moves[_i].expected);
    free (path);
}
END_TEST

/* This program has the core linked into it: its place says nothing. */
START_TEST (linked_into_a_program)
{
    struct tn_installed installed;
    tenon_error error;
    tn_error_clear (&error);
    for (int secure = 0; secure < 2; secure++) {
        ck_assert_int_eq (tn_installed_find (&installed, secure, &error), TENON_OK);
        ck_assert_str_eq (installed.origin, "default");
        ck_assert_int_eq (installed.plugins[0], '/');
        ck_assert_int_eq (installed.configuration[0], '/');
        tn_installed_free (&installed);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("installed");
    TCase *tests = tcase_create ("installed");
    tcase_add_loop_test (tests, folders_follow, 0, TN_COUNT (moves));
    tcase_add_test (tests, linked_into_a_program);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
