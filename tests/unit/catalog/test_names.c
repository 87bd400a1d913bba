/* SPDX-License-Identifier: MIT */
/* test_names.c - the hash table of names: entering, finding, growing, and names whose hashes are equal. */
#include "catalog/catalog.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 5000u

static char list[COUNT][16];

static bool
is_listed (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const char (*names)[16] = owner;
    return strlen (names[number]) == length && memcmp (names[number], text, length) == 0;
}

static int
enter (struct tn_names *names, uint64_t number)
{
    return tn_names_enter (names, list, is_listed, list[number], strlen (list[number]), number);
}

START_TEST (test_find)
{
    struct tn_names names = { .slots = NULL };
    uint64_t number = 0;
    ck_assert (!tn_names_find (&names, list, is_listed, "n0", 2, &number));
    for (unsigned i = 0; i < COUNT; i++) {
        list[i][0] = 0;
        if (i != 7) /* the empty name is one, too */
            snprintf (list[i], sizeof list[i], "n%u", i);
        ck_assert_int_eq (enter (&names, i), 1);
        ck_assert_int_eq (enter (&names, i), 0);
    }
    ck_assert_uint_eq (names.count, COUNT);
    ck_assert_uint_le (names.count * 4, names.size * 3);
    for (unsigned i = 0; i < COUNT; i++) {
        ck_assert (tn_names_find (&names, list, is_listed, list[i], strlen (list[i]), &number));
        ck_assert_uint_eq (number, i);
    }
    ck_assert (!tn_names_find (&names, list, is_listed, "n7", 2, &number));
    tn_names_clear (&names);
    ck_assert_uint_eq (names.count, 0);
    ck_assert (!tn_names_find (&names, list, is_listed, "n0", 2, &number));
    ck_assert_int_eq (enter (&names, 3), 1);
    free (names.slots);
}
END_TEST

/* Names that get one hash form a chain; each is found, since the owner compares them. */
START_TEST (test_equal_hashes)
{
    struct tn_names names = { .slots = NULL };
    ck_assert (tn_names_grow (&names, 20));
    uint64_t size = names.size, hash = UINT64_C (0x89abcdef89abcdef);
    for (unsigned i = 0; i < 20; i++) {
        snprintf (list[i], sizeof list[i], "n%u", i);
        ck_assert (tn_names_enter_hash (&names, list, is_listed, hash, list[i], strlen (list[i]), i));
        ck_assert (!tn_names_enter_hash (&names, list, is_listed, hash, list[i], strlen (list[i]), i));
    }
    ck_assert (tn_names_grow (&names, 100)); /* the chain moves without the names */
    ck_assert_uint_gt (names.size, size);
    for (unsigned i = 0; i < 20; i++)
        ck_assert (!tn_names_enter_hash (&names, list, is_listed, hash, list[i], strlen (list[i]), i));
    ck_assert_uint_eq (names.count, 20);
    free (names.slots);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("names");
    TCase *tests = tcase_create ("names");
    tcase_add_test (tests, test_find);
    tcase_add_test (tests, test_equal_hashes);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
