/* SPDX-License-Identifier: MIT */
/* encode_sink.h - the sink that the codec of a member writes into: it sums up, cuts into blocks, and encodes
 * them on all threads. */
#ifndef TN_ENCODE_SINK_H
#define TN_ENCODE_SINK_H
#include "context/context.h"
#include "sink/sink.h"
#include <pthread.h>

/* What comes of encoding a block, until it is its turn to be written. */
struct tn_slot {
    uint8_t *bytes;
    uint64_t room, length;
    uint32_t crc;
    bool finished;
};

/* Decoded bytes that are not encoded yet: copied ones, or ones that are fetched when they are. */
struct tn_segment {
    uint64_t begin, length; /* among all that a stage holds */
    const uint8_t *memory;  /* where they lie until the save is done; NULL: not in memory of others */
    int fd;                 /* or in which file; -1: they were copied */
    uint64_t offset;        /* in that file, or among the copied ones */
    const char *subject;    /* the tensor that they are of; NULL: of none */
};

/* What a thread keeps from block to block. */
struct tn_encoder_worker {
    void *state;
    uint8_t *gathered, *copied;
    uint64_t gathered_room, copied_room;
    struct tn_segment *segments;
    uint64_t segment_room;
};

/* A filter's states and buffers, kept from member to member. */
struct tn_encoder {
    const struct tenon_filter *filter;
    int32_t level;
    unsigned width;
    struct tn_encoder_worker *workers; /* width */
    struct tn_slot *slots;             /* slot_count, at least width */
    unsigned slot_count;
};
/* level -1: the filter's own. */
tenon_status tn_encoder_new (tenon_context *context, const struct tenon_filter *filter, int32_t level,
                             struct tn_encoder **encoder, tenon_error *error);
void tn_encoder_free (struct tn_encoder *encoder);
/* Bytes that a block in flight takes: copied or gathered, both in the worst case, and encoded. */
uint64_t tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size);
/* The block size for a member of about `size` decoded bytes; `wanted` 0: the filter's choice. TENON_E_LIMIT:
 * blocks that are larger than `limit`, the memory that may be used. */
tenon_status tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t wanted, uint64_t size,
                                    uint64_t limit, uint64_t *block_size, tenon_error *error);

struct tn_encode_sink {
    struct tn_sink sink; /* what the inner codec writes to */
    struct tn_sink *outer;
    tenon_context *context;
    uint64_t base; /* position of the member in the outer sink */
    bool sums;
    uint32_t crc;
    struct tn_encoder *encoder; /* NULL: no filter */
    bool solo;                  /* inside an item of the pool: encodes by itself … */
    unsigned worker;            /* … as this worker; else 0 */
    uint64_t block_size;
    unsigned window;       /* blocks in flight */
    uint64_t room, copied; /* of bytes that must be copied: most, and how many there are */
    uint64_t held, most;   /* of all bytes: how many there are, and when it is time to encode */
    uint64_t segment_count;
    uint64_t *block_ends, block_count, block_room;

    /* a round of encoding; under the lock but for the first line */
    uint64_t blocks;
    bool last; /* it ends the stream */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t written, failed; /* blocks of this round; the first that failed */
    bool writing;
    tenon_error *write_error; /* of writing a block, by whichever thread it was */
};

/* The stage of a member that goes to `outer`; encoder NULL: no filter. */
void tn_encode_sink_open (struct tn_encode_sink *stage, tenon_context *context, struct tn_sink *outer,
                          bool sums);
/* Through a filter, in blocks of a size that the encoder agreed to. `size`: about how many decoded bytes are
 * to come. solo: this runs inside an item of the pool, as that worker. */
void tn_encode_sink_filter (struct tn_encode_sink *stage, struct tn_encoder *encoder, uint64_t block_size,
                            uint64_t size, bool solo, unsigned worker);
/* The member ends: what is left is encoded. */
tenon_status tn_encode_sink_finish (struct tn_encode_sink *stage, tenon_error *error);
void tn_encode_sink_close (struct tn_encode_sink *stage);

#endif
