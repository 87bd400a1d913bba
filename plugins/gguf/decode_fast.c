/* decode_fast.c - decoders of the commonest types, for speed alone: the same floats to the last bit come from the _base
 * functions. The version for AVX2 is chosen at run time. No product is contracted with a sum. */
#include "decode.h"

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#include <immintrin.h>
#define WITH_AVX2 1
#define AVX2 __attribute__ ((target ("avx2,f16c")))
#elif defined __aarch64__ && defined __ARM_NEON && !defined TENON_PORTABLE_KERNELS                           \
    && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>
#define WITH_NEON 1
#endif
#define INLINE static inline __attribute__ ((always_inline))

#ifdef WITH_AVX2
/* Eight items, then eight more, from the lowest byte on. */
AVX2 INLINE __m256
floats_of_i8 (__m128i bytes)
{
    return _mm256_cvtepi32_ps (_mm256_cvtepi8_epi32 (bytes));
}

AVX2 INLINE __m128i
upper_half (__m128i bytes)
{
    return _mm_unpackhi_epi64 (bytes, bytes);
}

AVX2 INLINE __m128i
load_16 (const uint8_t *bytes)
{
    return _mm_loadu_si128 ((const __m128i *) (const void *) bytes);
}

AVX2 INLINE __m256i
load_32 (const uint8_t *bytes)
{
    return _mm256_loadu_si256 ((const __m256i *) (const void *) bytes);
}

/* F16C makes NaNs quiet and keeps their payload, as gguf_f32_of_f16 does. */
AVX2 INLINE __m256
scale_at (const uint8_t *half)
{
    return _mm256_set1_ps (_cvtsh_ss (gguf_u16_at (half)));
}

/* 16 signed bytes times a scale. */
AVX2 INLINE void
put_16 (__m128i bytes, __m256 scale, float *items)
{
    _mm256_storeu_ps (items, _mm256_mul_ps (floats_of_i8 (bytes), scale));
    _mm256_storeu_ps (items + 8, _mm256_mul_ps (floats_of_i8 (upper_half (bytes)), scale));
}

AVX2 INLINE void
q4_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 scale = scale_at (block);
    __m128i codes = load_16 (block + 2), nibble = _mm_set1_epi8 (15), zero = _mm_set1_epi8 (8);
    __m128i lower = _mm_and_si128 (codes, nibble), upper = _mm_and_si128 (_mm_srli_epi16 (codes, 4), nibble);
    put_16 (_mm_sub_epi8 (lower, zero), scale, items);
    put_16 (_mm_sub_epi8 (upper, zero), scale, items + 16);
}
AVX2 static GGUF_DECODER (q4_0_avx2, 18, 32)

    AVX2 INLINE void q8_0_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    __m256 scale = scale_at (block);
    put_16 (load_16 (block + 2), scale, items);
    put_16 (load_16 (block + 18), scale, items + 16);
}
AVX2 static GGUF_DECODER (q8_0_avx2, 34, 32)

    /* 32 bytes times a scale, less a minimum. */
    AVX2 INLINE void put_32_above (__m256i bytes, __m256 scale, __m256 minimum, float *items)
{
    __m128i lower = _mm256_castsi256_si128 (bytes), upper = _mm256_extracti128_si256 (bytes, 1);
    _mm256_storeu_ps (items, _mm256_sub_ps (_mm256_mul_ps (scale, floats_of_i8 (lower)), minimum));
    _mm256_storeu_ps (items + 8,
                      _mm256_sub_ps (_mm256_mul_ps (scale, floats_of_i8 (upper_half (lower))), minimum));
    _mm256_storeu_ps (items + 16, _mm256_sub_ps (_mm256_mul_ps (scale, floats_of_i8 (upper)), minimum));
    _mm256_storeu_ps (items + 24,
                      _mm256_sub_ps (_mm256_mul_ps (scale, floats_of_i8 (upper_half (upper))), minimum));
}

AVX2 INLINE void
q4_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = _cvtsh_ss (gguf_u16_at (block)), minimum = _cvtsh_ss (gguf_u16_at (block + 2));
    __m256i nibble = _mm256_set1_epi8 (15);
    for (uint32_t part = 0; part < 8; part++) {
        __m256i codes = load_32 (block + 16 + part / 2 * 32);
        if (part % 2 == 1)
            codes = _mm256_srli_epi16 (codes, 4);
        uint8_t times, below_times;
        gguf_k_scales (block + 4, part, &times, &below_times);
        put_32_above (_mm256_and_si256 (codes, nibble), _mm256_set1_ps (scale * (float) times),
                      _mm256_set1_ps (minimum * (float) below_times), items + part * 32);
    }
}
AVX2 static GGUF_DECODER (q4_k_avx2, 144, 256)

    AVX2 INLINE void q6_k_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = _cvtsh_ss (gguf_u16_at (block + 208));
    __m256i nibble = _mm256_set1_epi8 (15), two = _mm256_set1_epi8 (0x30), zero = _mm256_set1_epi8 (32);
    for (uint32_t half = 0; half < 2; half++) {
        __m256i upper = load_32 (block + 128 + half * 32);
        for (uint32_t pair = 0; pair < 4; pair++) {
            __m256i lower = load_32 (block + half * 64 + pair % 2 * 32), high;
            if (pair > 1)
                lower = _mm256_srli_epi16 (lower, 4);
            high = pair < 2 ? _mm256_slli_epi16 (upper, 4 - 2 * (int) pair)
                            : _mm256_srli_epi16 (upper, 2 * (int) pair - 4);
            __m256i codes = _mm256_or_si256 (_mm256_and_si256 (lower, nibble), _mm256_and_si256 (high, two));
            codes = _mm256_sub_epi8 (codes, zero);
            const uint8_t *times = block + 192 + half * 8 + pair * 2;
            float *to = items + half * 128 + pair * 32;
            put_16 (_mm256_castsi256_si128 (codes), _mm256_set1_ps (scale * (float) (int8_t) times[0]), to);
            put_16 (_mm256_extracti128_si256 (codes, 1), _mm256_set1_ps (scale * (float) (int8_t) times[1]),
                    to + 16);
        }
    }
}
AVX2 static GGUF_DECODER (q6_k_avx2, 210, 256)

    static int has_avx2 (void)
{
#ifdef __clang__ /* some versions do not know the second name; no processor has AVX2 without F16C */
    return __builtin_cpu_supports ("avx2");
#else
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("f16c");
#endif
}
#define CHOOSE(name) (has_avx2 () ? name##_avx2 : name##_base)
#define FAST(name) (has_avx2 () ? gguf_decode_##name##_avx2 : gguf_decode_##name##_base)
#else
#define FAST(name) gguf_decode_##name##_base
#endif

#define CHOSEN(name)                                                                                         \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        return FAST (name) (blocks, items, block_count);                                                     \
    }
CHOSEN (q4_0)
CHOSEN (q8_0)
CHOSEN (q4_k)
CHOSEN (q6_k)
