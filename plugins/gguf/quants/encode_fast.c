/* SPDX-License-Identifier: MIT */
/* encode_fast.c - q4_0 and q8_0 in AVX2, chosen at run time. Each operation is that of encode_plain.c, and
 * none is fused, so that the bytes are the same.
 *
 * Eight blocks are encoded together: first the largest items of all, then eight scales by one division, then
 * the codes. Block by block, each division would wait for the search before it. */
#include "fast.h"
#include "four.h"

#ifdef WITH_AVX2
#define ITEMS 32
#define TOGETHER 8

/* ---- the largest items. max and min return their second operand if one is NaN, so that NaNs in the first
 * are ignored ---- */

AVX2 INLINE __m128
larger_of_halves (__m256 values)
{
    return _mm_max_ps (_mm256_castps256_ps128 (values), _mm256_extractf128_ps (values, 1));
}

AVX2 INLINE float
largest_of_block (const float *items)
{
    __m256 largest = _mm256_setzero_ps (), sign = _mm256_set1_ps (-0.0f);
    for (uint32_t i = 0; i < ITEMS; i += 8)
        largest = _mm256_max_ps (_mm256_andnot_ps (sign, _mm256_loadu_ps (items + i)), largest);
    __m128 four = larger_of_halves (largest), two = _mm_max_ps (four, _mm_movehl_ps (four, four));
    return _mm_cvtss_f32 (_mm_max_ss (two, _mm_movehdup_ps (two)));
}

/* The distances of the largest item above zero, and of the smallest below it. */
AVX2 INLINE void
find_extremes (const float *items, float *above, float *below)
{
    __m256 most = _mm256_setzero_ps (), least = _mm256_setzero_ps ();
    for (uint32_t i = 0; i < ITEMS; i += 8) {
        most = _mm256_max_ps (_mm256_loadu_ps (items + i), most);
        least = _mm256_min_ps (_mm256_loadu_ps (items + i), least);
    }
    __m128 up = larger_of_halves (most),
           down = larger_of_halves (_mm256_xor_ps (least, _mm256_set1_ps (-0.0f)));
    __m128 both = _mm_max_ps (_mm_unpacklo_ps (up, down), _mm_unpackhi_ps (up, down));
    both = _mm_max_ps (both, _mm_movehl_ps (both, both));
    *above = _mm_cvtss_f32 (both);
    *below = _mm_cvtss_f32 (_mm_movehdup_ps (both));
}

/* The item of the largest magnitude in each of eight blocks; of two with different signs the first. */
AVX2 INLINE __m256
peaks_of_blocks (const float *items)
{
    float above[TOGETHER], below[TOGETHER], peaks[TOGETHER];
    for (uint32_t i = 0; i < TOGETHER; i++)
        find_extremes (items + ITEMS * i, &above[i], &below[i]);
    __m256 up = _mm256_loadu_ps (above), down = _mm256_loadu_ps (below);
    __m256 found = _mm256_blendv_ps (up, _mm256_xor_ps (down, _mm256_set1_ps (-0.0f)),
                                     _mm256_cmp_ps (up, down, _CMP_LT_OQ));
    int same = _mm256_movemask_ps (_mm256_cmp_ps (up, down, _CMP_EQ_OQ));
    if (same == 0)
        return found;
    _mm256_storeu_ps (peaks, found);
    for (uint32_t i = 0; i < TOGETHER; i++)
        if (same >> i & 1)
            peaks[i] = gguf_peak (items + ITEMS * i, ITEMS);
    return _mm256_loadu_ps (peaks);
}

/* ---- scales ---- */

struct scales {
    uint16_t halves[TOGETHER];
    float inverses[TOGETHER];
};

/* F16C rounds as gguf_f16_of_f32 does; a scale is never NaN. */
AVX2 INLINE struct scales
divide_scales (__m256 peaks, float steps)
{
    struct scales result;
    __m256 scales = _mm256_div_ps (peaks, _mm256_set1_ps (steps)), one = _mm256_set1_ps (1);
    __m256 not_zero = _mm256_cmp_ps (scales, _mm256_setzero_ps (), _CMP_NEQ_UQ);
    _mm_storeu_si128 ((__m128i *) (void *) result.halves,
                      _mm256_cvtps_ph (scales, _MM_FROUND_TO_NEAREST_INT));
    _mm256_storeu_ps (result.inverses, _mm256_and_ps (_mm256_div_ps (one, scales), not_zero));
    return result;
}

