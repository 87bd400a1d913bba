/* SPDX-License-Identifier: MIT */
/* search_codes_fast.c - the search of q3_k in AVX2, chosen at run time. Each operation is that of
 * gguf_search_codes in search_scale.c, so the codes are the same.
 *
 * Each code waits for the division that chose the one before. So all 16 parts of a block are searched
 * together: eight in the lanes of a register, and two registers side by side. */
#include "fast.h"
#include "search_scale.h"

#define ITEMS 16
#define MIDDLE 4

void
gguf_search_16_parts_base (const float *items, uint8_t codes[16 * ITEMS], float scales[16])
{
    for (uint32_t part = 0; part < 16; part += 4)
        gguf_search_codes (items + ITEMS * part, MIDDLE, codes + ITEMS * part, scales + part);
}

#ifdef WITH_AVX2
/* Eight parts. */
struct octet {
    __m256 items[ITEMS], codes[ITEMS];
    __m256 product, length; /* as struct gguf_fit */
    __m256 nothing;
};

AVX2 INLINE __m256
magnitudes_of_8 (__m256 values)
{
    return _mm256_andnot_ps (_mm256_set1_ps (-0.0f), values);
}

/* gguf_nearest_within of each lane. */
AVX2 INLINE __m256
nearest_of_8 (__m256 values)
{
    __m256i sums = _mm256_castps_si256 (_mm256_add_ps (values, _mm256_set1_ps (0x1.8p23f)));
    sums = _mm256_and_si256 (sums, _mm256_set1_epi32 (0x007fffff));
    __m256 codes = _mm256_cvtepi32_ps (_mm256_sub_epi32 (sums, _mm256_set1_epi32 (0x00400000)));
    return _mm256_max_ps (_mm256_min_ps (codes, _mm256_set1_ps (MIDDLE - 1)), _mm256_set1_ps (-MIDDLE));
}

/* The item of the largest magnitude of each part. */
AVX2 INLINE __m256
peaks_of_octet (const struct octet *octet)
{
    __m256 magnitudes = _mm256_setzero_ps (), peaks = magnitudes;
    for (uint32_t i = 0; i < ITEMS; i++) {
        __m256 own = magnitudes_of_8 (octet->items[i]);
        peaks = _mm256_blendv_ps (peaks, octet->items[i], _mm256_cmp_ps (own, magnitudes, _CMP_GT_OQ));
        magnitudes = _mm256_max_ps (own, magnitudes);
    }
    return peaks;
}

AVX2 INLINE void
begin_octet (struct octet *octet, const float *items)
{
    for (uint32_t i = 0; i < ITEMS; i++, items++)
        octet->items[i] =
            _mm256_setr_ps (items[0], items[ITEMS], items[2 * ITEMS], items[3 * ITEMS], items[4 * ITEMS],
                            items[5 * ITEMS], items[6 * ITEMS], items[7 * ITEMS]);
    __m256 peaks = peaks_of_octet (octet), inverse = _mm256_div_ps (_mm256_set1_ps (-MIDDLE), peaks);
    octet->nothing = _mm256_cmp_ps (magnitudes_of_8 (peaks), _mm256_set1_ps (GGUF_LEAST_SCALED), _CMP_LT_OQ);
    octet->product = octet->length = _mm256_setzero_ps ();
    for (uint32_t i = 0; i < ITEMS; i++) {
        __m256 item = octet->items[i], weight = _mm256_mul_ps (item, item);
        __m256 code = octet->codes[i] = nearest_of_8 (_mm256_mul_ps (inverse, item));
        octet->product = _mm256_add_ps (octet->product, _mm256_mul_ps (_mm256_mul_ps (weight, item), code));
        octet->length = _mm256_add_ps (octet->length, _mm256_mul_ps (_mm256_mul_ps (weight, code), code));
    }
}

