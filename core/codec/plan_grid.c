/* SPDX-License-Identifier: MIT */
/* plan_grid.c - the chunks that a tensor of a plan has in its file, or may get. */
#include "codec/plan_grid.h"
#include "codec/write.h"

#define CHUNK_SIZE ((uint64_t) 1 << 20)

/* What was shown of a tensor, and is shown again. In scratch memory. */
struct tn_shown_grid {
    const uint64_t *chunk_shape;
    struct tenon_grid grid;
    struct tenon_step steps[];
};

static const struct tenon_grid suggested_grid = { .struct_size = sizeof suggested_grid,
                                                  .flags = TENON_GRID_SUGGESTED,
                                                  .step_size = sizeof (struct tenon_step) };

void
tn_suggest_chunks (uint64_t item, uint32_t rank, const uint64_t *shape, uint64_t *chunk_shape)
{
    uint64_t left = TN_MAX (CHUNK_SIZE / TN_MAX (item, 1), 1); /* items that fit */
    for (uint32_t i = rank; i-- > 0;) {
        const uint64_t dim = TN_MAX (shape[i], 1), parts = dim / left + (dim % left > 0);
        chunk_shape[i] = dim / parts + (dim % parts > 0);
        left = parts > 1 ? 1 : left / dim;
    }
}

/* True if the tensor itself is a chunk of that size. */
static bool
is_one_chunk (const struct tn_tensor *entry)
{
    for (uint32_t i = 0; i < entry->rank; i++)
        if (entry->shape[i] == 0)
            return false;
    return entry->length <= CHUNK_SIZE;
}

/* The grid of the tensor's file. */
static void
copy_shown_grid (const struct tn_grid *grid, uint64_t item, struct tn_shown_grid *shown)
{
    const struct tn_pipeline *pipeline = grid->pipeline;
    shown->chunk_shape = grid->chunk_shape;
    shown->grid = (struct tenon_grid){ .struct_size = sizeof shown->grid,
                                       .flags = grid->flags & (TENON_GRID_CLIPPED | TENON_GRID_NO_FILL),
                                       .order = grid->order,
                                       .steps = pipeline ? shown->steps : NULL,
                                       .step_size = sizeof shown->steps[0],
                                       .step_count = pipeline ? pipeline->count : 0,
                                       .fill = grid->fill,
                                       .fill_size = grid->fill ? item : 0 };
    for (uint32_t i = 0; pipeline && i < pipeline->count; i++) {
        const struct tn_step *step = &pipeline->steps[i];
        shown->steps[i] = (struct tenon_step){ .struct_size = sizeof shown->steps[i],
                                               .level = TENON_LEVEL_DEFAULT,
                                               .filter = step->filter->table.id,
                                               .setup = step->setup,
                                               .setup_size = step->setup_size };
    }
}

/* A tensor that is cast gets the chunks of its file, but not what belongs to its items there: the fill value,
 * and filters, of which some know the size of an item. */
static tenon_status
make_shown_grid (struct tn_call *call, uint64_t index, struct tn_shown_grid **result)
{
    struct tn_arena *arena = &call->session->arena;
    const struct tn_origin *origin = &call->writer->plan->origins[index];
    const struct tn_tensor *tensor = origin->tensor,
                           *entry = tn_catalog_tensor (call->writer->plan->own, index);
    const struct tn_grid *grid =
        tensor->storage == TENON_GRID && tensor->served ? tensor->served->grid : NULL;
    const uint64_t item = tn_catalog_dtype (origin->catalog, tensor->dtype)->block_bytes;
    const uint32_t steps = grid && grid->pipeline ? grid->pipeline->count : 0;
    struct tn_shown_grid *shown = tn_arena_get (arena, sizeof *shown + steps * sizeof shown->steps[0], true);
    uint64_t *dims = grid ? NULL : tn_arena_get (arena, TN_MAX (entry->rank, 1) * sizeof *dims, false);
    if (!shown || (!grid && !dims))
        return tn_fail_memory (call->session->error);
    if (grid)
        copy_shown_grid (grid, item, shown);
    else {
        const struct tenon_dtype *dtype = tn_catalog_dtype (call->writer->plan->own, entry->dtype);
        tn_suggest_chunks (dtype->block_bytes, entry->rank, entry->shape, dims);
        shown->chunk_shape = dims;
    }
    if (!grid || origin->target != TENON_NONE)
        shown->grid = suggested_grid;
    *result = shown;
    return TENON_OK;
}

tenon_status
tn_plan_show_grid (struct tn_call *call, uint64_t index, struct tenon_tensor *theirs)
{
    const struct tn_writer *writer = call->writer;
    const uint64_t number = writer->first + index;
    const struct tn_tensor *entry = tn_catalog_tensor (writer->plan->own, number);
    if (writer->plan->origins[number].tensor->storage != TENON_GRID && is_one_chunk (entry)) {
        theirs->chunk_shape = entry->rank > 0 ? entry->shape : NULL;
        theirs->grid = &suggested_grid;
        return TENON_OK;
    }
    if (!call->shown
        && !(call->shown =
                 tn_arena_get (&call->session->arena, (writer->count + 1) * sizeof *call->shown, true)))
        return tn_fail_memory (call->session->error);
    struct tn_shown_grid **shown = &call->shown[index];
    if (!*shown)
        TN_TRY (make_shown_grid (call, number, shown));
    theirs->chunk_shape = entry->rank > 0 ? (*shown)->chunk_shape : NULL;
    theirs->grid = &(*shown)->grid;
    return TENON_OK;
}
