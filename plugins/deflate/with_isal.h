/* SPDX-License-Identifier: MIT */
/* with_isal.h - the functions of raw.c that use ISA-L, by the rules of with_zlib.h. */
#ifndef DEFLATE_ISAL_H
#define DEFLATE_ISAL_H
#include "filter.h"

#define DEFLATE_ISAL_LAST_LEVEL 3

struct deflate_isal_encoder;
struct deflate_isal_encoder *deflate_isal_encoder_new (int level); /* 1 … DEFLATE_ISAL_LAST_LEVEL */
void deflate_isal_encoder_free (struct deflate_isal_encoder *encoder);
int64_t deflate_isal_encode (struct deflate_isal_encoder *encoder, bool last, const void *from, uint64_t size,
                             void *to, uint64_t room);

struct deflate_isal_decoder;
struct deflate_isal_decoder *deflate_isal_decoder_new (void);
void deflate_isal_decoder_free (struct deflate_isal_decoder *decoder);
void deflate_isal_reset (struct deflate_isal_decoder *decoder);
int32_t deflate_isal_step (struct deflate_isal_decoder *decoder, const void *from, uint64_t stored,
                           uint64_t *taken, void *to, uint64_t room, uint64_t *made);
bool deflate_isal_at_boundary (const struct deflate_isal_decoder *decoder);

#endif
