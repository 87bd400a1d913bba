/* SPDX-License-Identifier: MIT */
/* encode_plain.c - blocks of 32 items with one scale, and a minimum in the types that end in _1: q4_0 q4_1
 * q5_0 q5_1 q8_0. */
#include "four.h"
#include <float.h>

#define ITEMS 32

/* Rounds toward zero, and stores the low byte of each integer, at most `most`. */
static inline void
put_codes_plain (uint8_t *codes, gguf_four values, int32_t most)
{
    gguf_mask integers = gguf_truncate_four (values) & 0xff, above = integers > most;
    gguf_put_low_bytes (codes, (integers & ~above) | (above & most));
}

/* ---- around zero ---- */

/* The item of the largest magnitude gets code 0, which stands for -middle: the one code without a counterpart
 * of the other sign. Returns the scale. */
static float
codes_around_zero (const float *items, int32_t middle, uint8_t codes[ITEMS])
{
    float scale = gguf_peak (items, ITEMS) / (float) -middle, inverse = gguf_inverse (scale);
    for (uint32_t i = 0; i < ITEMS; i += 4)
        put_codes_plain (codes + i, gguf_load (items + i) * inverse + ((float) middle + 0.5f),
                         2 * middle - 1);
    return scale;
}

GGUF_ENCODE (q4_0_base)
{
    uint8_t codes[ITEMS], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 18) {
        gguf_put_f16 (block, codes_around_zero (items, 8, codes));
        gguf_pack_nibbles (block + 2, codes, ITEMS / 2);
    }
    return TENON_OK;
}

/* The fifth bits of all codes, the first in the lowest bit. */
static uint32_t
fifth_bits (const uint8_t codes[ITEMS])
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < ITEMS; i++)
        bits |= (uint32_t) (codes[i] >> 4 & 1) << i;
    return bits;
}

GGUF_ENCODE (q5_0_base)
{
    uint8_t codes[ITEMS], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 22) {
        gguf_put_f16 (block, codes_around_zero (items, 16, codes));
        gguf_put_u32 (block + 2, fifth_bits (codes));
        gguf_pack_nibbles (block + 6, codes, ITEMS / 2);
    }
    return TENON_OK;
}

/* ---- from the smallest item to the largest ---- */

struct range {
    float least, scale;
};

static struct range
codes_of_range (const float *items, int32_t most, uint8_t codes[ITEMS])
{
    gguf_four lower = gguf_all (FLT_MAX), upper = gguf_all (-FLT_MAX);
    float least = FLT_MAX, largest = -FLT_MAX;
    for (uint32_t i = 0; i < ITEMS; i += 4) {
        lower = gguf_smaller (gguf_load (items + i), lower);
        upper = gguf_larger (gguf_load (items + i), upper);
    }
    for (uint32_t i = 0; i < 4; i++) {
        least = lower[i] < least ? lower[i] : least;
        largest = upper[i] > largest ? upper[i] : largest;
    }
    least = least == 0 ? gguf_first_zero (items) : least;
    largest = largest == 0 ? gguf_first_zero (items) : largest;
    float scale = (largest - least) / (float) most, inverse = gguf_inverse (scale);
    for (uint32_t i = 0; i < ITEMS; i += 4)
        put_codes_plain (codes + i, (gguf_load (items + i) - least) * inverse + 0.5f, most);
    return (struct range){ least, scale };
}

static void
put_range (uint8_t *block, struct range range)
{
    gguf_put_f16 (block, range.scale);
    gguf_put_f16 (block + 2, range.least);
}

GGUF_ENCODE (q4_1_base)
{
    uint8_t codes[ITEMS], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 20) {
        put_range (block, codes_of_range (items, 15, codes));
        gguf_pack_nibbles (block + 4, codes, ITEMS / 2);
    }
    return TENON_OK;
}

GGUF_ENCODE (q5_1_base)
{
    uint8_t codes[ITEMS], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 24) {
        put_range (block, codes_of_range (items, 31, codes));
        gguf_put_u32 (block + 4, fifth_bits (codes));
        gguf_pack_nibbles (block + 8, codes, ITEMS / 2);
    }
    return TENON_OK;
}

/* ---- eight bits ---- */

GGUF_ENCODE (q8_0_base)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 34) {
        float scale = gguf_largest_magnitude (items, ITEMS) / 127, inverse = gguf_inverse (scale);
        gguf_put_f16 (block, scale);
        for (uint32_t j = 0; j < ITEMS; j++)
            block[2 + j] = (uint8_t) gguf_round (items[j] * inverse);
    }
    return TENON_OK;
}
