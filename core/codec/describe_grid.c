/* SPDX-License-Identifier: MIT */
/* describe_grid.c - checks how a described tensor is stored in chunks, and copies it into the catalog. */
#include "codec/describe_grid.h"
#include "codec/locate.h"
#include "codec/reach.h"
#include "context/cause.h"
#include <stdio.h>

/* The bytes of a chunk with all its items. */
static tenon_status
check_chunk_shape (struct tn_call *call, const struct tenon_tensor *from, const struct tenon_dtype *dtype,
                   uint64_t *bytes)
{
    tenon_error *error = call->session->error;
    *bytes = dtype->block_bytes;
    for (uint32_t i = 0; i < from->rank; i++) {
        if (from->chunk_shape[i] == 0)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "its chunks have no items in dim %u", i);
        if (tn_multiply (*bytes, from->chunk_shape[i], bytes) || *bytes > INT64_MAX)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "its chunks have 2^63 bytes or more");
    }
    return TENON_OK;
}

static tenon_status
take_grid (struct tn_call *call, const struct tenon_tensor *from, const struct tenon_dtype *dtype,
           struct tenon_grid *ours)
{
    if (!call->codec->table.locate_chunk)
        return tn_call_misuse (call, "it describes a tensor in chunks, but has no locate_chunk function");
    if (!tn_copy_struct (ours, sizeof *ours, from->grid, TN_UP_TO (struct tenon_grid, fill_size)))
        return tn_call_misuse (call, from->grid ? "a struct tenon_grid has a wrong struct_size"
                                                : "a tensor in chunks has no struct tenon_grid");
    if (from->rank > 0 && !from->chunk_shape)
        return tn_call_misuse (call, "a tensor in chunks has no chunk_shape");
    if (ours->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s describes its chunks with flags %#x that this version does not know",
                        call->codec->table.id, ours->flags);
    if (dtype->block_items > 1)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "blocks of %s cannot lie in chunks", dtype->name);
    if (ours->fill_size != (ours->fill ? dtype->block_bytes : 0))
        return tn_call_misuse (call, ours->fill ? "the fill of a tensor is not one item of its dtype"
                                                : "the fill of a tensor has a size, and is NULL");
    return TENON_OK;
}

/* ---- the parts of it ---- */

static bool
is_zero (const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* The order of dims. One that is C order or Fortran order becomes a flag of the tensor, and NULL. */
static tenon_status
copy_order (struct tn_call *call, const struct tenon_tensor *from, const uint32_t *order,
            struct tn_tensor *to, struct tn_grid *grid)
{
    uint64_t seen = 0;
    bool c = true, fortran = true;
    if (!order)
        return TENON_OK;
    for (uint32_t i = 0; i < from->rank; i++) {
        if (order[i] >= from->rank || (seen >> order[i] & 1))
            return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                            "the order of dims in its chunks does not have each dim once");
        seen |= (uint64_t) 1 << order[i];
        c = c && order[i] == i;
        fortran = fortran && order[i] == from->rank - 1 - i;
    }
    to->flags &= (uint8_t) ~TENON_FORTRAN;
    to->flags |= fortran && !c ? TENON_FORTRAN : 0;
    if (c || fortran)
        return TENON_OK;
    uint32_t *copy = tn_arena_get (&call->session->catalog->arena, from->rank * sizeof *copy, false);
    if (!copy)
        return tn_fail_memory (call->session->error);
    grid->order = memcpy (copy, order, from->rank * sizeof *copy);
    return TENON_OK;
}

static tenon_status
copy_fill (struct tn_call *call, const struct tenon_grid *from, struct tn_grid *grid)
{
    if (!from->fill || is_zero (from->fill, from->fill_size))
        return TENON_OK;
    uint8_t *copy = tn_arena_get (&call->session->catalog->arena, from->fill_size, false);
    if (!copy)
        return tn_fail_memory (call->session->error);
    grid->fill = memcpy (copy, from->fill, from->fill_size);
    return TENON_OK;
}

/* A codec may skip a tensor whose filter is not in use. */
static TN_OWN_FRAME tenon_status
answer_no_filter (struct tn_call *call, const char *filter)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = tn_cause_fail_filter (call->session->context, filter, &error);
    return tn_call_answer (call, status, error.message);
}

static tenon_status
copy_steps (struct tn_call *call, const struct tenon_grid *from, struct tn_grid *grid)
{
    struct tn_catalog *catalog = call->session->catalog;
    const char *missing;
    if (from->step_count == 0)
        return TENON_OK;
    tenon_status status =
        tn_pipeline_make (call->session->context, &catalog->arena, from->steps, from->step_size,
                          from->step_count, &catalog->pipeline, &missing, call->session->error);
    if (status == TENON_E_NOT_FOUND)
        return answer_no_filter (call, missing);
    grid->pipeline = catalog->pipeline;
    return status;
}

tenon_status
tn_call_copy_grid (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
                   const struct tenon_dtype *dtype, const struct tn_grid **result)
{
    struct tn_session *session = call->session;
    struct tn_catalog *catalog = session->catalog;
    struct tenon_grid ours;
    uint64_t bytes, size = from->rank * sizeof *from->chunk_shape;
    bool in_chunks = from->storage == TENON_GRID;
    *result = NULL;
    if (in_chunks)
        TN_TRY (take_grid (call, from, dtype, &ours));
    else if (from->grid || (from->chunk_shape && from->storage != TENON_SERVED))
        return tn_call_misuse (call, "a tensor has chunks, but its storage is not TENON_GRID");
    else if (!from->chunk_shape || from->rank == 0)
        return TENON_OK;
    TN_TRY (check_chunk_shape (call, from, dtype, &bytes));
    TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + 2 * size));
    struct tn_grid *grid = tn_arena_get (&catalog->arena, sizeof *grid, true);
    uint64_t *shape = tn_arena_get (&catalog->arena, size + !size, false);
    if (!grid || !shape)
        return tn_fail_memory (session->error);
    if (size > 0)
        memcpy (shape, from->chunk_shape, size);
    grid->chunk_shape = shape;
    grid->chunk_bytes = bytes;
    *result = grid;
    if (!in_chunks)
        return TENON_OK;
    grid->flags = ours.flags & (TENON_GRID_CLIPPED | TENON_GRID_NO_FILL);
    TN_TRY (copy_order (call, from, ours.order, to, grid));
    TN_TRY (copy_fill (call, &ours, grid));
    TN_TRY (copy_steps (call, &ours, grid));
    return tn_locators_need (catalog, session->error);
}

tenon_status
tn_call_bound_chunks (struct tn_call *call, struct tn_tensor *tensor)
{
    struct tn_session *session = call->session;
    uint64_t bytes = tensor->served->grid->chunk_bytes;
    char why[200];
    if (bytes <= session->context->limits[TENON_LIMIT_INFLATED_BYTES])
        return TENON_OK;
    snprintf (why, sizeof why, "a chunk of it has %llu bytes; raise inflated_bytes in [limits] to read it",
              (unsigned long long) bytes);
    TN_TRY (tn_budget_work (session->budget, TN_WORK_NOTE));
    TN_TRY (tn_catalog_spoil (session->catalog, tensor, TENON_E_LIMIT, NULL, why, session->error));
    tn_call_report_unreadable (session, tensor);
    return TENON_OK;
}
