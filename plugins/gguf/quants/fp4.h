/* SPDX-License-Identifier: MIT */
/* fp4.h - the small floats of mxfp4 and nvfp4: items in e2m1, scales in e8m0 and e4m3. As in ggml, the
 * values of items are doubled, and those of scales are halved: all are then exact, and the items integers. */
#ifndef GGUF_FP4_H
#define GGUF_FP4_H

#include "half.h"

/* The values of e2m1 for codes 0 to 7, doubled. Codes from 8 on stand for their opposites. */
#define GGUF_DOUBLED_E2M1 0, 1, 2, 3, 4, 6, 8, 12
#define GGUF_DOUBLED_OPPOSITES 0, -1, -2, -3, -4, -6, -8, -12

/* Half of 2^(code - 127). All 256 codes are numbers; the two lowest results are subnormal. */
static inline float
gguf_half_of_e8m0 (uint8_t code)
{
    return gguf_f32_of_bits (code < 2 ? 0x00200000u << code : (uint32_t) (code - 1) << 23);
}

/* Half of an e4m3. The sign is ignored, and 0x7f, which is NaN elsewhere, is 0. */
static inline float
gguf_half_of_ue4m3 (uint8_t code)
{
    uint32_t exponent = code >> 3 & 15, mantissa = code & 7;
    if (code == 0x7f)
        return 0;
    if (exponent == 0)
        return (float) mantissa * 0x1p-10f;
    return gguf_f32_of_bits ((exponent + 127 - 7 - 1) << 23 | mantissa << 20);
}

#endif