/* ---- codes ---- */

/* Packing works on each half of a register: groups of four come out as 0 2 4 6 1 3 5 7. */
AVX2 INLINE __m256i
restore_order (__m256i packed)
{
    return _mm256_permutevar8x32_epi32 (packed, _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7));
}

/* Codes are never above 16; INT32_MIN, the result for NaN, becomes 0. */
AVX2 INLINE void
put_codes_q4_0 (uint8_t *bytes, const float *items, float inverse)
{
    __m256i codes[4];
    for (uint32_t i = 0; i < 4; i++) {
        __m256 shares = _mm256_mul_ps (_mm256_loadu_ps (items + 8 * i), _mm256_set1_ps (inverse));
        codes[i] = _mm256_cvttps_epi32 (_mm256_add_ps (shares, _mm256_set1_ps (8.5f)));
    }
    __m256i packed = _mm256_packus_epi16 (_mm256_packs_epi32 (codes[0], codes[1]),
                                          _mm256_packs_epi32 (codes[2], codes[3]));
    packed = restore_order (_mm256_min_epu8 (packed, _mm256_set1_epi8 (15)));
    __m128i upper = _mm_slli_epi16 (_mm256_extracti128_si256 (packed, 1), 4);
    _mm_storeu_si128 ((__m128i *) (void *) bytes, _mm_or_si128 (_mm256_castsi256_si128 (packed), upper));
}

/* Rounds as gguf_round does, and stores the low bytes. */
AVX2 INLINE void
put_codes_q8_0 (uint8_t *bytes, const float *items, float inverse)
{
    __m256 sign = _mm256_set1_ps (-0.0f), half = _mm256_set1_ps (0x1.fffffep-2f);
    __m256i codes[4];
    for (uint32_t i = 0; i < 4; i++) {
        __m256 shares = _mm256_mul_ps (_mm256_loadu_ps (items + 8 * i), _mm256_set1_ps (inverse));
        shares = _mm256_add_ps (shares, _mm256_or_ps (_mm256_and_ps (shares, sign), half));
        codes[i] = _mm256_and_si256 (_mm256_cvttps_epi32 (shares), _mm256_set1_epi32 (0xff));
    }
    __m256i packed = _mm256_packus_epi16 (_mm256_packs_epi32 (codes[0], codes[1]),
                                          _mm256_packs_epi32 (codes[2], codes[3]));
    _mm256_storeu_si256 ((__m256i *) (void *) bytes, restore_order (packed));
}

/* ---- blocks ---- */

AVX2 static int32_t
encode_q4_0_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (; block_count >= TOGETHER; block_count -= TOGETHER) {
        struct scales scales = divide_scales (peaks_of_blocks (items), -8);
        for (uint32_t i = 0; i < TOGETHER; i++, items += ITEMS, block += 18) {
            gguf_put_u16 (block, scales.halves[i]);
            put_codes_q4_0 (block + 2, items, scales.inverses[i]);
        }
    }
    return gguf_encode_q4_0_base (items, block, block_count);
}

AVX2 static int32_t
encode_q8_0_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (; block_count >= TOGETHER; block_count -= TOGETHER) {
        float largest[TOGETHER];
        for (uint32_t i = 0; i < TOGETHER; i++)
            largest[i] = largest_of_block (items + ITEMS * i);
        struct scales scales = divide_scales (_mm256_loadu_ps (largest), 127);
        for (uint32_t i = 0; i < TOGETHER; i++, items += ITEMS, block += 34) {
            gguf_put_u16 (block, scales.halves[i]);
            put_codes_q8_0 (block + 2, items, scales.inverses[i]);
        }
    }
    return gguf_encode_q8_0_base (items, block, block_count);
}

#define FAST(name) (gguf_has_avx2 () ? encode_##name##_avx2 : gguf_encode_##name##_base)
#else
#define FAST(name) gguf_encode_##name##_base
#endif

GGUF_ENCODE (q4_0)
{
    return FAST (q4_0) (items, blocks, block_count);
}

GGUF_ENCODE (q8_0)
{
    return FAST (q8_0) (items, blocks, block_count);
}
