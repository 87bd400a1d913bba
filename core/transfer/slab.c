/* SPDX-License-Identifier: MIT */
/* slab.c - one slab of a want: gathered, put into C order, swapped, cast. */
#include "kernels/cast.h"
#include "kernels/checksum.h"
#include "kernels/swap.h"
#include "kernels/transpose.h"
#include "transfer/request.h"
#include <tenon/plugin.h>

static void
swap (const struct tenon_dtype *dtype, void *data, uint64_t blocks)
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
    swap (request->stored, data, request->size / request->stored->block_bytes);
}

/* From stored items (not blocks, or through f32) to the target; all packed. */
static tenon_status
cast (const struct tn_request *request, uint32_t from_id, const void *from, void *to, uint64_t items,
      struct tn_worker *worker, tenon_error *error)
{
    if (request->target->kind == TENON_KIND_PLAIN) {
        tn_cast (request->target_id, to, from_id, from, items);
        return TENON_OK;
    }
    const float *floats = from;
    if (from_id != TENON_F32 || (uintptr_t) from % sizeof (float) != 0) { /* memory may lie anywhere */
        float *converted = (float *) (void *) tn_worker_buffer (worker, 2, items * sizeof (float));
        if (!converted)
            return tn_fail_memory (error);
        tn_cast (TENON_F32, converted, from_id, from, items);
        floats = converted;
    }
    tenon_status status = request->target->encode (floats, to, items / request->target->block_items);
    return status < 0
               ? tn_fail (error, status, TN_NO_OFFSET, "it cannot be encoded as %s", request->target->name)
               : TENON_OK;
}

static tenon_status
finish (const struct tn_request *request, uint64_t items, void *to)
{
    if (request->swap_out)
        swap (request->target, to, items / request->target->block_items);
    return TENON_OK;
}

/* While the bytes are in the cache. */
static void
sum (struct tn_worker *worker, const void *stored, uint64_t length)
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
    uint32_t moving =
        0; /* axes that are more than one long: a single one is in C order as it is in Fortran order */
    for (uint32_t i = 0; i < request->rank; i++)
        moving += box->count[i] > 1;
    bool turns = request->fortran && moving > 1;
    const uint8_t *data = tn_gather_in_place (request, box);
    if (!data) {
        uint8_t *gathered = turns || casts ? tn_worker_buffer (worker, 0, bytes) : to;
        if (!gathered)
            return tn_fail_memory (error);
        TN_TRY (tn_gather (request, box, worker, gathered, error));
        data = gathered;
    }
    sum (worker, data, bytes);
    if (turns) {
        uint64_t shape[TN_MAX_RANK];
        for (uint32_t i = 0; i < request->rank; i++)
            shape[i] = box->count[request->rank - 1 - i];
        uint8_t *turned = casts ? tn_worker_buffer (worker, 1, bytes) : to;
        if (!turned)
            return tn_fail_memory (error);
        tn_transpose (turned, data, request->unit_bytes, request->rank, shape, 0, box->count[0]);
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
        swap (request->stored, swapped, units);
        data = swapped;
    }
    if (casts)
        return cast (request, request->stored_id, data, to, units, worker, error);
    if (data != to)
        memcpy (to, data, bytes);
    if (request->swap_in)
        swap (request->stored, to, units);
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
    sum (worker, *stored, bytes);
    if (request->swap_in)
        swap (request->stored, worker->buffer[0], blocks);
    return TENON_OK;
}

/* Blocks, and items that share bytes: whole groups are gathered and decoded, then the wanted items are
 * picked. */
