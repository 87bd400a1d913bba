/* SPDX-License-Identifier: MIT */
/* cut_make.h - makes the decoded bytes of a chunk. */
#ifndef TN_CUT_MAKE_H
#define TN_CUT_MAKE_H
#include "transfer/make.h"

/* How a tensor is cut into chunks. What it points to outlives the cut. */
struct tn_cut_shape {
    uint32_t rank;
    const uint64_t *shape;       /* of the tensor */
    const uint64_t *chunk_shape; /* `rank` dims; a chunk takes less than 2^62 bytes */
    const uint32_t *order;       /* `rank` dims: in which order a chunk stores them, the outermost first */
    uint64_t item;               /* bytes */
    const uint8_t *fill;         /* an item as it is written; NULL: zeros */
    bool clipped;                /* chunks at the end of a dim have the items inside the shape only */
};

/* Items that chunks are made of: all rows of the tensor, or some. */
struct tn_cut_view {
    tenon_context *context;
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor; /* its shape is that of the rows which are here */
    struct tn_source *source;       /* where its bytes are; any of them can be read */
    uint64_t above;                 /* rows before them, in dim 0 */
    uint32_t target, layout;        /* as of tn_request_make */
    struct tn_tally *tally;         /* counts what a cast changes; NULL: nothing does */
};

/* A part of a chunk that is one run of its bytes; usually all of it. */
struct tn_cut_piece {
    uint64_t start[TN_MAX_RANK];  /* its first item, in the tensor */
    uint64_t extent[TN_MAX_RANK]; /* items in each dim; those beyond the shape are fill */
    uint64_t size;                /* bytes; 0: a clipped chunk ends before it */
    uint64_t inside;              /* bytes of the items inside of the shape */
};

/* What one thread keeps from chunk to chunk. Zeroed at first. */
struct tn_cut_worker {
    struct tn_worker worker;
    struct tn_cut_piece piece;
    struct tn_request request;
    struct tn_view_box box;
    int64_t to[TN_MAX_RANK];
    uint64_t count[TN_MAX_RANK];
    uint8_t *made; /* a decoded chunk, before it is encoded */
    uint64_t room;
    struct tn_locator *locator; /* of a tensor whose chunks are copied; NULL: none yet … */
    struct tn_catalog *located; /* … of this catalog */
};
void tn_cut_worker_free (struct tn_cut_worker *worker);

/* How chunks that are too large for the memory are cut once more: axes before `axis`, in the order of the
 * chunk, are fixed in a piece, that one is cut, those after it are whole. */
struct tn_cut_pieces {
    uint64_t count; /* of each chunk; 1: chunks are not cut */
    uint32_t axis;
    uint64_t rows, per_axis;
};
/* Pieces of about `bytes`. */
void tn_cut_plan_pieces (const struct tn_cut_shape *shape, uint64_t bytes, struct tn_cut_pieces *pieces);
/* Bytes of a piece, at most. */
uint64_t tn_cut_piece_bytes (const struct tn_cut_shape *shape, const struct tn_cut_pieces *pieces);
/* A piece of the chunk at these indices. */
void tn_cut_find_piece (const struct tn_cut_shape *shape, const struct tn_cut_pieces *pieces,
                        const uint64_t *chunk, uint64_t number, struct tn_cut_piece *piece);
/* Makes the piece that the worker has. *bytes becomes `to`, which takes piece.size bytes, or where the bytes
 * lie in memory already. */
tenon_status tn_cut_make (const struct tn_cut_shape *shape, const struct tn_cut_view *view,
                          struct tn_cut_worker *worker, uint8_t *to, const uint8_t **bytes,
                          tenon_error *error);
/* True if all items are fill. */
bool tn_cut_is_fill (const struct tn_cut_shape *shape, const uint8_t *bytes, uint64_t size);

#endif
