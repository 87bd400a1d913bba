/* SPDX-License-Identifier: MIT */
/* memory.c - allocation helpers, arenas, and structs that cross the ABI. */
#include "base/base.h"
#include "base/budget.h"
#include <stdio.h>
#include <sys/mman.h>

void
tn_free_pointer (void *pointer)
{
    free (*(void **) pointer);
}

/* The room that follows `room`, if that is taken. */
static uint64_t
grown_room (uint64_t room, uint64_t count)
{
    return count < room ? room : room < 8 ? 8 : room + room / 2;
}

bool
tn_grow (void *array_pointer, uint64_t *room, uint64_t count, size_t item)
{
    uint64_t more = grown_room (*room, count), bytes;
    if (more == *room)
        return true;
    if (tn_multiply (more, item, &bytes) || bytes > SIZE_MAX)
        return false;
    void *array = realloc (*(void **) array_pointer, bytes);
    if (!array)
        return false;
    *(void **) array_pointer = array;
    *room = more;
    return true;
}

bool
tn_grow_within (struct tn_budget *budget, void *array_pointer, uint64_t *room, uint64_t count, size_t item)
{
    uint64_t before = *room, after = grown_room (*room, count), bytes;
    if (after == before)
        return true;
    /* old and new are there at once while it is copied */
    if (tn_multiply (after, item, &bytes) || !tn_budget_draw (budget, bytes))
        return false;
    bool grown = tn_grow (array_pointer, room, count, item);
    tn_budget_give_back (budget, grown ? before * item : bytes);
    return grown;
}

