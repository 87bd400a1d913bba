/* SPDX-License-Identifier: MIT */
/* grid_walk.c - counts through the chunks that a request touches. */
#include "transfer/grid_walk.h"

static const struct tn_axis *
axis_of (const struct tn_walk *walk, uint32_t dim)
{
    return &walk->request->axis[walk->dim[dim].axis];
}

/* Makes the boxes of a served tensor smaller, from the outermost dim on. */
static void
shrink_edges (struct tn_walk *walk, uint64_t most)
{
    const struct tn_request *request = walk->request;
    uint64_t bytes = TN_MAX (request->stored->block_bytes, request->target->block_bytes);
    for (uint32_t d = 0; d < walk->rank; d++) {
        uint64_t edge = TN_MIN (walk->dim[d].edge, request->tensor->shape[d]);
        if (tn_multiply (bytes, TN_MAX (edge, 1), &bytes))
            bytes = UINT64_MAX;
    }
    for (uint32_t d = 0; d < walk->rank && bytes > most; d++) {
        uint64_t edge = TN_MAX (TN_MIN (walk->dim[d].edge, request->tensor->shape[d]), 1);
        uint64_t others = bytes / edge; /* of UINT64_MAX: an estimate that is too small by less than half */
        walk->dim[d].edge = TN_MAX (TN_MIN (most / TN_MAX (others, 1), edge), 1);
        bytes = others * walk->dim[d].edge;
    }
}

static void
count_parts (struct tn_walk *walk, uint32_t dim)
{
    const struct tn_axis *axis = axis_of (walk, dim);
    uint64_t edge = walk->dim[dim].edge, last = axis->start + (axis->count - 1) * axis->step;
    walk->dim[dim].first = axis->start / edge;
    /* steps that are longer than a chunk leave chunks out, and take one item of each of the others */
    walk->dim[dim].parts = axis->step > edge ? axis->count : last / edge - axis->start / edge + 1;
}

void
tn_walk_begin (struct tn_walk *walk, const struct tn_request *request, uint64_t most)
{
    walk->request = request;
    walk->rank = request->tensor->rank;
    walk->count = request->elements > 0;
    for (uint32_t d = 0; d < walk->rank; d++) {
        walk->dim[d].axis = request->reversed ? walk->rank - 1 - d : d;
        walk->dim[d].edge = request->grid->chunk_shape[d];
    }
    if (walk->count == 0)
        return;
    if (request->storage == TENON_SERVED)
        shrink_edges (walk, most);
    for (uint32_t d = 0; d < walk->rank; d++) {
        count_parts (walk, d);
        walk->count *= walk->dim[d].parts; /* no more than the items */
    }
}

static uint64_t
divide_up (uint64_t number, uint64_t by)
{
    return number / by + (number % by > 0);
}

/* The items of one part. */
static void
items_of_part (const struct tn_walk *walk, uint32_t dim, uint64_t part, uint64_t *chunk, uint64_t *first,
               uint64_t *count)
{
    const struct tn_axis *axis = axis_of (walk, dim);
    uint64_t edge = walk->dim[dim].edge, size = walk->request->tensor->shape[dim];
    if (axis->step > edge) {
        *chunk = (axis->start + part * axis->step) / edge;
        *first = part, *count = 1;
        return;
    }
    *chunk = walk->dim[dim].first + part;
    uint64_t begin = *chunk * edge, end = edge < size - begin ? begin + edge : size;
    *first = begin <= axis->start ? 0 : divide_up (begin - axis->start, axis->step);
    *count = TN_MIN (divide_up (end - axis->start, axis->step), axis->count) - *first;
}

static void
set_part (const struct tn_walk *walk, struct tn_walk_box *box, uint32_t dim, uint64_t part)
{
    uint32_t axis = walk->dim[dim].axis;
    box->part[dim] = part;
    items_of_part (walk, dim, part, &box->chunk[dim], &box->items.first[axis], &box->items.count[axis]);
}

void
tn_walk_go (const struct tn_walk *walk, struct tn_walk_box *box, uint64_t number)
{
    bool follows = box->known && number == box->number + 1;
    uint64_t rest = number;
    if (walk->rank == 0)
        box->items.first[0] = 0, box->items.count[0] = 1;
    for (uint32_t d = walk->rank; d-- > 0;) {
        uint64_t parts = walk->dim[d].parts;
        if (follows && box->part[d] + 1 < parts) {
            set_part (walk, box, d, box->part[d] + 1);
            break;
        }
        set_part (walk, box, d, follows ? 0 : rest % parts);
        rest /= parts;
    }
    box->number = number;
    box->known = true;
}

void
tn_walk_span (const struct tn_walk *walk, uint32_t dim, uint64_t part, uint64_t parts, uint64_t *first,
              uint64_t *count)
{
    uint64_t chunk, begin, some;
    items_of_part (walk, dim, part, &chunk, first, count);
    if (parts == 1)
        return;
    items_of_part (walk, dim, part + parts - 1, &chunk, &begin, &some);
    *count = begin + some - *first;
}

uint64_t
tn_walk_rows (const struct tn_walk *walk, uint32_t dim)
{
    const struct tn_axis *axis = axis_of (walk, dim);
    uint64_t most = axis->step > walk->dim[dim].edge ? 1 : divide_up (walk->dim[dim].edge, axis->step);
    return TN_MIN (most, axis->count);
}

uint64_t
tn_walk_extent (const struct tn_walk *walk, const struct tn_walk_box *box, uint32_t dim)
{
    uint64_t edge = walk->dim[dim].edge, left = walk->request->tensor->shape[dim] - box->chunk[dim] * edge;
    return walk->request->grid->flags & TENON_GRID_CLIPPED ? TN_MIN (edge, left) : edge;
}

void
tn_request_cut (const struct tn_request *request, const struct tn_view_box *box, struct tn_request *cut)
{
    uint64_t bytes = request->target->block_bytes;
    tn_request_copy (cut, request);
    cut->elements = 1;
    for (uint32_t i = request->rank; i-- > 0;) {
        struct tn_axis *axis = &cut->axis[i];
        axis->start += box->first[i] * axis->step;
        axis->count = box->count[i];
        axis->to = (int64_t) bytes;
        bytes *= box->count[i];
        cut->elements *= box->count[i];
    }
    cut->whole = cut->scattered = false;
    cut->low = 0;
    cut->to_first = 0;
    cut->size = cut->span = bytes;
}
