/* SPDX-License-Identifier: MIT */
/* deflate.h - between the files of the deflate filter: what each library is asked to do. Nobody else includes
 * this. Streams and blocks are raw deflate (RFC 1951). */
#ifndef TN_DEFLATE_H
#define TN_DEFLATE_H
#include "base/base.h"
#include <tenon/plugin.h>

/* The core's own filter (deflate.c). */
extern const struct tenon_filter tn_deflate;

#define TN_DEFLATE_LAST_LEVEL 12

/* The libraries count in 32 bits: both sides are handed over in pieces. */
#define TN_DEFLATE_PIECE ((uint64_t) 1 << 30)

/* An encoder that finds no room says so with this, and the block is stored. */
#define TN_DEFLATE_NO_ROOM 0

/* Encoders: one block of `size` bytes, no history before it. `last`: it ends the stream; else it ends in a
 * full flush. They return its length, TN_DEFLATE_NO_ROOM, or TENON_E_*. _new: NULL: no memory. */

struct tn_zlib_encoder;
struct tn_zlib_encoder *tn_zlib_encoder_new (int level); /* 1 … 9 */
void tn_zlib_encoder_free (struct tn_zlib_encoder *encoder);
int64_t tn_zlib_encode (struct tn_zlib_encoder *encoder, bool last, const void *from, uint64_t size, void *to,
                        uint64_t room);

/* Decoders go in steps, as the filter does: 1 at the stream's end, 0 for more, or TENON_E_*. at_boundary:
 * all that was taken are whole deflate blocks, none of them final, up to the last bit. */

struct tn_zlib_decoder;
struct tn_zlib_decoder *tn_zlib_decoder_new (void);
void tn_zlib_decoder_free (struct tn_zlib_decoder *decoder);
void tn_zlib_reset (struct tn_zlib_decoder *decoder);
int32_t tn_zlib_step (struct tn_zlib_decoder *decoder, const void *from, uint64_t stored, uint64_t *taken,
                      void *to, uint64_t room, uint64_t *made);
bool tn_zlib_at_boundary (const struct tn_zlib_decoder *decoder);

#ifdef HAVE_ISAL
#define TN_ISAL_LAST_LEVEL 3

struct tn_isal_encoder;
struct tn_isal_encoder *tn_isal_encoder_new (int level); /* 1 … TN_ISAL_LAST_LEVEL */
void tn_isal_encoder_free (struct tn_isal_encoder *encoder);
int64_t tn_isal_encode (struct tn_isal_encoder *encoder, bool last, const void *from, uint64_t size, void *to,
                        uint64_t room);

struct tn_isal_decoder;
struct tn_isal_decoder *tn_isal_decoder_new (void);
void tn_isal_decoder_free (struct tn_isal_decoder *decoder);
void tn_isal_reset (struct tn_isal_decoder *decoder);
int32_t tn_isal_step (struct tn_isal_decoder *decoder, const void *from, uint64_t stored, uint64_t *taken,
                      void *to, uint64_t room, uint64_t *made);
bool tn_isal_at_boundary (const struct tn_isal_decoder *decoder);
#endif

#endif
