/* SPDX-License-Identifier: MIT */
/* quants.h - the block dtypes of ggml: the table that a plugin registers, and the functions in it.
 *
 * This folder needs <tenon/types.h> and nothing else of tenon. Files come in pairs: encode_NAME.c encodes
 * what decode_NAME.c decodes. */
#ifndef GGUF_QUANTS_H
#define GGUF_QUANTS_H

#include <stdint.h>
#include <tenon/types.h>

/* All block dtypes, NULL-terminated (quants.c). */
extern const struct tenon_dtype *const gguf_dtypes[];

/* Decoders convert whole blocks to floats, encoders the reverse. struct tenon_dtype states alignment and
 * threads. */
#define GGUF_DECODE(name) int32_t gguf_decode_##name (const void *blocks, float *items, uint64_t block_count)
#define GGUF_ENCODE(name) int32_t gguf_encode_##name (const float *items, void *blocks, uint64_t block_count)

/* Encoders of numbers that have a scale and a bias (encode_affine.c). */
#define GGUF_AFFINE(name)                                                                                    \
    int32_t gguf_affine_##name (const uint8_t *numbers, uint32_t bits, float scale, float bias, void *block)
GGUF_AFFINE (q4_0);
GGUF_AFFINE (q4_1);
GGUF_AFFINE (q8_0);

/* ---- plain: one scale a block, and a minimum in the types that end in _1 ---- */
GGUF_DECODE (q4_0);
GGUF_ENCODE (q4_0);
GGUF_DECODE (q4_1);
GGUF_ENCODE (q4_1);
GGUF_DECODE (q5_0);
GGUF_ENCODE (q5_0);
GGUF_DECODE (q5_1);
GGUF_ENCODE (q5_1);
GGUF_DECODE (q8_0);
GGUF_ENCODE (q8_0);

/* ---- few: one or two bits an item, or five items a byte ---- */
GGUF_DECODE (q1_0);
GGUF_ENCODE (q1_0);
GGUF_DECODE (q2_0);
GGUF_ENCODE (q2_0);
GGUF_DECODE (tq1_0);
GGUF_ENCODE (tq1_0);
GGUF_DECODE (tq2_0);
GGUF_ENCODE (tq2_0);

/* ---- fp4: items are floats of four bits ---- */
GGUF_DECODE (mxfp4);
GGUF_ENCODE (mxfp4);
GGUF_DECODE (nvfp4);
GGUF_ENCODE (nvfp4);

/* ---- k: parts whose scales are small integers times a scale of the block ---- */
GGUF_DECODE (q2_k);
GGUF_ENCODE (q2_k);
GGUF_DECODE (q3_k);
GGUF_ENCODE (q3_k);
GGUF_DECODE (q4_k);
GGUF_ENCODE (q4_k);
GGUF_DECODE (q5_k);
GGUF_ENCODE (q5_k);
GGUF_DECODE (q6_k);
GGUF_ENCODE (q6_k);

/* ---- iq4: codes stand for 16 values that are not evenly spaced ---- */
GGUF_DECODE (iq4_nl);
GGUF_ENCODE (iq4_nl);
GGUF_DECODE (iq4_xs);
GGUF_ENCODE (iq4_xs);

/* ---- grids: codes stand for points of a grid. decode_grids.c has no partner: encoding these types
 * is of use only with importance weights, which a conversion does not have ---- */
GGUF_DECODE (iq1_s);
GGUF_DECODE (iq1_m);
GGUF_DECODE (iq2_xxs);
GGUF_DECODE (iq2_xs);
GGUF_DECODE (iq2_s);
GGUF_DECODE (iq3_xxs);
GGUF_DECODE (iq3_s);

/* ---- fast: decode_fast*.c and encode_fast*.c choose vector instructions at run time, or these, in plain C,
 * which return the same bits ---- */
GGUF_DECODE (q4_0_base);
GGUF_ENCODE (q4_0_base);
GGUF_DECODE (q4_1_base);
GGUF_ENCODE (q4_1_base);
GGUF_DECODE (q5_0_base);
GGUF_ENCODE (q5_0_base);
GGUF_DECODE (q5_1_base);
GGUF_ENCODE (q5_1_base);
GGUF_DECODE (q8_0_base);
GGUF_ENCODE (q8_0_base);
GGUF_DECODE (q2_0_base);
GGUF_DECODE (tq1_0_base);
GGUF_DECODE (tq2_0_base);
GGUF_DECODE (q2_k_base);
GGUF_DECODE (q3_k_base);
GGUF_ENCODE (q3_k_base);
GGUF_DECODE (q4_k_base);
GGUF_DECODE (q5_k_base);
GGUF_DECODE (q6_k_base);
GGUF_DECODE (iq4_nl_base);
GGUF_DECODE (iq4_xs_base);
GGUF_DECODE (mxfp4_base);
GGUF_DECODE (nvfp4_base);
GGUF_DECODE (iq1_s_base);
GGUF_DECODE (iq1_m_base);

#endif
