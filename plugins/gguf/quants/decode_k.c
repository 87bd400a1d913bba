/* SPDX-License-Identifier: MIT */
/* decode_k.c - the K types: blocks of 256 items in 8 parts of 32 or 16 parts of 16 (ggml: sub-blocks), whose
 * scales are small integers times a scale of the block. Codes of two bits of four successive parts share the
 * same bytes, codes of four bits those of two parts; the first part has the lowest bits. The comment above
 * each decoder gives the layout of a block. */
#include "decode.h"

/* Scales and minima at 0 to 15, a nibble each. Codes at 16 to 79. f16 scale at 80, minimum at 82. */
static inline void
q2_k_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 80), minimum = gguf_f16_at (block + 82);
    for (uint32_t part = 0; part < 16; part++) {
        const uint8_t *codes = block + 16 + part / 8 * 32 + part % 2 * 16;
        uint32_t shift = part % 8 / 2 * 2;
        float own = scale * (float) (block[part] & 15), below = minimum * (float) (block[part] >> 4);
        for (uint32_t i = 0; i < 16; i++)
            items[part * 16 + i] = own * (float) (codes[i] >> shift & 3) - below;
    }
}
GGUF_DECODER (q2_k_base, 84, 256);

/* Unpacks six bits: the low four are a nibble, those of parts 0 to 7 the low nibbles; the upper two are in
 * the four bytes after them. */
static inline int32_t
q3_k_scale (const uint8_t *packed, uint32_t number)
{
    int32_t lower = packed[number % 8] >> number / 8 * 4 & 15;
    int32_t upper = packed[8 + number % 4] >> number / 4 * 2 & 3;
    return (lower | upper << 4) - 32;
}

/* Third bits of the codes at 0 to 31, inverted; low bits at 32 to 95. Scales at 96 to 107. f16 scale at
 * 108. */
static inline void
q3_k_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 108);
    for (uint32_t part = 0; part < 16; part++) {
        const uint8_t *lower = block + 32 + part / 8 * 32 + part % 2 * 16, *upper = block + part % 2 * 16;
        uint32_t shift = part % 8 / 2 * 2;
        uint8_t bit = (uint8_t) (1u << part / 2);
        float own = scale * (float) q3_k_scale (block + 96, part);
        for (uint32_t i = 0; i < 16; i++)
            items[part * 16 + i] =
                own * (float) ((int8_t) (lower[i] >> shift & 3) - (upper[i] & bit ? 0 : 4));
    }
}
GGUF_DECODER (q3_k_base, 110, 256);

/* item = scale * code - minimum, for all items of a part. */
struct line {
    float scale, minimum;
};

static inline struct line
k_line (const uint8_t *packed, uint32_t part, float scale, float minimum)
{
    uint8_t times, below_times;
    gguf_k_scales (packed, part, &times, &below_times);
    return (struct line){ scale * (float) times, minimum * (float) below_times };
}

/* f16 scale at 0, minimum at 2. Scales and minima of the parts at 4 to 15. Codes at 16 to 143. */
static inline void
q4_k_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    for (uint32_t part = 0; part < 8; part += 2) {
        const uint8_t *codes = block + 16 + part * 16;
        struct line lower = k_line (block + 4, part, scale, minimum),
                    upper = k_line (block + 4, part + 1, scale, minimum);
        for (uint32_t i = 0; i < 32; i++) {
            items[part * 32 + i] = lower.scale * (float) (codes[i] & 15) - lower.minimum;
            items[part * 32 + 32 + i] = upper.scale * (float) (codes[i] >> 4) - upper.minimum;
        }
    }
}
GGUF_DECODER (q4_k_base, 144, 256);

/* f16 scale at 0, minimum at 2. Scales and minima of the parts at 4 to 15. Fifth bits of the codes at 16 to
 * 47, low bits at 48 to 175. */
static inline void
q5_k_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    for (uint32_t part = 0; part < 8; part += 2) {
        const uint8_t *codes = block + 48 + part * 16, *fifth = block + 16;
        struct line lower = k_line (block + 4, part, scale, minimum),
                    upper = k_line (block + 4, part + 1, scale, minimum);
        uint8_t bit = (uint8_t) (1u << part), next_bit = (uint8_t) (2u << part);
        for (uint32_t i = 0; i < 32; i++)
            items[part * 32 + i] =
                lower.scale * (float) ((codes[i] & 15) + (fifth[i] & bit ? 16 : 0)) - lower.minimum;
        for (uint32_t i = 0; i < 32; i++)
            items[part * 32 + 32 + i] =
                upper.scale * (float) ((codes[i] >> 4) + (fifth[i] & next_bit ? 16 : 0)) - upper.minimum;
    }
}
GGUF_DECODER (q5_k_base, 176, 256);

/* Low bits of the codes at 0 to 127, upper bits at 128 to 191. i8 scales of the parts at 192 to 207. f16
 * scale at 208. */
static inline void
q6_k_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 208);
    for (uint32_t part = 0; part < 16; part++) {
        uint32_t half = part / 8, pair = part % 8 / 2, at = part % 2 * 16;
        const uint8_t *lower = block + half * 64 + pair % 2 * 32 + at, *upper = block + 128 + half * 32 + at;
        uint32_t shift = pair / 2 * 4, upper_shift = pair * 2;
        float own = scale * (float) (int8_t) block[192 + part];
        for (uint32_t i = 0; i < 16; i++)
            items[part * 16 + i] =
                own * (float) ((lower[i] >> shift & 15) + (upper[i] >> upper_shift & 3) * 16 - 32);
    }
}
GGUF_DECODER (q6_k_base, 210, 256);
