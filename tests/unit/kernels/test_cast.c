/* SPDX-License-Identifier: MIT */
/* test_cast.c - casts against the specifications of the formats, computed here from the definitions or
 * written out as bits; and shortcuts against the general way. */
#include "kernels/cast.h"
#include "kernels/cast_small.h"
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

static uint64_t
load_bits (const void *from, uint32_t bytes)
{
    uint64_t bits = 0;
    memcpy (&bits, from, bytes < 8 ? bytes : 8);
    return bits;
}

/* Casts one item, given and returned as bits. Items of f6 and f4 take a byte each. */
static uint64_t
cast_one (uint32_t to_dtype, uint32_t from_dtype, uint64_t bits)
{
    unsigned char to[16] = { 0 };
    tn_cast (to_dtype, to, from_dtype, &bits, 1);
    return load_bits (to, (tn_cast_bits (to_dtype) + 7) / 8);
}

static uint64_t
cast_f64 (uint32_t to_dtype, double value)
{
    return cast_one (to_dtype, TENON_F64, load_bits (&value, 8));
}

static uint64_t
cast_f32 (uint32_t to_dtype, float value)
{
    return cast_one (to_dtype, TENON_F32, load_bits (&value, 4));
}

static double
to_f64 (uint32_t from_dtype, uint64_t bits)
{
    double value;
    uint64_t result = cast_one (TENON_F64, from_dtype, bits);
    memcpy (&value, &result, 8);
    return value;
}

/* ---- the small floats, from their definitions ---- */

/* From OCP 8-bit 1.0, OCP MX 1.0, IEEE 754 binary16, and the README of ml_dtypes for fnuz. `largest`: the
 * code of the largest finite magnitude. Overflow, infinity and NaN, of either sign: the codes that cast.h
 * promises. */
static const struct format {
    uint32_t dtype, bits, mantissa_bits;
    int bias;
    uint32_t largest, overflow, minus_overflow, nan, minus_nan;
    bool negative_zero;
} formats[] = {
    { TENON_F16, 16, 10, 15, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0xfe00, true },
    { TENON_BF16, 16, 7, 127, 0x7f7f, 0x7f80, 0xff80, 0x7fc0, 0xffc0, true },
    { TENON_F8_E4M3, 8, 3, 7, 0x7e, 0x7f, 0xff, 0x7f, 0xff, true },
    { TENON_F8_E5M2, 8, 2, 15, 0x7b, 0x7c, 0xfc, 0x7e, 0xfe, true },
    { TENON_F8_E4M3FNUZ, 8, 3, 8, 0x7f, 0x80, 0x80, 0x80, 0x80, false },
    { TENON_F8_E5M2FNUZ, 8, 2, 16, 0x7f, 0x80, 0x80, 0x80, 0x80, false },
    { TENON_F6_E2M3, 6, 3, 1, 0x1f, 0x1f, 0x3f, 0x20, 0x00, true },
    { TENON_F6_E3M2, 6, 2, 3, 0x1f, 0x1f, 0x3f, 0x20, 0x00, true },
    { TENON_F4, 4, 1, 1, 0x07, 0x07, 0x0f, 0x08, 0x00, true },
};

/* 2^(exponent - bias) * 1.mantissa, or 2^(1 - bias) * 0.mantissa */
static double
magnitude_of (const struct format *format, uint32_t code)
{
    int scale = 1 << format->mantissa_bits, mantissa = (int) code % scale, exponent = (int) code / scale;
    return exponent > 0 ? ldexp (scale + mantissa, exponent - format->bias - (int) format->mantissa_bits)
                        : ldexp (mantissa, 1 - format->bias - (int) format->mantissa_bits);
}

/* Every finite code is cast exactly to f32 and f64 and back. */
START_TEST (every_value)
{
    const struct format *format = &formats[_i];
    uint32_t sign = 1u << (format->bits - 1);
    for (uint32_t code = 0; code <= format->largest; code++)
        for (int negative = 0; negative < 2; negative++) {
            if (negative && code == 0 && !format->negative_zero)
                continue;
            double value = negative ? -magnitude_of (format, code) : magnitude_of (format, code);
            float single = (float) value;
            uint32_t bits = negative ? code | sign : code;
            ck_assert_uint_eq (cast_one (TENON_F32, format->dtype, bits), load_bits (&single, 4));
            ck_assert_uint_eq (cast_one (TENON_F64, format->dtype, bits), load_bits (&value, 8));
            ck_assert_uint_eq (cast_f32 (format->dtype, single), bits);
            ck_assert_uint_eq (cast_f64 (format->dtype, value), bits);
        }
    if (!format->negative_zero)
        ck_assert_uint_eq (cast_f64 (format->dtype, -0.0), 0);
}
END_TEST

