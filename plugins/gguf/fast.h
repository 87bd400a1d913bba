/* SPDX-License-Identifier: MIT */
/* fast.h - what the versions in vector instructions share: whether AVX2 is compiled, and whether the
 * processor has it. */
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
#ifdef __clang__ /* some versions do not know the second name; no processor has AVX2 without F16C */
    return __builtin_cpu_supports ("avx2");
#else
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("f16c");
#endif
}
#endif

#endif
