/* SPDX-License-Identifier: MIT */
/* avx2.h - what the decoders in AVX2 share. Floats are multiplied, then added, as the plain decoders do it:
 * no product is fused with a sum. */
#ifndef GGUF_AVX2_H
#define GGUF_AVX2_H

#include "decode.h"
#include "fast.h"

#ifdef WITH_AVX2
/* The low eight bytes, as floats. */
AVX2 INLINE __m256
floats_of_i8 (__m128i bytes)
{
    return _mm256_cvtepi32_ps (_mm256_cvtepi8_epi32 (bytes));
}

AVX2 INLINE __m128i
upper_8_bytes (__m128i bytes)
{
    return _mm_unpackhi_epi64 (bytes, bytes);
}

AVX2 INLINE __m128i
load_16_bytes (const uint8_t *bytes)
{
    return _mm_loadu_si128 ((const __m128i *) (const void *) bytes);
}

AVX2 INLINE __m256i
load_32_bytes (const uint8_t *bytes)
{
    return _mm256_loadu_si256 ((const __m256i *) (const void *) bytes);
}

/* F16C makes NaNs quiet and keeps their payload, as gguf_f32_of_f16 does. */
AVX2 INLINE __m256
broadcast_scale (const uint8_t *half)
{
    return _mm256_set1_ps (_cvtsh_ss (gguf_u16_at (half)));
}

/* 16 signed bytes times a scale. */
AVX2 INLINE void
put_16_scaled (__m128i bytes, __m256 scale, float *items)
{
    _mm256_storeu_ps (items, _mm256_mul_ps (floats_of_i8 (bytes), scale));
    _mm256_storeu_ps (items + 8, _mm256_mul_ps (floats_of_i8 (upper_8_bytes (bytes)), scale));
}

AVX2 INLINE void
put_32_scaled (__m256i bytes, __m256 scale, float *items)
{
    put_16_scaled (_mm256_castsi256_si128 (bytes), scale, items);
    put_16_scaled (_mm256_extracti128_si256 (bytes, 1), scale, items + 16);
}

/* 16 bytes times a scale, minus a minimum. */
AVX2 INLINE void
put_16_affine (__m128i bytes, float scale, float minimum, float *items)
{
    __m256 times = _mm256_set1_ps (scale), below = _mm256_set1_ps (minimum);
    _mm256_storeu_ps (items, _mm256_sub_ps (_mm256_mul_ps (times, floats_of_i8 (bytes)), below));
    _mm256_storeu_ps (items + 8,
                      _mm256_sub_ps (_mm256_mul_ps (times, floats_of_i8 (upper_8_bytes (bytes))), below));
}

AVX2 INLINE void
put_32_affine (__m256i bytes, float scale, float minimum, float *items)
{
    put_16_affine (_mm256_castsi256_si128 (bytes), scale, minimum, items);
    put_16_affine (_mm256_extracti128_si256 (bytes, 1), scale, minimum, items + 16);
}

/* The nibbles of 16 bytes: the low ones, then the high ones. */
AVX2 INLINE __m256i
spread_nibbles (__m128i bytes)
{
    __m256i both = _mm256_inserti128_si256 (_mm256_castsi128_si256 (bytes), _mm_srli_epi16 (bytes, 4), 1);
    return _mm256_and_si256 (both, _mm256_set1_epi8 (15));
}

/* item = scale * code - minimum, in each of eight parts. */
struct lines {
    float scales[8], minima[8];
};

/* Of a q4_k or q5_k block: what gguf_k_scales unpacks for each part, four parts in a u32. */
AVX2 INLINE struct lines
lines_of_8_parts (const uint8_t *block)
{
    struct lines lines;
    const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x30303030;
    uint32_t scales = gguf_u32_at (block + 4), minima = gguf_u32_at (block + 8),
             last = gguf_u32_at (block + 12);
    __m128i packed = _mm_setr_epi32 ((int) (scales & six), (int) ((last & four) | (scales >> 2 & two)),
                                     (int) (minima & six), (int) ((last >> 4 & four) | (minima >> 2 & two)));
    _mm256_storeu_ps (lines.scales, _mm256_mul_ps (broadcast_scale (block), floats_of_i8 (packed)));
    _mm256_storeu_ps (lines.minima,
                      _mm256_mul_ps (broadcast_scale (block + 2), floats_of_i8 (upper_8_bytes (packed))));
    return lines;
}
#endif

#endif