/* Between any two neighbours the middle goes to the even code, a value beside the middle to the nearer
 * one. */
START_TEST (every_tie)
{
    const struct format *format = &formats[_i];
    uint32_t sign = 1u << (format->bits - 1);
    for (uint32_t code = 0; code < format->largest; code++) {
        double middle = (magnitude_of (format, code) + magnitude_of (format, code + 1)) / 2;
        uint32_t even = code % 2 == 0 ? code : code + 1,
                 minus = code == 0 && !format->negative_zero ? 0 : sign;
        ck_assert_uint_eq (cast_f64 (format->dtype, middle), even);
        ck_assert_uint_eq (cast_f64 (format->dtype, nextafter (middle, 0)), code);
        ck_assert_uint_eq (cast_f64 (format->dtype, nextafter (middle, INFINITY)), code + 1);
        ck_assert_uint_eq (cast_f64 (format->dtype, -nextafter (middle, 0)), code | minus);
        ck_assert_uint_eq (cast_f64 (format->dtype, -nextafter (middle, INFINITY)), (code + 1) | sign);
        float single = (float) middle; /* exact, or below the resolution of bf16 */
        if ((double) single == middle) {
            ck_assert_uint_eq (cast_f32 (format->dtype, single), even);
            ck_assert_uint_eq (cast_f32 (format->dtype, nextafterf (single, 0)), code);
            ck_assert_uint_eq (cast_f32 (format->dtype, nextafterf (single, INFINITY)), code + 1);
        }
    }
}
END_TEST

/* The middle between the largest value and the one that would follow is a tie too. */
START_TEST (overflow)
{
    const struct format *format = &formats[_i];
    double largest = magnitude_of (format, format->largest);
    double middle = (largest + magnitude_of (format, format->largest + 1)) / 2;
    uint32_t at_middle = format->largest % 2 == 0 ? format->largest : format->overflow;
    ck_assert_uint_eq (cast_f64 (format->dtype, nextafter (middle, 0)), format->largest);
    ck_assert_uint_eq (cast_f64 (format->dtype, middle), at_middle);
    ck_assert_uint_eq (cast_f64 (format->dtype, nextafter (middle, INFINITY)), format->overflow);
    static const double large[] = { 1e40, 1e300, INFINITY };
    for (size_t i = 0; i < COUNT (large); i++) {
        ck_assert_uint_eq (cast_f64 (format->dtype, large[i]), format->overflow);
        ck_assert_uint_eq (cast_f64 (format->dtype, -large[i]), format->minus_overflow);
        ck_assert_uint_eq (cast_f32 (format->dtype, (float) large[i]), format->overflow);
        ck_assert_uint_eq (cast_f32 (format->dtype, (float) -large[i]), format->minus_overflow);
    }
    ck_assert_uint_eq (cast_one (format->dtype, TENON_F64, 0x7ff8000000000000), format->nan);
    ck_assert_uint_eq (cast_one (format->dtype, TENON_F64, 0xfff8000000000000), format->minus_nan);
    ck_assert_uint_eq (cast_one (format->dtype, TENON_F32, 0x7fc00000), format->nan);
    ck_assert_uint_eq (cast_one (format->dtype, TENON_F32, 0xffc00000), format->minus_nan);
    ck_assert (cast_f64 (format->dtype, 5e-324) == 0
               && cast_f64 (format->dtype, 0.3 * magnitude_of (format, 1)) == 0);
}
END_TEST

