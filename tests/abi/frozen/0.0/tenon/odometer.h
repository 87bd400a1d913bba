/* SPDX-License-Identifier: MIT */
/* tenon/odometer.h - counts through the positions of a box, the last dim fastest, for codecs whose read makes
 * a region row by row. <tenon/plugin.h> includes it.
 *
 *     struct tenon_odometer rows;
 *     uint32_t rank = region->rank > 0 ? region->rank - 1 : 0;
 *     if (tenon_odometer_begin (&rows, rank, region->count))
 *         do
 *             put_row (rows.at);      (`rank` numbers, each below its count)
 *         while (tenon_odometer_next (&rows)); */
#include <tenon/plugin.h> /* before the guard: it includes this header at its end */
#ifndef TENON_ODOMETER_H
#define TENON_ODOMETER_H

#ifdef __cplusplus
extern "C" {
#endif

struct tenon_odometer {
    uint32_t rank;
    const uint64_t *count; /* of the caller, which keeps it */
    uint64_t at[64];
};

/* The first position. 0: the box has none, since a count is 0, or the rank is above 64. A box of rank 0 has
 * one. */
static inline int
tenon_odometer_begin (struct tenon_odometer *odometer, uint32_t rank, const uint64_t *count)
{
    odometer->rank = rank;
    odometer->count = count;
    if (rank > 64)
        return 0; /* and `count` may have fewer numbers */
    for (uint32_t i = 0; i < rank; i++) {
        odometer->at[i] = 0;
        if (count[i] == 0)
            return 0;
    }
    return 1;
}

/* The next position. 0: that was the last one; the odometer stands at the first again. */
static inline int
tenon_odometer_next (struct tenon_odometer *odometer)
{
    for (uint32_t i = odometer->rank; i-- > 0;) {
        if (++odometer->at[i] < odometer->count[i])
            return 1;
        odometer->at[i] = 0;
    }
    return 0;
}

/* The number of the item start + at × step in the order of the shape, C order: where a region has it. */
static inline uint64_t
tenon_odometer_item (const struct tenon_odometer *odometer, const uint64_t *shape, const uint64_t *start,
                     const uint64_t *step)
{
    uint64_t item = 0;
    for (uint32_t i = 0; i < odometer->rank; i++)
        item = item * shape[i] + start[i] + odometer->at[i] * step[i];
    return item;
}

#ifdef __cplusplus
}
#endif

#endif
