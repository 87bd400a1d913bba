/* SPDX-License-Identifier: MIT */
/* encode_signed.c - 256 items in 16 parts, each with a scale that is a small integer times the block's own,
 * and codes around zero: q3_k, q6_k. */
#include "encode_search.h"

#define ITEMS 256
#define PARTS 16

/* The codes once more, for a part's scale as it is stored. */
static void
round_again (uint8_t *codes, const float *items, float scale, int32_t middle)
{
    float least = (float) -middle;
    for (uint32_t i = 0; i < 16 && scale != 0; i += 4) {
        gguf_four shares = gguf_load (items + i) / gguf_all (scale);
        gguf_put_codes (codes + i, gguf_nearest_within (shares, least, -least - 1), middle);
    }
}

/* 12 bytes for 16 numbers of six bits: the low halves of the first and last eight, then the highest two of
 * each. */
static void
put_scales_q3_k (uint8_t bytes[12], const int8_t scales[PARTS])
{
    memset (bytes, 0, 12);
    for (uint32_t part = 0; part < PARTS; part++) {
        uint32_t code = (uint32_t) (scales[part] + 32);
        bytes[part % 8] |= (uint8_t) ((code & 15) << 4 * (part / 8));
        bytes[8 + part % 4] |= (uint8_t) ((code >> 4) << 2 * (part / 4));
    }
}

static void
put_codes_q3_k (uint8_t *to, uint8_t codes[ITEMS])
{
    memset (to, 0, 32);
    for (uint32_t i = 0; i < ITEMS; i++) /* the third bits of 32 items are one bit of 32 bytes */
        to[i % 32] |= (uint8_t) ((codes[i] >> 2) << i / 32);
    gguf_pack_pairs (to + 32, codes, 32);
    gguf_pack_pairs (to + 64, codes + 128, 32);
}

GGUF_ENCODE (q3_k)
{
    uint8_t codes[ITEMS], *to = blocks;
    float scales[PARTS];
    int8_t stored[PARTS];
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 110) {
        for (uint32_t part = 0; part < PARTS; part += 4)
            gguf_search_codes (items + 16 * part, 4, codes + 16 * part, scales + part);
        float peak = gguf_peak (scales, PARTS), inverse = -32 / peak, scale = peak != 0 ? 1 / inverse : 0;
        for (uint32_t part = 0; part < PARTS; part++) {
            int8_t code = peak != 0 ? (int8_t) gguf_nearest (inverse * scales[part]) : -32;
            stored[part] = (int8_t) gguf_clamp (code, -32, 31);
            round_again (codes + 16 * part, items + 16 * part, gguf_as_f16 (scale) * stored[part], 4);
        }
        put_codes_q3_k (to, codes);
        put_scales_q3_k (to + 96, stored);
        gguf_put_f16 (to + 108, scale);
    }
    return TENON_OK;
}

static void
put_codes_q6_k (uint8_t *to, const uint8_t codes[ITEMS])
{
    uint8_t high[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++)
        high[i] = codes[i] >> 4;
    for (uint32_t half = 0; half < 2; half++) {
        gguf_pack_nibbles (to + 64 * half, codes + 128 * half, 64);
        gguf_pack_pairs (to + 128 + 32 * half, high + 128 * half, 32);
    }
}

GGUF_ENCODE (q6_k)
{
    uint8_t codes[ITEMS], *to = blocks;
    float scales[PARTS];
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 210) {
        for (uint32_t part = 0; part < PARTS; part += 4)
            gguf_search_scales (items + 16 * part, 32, codes + 16 * part, scales + part);
        float peak = gguf_peak (scales, PARTS), inverse = -128 / peak, scale = 1 / inverse;
        if (fabsf (peak) < GGUF_LEAST_SCALED) {
            memset (to, 0, 210);
            continue;
        }
        for (uint32_t part = 0; part < PARTS; part++) {
            int32_t code = gguf_nearest (inverse * scales[part]);
            int8_t stored = (int8_t) (code < 127 ? code : 127);
            to[192 + part] = (uint8_t) stored;
            round_again (codes + 16 * part, items + 16 * part, gguf_as_f16 (scale) * stored, 32);
        }
        put_codes_q6_k (to, codes);
        gguf_put_f16 (to + 208, scale);
    }
    return TENON_OK;
}
