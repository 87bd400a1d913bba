/* SPDX-License-Identifier: MIT */
/* checksum.h - checksums of all kinds, TENON_CHECK_*, by the fastest library or instruction that the build
 * has. TENON_CHECK_NONE is a kind, too: its sums are 0. */
#ifndef TN_CHECKSUM_H
#define TN_CHECKSUM_H
#include "base/base.h"
#include <tenon/structs.h>

bool tn_sum_knows (uint32_t kind);
/* Of a kind that is known, for messages. */
const char *tn_sum_name (uint32_t kind);
/* The sum of no bytes. */
uint32_t tn_sum_begin (uint32_t kind);
/* Continues `sum`, that of the bytes before these. */
uint32_t tn_sum_add (uint32_t kind, uint32_t sum, const void *bytes, uint64_t length);
/* Returns the sum of two joined stretches from that of each. `length`: of the second, below 2^63. */
uint32_t tn_sum_join (uint32_t kind, uint32_t first, uint32_t second, uint64_t length);

static inline uint32_t
tn_sum (uint32_t kind, const void *bytes, uint64_t length)
{
    return tn_sum_add (kind, tn_sum_begin (kind), bytes, length);
}

#endif
