/* SPDX-License-Identifier: MIT */
/* arena.h - memory that is freed all at once, or back to a mark. */
#ifndef TN_ARENA_H
#define TN_ARENA_H
#include "base/base.h"

struct tn_chunk;
struct tn_arena {
    struct tn_chunk *chunk; /* the newest; older ones behind it */
    uint64_t used;          /* bytes handed out and not released */
    uint64_t next;          /* size of the next chunk of the usual sizes */
    struct tn_chunk *spare; /* released, and kept for the next */
};
struct tn_mark {
    struct tn_chunk *chunk;
    uint64_t used, fill;
};

/* Zeroed when asked for, aligned to 16 (packed: not aligned). NULL: no memory. */
void *tn_arena_get (struct tn_arena *arena, uint64_t size, bool zeroed);
/* For text: no alignment, so that names lie close together. */
char *tn_arena_text (struct tn_arena *arena, const char *text, uint64_t length);
/* Everything that was got after the mark becomes free again. */
struct tn_mark tn_arena_mark (const struct tn_arena *arena);
void tn_arena_release (struct tn_arena *arena, struct tn_mark mark);
void tn_arena_free (struct tn_arena *arena);

#endif
