/* SPDX-License-Identifier: MIT */
/* pipeline.c - makes pipelines of filters from what codecs ask for. */
#include "context/pipeline.h"

/* Filters have smaller numbers. */
#define TN_OWN_SERIAL ((uint64_t) 1 << 32)

/* Checks and reads one of a codec's steps; its setup is not copied. */
static tenon_status
read_step (const tenon_context *context, const void *from, uint32_t stride, struct tn_step *step,
           const char **missing, tenon_error *error)
{
    struct tenon_step ours;
    uint32_t size;
    memcpy (&size, from, sizeof size);
    if (!tn_copy_struct (&ours, sizeof ours, from, offsetof (struct tenon_step, setup)) || size > stride
        || !ours.filter || (ours.setup_size > 0 && !ours.setup))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a struct tenon_step has a wrong struct_size, no filter, or no setup");
    if (ours.setup_size > TN_LARGEST_SETUP)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the setup of the filter %s has %llu bytes, more than %u", TN_SHOW (ours.filter),
                        (unsigned long long) ours.setup_size, TN_LARGEST_SETUP);
    const struct tn_filter *filter = tn_filter_find (context, ours.filter);
    if (!filter) {
        *missing = ours.filter;
        return TENON_E_NOT_FOUND;
    }
    *step = (struct tn_step){ .filter = filter,
                              .setup = ours.setup_size > 0 ? ours.setup : NULL,
                              .setup_size = ours.setup_size,
                              .level = ours.level == TENON_LEVEL_DEFAULT ? filter->table.default_level
                                                                         : ours.level };
    return TENON_OK;
}

static bool
same_step (const struct tn_step *a, const struct tn_step *b)
{
    return a->filter == b->filter && a->level == b->level && a->setup_size == b->setup_size
           && (a->setup_size == 0 || memcmp (a->setup, b->setup, a->setup_size) == 0);
}

static bool
same_steps (const struct tn_pipeline *pipeline, const struct tn_step *steps, uint32_t count)
{
    if (!pipeline || pipeline->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!same_step (&pipeline->steps[i], &steps[i]))
            return false;
    return true;
}

bool
tn_pipeline_same (const struct tn_pipeline *a, const struct tn_pipeline *b)
{
    return a == b || (a && b && same_steps (a, b->steps, b->count));
}

/* "shuffle+pack" */
static const char *
name_steps (struct tn_arena *arena, const struct tn_step *steps, uint32_t count)
{
    size_t room = 1;
    for (uint32_t i = 0; i < count; i++)
        room += strlen (steps[i].filter->table.id) + 1;
    char *text = tn_arena_get (arena, room, true), *to = text;
    for (uint32_t i = 0; text && i < count; i++) {
        size_t length = strlen (steps[i].filter->table.id);
        if (i > 0)
            *to++ = '+';
        memcpy (to, steps[i].filter->table.id, length);
        to += length;
    }
    return text;
}

static tenon_status
copy_pipeline (tenon_context *context, struct tn_arena *arena, const struct tn_step *steps, uint32_t count,
               const struct tn_pipeline **result, tenon_error *error)
{
    struct tn_pipeline *pipeline = tn_arena_get (arena, sizeof *pipeline + count * sizeof *steps, true);
    const char *text = count > 1 ? name_steps (arena, steps, count) : steps[0].filter->table.id;
    tenon_context *counter = context->tuned_from ? context->tuned_from : context;
    if (!pipeline || !text)
        return tn_fail_memory (error);
    pipeline->context = context;
    pipeline->text = text;
    pipeline->serial = count == 1 && steps[0].setup_size == 0
                           ? steps[0].filter->number
                           : TN_OWN_SERIAL + atomic_fetch_add (&counter->pipelines, 1);
    pipeline->count = count;
    pipeline->flags = UINT32_MAX;
    pipeline->in_pieces = true;
    pipeline->in_blocks = count > 1 || steps[0].filter->table.decode;
    for (uint32_t i = 0; i < count; i++) {
        struct tn_step *step = &pipeline->steps[i];
        *step = steps[i];
        pipeline->flags &= step->filter->table.flags;
        pipeline->in_pieces = pipeline->in_pieces && step->filter->table.step;
        if (step->setup_size > 0) {
            void *setup = tn_arena_get (arena, step->setup_size, false);
            if (!setup)
                return tn_fail_memory (error);
            step->setup = memcpy (setup, step->setup, step->setup_size);
        }
    }
    /* what lies between two filters has a size that is not known: only whole streams can be decoded so */
    pipeline->flags &= count > 1 ? TENON_FILTER_FRAMES : TENON_FILTER_JOINS | TENON_FILTER_FRAMES;
    *result = pipeline;
    return TENON_OK;
}

tenon_status
tn_pipeline_make (tenon_context *context, struct tn_arena *arena, const struct tenon_step *steps,
                  uint32_t stride, uint32_t count, const struct tn_pipeline **pipeline, const char **missing,
                  tenon_error *error)
{
    struct tn_step ours[TN_MOST_STEPS] = { { NULL } };
    if (!steps || stride < offsetof (struct tenon_step, setup) || count == 0 || count > TN_MOST_STEPS)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "%u steps of %u bytes are asked for",
                        (unsigned) count, (unsigned) stride);
    for (uint32_t i = 0; i < count; i++)
        TN_TRY (read_step (context, (const char *) steps + (size_t) i * stride, stride, &ours[i], missing,
                           error));
    if (same_steps (*pipeline, ours, count))
        return TENON_OK;
    return copy_pipeline (context, arena, ours, count, pipeline, error);
}
