/* SPDX-License-Identifier: MIT */
/* encode_iq4.c - codes of four bits stand for 16 values that lie closer together around zero: iq4_nl,
 * iq4_xs. */
#include "iq4.h"
#include "search_scale.h"

#define ITEMS 32 /* with one scale */

static const float values[16] = { GGUF_IQ4_VALUES };
/* Halfway between the values; an item there is rounded up. */
static const float middles[15] = { -115.5f, -93.5f, -74,   -57,   -42, -28.5f, -16, -4.5f,
                                   7,       19,     31.5f, 45.5f, 61,  79,     101 };

/* The code of NaN is 15, as in ggml. */
static void
put_codes_iq4 (uint8_t bytes[16], const float *items, float inverse)
{
    uint8_t codes[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i += 4) {
        gguf_four shares = inverse * gguf_load (items + i);
        gguf_mask count = { 15, 15, 15, 15 };
        for (uint32_t j = 0; j < 15; j++)
            count += shares < middles[j]; /* -1 if true */
        gguf_put_codes (codes + i, __builtin_convertvector(count, gguf_four), 0);
    }
    gguf_pack_nibbles (bytes, codes, ITEMS / 2);
}

/* Each middle that the share reaches adds the distance to the next value. */
static gguf_four
nearest_value (gguf_four share)
{
    gguf_four value = gguf_all (values[0]);
    for (uint32_t i = 0; i < 15; i++)
        value += gguf_pick (share < middles[i], gguf_all (0), gguf_all (values[i + 1] - values[i]));
    return value;
}

static struct gguf_fit
fit_of_values (const gguf_four *items, gguf_four inverse)
{
    struct gguf_fit fit = { gguf_all (0), gguf_all (0) };
    for (uint32_t i = 0; i < ITEMS; i++) {
        gguf_four value = nearest_value (inverse * items[i]), weighted = items[i] * items[i] * value;
        fit.product += weighted * items[i];
        fit.length += weighted * value;
    }
    return fit;
}

/* Tries the scales that map the largest item to 127, then to -134 to -120; 0 if all items are 0. */
static void
search_scales_iq4 (const float *items, float scales[4])
{
    gguf_four columns[ITEMS];
    gguf_columns (items, ITEMS, columns);
    gguf_four peak = gguf_peaks (columns, ITEMS), inverse = 1 / (-peak / values[0]);
    gguf_mask nothing = gguf_magnitudes (peak) < GGUF_LEAST_SCALED;
    struct gguf_fit fit = fit_of_values (columns, inverse);
    struct gguf_best best = gguf_first_best (&fit, fit.length > 0, inverse);
    for (int32_t i = -7; i <= 7; i++) {
        inverse = ((float) i + values[0]) / peak;
        fit = fit_of_values (columns, inverse);
        gguf_compare (&best, &fit, inverse);
    }
    gguf_store (scales, gguf_pick (nothing, gguf_all (0), best.scale));
}

/* Encodes at most four blocks. */
static void
encode_four_iq4_nl (const float *items, uint8_t *block, uint64_t block_count)
{
    float scales[4], padded[4 * ITEMS] = { 0 };
    memcpy (padded, items, block_count * ITEMS * sizeof *items);
    search_scales_iq4 (padded, scales);
    for (uint64_t i = 0; i < block_count; i++, block += 18) {
        gguf_put_f16 (block, scales[i]);
        put_codes_iq4 (block + 2, items + ITEMS * i, gguf_inverse (scales[i]));
    }
}

GGUF_ENCODE (iq4_nl)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i += 4)
        encode_four_iq4_nl (items + i * ITEMS, block + i * 18, block_count - i < 4 ? block_count - i : 4);
    return TENON_OK;
}

/* Eight parts with scales of six bits: the low four are nibbles, the upper two lie together in a u16. */
GGUF_ENCODE (iq4_xs)
{
    uint8_t *block = blocks;
    float scales[8];
    for (uint64_t i = 0; i < block_count; i++, items += 8 * ITEMS, block += 136) {
        uint32_t low = 0, high = 0;
        search_scales_iq4 (items, scales);
        search_scales_iq4 (items + 4 * ITEMS, scales + 4);
        float scale = -gguf_peak (scales, 8) / 32, inverse = gguf_inverse (scale);
        for (uint32_t part = 0; part < 8; part++) {
            int32_t code = gguf_clamp (gguf_nearest (inverse * scales[part]), -32, 31);
            put_codes_iq4 (block + 8 + 16 * part, items + ITEMS * part, gguf_inverse (scale * (float) code));
            low |= (uint32_t) ((code + 32) & 15) << 4 * part;
            high |= (uint32_t) (code + 32) >> 4 << 2 * part;
        }
        gguf_put_f16 (block, scale);
        gguf_put_u16 (block + 2, (uint16_t) high);
        gguf_put_u32 (block + 4, low);
    }
    return TENON_OK;
}
