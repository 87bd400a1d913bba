/* SPDX-License-Identifier: MIT */
/* source.h - sources of bytes: files, memory, callbacks, and parts of other sources, decoded by a filter or
 * not.
 *
 * When a file has been opened its sources do not change; any thread may read them. The state of decoding is
 * in a decoder. */
#ifndef TN_SOURCE_H
#define TN_SOURCE_H
#include "context/pipeline.h"
#include "isolate/zygote.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum tn_source_kind { TN_SOURCE_FD, TN_SOURCE_MEMORY, TN_SOURCE_READER, TN_SOURCE_PART };

struct tn_keys;

struct tn_source {
    enum tn_source_kind kind;
    uint32_t number;  /* in its catalog */
    uint32_t opened;  /* in the run of describe that added or opened it; 0: none has */
    uint32_t depth;   /* sources that it lies in */
    uint64_t size;    /* bytes, decoded */
    uint32_t encoded; /* filters between it and its root */
    struct {          /* what the bytes say for the codec that was chosen (tn_recognise_contents) */
        bool known;
        uint32_t content;
    } evidence;
    const char *name; /* bare, may be empty; NUL-terminated */
    uint64_t name_length;
    char *path; /* as it was opened; NULL: none, as for parts */

    int fd;                   /* FD; of a pooled one: only between take_fd and give_fd */
    struct tn_pooled *pooled; /* FD: of a set whose files are not all open at once; NULL: it stays open */
    bool may_map;             /* FD */
    uint64_t origin;          /* FD, MEMORY: of which a part is opened: where byte 0 lies in the whole */
    bool is_cut;              /* … and it is one */
    bool is_folder;           /* a root without bytes: a folder, whose files are those of a store */
    _Atomic (const uint8_t *) base; /* MEMORY; FD: the mapping, or NULL before the first tn_source_map */
    pthread_mutex_t lock;           /* held while the mapping is made */
    struct tn_mapping *mapping;     /* FD: to which the base belongs (mapping.h); NULL: none yet */
    tenon_reader reader;            /* READER */
    bool in_order;                  /* READER: called from one thread, at rising offsets, each byte once */
    bool callers_thread;            /* a READER that the thread of each call reads alone, or a part of one */
    struct tn_child *child;         /* a root: the isolated process that describes it; NULL: none */
    struct tn_keys *keys;           /* while it is described: the store in it; NULL: none */
    const char *const *unopened;    /* an archive: the keys that its keyed codec did not open, in order … */
    uint64_t unopened_count;        /* … and their number */
    struct tn_apart *apart;         /* a root: where third-party filters decode what lies in it; NULL: here */

    /* PART */
    struct tn_source *parent; /* in which it lies */
    struct tn_source *inside; /* in which its stored bytes are read: the parent, or that unpacked */
    /* the next source outward, itself counted, that is a root, or unpacked, or has a filter … */
    struct tn_source *backing;
    uint64_t backing_offset;            /* … and where this one begins there */
    uint64_t offset, stored;            /* in the parent */
    uint64_t lead;                      /* bytes before offset that are its own */
    const struct tn_pipeline *pipeline; /* that it was encoded by; NULL: it is stored as it is */
    uint64_t block_size, block_count;
    const uint64_t *block_ends;
    /* so many blocks from the first are known to be the stream's: each decoded, from where the one before it
     * ended, to all of its bytes (tn_note_blocks) */
    _Atomic uint64_t blocks_proven;
    atomic_bool blocks_are_wrong; /* found while decoding: it can only be read in order from then on */
    _Atomic (struct tn_source *)
        unpacked;             /* the same bytes, decoded once for all (unpack.h); NULL: not yet */
    _Atomic uint64_t decoded; /* so many bytes were decoded for small reads, over and over */
    uint32_t check;
    uint32_t check_value;
    bool check_mapped;        /* compare it before mapping */
    atomic_bool sum_is_good;  /* it has been compared … */
    atomic_bool sum_is_wrong; /* … and this was found */
    uint64_t expanded;        /* a root: bytes of tensors in it that no range holds */
    uint64_t tensor_bytes;    /* of all tensors in it, and in the parts in it */
    _Atomic uint64_t asked;   /* so many bytes of it were read (tn_scan_account) */

    /* for checking overlaps (tn_source_note_range): the end of the last range, and whether a range began
     * before it */
    uint64_t running_end;
    bool unordered;
};

