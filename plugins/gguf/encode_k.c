/* SPDX-License-Identifier: MIT */
/* encode_k.c - 256 items in parts, each with a scale and a minimum that are small integers times the block's
 * own: q2_k, q4_k, q5_k. */
#include "encode_search.h"

#define ITEMS 256
#define MOST_PARTS 16

struct block {
    uint32_t parts;
    uint8_t codes[ITEMS];
    float scales[MOST_PARTS], minima[MOST_PARTS];               /* as they were found */
    uint8_t scale_codes[MOST_PARTS], minimum_codes[MOST_PARTS]; /* as they are stored */
    float scale, minimum;                                       /* what one of these is worth */
};

static float
largest_of (const float *values, uint32_t count)
{
    float largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = values[i] > largest ? values[i] : largest;
    return largest;
}

/* Scales and minima of all parts, and codes for these. */
static void
search (struct block *block, const float *items, const struct gguf_affine *affine)
{
    block->parts = ITEMS / affine->count;
    for (uint32_t part = 0; part < block->parts; part += 4)
        gguf_search_affine (affine, items + part * affine->count, block->codes + part * affine->count,
                            block->scales + part, block->minima + part);
}

/* The codes once more, for the scales and minima as they are stored. */
static void
round_again (struct block *block, const float *items, const struct gguf_affine *affine)
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

/* ---- q2_k: 16 parts, their scales and minima in four bits ---- */

/* Both to codes of four bits, in one byte. Nothing forbids the search a negative scale, which then, as in
 * ggml, reaches into the minimum's bits: the byte is what counts. */
static void
round_scales_q2_k (struct block *block, uint8_t bytes[16])
{
    float scale = largest_of (block->scales, 16), minimum = largest_of (block->minima, 16);
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
    struct block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 84) {
        search (&block, items, &affine);
        round_scales_q2_k (&block, to);
        round_again (&block, items, &affine);
        gguf_pack_pairs (to + 16, block.codes, 32);
        gguf_pack_pairs (to + 48, block.codes + 128, 32);
        gguf_put_f16 (to + 80, block.scale);
        gguf_put_f16 (to + 82, block.minimum);
    }
    return TENON_OK;
}

/* ---- q4_k and q5_k: 8 parts, their scales and minima in six bits ---- */

static uint8_t
six_bits (float share)
{
    uint8_t code = (uint8_t) gguf_nearest (share);
    return code < 63 ? code : 63;
}

static void
make_8_parts (struct block *block, const float *items, const struct gguf_affine *affine)
{
    search (block, items, affine);
    float scale = largest_of (block->scales, 8), minimum = largest_of (block->minima, 8);
    float inverse_scale = scale > 0 ? 63 / scale : 0, inverse_minimum = minimum > 0 ? 63 / minimum : 0;
    for (uint32_t part = 0; part < 8; part++) {
        block->scale_codes[part] = six_bits (inverse_scale * block->scales[part]);
        block->minimum_codes[part] = six_bits (inverse_minimum * block->minima[part]);
    }
    block->scale = scale / 63, block->minimum = minimum / 63;
    round_again (block, items, affine);
}

/* 12 bytes: four scales and four minima, the other ones' low halves, and their two highest bits above the
 * first eight. */
static void
put_scales (uint8_t bytes[12], const struct block *block)
{
    const uint8_t *scales = block->scale_codes, *minima = block->minimum_codes;
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t) (scales[i] | (scales[i + 4] >> 4) << 6);
        bytes[i + 4] = (uint8_t) (minima[i] | (minima[i + 4] >> 4) << 6);
        bytes[i + 8] = (uint8_t) ((scales[i + 4] & 15) | (minima[i + 4] & 15) << 4);
    }
}

static void
put_head (uint8_t *to, const struct block *block)
{
    gguf_put_f16 (to, block->scale);
    gguf_put_f16 (to + 2, block->minimum);
    put_scales (to + 4, block);
}

GGUF_ENCODE (q4_k)
{
    static const struct gguf_affine affine = { .count = 32, .most = 15, .first = -1, .last = 20 };
    struct block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 144) {
        make_8_parts (&block, items, &affine);
        put_head (to, &block);
        for (uint32_t pair = 0; pair < 4; pair++)
            gguf_pack_nibbles (to + 16 + 32 * pair, block.codes + 64 * pair, 32);
    }
    return TENON_OK;
}

GGUF_ENCODE (q5_k)
{
    static const struct gguf_affine affine = { .count = 32, .most = 31, .first = -0.5f, .last = 15 };
    struct block block;
    uint8_t *to = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, to += 176) {
        make_8_parts (&block, items, &affine);
        put_head (to, &block);
        for (uint32_t item = 0; item < 32; item++) { /* the fifth bits of a part are one bit of 32 bytes */
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
