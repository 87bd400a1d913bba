/* SPDX-License-Identifier: MIT */
/* arena.h - allocations that are freed all at once, or back to a mark. */
#ifndef TN_ARENA_H
#define TN_ARENA_H
#include "base/base.h"

struct tn_chunk;
struct tn_arena {
    struct tn_chunk *chunk; /* the newest; it links to the older ones */
    uint64_t used;          /* bytes handed out and not released */
    uint64_t next;          /* size of the next chunk, unless one allocation needs more */
    struct tn_chunk *spare; /* released, and kept to be reused */
};
struct tn_mark {
    struct tn_chunk *chunk;
    uint64_t used, fill;
};

/* Memory aligned to 16 bytes. NULL: no memory. */
void *tn_arena_get (struct tn_arena *arena, uint64_t size, bool zeroed);
/* A copy of `length` bytes and a NUL, not aligned, so that names lie close together. NULL: no memory. */
char *tn_arena_text (struct tn_arena *arena, const char *text, uint64_t length);
/* tn_arena_release frees all that was allocated after the mark. */
struct tn_mark tn_arena_mark (const struct tn_arena *arena);
void tn_arena_release (struct tn_arena *arena, struct tn_mark mark);
void tn_arena_free (struct tn_arena *arena);

#endif
