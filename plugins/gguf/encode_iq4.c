/* encode_iq4.c - codes that stand for 16 values which lie closer together around zero: iq4_nl, iq4_xs. */
#include "encode.h"

#define ITEMS 32 /* that share a scale */

static const float values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
/* Halfway between the values; what lies there goes up. */
static const float middles[15] = { -115.5f, -93.5f, -74,   -57,   -42, -28.5f, -16, -4.5f,
                                   7,       19,     31.5f, 45.5f, 61,  79,     101 };

/* 15 for a NaN, as in ggml. */
static void
nearest_codes (const float *items, float inverse, uint8_t codes[ITEMS])
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        float share = inverse * items[i];
        uint32_t code = 0;
        for (uint32_t j = 0; j < 15; j++)
            code += !(share < middles[j]);
        codes[i] = (uint8_t) code;
    }
}

/* Weighted by the square of the item: how well the codes' values follow the items (product), and how long they are. */
struct fit {
    float product, length;
};

static struct fit
fit_of (const float *items, float inverse)
{
    struct fit fit = { 0, 0 };
    uint8_t codes[ITEMS];
    nearest_codes (items, inverse, codes);
    for (uint32_t i = 0; i < ITEMS; i++) {
        float value = values[codes[i]], weight = items[i] * items[i];
        fit.product += weight * value * items[i];
        fit.length += weight * value * value;
    }
    return fit;
}

/* The scale that loses least for some codes is product / length, and what it gains is product² / length. The codes are tried
 * that come of taking the largest item for -120 … -134, and before for 127. 0: all items are. */
static float
search_scale (const float *items)
{
    float peak = gguf_peak (items, ITEMS);
    if (fabsf (peak) < GGUF_LEAST_SCALED)
        return 0;
    struct fit fit = fit_of (items, 1 / (-peak / values[0]));
    float scale = fit.length > 0 ? fit.product / fit.length : 0, gain = scale * fit.product;
    for (int32_t i = -7; i <= 7; i++) {
        fit = fit_of (items, ((float) i + values[0]) / peak);
        if (fit.length > 0 && fit.product * fit.product > gain * fit.length) {
            scale = fit.product / fit.length;
            gain = scale * fit.product;
        }
    }
    return scale;
}

GGUF_ENCODE (iq4_nl)
{
    uint8_t codes[ITEMS], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += ITEMS, block += 18) {
        float scale = search_scale (items);
        nearest_codes (items, gguf_inverse (scale), codes);
        gguf_put_f16 (block, scale);
        gguf_pack_nibbles (block + 2, codes, 16);
    }
    return TENON_OK;
}

/* 8 parts with scales of six bits: the low halves two a byte, the high ones two bits each in a u16. */
GGUF_ENCODE (iq4_xs)
{
    uint8_t codes[ITEMS], *block = blocks;
    float scales[8];
    for (uint64_t i = 0; i < block_count; i++, items += 8 * ITEMS, block += 136) {
        uint32_t low = 0, high = 0;
        for (uint32_t part = 0; part < 8; part++)
            scales[part] = search_scale (items + ITEMS * part);
        float scale = -gguf_peak (scales, 8) / 32, inverse = gguf_inverse (scale);
        for (uint32_t part = 0; part < 8; part++) {
            int32_t code = gguf_clamp (gguf_nearest (inverse * scales[part]), -32, 31);
            nearest_codes (items + ITEMS * part, gguf_inverse (scale * (float) code), codes);
            gguf_pack_nibbles (block + 8 + 16 * part, codes, 16);
            low |= (uint32_t) ((code + 32) & 15) << 4 * part;
            high |= (uint32_t) (code + 32) >> 4 << 2 * part;
        }
        gguf_put_f16 (block, scale);
        tenon_put_le16 (block + 2, (uint16_t) high);
        tenon_put_le32 (block + 4, low);
    }
    return TENON_OK;
}
