/* SPDX-License-Identifier: MIT */
/* cast_screen.c - looks over results of casts for zeros, infinities and NaNs. A block without any of them
 * costs a few operations for each vector of results, which are narrower than the sources. In the others each
 * result is compared with its source: a zero from a zero and an infinity from an infinity are sound. */
#include "kernels/cast_screen.h"
#include <stddef.h>
#include <string.h>
#include <tenon/types.h>

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#define WITH_AVX2 1
#define AVX2 __attribute__ ((target ("avx2")))
#endif
#define INLINE static inline __attribute__ ((always_inline))
#define BLOCK TN_SCREEN_BLOCK

/* The body of a screen in one version for any processor, and one for AVX2. `suspect` is an expression of r, a
 * result, that has a bit of `mask` if r may be spoilt; the others are true of r and s, its source. */
#define SCREEN(name, to_type, from_type, mask, suspect, is_flushed, is_overflowed, is_infinite)              \
    INLINE uint64_t name##_body (const unsigned char *to, const unsigned char *from, uint64_t blocks,        \
                                 struct tn_cast_counts *counts)                                              \
    {                                                                                                        \
        for (uint64_t b = 0; b < blocks; b++) {                                                              \
            to_type any = 0;                                                                                 \
            from_type flushed = 0, overflowed = 0, infinite = 0;                                             \
            for (uint32_t i = 0; i < BLOCK; i++) {                                                           \
                to_type r;                                                                                   \
                memcpy (&r, to + (b * BLOCK + i) * sizeof r, sizeof r);                                      \
                any = (to_type) (any | (suspect));                                                           \
            }                                                                                                \
            if (!(any & (mask)))                                                                             \
                continue;                                                                                    \
            for (uint32_t i = 0; i < BLOCK; i++) {                                                           \
                to_type narrow;                                                                              \
                from_type s;                                                                                 \
                memcpy (&narrow, to + (b * BLOCK + i) * sizeof narrow, sizeof narrow);                       \
                memcpy (&s, from + (b * BLOCK + i) * sizeof s, sizeof s);                                    \
                from_type r = narrow;                                                                        \
                flushed = (from_type) (flushed + (is_flushed));                                              \
                overflowed = (from_type) (overflowed + (is_overflowed));                                     \
                infinite = (from_type) (infinite + (is_infinite));                                           \
            }                                                                                                \
            counts->flushed += flushed;                                                                      \
            counts->overflowed += overflowed;                                                                \
            counts->infinite += infinite;                                                                    \
        }                                                                                                    \
        return blocks;                                                                                       \
    }                                                                                                        \
    VERSIONS (name)
#define ONE_VERSION(name, suffix, attributes)                                                                \
    attributes static uint64_t name##suffix (const void *to, const void *from, uint64_t blocks,              \
                                             struct tn_cast_counts *counts)                                  \
    {                                                                                                        \
        return name##_body (to, from, blocks, counts);                                                       \
    }
#ifdef WITH_AVX2
#define VERSIONS(name) ONE_VERSION (name, _base, ) ONE_VERSION (name, _avx2, AVX2)
#define CHOOSE(name) (__builtin_cpu_supports ("avx2") ? name##_avx2 : name##_base)
#else
#define VERSIONS(name) ONE_VERSION (name, _base, )
#define CHOOSE(name) name##_base
#endif

/* The top bit is set if the magnitude is zero, or `special` or more: the difference with 1 borrows from it,
 * the sum carries into it. */
#define SUSPECT(type, sign, special)                                                                         \
    ((type) ((r & (sign - 1)) - 1) | (type) ((type) ((r & (sign - 1)) - 1) + (type) (sign - (special) + 1)))

/* From sources whose infinity has the bits `infinity`. `special`: the target's infinity, or its NaN if it has
 * none (`nan` is then 1). */
#define FLOATS(name, to_type, sign, special, nan, from_type, from_sign, infinity)                            \
    SCREEN (name, to_type, from_type, sign, SUSPECT (to_type, sign, special),                                \
            ((r & (sign - 1)) == 0) & ((s & (from_sign - 1)) != 0),                                          \
            ((r & (sign - 1)) >= (special)) & ((s & (from_sign - 1)) < (infinity)),                          \
            nan & ((s & (from_sign - 1)) == (infinity)))
/* f8_*fnuz: 0x80 is the NaN. */
#define FNUZ(name, from_type, from_sign, infinity)                                                           \
    SCREEN (name, uint8_t, from_type, 0x80, (uint8_t) ((r & 0x7f) - 1),                                      \
            (r == 0) & ((s & (from_sign - 1)) != 0), (r == 0x80) & ((s & (from_sign - 1)) < (infinity)),     \
            (s & (from_sign - 1)) == (infinity))
