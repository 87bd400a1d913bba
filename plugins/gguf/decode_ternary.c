/* SPDX-License-Identifier: MIT */
/* decode_ternary.c - items of three values: the scale, its opposite and 0. */
#include "decode.h"

/* A digit of base 3, `power` = 3^number of the digit; a byte is a fraction of 256 whose first digit is number
 * 0. */
static inline float
digit (uint8_t byte, uint8_t power)
{
    uint32_t fraction = (uint8_t) (byte * power);
    return (float) ((int32_t) (fraction * 3 >> 8) - 1);
}

static inline void
digits (const uint8_t *restrict bytes, uint32_t byte_count, uint32_t digit_count, float scale,
        float *restrict items)
{
    static const uint8_t powers[5] = { 1, 3, 9, 27, 81 };
    for (uint32_t number = 0; number < digit_count; number++)
        for (uint32_t i = 0; i < byte_count; i++)
            items[number * byte_count + i] = digit (bytes[i], powers[number]) * scale;
}

/* 32 bytes of five digits, 16 of five, 4 of four; f16: scale 52 */
static inline void
tq1_0_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 52);
    digits (block, 32, 5, scale, items);
    digits (block + 32, 16, 5, scale, items + 160);
    digits (block + 48, 4, 4, scale, items + 240);
}
GGUF_DECODER (tq1_0, 54, 256);

/* Two bits an item; those of 32 bytes' lowest bits come first. f16: scale 64 */
static inline void
tq2_0_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 64);
    for (uint32_t part = 0; part < 8; part++)
        for (uint32_t i = 0; i < 32; i++)
            items[part * 32 + i] = (float) ((block[part / 4 * 32 + i] >> part % 4 * 2 & 3) - 1) * scale;
}
GGUF_DECODER (tq2_0, 66, 256);
