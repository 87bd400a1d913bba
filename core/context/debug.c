/* SPDX-License-Identifier: MIT */
/* debug.c - what TENON_DEBUG=abi keeps. */
#include "context/debug.h"
#include "base/environment.h"

/* Of memory of calls that ended so many bytes and blocks are kept: beyond them the oldest go. All blocks are
 * looked at for each pointer that a service gets. */
#define MOST_KEPT ((uint64_t) 64 << 20)
#define MOST_BLOCKS 512
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
    for (const char *rest = words; (rest = find_word (rest, word)) != NULL;)
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

void
tn_debug_end (struct tn_debug *debug)
{
    if (!debug)
        return;
    free_blocks (debug->handles);
    free_blocks (debug->ended);
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

static void
drop_oldest (struct tn_debug *debug)
{
    uint64_t bytes = 0;
    struct tn_block **last = &debug->ended;
    for (unsigned count = 0; *last && count < MOST_BLOCKS && bytes + (*last)->size <= MOST_KEPT; count++) {
        bytes += (*last)->size;
        last = &(*last)->next;
    }
    free_blocks (*last);
    *last = NULL;
}

void
tn_debug_keep (struct tn_debug *debug, struct tn_block *blocks)
{
    pthread_mutex_lock (&debug->lock);
    for (struct tn_block *next; blocks; blocks = next) {
        next = blocks->next;
        memset (tn_block_bytes (blocks), SPOILED, blocks->size);
        blocks->next = debug->ended;
        debug->ended = blocks;
    }
    drop_oldest (debug);
    pthread_mutex_unlock (&debug->lock);
}

bool
tn_debug_was_of_call (const struct tn_debug *debug, const void *address)
{
    uintptr_t at = (uintptr_t) address;
    for (struct tn_block *block = debug->ended; block; block = block->next) {
        uintptr_t begin = (uintptr_t) tn_block_bytes (block);
        if (at >= begin && at - begin < block->size)
            return true;
    }
    return false;
}
