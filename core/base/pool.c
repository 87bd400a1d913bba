/* SPDX-License-Identifier: MIT */
/* pool.c - a pool of threads that do the items of jobs.
 *
 * A job lies on the stack of the thread that runs it, or on the heap (tn_pool_start). It is in the pool's
 * list while helpers may join it. An atomic counter hands out its items without the lock. The caller works,
 * too, so a job is done even when no thread can be started.
 *
 * fork: the child has one thread, whatever the parent had, and perhaps a copy of a locked mutex. A handler of
 * pthread_atfork would outlive a library that is closed with dlclose. Instead the pool remembers its process,
 * and the first thread that uses it in another process reinitialises it in place. */
#include "base/pool.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define MOST_THREADS 1024u

struct job {
    tn_pool_item item;
    void *data;
    uint64_t count;
    atomic_uint_fast64_t next; /* the item to be begun next */
    atomic_bool stop;          /* an item failed */
    /* under the pool's lock */
    uint64_t failed;         /* the lowest item that failed, and … */
    tenon_error *error;      /* … its failure */
    unsigned joined, active; /* helpers so far, and those still at work */
    pthread_t caller;
    struct job *following;
};

struct tn_pool {
    _Atomic (intptr_t) process; /* the one that owns the threads; -pid while it reinitialises the pool */
    unsigned width;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    struct job *jobs;
    bool stopping;
    unsigned idle; /* threads that wait for work */
    unsigned thread_count;
    pthread_t threads[]; /* width - 1 */
};

/* Processors that the process may run on. */
static unsigned
count_processors (void)
{
#ifdef __linux__
    unsigned long mask[MOST_THREADS / 8];
    memset (mask, 0, sizeof mask);
    if (sched_getaffinity (0, sizeof mask, (cpu_set_t *) (void *) mask) == 0) {
        unsigned count = 0;
        for (size_t i = 0; i < TN_COUNT (mask); i++)
            count += (unsigned) __builtin_popcountl (mask[i]);
        if (count > 0)
            return count;
    }
#endif
    long online = sysconf (_SC_NPROCESSORS_ONLN);
    return online > 0 && online < (long) MOST_THREADS ? (unsigned) online : 1;
}

static bool
initialise_pool (struct tn_pool *pool)
{
    pool->jobs = NULL;
    pool->stopping = false;
    pool->idle = pool->thread_count = 0;
    if (pthread_mutex_init (&pool->lock, NULL) != 0)
        return false;
    if (pthread_cond_init (&pool->work, NULL) != 0) {
        pthread_mutex_destroy (&pool->lock);
        return false;
    }
    if (pthread_cond_init (&pool->done, NULL) != 0) {
        pthread_cond_destroy (&pool->work);
        pthread_mutex_destroy (&pool->lock);
        return false;
    }
    return true;
}

/* Makes the pool one of this process. A copy that a fork left is overwritten, not destroyed: destroying a
 * condition waits for its waiters, which do not exist in the child. False: the system cannot make a mutex. */
static bool
claim_pool (struct tn_pool *pool)
{
    intptr_t self = (intptr_t) getpid (), found = atomic_load_explicit (&pool->process, memory_order_acquire);
    while (found != self) {
        if (found == -self) /* another thread of this process reinitialises it */
            sched_yield ();
        else if (atomic_compare_exchange_strong (&pool->process, &found, -self)) {
            bool good = initialise_pool (pool);
            atomic_store_explicit (&pool->process, good ? self : 0, memory_order_release);
            return good;
        }
        found = atomic_load_explicit (&pool->process, memory_order_acquire);
    }
    return true;
}

struct tn_pool *
tn_pool_new (uint64_t threads)
{
    unsigned width =
        threads == 0 ? count_processors () : (unsigned) TN_MIN (threads, (uint64_t) MOST_THREADS);
    width = TN_MIN (width, MOST_THREADS);
    struct tn_pool *pool = calloc (1, sizeof *pool + (width - 1) * sizeof pool->threads[0]);
    if (!pool)
        return NULL;
    pool->width = width;
    if (!claim_pool (pool)) {
        free (pool);
        return NULL;
    }
    return pool;
}

