/* SPDX-License-Identifier: MIT */
/* cast_fast.h - the shortcuts of tn_cast, from f32 and to f32. */
#ifndef TN_CAST_FAST_H
#define TN_CAST_FAST_H
#include <stdint.h>

/* A kernel that casts all items; NULL: there is none for the pair. */
typedef void (*tn_cast_kernel) (void *to, const void *from, uint64_t count);
/* From f32, or to f32. */
tn_cast_kernel tn_cast_kernel_from_f32 (uint32_t to_dtype);
tn_cast_kernel tn_cast_kernel_to_f32 (uint32_t from_dtype);

#endif
