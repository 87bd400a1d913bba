/* SPDX-License-Identifier: MIT */
/* pool.h - threads that share out the items of a job.
 *
 * The threads start with the first job that has more than one item, are joined by tn_pool_free, and are
 * started anew in the child of a fork. Any thread may run a job, also several at once; a job may not run
 * another job on the pool from inside an item (it is then done on the calling thread alone). */
#ifndef TN_POOL_H
#define TN_POOL_H
#include "base/base.h"

struct tn_pool;

/* threads: how many work at once, the caller among them; 0: as many as there are processors for this
 * process. NULL: no memory. */
struct tn_pool *tn_pool_new (uint64_t threads);
void tn_pool_free (struct tn_pool *pool);
/* How many work at once. */
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

/* Like tn_pool_run, but returns at once; NULL: no memory. tn_pool_wait does the items that are left, as
 * worker 0, and frees the job. Until then, all that the caller runs on the pool is done on the caller's
 * thread. */
struct tn_pool_job;
struct tn_pool_job *tn_pool_start (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *job);
tenon_status tn_pool_wait (struct tn_pool_job *job, tenon_error *error);

#endif
