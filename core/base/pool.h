/* SPDX-License-Identifier: MIT */
/* pool.h - a pool of threads that do the items of jobs.
 *
 * The pool starts its threads with the first job of more than one item, and again in the child of a fork;
 * tn_pool_free joins them. Any thread may run jobs, and several threads at once. A job that an item runs on
 * the same pool is done by the calling thread alone. */
#ifndef TN_POOL_H
#define TN_POOL_H
#include "base/base.h"

struct tn_pool;

/* threads: how many work at once, the caller included; 0: one for each processor that the process may use.
 * NULL: no memory. */
struct tn_pool *tn_pool_new (uint64_t threads);
void tn_pool_free (struct tn_pool *pool);
/* The number of threads that work at once; 1 for NULL. */
unsigned tn_pool_width (const struct tn_pool *pool);

/* Does one item. `worker` < tn_pool_width is the same for all items of a job that one thread does. `error` is
 * the item's own, with no failure in it yet; an item that fails records its failure there and returns its
 * status. */
typedef tenon_status (*tn_pool_item) (void *job, uint64_t item, unsigned worker, tenon_error *error);
/* Runs items 0 … count - 1 and waits for all. Threads begin items in rising order; after a failure they begin
 * no more. `error`, which must have no failure yet, takes the failure of the lowest item that failed, so it
 * is the same on any number of threads. `pool` may be NULL: the caller does all items. */
tenon_status tn_pool_run (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *job,
                          tenon_error *error);

/* The same on at most `most` threads at once, which are at least one. */
tenon_status tn_pool_run_few (struct tn_pool *pool, unsigned most, uint64_t count, tn_pool_item item,
                              void *job, tenon_error *error);

/* Like tn_pool_run, but returns at once; NULL: no memory. tn_pool_wait does the items that are left, as
 * worker 0, and frees the job. Until then, all that the caller runs on the pool is done on the caller's
 * thread. */
struct tn_pool_job;
struct tn_pool_job *tn_pool_start (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *job);
tenon_status tn_pool_wait (struct tn_pool_job *job, tenon_error *error);

#endif
