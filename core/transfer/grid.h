/* SPDX-License-Identifier: MIT */
/* grid.h - reads tensors in chunks: each chunk that a request touches is found, read and decoded once, on all
 * threads, and what the request takes of it is put where it belongs.
 *
 * Tensors that a codec makes, and for which it has stated a shape of boxes, are read in the same way: each
 * box is asked for once. */
#ifndef TN_GRID_TRANSFER_H
#define TN_GRID_TRANSFER_H
#include "transfer/grid_chunk.h"

/* How chunks are read. */
struct tn_grid_how {
    struct tn_pool *pool;      /* NULL: this thread alone */
    struct tn_worker *workers; /* of all threads of the pool */
    uint64_t memory;           /* that all threads may take beside the result */
    struct tn_made *made;      /* as in struct tn_chunk_reader */
    struct tn_meter *meter;    /* NULL: nothing is told */
    bool counts;               /* the meter counts the bytes; else it is only asked whether to go on */
};
/* Memory of a thread beside that of its chunk. */
#define TN_GRID_LEAST ((uint64_t) 1 << 20)

/* Reads a request that goes by items into memory; `to` is item 0 … 0. */
tenon_status tn_grid_read (const struct tn_request *request, const struct tn_grid_how *how, uint8_t *to,
                           tenon_error *error);

/* Failures of chunks, in the order of their numbers; of many only the first ones are kept. */
#define TN_MOST_FINDINGS 256u
struct tn_findings {
    tenon_error *kept[TN_MOST_FINDINGS]; /* tn_findings_free frees them */
    uint64_t numbers[TN_MOST_FINDINGS];
    uint64_t kept_count, count;
};
/* Reads and decodes every chunk of a request, and collects the failures. It fails if it was cancelled, or a
 * limit was met. */
tenon_status tn_grid_verify (const struct tn_request *request, const struct tn_grid_how *how,
                             struct tn_findings *findings, tenon_error *error);
void tn_findings_free (struct tn_findings *findings);

/* ---- in order (grid_order.c) ---- */

/* Hands out the result of a request that goes by items. */
tenon_status tn_grid_stream (const struct tn_request *request, const struct tn_grid_how *how,
                             tn_consumer take, void *user, tenon_error *error);
/* Writes it to its place in a file. */
tenon_status tn_grid_to_file (const struct tn_request *request, const struct tn_grid_how *how,
                              const struct tn_place *place, tenon_error *error);
/* True if a piece of the result that is made in order, with all its chunks, is larger than the memory for
 * it. */
bool tn_grid_scatters (const struct tn_request *request);
/* Reads all items as they are stored, in the order of the result, into memory if they fit in `most` bytes,
 * else into an unlinked temporary file, and points the request there: then it is no longer in chunks.
 * tn_spooled_free is called afterwards in any case. */
tenon_status tn_grid_spool (struct tn_request *request, const struct tn_grid_how *how, uint64_t most,
                            struct tn_spooled *spooled, tenon_error *error);

#endif
