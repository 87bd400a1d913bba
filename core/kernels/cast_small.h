/* SPDX-License-Identifier: MIT */
/* cast_small.h - how wide a dtype is, and the floats of at most 16 bits, to f64 and back. */
#ifndef TN_CAST_SMALL_H
#define TN_CAST_SMALL_H
#include <stdint.h>
#include <tenon/types.h>

/* Bits of one item of a plain dtype, 4 to 128. */
uint32_t tn_cast_bits (uint32_t dtype);

static inline int
tn_cast_is_complex (uint32_t dtype)
{
    return dtype == TENON_C64 || dtype == TENON_C128;
}

/* The dtype of a complex dtype's parts; any other dtype is its own part. */
static inline uint32_t
tn_cast_part (uint32_t dtype)
{
    return dtype == TENON_C64 ? TENON_F32 : dtype == TENON_C128 ? TENON_F64 : dtype;
}

/* Items that are converted at once by the general way: their f64s stay in the first-level cache. */
#define TN_CAST_CHUNK 128

/* Between the small floats (f16, bf16, f8_*, f6_*, f4), at most TN_CAST_CHUNK items of them, and f64. */
void tn_cast_load_small (uint32_t dtype, double *to, const unsigned char *from, uint64_t count);
void tn_cast_store_small (uint32_t dtype, unsigned char *to, const double *from, uint64_t count);

/* True if the dtype has finite numbers only, and this one, when it is rounded, lies beyond the largest. */
int tn_cast_clips (uint32_t dtype, double value);

/* A binary float of at most 16 bits: sign, exponent, mantissa from the top. */
struct tn_cast_format {
    uint32_t bits, mantissa_bits;
    int32_t bias;
    uint32_t largest;  /* code of the largest finite magnitude */
    uint32_t overflow; /* code that a larger magnitude becomes: infinity, NaN, or `largest` again */
    uint32_t kind;     /* TN_CAST_IEEE … */
};
enum {
    TN_CAST_IEEE, /* infinity is the code after `largest`, everything above it is NaN */
    TN_CAST_FN,   /* finite, and one NaN of each sign at `overflow` */
    TN_CAST_FNUZ, /* finite, no negative zero: its code is the NaN */
    TN_CAST_ONLY  /* finite numbers and nothing else */
};

#define TN_CAST_FORMAT_F16 ((struct tn_cast_format){ 16, 10, 15, 0x7bff, 0x7c00, TN_CAST_IEEE })
#define TN_CAST_FORMAT_BF16 ((struct tn_cast_format){ 16, 7, 127, 0x7f7f, 0x7f80, TN_CAST_IEEE })
#define TN_CAST_FORMAT_F8_E4M3 ((struct tn_cast_format){ 8, 3, 7, 0x7e, 0x7f, TN_CAST_FN })
#define TN_CAST_FORMAT_F8_E5M2 ((struct tn_cast_format){ 8, 2, 15, 0x7b, 0x7c, TN_CAST_IEEE })
#define TN_CAST_FORMAT_F8_E4M3FNUZ ((struct tn_cast_format){ 8, 3, 8, 0x7f, 0x80, TN_CAST_FNUZ })
#define TN_CAST_FORMAT_F8_E5M2FNUZ ((struct tn_cast_format){ 8, 2, 16, 0x7f, 0x80, TN_CAST_FNUZ })
#define TN_CAST_FORMAT_F6_E2M3 ((struct tn_cast_format){ 6, 3, 1, 0x1f, 0x1f, TN_CAST_ONLY })
#define TN_CAST_FORMAT_F6_E3M2 ((struct tn_cast_format){ 6, 2, 3, 0x1f, 0x1f, TN_CAST_ONLY })
#define TN_CAST_FORMAT_F4 ((struct tn_cast_format){ 4, 1, 1, 0x07, 0x07, TN_CAST_ONLY })

#endif
