/* SPDX-License-Identifier: MIT */
/* encode_fast.c - q4_0 q4_1 q5_0 q5_1 q8_0 in AVX2, chosen at run time. Each operation is that of
 * encode_plain.c, and none is fused, so that the bytes are the same.
 *
 * Eight blocks are encoded together: first the largest items of all, then eight scales by one division, then
 * the codes. Block by block, each division would wait for the search before it. */
#include "fast.h"
#include "four.h"
#include <float.h>

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
largest_of_8 (__m256 values)
{
    __m128 four = larger_of_halves (values), two = _mm_max_ps (four, _mm_movehl_ps (four, four));
    return _mm_cvtss_f32 (_mm_max_ss (two, _mm_movehdup_ps (two)));
}

AVX2 INLINE float
largest_of_block (const float *items)
{
    __m256 largest = _mm256_setzero_ps (), sign = _mm256_set1_ps (-0.0f);
    for (uint32_t i = 0; i < ITEMS; i += 8)
        largest = _mm256_max_ps (_mm256_andnot_ps (sign, _mm256_loadu_ps (items + i)), largest);
    return largest_of_8 (largest);
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

/* The smallest and the largest items of eight blocks. */
struct ranges {
    float least[TOGETHER], largest[TOGETHER];
};

/* A smallest or largest item that is zero has the sign of the first zero, which plain C finds. */
AVX2 INLINE struct ranges
ranges_of_blocks (const float *items)
{
    struct ranges ranges;
    __m256 sign = _mm256_set1_ps (-0.0f);
    for (uint32_t i = 0; i < TOGETHER; i++) {
        __m256 least = _mm256_set1_ps (FLT_MAX), largest = _mm256_set1_ps (-FLT_MAX);
        for (uint32_t k = 0; k < ITEMS; k += 8) {
            __m256 values = _mm256_loadu_ps (items + ITEMS * i + k);
            least = _mm256_min_ps (values, least);
            largest = _mm256_max_ps (values, largest);
        }
        ranges.least[i] = -largest_of_8 (_mm256_xor_ps (least, sign));
        ranges.largest[i] = largest_of_8 (largest);
        if (ranges.least[i] == 0)
            ranges.least[i] = gguf_first_zero (items + ITEMS * i);
        if (ranges.largest[i] == 0)
            ranges.largest[i] = gguf_first_zero (items + ITEMS * i);
    }
    return ranges;
}

/* ---- scales ---- */

struct scales {
    uint16_t halves[TOGETHER];
    float inverses[TOGETHER];
};

/* F16C rounds as gguf_f16_of_f32 does; neither a scale nor a minimum is ever NaN. */
AVX2 INLINE void
put_8_halves (uint16_t halves[TOGETHER], __m256 values)
{
    _mm_storeu_si128 ((__m128i *) (void *) halves, _mm256_cvtps_ph (values, _MM_FROUND_TO_NEAREST_INT));
}

AVX2 INLINE struct scales
divide_scales (__m256 peaks, float steps)
{
    struct scales result;
    __m256 scales = _mm256_div_ps (peaks, _mm256_set1_ps (steps)), one = _mm256_set1_ps (1);
    __m256 not_zero = _mm256_cmp_ps (scales, _mm256_setzero_ps (), _CMP_NEQ_UQ);
    put_8_halves (result.halves, scales);
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

/* Rounds toward zero, keeps the low byte of each integer, at most `most`: as put_codes_plain of
 * encode_plain.c. */
AVX2 INLINE __m256i
codes_of_shares (const __m256 shares[4], char most)
{
    __m256i codes[4];
    for (uint32_t i = 0; i < 4; i++)
        codes[i] = _mm256_and_si256 (_mm256_cvttps_epi32 (shares[i]), _mm256_set1_epi32 (0xff));
    __m256i packed = _mm256_packus_epi16 (_mm256_packs_epi32 (codes[0], codes[1]),
                                          _mm256_packs_epi32 (codes[2], codes[3]));
    return restore_order (_mm256_min_epu8 (packed, _mm256_set1_epi8 (most)));
}

/* Items times `inverse`, plus `middle`. */
AVX2 INLINE __m256i
codes_around (const float *items, float inverse, float middle, char most)
{
    __m256 shares[4];
    for (uint32_t i = 0; i < 4; i++)
        shares[i] = _mm256_add_ps (_mm256_mul_ps (_mm256_loadu_ps (items + 8 * i), _mm256_set1_ps (inverse)),
                                   _mm256_set1_ps (middle));
    return codes_of_shares (shares, most);
}

/* Their distances from `least` times `inverse`, plus a half. */
AVX2 INLINE __m256i
codes_above (const float *items, float least, float inverse, char most)
{
    __m256 shares[4];
    for (uint32_t i = 0; i < 4; i++) {
        __m256 distances = _mm256_sub_ps (_mm256_loadu_ps (items + 8 * i), _mm256_set1_ps (least));
        shares[i] =
            _mm256_add_ps (_mm256_mul_ps (distances, _mm256_set1_ps (inverse)), _mm256_set1_ps (0.5f));
    }
    return codes_of_shares (shares, most);
}

/* The low nibbles of 32 codes. */
AVX2 INLINE void
put_nibbles (uint8_t *bytes, __m256i codes)
{
    codes = _mm256_and_si256 (codes, _mm256_set1_epi8 (15));
    __m128i upper = _mm_slli_epi16 (_mm256_extracti128_si256 (codes, 1), 4);
    _mm_storeu_si128 ((__m128i *) (void *) bytes, _mm_or_si128 (_mm256_castsi256_si128 (codes), upper));
}

/* Their fifth bits, the first in the lowest bit. */
AVX2 INLINE void
put_fifth_bits (uint8_t *bytes, __m256i codes)
{
    gguf_put_u32 (bytes, (uint32_t) _mm256_movemask_epi8 (_mm256_slli_epi16 (codes, 3)));
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
            put_nibbles (block + 2, codes_around (items, scales.inverses[i], 8.5f, 15));
        }
    }
    return gguf_encode_q4_0_base (items, block, block_count);
}

