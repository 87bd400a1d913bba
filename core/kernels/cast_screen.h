/* SPDX-License-Identifier: MIT */
/* cast_screen.h - counts what common casts have spoilt, for speed alone. */
#ifndef TN_CAST_SCREEN_H
#define TN_CAST_SCREEN_H
#include "kernels/cast_count.h"

#define TN_SCREEN_BLOCK 64u

/* Counts blocks of TN_SCREEN_BLOCK items, from the first one on, and returns how many: it stops before one
 * that it cannot count. */
typedef uint64_t (*tn_cast_screen) (const void *to, const void *from, uint64_t blocks,
                                    struct tn_cast_counts *counts);
/* NULL: there is none for the pair, so every item has to be looked at. */
tn_cast_screen tn_cast_screen_for (uint32_t to_dtype, uint32_t from_dtype);

#endif
