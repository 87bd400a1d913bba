/* SPDX-License-Identifier: MIT */
/* test_glob.c - patterns over names; fnmatch(3) is the peer. */
#include "base/glob.h"
#include <check.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    const char *pattern, *name;
    bool fits;
} cases[] = {
    { "", "", true },
    { "", "a", false },
    { "*", "", true },
    { "?", "", false },
    { "blk.*.weight", "blk.0.attn/q.weight", true },
    { "blk.*.weight", "blk.0.attn.bias", false },
    { "*.weight", ".weight", true },
    { "a*b*c", "a-b-b-c", true },
    { "a*b*c", "a-c-b", false },
    { "blk.[0-9].x", "blk.7.x", true },
    { "blk.[!0-9].x", "blk.7.x", false },
    { "blk.[^0-9].x", "blk.a.x", true },
    { "[]x]", "]", true },
    { "[!]x]", "]", false },
    { "[a-]", "-", true },
    { "[[:digit:][:upper:]]", "Z", true },
    { "[[:digit:]]", "z", false },
    { "[[:nothing:]]", "a", false },
    /* a '[' without an end stands for itself */
    { "a[b", "a[b", true },
    { "*[b", "xx[b", true },
    { "[!", "[!", true },
    { "[[:digit:]", "[[:digit:]", true },
    { "[a-", "[a-", true },
    /* a name that is spelled as it is */
    { "w[0]", "w[0]", true },
    { "w[0]", "w0", true },
    { "w\\[0]", "w[0]", true },
    { "\\*", "x", false },
    { "\\*", "*", true },
    { "[\\]]", "]", true },
    { "[\\", "[\\", true },
    { "\\", "\\", true },
    { "x\\", "x", false },
    /* one character of UTF-8, or a byte that is none */
    { "?", "\xc3\xa4", true },
    { "??", "\xc3\xa4", false },
    { "[\xc3\xa0-\xc3\xbc]", "\xc3\xa4", true },
    { "[\xc3\xa0-\xc3\xbc]", "\xc3\xbf", false },
    { "?", "\xff", true },
    { "?b",
      "\xc3"
      "b",
      true },
    { "*\xa4", "\xc3\xa4", false },
};

START_TEST (of_each_kind)
{
    ck_assert_msg (tn_glob_fits (cases[_i].pattern, cases[_i].name, strlen (cases[_i].name))
                       == cases[_i].fits,
                   "'%s' and '%s'", cases[_i].pattern, cases[_i].name);
}
END_TEST

START_TEST (of_any_bytes)
{
    ck_assert (tn_glob_fits ("a?c", "a\0c", 3));
    ck_assert (!tn_glob_fits ("a", "a\0c", 3));
    ck_assert (tn_glob_fits ("a*", "a\0c", 3));
    ck_assert (tn_glob_fits ("ab", "abc", 2));
    /* cut in a character */
    ck_assert (tn_glob_fits ("?", "\xc3\xa4", 1));
    ck_assert (tn_glob_is_plain ("a.b/c-d]"));
    ck_assert (!tn_glob_is_plain ("a*") && !tn_glob_is_plain ("a?") && !tn_glob_is_plain ("[a")
               && !tn_glob_is_plain ("\\a"));
}
END_TEST

/* Patterns and names of few different bytes, so that many of them fit. Left out is what fnmatch reads in
 * another way: ranges whose ends are classes, and brackets without an end behind a backslash. */
START_TEST (as_fnmatch)
{
    static const char *const parts[] = { "a",    "b",     "*",   "?",   "[ab]",
                                         "[!a]", "[a-c]", "\\*", "\\a", "[[:alpha:]]" };
    unsigned fits = 0;
    srand (1);
    for (unsigned round = 0; round < 200000; round++) {
        char pattern[128] = "", name[9];
        unsigned length = (unsigned) rand () % 8;
        for (unsigned i = (unsigned) rand () % 6; i > 0; i--)
            strcat (pattern, parts[(unsigned) rand () % TN_COUNT (parts)]);
        for (unsigned i = 0; i < length; i++)
            name[i] = "abc*"[(unsigned) rand () % 4];
        name[length] = 0;
        bool wanted = strcmp (pattern, name) == 0 || fnmatch (pattern, name, 0) == 0;
        ck_assert_msg (tn_glob_fits (pattern, name, length) == wanted, "'%s' and '%s'", pattern, name);
        fits += wanted;
    }
    ck_assert_uint_gt (fits, 10000);
}
END_TEST

/* What takes a backtracking matcher 2^40 steps. */
START_TEST (takes_no_time)
{
    static char name[20001], pattern[2001];
    memset (name, 'a', sizeof name - 1);
    for (size_t i = 0; i < sizeof pattern - 1; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 2] = 'b';
    clock_t begin = clock ();
    ck_assert (!tn_glob_fits ("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name, 100));
    ck_assert (!tn_glob_fits (pattern, name, sizeof name - 1));
    ck_assert_int_lt (clock () - begin, 2 * CLOCKS_PER_SEC);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("glob");
    TCase *patterns = tcase_create ("patterns");
    tcase_add_loop_test (patterns, of_each_kind, 0, (int) TN_COUNT (cases));
    tcase_add_test (patterns, of_any_bytes);
    tcase_add_test (patterns, as_fnmatch);
    tcase_add_test (patterns, takes_no_time);
    suite_add_tcase (suite, patterns);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
