/* SPDX-License-Identifier: MIT */
/* faults_memory.c - the calls that allocate, which also count what is allocated.
 *
 * The real functions are found with dlsym, which may itself allocate before malloc is known: a small reserve
 * serves these allocations. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "faults.h"
#if defined(__LP64__) && defined(__linux__)
#include "faults_calls.h"
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_int_fast64_t live, live_bytes, peak;

EXPORT int64_t
faults_live (void)
{
    return atomic_load (&live);
}

EXPORT int64_t
faults_peak (void)
{
    return atomic_exchange (&peak, atomic_load (&live_bytes));
}

static char reserve[65536];
static atomic_size_t reserved;
static _Thread_local bool finding;

static bool
is_reserve (const void *block)
{
    return (const char *) block >= reserve && (const char *) block < reserve + sizeof reserve;
}

static void *
from_reserve (size_t size)
{
    size_t at = atomic_fetch_add (&reserved, (size + 31) & ~(size_t) 15);
    return at + size > sizeof reserve ? NULL : reserve + at;
}

/* Like REAL, but dlsym will call this function again. */
#define REAL_MEMORY(name, size)                                                                              \
    static _Atomic (__typeof__ (&name)) real_##name;                                                         \
    __typeof__ (&name) go = atomic_load_explicit (&real_##name, memory_order_acquire);                       \
    if (!go) {                                                                                               \
        if (finding)                                                                                         \
            return from_reserve (size);                                                                      \
        finding = true;                                                                                      \
        go = (__typeof__ (&name)) find_real (#name);                                                         \
        finding = false;                                                                                     \
        atomic_store_explicit (&real_##name, go, memory_order_release);                                      \
    }

static void
note_bytes (int64_t bytes)
{
    int64_t now = atomic_fetch_add_explicit (&live_bytes, bytes, memory_order_relaxed) + bytes;
    int64_t most = atomic_load_explicit (&peak, memory_order_relaxed);
    while (now > most
           && !atomic_compare_exchange_weak_explicit (&peak, &most, now, memory_order_relaxed,
                                                      memory_order_relaxed))
        ;
}

static void *
note_block (void *block)
{
    if (block) {
        atomic_fetch_add_explicit (&live, 1, memory_order_relaxed);
        note_bytes ((int64_t) malloc_usable_size (block));
    }
    return block;
}

EXPORT void *
malloc (size_t size)
{
    REAL_MEMORY (malloc, size)
    return meet_call (CALL_malloc) > 0 ? NULL : note_block (go (size));
}

EXPORT void *
calloc (size_t count, size_t size)
{
    REAL_MEMORY (calloc, count * size)
    return meet_call (CALL_calloc) > 0 ? NULL : note_block (go (count, size));
}

EXPORT void *
realloc (void *block, size_t size)
{
    REAL_MEMORY (realloc, size)
    if (meet_call (CALL_realloc) > 0)
        return NULL;
    if (is_reserve (block)) {
        void *copy = malloc (size);
        size_t most = (size_t) (reserve + sizeof reserve - (char *) block);
        return copy ? memcpy (copy, block, size < most ? size : most) : NULL;
    }
    int64_t before = block ? (int64_t) malloc_usable_size (block) : 0;
    void *result = go (block, size);
    if (!block)
        return note_block (result);
    if (!result && size == 0)
        atomic_fetch_sub_explicit (&live, 1, memory_order_relaxed);
    if (result || size == 0)
        note_bytes ((result ? (int64_t) malloc_usable_size (result) : 0) - before);
    return result;
}

EXPORT void *
aligned_alloc (size_t alignment, size_t size)
{
    REAL_MEMORY (aligned_alloc, size)
    return meet_call (CALL_aligned_alloc) > 0 ? NULL : note_block (go (alignment, size));
}

EXPORT int
posix_memalign (void **block, size_t alignment, size_t size)
{
    REAL (posix_memalign)
    if (meet_call (CALL_posix_memalign) > 0)
        return ENOMEM;
    int result = go (block, alignment, size);
    if (result == 0)
        note_block (*block);
    return result;
}

EXPORT void
free (void *block)
{
    REAL (free)
    if (!block || is_reserve (block))
        return;
    atomic_fetch_sub_explicit (&live, 1, memory_order_relaxed);
    note_bytes (-(int64_t) malloc_usable_size (block));
    go (block);
}

#endif
