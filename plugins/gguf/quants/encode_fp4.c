/* SPDX-License-Identifier: MIT */
/* encode_fp4.c - items are floats of four bits, e2m1, and scales are small floats: mxfp4, nvfp4. */
#include "four.h"
#include "fp4.h"

static const float doubled[8] = { GGUF_DOUBLED_E2M1 };

/* The codes of the nearest values, the smaller of two equally near. There is no negative zero. */
static gguf_mask
nearest_codes (gguf_four items, float scale)
{
    gguf_four magnitudes = gguf_magnitudes (items), least = magnitudes, best = gguf_all (0);
    for (uint32_t code = 1; code < 8; code++) {
        gguf_four errors = gguf_magnitudes (doubled[code] * scale - magnitudes);
        best = gguf_pick (errors < least, gguf_all ((float) code), best);
        least = gguf_smaller (errors, least);
    }
    gguf_mask codes = __builtin_convertvector(best, gguf_mask);
    return codes | ((items < 0) & (codes > 0) & 8);
}

static void
put_codes_fp4 (uint8_t *to, const float *items, uint32_t count, float scale)
{
    uint8_t codes[32];
    for (uint32_t i = 0; i < count; i += 4)
        gguf_put_low_bytes (codes + i, nearest_codes (gguf_load (items + i), scale));
    gguf_pack_nibbles (to, codes, count / 2);
}

/* ---- mxfp4: 32 items; the scale is a power of two, f8_e8m0 ---- */

/* The largest value of e2m1 is 6, between 2^2 and 2^3. log2f may round up to an integer; ggml's does, so the
 * results agree. ggml's conversion to a byte is undefined below 2^-125 and for infinity: here it saturates,
 * to the least scale, and to 255, which is NaN in OCP MX. */
static uint8_t
exponent_of_largest (float largest)
{
    if (!(largest > 0))
        return 0;
    if (isinf (largest))
        return 255;
    int32_t exponent = (int32_t) floorf (log2f (largest)) - 2 + 127;
    return (uint8_t) (exponent > 0 ? exponent : 0);
}

GGUF_ENCODE (mxfp4)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 32, block += 17) {
        block[0] = exponent_of_largest (gguf_largest_magnitude (items, 32));
        put_codes_fp4 (block + 1, items, 32, gguf_half_of_e8m0 (block[0]));
    }
    return TENON_OK;
}

/* ---- nvfp4: 64 items; each 16 share a scale, an f8_e4m3 without sign ---- */

#define LARGEST_UE4M3 0x7e /* 448 */

/* Halves are rounded up. Values from 2^8 on become the largest code, as in ggml. */
static uint8_t
ue4m3_of_f32 (float value)
{
    if (!(value > 0))
        return 0;
    uint32_t bits = gguf_bits_of_f32 (value);
    int32_t exponent = (int32_t) (bits >> 23) - 127 + 7;
    if (exponent >= 15)
        return LARGEST_UE4M3;
    if (exponent <= 0) /* subnormal: multiples of 2^-9 */
        return (uint8_t) gguf_clamp (gguf_truncate (value * 0x1p9f + 0.5f), 0, 7);
    uint32_t code = (uint32_t) exponent << 3 | (bits >> 20 & 7);
    code += bits >> 19 & 1;
    return (uint8_t) (code >= 15 << 3 ? LARGEST_UE4M3 : code);
}

GGUF_ENCODE (nvfp4)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, block += 36)
        for (uint32_t part = 0; part < 4; part++, items += 16) {
            block[part] = ue4m3_of_f32 (gguf_largest_magnitude (items, 16) / 6);
            put_codes_fp4 (block + 4 + 8 * part, items, 16, gguf_half_of_ue4m3 (block[part]));
        }
    return TENON_OK;
}
