/* SPDX-License-Identifier: MIT */
/* cast.h - converts items of one plain dtype to another.
 *
 * A value that the target can represent is converted exactly. These rules hold for the others:
 *
 * Rounding: a float target takes the nearest value, and in a tie the even one (IEEE 754, 4.3.1). There is one
 * rounding only, from the exact source value: f64 or i64 to bf16 does not stop at f32 on the way. (ml_dtypes
 * does, and so differs in the last bit for a few values.) f8_e8m0 has no mantissa: it takes the nearest
 * value, and in a tie the larger one (ml_dtypes).
 *
 * Overflow, after rounding: f16, bf16, f32, f64 and f8_e5m2 become infinite (IEEE 754, 7.4). f8_e4m3,
 * f8_e4m3fnuz and f8_e5m2fnuz have no infinity: overflow and infinity become NaN (ml_dtypes; OCP
 * 8-bit, 5.2.2, its non-saturating mode). f6_* and f4 have neither: they take the largest finite value with
 * the sign of the source (ml_dtypes; OCP MX 1.0, 5.3).
 *
 * NaN stays NaN, and becomes quiet (IEEE 754, 6.2.3). It keeps its sign, and as many of the leading bits of
 * its payload as fit (as x86 and Arm do in hardware; ml_dtypes drops the payload). The single NaN of f8_*fnuz
 * is 0x80, and reads as negative (ml_dtypes); that of f8_e8m0 is 0xff, and reads as positive. f6_* and f4
 * have no NaN: they take a zero of the opposite sign (ml_dtypes).
 *
 * Zero keeps its sign where the target has one. f8_*fnuz has no negative zero, and takes zero.
 *
 * f8_e8m0 holds scales, and has neither sign nor zero: zero, negative values, infinities and overflow become
 * NaN. A positive value below 2^-127 becomes 2^-127 (ml_dtypes, which however takes all values between 2^-127
 * and 2^-126 up; here they become the nearest value).
 *
 * Float to integer truncates toward zero, saturates at the ends of the range, and takes NaN to 0 (as Arm's
 * FCVTZ, Rust's `as`, WebAssembly's trunc_sat; in C and NumPy it is undefined).
 *
 * Integer to integer saturates (NumPy wraps: 300 to u8 is 255 here and 44 there).
 *
 * Any dtype to bool is "not equal to zero", so NaN is 1 (C11 6.3.1.2, NumPy). bool to any dtype is 0 or 1; a
 * stored bool byte other than 0 counts as 1.
 *
 * Complex to real takes the real part; complex to bool is 1 if either part is not zero. Real to complex has
 * the imaginary part 0 (NumPy; C11 6.3.1.7).
 *
 * A cast to the same dtype copies the bytes, whatever they are. */
#ifndef TN_CAST_H
#define TN_CAST_H

#include <stdint.h>
#include <tenon/types.h>

/* True if both dtypes are plain ones with fixed ids, TENON_BOOL to TENON_F4: all such pairs can be cast. */
int tn_cast_possible (uint32_t from_dtype, uint32_t to_dtype);

/* Converts `count` packed items; `to` and `from` may not overlap. Items are little-endian, and so must the
 * machine be; pointers need no alignment. Dtypes of less than a byte begin at bit 0 of `to` and `from`, and
 * the unused bits of the last byte are written as zero: so work may be split at multiples of 8 items. The
 * rounding mode must be the default. Does nothing if the pair cannot be cast. Any thread. */
void tn_cast (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count);

/* tn_cast without its shortcuts; writes the same bytes. */
void tn_cast_general (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count);

#endif
