/* SPDX-License-Identifier: MIT */
/* with_zlib.h - the functions of raw.c that use zlib. */
#ifndef DEFLATE_ZLIB_H
#define DEFLATE_ZLIB_H
#include "filter.h"

/* An encoder makes one block of `size` bytes, with no history before it. `last`: the block ends the stream;
 * else it ends in a full flush. The result is its length, DEFLATE_NO_ROOM, or TENON_E_*.
 * deflate_zlib_encoder_new returns NULL when there is no memory. */
struct deflate_zlib_encoder;
struct deflate_zlib_encoder *deflate_zlib_encoder_new (int level); /* 1 … 9 */
void deflate_zlib_encoder_free (struct deflate_zlib_encoder *encoder);
int64_t deflate_zlib_encode (struct deflate_zlib_encoder *encoder, bool last, const void *from, uint64_t size,
                             void *to, uint64_t room);

/* A decoder works in steps, as the filter does. A step returns 1 at the stream's end, else 0 or TENON_E_*. */
struct deflate_zlib_decoder;
struct deflate_zlib_decoder *deflate_zlib_decoder_new (void);
void deflate_zlib_decoder_free (struct deflate_zlib_decoder *decoder);
void deflate_zlib_reset (struct deflate_zlib_decoder *decoder);
int32_t deflate_zlib_step (struct deflate_zlib_decoder *decoder, const void *from, uint64_t stored,
                           uint64_t *taken, void *to, uint64_t room, uint64_t *made);
/* True if the bytes taken so far are whole deflate blocks, none of them final, up to the last bit. */
bool deflate_zlib_at_boundary (const struct deflate_zlib_decoder *decoder);

#endif
