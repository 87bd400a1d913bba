/* SPDX-License-Identifier: MIT */
/* decode_fast.c - the commonest types in vector instructions. The _base functions return the same floats to
 * the last bit: no product is fused with a sum. AVX2 is chosen at run time; every aarch64 has NEON. */
#include "avx2.h"
#include "decode.h"

#if defined __aarch64__ && defined __ARM_NEON && !defined TENON_PORTABLE_KERNELS                             \
    && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>
#define WITH_NEON 1
#endif

/* ---- x86-64 ---- */

#ifdef WITH_AVX2
AVX2 INLINE void
q4_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 scale = broadcast_scale (block);
    __m128i codes = load_16_bytes (block + 2), nibble = _mm_set1_epi8 (15), zero = _mm_set1_epi8 (8);
    __m128i lower = _mm_and_si128 (codes, nibble), upper = _mm_and_si128 (_mm_srli_epi16 (codes, 4), nibble);
    put_16_scaled (_mm_sub_epi8 (lower, zero), scale, items);
    put_16_scaled (_mm_sub_epi8 (upper, zero), scale, items + 16);
}
AVX2 static GGUF_DECODER (q4_0_avx2, 18, 32);

AVX2 INLINE void
q8_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 scale = broadcast_scale (block);
    put_16_scaled (load_16_bytes (block + 2), scale, items);
    put_16_scaled (load_16_bytes (block + 18), scale, items + 16);
}
AVX2 static GGUF_DECODER (q8_0_avx2, 34, 32);

AVX2 INLINE void
q4_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    struct lines lines = lines_of_8_parts (block);
    __m256i nibble = _mm256_set1_epi8 (15);
    for (uint32_t part = 0; part < 8; part += 2) {
        __m256i codes = load_32_bytes (block + 16 + part * 16);
        put_32_affine (_mm256_and_si256 (codes, nibble), lines.scales[part], lines.minima[part],
                       items + part * 32);
        put_32_affine (_mm256_and_si256 (_mm256_srli_epi16 (codes, 4), nibble), lines.scales[part + 1],
                       lines.minima[part + 1], items + part * 32 + 32);
    }
}
AVX2 static GGUF_DECODER (q4_k_avx2, 144, 256);

AVX2 INLINE void
q6_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = _cvtsh_ss (gguf_u16_at (block + 208));
    __m256i nibble = _mm256_set1_epi8 (15), two = _mm256_set1_epi8 (0x30), zero = _mm256_set1_epi8 (32);
    for (uint32_t half = 0; half < 2; half++) {
        __m256i upper = load_32_bytes (block + 128 + half * 32);
        for (uint32_t pair = 0; pair < 4; pair++) {
            __m256i lower = load_32_bytes (block + half * 64 + pair % 2 * 32), high;
            if (pair > 1)
                lower = _mm256_srli_epi16 (lower, 4);
            high = pair < 2 ? _mm256_slli_epi16 (upper, 4 - 2 * (int) pair)
                            : _mm256_srli_epi16 (upper, 2 * (int) pair - 4);
            __m256i codes = _mm256_or_si256 (_mm256_and_si256 (lower, nibble), _mm256_and_si256 (high, two));
            codes = _mm256_sub_epi8 (codes, zero);
            const uint8_t *times = block + 192 + half * 8 + pair * 2;
            float *to = items + half * 128 + pair * 32;
            put_16_scaled (_mm256_castsi256_si128 (codes), _mm256_set1_ps (scale * (float) (int8_t) times[0]),
                           to);
            put_16_scaled (_mm256_extracti128_si256 (codes, 1),
                           _mm256_set1_ps (scale * (float) (int8_t) times[1]), to + 16);
        }
    }
}
AVX2 static GGUF_DECODER (q6_k_avx2, 210, 256);

#endif /* WITH_AVX2 */

/* ---- aarch64 ---- */

#ifdef WITH_NEON
INLINE void
put_4_scaled (int16x4_t numbers, float scale, float *items)
{
    vst1q_f32 (items, vmulq_n_f32 (vcvtq_f32_s32 (vmovl_s16 (numbers)), scale));
}

/* 16 signed bytes times a scale. */
INLINE void
put_16_scaled (int8x16_t bytes, float scale, float *items)
{
    int16x8_t lower = vmovl_s8 (vget_low_s8 (bytes)), upper = vmovl_s8 (vget_high_s8 (bytes));
    put_4_scaled (vget_low_s16 (lower), scale, items);
    put_4_scaled (vget_high_s16 (lower), scale, items + 4);
    put_4_scaled (vget_low_s16 (upper), scale, items + 8);
    put_4_scaled (vget_high_s16 (upper), scale, items + 12);
}

