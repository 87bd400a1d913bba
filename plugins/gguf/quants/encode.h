/* SPDX-License-Identifier: MIT */
/* encode.h - what the encoders share.
 *
 * An encoder returns the bytes that ggml_quantize_chunk of ggml returns without importance weights. That
 * binds more than the formulas: the order of all float operations, and the order of the items in a sum.
 * Nothing here may be reassociated or contracted.
 *
 * ggml converts floats to integers that cannot hold them, which C leaves undefined. The rules here are:
 *   - NaN, or a number out of range, becomes INT32_MIN, of which a code keeps the low bits. That is the
 *     result of x86-64's conversion, and so of ggml on it. It happens only where the block's scale is 0 or
 *     infinite already;
 *   - NaNs are ignored when the largest or smallest item of a block is searched;
 *   - exponents of mxfp4 saturate: see encode_fp4.c. */
#ifndef GGUF_ENCODE_H
#define GGUF_ENCODE_H

#include "bytes.h"
#include "half.h"
#include "quants.h"
#include <math.h>

/* ggml's threshold for zero when it searches a scale. */
#define GGUF_LEAST_SCALED 1e-15f

/* Rounds toward zero; INT32_MIN if the result does not fit. */
static inline int32_t
gguf_truncate (float value)
{
    return value >= -0x1p31f && value < 0x1p31f ? (int32_t) value : INT32_MIN;
}

/* roundf: halves are rounded away from zero. The addend is the float before 0.5, or 0.49999997 would become
 * 1. */
static inline int32_t
gguf_round (float value)
{
    return gguf_truncate (value + copysignf (0x1.fffffep-2f, value));
}

/* Rounds halves to even, for magnitudes below 2^22: the sum with 1.5 * 2^23 has the integer in its low
 * bits. */
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

/* The inverse of 0 is 0. */
static inline float
gguf_inverse (float scale)
{
    return scale != 0 ? 1.0f / scale : 0.0f;
}

/* The zero of items that have one. If there are zeros of both signs, the first one counts, as in a comparison
 * of one item after the other. */
static inline float
gguf_first_zero (const float *items)
{
    while (*items != 0)
        items++;
    return *items;
}

/* Packs 2 * count codes of four bits into `count` bytes, the first half of the codes in the low nibbles. */
static inline void
gguf_pack_nibbles (uint8_t *bytes, const uint8_t *codes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t) ((codes[i] & 15) | codes[i + count] << 4);
}

/* Packs 4 * count codes of two bits into `count` bytes, the first quarter of the codes in the lowest bits. */
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
    gguf_put_u16 (bytes, gguf_f16_of_f32 (value));
}

/* A scale as the decoder reads it: rounded to f16. */
static inline float
gguf_as_f16 (float value)
{
    return gguf_f32_of_f16 (gguf_f16_of_f32 (value));
}

#endif
