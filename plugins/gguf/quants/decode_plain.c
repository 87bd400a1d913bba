/* SPDX-License-Identifier: MIT */
/* decode_plain.c - blocks of 32 items with one scale, and a minimum in the types that end in _1: q4_0 q4_1
 * q5_0 q5_1 q8_0. Low nibbles are the first half of the items, high nibbles the second. */
#include "decode.h"

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
q4_1_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) (block[4 + i] & 15) * scale + minimum;
        items[16 + i] = (float) (block[4 + i] >> 4) * scale + minimum;
    }
}
GGUF_DECODER (q4_1_base, 20, 32);

/* Spreads the fifth bits of 32 codes, four bytes, over 32 bytes, each 0 or 16. */
static inline void
spread_fifth_bits (const uint8_t *restrict bits, uint8_t *restrict bytes)
{
    for (uint32_t i = 0; i < 4; i++)
        gguf_put_u64 (bytes + i * 8, gguf_bytes_of_bits (bits[i]) << 4);
}

static inline void
q5_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    uint8_t fifth[32];
    spread_fifth_bits (block + 2, fifth);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) ((block[6 + i] & 15) + fifth[i] - 16) * scale;
        items[16 + i] = (float) ((block[6 + i] >> 4) + fifth[16 + i] - 16) * scale;
    }
}
GGUF_DECODER (q5_0_base, 22, 32);

static inline void
q5_1_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    uint8_t fifth[32];
    spread_fifth_bits (block + 4, fifth);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) ((block[8 + i] & 15) + fifth[i]) * scale + minimum;
        items[16 + i] = (float) ((block[8 + i] >> 4) + fifth[16 + i]) * scale + minimum;
    }
}
GGUF_DECODER (q5_1_base, 24, 32);

static inline void
q8_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 32; i++)
        items[i] = (float) (int8_t) block[2 + i] * scale;
}
GGUF_DECODER (q8_0_base, 34, 32);
