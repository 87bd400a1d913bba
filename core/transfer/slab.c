/* SPDX-License-Identifier: MIT */
/* slab.c - cuts a request into slabs and makes one: gathered, put into C order, swapped, cast. */
#include "transfer/slab.h"
#include "kernels/cast.h"
#include "kernels/checksum.h"
#include "kernels/swap.h"
#include "kernels/transpose.h"
#include "transfer/gather.h"
#include "transfer/unblock.h"

/* Items of the result that one step of the innermost axis stands for. */
static uint64_t
items_per_step (const struct tn_request *request)
{
    return request->decode && request->rank >= 1
                   && !(request->whole && request->stored->block_items > 1 && request->rank == 1)
               ? 1
               : request->unit_items;
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
    const tenon_context *context = request->catalog->context;
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

/* ---- making ---- */

static void
swap_blocks (const struct tenon_dtype *dtype, void *data, uint64_t blocks)
{
    const struct tenon_swap_field *field = dtype->swap;
    /* numbers side by side, as in every plain dtype: one run of swaps */
    if (dtype->swap_count == 1 && (uint64_t) field->size * field->count == dtype->block_bytes)
        tn_swap (data, field->size, blocks * field->count);
    else
        tn_swap_blocks (data, dtype->block_bytes, dtype->swap, dtype->swap_size, dtype->swap_count, blocks);
}

void
tn_request_swap (const struct tn_request *request, void *data)
{
    swap_blocks (request->stored, data, request->size / request->stored->block_bytes);
}

/* Casts plain items, and counts what that changes. */
static void
cast_plain (const struct tn_request *request, uint32_t to_id, void *to, uint32_t from_id, const void *from,
            uint64_t items)
{
    struct tn_cast_counts counts = { 0 };
    if (!request->tally || !request->tally->counts) {
        tn_cast (to_id, to, from_id, from, items);
        return;
    }
    tn_cast_counted (to_id, to, from_id, from, items, request->tally->saturate, &counts);
    tn_tally_add (request->tally, &counts);
}

/* From stored items (not blocks, or through f32) to the target; all packed. */
static tenon_status
cast_items (const struct tn_request *request, uint32_t from_id, const void *from, void *to, uint64_t items,
            struct tn_worker *worker, tenon_error *error)
{
    if (request->target->kind == TENON_KIND_PLAIN) {
        cast_plain (request, request->target_id, to, from_id, from, items);
        return TENON_OK;
    }
    const float *floats = from;
    if (from_id != TENON_F32 || (uintptr_t) from % sizeof (float) != 0) { /* memory may lie anywhere */
        float *converted = (float *) (void *) tn_worker_buffer (worker, 2, items * sizeof (float));
        if (!converted)
            return tn_fail_memory (error);
        cast_plain (request, TENON_F32, converted, from_id, from, items);
        floats = converted;
    }
    uint64_t blocks = items / request->target->block_items;
    tenon_status status = request->target->encode (floats, to, blocks);
    if (status > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the encoder of %s returned %d, which is neither success nor a failure",
                        request->target->name, (int) status);
    if (status < 0)
        return tn_fail (error, status, TN_NO_OFFSET, "it cannot be encoded as %s", request->target->name);
    return request->tally ? tn_tally_blocks (request->tally, request->catalog, request->target_id, floats, to,
                                             blocks, worker, error)
                          : TENON_OK;
}

/* While the bytes are in the cache. */
static void
sum_stored (struct tn_worker *worker, const void *stored, uint64_t length)
{
    if (!worker->sums)
        return;
    worker->crc = tn_crc32 (0, stored, length);
    worker->summed = length;
}

/* Stored items are numbers by themselves, or stay as they are. */
static tenon_status
make_units (const struct tn_request *request, const struct tn_gather *box, uint64_t units,
            struct tn_worker *worker, uint8_t *to, tenon_error *error)
{
    bool casts = request->stored_id != request->target_id;
    uint64_t bytes = units * request->unit_bytes;
    bool turns = request->fortran && tn_shape_has_order (request->rank, box->count);
    const uint8_t *data = tn_gather_in_place (request, box);
    if (!data) {
        uint8_t *gathered = turns || casts ? tn_worker_buffer (worker, 0, bytes) : to;
        if (!gathered)
            return tn_fail_memory (error);
        TN_TRY (tn_gather (request, box, worker, gathered, error));
        data = gathered;
    }
    sum_stored (worker, data, bytes);
    if (turns) {
        uint64_t shape[TN_MAX_RANK];
        for (uint32_t i = 0; i < request->rank; i++)
            shape[i] = box->count[request->rank - 1 - i];
        uint8_t *turned = casts ? tn_worker_buffer (worker, 1, bytes) : to;
        uint8_t *tile = tn_worker_buffer (worker, 4, TN_TRANSPOSE_TILE);
        if (!turned || !tile)
            return tn_fail_memory (error);
        tn_transpose (turned, data, request->unit_bytes, request->rank, shape, 0, box->count[0], tile);
        data = turned;
    }
    if (request->swap_in && casts) {
        /* the bytes may be the caller's own: swap a copy */
        uint8_t *swapped = data == worker->buffer[0] || data == worker->buffer[1]
                               ? (uint8_t *) (uintptr_t) data
                               : tn_worker_buffer (worker, 0, bytes);
        if (!swapped)
            return tn_fail_memory (error);
        if (swapped != data)
            memcpy (swapped, data, bytes);
        swap_blocks (request->stored, swapped, units);
        data = swapped;
    }
    if (casts)
        return cast_items (request, request->stored_id, data, to, units, worker, error);
    if (data != to)
        memcpy (to, data, bytes);
    if (request->swap_in)
        swap_blocks (request->stored, to, units);
    return TENON_OK;
}

/* Stored groups of items, in the processor's order. */
static tenon_status
gather_groups (const struct tn_request *request, const struct tn_request *groups, const struct tn_gather *box,
               uint64_t blocks, struct tn_worker *worker, const uint8_t **stored, tenon_error *error)
{
    uint64_t bytes = blocks * request->unit_bytes;
    *stored = request->swap_in ? NULL : tn_gather_in_place (groups, box);
    if (!*stored) {
        uint8_t *gathered = tn_worker_buffer (worker, 0, bytes);
        if (!gathered)
            return tn_fail_memory (error);
        TN_TRY (tn_gather (groups, box, worker, gathered, error));
        *stored = gathered;
    }
    sum_stored (worker, *stored, bytes);
    if (request->swap_in)
        swap_blocks (request->stored, worker->buffer[0], blocks);
    return TENON_OK;
}

/* Blocks, and items that share bytes: whole groups are gathered and decoded, then the requested items are
 * picked. */
static TN_OWN_FRAME tenon_status
make_decoded (const struct tn_request *request, const struct tn_gather *box, struct tn_worker *worker,
              uint8_t *to, tenon_error *error)
{
    uint64_t group = request->stored->block_items, row_start = 0, row_count, rows = 1;
    uint32_t last = request->rank - 1;
    struct tn_request groups;
    struct tn_gather wide = *box;
    bool flat =
        request->whole && request->rank == 1 && request->unit_items > 1; /* already counted in groups */
    tn_request_copy (&groups, request);
    if (!flat) {
        uint64_t end = box->start[last] + (box->count[last] - 1) * request->axis[last].step + 1;
        wide.start[last] = box->start[last] / group;
        wide.count[last] = (end + group - 1) / group - wide.start[last];
        row_start = box->start[last] - wide.start[last] * group;
        groups.axis[last].shape = request->axis[last].shape / group;
        groups.axis[last].step = 1;
    }
    row_count = flat ? box->count[last] * group : box->count[last];
    for (uint32_t i = 0; i < last; i++)
        rows *= box->count[i];
    uint64_t blocks = rows * wide.count[last], items = blocks * group;
    uint64_t wide_row = wide.count[last] * group, step = flat ? 1 : request->axis[last].step;
    bool picks = row_start > 0 || row_count != wide_row || step != 1;
    const uint8_t *stored;
    TN_TRY (gather_groups (request, &groups, &wide, blocks, worker, &stored, error));
    /* floats that need no further step are decoded into the result */
    bool there = !picks && request->target_id == TENON_F32 && (uintptr_t) to % sizeof (float) == 0;
    float *floats = (float *) (void *) (there ? to : tn_worker_buffer (worker, 1, items * sizeof (float)));
    if (!floats)
        return tn_fail_memory (error);
    if (request->stored->kind == TENON_KIND_PLAIN)
        tn_cast (TENON_F32, floats, request->stored_id, stored, items);
    else
        TN_TRY (tn_unblock_decode (request->catalog, request->stored_id, stored, floats, blocks, error));
    if (there)
        return TENON_OK;
    if (picks) { /* to the front, in place: writing never overtakes reading */
        float *next = floats;
        for (uint64_t r = 0; r < rows; r++)
            for (uint64_t i = 0; i < row_count; i++)
                *next++ = floats[r * wide_row + row_start + i * step];
    }
    return cast_items (request, TENON_F32, floats, to, rows * row_count, worker, error);
}

static TN_OWN_FRAME tenon_status
make_served (const struct tn_request *request, const struct tn_gather *box, uint64_t units,
             struct tn_worker *worker, uint8_t *to, tenon_error *error)
{
    struct tn_catalog *catalog = request->catalog;
    const struct tn_tensor *tensor = request->tensor;
    bool casts = request->stored_id != request->target_id;
    uint64_t bytes = units * request->unit_bytes;
    uint8_t *data = casts || request->fortran ? tn_worker_buffer (worker, 0, bytes) : to;
    if (!data)
        return tn_fail_memory (error);
    /* the view's axes are reversed when Fortran order is requested: the codec is asked in the tensor's own
     * axes */
    uint64_t start[TN_MAX_RANK], count[TN_MAX_RANK], step[TN_MAX_RANK];
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t axis = request->fortran ? request->rank - 1 - i : i;
        start[i] = box->start[axis], count[i] = box->count[axis], step[i] = request->axis[axis].step;
    }
    memset (data, 0, bytes); /* bytes that the codec leaves out must not show the buffer's old contents */
    struct tenon_region region = { sizeof region, tensor->rank, start, count, step };
    TN_TRY (catalog->serve (catalog, tensor, &region, data, bytes, error));
    if (request->swap_in) /* opaque items, whose type states an order of its own */
        swap_blocks (request->stored, data, units);
    if (request->fortran) {
        uint8_t *turned = casts ? tn_worker_buffer (worker, 1, bytes) : to;
        uint8_t *tile = tn_worker_buffer (worker, 4, TN_TRANSPOSE_TILE);
        if (!turned || !tile)
            return tn_fail_memory (error);
        tn_transpose (turned, data, request->unit_bytes, request->rank, count, 0, count[request->rank - 1],
                      tile);
        data = turned;
    }
    return casts ? cast_items (request, request->stored_id, data, to, units, worker, error) : TENON_OK;
}

