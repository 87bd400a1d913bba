/* SPDX-License-Identifier: MIT */
/* decode_fast_values.c - iq4_nl iq4_xs mxfp4 nvfp4 in AVX2, chosen at run time: codes of four bits stand for
 * 16 values. The _base functions, in decode_iq4.c and decode_fp4.c, return the same floats to the last bit,
 * and say how a block is laid out. */
#include "avx2.h"
#include "fp4.h"
#include "iq4.h"

#ifdef WITH_AVX2
AVX2 INLINE __m128i
values_of_iq4 (void)
{
    return _mm_setr_epi8 (GGUF_IQ4_VALUES);
}

AVX2 INLINE __m128i
values_of_fp4 (void)
{
    return _mm_setr_epi8 (GGUF_DOUBLED_E2M1, GGUF_DOUBLED_OPPOSITES);
}

/* The values of 16 bytes' nibbles: those of the low ones, then those of the high ones. */
AVX2 INLINE void
put_32_values (__m128i codes, __m128i values, __m256 scale, float *items)
{
    put_32_scaled (_mm256_shuffle_epi8 (_mm256_broadcastsi128_si256 (values), spread_nibbles (codes)), scale,
                   items);
}

AVX2 INLINE void
iq4_nl_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    put_32_values (load_16_bytes (block + 2), values_of_iq4 (), broadcast_scale (block), items);
}
AVX2 static GGUF_DECODER (iq4_nl_avx2, 18, 32);

AVX2 INLINE void
iq4_xs_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = _cvtsh_ss (gguf_u16_at (block));
    uint32_t upper = gguf_u16_at (block + 2), lower = gguf_u32_at (block + 4);
    for (uint32_t part = 0; part < 8; part++, upper >>= 2, lower >>= 4) {
        float own = scale * (float) ((int32_t) ((lower & 15) | (upper & 3) << 4) - 32);
        put_32_values (load_16_bytes (block + 8 + part * 16), values_of_iq4 (), _mm256_set1_ps (own),
                       items + part * 32);
    }
}
AVX2 static GGUF_DECODER (iq4_xs_avx2, 136, 256);

AVX2 INLINE void
mxfp4_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    put_32_values (load_16_bytes (block + 1), values_of_fp4 (), _mm256_set1_ps (gguf_half_of_e8m0 (block[0])),
                   items);
}
AVX2 static GGUF_DECODER (mxfp4_avx2, 17, 32);

AVX2 INLINE void
nvfp4_avx2_block (const uint8_t *restrict block, float *restrict items)
{
    for (uint32_t part = 0; part < 4; part++) {
        __m128i codes = _mm_loadl_epi64 ((const __m128i *) (const void *) (block + 4 + part * 8));
        __m128i both = _mm_unpacklo_epi64 (codes, _mm_srli_epi16 (codes, 4));
        both = _mm_shuffle_epi8 (values_of_fp4 (), _mm_and_si128 (both, _mm_set1_epi8 (15)));
        put_16_scaled (both, _mm256_set1_ps (gguf_half_of_ue4m3 (block[part])), items + part * 16);
    }
}
AVX2 static GGUF_DECODER (nvfp4_avx2, 36, 64);
#endif

GGUF_CHOOSE_DECODER (iq4_nl)
GGUF_CHOOSE_DECODER (iq4_xs)
GGUF_CHOOSE_DECODER (mxfp4)
GGUF_CHOOSE_DECODER (nvfp4)
