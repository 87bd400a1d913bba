/* SPDX-License-Identifier: MIT */
/* pipeline.h - the filters that a part or member goes through. */
#ifndef TN_PIPELINE_H
#define TN_PIPELINE_H
#include "context/context.h"

#define TN_MOST_STEPS 16u
#define TN_LARGEST_SETUP 65536u

struct tn_step {
    const struct tn_filter *filter;
    const void *setup; /* NULL: none */
    uint64_t setup_size;
    int32_t level; /* of encoding; never TENON_LEVEL_DEFAULT */
};

/* Does not change. Lies in an arena. */
struct tn_pipeline {
    const tenon_context *context;
    uint64_t serial; /* no other pipeline of the context has it, but those of the same filter without setup */
    const char *text;       /* "shuffle+pack" */
    uint32_t flags;         /* TENON_FILTER_JOINS, TENON_FILTER_FRAMES: of all steps */
    bool in_pieces;         /* all can decode in pieces */
    bool in_blocks;         /* decodes whole blocks at once */
    uint32_t count;         /* at least one */
    struct tn_step steps[]; /* in the order of encoding */
};

/* What a codec asks for: `count` structs of `stride` bytes, which are at least one. *pipeline is left as it
 * is if it is the same already; else it is made in the arena. TENON_E_NOT_FOUND, with *missing and no failure
 * recorded: there is no filter of that id. */
tenon_status tn_pipeline_make (tenon_context *context, struct tn_arena *arena, const struct tenon_step *steps,
                               uint32_t stride, uint32_t count, const struct tn_pipeline **pipeline,
                               const char **missing, tenon_error *error);
/* True if they make the same bytes of the same bytes. Both may be NULL. */
bool tn_pipeline_same (const struct tn_pipeline *a, const struct tn_pipeline *b);

/* True if blocks that were encoded by themselves make one stream when they are joined. */
static inline bool
tn_pipeline_has_blocks (const struct tn_pipeline *pipeline)
{
    return pipeline->flags & (TENON_FILTER_JOINS | TENON_FILTER_FRAMES);
}

/* What its blocks are told: TENON_FILTER_FIRST and LAST, of blocks that each are a stream always both. */
static inline uint32_t
tn_pipeline_marks (const struct tn_pipeline *pipeline, uint32_t marks)
{
    return pipeline->flags & TENON_FILTER_JOINS ? marks : TENON_FILTER_FIRST | TENON_FILTER_LAST;
}

/* What a state of the step is opened for. */
static inline struct tenon_coding
tn_step_coding (const struct tn_step *step, bool encode)
{
    return (struct tenon_coding){ .struct_size = sizeof (struct tenon_coding),
                                  .encode = encode,
                                  .level = encode ? step->level : 0,
                                  .setup = step->setup,
                                  .setup_size = step->setup_size };
}

#endif