/* Infinities and NaNs. A NaN without a sign has the code of ml_dtypes. */
START_TEST (special_values)
{
    static const struct {
        uint32_t dtype, code, f32;
    } cases[] = {
        { TENON_F16, 0x7c00, 0x7f800000 },       { TENON_F16, 0xfc00, 0xff800000 },
        { TENON_BF16, 0x7f80, 0x7f800000 },      { TENON_BF16, 0xff80, 0xff800000 },
        { TENON_F8_E5M2, 0x7c, 0x7f800000 },     { TENON_F8_E5M2, 0xfc, 0xff800000 },
        { TENON_F8_E4M3, 0x7f, 0x7fc00000 },     { TENON_F8_E4M3, 0xff, 0xffc00000 },
        { TENON_F8_E4M3FNUZ, 0x80, 0xffc00000 }, { TENON_F8_E5M2FNUZ, 0x80, 0xffc00000 },
        { TENON_F8_E8M0, 0xff, 0x7fc00000 },     { TENON_F8_E8M0, 0, 0x00400000 },
        { TENON_F8_E8M0, 0x7f, 0x3f800000 },     { TENON_F8_E8M0, 0xfe, 0x7f000000 },
        { TENON_F16, 0x7e55, 0x7fcaa000 },       { TENON_F16, 0xfc01, 0xffc02000 }, /* quiet, payload kept */
        { TENON_BF16, 0x7f81, 0x7fc10000 },      { TENON_BF16, 0xffd5, 0xffd50000 },
        { TENON_F8_E5M2, 0x7f, 0x7fe00000 },     { TENON_F8_E5M2, 0xfd, 0xffe00000 }
    };
    for (size_t i = 0; i < COUNT (cases); i++)
        ck_assert_uint_eq (cast_one (TENON_F32, cases[i].dtype, cases[i].code), cases[i].f32);
}
END_TEST

/* The leading bits of the payload stay, and the NaN is quiet even when no bit of the payload is left. */
START_TEST (nan_payload)
{
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_F32, 0x7fd55555), 0x7eaa);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_F32, 0xff800001), 0xfe00);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_F32, 0x7fd55555), 0x7fd5);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_F32, 0xff800001), 0xffc0);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_F32, 0x7fffffff), 0x7fff);
    ck_assert_uint_eq (cast_one (TENON_F8_E5M2, TENON_F32, 0x7fffffff), 0x7f);
    ck_assert_uint_eq (cast_one (TENON_F64, TENON_F32, 0xff800001), 0xfff8000020000000);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_F64, 0x7ff0000000000001), 0x7fc00000);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_F64, 0xfffaaaaaaaaaaaaa), 0xffd55555);
}
END_TEST

/* As in ml_dtypes: a tie goes up, values that are not positive become NaN, values below the smallest power
 * become that power. */
START_TEST (f8_e8m0)
{
    /* clang-format off */
    static const struct {
        double value;
        uint32_t code;
    } cases[] = {
        { 1, 127 },         { 2, 128 },        { 1.4999, 127 },    { 1.5, 128 },     { 3, 129 },
        { 0.75, 127 },      { 0.7499, 126 },   { 6, 130 },         { 0x1p127, 254 }, { 0x1.7p127, 254 },
        { 0x1.8p127, 255 }, { 0x1p128, 255 },  { INFINITY, 255 },  { NAN, 255 },     { 0.0, 255 },
        { -0.0, 255 },      { -1, 255 },       { -INFINITY, 255 }, { 0x1p-126, 1 },  { 0x1p-127, 0 },
        { 0x1.4p-127, 0 },  { 0x1.8p-127, 1 }, { 0x1p-128, 0 },    { 0x1p-149, 0 },  { 1e-300, 0 },
        { 5e-324, 0 },      { 0x1.7ffffffffffffp0, 127 } /* would be a tie after rounding to f32 */
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT (cases); i++)
        ck_assert_uint_eq (cast_f64 (TENON_F8_E8M0, cases[i].value), cases[i].code);
    for (uint32_t code = 0; code < 255; code++) {
        ck_assert (to_f64 (TENON_F8_E8M0, code) == ldexp (1, (int) code - 127));
        ck_assert_uint_eq (cast_f32 (TENON_F8_E8M0, ldexpf (1, (int) code - 127)), code);
    }
    ck_assert_uint_eq (cast_one (TENON_F8_E8M0, TENON_I32, 100), 134); /* 128, from 6.64 */
    ck_assert_uint_eq (cast_one (TENON_BOOL, TENON_F8_E8M0, 0), 1);
}
END_TEST

/* Values so close to a tie that an intermediate rounding would lose the difference: i64 through f64, f64
 * through f32. */