void
tn_pool_free (struct tn_pool *pool)
{
    if (!pool)
        return;
    if (claim_pool (pool)) {
        pthread_mutex_lock (&pool->lock);
        pool->stopping = true;
        pthread_cond_broadcast (&pool->work);
        pthread_mutex_unlock (&pool->lock);
        for (unsigned i = 0; i < pool->thread_count; i++)
            pthread_join (pool->threads[i], NULL);
        pthread_cond_destroy (&pool->done);
        pthread_cond_destroy (&pool->work);
        pthread_mutex_destroy (&pool->lock);
    }
    free (pool);
}

unsigned
tn_pool_width (const struct tn_pool *pool)
{
    return pool ? pool->width : 1;
}

/* Items are begun in rising order, so any item below a failed one has been begun, too. */
static void
keep_failure (struct tn_pool *pool, struct job *job, uint64_t item, const tenon_error *error)
{
    atomic_store_explicit (&job->stop, true, memory_order_relaxed);
    pthread_mutex_lock (&pool->lock);
    if (job->error->status == TENON_OK || item < job->failed) {
        job->failed = item;
        *job->error = *error;
    }
    pthread_mutex_unlock (&pool->lock);
}

/* Does items until none is left or one has failed. */
static void
do_items (struct tn_pool *pool, struct job *job, unsigned worker)
{
    tenon_error error;
    tn_error_clear (&error);
    while (!atomic_load_explicit (&job->stop, memory_order_relaxed)) {
        uint64_t item = atomic_fetch_add_explicit (&job->next, 1, memory_order_relaxed);
        if (item >= job->count)
            return;
        if (job->item (job->data, item, worker, &error) < 0)
            keep_failure (pool, job, item, &error);
    }
}

/* The job with the fewest helpers among those that have items left. Locked. */
static struct job *
choose_job (struct tn_pool *pool)
{
    struct job *best = NULL;
    for (struct job *job = pool->jobs; job; job = job->following) {
        bool open = atomic_load_explicit (&job->next, memory_order_relaxed) < job->count
                    && !atomic_load_explicit (&job->stop, memory_order_relaxed);
        if (open && (!best || job->active < best->active))
            best = job;
    }
    return best;
}

static void *
run_helper (void *argument)
{
    struct tn_pool *pool = argument;
    pthread_mutex_lock (&pool->lock);
    while (!pool->stopping) {
        struct job *job = choose_job (pool);
        if (!job) {
            pool->idle++;
            pthread_cond_wait (&pool->work, &pool->lock);
            pool->idle--;
            continue;
        }
        /* A thread leaves a job only when no item is left to begin, so it joins it once: joined < width. */
        unsigned worker = ++job->joined;
        job->active++;
        pthread_mutex_unlock (&pool->lock);
        do_items (pool, job, worker);
        pthread_mutex_lock (&pool->lock);
        if (--job->active == 0)
            pthread_cond_broadcast (&pool->done);
    }
    pthread_mutex_unlock (&pool->lock);
    return NULL;
}

/* Starts threads until `wanted` run, or the system has no more. Signals are blocked in them: a handler of the
 * application must not run on a thread that the application does not know. Signals that a thread raises
 * itself (SIGBUS in a mapping of a truncated file) are not blocked, since the kernel would then kill the
 * process without calling its handler. Locked. */
static void
start_threads (struct tn_pool *pool, unsigned wanted)
{
    sigset_t all, before;
    if (pool->thread_count >= wanted)
        return;
    sigfillset (&all);
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    for (size_t i = 0; i < TN_COUNT (own); i++)
        sigdelset (&all, own[i]);
    if (pthread_sigmask (SIG_SETMASK, &all, &before) != 0)
        return;
    while (pool->thread_count < wanted
           && pthread_create (&pool->threads[pool->thread_count], NULL, run_helper, pool) == 0)
        pool->thread_count++;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}

/* True if this thread does an item of the pool already. Locked. */
static bool
is_inside (const struct tn_pool *pool)
{
    pthread_t self = pthread_self ();
    for (unsigned i = 0; i < pool->thread_count; i++)
        if (pthread_equal (pool->threads[i], self))
            return true;
    for (const struct job *job = pool->jobs; job; job = job->following)
        if (pthread_equal (job->caller, self))
            return true;
    return false;
}

