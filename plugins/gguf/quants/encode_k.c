/* SPDX-License-Identifier: MIT */
/* encode_k.c - the K types: blocks of 256 items in parts, whose scales, and minima, are small integers times
 * those of the block. A search finds the scales of all parts; these are rounded; then the items are rounded
 * once more, to the scales as they are stored. */
#include "search_affine.h"
#include "search_scale.h"

#define ITEMS 256
#define MOST_PARTS 16

/* ---- parts with a scale and a minimum: q2_k, q4_k, q5_k ---- */

struct affine_block {
    uint32_t parts;
    uint8_t codes[ITEMS];
    float scales[MOST_PARTS], minima[MOST_PARTS];               /* as the search found them */
    uint8_t scale_codes[MOST_PARTS], minimum_codes[MOST_PARTS]; /* as they are stored */
    float scale, minimum;                                       /* a unit of these */
};

static float
largest_value (const float *values, uint32_t count)
{
    float largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = values[i] > largest ? values[i] : largest;
    return largest;
}

/* Finds scales and minima of all parts, and codes for them. */
static void
search_parts (struct affine_block *block, const float *items, const struct gguf_affine *affine)
{
    block->parts = ITEMS / affine->count;
    for (uint32_t part = 0; part < block->parts; part += 4)
        gguf_search_affine (affine, items + part * affine->count, block->codes + part * affine->count,
                            block->scales + part, block->minima + part);
}

/* Rounds the items again, to the scales and minima as they are stored. */
static void
round_to_affine (struct affine_block *block, const float *items, const struct gguf_affine *affine)
{
    float scale = gguf_as_f16 (block->scale), minimum = gguf_as_f16 (block->minimum);
    for (uint32_t part = 0; part < block->parts; part++) {
        float own = scale * (float) block->scale_codes[part],
              least = minimum * (float) block->minimum_codes[part];
        for (uint32_t i = part * affine->count; i < (part + 1) * affine->count && own != 0; i += 4) {
            gguf_four shares = (gguf_load (items + i) + gguf_all (least)) / gguf_all (own);
            gguf_put_codes (block->codes + i, gguf_nearest_within (shares, 0, affine->most), 0);
        }
    }
}

/* Rounds both to codes of four bits, in one byte. The search may find a negative scale, which then, as in
 * ggml, reaches into the bits of the minimum: the codes are read back from the byte. */
static void
round_scales_q2_k (struct affine_block *block, uint8_t bytes[16])
{
    float scale = largest_value (block->scales, 16), minimum = largest_value (block->minima, 16);
    float inverse_scale = scale > 0 ? 15 / scale : 0, inverse_minimum = minimum > 0 ? 15 / minimum : 0;
    for (uint32_t part = 0; part < 16; part++) {
        uint32_t low = scale > 0 ? (uint32_t) gguf_nearest (inverse_scale * block->scales[part]) : 0;
        uint32_t high = minimum > 0 ? (uint32_t) gguf_nearest (inverse_minimum * block->minima[part]) : 0;
        bytes[part] = (uint8_t) (low | high << 4);
        block->scale_codes[part] = bytes[part] & 15, block->minimum_codes[part] = bytes[part] >> 4;
    }
    block->scale = scale > 0 ? scale / 15 : 0, block->minimum = minimum > 0 ? minimum / 15 : 0;
}

GGUF_ENCODE (q2_k)
{
    static const struct gguf_affine affine = {
        .count = 16, .most = 3, .first = -0.5f, .last = 15, .absolute = 1
    };
    struct affine_block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 84) {
        search_parts (&block, items, &affine);
        round_scales_q2_k (&block, to);
        round_to_affine (&block, items, &affine);
        gguf_pack_pairs (to + 16, block.codes, 32);
        gguf_pack_pairs (to + 48, block.codes + 128, 32);
        gguf_put_f16 (to + 80, block.scale);
        gguf_put_f16 (to + 82, block.minimum);
    }
    return TENON_OK;
}

static uint8_t
code_of_six_bits (float share)
{
    uint8_t code = (uint8_t) gguf_nearest (share);
    return code < 63 ? code : 63;
}

static void
encode_8_parts (struct affine_block *block, const float *items, const struct gguf_affine *affine)
{
    search_parts (block, items, affine);
    float scale = largest_value (block->scales, 8), minimum = largest_value (block->minima, 8);
    float inverse_scale = scale > 0 ? 63 / scale : 0, inverse_minimum = minimum > 0 ? 63 / minimum : 0;
    for (uint32_t part = 0; part < 8; part++) {
        block->scale_codes[part] = code_of_six_bits (inverse_scale * block->scales[part]);
        block->minimum_codes[part] = code_of_six_bits (inverse_minimum * block->minima[part]);
    }
    block->scale = scale / 63, block->minimum = minimum / 63;
    round_to_affine (block, items, affine);
}

