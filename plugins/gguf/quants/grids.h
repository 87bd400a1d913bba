/* SPDX-License-Identifier: MIT */
/* grids.h - the points of a grid that the codes of the iq1, iq2 and iq3 types stand for. The tables are
 * ggml's, packed: a point is eight or four levels, small integers that each type maps to numbers. */
#ifndef GGUF_GRIDS_H
#define GGUF_GRIDS_H

#include <stdint.h>

/* Eight levels of two bits, the first in the lowest bits: gguf_levels_of_8 unpacks them. */
extern const uint16_t gguf_grid_iq1[2048]; /* iq1_s and iq1_m: levels 0 1 2 stand for -1 0 1 */
extern const uint16_t gguf_grid_iq2_xxs[256], gguf_grid_iq2_xs[512], gguf_grid_iq2_s[1024];
/* Four levels of three bits: gguf_levels_of_4 unpacks them. */
extern const uint16_t gguf_grid_iq3_xxs[256], gguf_grid_iq3_s[512];

/* Returns a byte for each level, the first in the lowest. */
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

/* The iq2 types: levels 0 1 2 stand for 8 25 43. */
static inline uint64_t
gguf_point_iq2 (uint16_t packed)
{
    uint64_t levels = gguf_levels_of_8 (packed);
    return 0x0808080808080808 + levels * 17 + (levels >> 1 & 0x0101010101010101);
}

/* Levels 0 to 7 stand for 4 12 20 28 36 44 52 62. */
static inline uint32_t
gguf_point_iq3_xxs (uint16_t packed)
{
    uint32_t levels = gguf_levels_of_4 (packed);
    return 0x04040404 + levels * 8 + ((levels + 0x01010101) >> 3 & 0x01010101) * 2;
}

/* Levels 0 to 7 stand for 1 3 5 7 9 11 13 15. */
static inline uint32_t
gguf_point_iq3_s (uint16_t packed)
{
    return 0x01010101 + gguf_levels_of_4 (packed) * 2;
}

/* Returns the signs of eight numbers, bit i for number i. Seven are stored: the number of minuses is even. */
static inline uint8_t
gguf_even_signs (uint32_t seven)
{
    return (uint8_t) (seven | (uint32_t) __builtin_parity (seven) << 7);
}

#endif
