/* SPDX-License-Identifier: MIT */
/* decode_fast_few.c - q2_0 tq1_0 tq2_0 iq1_s iq1_m in AVX2, chosen at run time: at most four values an item.
 * The _base functions, in decode_few.c and decode_grids.c, return the same floats to the last bit, and say
 * how a block is laid out. */
#include "avx2.h"
#include "grids.h"

#ifdef WITH_AVX2
/* Eight items of two bits, the first in the lowest bits: each becomes one of four values, which both halves
 * of `values` have. */
AVX2 INLINE void
put_8_of_4 (uint32_t codes, __m256 values, float *items)
{
    __m256i shifts = _mm256_setr_epi32 (0, 2, 4, 6, 8, 10, 12, 14);
    __m256i each = _mm256_srlv_epi32 (_mm256_set1_epi32 ((int) codes), shifts);
    _mm256_storeu_ps (items, _mm256_permutevar_ps (values, each));
}

AVX2 INLINE void
q2_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 values = _mm256_mul_ps (_mm256_setr_ps (-1, 0, 1, 2, -1, 0, 1, 2), broadcast_scale (block));
    for (uint32_t i = 0; i < 8; i++)
        put_8_of_4 (gguf_u16_at (block + 2 + 2 * i), values, items + 8 * i);
}
AVX2 static GGUF_DECODER (q2_0_avx2, 18, 64);

/* ---- ternary ---- */

/* The first digits, 0 1 2, of 16 fractions of 256 in base 3; takes them from the fractions. */
AVX2 INLINE __m256i
next_digits (__m256i *fractions)
{
    __m256i times = _mm256_mullo_epi16 (*fractions, _mm256_set1_epi16 (3));
    *fractions = _mm256_and_si256 (times, _mm256_set1_epi16 (0xff));
    return _mm256_srli_epi16 (times, 8);
}

/* What the digits stand for: -1 0 1. The fourth value occurs in no item. */
AVX2 INLINE __m256
values_of_digits (__m256 scale)
{
    return _mm256_mul_ps (_mm256_setr_ps (-1, 0, 1, 0, -1, 0, 1, 0), scale);
}

AVX2 INLINE void
put_16_digits (__m256i digits, __m256 values, float *items)
{
    __m256i lower = _mm256_cvtepi16_epi32 (_mm256_castsi256_si128 (digits));
    __m256i upper = _mm256_cvtepi16_epi32 (_mm256_extracti128_si256 (digits, 1));
    _mm256_storeu_ps (items, _mm256_permutevar_ps (values, lower));
    _mm256_storeu_ps (items + 8, _mm256_permutevar_ps (values, upper));
}

/* Five digits each of 16 bytes; those of the next digit are `stride` items behind. */
AVX2 INLINE void
put_5_digits (const uint8_t *bytes, uint32_t stride, __m256 values, float *items)
{
    __m256i fractions = _mm256_cvtepu8_epi16 (load_16_bytes (bytes));
    for (uint32_t number = 0; number < 5; number++)
        put_16_digits (next_digits (&fractions), values, items + number * stride);
}

AVX2 INLINE void
tq1_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 values = values_of_digits (broadcast_scale (block + 52));
    put_5_digits (block, 32, values, items);
    put_5_digits (block + 16, 32, values, items + 16);
    put_5_digits (block + 32, 16, values, items + 160);
    /* Four digits of four bytes are 16 items: each digit has its power of 3. */
    __m128i bytes = _mm_set1_epi32 ((int) gguf_u32_at (block + 48));
    __m256i powers = _mm256_setr_epi16 (1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27);
    __m256i fractions = _mm256_and_si256 (_mm256_mullo_epi16 (_mm256_cvtepu8_epi16 (bytes), powers),
                                          _mm256_set1_epi16 (0xff));
    put_16_digits (next_digits (&fractions), values, items + 240);
}
AVX2 static GGUF_DECODER (tq1_0_avx2, 54, 256);

AVX2 INLINE void
tq2_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 scale = broadcast_scale (block + 64);
    for (uint32_t part = 0; part < 8; part++) {
        __m256i codes = _mm256_srli_epi16 (load_32_bytes (block + part / 4 * 32), (int) (part % 4 * 2));
        codes = _mm256_sub_epi8 (_mm256_and_si256 (codes, _mm256_set1_epi8 (3)), _mm256_set1_epi8 (1));
        put_32_scaled (codes, scale, items + part * 32);
    }
}
AVX2 static GGUF_DECODER (tq2_0_avx2, 66, 256);

/* ---- iq1: points of a grid of the levels 0 1 2, shifted by an eighth, up or down ---- */

/* The fourth level occurs in no point. */
AVX2 INLINE __m256
shifted_levels (float scale, uint32_t down)
{
    __m256 up = _mm256_setr_ps (-0.875f, 0.125f, 1.125f, 0, -0.875f, 0.125f, 1.125f, 0);
    __m256 below = _mm256_setr_ps (-1.125f, -0.125f, 0.875f, 0, -1.125f, -0.125f, 0.875f, 0);
    return _mm256_mul_ps (_mm256_set1_ps (scale), down ? below : up);
}

AVX2 INLINE void
iq1_s_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    for (uint32_t part = 0; part < 8; part++) {
        const uint8_t *codes = block + 2 + part * 4;
        uint32_t word = gguf_u16_at (block + 34 + part * 2);
        __m256 values = shifted_levels (scale * (float) (int32_t) ((word >> 12 & 7) * 2 + 1), word >> 15);
        for (uint32_t i = 0; i < 4; i++)
            put_8_of_4 (gguf_grid_iq1[codes[i] | (word >> 3 * i & 7) << 8], values,
                        items + part * 32 + i * 8);
    }
}
AVX2 static GGUF_DECODER (iq1_s_avx2, 50, 256);

AVX2 INLINE void
iq1_m_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_iq1_m_scale (block);
    for (uint32_t pair = 0; pair < 16; pair++) {
        uint32_t times = gguf_u16_at (block + 48 + pair / 4 * 2) >> pair % 4 * 3 & 7;
        float own = scale * (float) (int32_t) (times * 2 + 1);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t nibble = (uint32_t) block[32 + pair] >> i * 4;
            put_8_of_4 (gguf_grid_iq1[block[pair * 2 + i] | (nibble & 7) << 8],
                        shifted_levels (own, nibble & 8), items + pair * 16 + i * 8);
        }
    }
}
AVX2 static GGUF_DECODER (iq1_m_avx2, 56, 256);
#endif

GGUF_CHOOSE_DECODER (q2_0)
GGUF_CHOOSE_DECODER (tq1_0)
GGUF_CHOOSE_DECODER (tq2_0)
GGUF_CHOOSE_DECODER (iq1_s)
GGUF_CHOOSE_DECODER (iq1_m)
