/* SPDX-License-Identifier: MIT */
/* cast.h - converting items of one plain dtype to another.
 *
 * A value that the target can represent is converted exactly. For the others, and for what is no value, the
 * rules are:
 *
 * Rounding. A float target takes the nearest value, a tie goes to the even one (IEEE 754, 4.3.1), and there
 * is one rounding only, from the exact source value: f64 or i64 to bf16 does not stop at f32 on the way.
 * (ml_dtypes does, and so differs in the last bit for a few values.) f8_e8m0 has no mantissa: nearest, a tie
 * goes up (ml_dtypes). Overflow, after rounding. f16, bf16, f32, f64, f8_e5m2 become infinite (IEEE
 * 754, 7.4). f8_e4m3, f8_e4m3fnuz, f8_e5m2fnuz have no infinity: overflow and infinity become NaN (ml_dtypes;
 * OCP 8-bit, 5.2.2, its non-saturating mode). f6_* and f4 have neither: the largest finite value with the
 * sign of the source (ml_dtypes; OCP MX 1.0, 5.3). NaN stays NaN, and is quiet afterwards (IEEE 754, 6.2.3).
 * The sign is kept, and as many of the leading bits of the payload as fit (what x86 and Arm do in hardware;
 * ml_dtypes drops the payload). The single NaN of f8_*fnuz is 0x80, and reads as negative (ml_dtypes);
 * f8_e8m0's is 0xff, and reads as positive. f6_* and f4 have none: they get a zero of the opposite sign
 * (ml_dtypes). Zero keeps its sign where the target has one; f8_*fnuz has no negative zero and gets zero.
 * f8_e8m0, which is for scales, has neither sign nor zero: zero, anything negative, infinities and overflow
 * become NaN; a positive value below 2^-127 becomes 2^-127 (ml_dtypes, which however takes all between 2^-127
 * and 2^-126 up, and here the nearest is taken). Float to integer truncates toward zero, saturates at the
 * ends of the range, and takes NaN to 0 (Arm's FCVTZ, Rust's `as`, WebAssembly's trunc_sat; in C and NumPy it
 * is undefined). Integer to integer saturates (NumPy wraps: 300 to u8 is 255 here and 44 there). Anything to
 * bool is "not equal to zero", so NaN is 1 (C11 6.3.1.2, NumPy). bool to anything is 0 or 1; a stored bool
 *   byte other than 0 counts as 1.
 * Complex to real takes the real part; to bool, whether either part is not zero. Real to complex has
 * imaginary part 0 (NumPy; C11 6.3.1.7).
 *
 * To the same dtype the bytes are copied, whatever they are. */
#ifndef TN_CAST_H
#define TN_CAST_H

#include <stdint.h>
#include <tenon/types.h>

/* True for two plain dtypes with fixed ids, TENON_BOOL to TENON_F4: all pairs of them can be cast. */
int tn_cast_possible (uint32_t from_dtype, uint32_t to_dtype);

/* Converts `count` packed items; the two places may not overlap. Items are little-endian, which is also what
 * the machine must be; pointers need no alignment. The sub-byte dtypes begin at bit 0 of `to` and `from`, and
 * the unused bits of the last byte are written as zero: so work may be split at multiples of 8 items. The
 * rounding mode must be the default. Nothing happens when the pair is not possible. Any thread. */
void tn_cast (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count);

/* tn_cast without its shortcuts; gives the same bytes. */
void tn_cast_general (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count);

#endif
