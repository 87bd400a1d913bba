/* SPDX-License-Identifier: MIT */
/* encode_round.h - a round of encoding: the blocks of the bytes that an encode sink holds. */
#ifndef TN_ENCODE_ROUND_H
#define TN_ENCODE_ROUND_H
#include "sink/encode_sink.h"

/* The worker that keeps the segments and copied bytes of the sink. */
static inline struct tn_encoder_worker *
tn_encode_worker (const struct tn_encode_sink *self)
{
    return &self->encoder->workers[self->worker];
}

/* Encodes the first blocks of the bytes that are held, writes them, and drops them. `last`: they end the
 * stream. */
tenon_status tn_encode_round (struct tn_encode_sink *self, uint64_t blocks, bool last, tenon_error *error);

#endif
