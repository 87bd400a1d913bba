/* SPDX-License-Identifier: MIT */
/* deflate_isal.h - the functions of deflate.c that use ISA-L, by the rules of deflate_zlib.h. */
#ifndef TN_DEFLATE_ISAL_H
#define TN_DEFLATE_ISAL_H
#include "base/base.h"

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
