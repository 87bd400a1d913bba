/* SPDX-License-Identifier: MIT */
/* test_names.c - the hash table of names: entering, finding, growing, and names whose hashes are equal. */
#include "../../collide.h"
#include "catalog/catalog.h"
#include "context/hash_key.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 5000u

static char list[COUNT][16];
static struct tn_hash_key key;

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
    struct tn_names names = { .key = &key };
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
    struct tn_names names = { .key = &key };
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

/* A search looks at no more slots than the longest run of taken ones has. */
static uint64_t
longest_run (const struct tn_names *names)
{
    uint64_t longest = 0, run = 0;
    for (uint64_t i = 0; i < 2 * names->size; i++) { /* twice: a run may go over the end */
        run = names->slots[i % names->size] ? run + 1 : 0;
        longest = TN_MAX (longest, run);
    }
    return TN_MIN (longest, names->size);
}

/* 2000 names in 4096 slots. Where slots are taken at random, the longest run has about 45; the bound is that
 * of no accident. */
#define CHOSEN 2000u
#define LONGEST_RUN 250u

START_TEST (test_chosen_names)
{
    struct tn_names names = { .key = &key };
    uint32_t number = 0;
    ck_assert (tn_names_grow (&names, CHOSEN));
    ck_assert_uint_eq (names.size, 4096);
    for (unsigned i = 0; i < CHOSEN; i++) {
        next_of_slot_0 (list[i], &number, FNV_BASIS, names.size - 1);
        ck_assert_int_eq (enter (&names, i), 1);
    }
    ck_assert_uint_lt (longest_run (&names), LONGEST_RUN);
    free (names.slots);
}
END_TEST

/* Entries never move and are found, whether more tensors were expected than came, or fewer. */
START_TEST (test_expected)
{
    static const uint64_t expected[] = { 0, 1, 16, 17, 100, 5000, UINT64_MAX };
    tenon_error error = TENON_ERROR_INIT;
    tenon_context *context = calloc (1, sizeof *context);
    struct tn_catalog *catalog = tn_catalog_new (context);
    struct tn_tensor *first = NULL;
    if (expected[_i] < UINT64_MAX)
        tn_catalog_expect (catalog, expected[_i]);
    for (unsigned i = 0; i < 300; i++) {
        struct tn_tensor *tensor = tn_catalog_slot (catalog);
        ck_assert_ptr_nonnull (tensor);
        snprintf (list[i], sizeof list[i], "n%u", i);
        tensor->name = list[i];
        tensor->name_length = (uint32_t) strlen (list[i]);
        first = i == 0 ? tensor : first;
        ck_assert_int_eq (tn_catalog_commit (catalog, &error), TENON_OK);
        if (i == 0) /* too late: nothing moves */
            tn_catalog_expect (catalog, 1000);
    }
    ck_assert_ptr_eq (tn_catalog_tensor (catalog, 0), first);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t index;
        ck_assert_ptr_eq (tn_catalog_tensor (catalog, i)->name, list[i]);
        ck_assert (tn_catalog_find (catalog, list[i], strlen (list[i]), &index));
        ck_assert_uint_eq (index, i);
    }
    tn_catalog_drop (catalog);
    free (context);
}
END_TEST

#define TWINS 11u /* 2^11 names */
static uint64_t twin[2 * TWINS];

static void
choose_twins (uint64_t number)
{
    for (unsigned i = 0; i < TWINS; i++)
        put_twin (twin + 2 * i, number >> i & 1);
}

static bool
is_twin (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    (void) owner;
    choose_twins (number);
    return length == sizeof twin && memcmp (text, twin, sizeof twin) == 0;
}

/* These collide whatever the key of a hash is that only multiplies and folds. */
START_TEST (test_twins)
{
    struct tn_names names = { .key = &key };
    ck_assert (tn_names_grow (&names, 1u << TWINS));
    for (uint64_t i = 0; i < 1u << TWINS; i++) {
        choose_twins (i);
        char name[sizeof twin];
        memcpy (name, twin, sizeof twin);
        ck_assert_int_eq (tn_names_enter (&names, list, is_twin, name, sizeof name, i), 1);
    }
    ck_assert_uint_lt (longest_run (&names), LONGEST_RUN);
    free (names.slots);
}
END_TEST

int
main (void)
{
    tn_hash_key_make (&key, NULL);
    Suite *suite = suite_create ("names");
    TCase *tests = tcase_create ("names");
    tcase_add_test (tests, test_find);
    tcase_add_test (tests, test_equal_hashes);
    tcase_add_test (tests, test_chosen_names);
    tcase_add_test (tests, test_twins);
    tcase_add_loop_test (tests, test_expected, 0, 7);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