/* Opens a regular file or block device. */
tenon_status tn_source_open (const char *path, bool may_map, struct tn_source **source, tenon_error *error);
/* Takes over fd, also on failure. `name` may be NULL. */
tenon_status tn_source_open_fd (int fd, const char *name, bool may_map, struct tn_source **source,
                                tenon_error *error);
/* A root of known size: the file that `fd`, which is taken over, stands for; -1: a reader without functions.
 * `path` may be NULL. */
tenon_status tn_source_given (int fd, uint64_t size, const char *name, const char *path,
                              struct tn_source **source, tenon_error *error);
tenon_status tn_source_memory (const void *data, uint64_t size, const char *name, struct tn_source **source,
                               tenon_error *error);
/* Takes over the reader, also on failure. */
tenon_status tn_source_reader (const tenon_reader *reader, const char *name, struct tn_source **source,
                               tenon_error *error);
/* Makes a file or memory that was just opened that part of itself; `length` 0: to its end. Its reads count
 * from `offset`. TENON_E_TRUNCATED: it has no such part. */
tenon_status tn_source_cut (struct tn_source *source, uint64_t offset, uint64_t length, tenon_error *error);
/* Makes an in-order reader a file: `fd` holds its bytes and is taken over; the reader is closed. */
void tn_source_reader_to_fd (struct tn_source *source, int fd);
/* The caller has checked that offset and stored lie inside the parent. The part lies in the arena, with
 * copies of the block ends and the name: there may be a million. `name`: the copy of the name that the caller
 * has made in the arena; NULL: none. */
tenon_status tn_source_part (struct tn_arena *arena, struct tn_source *parent, const struct tenon_part *part,
                             const char *name, const struct tn_pipeline *pipeline, struct tn_source **source,
                             tenon_error *error);
/* Does nothing to a part, which its arena frees. */
void tn_source_free (struct tn_source *source);

/* Hands every name in a folder, in any order, to `each`, with the folder's descriptor, until it fails. */
typedef tenon_status tn_each_name (void *user, int folder, const char *name, tenon_error *error);
tenon_status tn_source_list (const char *path, tn_each_name *each, void *user, tenon_error *error);

/* dup, with the new descriptor closed on exec. */
int tn_duplicate (int fd);

/* True if reading it takes a decoder. */
static inline bool
tn_needs_decoder (const struct tn_source *source)
{
    return source->backing->kind == TN_SOURCE_PART;
}

/* The source that its bytes are to be read from: itself, or itself unpacked. */
static inline struct tn_source *
tn_source_plain (struct tn_source *source)
{
    struct tn_source *unpacked =
        source->pipeline ? atomic_load_explicit (&source->unpacked, memory_order_acquire) : NULL;
    return unpacked ? unpacked : source;
}

/* The pool whose threads may read a source; NULL: only this thread may. */
static inline struct tn_pool *
tn_source_pool (const tenon_context *context, const struct tn_source *source)
{
    return source->callers_thread ? NULL : context->pool;
}

/* The pipeline that is nearest to an encoded source, in words. */
const char *tn_source_filter (const struct tn_source *source);
/* The file, memory or reader that it lies in. */
struct tn_source *tn_source_root (struct tn_source *source);
/* Reads exactly `length` bytes of a source that is not encoded. */
tenon_status tn_source_read (struct tn_source *source, uint64_t offset, void *to, uint64_t length,
                             tenon_error *error);
/* The address of a root's byte 0 in memory: of the program, or of a mapping. NULL: `why` says why not. */
const uint8_t *tn_source_map (struct tn_source *source, const char **why);
/* The descriptor of a file, which stays open until it is given back; -1: the failure is recorded. */
int tn_source_take_fd (struct tn_source *source, tenon_error *error);
void tn_source_give_fd (struct tn_source *source);
/* What fstat said of the file when it was opened. False: the source is no file. */
bool tn_source_identity (const struct tn_source *source, struct stat *identity);
/* Sets the error's file and, for parts, says which member it is. */
void tn_source_fail_in (const struct tn_source *source, tenon_error *error);
/* Counts the bytes of a tensor in a part, and in all that it lies in. */
void tn_source_note_tensor (struct tn_source *source, uint64_t bytes);
/* Notes that a range of tensor data, or a part with its lead, was described in a source. */
void tn_source_note_range (struct tn_source *source, uint64_t begin, uint64_t length);
/* TENON_E_CHECKSUM if the source has a checksum other than `sum`, which is that of all its bytes. */
tenon_status tn_source_compare (struct tn_source *source, uint32_t sum, tenon_error *error);

#endif
