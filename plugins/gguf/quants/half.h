/* SPDX-License-Identifier: MIT */
/* half.h - f16, the type of most scales, from and to f32 by its bits: the same on every processor. */
#ifndef GGUF_HALF_H
#define GGUF_HALF_H

#include <stdint.h>
#include <string.h>

#define GGUF_F32_INFINITY 0x7f800000u
#define GGUF_F32_QUIET 0x00400000u

static inline uint32_t
gguf_bits_of_f32 (float value)
{
    uint32_t bits;
    memcpy (&bits, &value, sizeof bits);
    return bits;
}

static inline float
gguf_f32_of_bits (uint32_t bits)
{
    float value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

/* The bits of a half, moved to the places of an f32's, are a value 2^112 times too small, also if the half is
 * subnormal. NaNs keep their payload and become quiet. */
static inline float
gguf_f32_of_f16 (uint16_t half)
{
    uint32_t magnitude = (uint32_t) (half & 0x7fff) << 13, sign = (uint32_t) (half & 0x8000) << 16;
    if (magnitude > 0x7c00u << 13)
        return gguf_f32_of_bits (sign | GGUF_F32_INFINITY | GGUF_F32_QUIET | magnitude);
    if (magnitude == 0x7c00u << 13)
        return gguf_f32_of_bits (sign | GGUF_F32_INFINITY);
    return gguf_f32_of_bits (sign | gguf_bits_of_f32 (gguf_f32_of_bits (magnitude) * 0x1p112f));
}

/* Rounds to the nearest, halfway to even. Of NaNs only the sign is kept, as in ggml. */
static inline uint16_t
gguf_f16_of_f32 (float value)
{
    uint32_t bits = gguf_bits_of_f32 (value), magnitude = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000;
    if (magnitude > GGUF_F32_INFINITY)
        return (uint16_t) (sign | 0x7e00);
    if (magnitude >= 0x477ff000u) /* 65520: halfway between the largest half and 65536 */
        return (uint16_t) (sign | 0x7c00);
    if (magnitude < 0x38800000u) {
        /* Subnormal: the addition rounds, since the last bit of 0.5 is worth 2^-24, as that of a half is. */
        float sum = gguf_f32_of_bits (magnitude) + 0.5f;
        return (uint16_t) (sign | (gguf_bits_of_f32 (sum) - gguf_bits_of_f32 (0.5f)));
    }
    uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t) (sign | ((rounded >> 13) - (112u << 10)));
}

#endif
