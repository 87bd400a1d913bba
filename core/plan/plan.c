/* SPDX-License-Identifier: MIT */
/* plan.c - collects the tensors and metadata of a save. */
#include "plan/plan.h"
#include "catalog/file.h"
#include "plan/entries.h"
#include "plan/unpacked.h"
#include "transfer/request.h"
#include <stdio.h>

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
    if (!plan)
        return;
    tn_catalog_drop (plan->own); /* it has readers of the others */
    for (uint64_t i = 0; i < plan->kept_count; i++) {
        tn_catalog_drop (plan->kept[i].catalog);
        free (plan->kept[i].losses);
    }
    free (plan->origins);
    free (plan->metadata_sources);
    free (plan->saved_over);
    free (plan->kept);
    free (plan);
}

/* ---- arrays of the application ---- */

tenon_status
tn_plan_add_reader (tenon_plan *plan, const tenon_reader *reader, struct tn_source **source,
                    tenon_error *error)
{
    TN_TRY (tn_source_reader (reader, NULL, source, error));
    (*source)->in_order = true;
    return tn_catalog_add_source (plan->own, *source, error);
}

/* What an array is, checked. */
struct array {
    tenon_array given;
    uint64_t bytes;     /* packed */
    uint64_t low, span; /* of its memory: before item 0 … 0, and in all */
    enum tn_lay lay;
};

static tenon_status
add_bytes (tenon_plan *plan, const struct array *array, struct tn_source **source, tenon_error *error)
{
    const tenon_array *given = &array->given;
    if (!given->data && given->fill) {
        tenon_reader reader = {
            .struct_size = sizeof reader, .size = array->bytes, .read_at = given->fill, .user = given->user
        };
        return tn_plan_add_reader (plan, &reader, source, error);
    }
    const uint8_t *first = given->data ? (const uint8_t *) given->data - array->low : NULL;
    TN_TRY (tn_source_memory (first, array->span, given->name, source, error));
    return tn_catalog_add_source (plan->own, *source, error);
}

static tenon_status
check_strides (struct array *array, const struct tenon_dtype *dtype, tenon_error *error)
{
    const tenon_array *given = &array->given;
    if (!given->data && given->fill)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "fill makes packed data, which have no strides");
    if (given->flags & TENON_FORTRAN)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "an array with strides needs no TENON_FORTRAN");
    if (dtype->block_items > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot have strides", dtype->name);
    array->lay = tn_shape_lay (dtype->block_bytes, given->rank, given->shape, given->strides, &array->low,
                               &array->span);
    if (array->lay == TN_LAY_WRONG)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "its strides reach over 2^63 bytes or more");
    if (array->lay == TN_LAY_FORTRAN)
        array->given.flags |= TENON_FORTRAN;
    return TENON_OK;
}