START_TEST (single_rounding)
{
    const uint64_t one = 1;
    static const struct {
        uint32_t dtype;
        double value;
        uint32_t code;
    } cases[] = {
        { TENON_F16, 1 + 0x1p-11 + 0x1p-40, 0x3c01 },      { TENON_BF16, 1 + 0x1p-8 + 0x1p-40, 0x3f81 },
        { TENON_F8_E4M3, 1 + 0x1p-4 + 0x1p-40, 0x39 },     { TENON_F8_E5M2, 1 + 0x1p-3 + 0x1p-40, 0x3d },
        { TENON_F8_E4M3FNUZ, 1 + 0x1p-4 + 0x1p-40, 0x41 }, { TENON_F8_E5M2FNUZ, 1 + 0x1p-3 + 0x1p-40, 0x41 },
        { TENON_F6_E2M3, 1 + 0x1p-4 + 0x1p-40, 0x09 },     { TENON_F6_E3M2, 1 + 0x1p-3 + 0x1p-40, 0x0d },
        { TENON_F4, 1 + 0x1p-2 + 0x1p-40, 0x3 },           { TENON_F16, 1 + 0x3p-11 - 0x1p-40, 0x3c01 },
        { TENON_BF16, 1 + 0x3p-8 - 0x1p-40, 0x3f81 },      { TENON_F16, 0x1p-25 + 0x1p-60, 0x0001 }
    };
    for (size_t i = 0; i < COUNT (cases); i++)
        ck_assert_uint_eq (cast_f64 (cases[i].dtype, cases[i].value), cases[i].code);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I64, (one << 60) + (one << 36)), 0x5d800000); /* a tie */
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I64, (one << 60) + (one << 36) + 1), 0x5d800001);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I64, (one << 60) + 3 * (one << 36) - 1), 0x5d800001);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I64, -((one << 60) + (one << 36) + 1)), 0xdd800001);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_U64, (one << 63) + (one << 39) + 1), 0x5f000001);
    ck_assert_uint_eq (cast_one (TENON_C64, TENON_U64, (one << 63) + (one << 39) + 1), 0x5f000001);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_I64, (one << 60) + (one << 52) + 1), 0x5d81);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_U64, (one << 63) + 3 * (one << 55) - 1), 0x5f01);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_U32, 0x80800001), 0x4f01);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_I64, 2049), 0x6800);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_I64, 2051), 0x6802);
    ck_assert_uint_eq (cast_one (TENON_F64, TENON_I64, (one << 53) + 1), 0x4340000000000000);
    ck_assert_uint_eq (cast_one (TENON_F64, TENON_I64, (one << 53) + 3), 0x4340000000000002);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I32, 0x01000001), 0x4b800000);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I32, 0x01000003), 0x4b800002);
}
END_TEST

START_TEST (ends_of_wide_types)
{
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_U64, UINT64_MAX), 0x5f800000);
    ck_assert_uint_eq (cast_one (TENON_F64, TENON_U64, UINT64_MAX), 0x43f0000000000000);
    ck_assert_uint_eq (cast_one (TENON_BF16, TENON_U64, UINT64_MAX), 0x5f80);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_U64, UINT64_MAX), 0x7c00);
    ck_assert_uint_eq (cast_one (TENON_F32, TENON_I64, UINT64_C (1) << 63), 0xdf000000);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_I32, 65519), 0x7bff);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_I32, 65520), 0x7c00);
    ck_assert_uint_eq (cast_one (TENON_F8_E4M3, TENON_I32, 464), 0x7e);
    ck_assert_uint_eq (cast_one (TENON_F8_E4M3, TENON_I32, 465), 0x7f);
    ck_assert_uint_eq (cast_f64 (TENON_F32, 0x1.fffffefffffffp127), 0x7f7fffff);
    ck_assert_uint_eq (cast_f64 (TENON_F32, 0x1.ffffffp127), 0x7f800000);
    ck_assert_uint_eq (cast_f64 (TENON_F32, 0x1p-150), 0);
    ck_assert_uint_eq (cast_f64 (TENON_F32, -0x1.8p-150), 0x80000001);
}
END_TEST

