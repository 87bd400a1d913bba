/* SPDX-License-Identifier: MIT */
/* decode_plain.c - blocks with one level of scales. Where two items share a byte, the lower nibble's lie in
 * the first half of the block, or of the part that has a scale, and the upper nibble's in the second. */
#include "decode.h"

/* f4_e2m1, doubled */
static const int8_t doubled_f4[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

/* Half of 2^(code - 127); all 256 codes are numbers. */
static float
half_of_e8m0 (uint8_t code)
{
    return gguf_f32_of_bits (code < 2 ? 0x00200000u << code : (uint32_t) (code - 1) << 23);
}

/* Half of an f8 of 4 bits of exponent and 3 of mantissa. Its sign does not count, and 0x7f, which is not a
 * number elsewhere, is 0. */
static float
half_of_ue4m3 (uint8_t code)
{
    uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
    if (code == 0x7f)
        return 0;
    if (exponent == 0)
        return (float) mantissa * 0x1p-10f;
    return gguf_f32_of_bits ((exponent + 127 - 7 - 1) << 23 | mantissa << 20);
}

static inline void
q4_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) ((block[2 + i] & 15) - 8) * scale;
        items[16 + i] = (float) ((block[2 + i] >> 4) - 8) * scale;
    }
}
GGUF_DECODER (q4_0_base, 18, 32);

static inline void
q4_1_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) (block[4 + i] & 15) * scale + minimum;
        items[16 + i] = (float) (block[4 + i] >> 4) * scale + minimum;
    }
}
GGUF_DECODER (q4_1, 20, 32);

/* The 32 bits of four bytes, each a byte, 0 or 16: the fifth bits of 32 codes. */
static inline void
put_fifth_bits (const uint8_t *restrict bits, uint8_t *restrict bytes)
{
    for (uint32_t i = 0; i < 4; i++)
        gguf_put_bytes (gguf_bytes_of_bits (bits[i]) << 4, bytes + i * 8);
}

static inline void
q5_0_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    uint8_t fifth[32];
    put_fifth_bits (block + 2, fifth);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) ((block[6 + i] & 15) + fifth[i] - 16) * scale;
        items[16 + i] = (float) ((block[6 + i] >> 4) + fifth[16 + i] - 16) * scale;
    }
}
GGUF_DECODER (q5_0, 22, 32);

static inline void
q5_1_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    uint8_t fifth[32];
    put_fifth_bits (block + 4, fifth);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) ((block[8 + i] & 15) + fifth[i]) * scale + minimum;
        items[16 + i] = (float) ((block[8 + i] >> 4) + fifth[16 + i]) * scale + minimum;
    }
}
GGUF_DECODER (q5_1, 24, 32);

static inline void
q8_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 32; i++)
        items[i] = (float) (int8_t) block[2 + i] * scale;
}
GGUF_DECODER (q8_0_base, 34, 32);

/* One bit is the sign of the scale: clear for minus. */
static inline void
q1_0_block (const uint8_t *restrict block, float *restrict items)
{
    uint32_t scale = gguf_bits_of_f32 (gguf_f16_at (block));
    for (uint32_t i = 0; i < 16; i++) {
        uint8_t minus[8];
        gguf_put_bytes (gguf_bytes_of_bits (~(uint32_t) block[2 + i]), minus);
        for (uint32_t k = 0; k < 8; k++)
            items[i * 8 + k] = gguf_f32_of_bits (scale ^ (uint32_t) minus[k] << 31);
    }
}
GGUF_DECODER (q1_0, 18, 128);

static inline void
q2_0_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 64; i++)
        items[i] = (float) ((block[2 + i / 4] >> i % 4 * 2 & 3) - 1) * scale;
}
GGUF_DECODER (q2_0, 18, 64);

static inline void
mxfp4_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = half_of_e8m0 (block[0]);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) doubled_f4[block[1 + i] & 15] * scale;
        items[16 + i] = (float) doubled_f4[block[1 + i] >> 4] * scale;
    }
}
GGUF_DECODER (mxfp4, 17, 32);

static inline void
nvfp4_block (const uint8_t *restrict block, float *restrict items)
{
    for (uint32_t part = 0; part < 4; part++) {
        float scale = half_of_ue4m3 (block[part]);
        const uint8_t *codes = block + 4 + part * 8;
        for (uint32_t i = 0; i < 8; i++) {
            items[part * 16 + i] = (float) doubled_f4[codes[i] & 15] * scale;
            items[part * 16 + 8 + i] = (float) doubled_f4[codes[i] >> 4] * scale;
        }
    }
}
GGUF_DECODER (nvfp4, 36, 64);
