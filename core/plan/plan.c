/* SPDX-License-Identifier: MIT */
/* plan.c - collects the tensors of a save that come from files; arrays.c and metadata.c add the rest. */
#include "plan/plan.h"
#include "catalog/file.h"
#include "plan/entries.h"
#include "plan/loans.h"
#include "plan/unpacked.h"
#include "transfer/request.h"

TENON_API tenon_status
tenon_plan_new (tenon_context *context, tenon_plan **result, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, result, "plan"))
        return tn_error_out (error, &mine);
    *result = NULL;
    if (!TN_GIVEN (&mine, context, "context"))
        return tn_error_out (error, &mine);
    tenon_plan *plan = calloc (1, sizeof *plan);
    if (plan) {
        plan->context = context;
        plan->own = tn_catalog_new (context);
    }
    if (!plan || !plan->own) {
        free (plan);
        tn_fail_memory (&mine);
        return tn_error_out (error, &mine);
    }
    *result = plan;
    return TENON_OK;
}

TENON_API void
tenon_plan_free (tenon_plan *plan)
{
    if (!plan || plan->lent)
        return;
    tn_catalog_drop (plan->own); /* it has readers of the others */
    for (uint64_t i = 0; i < plan->kept_count; i++) {
        tn_catalog_drop (plan->kept[i].catalog);
        free (plan->kept[i].losses);
    }
    free (plan->origins);
    free (plan->metadata_sources);
    tn_plan_return_loans (plan);
    free (plan->saved_over);
    free (plan->kept);
    free (plan);
}

/* ---- tensors of files ---- */

/* The number that a dtype of a file's catalog has in the plan. */
static tenon_status
adopt_dtype (tenon_plan *plan, const struct tn_catalog *catalog, uint32_t dtype, uint32_t *number,
             tenon_error *error)
{
    const struct tenon_dtype *info = tn_catalog_dtype (catalog, dtype);
    *number = dtype;
    if (info && info->kind == TENON_KIND_OPAQUE)
        return tn_catalog_add_dtype (plan->own, info, number, error);
    return TENON_OK;
}

/* Saving refuses it, or leaves it out. */
static tenon_status
add_unreadable (tenon_plan *plan, const struct tn_kept *kept, const struct tn_tensor *tensor,
                const char *name, uint64_t length, tenon_error *error)
{
    struct tn_tensor entry = *tensor;
    struct tn_origin origin = { .catalog = kept->catalog, .tensor = tensor, .from_file = true };
    TN_TRY (adopt_dtype (plan, kept->catalog, tensor->dtype, &entry.dtype, error));
    entry.length = 0;
    return tn_plan_enter (plan, name, length, &entry, &origin, tn_catalog_fault (kept->catalog, tensor),
                          error);
}

static uint64_t
items_of_shape (const struct tn_tensor *tensor)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        items *= tensor->shape[i]; /* the catalog has checked it */
    return items;
}

/* ---- packed weights ---- */

/* The tensor of the numbers, which a reader makes. */
static tenon_status
make_numbers_tensor (tenon_plan *plan, const struct tn_packed *packed, uint32_t dtype, struct tn_tally *tally,
                     struct tn_tensor **result, tenon_error *error)
{
    struct tn_catalog *own = plan->own;
    const struct tn_tensor *weight = tn_catalog_tensor (packed->catalog, packed->weight);
    uint64_t *shape = tn_arena_get (&own->arena, weight->rank * sizeof *shape, false), elements;
    struct tn_tensor *stored = *result = tn_arena_get (&own->arena, sizeof *stored, true);
    struct tn_source *source;
    tenon_reader reader;
    if (!shape || !stored)
        return tn_fail_memory (error);
    memcpy (shape, weight->shape, weight->rank * sizeof *shape);
    shape[weight->rank - 1] = packed->columns;
    *stored = (struct tn_tensor){ .name = weight->name,
                                  .name_length = weight->name_length,
                                  .shape = shape,
                                  .rank = weight->rank,
                                  .dtype = dtype };
    TN_TRY (tn_shape_bytes (tn_catalog_dtype (own, stored->dtype), stored->rank, shape, &elements,
                            &stored->length, error));
    const struct tenon_dtype *block = dtype != packed->scales->dtype ? tn_catalog_dtype (own, dtype) : NULL;
    TN_TRY (tn_unpacked_reader (packed, block, tally, &reader, error));
    TN_TRY (tn_plan_add_reader (plan, &reader, &source, error));
    stored->source = source->number;
    return TENON_OK;
}