/* Packs scales and minima into 12 bytes, as gguf_k_scales in decode.h reads them. */
static void
put_scales_12_bytes (uint8_t bytes[12], const struct affine_block *block)
{
    const uint8_t *scales = block->scale_codes, *minima = block->minimum_codes;
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t) (scales[i] | (scales[i + 4] >> 4) << 6);
        bytes[i + 4] = (uint8_t) (minima[i] | (minima[i + 4] >> 4) << 6);
        bytes[i + 8] = (uint8_t) ((scales[i + 4] & 15) | (minima[i + 4] & 15) << 4);
    }
}

static void
put_head_8_parts (uint8_t *to, const struct affine_block *block)
{
    gguf_put_f16 (to, block->scale);
    gguf_put_f16 (to + 2, block->minimum);
    put_scales_12_bytes (to + 4, block);
}

GGUF_ENCODE (q4_k)
{
    static const struct gguf_affine affine = { .count = 32, .most = 15, .first = -1, .last = 20 };
    struct affine_block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 144) {
        encode_8_parts (&block, items, &affine);
        put_head_8_parts (to, &block);
        for (uint32_t pair = 0; pair < 4; pair++)
            gguf_pack_nibbles (to + 16 + 32 * pair, block.codes + 64 * pair, 32);
    }
    return TENON_OK;
}

GGUF_ENCODE (q5_k)
{
    static const struct gguf_affine affine = { .count = 32, .most = 31, .first = -0.5f, .last = 15 };
    struct affine_block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 176) {
        encode_8_parts (&block, items, &affine);
        put_head_8_parts (to, &block);
        /* The fifth bits of a part are one bit of each of 32 bytes. */
        for (uint32_t item = 0; item < 32; item++) {
            uint32_t bits = 0;
            for (uint32_t part = 0; part < 8; part++)
                bits |= (uint32_t) (block.codes[32 * part + item] >> 4) << part;
            to[16 + item] = (uint8_t) bits;
        }
        for (uint32_t pair = 0; pair < 4; pair++)
            gguf_pack_nibbles (to + 48 + 32 * pair, block.codes + 64 * pair, 32);
    }
    return TENON_OK;
}

/* ---- 16 parts with a scale, codes around zero: q3_k, q6_k ---- */

#define PARTS 16

/* Rounds the items of a part again, to its scale as it is stored. */
static void
round_to_scale (uint8_t *codes, const float *items, float scale, int32_t middle)
{
    float least = (float) -middle;
    for (uint32_t i = 0; i < 16 && scale != 0; i += 4) {
        gguf_four shares = gguf_load (items + i) / gguf_all (scale);
        gguf_put_codes (codes + i, gguf_nearest_within (shares, least, -least - 1), middle);
    }
}

/* Packs 16 scales of six bits into 12 bytes: nibbles with the low bits, those of parts 0 to 7 the low ones,
 * then the upper two bits of each. */
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
    for (uint32_t i = 0; i < ITEMS; i++) /* the third bits of 32 items are one bit of each of 32 bytes */
        to[i % 32] |= (uint8_t) ((codes[i] >> 2) << i / 32);
    gguf_pack_pairs (to + 32, codes, 32);
    gguf_pack_pairs (to + 64, codes + 128, 32);
}

static int32_t
encode_q3_k_by (void (*search) (const float *items, uint8_t codes[ITEMS], float scales[PARTS]),
                const float *items, void *blocks, uint64_t block_count)
{
    uint8_t codes[ITEMS], *to = blocks;
    float scales[PARTS];
    int8_t stored[PARTS];
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 110) {
        search (items, codes, scales);
        float peak = gguf_peak (scales, PARTS), inverse = -32 / peak, scale = peak != 0 ? 1 / inverse : 0;
        for (uint32_t part = 0; part < PARTS; part++) {
            int8_t code = peak != 0 ? (int8_t) gguf_nearest (inverse * scales[part]) : -32;
            stored[part] = (int8_t) gguf_clamp (code, -32, 31);
            round_to_scale (codes + 16 * part, items + 16 * part, gguf_as_f16 (scale) * stored[part], 4);
        }
        put_codes_q3_k (to, codes);
        put_scales_q3_k (to + 96, stored);
        gguf_put_f16 (to + 108, scale);
    }
    return TENON_OK;
}

GGUF_ENCODE (q3_k)
{
    return encode_q3_k_by (gguf_search_16_parts, items, blocks, block_count);
}

GGUF_ENCODE (q3_k_base)
{
    return encode_q3_k_by (gguf_search_16_parts_base, items, blocks, block_count);
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
            round_to_scale (codes + 16 * part, items + 16 * part, gguf_as_f16 (scale) * stored, 32);
        }
        put_codes_q6_k (to, codes);
        gguf_put_f16 (to + 208, scale);
    }
    return TENON_OK;
}
