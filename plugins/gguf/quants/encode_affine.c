/* SPDX-License-Identifier: MIT */
/* encode_affine.c - blocks of numbers that have their scale and bias already: nothing is rounded. */
#include "encode.h"

static int
is_half (float value)
{
    uint16_t half = gguf_f16_of_f32 (value);
    return (half & 0x7c00) != 0x7c00 && gguf_f32_of_f16 (half) == value;
}

/* Types without a bias: it must be a multiple of the scale, which the numbers become smaller by. *zero is
 * that multiple, plus what the type subtracts from its codes. False: codes of 0 … `most` do not suffice. */
static int
find_zero (uint32_t bits, float scale, float bias, int32_t middle, int32_t most, int32_t *zero)
{
    float multiple = scale != 0 ? -bias / scale : (float) middle;
    if (!is_half (scale) || !(multiple >= -255 && multiple <= 255))
        return 0;
    *zero = (int32_t) multiple;
    if ((float) *zero * scale != -bias)
        return 0;
    *zero -= middle;
    return -*zero >= 0 && (1 << bits) - 1 - *zero <= most;
}

GGUF_AFFINE (q4_0)
{
    uint8_t codes[32], *to = block;
    int32_t zero;
    if (bits > 4 || !find_zero (bits, scale, bias, 8, 15, &zero))
        return TENON_E_UNSUPPORTED;
    for (uint32_t i = 0; numbers && i < 32; i++)
        codes[i] = (uint8_t) (numbers[i] - zero);
    if (numbers) {
        gguf_put_f16 (to, scale);
        gguf_pack_nibbles (to + 2, codes, 16);
    }
    return TENON_OK;
}

GGUF_AFFINE (q4_1)
{
    uint8_t *to = block;
    if (bits > 4 || !is_half (scale) || !is_half (bias))
        return TENON_E_UNSUPPORTED;
    if (numbers) {
        gguf_put_f16 (to, scale);
        gguf_put_f16 (to + 2, bias);
        gguf_pack_nibbles (to + 4, numbers, 16);
    }
    return TENON_OK;
}

/* Its codes are signed: 0 … 255 are -128 … 127. */
GGUF_AFFINE (q8_0)
{
    uint8_t *to = block;
    int32_t zero;
    if (bits > 8 || !find_zero (bits, scale, bias, 128, 255, &zero))
        return TENON_E_UNSUPPORTED;
    if (numbers)
        gguf_put_f16 (to, scale);
    for (uint32_t i = 0; numbers && i < 32; i++)
        to[2 + i] = (uint8_t) ((numbers[i] - zero) ^ 0x80);
    return TENON_OK;
}
