/* SPDX-License-Identifier: MIT */
/* test_pool.c - every item is done once, the lowest failure, jobs inside and beside jobs, forks. */
#include "base/pool.h"
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer does not allow threads in the child of a process with threads */
#if defined(__SANITIZE_THREAD__)
#define NO_FORKS
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_FORKS
#endif
#endif

#define ITEMS 5000u

/* Check's assertions are slow, and for one thread only: items count failed conditions. */
static atomic_uint wrong;
#define EXPECT(condition) atomic_fetch_add_explicit (&wrong, !(condition), memory_order_relaxed)

struct work {
    struct tn_pool *pool;
    atomic_uint seen[ITEMS];
    atomic_uint busy[64]; /* items that a worker does at once: at most one */
    uint64_t last[64];    /* the number of the item that a worker began last, plus one */
    uint64_t fails_from;  /* this item and all after it fail, with a status made of their number */
    atomic_uint begun;
    tenon_error error;
};

static tenon_status
count_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    struct work *work = job;
    EXPECT (worker < tn_pool_width (work->pool));
    EXPECT (atomic_fetch_add (&work->busy[worker], 1) == 0);
    EXPECT (work->last[worker] == 0 || work->last[worker] < item + 1);
    work->last[worker] = item + 1;
    atomic_fetch_add (&work->seen[item], 1);
    atomic_fetch_add (&work->begun, 1);
    atomic_fetch_sub (&work->busy[worker], 1);
    return item >= work->fails_from ? tn_fail (error, -1 - (tenon_status) (item % 16), item, "it fails")
                                    : TENON_OK;
}

static bool in_two_steps; /* use tn_pool_start and tn_pool_wait instead of tn_pool_run */

static tenon_status
run_job (struct work *work, uint64_t count, uint64_t fails_from)
{
    memset (work->seen, 0, sizeof work->seen);
    memset (work->last, 0, sizeof work->last);
    atomic_store (&work->begun, 0);
    work->fails_from = fails_from;
    work->error = (tenon_error) TENON_ERROR_INIT;
    if (!in_two_steps)
        return tn_pool_run (work->pool, count, count_item, work, &work->error);
    struct tn_pool_job *job = tn_pool_start (work->pool, count, count_item, work);
    ck_assert_ptr_nonnull (job);
    return tn_pool_wait (job, &work->error);
}

static struct work *
work_new (uint64_t threads)
{
    struct work *work = calloc (1, sizeof *work);
    ck_assert_ptr_nonnull (work);
    work->pool = tn_pool_new (threads);
    ck_assert_ptr_nonnull (work->pool);
    return work;
}

static void
work_free (struct work *work)
{
    tn_pool_free (work->pool);
    free (work);
}

START_TEST (width_of_a_pool)
{
    struct tn_pool *pool = tn_pool_new (0);
    ck_assert_uint_ge (tn_pool_width (pool), 1);
    tn_pool_free (pool);
    pool = tn_pool_new (3);
    ck_assert_uint_eq (tn_pool_width (pool), 3);
    tn_pool_free (pool);
    pool = tn_pool_new (UINT64_MAX);
    ck_assert_uint_le (tn_pool_width (pool), 1024);
    tn_pool_free (pool);
    tn_pool_free (NULL);
    ck_assert_uint_eq (tn_pool_width (NULL), 1);
}
END_TEST

START_TEST (every_item_once)
{
    in_two_steps = _i;
    static const uint64_t counts[] = { 0, 1, 2, 3, 63, ITEMS };
    static const unsigned widths[] = { 1, 2, 7, 32 };
    for (unsigned w = 0; w < TN_COUNT (widths); w++) {
        struct work *work = work_new (widths[w]);
        for (unsigned c = 0; c < TN_COUNT (counts); c++) {
            ck_assert_int_eq (run_job (work, counts[c], UINT64_MAX), TENON_OK);
            for (uint64_t i = 0; i < ITEMS; i++)
                ck_assert_uint_eq (work->seen[i], i < counts[c]);
        }
        work_free (work);
    }
}
END_TEST

START_TEST (without_a_pool)
{
    in_two_steps = _i;
    struct work *work = work_new (1);
    tn_pool_free (work->pool);
    work->pool = NULL;
    ck_assert_int_eq (run_job (work, 10, UINT64_MAX), TENON_OK);
    ck_assert_uint_eq (work->begun, 10);
    free (work);
}
END_TEST

START_TEST (lowest_failure)
{
    in_two_steps = _i;
    struct work *work = work_new (8);
    for (unsigned round = 0; round < 300; round++) {
        uint64_t first = (round * 7919u) % (ITEMS - 100);
        ck_assert_int_eq (run_job (work, ITEMS, first), -1 - (tenon_status) (first % 16));
        ck_assert_int_eq (work->error.status, -1 - (tenon_status) (first % 16));
        ck_assert_uint_eq (work->error.offset, first);
        ck_assert_str_eq (work->error.message, "it fails");
        for (uint64_t i = 0; i <= first; i++)
            ck_assert_uint_eq (work->seen[i], 1);
    }
    ck_assert_int_eq (run_job (work, ITEMS, UINT64_MAX), TENON_OK);
    work_free (work);

    work = work_new (1);
    ck_assert_int_eq (run_job (work, 100, 3), -4);
    ck_assert_uint_eq (work->error.offset, 3);
    ck_assert_uint_eq (work->begun, 4);
    work_free (work);
}
END_TEST

