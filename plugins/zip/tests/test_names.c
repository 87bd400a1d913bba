/* SPDX-License-Identifier: MIT */
/* test_names.c - the hash table of names finds each one soon, also if a file chose them to collide. */
#include "../../../tests/collide.h"
#include "../zip.h"
#include "base/hash.h"
#include "context/hash_key.h"
#include <check.h>
#include <stdlib.h>

/* 2000 names in 4096 slots. Where slots are taken at random, the longest run of taken ones has about 45; the
 * bound is that of no accident. A search looks at no more slots than the run has. */
#define CHOSEN 2000u
#define LONGEST_RUN 250u

static struct tn_hash_key key;
static void *given[4];
static unsigned given_count;

static void *
give_scratch (struct tenon_call *call, uint64_t size)
{
    (void) call;
    return given[given_count++] = calloc (1, size);
}

static uint64_t
hash_bytes (struct tenon_call *call, const void *bytes, uint64_t length)
{
    (void) call;
    return tn_hash (&key, bytes, length);
}

static const struct tenon_host host = { .struct_size = sizeof host,
                                        .scratch = give_scratch,
                                        .hash = hash_bytes };

START_TEST (test_chosen_names)
{
    static char list[CHOSEN][COLLIDE_ROOM];
    struct tenon_call call = { .host = &host };
    struct zip_names names;
    uint32_t number = 0, tag;
    ck_assert_int_eq (zip_begin_names (&call, CHOSEN, &names), TENON_OK);
    ck_assert_uint_eq (names.mask, 4095);
    for (unsigned i = 0; i < CHOSEN; i++) {
        next_of_slot_0 (list[i], &number, FNV_BASIS, names.mask);
        ck_assert (zip_add_name (&names, list[i], (uint32_t) strlen (list[i])));
        ck_assert (!zip_add_name (&names, list[i], (uint32_t) strlen (list[i])));
    }
    uint64_t longest = 0, run = 0;
    for (uint64_t i = 0; i < 2 * (names.mask + 1); i++) { /* twice: a run may go over the end */
        run = names.slots[i & names.mask] ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    ck_assert_uint_lt (longest, LONGEST_RUN);
    for (unsigned i = 0; i < CHOSEN; i++)
        ck_assert_uint_ne (*zip_find_name (&names, list[i], (uint32_t) strlen (list[i]), &tag), 0);
    ck_assert_uint_eq (*zip_find_name (&names, "none", 4, &tag), 0);
    while (given_count > 0)
        free (given[--given_count]);
}
END_TEST

int
main (void)
{
    tn_hash_key_make (&key, NULL);
    Suite *suite = suite_create ("names");
    TCase *tests = tcase_create ("names");
    tcase_add_test (tests, test_chosen_names);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