INLINE void
q4_0_neon_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    uint8x16_t codes = vld1q_u8 (block + 2);
    int8x16_t zero = vdupq_n_s8 (8);
    int8x16_t lower = vreinterpretq_s8_u8 (vandq_u8 (codes, vdupq_n_u8 (15)));
    int8x16_t upper = vreinterpretq_s8_u8 (vshrq_n_u8 (codes, 4));
    put_16_scaled (vsubq_s8 (lower, zero), scale, items);
    put_16_scaled (vsubq_s8 (upper, zero), scale, items + 16);
}
static GGUF_DECODER (q4_0_neon, 18, 32);

INLINE void
q8_0_neon_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    put_16_scaled (vreinterpretq_s8_u8 (vld1q_u8 (block + 2)), scale, items);
    put_16_scaled (vreinterpretq_s8_u8 (vld1q_u8 (block + 18)), scale, items + 16);
}
static GGUF_DECODER (q8_0_neon, 34, 32);

INLINE void
put_4_affine (uint16x4_t numbers, float scale, float minimum, float *items)
{
    float32x4_t product = vmulq_n_f32 (vcvtq_f32_u32 (vmovl_u16 (numbers)), scale);
    vst1q_f32 (items, vsubq_f32 (product, vdupq_n_f32 (minimum)));
}

/* 16 bytes times a scale, minus a minimum. */
INLINE void
put_16_affine (uint8x16_t bytes, float scale, float minimum, float *items)
{
    uint16x8_t lower = vmovl_u8 (vget_low_u8 (bytes)), upper = vmovl_u8 (vget_high_u8 (bytes));
    put_4_affine (vget_low_u16 (lower), scale, minimum, items);
    put_4_affine (vget_high_u16 (lower), scale, minimum, items + 4);
    put_4_affine (vget_low_u16 (upper), scale, minimum, items + 8);
    put_4_affine (vget_high_u16 (upper), scale, minimum, items + 12);
}

INLINE void
q4_k_neon_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block), minimum = gguf_f16_at (block + 2);
    for (uint32_t i = 0; i < 16; i++) { /* half a part */
        uint8_t times, below_times;
        gguf_k_scales (block + 4, i / 2, &times, &below_times);
        uint8x16_t codes = vld1q_u8 (block + 16 + i / 4 * 32 + i % 2 * 16);
        codes = i / 2 % 2 == 1 ? vshrq_n_u8 (codes, 4) : vandq_u8 (codes, vdupq_n_u8 (15));
        put_16_affine (codes, scale * (float) times, minimum * (float) below_times, items + i * 16);
    }
}
static GGUF_DECODER (q4_k_neon, 144, 256);

INLINE void
q6_k_neon_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block + 208);
    for (uint32_t part = 0; part < 16; part++) {
        uint32_t half = part / 8, pair = part % 8 / 2, at = part % 2 * 16;
        uint8x16_t lower = vld1q_u8 (block + half * 64 + pair % 2 * 32 + at);
        uint8x16_t upper = vld1q_u8 (block + 128 + half * 32 + at);
        lower = pair > 1 ? vshrq_n_u8 (lower, 4) : vandq_u8 (lower, vdupq_n_u8 (15));
        /* A negative count shifts to the right. */
        upper = vandq_u8 (vshlq_u8 (upper, vdupq_n_s8 ((int8_t) (4 - 2 * (int) pair))), vdupq_n_u8 (0x30));
        int8x16_t codes = vsubq_s8 (vreinterpretq_s8_u8 (vorrq_u8 (lower, upper)), vdupq_n_s8 (32));
        put_16_scaled (codes, scale * (float) (int8_t) block[192 + part], items + part * 16);
    }
}
static GGUF_DECODER (q6_k_neon, 210, 256);
#endif /* WITH_NEON */

/* ---- the choice ---- */

#ifdef WITH_NEON
#define CHOOSE_DECODER(name)                                                                                 \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        return gguf_decode_##name##_neon (blocks, items, block_count);                                       \
    }
#else
#define CHOOSE_DECODER GGUF_CHOOSE_DECODER
#endif

CHOOSE_DECODER (q4_0)
CHOOSE_DECODER (q8_0)
CHOOSE_DECODER (q4_k)
CHOOSE_DECODER (q6_k)