/* choose_code_again of search_scale.c. */
AVX2 INLINE __m256
choose_in_octet (struct octet *octet, uint32_t i)
{
    __m256 item = octet->items[i], code = octet->codes[i], zero = _mm256_setzero_ps ();
    __m256 weight = _mm256_mul_ps (item, item), weighted = _mm256_mul_ps (weight, item);
    __m256 product = _mm256_sub_ps (octet->product, _mm256_mul_ps (weighted, code));
    __m256 length = _mm256_sub_ps (octet->length, _mm256_mul_ps (_mm256_mul_ps (weight, code), code));
    __m256 changes = _mm256_cmp_ps (product, zero, _CMP_GT_OQ);
    __m256 better = nearest_of_8 (_mm256_div_ps (_mm256_mul_ps (item, length), product));
    product = _mm256_add_ps (product, _mm256_mul_ps (weighted, better));
    length = _mm256_add_ps (length, _mm256_mul_ps (_mm256_mul_ps (weight, better), better));
    __m256 gain = _mm256_mul_ps (_mm256_mul_ps (product, product), octet->length);
    __m256 gain_before = _mm256_mul_ps (_mm256_mul_ps (octet->product, octet->product), length);
    changes = _mm256_and_ps (changes, _mm256_cmp_ps (better, code, _CMP_NEQ_UQ));
    changes = _mm256_and_ps (changes, _mm256_cmp_ps (length, zero, _CMP_GT_OQ));
    changes = _mm256_and_ps (changes, _mm256_cmp_ps (gain, gain_before, _CMP_GT_OQ));
    octet->codes[i] = _mm256_blendv_ps (code, better, changes);
    octet->product = _mm256_blendv_ps (octet->product, product, changes);
    octet->length = _mm256_blendv_ps (octet->length, length, changes);
    return _mm256_andnot_ps (octet->nothing, changes);
}

AVX2 INLINE void
end_octet (const struct octet *octet, uint8_t codes[8 * ITEMS], float scales[8])
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        int32_t integers[8];
        __m256 chosen = _mm256_blendv_ps (octet->codes[i], _mm256_set1_ps (-MIDDLE), octet->nothing);
        __m256i shifted = _mm256_add_epi32 (_mm256_cvttps_epi32 (chosen), _mm256_set1_epi32 (MIDDLE));
        _mm256_storeu_si256 ((__m256i *) (void *) integers, shifted);
        for (uint32_t part = 0; part < 8; part++)
            codes[part * ITEMS + i] = (uint8_t) integers[part];
    }
    __m256 possible = _mm256_cmp_ps (octet->length, _mm256_setzero_ps (), _CMP_GT_OQ);
    __m256 found = _mm256_div_ps (octet->product, octet->length);
    _mm256_storeu_ps (scales, _mm256_and_ps (_mm256_andnot_ps (octet->nothing, possible), found));
}

AVX2 static void
search_16_parts_avx2 (const float *items, uint8_t codes[16 * ITEMS], float scales[16])
{
    struct octet one, other;
    begin_octet (&one, items);
    begin_octet (&other, items + 8 * ITEMS);
    int changed = 1;
    for (uint32_t round = 0; round < 5 && changed; round++) {
        __m256 any = _mm256_setzero_ps ();
        for (uint32_t i = 0; i < ITEMS; i++) {
            any = _mm256_or_ps (any, choose_in_octet (&one, i));
            any = _mm256_or_ps (any, choose_in_octet (&other, i));
        }
        changed = _mm256_movemask_ps (any);
    }
    end_octet (&one, codes, scales);
    end_octet (&other, codes + 8 * ITEMS, scales + 8);
}
#endif

void
gguf_search_16_parts (const float *items, uint8_t codes[16 * ITEMS], float scales[16])
{
#ifdef WITH_AVX2
    if (gguf_has_avx2 ()) {
        search_16_parts_avx2 (items, codes, scales);
        return;
    }
#endif
    gguf_search_16_parts_base (items, codes, scales);
}
