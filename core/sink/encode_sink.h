/* SPDX-License-Identifier: MIT */
/* encode_sink.h - the sink of a member's codec: it sums the bytes, cuts them into blocks and encodes those on
 * all threads. */
#ifndef TN_ENCODE_SINK_H
#define TN_ENCODE_SINK_H
#include "sink/encoder.h"
#include "sink/sink.h"
#include <pthread.h>

struct tn_encode_sink {
    struct tn_sink sink;   /* the member's codec writes to it; first */
    struct tn_sink *outer; /* takes the stored bytes */
    tenon_context *context;
    uint64_t base;              /* position of the member in the outer sink */
    uint32_t check, sum;        /* TENON_CHECK_*, of what was written before */
    struct tn_encoder *encoder; /* NULL: no filter */
    struct tn_meter *meter;     /* asked before each block is encoded; NULL: it cannot be stopped */
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
    bool first, last; /* the round begins the stream, or ends it */
    /* … and under the lock: */
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t written, failed; /* blocks of this round; the first that failed */
    bool writing;
    tenon_error *write_error; /* the failure of writing a block, on any thread */
};

/* Begins a member at the position of `outer`. `check`: TENON_CHECK_*, of its decoded bytes. */
void tn_encode_sink_open (struct tn_encode_sink *sink, tenon_context *context, struct tn_sink *outer,
                          uint32_t check);
/* Puts a filter into the sink. `block_size` is from tn_encoder_block_size, `size` about how many decoded
 * bytes will come. */
void tn_encode_sink_filter (struct tn_encode_sink *sink, struct tn_encoder *encoder, uint64_t block_size,
                            uint64_t size, bool solo, unsigned worker);
/* Ends the member: encodes the bytes that are still held. */
tenon_status tn_encode_sink_finish (struct tn_encode_sink *sink, tenon_error *error);
void tn_encode_sink_close (struct tn_encode_sink *sink);

#endif
