/* SPDX-License-Identifier: MIT */
/* cut.h - cuts a tensor into chunks, whatever way its bytes come. */
#ifndef TN_CUT_H
#define TN_CUT_H
#include "transfer/cut_run.h"
#include "transfer/transfer.h"

/* A tensor of which boxes of chunks are made, one after the other. */
struct tn_cut {
    struct tn_cut_shape shape;
    struct tn_request request; /* of all of the tensor */
    struct tn_way way;         /* for TN_BY_CHUNKS, once it was chosen */
    bool way_chosen;
    /* its result in C order, once several boxes, or chunks that are too large, need it */
    struct tn_tensor result;
    uint8_t *bytes;
    struct tn_source memory, *spool;
    bool kept;
};

/* Begins a tensor. `how` is completed: its rank, shape and item are those of the result. */
tenon_status tn_cut_begin (struct tn_cut *cut, struct tn_catalog *catalog, const struct tn_tensor *tensor,
                           uint32_t target, uint32_t layout, tenon_context *context, tenon_error *error);
/* Frees what it holds; a zeroed one is fine. */
void tn_cut_end (struct tn_cut *cut);
/* Finds out how chunks of this shape are made in the memory limit. TENON_E_LIMIT: a chunk that is encoded is
 * too large for it. `job` has its shape and its tools by then. */
tenon_status tn_cut_fit (const struct tn_cut *cut, struct tn_cut_job *job, tenon_error *error);
/* Makes all chunks of a box, in C order unless the taker takes them in any. `all`: the box is the grid. */
tenon_status tn_cut_box (struct tn_cut *cut, const struct tn_cut_job *job, bool all, tenon_error *error);
/* Bytes of chunk `number` of the box, decoded. */
uint64_t tn_cut_chunk_size (const struct tn_cut_job *job, uint64_t number);

#endif
