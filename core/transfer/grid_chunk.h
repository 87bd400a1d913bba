/* SPDX-License-Identifier: MIT */
/* grid_chunk.h - one chunk: finds it, reads and decodes it, and puts what a request takes of it where that
 * belongs.
 *
 * What is read of a chunk is a small tensor in memory, with strides of its own; so casts, byte orders and
 * strides of the result are the work of make.c, as for any tensor. */
#ifndef TN_GRID_CHUNK_H
#define TN_GRID_CHUNK_H
#include "transfer/grid_walk.h"
#include "transfer/tile.h"
#include "transfer/transfer.h"

/* What is kept of bytes that were made from nothing: items of chunks that are missing. */
struct tn_made {
    uint64_t most; /* the limit inflated_bytes */
    _Atomic uint64_t bytes;
};

#define TN_FEWER_STEPS 8u

/* One thread's way through the chunks of a request. Zero it, and set the first members. */
struct tn_chunk_reader {
    const struct tn_request *request;
    const struct tn_walk *walk;
    struct tn_worker *workers; /* its own; with `pool` those of all threads */
    struct tn_pool *pool;      /* makes one chunk after the other on all its threads; NULL: on this one */
    struct tn_made *made;      /* NULL: bytes from nothing are not counted, as the caller has room for them */
    uint64_t room;             /* bytes of a chunk that it may hold, stored and decoded */
    /* grid_chunk.c's own */
    struct tn_locator *locator;
    struct tn_request part;                  /* of the request, in the chunk that is being read … */
    uint64_t bytes;                          /* … which has so many bytes, decoded … */
    int64_t to;                              /* … and where the part begins in the result */
    struct tn_source inner, encoded, memory; /* stored bytes in memory; the chunk; its decoded bytes */
    struct tn_decoder outer;                 /* of sources that are encoded themselves */
    uint8_t *stored;                         /* bytes of such a source */
    uint64_t stored_room;
    uint8_t *zeros; /* a fill value */
    struct tn_spooled spooled;
    struct tn_arena arena; /* pipelines that leave out steps */
    struct {
        uint32_t skipped;
        const struct tn_pipeline *pipeline; /* NULL: all steps are left out */
    } fewer[TN_FEWER_STEPS];
    uint32_t fewer_count;
};
void tn_chunk_reader_end (struct tn_chunk_reader *reader);

/* Finds the chunk of a box. At most TN_LOCATED_AT_ONCE that were found are used at once. */
tenon_status tn_chunk_find (struct tn_chunk_reader *reader, const struct tn_walk_box *box,
                            struct tn_chunk *found, tenon_error *error);
/* Puts the items of the box into the result, whose item 0 … 0 is at `to`. */
tenon_status tn_chunk_read (struct tn_chunk_reader *reader, const struct tn_walk_box *box,
                            const struct tn_chunk *found, uint8_t *to, tenon_error *error);
/* The same for a result in a file; the chunk may be larger than the memory. */
tenon_status tn_chunk_write (struct tn_chunk_reader *reader, const struct tn_walk_box *box,
                             const struct tn_chunk *found, const struct tn_place *place, tenon_error *error);
/* Reads and decodes all of the chunk, and compares its checksum. */
/* Counts a chunk that cannot be found or read as one that is missing: an index may state any number of them.
 */
tenon_status tn_chunk_count_bad (struct tn_chunk_reader *reader, tenon_error *error);
tenon_status tn_chunk_verify (struct tn_chunk_reader *reader, const struct tn_walk_box *box,
                              const struct tn_chunk *found, tenon_error *error);
/* Says in a failure which chunk it concerns. `found` NULL: the chunk could not be found. */
void tn_chunk_fail_in (const struct tn_walk *walk, const struct tn_walk_box *box,
                       const struct tn_chunk *found, tenon_error *error);

#endif
