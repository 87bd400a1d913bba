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

/* One item; `worker` < tn_pool_width is the same for all items that the same thread works on in this job.
 * Returns 0 or TENON_E_*. */
typedef tenon_status (*tn_pool_item) (void *job, uint64_t item, unsigned worker);
/* Runs items 0 … count - 1, in rising order as threads get free, and waits for all. After a failure no
 * further item is begun; the failure with the lowest item number is returned. */
tenon_status tn_pool_run (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *job);

/* The same, beside what the caller goes on to do: tn_pool_wait works on what is left, as worker 0, and frees
 * the job. Until then whatever the caller runs on the pool is done on its own thread. NULL: no memory. `pool`
 * may be NULL. */
struct tn_pool_job;
struct tn_pool_job *tn_pool_start (struct tn_pool *pool, uint64_t count, tn_pool_item item, void *job);
tenon_status tn_pool_wait (struct tn_pool_job *job);

#endif