static tenon_status
check_array (struct array *array, const struct tenon_dtype *dtype, tenon_error *error)
{
    const tenon_array *given = &array->given;
    uint64_t elements;
    if ((given->flags & TENON_FORTRAN) && dtype->block_items > 1 && given->rank > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot be in Fortran order", dtype->name);
    TN_TRY (tn_shape_bytes (dtype, given->rank, given->shape, &elements, &array->bytes, error));
    if (!given->data && !given->fill && array->bytes > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_array needs data or fill");
    array->lay = TN_LAY_C;
    array->low = 0, array->span = array->bytes;
    if (given->strides && given->rank > 0)
        TN_TRY (check_strides (array, dtype, error));
    if (given->data && given->size != array->span)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "its shape%s and dtype need %llu bytes, %llu were given",
                        given->strides ? ", strides" : "", (unsigned long long) array->span,
                        (unsigned long long) given->size);
    return TENON_OK;
}

static tenon_status
add_array (tenon_plan *plan, const tenon_array *theirs, tenon_error *error)
{
    struct array array;
    tenon_array *given = &array.given;
    struct tn_source *source;
    struct tn_catalog *own = plan->own;
    if (!tn_copy_struct (given, sizeof *given, theirs, offsetof (tenon_array, fill)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_array needs its struct_size, and data or fill");
    char number[32];
    bool unnamed = !given->name;
    if (unnamed) {
        snprintf (number, sizeof number, "arr_%llu", (unsigned long long) plan->unnamed);
        given->name = number;
    }
    tn_fail_in (error, NULL, given->name);
    const struct tenon_dtype *dtype = tn_catalog_dtype (own, given->dtype);
    if (!dtype || given->dtype == TENON_NONE || given->rank > TN_MAX_RANK || (given->rank && !given->shape))
        return tn_plan_add_entry (plan, given->name, strlen (given->name), given->dtype, given->rank,
                                  given->shape, 0, NULL, error);
    TN_TRY (check_array (&array, dtype, error));
    TN_TRY (add_bytes (plan, &array, &source, error));
    /* like the plan's entry, which codecs see, but with a source */
    struct tn_tensor *stored = tn_arena_get (&own->arena, sizeof *stored, true);
    if (!stored)
        return tn_fail_memory (error);
    struct tn_origin origin = { .catalog = own, .tensor = stored };
    TN_TRY (tn_plan_add_entry (plan, given->name, strlen (given->name), given->dtype, given->rank,
                               given->shape, given->flags, &origin, error));
    *stored = *tn_catalog_tensor (own, own->count - 1);
    stored->source = source->number;
    stored->offset = array.low;
    plan->unnamed += unnamed;
    return array.lay == TN_LAY_STRIDES
               ? tn_catalog_lay (own, stored, given->strides, array.low, array.span, error)
               : TENON_OK;
}

TENON_API tenon_status
tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, array, "array"))
        add_array (plan, array, &mine);
    return tn_error_out (error, &mine);
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

/* Makes the tally of a cast. */
static tenon_status
make_tally (tenon_plan *plan, const struct tenon_dtype *source, uint32_t from,
            const struct tenon_dtype *target, uint32_t to, struct tn_tally **result, tenon_error *error)
{
    struct tn_tally *tally = *result = tn_arena_get (&plan->own->arena, sizeof *tally, true);
    if (!tally)
        return tn_fail_memory (error);
    tally->from = tn_dtype_label (source);
    tally->to = tn_dtype_label (target);
    tally->integers = to >= TENON_BOOL && to <= TENON_I64;
    tally->counts = target->kind == TENON_KIND_BLOCK
                    || tn_cast_may_lose (source->kind == TENON_KIND_BLOCK ? TENON_F32 : from, to);
    return TENON_OK;
}

/* Saving refuses it, or leaves it out. */
static tenon_status
add_unreadable (tenon_plan *plan, const struct tn_kept *kept, const struct tn_tensor *tensor,
                const char *name, tenon_error *error)
{
    struct tn_tensor entry = *tensor;
    struct tn_origin origin = { .catalog = kept->catalog, .tensor = tensor, .from_file = true };
    uint64_t length = name ? strlen (name) : tensor->name_length;
    name = name ? name : tensor->name;
    TN_TRY (tn_plan_check_name (name, length, error));
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
add_packed (tenon_plan *plan, tenon_file *file, struct tn_packed *packed, const char *name, uint32_t dtype,
            tenon_error *error)
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
    TN_TRY (make_tally (plan, tn_catalog_dtype (plan->own, from), from, target, dtype, &origin.tally, error));
    TN_TRY (make_numbers_tensor (plan, packed, from, origin.tally, &stored, error));
    origin.tensor = stored;
    origin.target = dtype == from ? TENON_NONE : dtype;
    origin.tally->items = items_of_shape (stored);
    origin.tally->counts = origin.tally->counts && !as_they_are;
    origin.tally->from = packed_label (packed->bits);
    TN_TRY (tn_request_make (&request, plan->own, stored, NULL, dtype, 0, error));
    return tn_plan_add_entry (plan, name ? name : weight->name, name ? strlen (name) : weight->name_length,
                              dtype, stored->rank, stored->shape, 0, &origin, error);
}

static tenon_status
add_from (tenon_plan *plan, tenon_file *file, uint64_t index, const char *name, uint32_t dtype,
          tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    uint32_t number;
    if (catalog->context != plan->context)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the file and the plan belong to different contexts");
    if (index >= catalog->count)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no tensor %llu, the file has %llu",
                        (unsigned long long) index, (unsigned long long) catalog->count);
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    const struct tn_kept *kept = tn_plan_keep (plan, catalog, error);
    if (!kept)
        return error->status;
    if (tn_catalog_fault (catalog, tensor))
        return add_unreadable (plan, kept, tensor, name, error);
    if (dtype == tensor->dtype)
        dtype = TENON_NONE;
    struct tn_packed packed;
    if (dtype != TENON_NONE && tn_packed_find (catalog, index, &packed)) {
        TN_TRY (add_packed (plan, file, &packed, name, dtype, error));
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
        TN_TRY (make_tally (plan, tn_catalog_dtype (catalog, tensor->dtype), tensor->dtype,
                            tn_catalog_dtype (catalog, dtype), dtype, &origin.tally, error));
        origin.tally->items = items_of_shape (tensor);
    }
    TN_TRY (tn_plan_add_entry (plan, name ? name : tensor->name, name ? strlen (name) : tensor->name_length,
                               number, tensor->rank, tensor->shape, tensor->flags, &origin, error));
    tn_kept_count_losses (kept, tensor);
    return TENON_OK;
}

TENON_API tenon_status
tenon_plan_add_from (tenon_plan *plan, tenon_file *file, uint64_t index, const char *name, uint32_t dtype,
                     tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, file, "file"))
        add_from (plan, file, index, name, dtype, &mine);
    return tn_error_out (error, &mine);
}

/* ---- metadata ---- */

