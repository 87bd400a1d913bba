/* SPDX-License-Identifier: MIT */
/* test_names.c - the hash table of names finds each one soon, also if a file chose them to collide. */
#include "../../../tests/collide.h"
#include "../safetensors.h"
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
    struct tenon_call call = { &host };
    struct st_names names;
    uint32_t number = 0;
    ck_assert_int_eq (st_names_begin (&call, &names, CHOSEN), TENON_OK);
    ck_assert_uint_eq (names.mask, 4095);
    /* the address of a large table is known but for its middle bits: it makes no key */
    uint64_t start = FNV_BASIS ^ (uint64_t) (uintptr_t) names.slots >> 4;
    for (unsigned i = 0; i < CHOSEN; i++) {
        next_of_slot_0 (list[i], &number, start, names.mask);
        struct st_name *slot = st_names_slot (&names, list[i], strlen (list[i]));
        ck_assert_ptr_null (slot->text);
        *slot = (struct st_name){ list[i], strlen (list[i]), i };
    }
    uint64_t longest = 0, run = 0;
    for (uint64_t i = 0; i < 2 * (names.mask + 1); i++) { /* twice: a run may go over the end */
        run = names.slots[i & names.mask].text ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    ck_assert_uint_lt (longest, LONGEST_RUN);
    for (unsigned i = 0; i < CHOSEN; i++)
        ck_assert_uint_eq (st_names_slot (&names, list[i], strlen (list[i]))->number, i);
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
