/* SPDX-License-Identifier: MIT */
/* check.c - finds blocks that stand for no numbers, since a scale in them is NaN or infinite. The places of
 * the scales are ggml's (ggml-common.h). */
#include "check.h"
#include "bytes.h"

/* Checks `count` f16 scales from `offset` on in each block. */
static inline uint64_t
find_bad_f16 (const void *blocks, uint64_t block_count, uint64_t block_bytes, uint64_t offset, uint32_t count)
{
    const uint8_t *at = (const uint8_t *) blocks + offset;
    for (uint64_t i = 0; i < block_count; i++, at += block_bytes)
        for (uint32_t k = 0; k < count; k++)
            if ((gguf_u16_at (at + 2 * k) & 0x7c00) == 0x7c00)
                return i;
    return block_count;
}

#define CHECK_F16(name, block_bytes, offset, count)                                                          \
    GGUF_CHECK (name)                                                                                        \
    {                                                                                                        \
        return find_bad_f16 (blocks, block_count, block_bytes, offset, count);                               \
    }

CHECK_F16 (q4_0, 18, 0, 1)
CHECK_F16 (q4_1, 20, 0, 2)
CHECK_F16 (q5_0, 22, 0, 1)
CHECK_F16 (q5_1, 24, 0, 2)
CHECK_F16 (q8_0, 34, 0, 1)
CHECK_F16 (q8_1, 36, 0, 2)
CHECK_F16 (q2_k, 84, 80, 2)
CHECK_F16 (q3_k, 110, 108, 1)
CHECK_F16 (q4_k, 144, 0, 2)
CHECK_F16 (q5_k, 176, 0, 2)
CHECK_F16 (q6_k, 210, 208, 1)
CHECK_F16 (iq2_xxs, 66, 0, 1)
CHECK_F16 (iq2_xs, 74, 0, 1)
CHECK_F16 (iq3_xxs, 98, 0, 1)
CHECK_F16 (iq1_s, 50, 0, 1)
CHECK_F16 (iq4_nl, 18, 0, 1)
CHECK_F16 (iq3_s, 110, 0, 1)
CHECK_F16 (iq2_s, 82, 0, 1)
CHECK_F16 (iq4_xs, 136, 0, 1)
CHECK_F16 (tq1_0, 54, 52, 1)
CHECK_F16 (tq2_0, 66, 64, 1)
CHECK_F16 (q1_0, 18, 0, 1)
CHECK_F16 (q2_0, 18, 0, 1)

/* An f32 scale at 0. */
GGUF_CHECK (q8_k)
{
    const uint8_t *at = blocks;
    for (uint64_t i = 0; i < block_count; i++, at += 292)
        if ((gguf_u32_at (at) & 0x7f800000) == 0x7f800000)
            return i;
    return block_count;
}

/* The four nibbles of the f16 scale are the top ones of four u16. */
GGUF_CHECK (iq1_m)
{
    const uint8_t *at = (const uint8_t *) blocks + 48;
    for (uint64_t i = 0; i < block_count; i++, at += 56) {
        uint32_t low = (uint32_t) gguf_u16_at (at + 4) >> 12 << 8,
                 high = (uint32_t) gguf_u16_at (at + 6) & 0xf000;
        if (((low | high) & 0x7c00) == 0x7c00)
            return i;
    }
    return block_count;
}

/* The scale is a power of two; 0xff is NaN. nvfp4 needs no check: each of its bytes is a number. */
GGUF_CHECK (mxfp4)
{
    const uint8_t *at = blocks;
    for (uint64_t i = 0; i < block_count; i++, at += 17)
        if (*at == 0xff)
            return i;
    return block_count;
}