/* Items that wait for each other: they end only if they run at once. */
static tenon_status
meet_others (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) item, (void) worker, (void) error;
    pthread_barrier_wait (job);
    return TENON_OK;
}

/* The only item of a job runs while its caller does something else. Jobs that the caller runs meanwhile stay
 * on its thread. */
START_TEST (a_job_beside_its_caller)
{
    tenon_error none = TENON_ERROR_INIT;
    pthread_barrier_t barrier;
    pthread_barrier_init (&barrier, NULL, 2);
    struct work *work = work_new (2);
    in_two_steps = false;
    for (unsigned round = 0; round < 200; round++) {
        struct tn_pool_job *job = tn_pool_start (work->pool, 1, meet_others, &barrier);
        ck_assert_ptr_nonnull (job);
        ck_assert_int_eq (run_job (work, 50, UINT64_MAX), TENON_OK);
        ck_assert_uint_eq (work->last[0], 50);
        pthread_barrier_wait (&barrier);
        ck_assert_int_eq (tn_pool_wait (job, &none), TENON_OK);
    }
    work_free (work);
    pthread_barrier_destroy (&barrier);
}
END_TEST

START_TEST (items_run_at_once)
{
    tenon_error none = TENON_ERROR_INIT;
    struct tn_pool *pool = tn_pool_new (4);
    pthread_barrier_t barrier;
    pthread_barrier_init (&barrier, NULL, 4);
    for (unsigned i = 0; i < 200; i++)
        ck_assert_int_eq (tn_pool_run (pool, 4, meet_others, &barrier, &none), TENON_OK);
    tn_pool_free (pool);
    pthread_barrier_destroy (&barrier);
}
END_TEST

struct nest {
    struct tn_pool *pool, *other;
    atomic_uint inner;
};

static tenon_status
inner_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    struct nest *nest = job;
    (void) item;
    (void) error;
    EXPECT (worker == 0);
    atomic_fetch_add (&nest->inner, 1);
    return TENON_OK;
}

static tenon_status
outer_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    struct nest *nest = job;
    (void) item, (void) worker, (void) error;
    return tn_pool_run (nest->pool, 10, inner_item, nest, error);
}

START_TEST (a_job_within_a_job_stays_on_its_thread)
{
    tenon_error none = TENON_ERROR_INIT;
    struct nest nest = { .pool = tn_pool_new (4) };
    ck_assert_int_eq (tn_pool_run (nest.pool, 50, outer_item, &nest, &none), TENON_OK);
    ck_assert_uint_eq (nest.inner, 500);
    tn_pool_free (nest.pool);
}
END_TEST

static tenon_status
plain_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) item, (void) worker, (void) error;
    atomic_fetch_add (&((struct nest *) job)->inner, 1);
    return TENON_OK;
}

static tenon_status
back_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) item, (void) worker, (void) error;
    return tn_pool_run (((struct nest *) job)->pool, 3, plain_item, job, error);
}

static tenon_status
there_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) item, (void) worker, (void) error;
    return tn_pool_run (((struct nest *) job)->other, 4, back_item, job, error);
}

START_TEST (two_pools_within_each_other)
{
    tenon_error none = TENON_ERROR_INIT;
    struct nest nest = { .pool = tn_pool_new (3), .other = tn_pool_new (3) };
    for (unsigned round = 0; round < 20; round++) {
        nest.inner = 0;
        ck_assert_int_eq (tn_pool_run (nest.pool, 20, there_item, &nest, &none), TENON_OK);
        ck_assert_uint_eq (nest.inner, 20 * 4 * 3);
    }
    tn_pool_free (nest.pool);
    tn_pool_free (nest.other);
}
END_TEST

struct sum {
    atomic_uint_fast64_t total;
};

static tenon_status
add_item (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    (void) worker;
    atomic_fetch_add (&((struct sum *) job)->total, item);
    return item == 77 ? tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET, "77") : TENON_OK;
}

static void *
run_many (void *pool)
{
    for (unsigned i = 0; i < 300; i++) {
        struct sum sum = { 0 };
        uint64_t count = 2 + i % 70;
        tenon_error none = TENON_ERROR_INIT;
        EXPECT (tn_pool_run (pool, count, add_item, &sum, &none) == TENON_OK);
        EXPECT (sum.total == count * (count - 1) / 2);
        EXPECT (tn_pool_run (pool, 78, add_item, &sum, &none) == TENON_E_LIMIT);
    }
    return NULL;
}

