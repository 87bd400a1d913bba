/* SPDX-License-Identifier: MIT */
/* fast.h - what the functions in vector instructions share: WITH_AVX2 if AVX2 is compiled in, and a test for
 * a processor that has it. */
#ifndef GGUF_FAST_H
#define GGUF_FAST_H

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
#endif

#endif
