/* SPDX-License-Identifier: MIT */
/* swap.h - reverses the bytes of items: big-endian to little-endian and back. */
#ifndef TN_SWAP_H
#define TN_SWAP_H

#include <stdint.h>
#include <tenon/types.h>

/* Reverses the bytes of each of `count` items of `width` bytes, in place. Width 2, 4, 8 or 16; any other is
 * left as it is (a byte has no order). A complex number is two items of half its size. No alignment is
 * needed. */
void tn_swap (void *data, uint32_t width, uint64_t count);

/* Like tn_swap, from `from` to `to`, which may not overlap. */
void tn_swap_copy (void *to, const void *from, uint32_t width, uint64_t count);

/* Reverses, in each of `blocks` blocks of `block_bytes`, the integers that the fields name. The caller has
 * checked that each field lies inside a block. `field_size` is the distance from one field to the next,
 * because a plugin's struct may be longer than that of the core. */
void tn_swap_blocks (void *data, uint64_t block_bytes, const struct tenon_swap_field *fields,
                     uint32_t field_size, uint32_t field_count, uint64_t blocks);

#endif
