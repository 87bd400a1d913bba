/* SPDX-License-Identifier: MIT */
/* debug.c - what TENON_DEBUG=abi keeps. */
#include "context/debug.h"
#include "base/environment.h"

/* Of memory of calls that ended so many bytes are kept: beyond them, and TN_DEBUG_BLOCKS, the oldest go. */
#define MOST_KEPT ((uint64_t) 64 << 20)
#define SPOILED 0xd5

/* What follows the beginning of one of the words, with commas between them; NULL: none begins so. */
static const char *
find_word (const char *words, const char *beginning)
{
    size_t length = strlen (beginning);
    for (const char *at = words; at && *at; at = strchr (at, ','), at += at != NULL)
        if (strncmp (at, beginning, length) == 0)
            return at + length;
    return NULL;
}

static bool
has_word (const char *words, const char *word)
{
    for (const char *rest = words; (rest = find_word (rest, word)) != NULL; rest += strcspn (rest, ","))
        if (*rest == 0 || *rest == ',')
            return true;
    return false;
}

tenon_status
tn_debug_begin (struct tn_debug **debug, tenon_error *error)
{
    const char *words = tn_environment ("TENON_DEBUG"), *number = find_word (words, "fail=");
    *debug = NULL;
    if (!has_word (words, "abi"))
        return TENON_OK;
    if (!(*debug = calloc (1, sizeof **debug)))
        return tn_fail_memory (error);
    (*debug)->fail_at = number && *number >= '0' && *number <= '9' ? strtoull (number, NULL, 10) : 0;
    pthread_mutex_init (&(*debug)->lock, NULL);
    return TENON_OK;
}

static void
free_blocks (struct tn_block *block)
{
    for (struct tn_block *next; block; block = next) {
        next = block->next;
        free (block);
    }
}

/* How many blocks begin at the address or before it. */
static unsigned
find_place (const struct tn_debug *debug, const void *address)
{
    unsigned low = 0, high = debug->ended;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if ((uintptr_t) tn_block_bytes (debug->sorted[middle]) <= (uintptr_t) address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
keep_block (struct tn_debug *debug, struct tn_block *block)
{
    unsigned place = find_place (debug, tn_block_bytes (block));
    memmove (debug->sorted + place + 1, debug->sorted + place,
             (debug->ended - place) * sizeof *debug->sorted);
    debug->sorted[place] = block;
    debug->ring[(debug->oldest + debug->ended) % TN_DEBUG_BLOCKS] = block;
    debug->ended++;
    debug->ended_bytes += block->size;
}

static void
drop_oldest (struct tn_debug *debug)
{
    struct tn_block *block = debug->ring[debug->oldest];
    unsigned place = find_place (debug, tn_block_bytes (block));
    memmove (debug->sorted + place - 1, debug->sorted + place,
             (debug->ended - place) * sizeof *debug->sorted);
    debug->oldest = (debug->oldest + 1) % TN_DEBUG_BLOCKS;
    debug->ended--;
    debug->ended_bytes -= block->size;
    free (block);
}

void
tn_debug_end (struct tn_debug *debug)
{
    if (!debug)
        return;
    free_blocks (debug->handles);
    while (debug->ended > 0)
        drop_oldest (debug);
    pthread_mutex_destroy (&debug->lock);
    free (debug);
}

struct tn_block *
tn_block_new (uint64_t size)
{
    struct tn_block *block = size < UINT64_MAX / 2 ? calloc (1, sizeof *block + size) : NULL;
    if (block)
        block->size = size;
    return block;
}

void
tn_debug_keep (struct tn_debug *debug, struct tn_block *blocks)
{
    pthread_mutex_lock (&debug->lock);
    for (struct tn_block *next; blocks; blocks = next) {
        next = blocks->next;
        memset (tn_block_bytes (blocks), SPOILED, blocks->size);
        while (debug->ended > 0
               && (debug->ended == TN_DEBUG_BLOCKS || blocks->size > MOST_KEPT
                   || debug->ended_bytes > MOST_KEPT - blocks->size))
            drop_oldest (debug);
        if (blocks->size > MOST_KEPT)
            free (blocks);
        else
            keep_block (debug, blocks);
    }
    pthread_mutex_unlock (&debug->lock);
}

bool
tn_debug_was_of_call (const struct tn_debug *debug, const void *address)
{
    unsigned place = find_place (debug, address);
    if (place == 0)
        return false;
    struct tn_block *block = debug->sorted[place - 1];
    return (uintptr_t) address - (uintptr_t) tn_block_bytes (block) < block->size;
}
