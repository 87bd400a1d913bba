/* SPDX-License-Identifier: MIT */
/* base.h - included by every file of the core: failures, reports, allocation, small arithmetic. */
#ifndef TN_BASE_H
#define TN_BASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>
#include <tenon/types.h>

#define TN_NO_OFFSET UINT64_MAX
#define TN_PRINTF(text, first) __attribute__ ((format (printf, text, first)))
/* Keeps the arrays and errors of a function out of the frame of its caller: frames are small, see
 * FRAME_CFLAGS in configure.ac. */
#define TN_OWN_FRAME __attribute__ ((noinline))
#define TN_COUNT(array) (sizeof (array) / sizeof (array)[0])
#define TN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TN_MAX(a, b) ((a) > (b) ? (a) : (b))
#define TN_TRY(expression)                                                                                   \
    do {                                                                                                     \
        tenon_status tn_status_ = (expression);                                                              \
        if (tn_status_ < 0)                                                                                  \
            return tn_status_;                                                                               \
    } while (0)

/* The size of a struct up to a field: that of a first version, whose last field this was. The least size that
 * is taken from outside is never sizeof, which grows. */
#define TN_UP_TO(type, field) (offsetof (type, field) + sizeof (((type *) NULL)->field))

/* Frees a pointer at the end of its scope: TN_FREE char *text = … */
void tn_free_pointer (void *pointer);
#define TN_FREE __attribute__ ((cleanup (tn_free_pointer)))

/* True if the product, or sum, does not fit. */
#define tn_multiply(a, b, result) __builtin_mul_overflow (a, b, result)
#define tn_add(a, b, result) __builtin_add_overflow (a, b, result)

/* ---- failures (error.c) ---- */

/* Inside the core `error` is never NULL. The first failure is kept: recording another changes nothing and
 * returns the status of the first. tn_fail_in sets `file` and `tensor`, which tn_error_out puts before the
 * message. */
TN_PRINTF (4, 5)
tenon_status tn_fail_text (tenon_error *error, tenon_status status, uint64_t offset, const char *format, ...);
/* No failure yet. Cheaper than TENON_ERROR_INIT, which fills 2 kB with zeros. */
void tn_error_clear (tenon_error *error);
/* Lets the compiler see that the status of a failure is negative. */
static inline tenon_status
tn_negative (tenon_status status)
{
    return status < 0 ? status : TENON_E_MISUSE;
}
#define tn_fail(error, status, offset, ...) tn_negative (tn_fail_text (error, status, offset, __VA_ARGS__))
#define tn_fail_memory(error) tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET, "out of memory")
/* TENON_E_IO (for ENOMEM TENON_E_MEMORY, for EEXIST TENON_E_EXISTS) with "WHAT: TEXT OF number", and the
 * number. tn_fail_open is for opening a path: ENOENT and ENOTDIR are TENON_E_NOT_FOUND. */
tenon_status tn_fail_errno (tenon_error *error, int number, const char *what, const char *path);
tenon_status tn_fail_open (tenon_error *error, int number, const char *what, const char *path);
/* Adds advice to a failure that was just recorded: what helps, one line, in the words of the API and of the
 * ini file, never in those of the command. The first advice is kept; without a failure nothing happens.
 * Returns the status: return tn_advise (error, …), after tn_fail (error, …). */
TN_PRINTF (2, 3)
tenon_status tn_advise (tenon_error *error, const char *format, ...);
/* True if a pointer that a public function needs was given; else TENON_E_MISUSE, with the names of both. */
#define TN_GIVEN(error, pointer, name) TN_GIVEN_TO (__func__, error, pointer, name)
#define TN_GIVEN_TO(function, error, pointer, name) ((pointer) || tn_fail_null (error, function, name))
bool tn_fail_null (tenon_error *error, const char *function, const char *argument);
/* Sets the file and the tensor of a failure, each unless it is set already. NULL: leaves it. */
void tn_fail_in (tenon_error *error, const char *file, const char *tensor);
/* Hands a failure to the application: copies as much as its struct has room for, and returns the status. `to`
 * may be NULL. */
tenon_status tn_error_out (tenon_error *to, const tenon_error *from);
/* True for code points that a terminal does not show as a letter or a space: controls, ends of lines, marks
 * that change the direction of writing, and others without width. tools/text.c has the same list. */
bool tn_is_hidden (uint32_t point);
/* Copies a name, or another text that a file or a user chose, as far as there is room, and adds NUL. Bytes
 * that are no UTF-8, and those of hidden code points, become \xNN, \n, \t or \r, and a backslash becomes two:
 * so the text can be told from any other. Do it once. */
