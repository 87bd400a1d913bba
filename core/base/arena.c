/* SPDX-License-Identifier: MIT */
/* arena.c - allocations that are freed all at once, or back to a mark. */
#include "base/arena.h"
#include <sys/mman.h>

#define FIRST_CHUNK 4096u
#define MOST_CHUNK (8u << 20)
#define HUGE_PAGE (2u << 20)

/* Under a sanitizer or a fuzzer every allocation is a chunk of exactly its size; otherwise an overrun would
 * go unnoticed. */
#if defined(__SANITIZE_ADDRESS__) || defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
#define EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EXACT 1
#endif
#endif
#ifndef EXACT
#define EXACT 0
#endif

struct tn_chunk {
    struct tn_chunk *older;
    uint64_t room, fill;
    _Alignas(16) unsigned char bytes[];
};

static struct tn_chunk *
chunk_new (uint64_t room)
{
    uint64_t size;
    if (tn_add (room, sizeof (struct tn_chunk), &size) || size > SIZE_MAX / 2)
        return NULL;
    struct tn_chunk *chunk;
#ifdef MADV_HUGEPAGE
    if (!EXACT && size >= HUGE_PAGE) {
        size = (size + HUGE_PAGE - 1) & ~(uint64_t) (HUGE_PAGE - 1);
        if (!(chunk = aligned_alloc (HUGE_PAGE, size)))
            return NULL;
        madvise (chunk, size, MADV_HUGEPAGE); /* faulting in small pages costs more than filling them */
        room = size - sizeof *chunk;
    } else
#endif
        if (!(chunk = malloc (size)))
        return NULL;
    chunk->room = room;
    chunk->fill = 0;
    return chunk;
}

static void *
arena_take (struct tn_arena *arena, uint64_t size, unsigned alignment)
{
    struct tn_chunk *chunk = arena->chunk;
    uint64_t at = chunk ? (chunk->fill + alignment - 1) & ~(uint64_t) (alignment - 1) : 0;
    if (EXACT || !chunk || at > chunk->room || size > chunk->room - at) {
        uint64_t room = arena->next ? arena->next : FIRST_CHUNK;
        if (arena->spare && arena->spare->room >= size) {
            chunk = arena->spare;
            arena->spare = NULL;
        } else if (EXACT || size > room) { /* a chunk of its own, so that the next ones need not grow */
            if (!(chunk = chunk_new (size)))
                return NULL;
        } else {
            if (!(chunk = chunk_new (room)))
                return NULL;
            arena->next = TN_MIN (chunk->room * 2, MOST_CHUNK);
        }
        chunk->older = arena->chunk;
        arena->chunk = chunk;
        at = 0;
    }
    chunk->fill = at + size;
    arena->used += size;
    return chunk->bytes + at;
}

void *
tn_arena_get (struct tn_arena *arena, uint64_t size, bool zeroed)
{
    void *memory = arena_take (arena, size, 16);
    if (memory && zeroed && size > 0)
        memset (memory, 0, size);
    return memory;
}

char *
tn_arena_text (struct tn_arena *arena, const char *text, uint64_t length)
{
    char *copy = length < UINT64_MAX ? arena_take (arena, length + 1, 1) : NULL;
    if (copy) {
        if (length > 0)
            memcpy (copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

struct tn_mark
tn_arena_mark (const struct tn_arena *arena)
{
    return (struct tn_mark){ arena->chunk, arena->used, arena->chunk ? arena->chunk->fill : 0 };
}

void
tn_arena_release (struct tn_arena *arena, struct tn_mark mark)
{
    while (arena->chunk != mark.chunk) {
        struct tn_chunk *chunk = arena->chunk;
        arena->chunk = chunk->older;
        /* one chunk is kept, so that each member of a container does not map memory anew */
        if (!EXACT && !arena->spare && chunk->room < HUGE_PAGE)
            arena->spare = chunk;
        else {
            free (chunk);
            arena->next /= 2;
        }
    }
    arena->next = TN_MAX (arena->next, (uint64_t) FIRST_CHUNK);
    if (arena->chunk)
        arena->chunk->fill = mark.fill;
    arena->used = mark.used;
}

void
tn_arena_free (struct tn_arena *arena)
{
    while (arena->chunk) {
        struct tn_chunk *chunk = arena->chunk;
        arena->chunk = chunk->older;
        free (chunk);
    }
    free (arena->spare);
    memset (arena, 0, sizeof *arena);
}
