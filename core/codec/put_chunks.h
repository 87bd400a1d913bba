/* SPDX-License-Identifier: MIT */
/* put_chunks.h - where the chunks of put_grid go: into the open entry or file, one behind the other, or into
 * an entry of its own each. */
#ifndef TN_PUT_CHUNKS_H
#define TN_PUT_CHUNKS_H
#include "codec/call.h"
#include "codec/write.h"
#include "transfer/cut.h"

/* A tensor that has got some of its chunks. */
struct tn_chunked {
    struct tn_chunked *next;
    uint64_t index; /* in the plan */
    struct tn_cut cut;
    uint64_t total, done; /* chunks */
    uint8_t *bits;        /* of each chunk: it was put; NULL: none was, or all were */
    bool counts;          /* its cast changes values, which are counted */
    uint64_t *grid;       /* `rank` numbers of chunks */
    uint64_t dims[];      /* the shape of a chunk, and the grid */
};

/* What the calls of put_grid in one run of write share. */
struct tn_chunks {
    struct tn_chunked *tensors;
    uint8_t *complete; /* a bit for each tensor of the writer: it got all of its chunks */
    struct tn_cut_tools *tools;
    const struct tn_pipeline *pipeline; /* of the last call; NULL: chunks are stored as they are */
    bool busy;                          /* a call runs */
};

/* True if the tensor is stored in its file as the job writes it: the same grid, dtype, layout, fill
 * value and filters, whatever their levels. */
bool tn_chunks_are_same (const struct tn_origin *origin, const struct tn_cut_job *job,
                         const struct tn_pipeline *pipeline, uint32_t layout);
/* When write returns: TENON_E_MISUSE if a tensor got some of its chunks only. */
tenon_status tn_chunks_check (const struct tn_call *call);

/* A call of put_grid. */
struct tn_put_chunks {
    struct tn_call *call;
    const struct tenon_grid_put *put;
    struct tn_cut_job *job;
    uint64_t count;               /* chunks in the box */
    uint64_t begin;               /* position of the chunk that is written, … */
    bool open;                    /* … of which a piece was written */
    struct tn_chunk_files *files; /* of a folder, whose threads write files themselves; else NULL */
};
/* Chooses how chunks are taken. tn_put_chunks_end frees what that needs. */
tenon_status tn_put_chunks_begin (struct tn_put_chunks *chunks, struct tn_cut_taker *taker);
void tn_put_chunks_end (struct tn_put_chunks *chunks);
/* Counts the chunks of a run that makes no bytes. */
tenon_status tn_put_chunks_count (struct tn_put_chunks *chunks, const struct tn_cut_taker *taker);

#endif
