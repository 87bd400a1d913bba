/* SPDX-License-Identifier: MIT */
/* source.h - where bytes are read: files, memory, callbacks, and parts of other sources, decoded by a
 * filter or not.
 *
 * After an open is done a source does not change; any thread may read it. What decoding needs to remember
 * is in a stream. */
#ifndef TN_SOURCE_H
#define TN_SOURCE_H
#include "context/context.h"
#include <pthread.h>
#include <stdatomic.h>

enum tn_source_kind { TN_SOURCE_FD, TN_SOURCE_MEMORY, TN_SOURCE_READER, TN_SOURCE_PART };

struct tn_source {
    enum tn_source_kind kind;
    uint32_t number;  /* in its catalog */
    uint32_t depth;   /* sources that it lies in */
    uint64_t size;    /* bytes, decoded */
    bool encoded;     /* a filter lies between it and its root */
    const char *name; /* bare, not empty only if there is one; as long as name_length, then NUL */
    uint64_t name_length;
    char *path; /* as it was opened; parts: "PATH: member 'KEY'", made when needed. NULL: none */

    int fd;                         /* FD */
    bool may_map;                   /* FD */
    _Atomic (const uint8_t *) base; /* MEMORY; FD: the mapping, once somebody asked for it */
    pthread_mutex_t lock;           /* for making the mapping */
    tenon_reader reader;            /* READER */
    bool in_order;                  /* READER: called from one thread, at rising offsets, each byte once */

    /* PART */
    struct tn_source *parent; /* in which it lies */
    struct tn_source *backing; /* the next source outward, itself counted, that is a root or has a filter … */
    uint64_t backing_offset;   /* … and where this one begins there */
    uint64_t offset, stored;   /* in the parent */
    uint64_t lead;             /* bytes before offset that are its own */
    const struct tn_filter *filter;
    uint64_t block_size, block_count;
    const uint64_t *block_ends;
    atomic_bool blocks_are_wrong; /* found while decoding: take it as one stream from now on */
    uint32_t check;
    uint32_t check_value;
    bool check_mapped;       /* compare before mapping … */
    atomic_bool map_is_good; /* … which was done */

    /* for validate.c: ranges that were described in it, in rising order so far? */
    uint64_t running_end;
    bool unordered;
};

/* Opens a regular file or block device. */
tenon_status tn_source_open (const char *path, bool may_map, struct tn_source **source, tenon_error *error);
/* Takes over fd, also on failure. `name` may be NULL. */
tenon_status tn_source_open_fd (int fd, const char *name, bool may_map, struct tn_source **source,
                                tenon_error *error);
tenon_status tn_source_memory (const void *data, uint64_t size, const char *name, struct tn_source **source,
                               tenon_error *error);
/* Takes over the reader, also on failure. */
tenon_status tn_source_reader (const tenon_reader *reader, const char *name, struct tn_source **source,
                               tenon_error *error);
/* Makes an in-order reader a file: `fd` holds its bytes and is taken over; the reader is closed. */
void tn_source_reader_to_fd (struct tn_source *source, int fd);
/* Checked by the caller: offset and stored lie inside the parent. Copies the block ends and the name, into
 * the arena, in which the part itself lies, too: there may be a million. */
tenon_status tn_source_part (struct tn_arena *arena, struct tn_source *parent, const struct tenon_part *part,
                             const struct tn_filter *filter, struct tn_source **source, tenon_error *error);
/* A part goes with its arena: nothing is done. */
void tn_source_free (struct tn_source *source);

/* Hands every name in a folder, in any order, to `each`, with the folder's descriptor, until it fails. */
typedef tenon_status tn_each_name (void *user, int folder, const char *name, tenon_error *error);
tenon_status tn_source_list (const char *path, tn_each_name *each, void *user, tenon_error *error);

/* dup, closed on exec. */
int tn_duplicate (int fd);
/* A descriptor of an unlinked file in $TMPDIR or /tmp; -1: errno says why. */
int tn_temporary_file (void);

/* The file, memory or reader that it lies in. */
struct tn_source *tn_source_root (struct tn_source *source);
/* Reads from a source without a filter on the way (its hard source is a root). Exactly `length` bytes. */
tenon_status tn_source_read (struct tn_source *source, uint64_t offset, void *to, uint64_t length,
                             tenon_error *error);
/* All of a root in memory: its base or a mapping. NULL: not possible, `why` says it. */
const uint8_t *tn_source_map (struct tn_source *source, const char **why);
/* Sets the error's file and, for parts, says which member it is. */
void tn_source_fail_in (const struct tn_source *source, tenon_error *error);
/* A range of tensor data, or a part with its lead, was described in it. */
void tn_source_note_range (struct tn_source *source, uint64_t begin, uint64_t length);
/* TENON_E_CHECKSUM when the source has a checksum, and this sum of all its bytes is another one. */
tenon_status tn_source_compare (const struct tn_source *source, uint32_t sum, tenon_error *error);

#endif
