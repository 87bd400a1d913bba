/* SPDX-License-Identifier: MIT */
/* encode_sink.h - the sink of a member's codec: it sums the bytes, cuts them into blocks and encodes those on
 * all threads. */
#ifndef TN_ENCODE_SINK_H
#define TN_ENCODE_SINK_H
#include "context/context.h"
#include "sink/sink.h"
#include <pthread.h>

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
    const struct tenon_filter *filter;
    int32_t level;
    unsigned width;
    struct tn_encoder_worker *workers; /* width */
    struct tn_slot *slots;             /* slot_count, at least width */
    unsigned slot_count;
};
/* Level -1: the filter's own. */
tenon_status tn_encoder_new (tenon_context *context, const struct tenon_filter *filter, int32_t level,
                             struct tn_encoder **encoder, tenon_error *error);
void tn_encoder_free (struct tn_encoder *encoder);
/* Bytes that a block in flight takes at most: copied, gathered, and encoded. */
uint64_t tn_encoder_block_cost (const struct tn_encoder *encoder, uint64_t block_size);
/* The block size for a member of about `size` decoded bytes; `asked` 0: the filter's choice. TENON_E_LIMIT
 * when a block is larger than `limit`, the memory limit. */
tenon_status tn_encoder_block_size (const struct tn_encoder *encoder, uint64_t asked, uint64_t size,
                                    uint64_t limit, uint64_t *block_size, tenon_error *error);

struct tn_encode_sink {
    struct tn_sink sink;   /* the member's codec writes to it; first */
    struct tn_sink *outer; /* takes the stored bytes */
    tenon_context *context;
    uint64_t base; /* position of the member in the outer sink */
    bool sums;
    uint32_t crc;
    struct tn_encoder *encoder; /* NULL: no filter */
    bool solo;                  /* it runs in an item of the pool, and encodes on that thread alone … */
    unsigned worker;            /* … as this worker; else 0 */
    uint64_t block_size;
    unsigned in_flight;         /* blocks that are encoded, or wait to be written, at a time */
    uint64_t copied, copy_room; /* copied bytes, and the number that starts a round */
    uint64_t held, round_size;  /* all bytes that are held, and the number that starts a round */
    uint64_t segment_count;
    uint64_t *block_ends, block_count, block_room;

    /* a round of encoding: */
    uint64_t blocks;
    bool last; /* the round ends the stream */
    /* … and under the lock: */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t written, failed; /* blocks of this round; the first that failed */
    bool writing;
    tenon_error *write_error; /* the failure of writing a block, on any thread */
};

/* Begins a member at the position of `outer`. `sums`: its decoded bytes get a CRC-32. */
void tn_encode_sink_open (struct tn_encode_sink *sink, tenon_context *context, struct tn_sink *outer,
                          bool sums);
/* Puts a filter into the sink. `block_size` is from tn_encoder_block_size, `size` about how many decoded
 * bytes will come. */
void tn_encode_sink_filter (struct tn_encode_sink *sink, struct tn_encoder *encoder, uint64_t block_size,
                            uint64_t size, bool solo, unsigned worker);
/* Ends the member: encodes the bytes that are still held. */
tenon_status tn_encode_sink_finish (struct tn_encode_sink *sink, tenon_error *error);
void tn_encode_sink_close (struct tn_encode_sink *sink);

#endif