void tn_escape (char *to, size_t room, const char *text, size_t length);
/* The same for a whole message, whose names are escaped already: backslashes stay. */
void tn_escape_message (char *to, size_t room, const char *text);
/* tn_escape for an argument of a message; it lives as long as the block. */
const char *tn_show (char *to, size_t room, const char *text, size_t length);
#define TN_SHOW_SOME(text, length) tn_show ((char[256]){ 0 }, 256, text, length)
#define TN_SHOW(text) TN_SHOW_SOME (text, strlen (text))
/* True if the text is valid UTF-8 without NUL. */
bool tn_utf8 (const char *text, uint64_t length);

/* ---- allocation helpers, arenas, and structs that cross the ABI (memory.c) ---- */

/* Makes room for one more item in an array of `count`. False: no memory. */
bool tn_grow (void *array_pointer, uint64_t *room, uint64_t count, size_t item);
/* The same for an array whose room is drawn from a budget. False: no memory, or refused. */
struct tn_budget;
bool tn_grow_within (struct tn_budget *budget, void *array_pointer, uint64_t *room, uint64_t count,
                     size_t item);
char *tn_strndup (const char *text, size_t length);
/* Concatenates its arguments, which end with NULL. The caller frees the result; NULL: no memory. */
char *tn_concat (const char *first, ...) __attribute__ ((sentinel));
/* Adds a word to words separated by blanks. `text`: the caller frees it; NULL: none yet. False: no memory. */
bool tn_add_word (char **text, const char *word);
/* Like asprintf. */
TN_PRINTF (1, 2) char *tn_format (const char *format, ...);

/* Memory that free releases: from 2 MiB on in huge pages, where the system has them. NULL: no memory. */
void *tn_get_large (uint64_t size, bool zeroed);

/* Allocations that are freed all at once, or back to a mark. */
struct tn_arena_piece;
struct tn_arena {
    struct tn_arena_piece *piece; /* the newest; it links to the older ones */
    uint64_t used;                /* bytes handed out and not released */
    uint64_t next;                /* size of the next piece, unless one allocation needs more */
    struct tn_arena_piece *spare; /* released, and kept to be reused */
    struct tn_budget *budget;     /* from which pieces are drawn; NULL: none */
};
struct tn_mark {
    struct tn_arena_piece *piece;
    uint64_t used, fill;
};

/* Memory aligned to 16 bytes. NULL: no memory. */
void *tn_arena_get (struct tn_arena *arena, uint64_t size, bool zeroed);
/* A copy of `length` bytes and a NUL, not aligned, so that names lie close together. NULL: no memory. */
char *tn_arena_text (struct tn_arena *arena, const char *text, uint64_t length);
/* Pieces get large enough for so many bytes, an estimate. */
void tn_arena_expect (struct tn_arena *arena, uint64_t bytes);
/* tn_arena_release frees all that was allocated after the mark. */
struct tn_mark tn_arena_mark (const struct tn_arena *arena);
void tn_arena_release (struct tn_arena *arena, struct tn_mark mark);
void tn_arena_free (struct tn_arena *arena);

/* The two below, where the struct is of another version, or none. They are inline: services are called for
 * each of a million tensors. */
bool tn_copy_other (void *to, uint32_t ours, const void *from, uint32_t theirs, size_t least);
bool tn_fill_other (void *to, uint32_t theirs, const void *from, size_t size);
/* Copies a struct that comes from outside, of whatever version: min (its struct_size, size) bytes, the rest
 * is zero, struct_size becomes `size`. False: its struct_size is below `least`, or it is NULL. */
static inline bool
tn_copy_struct (void *to, size_t size, const void *from, size_t least)
{
    uint32_t theirs = 0;
    if (from)
        memcpy (&theirs, from, sizeof theirs);
    if (theirs != size)
        return tn_copy_other (to, (uint32_t) size, from, theirs, least);
    memcpy (to, from, size);
    return true;
}
/* Fills a caller's struct, whose struct_size is set, from ours. False: the struct is NULL, or its size is
 * not set. */
static inline bool
tn_fill_struct (void *to, const void *from, size_t size)
{
    uint32_t theirs = 0;
    if (to)
        memcpy (&theirs, to, sizeof theirs);
    if (theirs != size)
        return tn_fill_other (to, theirs, from, size);
    memcpy ((char *) to + sizeof theirs, (const char *) from + sizeof theirs, size - sizeof theirs);
    return true;
}
/* The same as an answer to an application: TENON_OK or TENON_E_MISUSE. */
tenon_status tn_reply_struct (void *to, const void *from, size_t size);

#endif