static const char *
packed_label (uint32_t bits)
{
    static const char *const labels[] = {
        [2] = "packed numbers of 2 bits", [3] = "packed numbers of 3 bits", [4] = "packed numbers of 4 bits",
        [5] = "packed numbers of 5 bits", [6] = "packed numbers of 6 bits", [8] = "packed numbers of 8 bits",
    };
    return bits < TN_COUNT (labels) && labels[bits] ? labels[bits] : "packed numbers";
}

/* Adds packed weights as the numbers that they stand for, cast to `dtype`. */
static tenon_status
add_packed (tenon_plan *plan, tenon_file *file, struct tn_packed *packed, const char *name,
            uint64_t name_length, uint32_t dtype, tenon_error *error)
{
    const struct tn_tensor *weight = tn_catalog_tensor (packed->catalog, packed->weight);
    struct tn_tensor *stored;
    struct tn_request request;
    struct tn_origin origin = { .catalog = plan->own, .target = dtype };
    const struct tenon_dtype *target = tn_catalog_dtype (plan->own, dtype);
    tn_fail_in (error, file->path, weight->name);
    if (packed->kind != TENON_PACKED_AFFINE)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s: they are no numbers that can be cast",
                        packed->words);
    if (!target || dtype >= TENON_DTYPE_DYNAMIC + plan->context->registry.dtype_count)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", dtype);
    TN_TRY (tn_packed_measure (packed, error));
    uint32_t from = packed->scales->dtype;
    bool as_they_are;
    TN_TRY (tn_packed_fits (packed, target, &as_they_are, error));
    from = as_they_are ? dtype : from;
    TN_TRY (tn_plan_make_tally (plan, tn_catalog_dtype (plan->own, from), from, target, dtype, &origin.tally,
                                error));
    TN_TRY (make_numbers_tensor (plan, packed, from, origin.tally, &stored, error));
    origin.tensor = stored;
    origin.target = dtype == from ? TENON_NONE : dtype;
    origin.tally->items = items_of_shape (stored);
    origin.tally->counts = origin.tally->counts && !as_they_are;
    origin.tally->from = packed_label (packed->bits);
    TN_TRY (tn_request_make (&request, plan->own, stored, NULL, dtype, 0, error));
    return tn_plan_add_entry (plan, name, name_length, dtype, stored->rank, stored->shape, 0, &origin, error);
}

/* ---- one tensor, and all of a file ---- */

