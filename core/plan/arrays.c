/* SPDX-License-Identifier: MIT */
/* arrays.c - adds arrays of the application to a plan: in memory, or made by a function. */
#include "plan/entries.h"
#include "plan/plan.h"
#include "transfer/request.h"
#include <stdio.h>

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
