/* SPDX-License-Identifier: MIT */
/* deflate_filter.h - the filter deflate, for tests and measurements that call it themselves. */
#ifndef DEFLATE_FILTER_H
#define DEFLATE_FILTER_H
#include "context/pipeline.h"
#include "plugins/deflate/filter.h"

/* A state that encodes at this level, or decodes. NULL: there is no memory. */
static inline void *
open_deflate (int32_t level)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    void *state = NULL;
    return deflate_raw.open (&coding, &state) == TENON_OK ? state : NULL;
}

static inline uint64_t
bound_deflate (int32_t level, uint64_t size)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    return deflate_raw.bound (&coding, size);
}

static inline uint64_t
block_of_deflate (int32_t level, uint64_t size)
{
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = level };
    return deflate_raw.block_size (&coding, size);
}

/* A pipeline of this filter, which is deflate or a changed copy, for parts that belong to no catalog. */
static inline const struct tn_pipeline *
deflate_pipeline (struct tn_filter *filter)
{
    static tenon_context nothing;
    static union {
        struct tn_pipeline pipeline;
        char room[sizeof (struct tn_pipeline) + sizeof (struct tn_step)];
    } made;
    filter->limits = nothing.limits;
    made.pipeline = (struct tn_pipeline){ .context = &nothing,
                                          .text = "deflate",
                                          .flags = TENON_FILTER_JOINS,
                                          .in_pieces = filter->table.step,
                                          .in_blocks = filter->table.decode,
                                          .count = 1 };
    made.pipeline.steps[0] = (struct tn_step){ .filter = filter };
    return &made.pipeline;
}

#endif