/* The number of a source among those of the plan's metadata, to which it is added if need be. */
static tenon_status
number_source (tenon_plan *plan, struct tn_source *source, uint32_t *number, tenon_error *error)
{
    uint64_t i = plan->metadata_source_count;
    while (i > 0 && plan->metadata_sources[i - 1] != source)
        i--;
    if (i == 0) {
        if (!tn_grow (&plan->metadata_sources, &plan->metadata_source_room, plan->metadata_source_count,
                      sizeof (struct tn_source *)))
            return tn_fail_memory (error);
        plan->metadata_sources[plan->metadata_source_count++] = source;
        i = plan->metadata_source_count;
    }
    *number = (uint32_t) (i - 1);
    return TENON_OK;
}

/* Renumbers the ranges in a copied value, from numbers in `sources` to those of the plan. */
static tenon_status
renumber_ranges (tenon_plan *plan, struct tn_source *const *sources, const struct tenon_value *value,
                 tenon_error *error)
{
    struct tn_value_walk walk;
    for (value = tn_value_first (&walk, value); value; value = tn_value_next (&walk, value))
        if (value->type == TENON_ARRAY && value->item_type != TENON_ARRAY && value->source != TENON_NO_SOURCE)
            TN_TRY (number_source (plan, sources[value->source],
                                   &((struct tenon_value *) (uintptr_t) value)->source, error));
    return TENON_OK;
}

/* Copies all entries of a catalog, whose ranges lie in these sources. */
static tenon_status
copy_metadata (tenon_plan *plan, const struct tn_catalog *catalog, struct tn_source *const *sources,
               tenon_error *error)
{
    struct tn_catalog *own = plan->own;
    for (uint64_t i = 0; i < catalog->metadata_count; i++) {
        const struct tn_metadata *entry = &catalog->metadata[i];
        uint64_t index;
        if (entry->key_length == 0)
            continue;
        TN_TRY (tn_catalog_add_metadata (own, entry->key, entry->key_length, &entry->value, true, error));
        tn_catalog_find_key (own, entry->key, entry->key_length, &index);
        own->metadata[index].given = entry->given;
        if (entry->description < catalog->description_count)
            own->metadata[index].codec = 1 + (uint32_t) catalog->descriptions[entry->description].codec;
        else if (entry->codec > 0)
            own->metadata[index].codec = entry->codec;
        TN_TRY (renumber_ranges (plan, sources, &own->metadata[index].value, error));
    }
    return TENON_OK;
}

static tenon_status
add_metadata_from (tenon_plan *plan, tenon_file *file, tenon_error *error)
{
    if (!tn_plan_keep (plan, file->catalog, error))
        return error->status;
    return copy_metadata (plan, file->catalog, file->catalog->sources, error);
}

tenon_status
tn_plan_copy_metadata (tenon_plan *plan, const tenon_plan *from, tenon_error *error)
{
    return copy_metadata (plan, from->own, from->metadata_sources, error);
}

TENON_API tenon_status
tenon_plan_add_metadata_from (tenon_plan *plan, tenon_file *file, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, file, "file"))
        add_metadata_from (plan, file, &mine);
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
    for (uint64_t i = 0; i < file->catalog->count && status == TENON_OK; i++)
        status = add_from (plan, file, i, NULL, TENON_NONE, &mine);
    if (status == TENON_OK)
        status = add_losses (plan, file, &mine);
    if (status == TENON_OK)
        add_metadata_from (plan, file, &mine);
    return tn_error_out (error, &mine);
}

/* True if all arrays of a value lie in memory, as the application's must: it does not know the numbers of the
 * plan's sources. Looks at `most` items; more than that exceed the limit on metadata, and copying refuses
 * them, as it refuses what is nested too deeply. */
static bool
lies_in_memory (const struct tenon_value *value, uint64_t most)
{
    struct tn_value_walk walk;
    for (value = tn_value_first (&walk, value); value; value = tn_value_next (&walk, value)) {
        if (value->type == TENON_ARRAY && value->item_type != TENON_ARRAY && value->source != TENON_NO_SOURCE)
            return false;
        if (most-- == 0)
            break;
    }
    return true;
}

TENON_API tenon_status
tenon_plan_add_metadata (tenon_plan *plan, const char *key, const struct tenon_value *value,
                         tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, plan, "plan") || !TN_GIVEN (&mine, key, "key") || !TN_GIVEN (&mine, value, "value"))
        return tn_error_out (error, &mine);
    uint64_t length = strlen (key), index;
    uint64_t most = plan->context->limits[TENON_LIMIT_METADATA_BYTES] / sizeof (struct tenon_value);
    if (length == 0 || !tn_utf8 (key, length))
        tn_fail (&mine, TENON_E_MISUSE, TN_NO_OFFSET, "a metadata key must be valid UTF-8 and not empty");
    else if (!lies_in_memory (value, most))
        tn_fail (&mine, TENON_E_MISUSE, TN_NO_OFFSET,
                 "metadata key '%s': an array's source must be TENON_NO_SOURCE", TN_SHOW (key));
    else if (tn_catalog_add_metadata (plan->own, key, length, value, true, &mine) == TENON_OK
             && tn_catalog_find_key (plan->own, key, length, &index))
        plan->own->metadata[index].given = true;
    return tn_error_out (error, &mine);
}
