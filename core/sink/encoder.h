/* SPDX-License-Identifier: MIT */
/* encoder.h - a filter's states and buffers for all threads, and how large its blocks are. */
#ifndef TN_ENCODER_H
#define TN_ENCODER_H
#include "context/context.h"

/* An encoded block, until its turn to be written. */
struct tn_slot {
    uint8_t *bytes;
    uint64_t room, length;
    uint32_t crc;
    bool finished;
};

/* A run of decoded bytes that the sink holds: copied, or fetched when they are encoded. */
struct tn_segment {
    uint64_t begin, length; /* among all bytes that are held */
    const uint8_t *memory;  /* lent memory; NULL: they are in a file or copied */
    int fd;                 /* of the file; -1: they are copied */
    uint64_t offset;        /* in the file, or in the copied bytes */
    const char *subject;    /* the name of their tensor, for messages; NULL: none */
};

/* What a thread keeps from block to block, and from member to member. */
struct tn_encoder_worker {
    void *state;
    uint8_t *gathered, *copied;
    uint64_t gathered_room, copied_room;
    struct tn_segment *segments;
    uint64_t segment_room;
};

/* A filter's states and buffers for all threads, kept from member to member. */
struct tn_encoder {
    const struct tn_filter *filter;
    struct tenon_coding coding;
    unsigned width;
    struct tn_encoder_worker *workers; /* width */
    struct tn_slot *slots;             /* slot_count, at least width */
    unsigned slot_count;
};
/* Level -1: the filter's own. */
tenon_status tn_encoder_new (tenon_context *context, const struct tn_filter *filter, int32_t level,
                             struct tn_encoder **encoder, tenon_error *error);
void tn_encoder_free (struct tn_encoder *encoder);
/* The most bytes of an encoded block. */
uint64_t tn_encoder_bound (const struct tn_encoder *encoder, uint64_t size);
/* Bytes that a block in flight takes at most: copied, gathered, and encoded. */
uint64_t tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size);
/* The block size for a member of about `size` decoded bytes; `asked` 0: the filter's choice. TN_ONE_BLOCK if
 * blocks of the filter cannot be joined: the whole member is one. TENON_E_LIMIT when a block is larger than
 * `limit`, the memory limit. */
#define TN_ONE_BLOCK ((uint64_t) 1 << 62)
tenon_status tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t asked, uint64_t size,
                                    uint64_t limit, uint64_t *block_size, tenon_error *error);

#endif
