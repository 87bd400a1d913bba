/* SPDX-License-Identifier: MIT */
/* fast.h - what the functions in vector instructions share: WITH_AVX2 if AVX2 is compiled in, and a test for
 * a processor that has it.
 *
 * GGUF_CHOOSE_DECODER (NAME) defines gguf_decode_NAME, which calls gguf_decode_NAME_avx2 if the processor has
 * AVX2, and gguf_decode_NAME_base if not; GGUF_CHOOSE_ENCODER does the same with encode_NAME_avx2. */
#ifndef GGUF_FAST_H
#define GGUF_FAST_H

#include "quants.h"

#define INLINE static inline __attribute__ ((always_inline))

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#include <immintrin.h>
#define WITH_AVX2 1
#define AVX2 __attribute__ ((target ("avx2,f16c")))

static inline int
gguf_has_avx2 (void)
{
#ifdef __clang__ /* some versions do not know "f16c"; no processor has AVX2 without it */
    return __builtin_cpu_supports ("avx2");
#else
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("f16c");
#endif
}

#define GGUF_CHOOSE_DECODER(name)                                                                            \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        return (gguf_has_avx2 () ? gguf_decode_##name##_avx2 : gguf_decode_##name##_base) (blocks, items,    \
                                                                                           block_count);     \
    }
#define GGUF_CHOOSE_ENCODER(name)                                                                            \
    GGUF_ENCODE (name)                                                                                       \
    {                                                                                                        \
        return (gguf_has_avx2 () ? encode_##name##_avx2 : gguf_encode_##name##_base) (items, blocks,         \
                                                                                      block_count);          \
    }
#else
#define GGUF_CHOOSE_DECODER(name)                                                                            \
    GGUF_DECODE (name)                                                                                       \
    {                                                                                                        \
        return gguf_decode_##name##_base (blocks, items, block_count);                                       \
    }
#define GGUF_CHOOSE_ENCODER(name)                                                                            \
    GGUF_ENCODE (name)                                                                                       \
    {                                                                                                        \
        return gguf_encode_##name##_base (items, blocks, block_count);                                       \
    }
#endif

#endif