static tenon_status
make_decoded (const struct tn_request *request, const struct tn_gather *box, struct tn_worker *worker,
              uint8_t *to, tenon_error *error)
{
    uint64_t group = request->stored->block_items, row_start = 0, row_count, rows = 1;
    uint32_t last = request->rank - 1;
    struct tn_request groups = *request;
    struct tn_gather wide = *box;
    bool flat =
        request->whole && request->rank == 1 && request->unit_items > 1; /* already counted in groups */
    if (!flat) {
        uint64_t end = box->start[last] + (box->count[last] - 1) * request->step[last] + 1;
        wide.start[last] = box->start[last] / group;
        wide.count[last] = (end + group - 1) / group - wide.start[last];
        row_start = box->start[last] - wide.start[last] * group;
        groups.shape[last] = request->shape[last] / group;
        groups.step[last] = 1;
    }
    row_count = flat ? box->count[last] * group : box->count[last];
    for (uint32_t i = 0; i < last; i++)
        rows *= box->count[i];
    uint64_t blocks = rows * wide.count[last], items = blocks * group;
    uint64_t wide_row = wide.count[last] * group, step = flat ? 1 : request->step[last];
    bool picks = row_start > 0 || row_count != wide_row || step != 1;
    const uint8_t *stored;
    TN_TRY (gather_groups (request, &groups, &wide, blocks, worker, &stored, error));
    /* what is not changed any more is decoded right where it belongs */
    bool there = !picks && request->target_id == TENON_F32 && (uintptr_t) to % sizeof (float) == 0;
    float *floats = (float *) (void *) (there ? to : tn_worker_buffer (worker, 1, items * sizeof (float)));
    if (!floats)
        return tn_fail_memory (error);
    if (request->stored->kind == TENON_KIND_PLAIN)
        tn_cast (TENON_F32, floats, request->stored_id, stored, items);
    else if (request->stored->decode (stored, floats, blocks) < 0)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "blocks of %s cannot be decoded",
                        request->stored->name);
    if (there)
        return TENON_OK;
    if (picks) { /* to the front, in place: never overtakes what is still to be read */
        float *next = floats;
        for (uint64_t r = 0; r < rows; r++)
            for (uint64_t i = 0; i < row_count; i++)
                *next++ = floats[r * wide_row + row_start + i * step];
    }
    return cast (request, TENON_F32, floats, to, rows * row_count, worker, error);
}

static tenon_status
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
    /* the view is turned round when Fortran order is wanted: the codec is asked in the tensor's own axes */
    uint64_t start[TN_MAX_RANK], count[TN_MAX_RANK], step[TN_MAX_RANK];
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t axis = request->fortran ? request->rank - 1 - i : i;
        start[i] = box->start[axis], count[i] = box->count[axis], step[i] = request->step[axis];
    }
    memset (data, 0, bytes); /* a codec that leaves something out must not hand on what lay here before */
    struct tenon_region region = { sizeof region, tensor->rank, start, count, step };
    TN_TRY (catalog->serve (catalog, tensor, &region, data, bytes, error));
    if (request->fortran) {
        uint8_t *turned = casts ? tn_worker_buffer (worker, 1, bytes) : to;
        if (!turned)
            return tn_fail_memory (error);
        tn_transpose (turned, data, request->unit_bytes, request->rank, count, 0, count[request->rank - 1]);
        data = turned;
    }
    return casts ? cast (request, request->stored_id, data, to, units, worker, error) : TENON_OK;
}

tenon_status
tn_request_slab (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                 struct tn_worker *worker, void *to, tenon_error *error)
{
    struct tn_gather box;
    uint64_t outer = slab / slabs->per_axis, first = slab % slabs->per_axis * slabs->rows, units = 1;
    for (uint32_t i = slabs->axis; i-- > 0;) {
        box.start[i] = request->start[i] + outer % request->count[i] * request->step[i];
        box.count[i] = 1;
        outer /= request->count[i];
    }
    box.start[slabs->axis] = request->start[slabs->axis] + first * request->step[slabs->axis];
    box.count[slabs->axis] = TN_MIN (slabs->rows, request->count[slabs->axis] - first);
    for (uint32_t i = slabs->axis + 1; i < request->rank; i++)
        box.start[i] = request->start[i], box.count[i] = request->count[i];
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
    if (status == TENON_OK)
        finish (request, size / request->target->block_bytes * request->target->block_items, to);
    else
        tn_fail_in (error, NULL, request->tensor->name);
    return status;
}
