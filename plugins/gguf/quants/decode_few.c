/* SPDX-License-Identifier: MIT */
/* decode_few.c - one or two bits an item, or five items a byte: q1_0 q2_0 tq1_0 tq2_0. */
#include "decode.h"

/* A bit is the sign of an item: clear for minus. */
static inline void
q1_0_block (const uint8_t *restrict block, float *restrict items)
{
    uint32_t scale = gguf_bits_of_f32 (gguf_f16_at (block));
    for (uint32_t i = 0; i < 16; i++) {
        uint8_t minus[8];
        gguf_put_u64 (minus, gguf_bytes_of_bits (~(uint32_t) block[2 + i]));
        for (uint32_t k = 0; k < 8; k++)
            items[i * 8 + k] = gguf_f32_of_bits (scale ^ (uint32_t) minus[k] << 31);
    }
}
GGUF_DECODER (q1_0, 18, 128);

static inline void
q2_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t i = 0; i < 64; i++)
        items[i] = (float) ((block[2 + i / 4] >> i % 4 * 2 & 3) - 1) * scale;
}
GGUF_DECODER (q2_0_base, 18, 64);

/* A byte is a fraction of 256, in base 3. Returns the digit of which `power` is 3^number, from number 0. The
 * digits 0 1 2 stand for -1 0 1. */
static inline float
ternary_item (uint8_t byte, uint8_t power)
{
    uint32_t fraction = (uint8_t) (byte * power);
    return (float) ((int32_t) (fraction * 3 >> 8) - 1);
}

static inline void
put_ternary (const uint8_t *restrict bytes, uint32_t byte_count, uint32_t digit_count, float scale,
             float *restrict items)
{
    static const uint8_t powers[5] = { 1, 3, 9, 27, 81 };
    for (uint32_t number = 0; number < digit_count; number++)
        for (uint32_t i = 0; i < byte_count; i++)
            items[number * byte_count + i] = ternary_item (bytes[i], powers[number]) * scale;
}

/* Five digits each in bytes 0 to 31 and 32 to 47, four in bytes 48 to 51; f16 scale at 52. */
static inline void
tq1_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 52);
    put_ternary (block, 32, 5, scale, items);
    put_ternary (block + 32, 16, 5, scale, items + 160);
    put_ternary (block + 48, 4, 4, scale, items + 240);
}
GGUF_DECODER (tq1_0_base, 54, 256);

/* Two bits an item: the lowest bits of 32 bytes are the first 32 items. f16 scale at 64. */
static inline void
tq2_0_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 64);
    for (uint32_t part = 0; part < 8; part++)
        for (uint32_t i = 0; i < 32; i++)
            items[part * 32 + i] = (float) ((block[part / 4 * 32 + i] >> part % 4 * 2 & 3) - 1) * scale;
}
GGUF_DECODER (tq2_0_base, 66, 256);
