/* SPDX-License-Identifier: MIT */
/* test_budget.c - bounds of memory and work, met to the byte and to the unit. */
#include "base/budget.h"
#include <check.h>

#define MIB ((uint64_t) 1 << 20)

static uint64_t limits[TENON_LIMITS];
static tenon_error error;
static struct tn_budget budget;
static unsigned asked, stop_at;

static int
count_questions (void *user, uint64_t done, uint64_t total)
{
    (void) user, (void) done, (void) total;
    return ++asked == stop_at;
}

static void
begin (const tenon_progress *progress)
{
    static const tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    limits[TENON_LIMIT_OPEN_MEMORY] = limits[TENON_LIMIT_OPEN_WORK] = UINT64_MAX;
    limits[TENON_LIMIT_OPEN_MEMORY_RATIO] = 32;
    limits[TENON_LIMIT_OPEN_WORK_RATIO] = 100;
    tn_budget_begin (&budget, limits, progress, &error);
}

START_TEST (memory_in_proportion)
{
    begin (NULL);
    tn_budget_join (&budget, 600);
    tn_budget_join (&budget, 400);
    const uint64_t bound = 64 * MIB + 32 * 1000;
    ck_assert (tn_budget_draw (&budget, bound - 5));
    ck_assert (tn_budget_draw (&budget, 5));
    tn_budget_give_back (&budget, 3);
    ck_assert (tn_budget_draw (&budget, 3));
    ck_assert_int_eq (error.status, TENON_OK);
    ck_assert (!tn_budget_draw (&budget, 1));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    ck_assert_str_eq (error.message,
                      "opening it takes more memory than 67140864 bytes, too much for a file of its "
                      "size; raise open_memory_ratio in [limits] to read it");
    ck_assert_uint_eq (budget.held, bound);
    ck_assert_uint_eq (budget.peak, bound);
}
END_TEST

START_TEST (memory_at_most)
{
    begin (NULL);
    limits[TENON_LIMIT_OPEN_MEMORY] = 100000;
    tn_budget_join (&budget, UINT64_MAX);
    tn_budget_join (&budget, 1);
    ck_assert (!tn_budget_draw (&budget, UINT64_MAX));
    ck_assert_str_eq (
        error.message,
        "opening it takes more memory than 100000 bytes; raise open_memory in [limits] to read it");
    begin (NULL);
    limits[TENON_LIMIT_OPEN_MEMORY] = 100000;
    tn_budget_join (&budget, 0);
    ck_assert (tn_budget_draw (&budget, 100000));
    ck_assert (!tn_budget_draw (&budget, 1));
}
END_TEST

START_TEST (work_to_the_unit)
{
    const uint64_t bound = 256 * MIB + 100 * 7;
    for (uint64_t step = 1; step <= bound; step *= 999) {
        begin (NULL);
        tn_budget_join (&budget, 7);
        uint64_t done = 0;
        for (; done + step <= bound; done += step)
            ck_assert_int_eq (tn_budget_work (&budget, step), TENON_OK);
        ck_assert_int_eq (tn_budget_work (&budget, bound - done), TENON_OK);
        ck_assert_int_eq (tn_budget_work (&budget, 1), TENON_E_LIMIT);
        ck_assert_int_eq (tn_budget_work (&budget, 1), TENON_E_LIMIT);
        ck_assert_str_eq (error.message,
                          "opening it takes more work than copying 268436156 bytes, too much for a file of "
                          "its size; raise open_work_ratio in [limits] to read it");
    }
    begin (NULL);
    ck_assert_int_eq (tn_budget_work (&budget, UINT64_MAX), TENON_E_LIMIT);
    begin (NULL);
    limits[TENON_LIMIT_OPEN_WORK] = 10;
    tn_budget_join (&budget, 0);
    ck_assert_int_eq (tn_budget_work (&budget, 10), TENON_OK);
    ck_assert_int_eq (tn_budget_work (&budget, 1), TENON_E_LIMIT);
    ck_assert_str_eq (
        error.message,
        "opening it takes more work than copying 10 bytes; raise open_work in [limits] to read it");
}
END_TEST