AVX2 static int32_t
encode_q5_0_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (; block_count >= TOGETHER; block_count -= TOGETHER) {
        struct scales scales = divide_scales (peaks_of_blocks (items), -16);
        for (uint32_t i = 0; i < TOGETHER; i++, items += ITEMS, block += 22) {
            __m256i codes = codes_around (items, scales.inverses[i], 16.5f, 31);
            gguf_put_u16 (block, scales.halves[i]);
            put_fifth_bits (block + 2, codes);
            put_nibbles (block + 6, codes);
        }
    }
    return gguf_encode_q5_0_base (items, block, block_count);
}

/* The scales of eight blocks whose largest code is `most`, and their minima. */
struct affine_scales {
    struct scales scales;
    struct ranges ranges;
    uint16_t minima[TOGETHER];
};

AVX2 INLINE struct affine_scales
scales_of_ranges (const float *items, float most)
{
    struct affine_scales result = { .ranges = ranges_of_blocks (items) };
    __m256 least = _mm256_loadu_ps (result.ranges.least);
    result.scales = divide_scales (_mm256_sub_ps (_mm256_loadu_ps (result.ranges.largest), least), most);
    put_8_halves (result.minima, least);
    return result;
}

AVX2 static int32_t
encode_q4_1_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (; block_count >= TOGETHER; block_count -= TOGETHER) {
        struct affine_scales affine = scales_of_ranges (items, 15);
        for (uint32_t i = 0; i < TOGETHER; i++, items += ITEMS, block += 20) {
            gguf_put_u16 (block, affine.scales.halves[i]);
            gguf_put_u16 (block + 2, affine.minima[i]);
            put_nibbles (block + 4,
                         codes_above (items, affine.ranges.least[i], affine.scales.inverses[i], 15));
        }
    }
    return gguf_encode_q4_1_base (items, block, block_count);
}

AVX2 static int32_t
encode_q5_1_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (; block_count >= TOGETHER; block_count -= TOGETHER) {
        struct affine_scales affine = scales_of_ranges (items, 31);
        for (uint32_t i = 0; i < TOGETHER; i++, items += ITEMS, block += 24) {
            __m256i codes = codes_above (items, affine.ranges.least[i], affine.scales.inverses[i], 31);
            gguf_put_u16 (block, affine.scales.halves[i]);
            gguf_put_u16 (block + 2, affine.minima[i]);
            put_fifth_bits (block + 4, codes);
            put_nibbles (block + 8, codes);
        }
    }
    return gguf_encode_q5_1_base (items, block, block_count);
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
#endif

GGUF_CHOOSE_ENCODER (q4_0)
GGUF_CHOOSE_ENCODER (q4_1)
GGUF_CHOOSE_ENCODER (q5_0)
GGUF_CHOOSE_ENCODER (q5_1)
GGUF_CHOOSE_ENCODER (q8_0)
