/* SPDX-License-Identifier: MIT */
/* decode_fast_k.c - q2_k q3_k q5_k in AVX2, chosen at run time. The _base functions, in decode_k.c, return
 * the same floats to the last bit, and say how a block is laid out. 32 bytes of a register are two parts of
 * 16 items, or one of 32. */
#include "avx2.h"

#ifdef WITH_AVX2
/* 16 signed bytes times a scale each. */
AVX2 INLINE void
scale_16_bytes (__m128i bytes, __m256 scale, float scales[16])
{
    _mm256_storeu_ps (scales, _mm256_mul_ps (scale, floats_of_i8 (bytes)));
    _mm256_storeu_ps (scales + 8, _mm256_mul_ps (scale, floats_of_i8 (upper_8_bytes (bytes))));
}

AVX2 INLINE void
q2_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scales[16], minima[16];
    __m128i packed = load_16_bytes (block), nibble = _mm_set1_epi8 (15);
    scale_16_bytes (_mm_and_si128 (packed, nibble), broadcast_scale (block + 80), scales);
    scale_16_bytes (_mm_and_si128 (_mm_srli_epi16 (packed, 4), nibble), broadcast_scale (block + 82), minima);
    for (uint32_t part = 0; part < 16; part += 2) {
        __m256i codes = load_32_bytes (block + 16 + part / 8 * 32);
        codes = _mm256_and_si256 (_mm256_srli_epi16 (codes, (int) (part % 8)), _mm256_set1_epi8 (3));
        put_16_affine (_mm256_castsi256_si128 (codes), scales[part], minima[part], items + part * 16);
        put_16_affine (_mm256_extracti128_si256 (codes, 1), scales[part + 1], minima[part + 1],
                       items + part * 16 + 16);
    }
}
AVX2 static GGUF_DECODER (q2_k_avx2, 84, 256);

/* The scales of all parts, as q3_k_scale of decode_k.c unpacks each: four of them in a u32. */
AVX2 INLINE __m128i
q3_k_scales (const uint8_t *packed)
{
    const uint32_t four = 0x0f0f0f0f, two = 0x30303030;
    uint32_t first = gguf_u32_at (packed), second = gguf_u32_at (packed + 4),
             upper = gguf_u32_at (packed + 8);
    __m128i codes = _mm_setr_epi32 (
        (int) ((first & four) | (upper << 4 & two)), (int) ((second & four) | (upper << 2 & two)),
        (int) ((first >> 4 & four) | (upper & two)), (int) ((second >> 4 & four) | (upper >> 2 & two)));
    return _mm_sub_epi8 (codes, _mm_set1_epi8 (32));
}

AVX2 INLINE void
q3_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scales[16];
    __m256i third = load_32_bytes (block), bit = _mm256_set1_epi8 (1);
    scale_16_bytes (q3_k_scales (block + 96), broadcast_scale (block + 108), scales);
    for (uint32_t part = 0; part < 16; part += 2) {
        __m256i codes = load_32_bytes (block + 32 + part / 8 * 32);
        codes = _mm256_and_si256 (_mm256_srli_epi16 (codes, (int) (part % 8)), _mm256_set1_epi8 (3));
        __m256i clear = _mm256_cmpeq_epi8 (_mm256_and_si256 (third, bit), _mm256_setzero_si256 ());
        codes = _mm256_sub_epi8 (codes, _mm256_and_si256 (clear, _mm256_set1_epi8 (4)));
        put_16_scaled (_mm256_castsi256_si128 (codes), _mm256_set1_ps (scales[part]), items + part * 16);
        put_16_scaled (_mm256_extracti128_si256 (codes, 1), _mm256_set1_ps (scales[part + 1]),
                       items + part * 16 + 16);
        bit = _mm256_add_epi8 (bit, bit);
    }
}
AVX2 static GGUF_DECODER (q3_k_avx2, 110, 256);

AVX2 INLINE __m256i
add_fifth_bit (__m256i nibbles, __m256i fifth, __m256i bit)
{
    __m256i set = _mm256_cmpeq_epi8 (_mm256_and_si256 (fifth, bit), bit);
    return _mm256_or_si256 (nibbles, _mm256_and_si256 (set, _mm256_set1_epi8 (16)));
}

AVX2 INLINE void
q5_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    struct lines lines = lines_of_8_parts (block);
    __m256i fifth = load_32_bytes (block + 16), bit = _mm256_set1_epi8 (1), nibble = _mm256_set1_epi8 (15);
    for (uint32_t part = 0; part < 8; part += 2) {
        __m256i codes = load_32_bytes (block + 48 + part * 16), next = _mm256_add_epi8 (bit, bit);
        __m256i lower = add_fifth_bit (_mm256_and_si256 (codes, nibble), fifth, bit);
        __m256i upper = add_fifth_bit (_mm256_and_si256 (_mm256_srli_epi16 (codes, 4), nibble), fifth, next);
        put_32_affine (lower, lines.scales[part], lines.minima[part], items + part * 32);
        put_32_affine (upper, lines.scales[part + 1], lines.minima[part + 1], items + part * 32 + 32);
        bit = _mm256_add_epi8 (next, next);
    }
}
AVX2 static GGUF_DECODER (q5_k_avx2, 176, 256);
#endif

GGUF_CHOOSE_DECODER (q2_k)
GGUF_CHOOSE_DECODER (q3_k)
GGUF_CHOOSE_DECODER (q5_k)