tenon_status
tn_slab_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
              struct tn_worker *worker, void *to, tenon_error *error)
{
    struct tn_gather box;
    uint64_t outer = slab / slabs->per_axis, first = slab % slabs->per_axis * slabs->rows, units = 1;
    const struct tn_axis *axis = request->axis;
    uint32_t cut = slabs->axis;
    for (uint32_t i = cut; i-- > 0; outer /= axis[i].count) {
        box.start[i] = axis[i].start + outer % axis[i].count * axis[i].step;
        box.count[i] = 1;
    }
    box.start[cut] = axis[cut].start + first * axis[cut].step;
    box.count[cut] = TN_MIN (slabs->rows, axis[cut].count - first);
    for (uint32_t i = cut + 1; i < request->rank; i++)
        box.start[i] = axis[i].start, box.count[i] = axis[i].count;
    for (uint32_t i = 0; i < request->rank; i++)
        units *= box.count[i];
    uint64_t begin, size;
    tn_slab_range (request, slabs, slab, &begin, &size);
    tenon_status status;
    if (request->tensor->storage == TENON_SERVED)
        status = make_served (request, &box, units, worker, to, error);
    else if (request->decode)
        status = make_decoded (request, &box, worker, to, error);
    else
        status = make_units (request, &box, units, worker, to, error);
    if (status < 0)
        tn_fail_in (error, NULL, request->tensor->name);
    else if (request->swap_out)
        swap_blocks (request->target, to, size / request->target->block_bytes);
    return status;
}
