/* SPDX-License-Identifier: MIT */
/* cast_fast.c - kernels between f32 and the common dtypes, for speed alone: cast.c gives the same bytes
 * without them.
 *
 * A kernel works on blocks of a constant length without branches, so that compilers vectorise it
 * also at -O2, in one version for any processor and, on x86-64, in one for AVX2 and F16C, chosen at run
 * time. */
#include "kernels/cast_fast.h"
#include "kernels/cast_small.h"
#include <string.h>
#include <tenon/types.h>

#if defined __x86_64__ && !defined TENON_PORTABLE_KERNELS
#include <immintrin.h>
#define WITH_AVX2 1
#define AVX2 __attribute__ ((target ("avx2,f16c")))
#endif
#define INLINE static inline __attribute__ ((always_inline))
#define BLOCK 64

#define F32_INFINITY 0x7f800000u
#define F32_QUIET 0x00400000u

INLINE uint32_t
bits_of_f32 (float value)
{
    uint32_t bits;
    memcpy (&bits, &value, sizeof bits);
    return bits;
}

INLINE float
f32_of_bits (uint32_t bits)
{
    float value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

/* `yes` or `no`, in a form that compilers do not turn into a branch: they would, to skip a float operation
 * that might raise a flag, and a loop with a branch is not vectorised. */
INLINE uint32_t
choose (int condition, uint32_t yes, uint32_t no)
{
    return no ^ ((yes ^ no) & -(uint32_t) condition);
}

/* ---- one item: the bodies of the loops below ---- */

INLINE uint32_t
f32_of_bf16 (uint16_t item)
{
    uint32_t bits = (uint32_t) item << 16;
    return bits | ((bits & 0x7fffffffu) > F32_INFINITY ? F32_QUIET : 0);
}

INLINE uint16_t
bf16_of_f32 (uint32_t bits)
{
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
    return (uint16_t) ((bits & 0x7fffffffu) > F32_INFINITY ? quiet : rounded);
}

/* The f16's bits in the places of an f32's are a value 2^112 times too small, also where it is subnormal. */
INLINE uint32_t
f32_of_f16 (uint16_t item)
{
    uint32_t magnitude = (uint32_t) (item & 0x7fff) << 13, sign = (uint32_t) (item & 0x8000) << 16;
    uint32_t finite = bits_of_f32 (f32_of_bits (magnitude) * 0x1p112f);
    uint32_t special = magnitude | F32_INFINITY | (magnitude > 0x7c00u << 13 ? F32_QUIET : 0);
    return sign | choose (magnitude >= 0x7c00u << 13, special, finite);
}

/* As encode in cast_small.c, but all cases are computed and one is chosen. Subnormals are rounded by the
 * adder: the sum with a number whose last bit is worth one subnormal unit holds their count. */
INLINE uint32_t
small_of_f32 (struct tn_cast_format format, uint32_t bits)
{
    uint32_t magnitude = bits & 0x7fffffffu, sign = bits >> 31 << (format.bits - 1),
             dropped = 23 - format.mantissa_bits;
    uint32_t least_normal = (uint32_t) (127 + 1 - format.bias) << 23;
    uint32_t adder = least_normal + (dropped << 23);
    uint32_t subnormal = bits_of_f32 (f32_of_bits (magnitude) + f32_of_bits (adder)) - adder;
    uint32_t normal = ((magnitude + (1u << (dropped - 1)) - 1 + (magnitude >> dropped & 1)) >> dropped)
                      - ((uint32_t) (127 - format.bias) << format.mantissa_bits);
    uint32_t code = choose (magnitude < least_normal, subnormal, normal);
    code = choose (code > format.largest, format.overflow, code);
    if (format.kind == TN_CAST_FNUZ)
        return code | choose ((code == 0) | (code == format.overflow), 0, sign);
    uint32_t payload = magnitude >> dropped & ((1u << format.mantissa_bits) - 1);
    uint32_t nan = format.overflow | 1u << (format.mantissa_bits - 1) | payload;
    if (format.kind == TN_CAST_IEEE)
        code = choose (magnitude > F32_INFINITY, nan, code);
    return code | sign;
}

INLINE uint32_t
i32_of_f32 (uint32_t bits)
{
    float value = f32_of_bits (bits);
    int32_t inside = (int32_t) (value >= -0x1p31f && value < 0x1p31f ? value : 0);
    return value >= 0x1p31f   ? (uint32_t) INT32_MAX
           : value < -0x1p31f ? (uint32_t) INT32_MIN
                              : (uint32_t) inside;
}

/* ---- kernels ---- */

/* KERNEL (name, to type, from type, expression of `item`) makes name_block, which converts BLOCK items, and
 * name_base, which converts any number, the last ones in a block of its own; and name_avx2. */
#define RUN(name, block, to_type, from_type, attributes)                                                     \
    attributes static void name (void *to, const void *from, uint64_t count)                                 \
    {                                                                                                        \
        unsigned char *target = to;                                                                          \
        const unsigned char *source = from;                                                                  \
        for (; count >= BLOCK; count -= BLOCK) {                                                             \
            block (target, source);                                                                          \
            target += BLOCK * sizeof (to_type);                                                              \
            source += BLOCK * sizeof (from_type);                                                            \
        }                                                                                                    \
        if (count > 0) {                                                                                     \
            unsigned char rest[BLOCK * sizeof (from_type)] = { 0 }, result[BLOCK * sizeof (to_type)];        \
            memcpy (rest, source, count * sizeof (from_type));                                               \
            block (result, rest);                                                                            \
            memcpy (target, result, count * sizeof (to_type));                                               \
        }                                                                                                    \
    }
#define BLOCK_OF(name, to_type, from_type, expression)                                                       \
    INLINE void name##_block (unsigned char *restrict to, const unsigned char *restrict from)                \
    {                                                                                                        \
        for (uint32_t i = 0; i < BLOCK; i++) {                                                               \
            from_type item;                                                                                  \
            memcpy (&item, from + i * sizeof item, sizeof item);                                             \
            to_type result = (to_type) (expression);                                                         \
            memcpy (to + i * sizeof result, &result, sizeof result);                                         \
        }                                                                                                    \
    }
#define KERNEL_BASE(name, to_type, from_type, expression)                                                    \
    BLOCK_OF (name, to_type, from_type, expression)                                                          \
    RUN (name##_base, name##_block, to_type, from_type, )
#ifdef WITH_AVX2
#define KERNEL(name, to_type, from_type, expression)                                                         \
    KERNEL_BASE (name, to_type, from_type, expression)                                                       \
    RUN (name##_avx2, name##_block, to_type, from_type, AVX2)
#else
#define KERNEL(name, to_type, from_type, expression) KERNEL_BASE (name, to_type, from_type, expression)
#endif

KERNEL (f32_of_bf16, uint32_t, uint16_t, f32_of_bf16 (item))
KERNEL (bf16_of_f32, uint16_t, uint32_t, bf16_of_f32 (item))
KERNEL (f64_of_f32, double, float, item)
KERNEL (f32_of_f64, float, double, item)
KERNEL (i32_of_f32, uint32_t, uint32_t, i32_of_f32 (item))
KERNEL (f32_of_i32, float, int32_t, item)
KERNEL (f8_e4m3_of_f32, uint8_t, uint32_t, small_of_f32 (TN_CAST_FORMAT_F8_E4M3, item))
KERNEL (f8_e5m2_of_f32, uint8_t, uint32_t, small_of_f32 (TN_CAST_FORMAT_F8_E5M2, item))
KERNEL (f8_e4m3fnuz_of_f32, uint8_t, uint32_t, small_of_f32 (TN_CAST_FORMAT_F8_E4M3FNUZ, item))
KERNEL (f8_e5m2fnuz_of_f32, uint8_t, uint32_t, small_of_f32 (TN_CAST_FORMAT_F8_E5M2FNUZ, item))
KERNEL_BASE (f32_of_f16, uint32_t, uint16_t, f32_of_f16 (item))
KERNEL_BASE (f16_of_f32, uint16_t, uint32_t, small_of_f32 (TN_CAST_FORMAT_F16, item))

#ifdef WITH_AVX2
/* F16C rounds to nearest even whatever the mode, and quiets NaNs. */
AVX2 INLINE void
f32_of_f16_block_f16c (unsigned char *to, const unsigned char *from)
{
    for (uint32_t i = 0; i < BLOCK; i += 8)
        _mm256_storeu_ps (
            (float *) (void *) (to + i * 4),
            _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) (const void *) (from + i * 2))));
}

