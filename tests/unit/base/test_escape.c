/* SPDX-License-Identifier: MIT */
/* test_escape.c - texts in messages: what is escaped, that it can be undone, and that it is done once. */
#include "base/base.h"
#include "base/report.h"
#include <check.h>
#include <stdio.h>

/* Names, and how they are shown. */
static const struct {
    const char *text, *shown;
} names[] = {
    { "", "" },
    { "a b", "a b" },
    { "\x1b[2J", "\\x1b[2J" },
    { "a\nb\tc\rd", "a\\nb\\tc\\rd" },
    { "\x7f", "\\x7f" },
    { "\xc2\x9b", "\\xc2\\x9b" },               /* C1 as U+009B */
    { "\x9b", "\\x9b" },                        /* C1 as a byte */
    { "\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9" }, /* U+00A0 and U+00E9 are shown */
    { "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },      /* U+200B */
    { "\xe2\x80\xae", "\\xe2\\x80\\xae" },      /* U+202E */
    { "\xe2\x80\xaf", "\xe2\x80\xaf" },         /* U+202F is a narrow space */
    { "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },      /* U+2066 */
    { "\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
    { "\xd8\x9c", "\\xd8\\x9c" },                   /* U+061C */
    { "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },          /* U+FEFF */
    { "\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81" }, /* U+E0001 */
    { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },     /* U+1F600 */
    { "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", "\\xc0\\x80\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80" },
    { "\xe2\x80", "\\xe2\\x80" },
    { "a\\b", "a\\\\b" },
    { "\\x1b", "\\\\x1b" },
    { "\\\\", "\\\\\\\\" },
};

START_TEST (test_names)
{
    char shown[64];
    for (unsigned i = 0; i < TN_COUNT (names); i++) {
        tn_escape (shown, sizeof shown, names[i].text, strlen (names[i].text));
        ck_assert_str_eq (shown, names[i].shown);
    }
    tn_escape (shown, sizeof shown, "a\0b", 3);
    ck_assert_str_eq (shown, "a\\x00b");
}
END_TEST

/* An escape is never cut. */
START_TEST (test_room)
{
    char shown[8];
    static const char *const cut[] = { "", "a", "a", "a", "a", "a\\x1b", "a\\x1b", "a\\x1b\\\\" };
    for (size_t room = 1; room <= sizeof shown; room++) {
        tn_escape (shown, room, "a\x1b\\", 3);
        ck_assert_str_eq (shown, cut[room - 1]);
    }
}
END_TEST

/* Each name of an error, of a report, and of a message is escaped once, however far it is handed on. */
START_TEST (test_once)
{
    tenon_report_entry entry = TENON_INIT (entry);
    for (unsigned i = 1; i < TN_COUNT (names); i++) {
        tenon_error error = TENON_ERROR_INIT, out = TENON_ERROR_INIT;
        char whole[400];
        tn_fail_in (&error, names[i].text, names[i].text);
        tn_fail (&error, TENON_E_IO, TN_NO_OFFSET, "'%s'", TN_SHOW (names[i].text));
        ck_assert_str_eq (error.file, names[i].shown);
        ck_assert_str_eq (error.tensor, names[i].shown);
        tn_error_out (&out, &error);
        snprintf (whole, sizeof whole, "%s: tensor '%s': '%s'", names[i].shown, names[i].shown,
                  names[i].shown);
        ck_assert_str_eq (out.message, whole);
        tenon_report *report = tn_report_new (), *copy = tn_report_new ();
        ck_assert (report && copy);
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, names[i].text, names[i].text, "'%s'",
                       TN_SHOW (names[i].text));
        tn_report_append (copy, report);
        ck_assert_int_eq (tenon_report_get (copy, 0, &entry), TENON_OK);
        ck_assert_str_eq (entry.subject, names[i].shown);
        ck_assert_str_eq (entry.file, names[i].shown);
        snprintf (whole, sizeof whole, "'%s'", names[i].shown);
        ck_assert_str_eq (entry.message, whole);
        tenon_report_free (report);
        tenon_report_free (copy);
    }
}
END_TEST

/* What a codec says of a file may hold anything. */
START_TEST (test_message)
{
    tenon_error error = TENON_ERROR_INIT;
    tn_fail (&error, TENON_E_IO, TN_NO_OFFSET, "%s", "found \x1b[2J\xe2\x80\xae");
    ck_assert_str_eq (error.message, "found \\x1b[2J\\xe2\\x80\\xae");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("escape");
    TCase *tests = tcase_create ("escape");
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_room);
    tcase_add_test (tests, test_once);
    tcase_add_test (tests, test_message);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
