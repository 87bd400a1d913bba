/* SPDX-License-Identifier: MIT */
/* permute.h - copies items from one strided array to another: transposes, slices with steps, columns of
 * tables, in blocks that suit the caches. */
#ifndef TN_PERMUTE_H
#define TN_PERMUTE_H

#include <stdbool.h>
#include <stdint.h>

#define TN_PERMUTE_RANK 64
#define TN_PERMUTE_TILE 16384u

/* A box of items of `item` bytes. Strides are bytes between neighbours, of any sign; `from` may repeat, but
 * no two items may meet in `to`. */
struct tn_move {
    uint32_t rank;
    bool stream; /* `to` belongs to something too large for the caches: write past them */
    uint64_t item;
    uint64_t count[TN_PERMUTE_RANK];
    int64_t from[TN_PERMUTE_RANK], to[TN_PERMUTE_RANK];
};

/* Copies the box; both addresses are those of its first item. The memories may not overlap, and need not be
 * aligned. The axes in *move are lost. `tile` has room for TN_PERMUTE_TILE bytes, which are lost. Any
 * thread. */
void tn_permute (void *to, const void *from, struct tn_move *move, void *tile);

#endif