char *
tn_strndup (const char *text, size_t length)
{
    char *copy = malloc (length + 1);
    if (copy) {
        if (length > 0)
            memcpy (copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *
tn_concat (const char *first, ...)
{
    va_list list;
    size_t length = 0;
    va_start (list, first);
    for (const char *part = first; part; part = va_arg (list, const char *))
        length += strlen (part);
    va_end (list);
    char *all = malloc (length + 1), *end = all;
    if (!all)
        return NULL;
    va_start (list, first);
    for (const char *part = first; part; part = va_arg (list, const char *)) {
        size_t size = strlen (part);
        memcpy (end, part, size);
        end += size;
    }
    va_end (list);
    *end = 0;
    return all;
}

bool
tn_add_word (char **text, const char *word)
{
    bool any = *text && **text;
    char *longer = tn_concat (any ? *text : "", any ? " " : "", word, (char *) NULL);
    if (!longer)
        return false;
    free (*text);
    *text = longer;
    return true;
}

char *
tn_format (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    int length = vsnprintf (NULL, 0, format, list);
    va_end (list);
    char *text = length < 0 ? NULL : malloc ((size_t) length + 1);
    if (!text)
        return NULL;
    va_start (list, format);
    vsnprintf (text, (size_t) length + 1, format, list);
    va_end (list);
    return text;
}

/* ---- large memory ---- */

#define HUGE_PAGE ((uint64_t) 2 << 20)

/* Under a sanitizer or a fuzzer every allocation is a piece of exactly its size; otherwise an overrun would
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

/* What an allocation of `size` bytes takes. */
static uint64_t
large_size (uint64_t size)
{
#ifdef MADV_HUGEPAGE
    if (!EXACT && size >= HUGE_PAGE)
        return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
#endif
    return size;
}

void *
tn_get_large (uint64_t size, bool zeroed)
{
#ifdef MADV_HUGEPAGE
    if (!EXACT && size >= HUGE_PAGE && size <= SIZE_MAX / 2) {
        size = large_size (size);
        void *memory = aligned_alloc (HUGE_PAGE, size);
        if (memory)
            madvise (memory, size, MADV_HUGEPAGE); /* faulting in small pages costs more than filling them */
        if (memory && zeroed)
            memset (memory, 0, size);
        return memory;
    }
#endif
    return size > SIZE_MAX / 2 ? NULL : zeroed ? calloc (1, size) : malloc (size);
}

/* ---- arenas ---- */

#define FIRST_PIECE 4096u
#define MOST_PIECE (8u << 20)

struct tn_arena_piece {
    struct tn_arena_piece *older;
    uint64_t room, fill;
    _Alignas(16) unsigned char bytes[];
};

static void
piece_free (struct tn_budget *budget, struct tn_arena_piece *piece)
{
    if (piece)
        tn_budget_give_back (budget, sizeof *piece + piece->room);
    free (piece);
}

static struct tn_arena_piece *
piece_new (struct tn_budget *budget, uint64_t room)
{
    uint64_t size;
    if (tn_add (room, sizeof (struct tn_arena_piece), &size) || size > SIZE_MAX / 2)
        return NULL;
    size = large_size (size);
    if (!tn_budget_draw (budget, size))
        return NULL;
    struct tn_arena_piece *piece = tn_get_large (size, false);
    if (!piece) {
        tn_budget_give_back (budget, size);
        return NULL;
    }
    piece->room = size - sizeof *piece;
    piece->fill = 0;
    return piece;
}

static void *
arena_take (struct tn_arena *arena, uint64_t size, unsigned alignment)
{
    struct tn_arena_piece *piece = arena->piece;
    uint64_t at = piece ? (piece->fill + alignment - 1) & ~(uint64_t) (alignment - 1) : 0;
    if (EXACT || !piece || at > piece->room || size > piece->room - at) {
        uint64_t room = arena->next ? arena->next : FIRST_PIECE;
        if (arena->spare && arena->spare->room >= size) {
            piece = arena->spare;
            arena->spare = NULL;
        } else if (EXACT || size > room) { /* a piece of its own, so that the next ones need not grow */
            if (!(piece = piece_new (arena->budget, size)))
                return NULL;
        } else {
            if (!(piece = piece_new (arena->budget, room)))
                return NULL;
            arena->next = TN_MIN (piece->room * 2, MOST_PIECE);
        }
        piece->older = arena->piece;
        arena->piece = piece;
        at = 0;
    }
    piece->fill = at + size;
    arena->used += size;
    return piece->bytes + at;
}

void
tn_arena_expect (struct tn_arena *arena, uint64_t bytes)
{
    if (!EXACT && bytes > HUGE_PAGE / 2)
        bytes = TN_MAX (bytes, HUGE_PAGE - sizeof (struct tn_arena_piece));
    arena->next = TN_MAX (arena->next, TN_MIN (bytes, (uint64_t) MOST_PIECE));
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
    return (struct tn_mark){ arena->piece, arena->used, arena->piece ? arena->piece->fill : 0 };
}

void
tn_arena_release (struct tn_arena *arena, struct tn_mark mark)
{
    while (arena->piece != mark.piece) {
        struct tn_arena_piece *piece = arena->piece;
        arena->piece = piece->older;
        /* one piece is kept, so that each member of a container does not map memory anew */
        if (!EXACT && !arena->spare && piece->room < HUGE_PAGE)
            arena->spare = piece;
        else {
            piece_free (arena->budget, piece);
            arena->next /= 2;
        }
    }
    arena->next = TN_MAX (arena->next, (uint64_t) FIRST_PIECE);
    if (arena->piece)
        arena->piece->fill = mark.fill;
    arena->used = mark.used;
}

void
tn_arena_free (struct tn_arena *arena)
{
    while (arena->piece) {
        struct tn_arena_piece *piece = arena->piece;
        arena->piece = piece->older;
        piece_free (arena->budget, piece);
    }
    piece_free (arena->budget, arena->spare);
    memset (arena, 0, sizeof *arena);
}

/* ---- structs that cross the ABI ---- */

bool
tn_copy_other (void *to, uint32_t ours, const void *from, uint32_t theirs, size_t least)
{
    if (theirs < least || theirs < sizeof theirs)
        return false;
    memset (to, 0, ours);
    memcpy (to, from, TN_MIN (theirs, ours));
    memcpy (to, &ours, sizeof ours);
    return true;
}

bool
tn_fill_other (void *to, uint32_t theirs, const void *from, size_t size)
{
    if (theirs <= sizeof theirs)
        return false;
    memcpy ((char *) to + sizeof theirs, (const char *) from + sizeof theirs,
            TN_MIN (theirs, size) - sizeof theirs);
    /* fields that this version does not know become zero */
    if (theirs > size)
        memset ((char *) to + size, 0, theirs - size);
    return true;
}

tenon_status
tn_reply_struct (void *to, const void *from, size_t size)
{
    return tn_fill_struct (to, from, size) ? TENON_OK : TENON_E_MISUSE;
}