#define EIGHT_BITS(from, type, sign, infinity)                                                               \
    FLOATS (e4m3_of_##from, uint8_t, 0x80, 0x7f, 1, type, sign, infinity)                                    \
    FLOATS (e5m2_of_##from, uint8_t, 0x80, 0x7c, 0, type, sign, infinity)                                    \
    FNUZ (e4m3fnuz_of_##from, type, sign, infinity)                                                          \
    FNUZ (e5m2fnuz_of_##from, type, sign, infinity)

#define F32 uint32_t, 0x80000000u, 0x7f800000u
#define F64 uint64_t, UINT64_C (0x8000000000000000), UINT64_C (0x7ff0000000000000)
#define F16 uint16_t, 0x8000, 0x7c00
#define BF16 uint16_t, 0x8000, 0x7f80
#define FLOATS_FROM(name, to_type, sign, special, from) FLOATS (name, to_type, sign, special, 0, from)
#define EIGHT_BITS_FROM(from, fields) EIGHT_BITS (from, fields)

FLOATS_FROM (f16_of_f32, uint16_t, 0x8000, 0x7c00, F32)
FLOATS_FROM (bf16_of_f32, uint16_t, 0x8000, 0x7f80, F32)
FLOATS_FROM (f32_of_f64, uint32_t, 0x80000000u, 0x7f800000u, F64)
FLOATS_FROM (f16_of_f64, uint16_t, 0x8000, 0x7c00, F64)
FLOATS_FROM (bf16_of_f64, uint16_t, 0x8000, 0x7f80, F64)
FLOATS_FROM (f16_of_bf16, uint16_t, 0x8000, 0x7c00, BF16)
EIGHT_BITS_FROM (f32, F32)
EIGHT_BITS_FROM (f16, F16)
EIGHT_BITS_FROM (bf16, BF16)

/* Integers whose magnitude has at most so many bits are exact in the target: only sources are looked at. */
#define INTEGERS(name, type, shift)                                                                          \
    INLINE uint64_t name##_body (const void *to, const unsigned char *from, uint64_t blocks,                 \
                                 struct tn_cast_counts *counts)                                              \
    {                                                                                                        \
        (void) to, (void) counts;                                                                            \
        for (uint64_t b = 0; b < blocks; b++) {                                                              \
            type any = 0;                                                                                    \
            for (uint32_t i = 0; i < BLOCK; i++) {                                                           \
                type s;                                                                                      \
                memcpy (&s, from + (b * BLOCK + i) * sizeof s, sizeof s);                                    \
                any |= s < 0 ? ~s : s;                                                                       \
            }                                                                                                \
            if (any >> (shift))                                                                              \
                return b;                                                                                    \
        }                                                                                                    \
        return blocks;                                                                                       \
    }                                                                                                        \
    VERSIONS (name)

INTEGERS (i32_to_f32, int32_t, 24)
INTEGERS (i64_to_f32, int64_t, 24)
INTEGERS (i64_to_f64, int64_t, 53)
INTEGERS (i64_to_i32, int64_t, 31)

#define PAIR(to, from) ((uint32_t) (to) << 8 | (from))
#define EIGHT_BITS_CASES(dtype, from)                                                                        \
    case PAIR (TENON_F8_E4M3, dtype): return CHOOSE (e4m3_of_##from);                                        \
    case PAIR (TENON_F8_E5M2, dtype): return CHOOSE (e5m2_of_##from);                                        \
    case PAIR (TENON_F8_E4M3FNUZ, dtype): return CHOOSE (e4m3fnuz_of_##from);                                \
    case PAIR (TENON_F8_E5M2FNUZ, dtype): return CHOOSE (e5m2fnuz_of_##from)

tn_cast_screen
tn_cast_screen_for (uint32_t to_dtype, uint32_t from_dtype)
{
    switch (PAIR (to_dtype, from_dtype)) {
    case PAIR (TENON_F16, TENON_F32): return CHOOSE (f16_of_f32);
    case PAIR (TENON_BF16, TENON_F32): return CHOOSE (bf16_of_f32);
    case PAIR (TENON_F32, TENON_F64): return CHOOSE (f32_of_f64);
    case PAIR (TENON_F16, TENON_F64): return CHOOSE (f16_of_f64);
    case PAIR (TENON_BF16, TENON_F64): return CHOOSE (bf16_of_f64);
    case PAIR (TENON_F16, TENON_BF16):
        return CHOOSE (f16_of_bf16);
        EIGHT_BITS_CASES (TENON_F32, f32);
        EIGHT_BITS_CASES (TENON_F16, f16);
        EIGHT_BITS_CASES (TENON_BF16, bf16);
    case PAIR (TENON_F32, TENON_I32): return CHOOSE (i32_to_f32);
    case PAIR (TENON_F32, TENON_I64): return CHOOSE (i64_to_f32);
    case PAIR (TENON_F64, TENON_I64): return CHOOSE (i64_to_f64);
    case PAIR (TENON_I32, TENON_I64): return CHOOSE (i64_to_i32);
    default: return NULL;
    }
}
