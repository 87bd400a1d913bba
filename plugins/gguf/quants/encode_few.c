/* SPDX-License-Identifier: MIT */
/* encode_few.c - one or two bits an item, or five items a byte: q1_0 q2_0 tq1_0 tq2_0. */
#include "four.h"

/* ---- q1_0: the signs of 128 items; the scale is their mean magnitude ---- */

GGUF_ENCODE (q1_0)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 128, block += 18) {
        float sum = 0;
        memset (block + 2, 0, 16);
        for (uint32_t j = 0; j < 128; j++) {
            sum += fabsf (items[j]);
            block[2 + j / 8] |= (uint8_t) ((items[j] >= 0) << j % 8);
        }
        gguf_put_f16 (block, sum / 128);
    }
    return TENON_OK;
}

/* ---- q2_0: 64 items; codes 0 to 3 stand for -1 to 2 times the largest magnitude, and 3 never occurs ---- */

GGUF_ENCODE (q2_0)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 64, block += 18) {
        float scale = gguf_largest_magnitude (items, 64), inverse = gguf_inverse (scale);
        gguf_put_f16 (block, scale);
        memset (block + 2, 0, 16);
        for (uint32_t j = 0; j < 64; j++) {
            int32_t code = gguf_clamp (gguf_round (items[j] * inverse), -1, 2) + 1;
            block[2 + j / 4] |= (uint8_t) (code << 2 * (j % 4));
        }
    }
    return TENON_OK;
}

/* ---- tq1_0 and tq2_0: 256 items, each -1, 0 or 1 times the largest magnitude ---- */

/* 0, 1 or 2; 1, which stands for zero, if the share is NaN. */
static uint32_t
trit_of_share (float share)
{
    int32_t rounded = gguf_round (share);
    return (uint32_t) (rounded == INT32_MIN ? 0 : rounded) + 1;
}

/* Packs five trits a byte, of items `bytes` apart; beyond the first `trits` they are 0. The five are the
 * digits of a fraction of 243, stored as a fraction of 256, rounded up: multiplying by 3 then brings out one
 * after the other. */
static void
put_trits (uint8_t *to, const float *items, float inverse, uint32_t bytes, uint32_t trits)
{
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t number = 0;
        for (uint32_t j = 0; j < 5; j++)
            number = number * 3 + (j < trits ? trit_of_share (items[i + j * bytes] * inverse) : 0);
        to[i] = (uint8_t) ((number * 256 + 242) / 243);
    }
}

GGUF_ENCODE (tq1_0)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 256, block += 54) {
        float scale = gguf_largest_magnitude (items, 256), inverse = gguf_inverse (scale);
        put_trits (block, items, inverse, 32, 5);
        put_trits (block + 32, items + 160, inverse, 16, 5);
        put_trits (block + 48, items + 240, inverse, 4, 4);
        gguf_put_f16 (block + 52, scale);
    }
    return TENON_OK;
}

GGUF_ENCODE (tq2_0)
{
    uint8_t codes[256], *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 256, block += 66) {
        float scale = gguf_largest_magnitude (items, 256), inverse = gguf_inverse (scale);
        for (uint32_t j = 0; j < 256; j++)
            codes[j] = (uint8_t) trit_of_share (items[j] * inverse);
        gguf_pack_pairs (block, codes, 32);
        gguf_pack_pairs (block + 32, codes + 128, 32);
        gguf_put_f16 (block + 64, scale);
    }
    return TENON_OK;
}
