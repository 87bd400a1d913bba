/* SPDX-License-Identifier: MIT */
/* cast_count.h - casts, and counts the values that do not survive. */
#ifndef TN_CAST_COUNT_H
#define TN_CAST_COUNT_H

#include <stdbool.h>
#include <stdint.h>

/* What a cast did to values that the target does not have. A complex value counts as two. */
struct tn_cast_counts {
    uint64_t overflowed; /* finite, now infinite or NaN */
    uint64_t clipped;    /* now the nearest end of the target's range */
    uint64_t infinite;   /* infinite, now NaN */
    uint64_t nan;        /* NaN, now a number */
    uint64_t imaginary;  /* imaginary parts that were not zero, now gone */
    uint64_t inexact;    /* integers, now another number */
    uint64_t flushed;    /* not zero, now zero */
    uint64_t cut;        /* with a fraction, now without: what a cast to integers is for, so no loss */
};
/* True if no counter but `cut` has counted. */
bool tn_cast_counts_clean (const struct tn_cast_counts *counts);

/* True if one of the counters can count. Rounding a float to a narrower one is not counted. */
bool tn_cast_may_lose (uint32_t from_dtype, uint32_t to_dtype);

/* As tn_cast, and adds to *counts. With `saturate` what an f8 with a mantissa cannot hold takes the largest
 * finite value with the sign of the source (OCP 8-bit, 5.2.2, the saturating mode), and counts as clipped. */
void tn_cast_counted (uint32_t to_dtype, void *to, uint32_t from_dtype, const void *from, uint64_t count,
                      bool saturate, struct tn_cast_counts *counts);

#endif
