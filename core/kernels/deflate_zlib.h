/* SPDX-License-Identifier: MIT */
/* deflate_zlib.h - the functions of deflate.c that use zlib. */
#ifndef TN_DEFLATE_ZLIB_H
#define TN_DEFLATE_ZLIB_H
#include "base/base.h"

/* An encoder makes one block of `size` bytes, with no history before it. `last`: the block ends the stream;
 * else it ends in a full flush. The result is its length, TN_DEFLATE_NO_ROOM, or TENON_E_*.
 * tn_zlib_encoder_new returns NULL when there is no memory. */
struct tn_zlib_encoder;
struct tn_zlib_encoder *tn_zlib_encoder_new (int level); /* 1 … 9 */
void tn_zlib_encoder_free (struct tn_zlib_encoder *encoder);
int64_t tn_zlib_encode (struct tn_zlib_encoder *encoder, bool last, const void *from, uint64_t size, void *to,
                        uint64_t room);

/* A decoder works in steps, as the filter does. A step returns 1 at the stream's end, else 0 or TENON_E_*. */
struct tn_zlib_decoder;
struct tn_zlib_decoder *tn_zlib_decoder_new (void);
void tn_zlib_decoder_free (struct tn_zlib_decoder *decoder);
void tn_zlib_reset (struct tn_zlib_decoder *decoder);
int32_t tn_zlib_step (struct tn_zlib_decoder *decoder, const void *from, uint64_t stored, uint64_t *taken,
                      void *to, uint64_t room, uint64_t *made);
/* True if the bytes taken so far are whole deflate blocks, none of them final, up to the last bit. */
bool tn_zlib_at_boundary (const struct tn_zlib_decoder *decoder);

#endif
