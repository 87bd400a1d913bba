/* SPDX-License-Identifier: MIT */
/* transpose.h - reverses an array's axes: Fortran order to C order, and back by the same function. */
#ifndef TN_TRANSPOSE_H
#define TN_TRANSPOSE_H

#include <stdint.h>

#define TN_TRANSPOSE_RANK 64
#define TN_TRANSPOSE_TILE 16384u

/* `from` is a packed C-order array of `shape` (rank at most 64) with items of `item` bytes. The
 * result is the packed C-order array with all axes reversed, to[i_last … i_0] = from[i_0 … i_last]; the
 * function writes its rows `first` to `first + count` of the outermost axis, which is the innermost of
 * `from`, beginning at `to`. An array of rank 0 has one row. So one thread, or one slab, does a range of
 * rows; it needs all of `from`, and only that part of `to`. `to` and `from` may not overlap; no alignment is
 * needed. Empty shapes do nothing. `tile` has room for TN_TRANSPOSE_TILE bytes, which are lost. Any thread.
 */
void tn_transpose (void *to, const void *from, uint64_t item, uint32_t rank, const uint64_t *shape,
                   uint64_t first, uint64_t count, void *tile);

/* The least number of rows for one thread. Multiples of it are good ranges: they read whole cache lines. */
uint64_t tn_transpose_grain (uint64_t item, uint32_t rank, const uint64_t *shape);

#endif