START_TEST (float_to_integer)
{
    /* clang-format off */
    static const struct {
        uint32_t dtype;
        double value;
        uint64_t bits;
    } cases[] = {
        { TENON_U8, 1.9, 1 },        { TENON_U8, -1.9, 0 },         { TENON_U8, -0.5, 0 },
        { TENON_U8, 255.9, 255 },    { TENON_U8, 256, 255 },        { TENON_U8, 1e300, 255 },
        { TENON_I8, 127.9, 127 },    { TENON_I8, 128, 127 },        { TENON_I8, -128.9, 0x80 },
        { TENON_I8, -129, 0x80 },    { TENON_I8, -1.9, 0xff },      { TENON_U16, 65536, 65535 },
        { TENON_I16, 40000, 32767 }, { TENON_I16, -40000, 0x8000 },
        { TENON_U32, 0x1p32, UINT32_MAX },                     { TENON_U32, 4294967295.0, UINT32_MAX },
        { TENON_U32, -1, 0 },                                  { TENON_I32, 2147483647.5, INT32_MAX },
        { TENON_I32, -2147483648.5, 0x80000000 },              { TENON_I32, -INFINITY, 0x80000000 },
        { TENON_U64, 0x1p64, UINT64_MAX },                     { TENON_U64, 0x1.fffffffffffffp63, UINT64_MAX - 2047 },
        { TENON_U64, -0x1p63, 0 },                             { TENON_I64, 0x1p63, INT64_MAX },
        { TENON_I64, 0x1.fffffffffffffp62, INT64_MAX - 1023 }, { TENON_I64, -0x1p63, UINT64_C (1) << 63 },
        { TENON_I64, -INFINITY, UINT64_C (1) << 63 },          { TENON_I64, -0x1p62, UINT64_C (3) << 62 }
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT (cases); i++)
        ck_assert_uint_eq (cast_f64 (cases[i].dtype, cases[i].value), cases[i].bits);
    for (uint32_t dtype = TENON_U8; dtype <= TENON_I64; dtype++) {
        ck_assert_uint_eq (cast_f64 (dtype, NAN), 0);
        ck_assert_uint_eq (cast_f32 (dtype, NAN), 0);
        ck_assert_uint_eq (cast_f32 (dtype, -0.0f), 0);
    }
    ck_assert_uint_eq (cast_f32 (TENON_I32, 2147483648.0f), INT32_MAX);
    ck_assert_uint_eq (cast_f32 (TENON_I32, 2147483520.0f), 2147483520u);
    ck_assert_uint_eq (cast_f32 (TENON_I32, -2147483648.0f), 0x80000000);
    ck_assert_uint_eq (cast_f32 (TENON_I32, -INFINITY), 0x80000000);
    ck_assert_uint_eq (cast_f32 (TENON_I32, -1.99f), UINT32_MAX);
    ck_assert_uint_eq (cast_one (TENON_I8, TENON_F16, 0xfc00), 0x80);
}
END_TEST

START_TEST (integer_to_integer)
{
    /* clang-format off */
    static const struct {
        uint32_t to, from;
        uint64_t bits, result;
    } cases[] = {
        { TENON_U8, TENON_I16, 300, 255 },                { TENON_U8, TENON_I16, 0xffff, 0 },
        { TENON_I8, TENON_U8, 200, 127 },                 { TENON_I8, TENON_I64, (uint64_t) -129, 0x80 },
        { TENON_I64, TENON_U64, UINT64_MAX, INT64_MAX },  { TENON_U64, TENON_I64, UINT64_MAX, 0 },
        { TENON_U64, TENON_I8, 0x80, 0 },                 { TENON_I64, TENON_I8, 0x80, (uint64_t) -128 },
        { TENON_U32, TENON_U64, UINT64_MAX, UINT32_MAX }, { TENON_I32, TENON_U64, UINT64_MAX, INT32_MAX },
        { TENON_U64, TENON_I64, INT64_MAX, INT64_MAX },   { TENON_I64, TENON_U64, INT64_MAX, INT64_MAX },
        { TENON_U16, TENON_I32, 65536, 65535 },           { TENON_I32, TENON_U32, 0x80000000, INT32_MAX },
        { TENON_U32, TENON_U16, 0xffff, 0xffff },         { TENON_BOOL, TENON_U64, UINT64_C (1) << 63, 1 },
        { TENON_BOOL, TENON_I8, 0x80, 1 },                { TENON_BOOL, TENON_I64, 0, 0 },
        { TENON_U64, TENON_BOOL, 2, 1 },                  { TENON_I8, TENON_BOOL, 0xff, 1 }
    };
    /* clang-format on */
    for (size_t i = 0; i < COUNT (cases); i++)
        ck_assert_uint_eq (cast_one (cases[i].to, cases[i].from, cases[i].bits), cases[i].result);
}
END_TEST

