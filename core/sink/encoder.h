/* SPDX-License-Identifier: MIT */
/* encoder.h - a filter's states and buffers for all threads, and how large its blocks are. */
#ifndef TN_ENCODER_H
#define TN_ENCODER_H
#include "context/pipeline.h"

/* An encoded block, until its turn to be written. */
struct tn_slot {
    uint8_t *bytes;
    uint64_t room, length;
    uint32_t sum; /* of the decoded bytes */
    bool finished;
};

/* A run of decoded bytes that the sink holds: copied, or fetched when they are encoded. */
struct tn_segment {
    uint64_t begin, length; /* among all bytes that are held */
    const uint8_t *memory;  /* lent memory; NULL: they are in a file or copied */
    int fd;                 /* of the file; -1: they are copied */
    uint64_t offset;        /* in the file, or in the copied bytes */
    const char *subject;    /* the name of their tensor, for messages; NULL: none */
    const char *from;       /* the file that the descriptor is of, likewise */
};

/* What a thread keeps from block to block, and from member to member. */
struct tn_encoder_worker {
    void *states[TN_MOST_STEPS]; /* of each step; NULL: not yet */
    uint8_t *gathered, *copied, *between[2];
    uint64_t gathered_room, copied_room, between_room[2];
    struct tn_segment *segments;
    uint64_t segment_room;
};

/* A filter's states and buffers for all threads, kept from member to member. */
struct tn_encoder {
    const struct tn_pipeline *pipeline;
    unsigned width;
    struct tn_encoder_worker *workers; /* width */
    struct tn_slot *slots;             /* slot_count, at least width */
    unsigned slot_count;
};
/* The pipeline outlives it. */
tenon_status tn_encoder_new (tenon_context *context, const struct tn_pipeline *pipeline,
                             struct tn_encoder **encoder, tenon_error *error);
void tn_encoder_free (struct tn_encoder *encoder);
/* The most bytes of an encoded block. */
uint64_t tn_encoder_bound (const struct tn_encoder *encoder, uint64_t size);
/* A buffer of at least `size` bytes, whose contents are lost. False: no memory. */
bool tn_need_buffer (uint8_t **buffer, uint64_t *room, uint64_t size);
/* Encodes a block on the thread of this worker, into a slot. `marks`: TENON_FILTER_FIRST, LAST. */
tenon_status tn_encoder_encode (const struct tn_encoder *encoder, struct tn_encoder_worker *worker,
                                uint32_t marks, const uint8_t *bytes, uint64_t size, struct tn_slot *slot,
                                tenon_error *error);
/* Bytes that a block in flight takes at most: copied, gathered, and encoded. */
uint64_t tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size);
/* The block size for a member of about `size` decoded bytes; `asked` 0: the filter's choice. TN_ONE_BLOCK if
 * blocks of the filter cannot be joined: the whole member is one. TENON_E_LIMIT when a block is larger than
 * `limit`, the memory limit. */
#define TN_ONE_BLOCK ((uint64_t) 1 << 62)
tenon_status tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t asked, uint64_t size,
                                    uint64_t limit, uint64_t *block_size, tenon_error *error);

#endif
