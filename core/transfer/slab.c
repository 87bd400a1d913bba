/* SPDX-License-Identifier: MIT */
/* slab.c - cuts a request into slabs, whose results lie one behind the other, and into tiles, whose results
 * do not. */
#include "transfer/slab.h"
#include "transfer/make.h"

/* Items of the result that one step of the innermost axis stands for. */
static uint64_t
items_per_step (const struct tn_request *request)
{
    return request->decode && !tn_request_is_flat (request) ? 1 : request->unit_items;
}

void
tn_slabs_plan (const struct tn_request *request, uint64_t bytes, struct tn_slabs *slabs)
{
    memset (slabs, 0, sizeof *slabs);
    if (request->size == 0) /* no items, or opaque ones of no bytes */
        return;
    /* what a step of the axis costs: the larger of both sides, so that small results of large dtypes stay
     * bounded, too */
    uint64_t item = TN_MAX (request->target->block_bytes / request->target->block_items,
                            request->stored->block_bytes / request->stored->block_items);
    bool picks = request->decode && items_per_step (request) == 1; /* all that lies between is decoded, too */
    if (picks)
        item = TN_MAX (item, sizeof (float)) * request->axis[request->rank - 1].step;
    uint64_t budget = TN_MAX (bytes / TN_MAX (item, 1), 1), inner = items_per_step (request);
    uint32_t axis = request->rank - 1;
    /* where blocks are encoded or decoded, rows stay whole unless the view has only one */
    while (axis > 0 && inner <= budget / TN_MAX (request->axis[axis].count, 1)) {
        inner *= request->axis[axis].count;
        axis--;
    }
    uint64_t rows = TN_MAX (budget / TN_MAX (inner, 1), 1);
    uint64_t group = 1;
    if (axis == request->rank - 1) { /* cut between groups of both dtypes */
        group = request->target->block_items * request->stored->block_items;
        if (picks || (request->unit_items > 1 && items_per_step (request) > 1))
            group = request->target->block_items;
        rows = TN_MAX (rows / group, 1) * group;
    }
    rows = TN_MIN (rows, request->axis[axis].count);
    slabs->axis = axis;
    slabs->rows = rows;
    slabs->row_units = inner;
    slabs->per_axis = (request->axis[axis].count + rows - 1) / rows;
    slabs->count = slabs->per_axis;
    for (uint32_t i = 0; i < axis; i++)
        slabs->count *= request->axis[i].count;
}

void
tn_slab_range (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab, uint64_t *begin,
               uint64_t *size)
{
    uint64_t outer = slab / slabs->per_axis, first = slab % slabs->per_axis * slabs->rows;
    uint64_t rows = TN_MIN (slabs->rows, request->axis[slabs->axis].count - first);
    uint64_t items = (outer * request->axis[slabs->axis].count + first) * slabs->row_units;
    *begin = items / request->target->block_items * request->target->block_bytes;
    *size = rows * slabs->row_units / request->target->block_items * request->target->block_bytes;
}

/* Units above this size may make a slab larger than planned. */
#define SURE_UNIT ((uint64_t) 64 << 10)
/* Buffers of a slab's size that a thread may need: gathered, turned, and the result. */
#define BUFFERS 3u

tenon_status
tn_slabs_fit (const struct tn_request *request, const struct tn_slabs *slabs, bool *alone, tenon_error *error)
{
    const tenon_context *context = request->context;
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / BUFFERS, begin, size;
    *alone = false;
    if (slabs->count == 0 || request->unit_bytes <= SURE_UNIT)
        return TENON_OK;
    tn_slab_range (request, slabs, 0, &begin, &size);
    size = TN_MAX (size, request->unit_bytes);
    *alone = size > share / tn_pool_width (context->pool);
    if (size <= share)
        return TENON_OK;
    tn_fail_in (error, NULL, request->tensor->name);
    return tn_fail (
        error, TENON_E_LIMIT, TN_NO_OFFSET,
        "its items of %llu bytes cannot be read in this order piece by piece, and %u times as much "
        "is more than %llu bytes; raise memory in [limits] to read it",
        (unsigned long long) request->unit_bytes, BUFFERS,
        (unsigned long long) context->limits[TENON_LIMIT_MEMORY]);
}

void
tn_slab_box (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
             struct tn_view_box *box)
{
    uint64_t outer = slab / slabs->per_axis, first = slab % slabs->per_axis * slabs->rows;
    uint32_t cut = slabs->axis;
    for (uint32_t i = cut; i-- > 0; outer /= request->axis[i].count) {
        box->first[i] = outer % request->axis[i].count;
        box->count[i] = 1;
    }
    box->first[cut] = first;
    box->count[cut] = TN_MIN (slabs->rows, request->axis[cut].count - first);
    for (uint32_t i = cut + 1; i < request->rank; i++)
        box->first[i] = 0, box->count[i] = request->axis[i].count;
}

TN_OWN_FRAME tenon_status
tn_slab_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
              struct tn_worker *worker, void *to, tenon_error *error)
{
    struct tn_view_box box;
    tn_slab_box (request, slabs, slab, &box);
    return tn_box_make (request, &box, worker, to, error);
}

TN_OWN_FRAME int64_t
tn_slab_place (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab)
{
    struct tn_view_box box;
    uint64_t begin, size;
    if (request->scattered) {
        tn_slab_box (request, slabs, slab, &box);
        begin = (uint64_t) request->to_first;
        for (uint32_t i = 0; i < request->rank; i++)
            begin += box.first[i] * (uint64_t) request->axis[i].to;
        return (int64_t) begin;
    }
    tn_slab_range (request, slabs, slab, &begin, &size);
    return (int64_t) begin;
}
