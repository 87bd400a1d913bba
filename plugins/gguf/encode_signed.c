/* encode_signed.c - 256 items in 16 parts, each with a scale that is a small integer times the block's own, and codes around
 * zero: q3_k, q6_k. */
#include "encode_search.h"
#include <string.h>

#define ITEMS 256
#define PARTS 16

/* ---- q6_k: tries scales ---- */

/* Weighted by the square of the item: how well a row of codes follows the items (product), and how long it is. */
struct fit {
    float product, length;
};

static int32_t
code_of (float item, float inverse, int32_t middle)
{
    return gguf_clamp (gguf_nearest (inverse * item), -middle, middle - 1);
}

static struct fit
fit_of (const float *items, float inverse, int32_t middle)
{
    struct fit fit = { 0, 0 };
    for (uint32_t i = 0; i < 16; i++) {
        float code = (float) code_of (items[i], inverse, middle), weight = items[i] * items[i];
        fit.product += weight * items[i] * code;
        fit.length += weight * code * code;
    }
    return fit;
}

/* The scale that loses least for some codes is product / length, and what it gains is product² / length. */
float
gguf_search_scale (const float *items, int32_t middle, uint8_t codes[16])
{
    float peak = gguf_peak (items, 16);
    memset (codes, 0, 16);
    if (fabsf (peak) < GGUF_LEAST_SCALED)
        return 0;
    float inverse = (float) -middle / peak;
    struct fit fit = fit_of (items, inverse, middle);
    float scale = fit.length != 0 ? fit.product / fit.length : 0, gain = scale * fit.product;
    for (int32_t i = -9; i <= 9; i++) {
        float tried = -((float) middle + 0.1f * (float) i) / peak;
        if (i == 0)
            continue;
        fit = fit_of (items, tried, middle);
        if (fit.length > 0 && fit.product * fit.product > gain * fit.length) {
            scale = fit.product / fit.length;
            gain = scale * fit.product;
            inverse = tried;
        }
    }
    for (uint32_t i = 0; i < 16; i++)
        codes[i] = (uint8_t) (code_of (items[i], inverse, middle) + middle);
    return scale;
}

/* ---- q3_k: changes codes ---- */

/* Lets one item choose the code that fits best to the scale of all others. True: it changed. */
static int
choose_again (float item, int32_t middle, int32_t *code, struct fit *fit)
{
    float weight = item * item, own = (float) *code;
    struct fit others = { fit->product - weight * item * own, 0 };
    if (!(others.product > 0))
        return 0;
    others.length = fit->length - weight * own * own;
    int32_t better = gguf_clamp (gguf_nearest (item * others.length / others.product), -middle, middle - 1);
    if (better == *code)
        return 0;
    float next = (float) better;
    others.product += weight * item * next;
    others.length += weight * next * next;
    if (!(others.length > 0
          && others.product * others.product * fit->length > fit->product * fit->product * others.length))
        return 0;
    *code = better;
    *fit = others;
    return 1;
}

float
gguf_search_codes (const float *items, int32_t middle, uint8_t codes[16])
{
    int32_t chosen[16];
    float peak = gguf_peak (items, 16);
    memset (codes, 0, 16);
    if (fabsf (peak) < GGUF_LEAST_SCALED)
        return 0;
    float inverse = (float) -middle / peak;
    struct fit fit = fit_of (items, inverse, middle);
    for (uint32_t i = 0; i < 16; i++)
        chosen[i] = code_of (items[i], inverse, middle);
    for (uint32_t round = 0, changed = 1; round < 5 && changed; round++) {
        changed = 0;
        for (uint32_t i = 0; i < 16; i++)
            changed |= (uint32_t) choose_again (items[i], middle, &chosen[i], &fit);
    }
    for (uint32_t i = 0; i < 16; i++)
        codes[i] = (uint8_t) (chosen[i] + middle);
    return fit.length > 0 ? fit.product / fit.length : 0;
}

/* ---- blocks ---- */

/* The codes once more, for a part's scale as it is stored. */
static void
round_again (uint8_t *codes, const float *items, float scale, int32_t middle)
{
    for (uint32_t i = 0; i < 16 && scale != 0; i++)
        codes[i] = (uint8_t) (gguf_clamp (gguf_nearest (items[i] / scale), -middle, middle - 1) + middle);
}

/* 12 bytes for 16 numbers of six bits: the low halves of the first and last eight, then the highest two of each. */
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
        for (uint32_t part = 0; part < PARTS; part++)
            scales[part] = gguf_search_codes (items + 16 * part, 4, codes + 16 * part);
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
        for (uint32_t part = 0; part < PARTS; part++)
            scales[part] = gguf_search_scale (items + 16 * part, 32, codes + 16 * part);
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
