/* SPDX-License-Identifier: MIT */
/* toyblock.c - block dtypes alone: a plugin need not have a codec.
 *
 *     tq8   8 items in 9 bytes: an exponent e (i8), then 8 × q (i8); an item is q × 2^e. No byte order.
 *     ts4   4 items in 12 bytes: a scale (f32), then 4 × q (i16); an item is scale × q. Two swap fields.
 *     topq  16 items in 5 bytes, 2 of them a u16 at offset 1: no decode: carried, never cast. */
#include <tenon/plugin.h>

#define TQ8_ITEMS 8
#define TQ8_BYTES 9
#define TS4_ITEMS 4
#define TS4_BYTES 12

static float
power_of_two (int exponent)
{
    float power = 1;
    for (; exponent > 0; exponent--)
        power *= 2;
    for (; exponent < 0; exponent++)
        power /= 2;
    return power;
}

static float
largest_of (const float *items, unsigned count)
{
    float largest = 0;
    for (unsigned i = 0; i < count; i++) {
        float size = items[i] < 0 ? -items[i] : items[i];
        if (size > largest)
            largest = size;
    }
    return largest;
}

/* Rounds half away from zero. */
static int32_t
round_half_away (float x)
{
    return (int32_t) (x < 0 ? x - 0.5f : x + 0.5f);
}

/* ---- tq8 ---- */

static int32_t
tq8_decode (const void *blocks, float *items, uint64_t block_count)
{
    const int8_t *block = (const int8_t *) blocks;
    for (; block_count > 0; block_count--, block += TQ8_BYTES) {
        float scale = power_of_two (block[0]);
        for (unsigned i = 0; i < TQ8_ITEMS; i++)
            *items++ = scale * block[1 + i];
    }
    return TENON_OK;
}

/* The least exponent for which all items fit into an i8. */
static int32_t
tq8_encode (const float *items, void *blocks, uint64_t block_count)
{
    int8_t *block = (int8_t *) blocks;
    for (; block_count > 0; block_count--, block += TQ8_BYTES, items += TQ8_ITEMS) {
        float largest = largest_of (items, TQ8_ITEMS);
        int exponent = largest > 0 ? -20 : 0;
        while (largest > 127 * power_of_two (exponent) && exponent < 100)
            exponent++;
        block[0] = (int8_t) exponent;
        for (unsigned i = 0; i < TQ8_ITEMS; i++)
            block[1 + i] = (int8_t) round_half_away (items[i] / power_of_two (exponent));
    }
    return TENON_OK;
}

/* ---- ts4 ---- */

static int32_t
ts4_decode (const void *blocks, float *items, uint64_t block_count)
{
    const uint8_t *block = (const uint8_t *) blocks;
    for (; block_count > 0; block_count--, block += TS4_BYTES) {
        uint32_t bits = tenon_le32 (block);
        float scale;
        memcpy (&scale, &bits, sizeof scale);
        if (scale != scale) /* a NaN: the one block that this dtype calls damaged */
            return TENON_E_MALFORMED;
        for (unsigned i = 0; i < TS4_ITEMS; i++)
            *items++ = scale * (int16_t) tenon_le16 (block + 4 + 2 * i);
    }
    return TENON_OK;
}

/* Scales are powers of two: items that fit come back exactly. */
static int32_t
ts4_encode (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = (uint8_t *) blocks;
    for (; block_count > 0; block_count--, block += TS4_BYTES, items += TS4_ITEMS) {
        float largest = largest_of (items, TS4_ITEMS), scale = power_of_two (-20);
        uint32_t bits;
        while (largest > 32767 * scale)
            scale *= 2;
        memcpy (&bits, &scale, sizeof bits);
        tenon_put_le32 (block, bits);
        for (unsigned i = 0; i < TS4_ITEMS; i++)
            tenon_put_le16 (block + 4 + 2 * i, (uint16_t) (int16_t) round_half_away (items[i] / scale));
    }
    return TENON_OK;
}

/* Finds the block that decode calls damaged. */
static uint64_t
ts4_check (const void *blocks, uint64_t block_count)
{
    const uint8_t *block = (const uint8_t *) blocks;
    for (uint64_t i = 0; i < block_count; i++) {
        uint32_t bits = tenon_le32 (block + i * TS4_BYTES);
        if ((bits & 0x7fffffff) > 0x7f800000)
            return i;
    }
    return block_count;
}

/* ---- the tables ---- */

static const struct tenon_swap_field ts4_swap[] = { { 0, 4, 1 }, { 4, 2, 4 } };
static const struct tenon_swap_field topq_swap[] = { { 1, 2, 1 } };

static const struct tenon_dtype tq8 = {
    .struct_size = sizeof tq8,
    .kind = TENON_KIND_BLOCK,
    .name = "tq8",
    .block_items = TQ8_ITEMS,
    .block_bytes = TQ8_BYTES,
    .decode = tq8_decode,
    .encode = tq8_encode,
};
static const struct tenon_dtype ts4 = {
    .struct_size = sizeof ts4,
    .kind = TENON_KIND_BLOCK,
    .name = "ts4",
    .block_items = TS4_ITEMS,
    .block_bytes = TS4_BYTES,
    .swap = ts4_swap,
    .swap_size = sizeof ts4_swap[0],
    .swap_count = 2,
    .decode = ts4_decode,
    .encode = ts4_encode,
    .check = ts4_check,
};
static const struct tenon_dtype topq = {
    .struct_size = sizeof topq,
    .kind = TENON_KIND_BLOCK,
    .name = "topq",
    .block_items = 16,
    .block_bytes = 5,
    .swap = topq_swap,
    .swap_size = sizeof topq_swap[0],
    .swap_count = 1,
    .alignment = 1,
};
static const struct tenon_dtype *const dtypes[] = { &tq8, &ts4, &topq, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyblock",
    .version = "1.2.3",
    .license = "MIT",
    .summary = "block dtypes for the tests",
    .dtypes = dtypes,
};

TENON_PLUGIN (plugin)
