/* SPDX-License-Identifier: MIT */
/* grids.h - what the codes of the iq types stand for: points of a grid, each a few numbers. ggml's tables,
 * packed. */
#ifndef GGUF_GRIDS_H
#define GGUF_GRIDS_H

#include <stdint.h>

/* 8 levels of 2 bits, the first in the lowest bits: gguf_levels_of_8 spreads them */
extern const uint16_t gguf_grid_iq1[2048]; /* iq1_s and iq1_m: levels 0 1 2 are -1 0 1 */
extern const uint16_t gguf_grid_iq2_xxs[256], gguf_grid_iq2_xs[512], gguf_grid_iq2_s[1024];
/* 4 levels of 3 bits: gguf_levels_of_4 */
extern const uint16_t gguf_grid_iq3_xxs[256], gguf_grid_iq3_s[512];
/* iq4_nl and iq4_xs */
extern const int8_t gguf_values_iq4[16];

/* A byte for each level, the first in the lowest. */
static inline uint64_t
gguf_levels_of_8 (uint16_t packed)
{
    uint64_t spread = packed;
    spread = (spread | spread << 24) & 0x000000ff000000ff;
    spread = (spread | spread << 12) & 0x000f000f000f000f;
    return (spread | spread << 6) & 0x0303030303030303;
}

static inline uint32_t
gguf_levels_of_4 (uint16_t packed)
{
    uint32_t spread = packed;
    spread = (spread | spread << 10) & 0x003f003f;
    return (spread | spread << 5) & 0x07070707;
}

/* The points of the iq2 types: levels 0 1 2 are 8 25 43. */
static inline uint64_t
gguf_point_iq2 (uint16_t packed)
{
    uint64_t levels = gguf_levels_of_8 (packed);
    return 0x0808080808080808 + levels * 17 + (levels >> 1 & 0x0101010101010101);
}

/* Levels 0 … 7 are 4 12 20 … 52, and 62. */
static inline uint32_t
gguf_point_iq3_xxs (uint16_t packed)
{
    uint32_t levels = gguf_levels_of_4 (packed);
    return 0x04040404 + levels * 8 + ((levels + 0x01010101) >> 3 & 0x01010101) * 2;
}

/* Levels 0 … 7 are 1 3 5 … 15. */
static inline uint32_t
gguf_point_iq3_s (uint16_t packed)
{
    return 0x01010101 + gguf_levels_of_4 (packed) * 2;
}

/* The signs of eight numbers, bit i for number i, of which seven are stored: their number is even. */
static inline uint8_t
gguf_even_signs (uint32_t seven)
{
    return (uint8_t) (seven | (uint32_t) __builtin_parity (seven) << 7);
}

#endif
