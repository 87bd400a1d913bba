/* SPDX-License-Identifier: MIT */
/* decode_fp4.c - items are floats of four bits, e2m1, and scales are small floats: mxfp4, nvfp4. Low nibbles
 * are the first half of the items that share a scale, high nibbles the second. */
#include "decode.h"
#include "fp4.h"

static const int8_t doubled[16] = { GGUF_DOUBLED_E2M1, GGUF_DOUBLED_OPPOSITES };

static inline void
mxfp4_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_half_of_e8m0 (block[0]);
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = (float) doubled[block[1 + i] & 15] * scale;
        items[16 + i] = (float) doubled[block[1 + i] >> 4] * scale;
    }
}
GGUF_DECODER (mxfp4_base, 17, 32);

static inline void
nvfp4_base_block (const uint8_t *restrict block, float *restrict items)
{
    for (uint32_t part = 0; part < 4; part++) {
        float scale = gguf_half_of_ue4m3 (block[part]);
        const uint8_t *codes = block + 4 + part * 8;
        for (uint32_t i = 0; i < 8; i++) {
            items[part * 16 + i] = (float) doubled[codes[i] & 15] * scale;
            items[part * 16 + 8 + i] = (float) doubled[codes[i] >> 4] * scale;
        }
    }
}
GGUF_DECODER (nvfp4_base, 36, 64);