/* ---- bool and complex ---- */

START_TEST (bool_and_complex)
{
    const float parts[6] = { 1.5f, -2, 0, 3, 0, 0 }, nan_parts[2] = { 0, NAN };
    unsigned char truth[3], from_bool[2] = { 0, 7 };
    double doubles[6];
    float singles[4];
    uint16_t half[3];
    ck_assert_uint_eq (cast_f64 (TENON_BOOL, NAN), 1);
    ck_assert_uint_eq (cast_f64 (TENON_BOOL, 5e-324), 1);
    ck_assert_uint_eq (cast_f64 (TENON_BOOL, -0.0), 0);
    ck_assert_uint_eq (cast_one (TENON_F16, TENON_BOOL, 2), 0x3c00);
    tn_cast (TENON_BOOL, truth, TENON_C64, parts, 3);
    ck_assert_mem_eq (truth, "\1\1\0", 3);
    tn_cast (TENON_BOOL, truth, TENON_C64, nan_parts, 1);
    ck_assert_uint_eq (truth[0], 1);
    tn_cast (TENON_C128, doubles, TENON_C64, parts, 3);
    for (int i = 0; i < 6; i++)
        ck_assert (doubles[i] == (double) parts[i]);
    tn_cast (TENON_F16, half, TENON_C64, parts, 3);
    ck_assert (half[0] == 0x3e00 && half[1] == 0 && half[2] == 0);
    tn_cast (TENON_C64, singles, TENON_F64, doubles, 2);
    ck_assert (singles[0] == 1.5f && singles[1] == 0 && singles[2] == -2 && singles[3] == 0);
    tn_cast (TENON_C64, singles, TENON_BOOL, from_bool, 2);
    ck_assert (singles[0] == 0 && singles[1] == 0 && singles[2] == 1 && singles[3] == 0);
}
END_TEST

/* ---- packing, pairs, shortcuts ---- */

START_TEST (bits_in_bytes)
{
    const float from[5] = { 0.5f, -6, 1, 3, -0.5f };
    unsigned char to[5];
    memset (to, 0xee, sizeof to);
    tn_cast (TENON_F4, to, TENON_F32, from, 5); /* 1 f 2 5 9, the first one in the low half */
    ck_assert_mem_eq (to, "\xf1\x52\x09\xee", 4);
    tn_cast (TENON_F6_E2M3, to, TENON_F32, from, 5); /* 04 3c 08 14 24, six bits each: 0x50 8f 04, 24 */
    ck_assert_mem_eq (to, "\x04\x8f\x50\x24\xee", 5);
    tn_cast (TENON_F4, to, TENON_F4, "\xf1\xff", 3);
    ck_assert_mem_eq (to, "\xf1\x0f\x50", 3);
}
END_TEST

START_TEST (possible)
{
    for (uint32_t from = 0; from < 100; from++)
        for (uint32_t to = 0; to < 100; to++)
            ck_assert_int_eq (tn_cast_possible (from, to) != 0,
                              from >= 1 && from <= 23 && to >= 1 && to <= 23);
    unsigned char untouched = 7;
    tn_cast (TENON_STRING, &untouched, TENON_U8, "x", 1);
    ck_assert_uint_eq (untouched, 7);
    tn_cast (TENON_F4, NULL, TENON_F4, NULL, 0);
}
END_TEST