START_TEST (jobs_beside_each_other)
{
    struct tn_pool *pool = tn_pool_new (4);
    pthread_t threads[6];
    for (unsigned i = 0; i < TN_COUNT (threads); i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, run_many, pool), 0);
    for (unsigned i = 0; i < TN_COUNT (threads); i++)
        pthread_join (threads[i], NULL);
    tn_pool_free (pool);
}
END_TEST

struct masks {
    pthread_barrier_t barrier;
    pthread_t caller;
    atomic_uint helpers;
};

static tenon_status
look_at_mask (void *job, uint64_t item, unsigned worker, tenon_error *error)
{
    struct masks *masks = job;
    sigset_t set;
    (void) item, (void) error;
    pthread_barrier_wait (&masks->barrier);
    pthread_sigmask (SIG_SETMASK, NULL, &set);
    bool helper = !pthread_equal (pthread_self (), masks->caller);
    EXPECT ((worker != 0) == helper);
    EXPECT (sigismember (&set, SIGINT) == helper);
    EXPECT (sigismember (&set, SIGCHLD) == helper);
    EXPECT (sigismember (&set, SIGBUS) == 0);
    atomic_fetch_add (&masks->helpers, helper);
    return TENON_OK;
}

START_TEST (helpers_take_no_signals)
{
    tenon_error none = TENON_ERROR_INIT;
    struct tn_pool *pool = tn_pool_new (3);
    struct masks masks = { .caller = pthread_self () };
    pthread_barrier_init (&masks.barrier, NULL, 3);
    ck_assert_int_eq (tn_pool_run (pool, 3, look_at_mask, &masks, &none), TENON_OK);
    ck_assert_uint_eq (masks.helpers, 2);
    tn_pool_free (pool);
    pthread_barrier_destroy (&masks.barrier);
}
END_TEST

#ifndef NO_FORKS
static atomic_bool enough;

static void *
run_for_ever (void *pool)
{
    while (!atomic_load (&enough)) {
        struct sum sum = { 0 };
        tenon_error none = TENON_ERROR_INIT;
        tn_pool_run (pool, 50, add_item, &sum, &none);
    }
    return NULL;
}

static void
run_child (struct tn_pool *pool)
{
    tenon_error none = TENON_ERROR_INIT;
    pthread_barrier_t barrier;
    pthread_barrier_init (&barrier, NULL, 3);
    alarm (60);
    for (unsigned i = 0; i < 3; i++)
        if (tn_pool_run (pool, 3, meet_others, &barrier, &none) != TENON_OK)
            _exit (1);
    tn_pool_free (pool);
    _exit (0);
}

START_TEST (forks)
{
    struct tn_pool *pool = tn_pool_new (3);
    pthread_t threads[2];
    for (unsigned i = 0; i < TN_COUNT (threads); i++)
        ck_assert_int_eq (pthread_create (&threads[i], NULL, run_for_ever, pool), 0);
    for (unsigned i = 0; i < 60; i++) {
        int status = -1;
        pid_t pid = fork ();
        ck_assert_int_ge (pid, 0);
        if (pid == 0)
            run_child (pool);
        ck_assert_int_eq (waitpid (pid, &status, 0), pid);
        ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == 0, "child %u ended with status %x", i,
                       (unsigned) status);
    }
    atomic_store (&enough, true);
    for (unsigned i = 0; i < TN_COUNT (threads); i++)
        pthread_join (threads[i], NULL);
    tn_pool_free (pool);
}
END_TEST

START_TEST (child_frees_without_a_job)
{
    tenon_error none = TENON_ERROR_INIT;
    struct tn_pool *pool = tn_pool_new (3);
    struct sum sum = { 0 };
    ck_assert_int_eq (tn_pool_run (pool, 50, add_item, &sum, &none), TENON_OK);
    pid_t pid = fork ();
    if (pid == 0) {
        alarm (60);
        tn_pool_free (pool);
        _exit (0);
    }
    int status = -1;
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert_int_eq (status, 0);
    tn_pool_free (pool);
}
END_TEST
#endif

static void
nothing_wrong (void)
{
    ck_assert_uint_eq (atomic_load (&wrong), 0);
}

int
main (void)
{
    Suite *suite = suite_create ("pool");
    TCase *items = tcase_create ("items");
    tcase_add_checked_fixture (items, NULL, nothing_wrong);
    tcase_set_timeout (items, 120);
    tcase_add_test (items, width_of_a_pool);
    tcase_add_loop_test (items, every_item_once, 0, 2);
    tcase_add_loop_test (items, without_a_pool, 0, 2);
    tcase_add_loop_test (items, lowest_failure, 0, 2);
    tcase_add_test (items, a_job_beside_its_caller);
    tcase_add_test (items, items_run_at_once);
    tcase_add_test (items, a_job_within_a_job_stays_on_its_thread);
    tcase_add_test (items, two_pools_within_each_other);
    tcase_add_test (items, jobs_beside_each_other);
    tcase_add_test (items, helpers_take_no_signals);
#ifndef NO_FORKS
    tcase_add_test (items, forks);
    tcase_add_test (items, child_frees_without_a_job);
#endif
    suite_add_tcase (suite, items);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