AVX2 INLINE void
f16_of_f32_block_f16c (unsigned char *to, const unsigned char *from)
{
    for (uint32_t i = 0; i < BLOCK; i += 8) {
        __m256 values = _mm256_loadu_ps ((const float *) (const void *) (from + i * 4));
        _mm_storeu_si128 ((__m128i *) (void *) (to + i * 2),
                          _mm256_cvtps_ph (values, _MM_FROUND_TO_NEAREST_INT));
    }
}

RUN (f32_of_f16_avx2, f32_of_f16_block_f16c, uint32_t, uint16_t, AVX2)
RUN (f16_of_f32_avx2, f16_of_f32_block_f16c, uint16_t, uint32_t, AVX2)
#endif

/* ---- choosing ---- */

#ifdef WITH_AVX2
static int
has_avx2 (void)
{
#ifdef __clang__ /* some versions do not know the second name; no processor has AVX2 without F16C */
    return __builtin_cpu_supports ("avx2");
#else
    return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("f16c");
#endif
}
#define CHOOSE(name) (has_avx2 () ? name##_avx2 : name##_base)
#else
#define CHOOSE(name) name##_base
#endif

tn_cast_kernel
tn_cast_kernel_from_f32 (uint32_t to_dtype)
{
    switch (to_dtype) {
    case TENON_F16: return CHOOSE (f16_of_f32);
    case TENON_BF16: return CHOOSE (bf16_of_f32);
    case TENON_F64: return CHOOSE (f64_of_f32);
    case TENON_I32: return CHOOSE (i32_of_f32);
    case TENON_F8_E4M3: return CHOOSE (f8_e4m3_of_f32);
    case TENON_F8_E5M2: return CHOOSE (f8_e5m2_of_f32);
    case TENON_F8_E4M3FNUZ: return CHOOSE (f8_e4m3fnuz_of_f32);
    case TENON_F8_E5M2FNUZ: return CHOOSE (f8_e5m2fnuz_of_f32);
    default: return NULL;
    }
}

tn_cast_kernel
tn_cast_kernel_to_f32 (uint32_t from_dtype)
{
    switch (from_dtype) {
    case TENON_F16: return CHOOSE (f32_of_f16);
    case TENON_BF16: return CHOOSE (f32_of_bf16);
    case TENON_F64: return CHOOSE (f32_of_f64);
    case TENON_I32: return CHOOSE (f32_of_i32);
    default: return NULL;
    }
}
