/* SPDX-License-Identifier: MIT */
/* decode_fast_plain.c - q4_1 q5_0 q5_1 in AVX2, chosen at run time. The _base functions, in decode_plain.c,
 * return the same floats to the last bit. */
#include "avx2.h"

#ifdef WITH_AVX2
/* 32 bytes times a scale, plus a minimum. */
AVX2 INLINE void
put_32_above (__m256i bytes, __m256 scale, __m256 minimum, float *items)
{
    __m128i lower = _mm256_castsi256_si128 (bytes), upper = _mm256_extracti128_si256 (bytes, 1);
    const __m128i eights[4] = { lower, upper_8_bytes (lower), upper, upper_8_bytes (upper) };
    for (uint32_t i = 0; i < 4; i++)
        _mm256_storeu_ps (items + 8 * i,
                          _mm256_add_ps (_mm256_mul_ps (floats_of_i8 (eights[i]), scale), minimum));
}

/* Spreads 32 bits over 32 bytes: 0xff for a set bit. */
AVX2 INLINE __m256i
spread_bits (const uint8_t *bits)
{
    __m256i four = _mm256_set1_epi32 ((int) gguf_u32_at (bits));
    __m256i place =
        _mm256_setr_epi64x (0x0000000000000000, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    __m256i bit = _mm256_set1_epi64x ((int64_t) 0x8040201008040201);
    return _mm256_cmpeq_epi8 (_mm256_and_si256 (_mm256_shuffle_epi8 (four, place), bit), bit);
}

AVX2 INLINE void
q4_1_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    put_32_above (spread_nibbles (load_16_bytes (block + 4)), broadcast_scale (block),
                  broadcast_scale (block + 2), items);
}
AVX2 static GGUF_DECODER (q4_1_avx2, 20, 32);

/* Without its fifth bit a code is 16 less: the upper bits of a signed byte are set. */
AVX2 INLINE void
q5_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256i less = _mm256_andnot_si256 (spread_bits (block + 2), _mm256_set1_epi8 ((char) 0xf0));
    put_32_scaled (_mm256_or_si256 (spread_nibbles (load_16_bytes (block + 6)), less),
                   broadcast_scale (block), items);
}
AVX2 static GGUF_DECODER (q5_0_avx2, 22, 32);

AVX2 INLINE void
q5_1_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256i fifth = _mm256_and_si256 (spread_bits (block + 4), _mm256_set1_epi8 (16));
    put_32_above (_mm256_or_si256 (spread_nibbles (load_16_bytes (block + 8)), fifth),
                  broadcast_scale (block), broadcast_scale (block + 2), items);
}
AVX2 static GGUF_DECODER (q5_1_avx2, 24, 32);
#endif

GGUF_CHOOSE_DECODER (q4_1)
GGUF_CHOOSE_DECODER (q5_0)
GGUF_CHOOSE_DECODER (q5_1)
