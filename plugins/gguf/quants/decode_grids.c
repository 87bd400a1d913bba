/* SPDX-License-Identifier: MIT */
/* decode_grids.c - blocks of 256 items in 8 parts of 32. A code stands for a point of a grid: the magnitudes
 * of eight or four items, whose signs are stored beside it. The comment above each decoder gives the layout
 * of a block. */
#include "decode.h"
#include "grids.h"

#define PARTS 8u
#define PART 32u

/* Decodes eight items: their magnitudes are the bytes of `point`, 1 to 127, a set bit of `signs` is minus. */
static inline void
put_point (uint64_t point, uint32_t signs, float scale, float *restrict items)
{
    int8_t numbers[8];
    uint64_t minus = gguf_bytes_of_bits (signs);
    /* Negates all bytes at once: the complement plus 1 never carries, since no byte is 0. */
    gguf_put_u64 (numbers, (point ^ minus * 0xff) + minus);
    for (uint32_t i = 0; i < 8; i++)
        items[i] = scale * (float) numbers[i];
}

/* iq1: levels 0 1 2 stand for -1 0 1, and all eight are shifted by an eighth, up or down. */
static inline void
put_shifted (uint32_t code, uint32_t down, float scale, float *restrict items)
{
    uint8_t levels[8];
    float shift = down ? -1.125f : -0.875f;
    gguf_put_u64 (levels, gguf_levels_of_8 (gguf_grid_iq1[code & 2047]));
    for (uint32_t i = 0; i < 8; i++)
        items[i] = scale * ((float) levels[i] + shift);
}

/* f16 scale at 0. Low bits of the codes at 2 to 33. From 34 a u16 for each part: the upper three bits of four
 * codes, the scale, the direction of the shift. */
static inline void
iq1_s_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t part = 0; part < PARTS; part++) {
        uint32_t word = gguf_u16_at (block + 34 + part * 2);
        float own = scale * (float) (int32_t) ((word >> 12 & 7) * 2 + 1);
        for (uint32_t i = 0; i < 4; i++)
            put_shifted (block[2 + part * 4 + i] | (word >> 3 * i & 7) << 8, word >> 15, own,
                         items + part * PART + i * 8);
    }
}
GGUF_DECODER (iq1_s_base, 50, 256);

/* Low bits of the codes at 0 to 31. Nibbles at 32 to 47: the upper three bits of a code, the direction of the
 * shift. Four u16 at 48 to 55: four scales of three bits, for 16 items each, and above them four bits of the
 * block's f16 scale. */
static inline void
iq1_m_base_block (const uint8_t *restrict block, float *restrict items)
{
    const uint8_t *packed = block + 48;
    float scale = gguf_iq1_m_scale (block);
    for (uint32_t pair = 0; pair < 16; pair++) {
        uint32_t times = gguf_u16_at (packed + pair / 4 * 2) >> pair % 4 * 3 & 7, nibbles = block[32 + pair];
        float own = scale * (float) (int32_t) (times * 2 + 1);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t nibble = nibbles >> i * 4;
            put_shifted (block[pair * 2 + i] | (nibble & 7) << 8, nibble & 8, own, items + pair * 16 + i * 8);
        }
    }
}
GGUF_DECODER (iq1_m_base, 56, 256);

/* f16 scale at 0. For each part four codes and a u32: seven signs for each code, the scale. */
static inline void
iq2_xxs_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t part = 0; part < PARTS; part++) {
        const uint8_t *codes = block + 2 + part * 8;
        uint32_t word = gguf_u32_at (codes + 4);
        float own = scale * (0.5f + (float) (int32_t) (word >> 28)) * 0.25f;
        for (uint32_t i = 0; i < 4; i++)
            put_point (gguf_point_iq2 (gguf_grid_iq2_xxs[codes[i]]), gguf_even_signs (word >> 7 * i & 127),
                       own, items + part * PART + i * 8);
    }
}
GGUF_DECODER (iq2_xxs, 66, 256);

/* f16 scale at 0. u16 at 2 to 65: nine bits of code, seven signs. Nibbles at 66 to 73: scales of 16 items
 * each. */
static inline void
iq2_xs_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t word = gguf_u16_at (block + 2 + i * 2), times = block[66 + i / 4] >> i % 4 / 2 * 4 & 15;
        float own = scale * (0.5f + (float) (int32_t) times) * 0.25f;
        put_point (gguf_point_iq2 (gguf_grid_iq2_xs[word & 511]), gguf_even_signs (word >> 9), own,
                   items + i * 8);
    }
}
GGUF_DECODER (iq2_xs, 74, 256);

/* f16 scale at 0. Low bits of the codes at 2 to 33, signs at 34 to 65, upper two bits of the codes at 66 to
 * 73. Nibbles at 74 to 81: scales of 16 items each. */
static inline void
iq2_s_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t upper = block[66 + i / 4] >> i % 4 * 2 & 3, times = block[74 + i / 4] >> i % 4 / 2 * 4 & 15;
        float own = scale * (0.5f + (float) (int32_t) times) * 0.25f;
        put_point (gguf_point_iq2 (gguf_grid_iq2_s[block[2 + i] | upper << 8]), block[34 + i], own,
                   items + i * 8);
    }
}
GGUF_DECODER (iq2_s, 82, 256);

/* f16 scale at 0. Codes at 2 to 65. u32 at 66 to 97, for each part: seven signs for each two codes, the
 * scale. */
static inline void
iq3_xxs_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t part = 0; part < PARTS; part++) {
        const uint8_t *codes = block + 2 + part * 8;
        uint32_t word = gguf_u32_at (block + 66 + part * 4);
        float own = scale * (0.5f + (float) (int32_t) (word >> 28)) * 0.5f;
        for (uint32_t i = 0; i < 4; i++) {
            uint64_t point = gguf_point_iq3_xxs (gguf_grid_iq3_xxs[codes[2 * i]]),
                     next = gguf_point_iq3_xxs (gguf_grid_iq3_xxs[codes[2 * i + 1]]);
            put_point (point | next << 32, gguf_even_signs (word >> 7 * i & 127), own,
                       items + part * PART + i * 8);
        }
    }
}
GGUF_DECODER (iq3_xxs, 98, 256);

/* f16 scale at 0. Low bits of the codes at 2 to 65, ninth bits at 66 to 73, signs at 74 to 105. Nibbles at
 * 106 to 109: scales of the parts. */
static inline void
iq3_s_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t part = 0; part < PARTS; part++) {
        const uint8_t *codes = block + 2 + part * 8;
        uint32_t upper = block[66 + part], times = block[106 + part / 2] >> part % 2 * 4 & 15;
        float own = scale * (float) (int32_t) (times * 2 + 1);
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t code = codes[2 * i] | (upper >> 2 * i & 1) << 8,
                     next = codes[2 * i + 1] | (upper >> (2 * i + 1) & 1) << 8;
            put_point (gguf_point_iq3_s (gguf_grid_iq3_s[code])
                           | (uint64_t) gguf_point_iq3_s (gguf_grid_iq3_s[next]) << 32,
                       block[74 + part * 4 + i], own, items + part * PART + i * 8);
        }
    }
}
GGUF_DECODER (iq3_s, 110, 256);
