/* SPDX-License-Identifier: MIT */
/* test_pin.c - [plugin NAME] sha256 and [core] pinned_only. */
#include "loader_kit.h"

/* SHA-256 of "abc": an example of FIPS 180-4. Such a file is no plugin, so dlopen tells whether it was tried.
 */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define CBA "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define OTHER "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"

START_TEST (pinned)
{
    const char *abc = path_of (folder, "abc.so");
    FILE *file = fopen (abc, "w");
    fputs ("abc", file);
    fclose (file);
    MAKE_WITH (folder, "plugin.abc.sha256=" ABC);
    expect_beginning (abc, TENON_E_IO, "dlopen: ");
    MAKE_WITH (folder, "plugin.abc.sha256=" OTHER "  " CBA);
    expect_beginning (abc, TENON_E_IO, "dlopen: ");
    MAKE_WITH (folder, "plugin.abc.sha256=" OTHER);
    expect_verdict (abc, TENON_E_CONFIG, "not loaded: its SHA-256 is " ABC ", which test does not name");
    MAKE_WITH (folder, "plugin.abc.sha256=");
    expect_beginning (abc, TENON_E_IO, "dlopen: ");
}
END_TEST

/* The plugin that is pinned is found behind one of that name which is another file. */
START_TEST (pinned_behind)
{
    const char *wrong = put_plugin ("lone", folder, "abc.so"), *right = path_of (other, "abc.so");
    FILE *file = fopen (right, "w");
    char path[256];
    fputs ("abc", file);
    fclose (file);
    snprintf (path, sizeof path, "%s:%s", folder, other);
    MAKE_WITH (path, "plugin.abc.sha256=" ABC);
    expect_beginning (wrong, TENON_E_CONFIG, "not loaded: its SHA-256 is ");
    expect_beginning (right, TENON_E_IO, "dlopen: ");
}
END_TEST

START_TEST (pinned_only)
{
    const char *abc = path_of (folder, "abc.so"), *lone = put_plugin ("lone", folder, "lone.so");
    FILE *file = fopen (abc, "w");
    fputs ("abc", file);
    fclose (file);
    MAKE_WITH (folder, "core.pinned_only=yes", "plugin.abc.sha256=" ABC);
    expect_beginning (abc, TENON_E_IO, "dlopen: ");
    expect_verdict (lone, TENON_E_CONFIG,
                    "not loaded: [core] pinned_only = yes, and [plugin lone] has no sha256");
    ck_assert (!has_codec ("lone"));
}
END_TEST

START_TEST (wrong_pins)
{
    static const char *const values[] = { "abc", ABC "0", ABC "," OTHER, "g" ABC, ABC " x" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char setting[300], words[400];
        snprintf (setting, sizeof setting, "plugin.lone.sha256=%s", values[i]);
        snprintf (words, sizeof words,
                  "test: [plugin lone] sha256 = '%s': expected are SHA-256 digests of 64 hexadecimal digits",
                  values[i]);
        ck_assert_int_eq (make_context (folder, (const char *[]){ setting, NULL }), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, words);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("pin");
    TCase *tests = tcase_create ("pin");
    SRunner *runner = srunner_create (suite);
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_add_test (tests, pinned);
    tcase_add_test (tests, pinned_behind);
    tcase_add_test (tests, pinned_only);
    tcase_add_test (tests, wrong_pins);
    suite_add_tcase (suite, tests);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
