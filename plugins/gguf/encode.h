/* SPDX-License-Identifier: MIT */
/* encode.h - what the encoders share.
 *
 * An encoder gives the bytes that ggml's ggml_quantize_chunk gives without importance weights. That binds
 * more than the formulas: the order of all float operations, and of the items in a sum. Nothing here may be
 * reassociated or contracted.
 *
 * Where ggml converts a float that no integer holds, which C leaves undefined, the rules are:
 *   - a number beyond the range, or no number, becomes what x86-64's conversion makes of it, and so ggml on
 * it: INT32_MIN, of which a code takes the low bits. It happens only where the block's scale is 0 or infinite
 * already;
 *   - NaNs do not count when the largest or smallest item of a block is looked for;
 *   - exponents of mxfp4 saturate, see encode_fp4.c. */
#ifndef GGUF_ENCODE_H
#define GGUF_ENCODE_H

#include "half.h"
#include "quants.h"
#include <math.h>

/* What ggml takes for zero when it looks for a scale. */
#define GGUF_LEAST_SCALED 1e-15f

/* Toward zero; INT32_MIN for what does not fit. */
static inline int32_t
gguf_truncate (float value)
{
    return value >= -0x1p31f && value < 0x1p31f ? (int32_t) value : INT32_MIN;
}

/* roundf: halves go away from zero. What is added is the float before 0.5, or 0.49999997 would become 1. */
static inline int32_t
gguf_round (float value)
{
    return gguf_truncate (value + copysignf (0x1.fffffep-2f, value));
}

/* Halves go to even, for magnitudes below 2^22: the sum with 1.5 * 2^23 has the integer in its low bits. */
static inline int32_t
gguf_nearest (float value)
{
    return (int32_t) (gguf_bits_of_f32 (value + 0x1.8p23f) & 0x007fffff) - 0x00400000;
}

static inline int32_t
gguf_clamp (int32_t value, int32_t least, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

static inline float
gguf_inverse (float scale)
{
    return scale != 0 ? 1.0f / scale : 0.0f;
}

/* 2 * count codes of four bits: the first half in the low halves of the bytes. */
static inline void
gguf_pack_nibbles (uint8_t *bytes, const uint8_t *codes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t) ((codes[i] & 15) | codes[i + count] << 4);
}

/* 4 * count codes of two bits, a quarter after the other from the low bits up. */
static inline void
gguf_pack_pairs (uint8_t *bytes, const uint8_t *codes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t) ((codes[i] & 3) | (codes[i + count] & 3) << 2 | (codes[i + 2 * count] & 3) << 4
                              | (codes[i + 3 * count] & 3) << 6);
}

static inline void
gguf_put_f16 (uint8_t *bytes, float value)
{
    tenon_put_le16 (bytes, gguf_f16_of_f32 (value));
}

/* The scale as whoever decodes the block will see it. */
static inline float
gguf_as_f16 (float value)
{
    return gguf_f32_of_f16 (gguf_f16_of_f32 (value));
}

/* Without vector instructions, in encode_plain.c: for encode_fast.c, and for its test. */
GGUF_ENCODE (q4_0_base);
GGUF_ENCODE (q8_0_base);

#endif