static uint64_t
next_random (void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

#define MOST 4099

/* Every pair, both ways, at odd addresses, for counts around the chunks; nothing is written beyond the last
 * byte. */
START_TEST (shortcuts_are_the_general_way)
{
    static const uint64_t counts[] = { 1, 2, 7, 63, 64, 65, 511, 512, 513, 2047, 4099 };
    static unsigned char from[MOST * 16 + 9], fast[MOST * 16 + 2], slow[MOST * 16 + 2];
    uint32_t from_dtype = (uint32_t) _i;
    for (uint32_t to_dtype = 1; to_dtype < TENON_DTYPE_FIXED; to_dtype++)
        for (size_t i = 0; i < COUNT (counts); i++) {
            for (size_t at = 0; at + 8 <= sizeof from; at += 8) {
                uint64_t bits = next_random ();
                if (bits % 4 == 0) /* numbers of middle size, which are rare among random bits */
                    bits = next_random () % 2048 << 52 & 0xc07fffffffffffff;
                else if (bits % 4 == 1)
                    bits >>= next_random () % 64;
                memcpy (from + at, &bits, 8);
            }
            uint64_t bytes = (counts[i] * tn_cast_bits (to_dtype) + 7) / 8;
            memset (fast, 0x5a, sizeof fast);
            memset (slow, 0x5a, sizeof slow);
            tn_cast (to_dtype, fast + 1, from_dtype, from + 1, counts[i]);
            tn_cast_general (to_dtype, slow + 1, from_dtype, from + 1, counts[i]);
            ck_assert_msg (memcmp (fast, slow, sizeof fast) == 0, "from %u to %u, %u items", from_dtype,
                           to_dtype, (unsigned) counts[i]);
            ck_assert (fast[0] == 0x5a && fast[1 + bytes] == 0x5a);
        }
}
END_TEST

/* The kernels, over all exponents and both signs, a few hundred thousand mantissas each. */
START_TEST (kernels_are_the_general_way)
{
    static const uint32_t dtypes[] = { TENON_F16,     TENON_BF16,    TENON_F64,         TENON_I32,
                                       TENON_F8_E4M3, TENON_F8_E5M2, TENON_F8_E4M3FNUZ, TENON_F8_E5M2FNUZ };
    static uint32_t from[4096];
    static unsigned char fast[4096 * 8], slow[4096 * 8];
    uint32_t dtype = dtypes[_i], bytes = tn_cast_bits (dtype) / 8;
    for (uint32_t high = 0; high < 1u << 9; high++) {
        for (uint32_t i = 0; i < 4096;
             i++) /* the mantissa's ends, ties at every length, and anything between */
            from[i] = high << 23
                      | (i < 1024   ? i << 13
                         : i < 2048 ? (i << 13) + 1
                         : i < 3072 ? (i << 13) - 1
                                    : (uint32_t) next_random ())
                            % (1u << 23);
        tn_cast (dtype, fast, TENON_F32, from, 4096);
        tn_cast_general (dtype, slow, TENON_F32, from, 4096);
        ck_assert_mem_eq (fast, slow, 4096 * bytes);
    }
}
END_TEST

/* All f16 and bf16 to f32, and to every narrower float. */
START_TEST (all_halves)
{
    static uint16_t from[65536];
    static unsigned char fast[65536 * 4], slow[65536 * 4];
    for (uint32_t i = 0; i < 65536; i++)
        from[i] = (uint16_t) i;
    for (uint32_t from_dtype = TENON_F16; from_dtype <= TENON_BF16; from_dtype++)
        for (uint32_t to_dtype = TENON_F16; to_dtype < TENON_DTYPE_FIXED; to_dtype++) {
            if (tn_cast_bits (to_dtype) > 32)
                continue;
            tn_cast (to_dtype, fast, from_dtype, from, 65536);
            tn_cast_general (to_dtype, slow, from_dtype, from, 65536);
            ck_assert_mem_eq (fast, slow, 65536 * tn_cast_bits (to_dtype) / 8);
        }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("cast");
    TCase *tests = tcase_create ("cast");
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, every_value, 0, (int) COUNT (formats));
    tcase_add_loop_test (tests, every_tie, 0, (int) COUNT (formats));
    tcase_add_loop_test (tests, overflow, 0, (int) COUNT (formats));
    tcase_add_test (tests, special_values);
    tcase_add_test (tests, nan_payload);
    tcase_add_test (tests, f8_e8m0);
    tcase_add_test (tests, single_rounding);
    tcase_add_test (tests, ends_of_wide_types);
    tcase_add_test (tests, float_to_integer);
    tcase_add_test (tests, integer_to_integer);
    tcase_add_test (tests, bool_and_complex);
    tcase_add_test (tests, bits_in_bytes);
    tcase_add_test (tests, possible);
    tcase_add_loop_test (tests, shortcuts_are_the_general_way, 1, TENON_DTYPE_FIXED);
    tcase_add_loop_test (tests, kernels_are_the_general_way, 0, 8);
    tcase_add_test (tests, all_halves);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
