/* encode_fast.c - q4_0 and q8_0 in AVX2, chosen at run time. No fused multiply-add: the bytes are those of encode_plain.c,
 * operation by operation. */
#include "encode.h"

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#include <immintrin.h>

#define AVX2 __attribute__ ((target ("avx2")))
#define INLINE static inline __attribute__ ((always_inline))

/* 32 items, or their codes. */
struct floats {
    __m256 eight[4];
};

AVX2 INLINE struct floats
load (const float *items)
{
    struct floats all;
    for (uint32_t i = 0; i < 4; i++)
        all.eight[i] = _mm256_loadu_ps (items + 8 * i);
    return all;
}

AVX2 INLINE __m256
magnitudes (__m256 values)
{
    return _mm256_andnot_ps (_mm256_set1_ps (-0.0f), values);
}

/* The largest magnitude. The instruction gives its second operand when the first is a NaN, which so does not count. */
AVX2 INLINE float
largest (const struct floats *all)
{
    __m256 eight = _mm256_setzero_ps ();
    for (uint32_t i = 0; i < 4; i++)
        eight = _mm256_max_ps (magnitudes (all->eight[i]), eight);
    __m128 four = _mm_max_ps (_mm256_castps256_ps128 (eight), _mm256_extractf128_ps (eight, 1));
    four = _mm_max_ps (four, _mm_movehl_ps (four, four));
    return _mm_cvtss_f32 (_mm_max_ss (four, _mm_movehdup_ps (four)));
}

/* The first item of that magnitude, with its sign. */
AVX2 INLINE float
signed_peak (const float *items, const struct floats *all, float magnitude)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < 4; i++) {
        __m256 equal = _mm256_cmp_ps (magnitudes (all->eight[i]), _mm256_set1_ps (magnitude), _CMP_EQ_OQ);
        same |= (uint32_t) _mm256_movemask_ps (equal) << 8 * i;
    }
    return magnitude > 0 ? items[__builtin_ctz (same)] : 0.0f;
}

/* Toward zero, of each the low byte, in order. */
AVX2 INLINE __m256i
bytes_of (const struct floats *all)
{
    __m256i low = _mm256_set1_epi32 (0xff), codes[4];
    for (uint32_t i = 0; i < 4; i++)
        codes[i] = _mm256_and_si256 (_mm256_cvttps_epi32 (all->eight[i]), low);
    /* packing works on the halves of a register by themselves: groups of four come as 0 2 4 6 1 3 5 7 */
    __m256i packed = _mm256_packus_epi16 (_mm256_packus_epi32 (codes[0], codes[1]),
                                          _mm256_packus_epi32 (codes[2], codes[3]));
    return _mm256_permutevar8x32_epi32 (packed, _mm256_setr_epi32 (0, 4, 1, 5, 2, 6, 3, 7));
}

AVX2 static int32_t
q4_0_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 32, block += 18) {
        struct floats all = load (items);
        float scale = signed_peak (items, &all, largest (&all)) / -8, inverse = gguf_inverse (scale);
        gguf_put_f16 (block, scale);
        for (uint32_t j = 0; j < 4; j++)
            all.eight[j] =
                _mm256_add_ps (_mm256_mul_ps (all.eight[j], _mm256_set1_ps (inverse)), _mm256_set1_ps (8.5f));
        __m256i codes = _mm256_min_epu8 (bytes_of (&all), _mm256_set1_epi8 (15));
        __m128i nibbles = _mm_or_si128 (_mm256_castsi256_si128 (codes),
                                        _mm_slli_epi16 (_mm256_extracti128_si256 (codes, 1), 4));
        _mm_storeu_si128 ((__m128i *) (void *) (block + 2), nibbles);
    }
    return TENON_OK;
}

/* As gguf_round adds it. */
AVX2 INLINE __m256
add_half (__m256 values)
{
    __m256 signs = _mm256_and_ps (values, _mm256_set1_ps (-0.0f));
    return _mm256_add_ps (values, _mm256_or_ps (signs, _mm256_set1_ps (0x1.fffffep-2f)));
}

AVX2 static int32_t
q8_0_avx2 (const float *items, void *blocks, uint64_t block_count)
{
    uint8_t *block = blocks;
    for (uint64_t i = 0; i < block_count; i++, items += 32, block += 34) {
        struct floats all = load (items);
        float scale = largest (&all) / 127, inverse = gguf_inverse (scale);
        gguf_put_f16 (block, scale);
        for (uint32_t j = 0; j < 4; j++)
            all.eight[j] = add_half (_mm256_mul_ps (all.eight[j], _mm256_set1_ps (inverse)));
        _mm256_storeu_si256 ((__m256i *) (void *) (block + 2), bytes_of (&all));
    }
    return TENON_OK;
}

#define FAST(name) (__builtin_cpu_supports ("avx2") ? name##_avx2 : gguf_encode_##name##_base)
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
