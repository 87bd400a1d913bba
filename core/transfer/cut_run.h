/* SPDX-License-Identifier: MIT */
/* cut_run.h - makes and encodes chunks on all threads, and hands them out. */
#ifndef TN_CUT_RUN_H
#define TN_CUT_RUN_H
#include "sink/encoder.h"
#include "transfer/cut_make.h"

/* So many small chunks are one item of the pool, at most. */
#define TN_CUT_MOST_TOGETHER 64u

/* Chunks that are done, until their turn comes: some small ones, one, or a piece of one. */
struct tn_cut_slot {
    struct tn_slot encoded;                 /* one behind the other */
    const uint8_t *bytes;                   /* where they lie: in `encoded`, or in memory of the source */
    uint64_t lengths[TN_CUT_MOST_TOGETHER]; /* of each; TENON_AUTO: it is left out */
    bool finished;
};

/* What all threads need to make and to encode chunks, kept from tensor to tensor. */
struct tn_cut_tools {
    tenon_context *context;
    struct tn_encoder *encoder;    /* of the pipeline that was used last; NULL: none was */
    struct tn_cut_worker *workers; /* `width` */
    struct tn_cut_slot *slots;     /* `slot_count` */
    struct tn_slot *single;        /* `width`: a small chunk, before it joins the others */
    unsigned width, slot_count;
};
tenon_status tn_cut_tools_new (tenon_context *context, struct tn_cut_tools **tools, tenon_error *error);
/* Makes the encoder that of this pipeline, which outlives the tools. */
tenon_status tn_cut_tools_encode (struct tn_cut_tools *tools, const struct tn_pipeline *pipeline,
                                  tenon_error *error);
void tn_cut_tools_free (struct tn_cut_tools *tools);

/* Where chunks go. They have the numbers of their places in the box, in C order. */
struct tn_cut_taker {
    enum {
        TN_TAKES_IN_ORDER,  /* on any thread, one after the other */
        TN_TAKES_ON_THREAD, /* likewise, on the thread of the call alone */
        TN_TAKES_ANY        /* in any order, many at once */
    } how;
    uint64_t most; /* so many chunks are expected at a time, at most */
    /* Chunks first … first + count - 1 come next. On the thread of the call. NULL: nothing is to be done. */
    tenon_status (*expect) (void *user, uint64_t first, uint64_t count, tenon_error *error);
    /* Takes a chunk, or the next piece of one. `length` TENON_AUTO: it is left out. `last`: the chunk ends
     * with it; always so with TN_TAKES_ANY. */
    tenon_status (*take) (void *user, uint64_t chunk, const uint8_t *bytes, uint64_t length, bool last,
                          tenon_error *error);
    void *user;
};

/* A box of chunks of a tensor, and how it is carried out. */
struct tn_cut_job {
    const struct tn_cut_shape *shape;
    const uint64_t *first, *count; /* the box: `rank` numbers of chunks */
    bool encodes;                  /* with the encoder of the tools */
    bool skips_fill;
    bool copies; /* chunks are stored as they shall be written */
    struct tn_cut_pieces pieces;
    uint64_t together;  /* chunks that are one item of the pool; 1 if they are cut into pieces */
    unsigned in_flight; /* items that are made, or wait for their turn, at a time */
    struct tn_cut_tools *tools;
    const struct tn_cut_taker *taker;
    struct tn_meter *meter;
};
/* Where chunk `number` of the box is. */
void tn_cut_find_chunk (const struct tn_cut_job *job, uint64_t number, uint64_t *chunk);
/* Makes the chunks first … first + count - 1 of the box, whose items are all in the view. */
tenon_status tn_cut_run (const struct tn_cut_job *job, const struct tn_cut_view *view, uint64_t first,
                         uint64_t count, tenon_error *error);

#endif
