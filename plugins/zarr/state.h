/* SPDX-License-Identifier: MIT */
/* state.h - what locate_chunk knows of an array: the state of its tensor.
 *
 * The numbers stand behind the struct, `rank` of each, a dim of the array each:
 *
 *     for each level of shards: how many inner chunks a shard has in a dim; how far apart the entries of two
 *     neighbours in that dim are in the index; how many innermost chunks an inner chunk has in a dim
 *
 * Then the prefix of the keys. */
#ifndef TENON_ZARR_STATE_H
#define TENON_ZARR_STATE_H

#include "read.h"

struct zarr_state {
    uint32_t rank, level_count;
    uint32_t separator;
    uint32_t prefix_length; /* of rank 0: it is the whole key */
    struct zarr_index {
        uint64_t count; /* of entries */
        uint64_t size;  /* bytes, with the checksum */
        uint32_t at_start, has_sum, big_endian, reserved;
    } levels[ZARR_LEVELS];
};

enum { ZARR_RATIO = 0, ZARR_STRIDE = 1, ZARR_INNER = 2, ZARR_NUMBERS = 3 };

/* Where numbers of a level begin, behind the struct. */
static inline uint64_t
zarr_place (uint32_t rank, uint32_t level, uint32_t which)
{
    return (uint64_t) (level * ZARR_NUMBERS + which) * rank;
}

static inline const uint64_t *
zarr_numbers (const struct zarr_state *state, uint32_t level, uint32_t which)
{
    return (const uint64_t *) (state + 1) + zarr_place (state->rank, level, which);
}

static inline const char *
zarr_prefix (const struct zarr_state *state)
{
    return (const char *) zarr_numbers (state, state->level_count, 0);
}

#endif
