/* SPDX-License-Identifier: MIT */
/* test_debug.c - memory of calls that ended is known by its address, as long as it is kept. */
#include "context/debug.h"
#include <check.h>

static struct tn_debug *debug;

static void
set_up (void)
{
    tenon_error error = TENON_ERROR_INIT;
    setenv ("TENON_DEBUG", "abi", 1);
    ck_assert_int_eq (tn_debug_begin (&debug, &error), TENON_OK);
    ck_assert_ptr_nonnull (debug);
}

static void
tear_down (void)
{
    tn_debug_end (debug);
    unsetenv ("TENON_DEBUG");
}

/* Of more blocks than are kept the latest ones are known, from their first byte to their last. */
START_TEST (the_latest_are_known)
{
    enum { COUNT = 3 * TN_DEBUG_BLOCKS };
    static const uint8_t *bytes[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        struct tn_block *block = tn_block_new (1 + i % 40);
        bytes[i] = tn_block_bytes (block);
        tn_debug_keep (debug, block);
        ck_assert (tn_debug_was_of_call (debug, bytes[i]));
    }
    for (unsigned i = COUNT - TN_DEBUG_BLOCKS; i < COUNT; i++) {
        ck_assert (tn_debug_was_of_call (debug, bytes[i]) && bytes[i][0] == 0xd5);
        ck_assert (tn_debug_was_of_call (debug, bytes[i] + i % 40));
        ck_assert (!tn_debug_was_of_call (debug, bytes[i] + i % 40 + 1));
        ck_assert (!tn_debug_was_of_call (debug, bytes[i] - 1));
    }
    ck_assert (!tn_debug_was_of_call (debug, NULL));
    ck_assert (!tn_debug_was_of_call (debug, bytes));
}
END_TEST

/* A call ends with all of its blocks at once; one too large to be kept drops the others. */
START_TEST (many_at_once)
{
    struct tn_block *blocks = NULL, *large = tn_block_new ((uint64_t) 65 << 20);
    const uint8_t *first = NULL;
    for (unsigned i = 0; i < 2000; i++) {
        struct tn_block *block = tn_block_new (8);
        block->next = blocks;
        blocks = block;
        first = i == 0 ? tn_block_bytes (block) : first;
    }
    tn_debug_keep (debug, blocks); /* the first one that was made is the last one that is kept */
    ck_assert (tn_debug_was_of_call (debug, first));
    tn_debug_keep (debug, large);
    ck_assert (!tn_debug_was_of_call (debug, first));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("debug");
    TCase *cases = tcase_create ("debug");
    tcase_add_checked_fixture (cases, set_up, tear_down);
    tcase_add_test (cases, the_latest_are_known);
    tcase_add_test (cases, many_at_once);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
