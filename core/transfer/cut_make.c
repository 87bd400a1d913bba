/* SPDX-License-Identifier: MIT */
/* cut_make.c - makes the decoded bytes of a chunk: its box of the tensor, in the order of the chunk, and fill
 * where it leaves the shape. */
#include "transfer/cut_make.h"
#include "transfer/gather.h"
#include "transfer/transfer.h"

void
tn_cut_worker_free (struct tn_cut_worker *worker)
{
    tn_worker_free (&worker->worker);
    free (worker->made);
}

/* ---- pieces ---- */

void
tn_cut_plan_pieces (const struct tn_cut_shape *shape, uint64_t bytes, struct tn_cut_pieces *pieces)
{
    uint64_t row = shape->item; /* bytes of one row of the axis that is cut */
    uint32_t axis = shape->rank;
    *pieces = (struct tn_cut_pieces){ .count = 1, .axis = 0, .rows = 1, .per_axis = 1 };
    while (axis > 0 && row <= bytes / shape->chunk_shape[shape->order[axis - 1]])
        row *= shape->chunk_shape[shape->order[--axis]];
    if (axis == 0)
        return;
    const uint64_t dim = shape->chunk_shape[shape->order[--axis]];
    pieces->axis = axis;
    pieces->rows = TN_MAX (bytes / row, 1);
    pieces->count = pieces->per_axis = dim / pieces->rows + (dim % pieces->rows > 0);
    while (axis > 0)
        pieces->count *= shape->chunk_shape[shape->order[--axis]];
}

uint64_t
tn_cut_piece_bytes (const struct tn_cut_shape *shape, const struct tn_cut_pieces *pieces)
{
    uint64_t bytes = shape->item;
    for (uint32_t k = 0; k < shape->rank; k++)
        if (pieces->count == 1 || k > pieces->axis)
            bytes *= shape->chunk_shape[shape->order[k]];
    return pieces->count == 1 ? bytes : bytes * pieces->rows;
}

void
tn_cut_find_piece (const struct tn_cut_shape *shape, const struct tn_cut_pieces *pieces,
                   const uint64_t *chunk, uint64_t number, struct tn_cut_piece *piece)
{
    uint64_t row = number % pieces->per_axis * pieces->rows;
    number /= pieces->per_axis;
    piece->size = piece->inside = shape->item;
    for (uint32_t k = shape->rank; k-- > 0;) {
        const uint32_t dim = shape->order[k];
        uint64_t start = chunk[dim] * shape->chunk_shape[dim], end = start + shape->chunk_shape[dim];
        if (shape->clipped)
            end = TN_MIN (end, shape->shape[dim]);
        if (pieces->count > 1 && k == pieces->axis) {
            start += row;
            end = TN_MIN (end, start + pieces->rows);
        } else if (pieces->count > 1 && k < pieces->axis) {
            start += number % shape->chunk_shape[dim];
            number /= shape->chunk_shape[dim];
            end = TN_MIN (end, start + 1);
        }
        piece->start[dim] = start;
        piece->extent[dim] = end > start ? end - start : 0;
        piece->size *= piece->extent[dim];
        piece->inside *=
            start >= shape->shape[dim] ? 0 : TN_MIN (piece->extent[dim], shape->shape[dim] - start);
    }
}

/* ---- fill ---- */

static void
put_fill (const struct tn_cut_shape *shape, uint8_t *to, uint64_t size)
{
    if (!shape->fill) {
        memset (to, 0, size);
        return;
    }
    memcpy (to, shape->fill, shape->item);
    for (uint64_t done = shape->item; done < size; done *= 2)
        memcpy (to + done, to, TN_MIN (done, size - done));
}

bool
tn_cut_is_fill (const struct tn_cut_shape *shape, const uint8_t *bytes, uint64_t size)
{
    if (size == 0)
        return true;
    if (shape->fill && memcmp (bytes, shape->fill, shape->item) != 0)
        return false;
    for (uint64_t i = 0; i < shape->item && !shape->fill; i++)
        if (bytes[i] != 0)
            return false;
    return memcmp (bytes, bytes + shape->item, size - shape->item) == 0;
}

/* ---- items ---- */

/* What lies in chunks itself is read chunk by chunk. */
static tenon_status
read_from_grid (struct tn_cut_worker *worker, uint8_t *to, tenon_error *error)
{
    struct tn_request *request = &worker->request;
    struct tn_transfer_job job = { request, tn_way_choose (request, TN_INTO_MEMORY), to, 0, 0 };
    return tn_transfer_read (request->context, &job, 1, NULL, error);
}

/* The request for the items inside of the shape. */
static tenon_status
ask_piece (const struct tn_cut_shape *shape, const struct tn_cut_view *view, struct tn_cut_worker *worker,
           tenon_error *error)
{
    struct tn_cut_piece *piece = &worker->piece;
    struct tn_box box = { shape->rank, piece->start, worker->count, NULL, worker->to };
    int64_t items = 1;
    for (uint32_t k = shape->rank; k-- > 0;) {
        const uint32_t dim = shape->order[k];
        worker->to[dim] = items;
        items *= (int64_t) piece->extent[dim];
        worker->count[dim] = TN_MIN (piece->extent[dim], shape->shape[dim] - piece->start[dim]);
    }
    if (shape->rank > 0)
        piece->start[0] -= view->above;
    TN_TRY (tn_request_make (&worker->request, view->catalog, view->tensor, shape->rank > 0 ? &box : NULL,
                             view->target, view->layout, error));
    worker->request.context = view->context;
    worker->request.source = view->source;
    worker->request.tally = view->tally;
    return TENON_OK;
}

tenon_status
tn_cut_make (const struct tn_cut_shape *shape, const struct tn_cut_view *view, struct tn_cut_worker *worker,
             uint8_t *to, const uint8_t **bytes, tenon_error *error)
{
    const struct tn_cut_piece *piece = &worker->piece;
    const struct tn_request *request = &worker->request;
    *bytes = to;
    if (piece->inside < piece->size)
        put_fill (shape, to, piece->size);
    if (piece->inside == 0)
        return TENON_OK;
    TN_TRY (ask_piece (shape, view, worker, error));
    if (view->tensor->storage == TENON_GRID)
        return read_from_grid (worker, to, error);
    const uint8_t *base = tn_gather_memory (view->source);
    if (base && piece->inside == piece->size && tn_request_is_plain (request)) {
        *bytes = base + request->offset;
        return TENON_OK;
    }
    for (uint32_t i = 0; i < request->rank; i++) {
        worker->box.first[i] = 0;
        worker->box.count[i] = request->axis[i].count;
    }
    return tn_box_make (request, &worker->box, &worker->worker, to + request->to_first, error);
}
