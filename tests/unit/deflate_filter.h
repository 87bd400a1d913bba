/* SPDX-License-Identifier: MIT */
/* deflate_filter.h - the filter deflate, for tests and measurements that call it themselves. */
#ifndef DEFLATE_FILTER_H
#define DEFLATE_FILTER_H
#include "kernels/deflate.h"

/* A state that encodes at this level, or decodes. NULL: there is no memory. */
static inline void *
open_deflate (int32_t level)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    void *state = NULL;
    return tn_deflate.open (&coding, &state) == TENON_OK ? state : NULL;
}

static inline uint64_t
bound_deflate (int32_t level, uint64_t size)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    return tn_deflate.bound (&coding, size);
}

static inline uint64_t
block_of_deflate (int32_t level, uint64_t size)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    return tn_deflate.block_size (&coding, size);
}

#endif
