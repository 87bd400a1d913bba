/* SPDX-License-Identifier: MIT */
/* test_key.c - which keys lead to a file beneath a folder, and which do not. */
#include "base/key.h"
#include <check.h>
#include <stdlib.h>

static const struct {
    const char *key, *fault; /* NULL: good */
} keys[] = {
    { "a", NULL },
    { "a/b/c", NULL },
    { ".zattrs", NULL },
    { "...", NULL },
    { "a..b/..c/d..", NULL },
    { "line\nfeed", NULL },
    { "c/0/1", NULL },
    { "w:0", NULL },
    { "back\\slash", NULL },
    { "", "is empty" },
    { "/a", "begins with '/'" },
    { "/", "begins with '/'" },
    { "a/", "has an empty component" },
    { "a//b", "has an empty component" },
    { ".", "has a component '.' or '..'" },
    { "..", "has a component '.' or '..'" },
    { "../a", "has a component '.' or '..'" },
    { "a/../b", "has a component '.' or '..'" },
    { "a/./b", "has a component '.' or '..'" },
    { "a/..", "has a component '.' or '..'" },
    { "\xff", "is not valid UTF-8 without NUL" },
    { "a\xc0\xaf"
      "b",
      "is not valid UTF-8 without NUL" },
};

START_TEST (of_each_kind)
{
    const char *fault = tn_key_fault (keys[_i].key, strlen (keys[_i].key));
    ck_assert_msg (keys[_i].fault ? fault && !strcmp (fault, keys[_i].fault) : !fault, "'%s' %s",
                   keys[_i].key, fault ? fault : "is good");
}
END_TEST

START_TEST (with_nul)
{
    ck_assert_str_eq (tn_key_fault ("a\0b", 3), "is not valid UTF-8 without NUL");
    ck_assert_str_eq (tn_key_fault (NULL, 0), "is empty");
    ck_assert_str_eq (tn_key_fault (NULL, 9), "is empty");
}
END_TEST

START_TEST (with_backslashes)
{
    ck_assert_str_eq (tn_new_key_fault ("a\\b", 3), "has a backslash");
    ck_assert_ptr_null (tn_new_key_fault ("a/b", 3));
    ck_assert_str_eq (tn_new_key_fault ("a//b", 4), "has an empty component");
}
END_TEST

/* n components of one byte. */
static char *
make_deep (unsigned n)
{
    char *key = malloc (2 * (size_t) n);
    for (unsigned i = 0; i < n; i++)
        memcpy (key + 2 * (size_t) i, "a/", 2);
    key[2 * n - 1] = 0;
    return key;
}

START_TEST (at_the_limits)
{
    char *key = make_deep (TN_DEEPEST_KEY);
    ck_assert_ptr_null (tn_key_fault (key, strlen (key)));
    ck_assert_uint_eq (tn_key_depth (key, strlen (key)), TN_DEEPEST_KEY);
    free (key);
    key = make_deep (TN_DEEPEST_KEY + 1);
    ck_assert_str_eq (tn_key_fault (key, strlen (key)), "has more than 64 components");
    free (key);
    char text[TN_LONGEST_KEY + 2];
    memset (text, 'a', sizeof text);
    ck_assert_ptr_null (tn_key_fault (text, TN_LONGEST_COMPONENT));
    ck_assert_str_eq (tn_key_fault (text, TN_LONGEST_COMPONENT + 1),
                      "has a component of more than 255 bytes");
    for (unsigned i = 200; i < sizeof text; i += 200)
        text[i] = '/';
    ck_assert_ptr_null (tn_key_fault (text, TN_LONGEST_KEY));
    ck_assert_str_eq (tn_key_fault (text, TN_LONGEST_KEY + 1), "is longer than 4000 bytes");
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("key");
    TCase *cases = tcase_create ("key");
    tcase_add_loop_test (cases, of_each_kind, 0, sizeof keys / sizeof keys[0]);
    tcase_add_test (cases, with_nul);
    tcase_add_test (cases, with_backslashes);
    tcase_add_test (cases, at_the_limits);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
