/* SPDX-License-Identifier: MIT */
/* debug.h - what TENON_DEBUG=abi keeps: the calls that codecs had, and memory of those that ended, so that
 * each use of them is noticed. */
#ifndef TN_DEBUG_H
#define TN_DEBUG_H
#include "base/base.h"
#include <pthread.h>

/* Memory behind a header of 16 bytes, so that it is aligned to 16. */
struct tn_block {
    struct tn_block *next;
    uint64_t size;
};
static inline void *
tn_block_bytes (struct tn_block *block)
{
    return block + 1;
}

/* Blocks of memory of calls that ended, at most. */
#define TN_DEBUG_BLOCKS 512

struct tn_debug {
    pthread_mutex_t lock;
    struct tn_block *handles; /* of calls, live and ended */
    void *running;            /* those whose functions run, the latest first */
    /* memory of calls that ended: a ring from the oldest on, the same by address, and its bytes */
    struct tn_block *ring[TN_DEBUG_BLOCKS], *sorted[TN_DEBUG_BLOCKS];
    unsigned oldest, ended;
    uint64_t ended_bytes;
    uint64_t fail_at;  /* the service that finds no memory, counted from 1; 0: none does */
    uint64_t services; /* that need memory, so far */
    char late[400];    /* a rule that was broken when no function ran that could fail; "": none */
};

/* *debug: NULL unless the environment has TENON_DEBUG=abi, or abi,fail=N. */
tenon_status tn_debug_begin (struct tn_debug **debug, tenon_error *error);
void tn_debug_end (struct tn_debug *debug);
/* Zeroed. NULL: no memory. */
struct tn_block *tn_block_new (uint64_t size);
/* Takes over the memory of a call that ended, and spoils it. */
void tn_debug_keep (struct tn_debug *debug, struct tn_block *blocks);
/* True if the address lies in memory of a call that ended. The caller holds the lock. */
bool tn_debug_was_of_call (const struct tn_debug *debug, const void *address);

#endif