/* Puts the job into the list and wakes helpers for `shared` of its items. False: only the caller does it. */
static bool
publish_job (struct tn_pool *pool, struct job *job, uint64_t shared)
{
    pthread_mutex_lock (&pool->lock);
    bool good = !is_inside (pool);
    if (good) {
        unsigned helpers = (unsigned) TN_MIN (shared, (uint64_t) (pool->width - 1));
        /* threads that are busy with other jobs join when these are done */
        start_threads (pool, helpers);
        struct job **end = &pool->jobs;
        while (*end)
            end = &(*end)->following;
        *end = job;
        for (unsigned i = TN_MIN (helpers, pool->idle); i > 0; i--)
            pthread_cond_signal (&pool->work);
    }
    pthread_mutex_unlock (&pool->lock);
    return good;
}

/* Takes the job out of the list, so that no helper joins it any more, and waits for those that have. */
static void
withdraw_job (struct tn_pool *pool, struct job *job)
{
    pthread_mutex_lock (&pool->lock);
    struct job **place = &pool->jobs;
    while (*place != job)
        place = &(*place)->following;
    *place = job->following;
    while (job->active > 0)
        pthread_cond_wait (&pool->done, &pool->lock);
    pthread_mutex_unlock (&pool->lock);
}

static tenon_status
run_alone (uint64_t count, tn_pool_item item, void *data, tenon_error *error)
{
    for (uint64_t i = 0; i < count; i++)
        TN_TRY (item (data, i, 0, error));
    return TENON_OK;
}

tenon_status
tn_pool_run (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *data, tenon_error *error)
{
    if (count < 2 || !pool || pool->width < 2 || !claim_pool (pool))
        return run_alone (count, item, data, error);
    struct job job = {
        .item = item, .data = data, .count = count, .error = error, .caller = pthread_self ()
    };
    if (!publish_job (pool, &job, count - 1))
        return run_alone (count, item, data, error);
    do_items (pool, &job, 0);
    withdraw_job (pool, &job);
    return error->status;
}

/* Items that few threads do, each of them an item of the pool. */
struct few {
    tn_pool_item item;
    void *data;
    uint64_t count;
    atomic_uint_fast64_t next;
    atomic_bool stop;
    pthread_mutex_t lock;
    uint64_t failed; /* as in struct job */
    tenon_error *error;
};

static tenon_status
do_few (void *opaque, uint64_t lane, unsigned worker, tenon_error *error)
{
    struct few *few = opaque;
    (void) lane;
    while (!atomic_load_explicit (&few->stop, memory_order_relaxed)) {
        uint64_t item = atomic_fetch_add_explicit (&few->next, 1, memory_order_relaxed);
        if (item >= few->count)
            break;
        if (few->item (few->data, item, worker, error) == TENON_OK)
            continue;
        atomic_store_explicit (&few->stop, true, memory_order_relaxed);
        pthread_mutex_lock (&few->lock);
        if (few->error->status == TENON_OK || item < few->failed) {
            few->failed = item;
            *few->error = *error;
        }
        pthread_mutex_unlock (&few->lock);
        tn_error_clear (error);
    }
    return TENON_OK;
}

tenon_status
tn_pool_run_few (struct tn_pool *pool, unsigned most, uint64_t count, tn_pool_item item, void *data,
                 tenon_error *error)
{
    tenon_error none;
    if (most >= tn_pool_width (pool))
        return tn_pool_run (pool, count, item, data, error);
    tn_error_clear (&none);
    struct few few = { .item = item, .data = data, .count = count, .error = error };
    pthread_mutex_init (&few.lock, NULL);
    tn_pool_run (pool, TN_MIN (most, count), do_few, &few, &none);
    pthread_mutex_destroy (&few.lock);
    return error->status;
}

struct tn_pool_job {
    struct job job;
    struct tn_pool *pool; /* NULL: the job is in no pool's list, and tn_pool_wait does all of it */
    tenon_error error;
};

struct tn_pool_job *
tn_pool_start (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *data)
{
    struct tn_pool_job *started = calloc (1, sizeof *started);
    if (!started)
        return NULL;
    started->job = (struct job){
        .item = item, .data = data, .count = count, .error = &started->error, .caller = pthread_self ()
    };
    bool shared =
        count > 0 && pool && pool->width > 1 && claim_pool (pool) && publish_job (pool, &started->job, count);
    started->pool = shared ? pool : NULL;
    return started;
}

tenon_status
tn_pool_wait (struct tn_pool_job *started, tenon_error *error)
{
    if (started->pool) {
        do_items (started->pool, &started->job, 0);
        withdraw_job (started->pool, &started->job);
        if (started->error.status < 0)
            *error = started->error;
    } else
        run_alone (started->job.count, started->job.item, started->job.data, error);
    free (started);
    return error->status;
}