/* The program is asked once for each MiB of work, however it is drawn, and stays stopped. */
START_TEST (questions)
{
    const tenon_progress progress = { .struct_size = sizeof progress, .report = count_questions };
    for (uint64_t step = 1; step <= MIB; step *= 64) {
        begin (&progress);
        asked = stop_at = 0;
        for (uint64_t done = 0; done < 10 * MIB; done += step)
            ck_assert_int_eq (tn_budget_work (&budget, step), TENON_OK);
        ck_assert_uint_eq (asked, 10);
    }
    begin (&progress);
    asked = 0, stop_at = 2;
    ck_assert_int_eq (tn_budget_work (&budget, 2 * MIB), TENON_OK);
    ck_assert_int_eq (tn_budget_work (&budget, 2 * MIB), TENON_E_CANCELLED);
    ck_assert_int_eq (tn_budget_work (&budget, 2 * MIB), TENON_E_CANCELLED);
    ck_assert_int_eq (tn_budget_ask (&budget), TENON_E_CANCELLED);
    ck_assert_uint_eq (asked, 2);
    ck_assert_int_eq (error.status, TENON_E_CANCELLED);
}
END_TEST

/* Files that join change the bounds, not how often the program is asked. */
START_TEST (questions_between_files)
{
    const tenon_progress progress = { .struct_size = sizeof progress, .report = count_questions };
    begin (&progress);
    asked = stop_at = 0;
    for (unsigned i = 0; i < 160; i++) {
        tn_budget_join (&budget, 10);
        ck_assert_int_eq (tn_budget_work (&budget, MIB / 16), TENON_OK);
    }
    ck_assert_uint_ge (asked, 9);
    ck_assert_uint_le (asked, 11);
}
END_TEST

/* Arenas and arrays draw what they allocate, and give all of it back. */
START_TEST (consumers)
{
    struct tn_arena arena = { .budget = &budget };
    uint64_t *numbers = NULL, room = 0, drawn;
    begin (NULL);
    limits[TENON_LIMIT_OPEN_MEMORY] = 16 * MIB;
    tn_budget_join (&budget, 0);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_ptr_nonnull (tn_arena_get (&arena, MIB, false));
    struct tn_mark mark = tn_arena_mark (&arena);
    drawn = budget.held;
    ck_assert_uint_ge (drawn, 5 * MIB);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_ptr_nonnull (tn_arena_get (&arena, MIB, false));
    ck_assert_uint_ge (budget.held, 10 * MIB);
    tn_arena_release (&arena, mark);
    ck_assert_uint_lt (budget.held, drawn + 3 * MIB); /* a chunk is kept */
    ck_assert_ptr_null (tn_arena_get (&arena, 12 * MIB, false));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    tn_arena_free (&arena);
    ck_assert_uint_eq (budget.held, 0);
    ck_assert (tn_grow_within (&budget, &numbers, &room, 0, sizeof *numbers));
    ck_assert_uint_eq (room, 8);
    ck_assert_uint_eq (budget.held, 64);
    ck_assert (tn_grow_within (&budget, &numbers, &room, 8, sizeof *numbers));
    ck_assert_uint_eq (room, 12);
    ck_assert_uint_eq (budget.held, 96);
    ck_assert_uint_ge (budget.peak, 64 + 96);
    ck_assert (tn_grow_within (NULL, &numbers, &room, 12, sizeof *numbers));
    ck_assert_uint_eq (room, 18);
    free (numbers);
    ck_assert (tn_budget_draw (NULL, UINT64_MAX));
    tn_budget_give_back (NULL, 1);
    ck_assert_int_eq (tn_budget_work (NULL, UINT64_MAX), TENON_OK);
    ck_assert_int_eq (tn_budget_ask (NULL), TENON_OK);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("budgets");
    TCase *tests = tcase_create ("budgets");
    tcase_add_test (tests, memory_in_proportion);
    tcase_add_test (tests, memory_at_most);
    tcase_add_test (tests, work_to_the_unit);
    tcase_add_test (tests, questions);
    tcase_add_test (tests, questions_between_files);
    tcase_add_test (tests, consumers);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failures = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failures > 0;
}
