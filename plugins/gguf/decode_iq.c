/* SPDX-License-Identifier: MIT */
/* decode_iq.c - the iq types: blocks of 256 items (iq4_nl: 32) in 8 parts of 32, mostly of codes for points
 * of a grid, which are the magnitudes of eight or four items, and their signs. Above each decoder: what lies
 * in which bytes of a block. */
#include "decode.h"
#include "grids.h"

#define PARTS 8u
#define PART 32u

/* Eight items: bytes of `point`, 1 … 127, with the signs, bits of `signs`. */
static inline void
put_point (uint64_t point, uint32_t signs, float scale, float *restrict items)
{
    int8_t numbers[8];
    uint64_t minus = gguf_bytes_of_bits (signs);
    /* all bytes at once: the complement and one more, which carries nothing into the next byte */
    gguf_put_bytes ((point ^ minus * 0xff) + minus, numbers);
    for (uint32_t i = 0; i < 8; i++)
        items[i] = scale * (float) numbers[i];
}

/* iq1: levels 0 1 2 are -1 0 1, and all eight are shifted by an eighth, up or down. */
static inline void
put_shifted (uint32_t code, uint32_t down, float scale, float *restrict items)
{
    uint8_t levels[8];
    float shift = down ? -1.125f : -0.875f;
    gguf_put_bytes (gguf_levels_of_8 (gguf_grid_iq1[code & 2047]), levels);
    for (uint32_t i = 0; i < 8; i++)
        items[i] = scale * ((float) levels[i] + shift);
}

/* f16: scale 0; codes' lower bits 2 … 33; u16 34 …, for each part: four times three upper bits, scale, shift
 */
static inline void
iq1_s_block (const uint8_t *restrict block, float *restrict items)
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
GGUF_DECODER (iq1_s, 50, 256);

/* codes' lower bits 0 … 31; nibbles 32 … 47: three upper bits, shift; u16 48 … 55: four scales of 16 items
 * each, of three bits, and above them four bits of the block's scale, f16 */
static inline void
iq1_m_block (const uint8_t *restrict block, float *restrict items)
{
    const uint8_t *packed = block + 48;
    uint32_t half =
        (uint32_t) (packed[1] >> 4 | packed[3] >> 4 << 4 | packed[5] >> 4 << 8 | packed[7] >> 4 << 12);
    float scale = gguf_f32_of_f16 ((uint16_t) half);
    for (uint32_t pair = 0; pair < 16; pair++) {
        uint32_t times = gguf_u16_at (packed + pair / 4 * 2) >> pair % 4 * 3 & 7, nibbles = block[32 + pair];
        float own = scale * (float) (int32_t) (times * 2 + 1);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t nibble = nibbles >> i * 4;
            put_shifted (block[pair * 2 + i] | (nibble & 7) << 8, nibble & 8, own, items + pair * 16 + i * 8);
        }
    }
}
GGUF_DECODER (iq1_m, 56, 256);

/* f16: scale 0; for each part four codes and a u32: four times seven signs, scale */
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

/* f16: scale 0; u16 2 … 65: nine bits of code, seven signs; nibbles 66 … 73: scales of 16 items each */
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

/* f16: scale 0; codes' lower bits 2 … 33, signs 34 … 65, two upper bits 66 … 73; nibbles 74 … 81: scales of
 * 16 items each */
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

/* f16: scale 0; codes 2 … 65; u32 66 … 97, for each part: four times seven signs, scale */
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

/* f16: scale 0; codes' lower bits 2 … 65, ninth bits 66 … 73, signs 74 … 105; nibbles 106 … 109: scales */
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

/* 32 items: the lower nibbles are the first half. */
static inline void
put_values (const uint8_t *restrict codes, float scale, float *restrict items)
{
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = scale * (float) gguf_values_iq4[codes[i] & 15];
        items[16 + i] = scale * (float) gguf_values_iq4[codes[i] >> 4];
    }
}

static inline void
iq4_nl_block (const uint8_t *restrict block, float *restrict items)
{
    put_values (block + 2, gguf_f16_at (block), items);
}
GGUF_DECODER (iq4_nl, 18, 32);

/* f16: scale 0; the parts' scales: upper two bits u16 2, lower four nibbles 4 … 7; codes 8 … 135 */
static inline void
iq4_xs_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    uint32_t upper = gguf_u16_at (block + 2);
    for (uint32_t part = 0; part < PARTS; part++) {
        uint32_t lower = block[4 + part / 2] >> part % 2 * 4 & 15;
        float own = scale * (float) ((int32_t) (lower | (upper >> 2 * part & 3) << 4) - 32);
        put_values (block + 8 + part * 16, own, items + part * PART);
    }
}
GGUF_DECODER (iq4_xs, 136, 256);