/* Adds a tensor of the file under a name that was checked. */
static tenon_status
add_named (tenon_plan *plan, tenon_file *file, const struct tn_tensor *tensor, uint64_t index,
           const char *name, uint64_t name_length, uint32_t dtype, tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    uint32_t number;
    const struct tn_kept *kept = tn_plan_keep (plan, catalog, error);
    if (!kept)
        return error->status;
    if (tn_catalog_fault (catalog, tensor))
        return add_unreadable (plan, kept, tensor, name, name_length, error);
    if (dtype == tensor->dtype)
        dtype = TENON_NONE;
    struct tn_packed packed;
    if (dtype != TENON_NONE && tn_packed_find (catalog, index, &packed)) {
        TN_TRY (add_packed (plan, file, &packed, name, name_length, dtype, error));
        tn_kept_count_losses (kept, tensor);
        return TENON_OK;
    }
    if (dtype != TENON_NONE) { /* an impossible cast is refused here, not when it is saved */
        struct tn_request request;
        if (tn_request_make (&request, catalog, tensor, NULL, dtype, 0, error) < 0) {
            tn_fail_in (error, file->path, tensor->name);
            return error->status;
        }
    }
    TN_TRY (adopt_dtype (plan, catalog, dtype == TENON_NONE ? tensor->dtype : dtype, &number, error));
    struct tn_origin origin = { .catalog = catalog, .tensor = tensor, .target = dtype, .from_file = true };
    if (dtype != TENON_NONE) {
        TN_TRY (tn_plan_make_tally (plan, tn_catalog_dtype (catalog, tensor->dtype), tensor->dtype,
                                    tn_catalog_dtype (catalog, dtype), dtype, &origin.tally, error));
        origin.tally->items = items_of_shape (tensor);
    }
    TN_TRY (tn_plan_add_entry (plan, name, name_length, number, tensor->rank, tensor->shape, tensor->flags,
                               &origin, error));
    tn_kept_count_losses (kept, tensor);
    return TENON_OK;
}

static tenon_status
add_from (tenon_plan *plan, tenon_file *file, uint64_t index, const char *name, uint64_t name_length,
          uint32_t dtype, tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    if (catalog->context != plan->context)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the file and the plan belong to different contexts");
    if (index >= catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) index, (unsigned long long) catalog->count);
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    if (!name)
        name_length = tensor->name_length;
    else if (name_length == TENON_NUL)
        name_length = strlen (name);
    name = name ? name : tensor->name;
    TN_TRY (tn_plan_check_name (name, name_length, error));
    if (add_named (plan, file, tensor, index, name, name_length, dtype, error) < 0)
        return tn_plan_fail_in (error, name, name_length);
    return TENON_OK;
}

TENON_API tenon_status
tenon_plan_put_from (tenon_plan *plan, tenon_file *file, uint64_t index, const char *name,
                     uint64_t name_length, uint32_t dtype, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, file, "file")) {
        struct tn_plan_mark mark = tn_plan_mark (plan);
        add_from (plan, file, index, name, name_length, dtype, &mine);
        tn_plan_settle (plan, &mark, &mine);
    }
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_add_from (tenon_plan *plan, tenon_file *file, uint64_t index, const char *name, uint32_t dtype,
                     tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, file, "file"))
        return tenon_plan_put_from (plan, file, index, name, TENON_NUL, dtype, error);
    return tn_error_out (error, &mine);
}

static tenon_status
add_losses (tenon_plan *plan, tenon_file *file, tenon_error *error)
{
    const struct tn_kept *kept = tn_plan_keep (plan, file->catalog, error);
    for (uint64_t i = 0; kept && kept->losses && i < file->catalog->omission_count; i++)
        kept->losses[i] = true;
    return error->status;
}

TENON_API tenon_status
tenon_plan_add_losses (tenon_plan *plan, tenon_file *file, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, file, "file"))
        add_losses (plan, file, &mine);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_add_file (tenon_plan *plan, tenon_file *file, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_status status = TENON_OK;
    if (!TN_GIVEN (&mine, plan, "plan") || !TN_GIVEN (&mine, file, "file"))
        return tn_error_out (error, &mine);
    struct tn_plan_mark mark = tn_plan_mark (plan);
    for (uint64_t i = 0; i < file->catalog->count && status == TENON_OK; i++)
        status = add_from (plan, file, i, NULL, 0, TENON_NONE, &mine);
    status = tn_plan_settle (plan, &mark, &mine);
    if (status == TENON_OK)
        status = add_losses (plan, file, &mine);
    if (status == TENON_OK)
        tn_plan_take_metadata (plan, file, &mine);
    return tn_error_out (error, &mine);
}
