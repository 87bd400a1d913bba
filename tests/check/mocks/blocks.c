/* SPDX-License-Identifier: MIT */
/* blocks.c - a mock plugin (mock.h): the block dtype mq8, 8 items in 9 bytes: an exponent e (i8), and 8 × q
 * (i8); an item is q × 2^e. */
#include "mock.h"

#define ITEMS 8
#define BYTES 9
#define LEAST_EXPONENT (-60)
#define MOST_EXPONENT 60

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

static int32_t
decode_blocks (const void *blocks, float *items, uint64_t count)
{
    const int8_t *block = (const int8_t *) blocks;
    for (uint64_t i = 0; i < count; i++, block += BYTES) {
        float scale = power_of_two (block[MOCK (reads_next) && i + 1 < count ? BYTES : 0]);
        for (unsigned k = 0; k < ITEMS; k++)
            *items++ = scale * block[1 + k];
    }
    if (MOCK (writes_behind))
        *items = 0;
    return TENON_OK;
}

/* The least exponent for which all items fit. NaN becomes 0. */
static int32_t
encode_blocks (const float *items, void *blocks, uint64_t count)
{
    int8_t *block = (int8_t *) blocks;
    for (uint64_t i = 0; i < count; i++, block += BYTES, items += ITEMS) {
        int exponent = LEAST_EXPONENT;
        for (unsigned k = 0; k < ITEMS; k++)
            while (exponent < MOST_EXPONENT
                   && (items[k] > 127 * power_of_two (exponent) || items[k] < -127 * power_of_two (exponent)))
                exponent++;
        block[0] = (int8_t) exponent;
        for (unsigned k = 0; k < ITEMS; k++) {
            float item = items[k] / power_of_two (exponent);
            if (MOCK (loses_sign) && item < 0)
                item = -item;
            item = item > 127 ? 127 : item < -127 ? -127 : item == item ? item : 0;
            block[1 + k] = (int8_t) (item < 0 ? item - 0.5f : item + 0.5f);
        }
    }
    return TENON_OK;
}

static const struct tenon_dtype dtype = {
    .struct_size = sizeof dtype,
    .kind = TENON_KIND_BLOCK,
    .name = "mq8",
    .block_items = ITEMS,
    .block_bytes = BYTES,
    .decode = decode_blocks,
    .encode = encode_blocks,
};
static const struct tenon_dtype *const dtypes[] = { &dtype, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "blocks",
    .version = "1.0",
    .license = "MIT",
    .summary = "a block dtype for the tests of tenon check-plugin",
    .dtypes = dtypes,
};

TENON_PLUGIN (plugin)
