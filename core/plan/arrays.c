/* SPDX-License-Identifier: MIT */
/* arrays.c - adds arrays of the application to a plan: in memory, or made by a function. */
#include "plan/arrays.h"
#include "plan/entries.h"
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

static tenon_status
check_strides (struct tn_array *array, const struct tenon_dtype *dtype, tenon_error *error)
{
    const tenon_array *given = &array->given;
    if (!given->data && given->fill)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "fill makes packed data, which have no strides");
    if (given->flags & TENON_FORTRAN)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "an array with strides needs no TENON_FORTRAN");
    if (dtype->block_items > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot have strides", tn_dtype_label (dtype));
    array->lay = tn_shape_lay (dtype->block_bytes, given->rank, given->shape, given->strides, &array->low,
                               &array->span);
    if (array->lay == TN_LAY_WRONG)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "its strides reach over 2^63 bytes or more");
    if (array->lay == TN_LAY_FORTRAN)
        array->given.flags |= TENON_FORTRAN;
    return TENON_OK;
}

tenon_status
tn_array_measure (struct tn_array *array, tenon_error *error)
{
    const tenon_array *given = &array->given;
    const struct tenon_dtype *dtype = array->dtype;
    if ((given->flags & TENON_FORTRAN) && dtype->block_items > 1 && given->rank > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot be in Fortran order",
                        tn_dtype_label (dtype));
    TN_TRY (tn_shape_bytes (dtype, given->rank, given->shape, &array->elements, &array->bytes, error));
    array->lay = TN_LAY_C;
    array->low = 0, array->span = array->bytes;
    return TENON_OK;
}

tenon_status
tn_array_check (struct tn_array *array, tenon_error *error)
{
    const tenon_array *given = &array->given;
    const struct tenon_dtype *dtype = array->dtype;
    TN_TRY (tn_array_measure (array, error));
    if (!given->data && !given->fill && array->bytes > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_array needs data or fill");
    if (given->strides && given->rank > 0)
        TN_TRY (check_strides (array, dtype, error));
    if (given->data && given->size != array->span)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "its shape%s and dtype need %llu bytes, %llu were given",
                        given->strides ? ", strides" : "", (unsigned long long) array->span,
                        (unsigned long long) given->size);
    return TENON_OK;
}

/* ---- what an array is ---- */

static tenon_status
read_name (tenon_plan *plan, struct tn_array *array, tenon_error *error)
{
    const tenon_array *given = &array->given;
    array->name = given->name;
    array->name_length = given->name_length;
    if (!given->name) {
        array->name = array->number;
        array->name_length = (uint64_t) snprintf (array->number, sizeof array->number, "arr_%llu",
                                                  (unsigned long long) plan->unnamed);
    } else if (given->name_length == 0 || given->name_length == TENON_NUL)
        array->name_length = strlen (given->name);
    return tn_plan_check_name (array->name, array->name_length, error);
}

/* Adds the program's own dtype, or finds it. */
static tenon_status
read_opaque (tenon_plan *plan, struct tn_array *array, tenon_error *error)
{
    struct tenon_dtype opaque;
    tenon_array *given = &array->given;
    if (given->dtype != TENON_NONE)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_array has dtype or opaque, and not both");
    if (!tn_copy_struct (&opaque, sizeof opaque, given->opaque, offsetof (struct tenon_dtype, decode)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a struct tenon_dtype has a wrong struct_size");
    if ((opaque.flags & TENON_FLAGS_MUST_KNOW) || (given->flags & TENON_BIG_ENDIAN))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "an opaque dtype has flags that this version does not know, or its array has "
                        "TENON_BIG_ENDIAN, which its text says");
    if ((opaque.alignment & (opaque.alignment - 1)) || opaque.alignment > TENON_MOST_ALIGNMENT)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the alignment of an opaque dtype is no power of two, or more than 1 GiB");
    if (opaque.kind != TENON_KIND_OPAQUE || !opaque.family || !opaque.family[0] || !opaque.text
        || opaque.block_items > 1)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the opaque dtype of a tenon_array needs the kind TENON_KIND_OPAQUE, a family and a "
                        "text, and its items stand by themselves");
    return tn_catalog_add_dtype (plan->own, &opaque, &given->dtype, error);
}

static tenon_status
read_type (tenon_plan *plan, struct tn_array *array, tenon_error *error)
{
    const tenon_array *given = &array->given;
    if (given->opaque)
        TN_TRY (read_opaque (plan, array, error));
    if (!(array->dtype = tn_catalog_dtype (plan->own, given->dtype)) || given->dtype == TENON_NONE)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", given->dtype);
    if (given->rank > TN_MAX_RANK || (given->rank > 0 && !given->shape))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "it has %u dims, at most 64 are possible",
                        given->rank);
    return TENON_OK;
}

tenon_status
tn_array_read (struct tn_array *array, tenon_plan *plan, const tenon_array *theirs, tenon_error *error)
{
    if (!tn_copy_struct (&array->given, sizeof array->given, theirs, offsetof (tenon_array, fill)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_array needs its struct_size, and data or fill");
    TN_TRY (read_name (plan, array, error));
    return read_type (plan, array, error) < 0 ? tn_plan_fail_in (error, array->name, array->name_length)
                                              : TENON_OK;
}

/* ---- entering it ---- */

/* The cast to `as`, which is refused here if it is impossible. `stored`: the tensor in memory. */
static tenon_status
set_cast (tenon_plan *plan, const struct tn_array *array, const struct tn_tensor *stored,
          struct tn_origin *origin, tenon_error *error)
{
    struct tn_request request;
    uint32_t as = array->given.as;
    const struct tenon_dtype *target = tn_catalog_dtype (plan->own, as);
    if (!target)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", as);
    TN_TRY (tn_request_make (&request, plan->own, stored, NULL, as, 0, error));
    TN_TRY (tn_plan_make_tally (plan, array->dtype, stored->dtype, target, as, &origin->tally, error));
    origin->tally->items = array->elements;
    origin->target = as;
    return TENON_OK;
}

tenon_status
tn_array_enter (const struct tn_array *array, tenon_plan *plan, const struct tn_source *source,
                uint64_t offset, tenon_error *error)
{
    struct tn_catalog *own = plan->own;
    const tenon_array *given = &array->given;
    /* like the plan's entry, which codecs see, but with a source */
    struct tn_tensor *stored = tn_arena_get (&own->arena, sizeof *stored, true);
    if (!stored)
        return tn_fail_memory (error);
    struct tn_origin origin = { .catalog = own, .tensor = stored };
    *stored = (struct tn_tensor){ .shape = given->shape,
                                  .offset = offset,
                                  .length = array->bytes,
                                  .dtype = given->dtype,
                                  .source = source->number,
                                  .rank = (uint16_t) given->rank,
                                  .flags = (uint8_t) (given->flags & (TENON_FORTRAN | TENON_BIG_ENDIAN)) };
    if (array->lay == TN_LAY_STRIDES)
        TN_TRY (tn_catalog_lay (own, stored, given->strides, array->low, array->span, error));
    bool cast = given->as != TENON_NONE && given->as != given->dtype;
    if (cast)
        TN_TRY (set_cast (plan, array, stored, &origin, error));
    TN_TRY (tn_plan_add_entry (plan, array->name, array->name_length, cast ? given->as : given->dtype,
                               given->rank, given->shape, given->flags, &origin, error));
    const struct tn_tensor *entry = tn_catalog_tensor (own, own->count - 1);
    stored->name = entry->name;
    stored->name_length = entry->name_length;
    stored->shape = entry->shape;
    plan->unnamed += !given->name;
    return TENON_OK;
}

/* ---- adding ---- */

/* Arrays that are added together. Those that lie packed in memory share a source, which begins where the
 * first of them lies: a source for each would cost more than all else. */
struct addition {
    tenon_plan *plan;
    const uint8_t *first; /* NULL: they are too far apart for one source */
    struct tn_source *shared;
    tenon_error *error;
};

/* Beyond it offsets could not be told from negative ones. */
#define MOST_SPAN ((uint64_t) 1 << 62)

static uint64_t
distance_from (const uint8_t *first, const void *data)
{
    return (uint64_t) ((uintptr_t) data - (uintptr_t) first);
}

static tenon_status
share_source (struct addition *addition, const struct tn_array *array, struct tn_source **source,
              uint64_t *offset)
{
    *offset = distance_from (addition->first, array->given.data);
    if (!addition->shared) {
        TN_TRY (tn_source_memory (addition->first, 0, NULL, &addition->shared, addition->error));
        TN_TRY (tn_catalog_add_source (addition->plan->own, addition->shared, addition->error));
    }
    *source = addition->shared;
    (*source)->size = TN_MAX ((*source)->size, *offset + array->bytes);
    return TENON_OK;
}

static tenon_status
find_bytes (struct addition *addition, const struct tn_array *array, struct tn_source **source,
            uint64_t *offset)
{
    const tenon_array *given = &array->given;
    *offset = array->low;
    if (!given->data && given->fill) {
        tenon_reader reader = {
            .struct_size = sizeof reader, .size = array->bytes, .read_at = given->fill, .user = given->user
        };
        return tn_plan_add_reader (addition->plan, &reader, source, addition->error);
    }
    if (given->data && !given->strides && addition->first)
        return share_source (addition, array, source, offset);
    const uint8_t *first = given->data ? (const uint8_t *) given->data - array->low : NULL;
    TN_TRY (tn_source_memory (first, array->span, NULL, source, addition->error));
    return tn_catalog_add_source (addition->plan->own, *source, addition->error);
}

static tenon_status
add_array (struct addition *addition, const tenon_array *theirs)
{
    struct tn_array array;
    struct tn_source *source;
    uint64_t offset;
    TN_TRY (tn_array_read (&array, addition->plan, theirs, addition->error));
    tenon_status status = tn_array_check (&array, addition->error);
    if (status == TENON_OK)
        status = find_bytes (addition, &array, &source, &offset);
    if (status == TENON_OK)
        status = tn_array_enter (&array, addition->plan, source, offset, addition->error);
    return status < 0 ? tn_plan_fail_in (addition->error, array.name, array.name_length) : TENON_OK;
}

/* Finds where the shared source begins. All must have the size of the first. */
static tenon_status
survey_arrays (struct addition *addition, const tenon_array *arrays, uint64_t count)
{
    uintptr_t low = UINTPTR_MAX, high = 0;
    uint32_t size = arrays->struct_size;
    if (size < offsetof (tenon_array, fill))
        return tn_fail (addition->error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_array needs its struct_size, and data or fill");
    for (uint64_t i = 0; i < count; i++) {
        const void *at = (const char *) arrays + i * size, *data;
        uint32_t own;
        memcpy (&own, at, sizeof own);
        memcpy (&data, (const char *) at + offsetof (tenon_array, data), sizeof data);
        if (own != size)
            return tn_fail (addition->error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "array %llu has another struct_size than the first", (unsigned long long) i);
        if (!data)
            continue;
        low = TN_MIN (low, (uintptr_t) data);
        high = TN_MAX (high, (uintptr_t) data);
    }
    addition->first = low <= high && high - low < MOST_SPAN ? (const uint8_t *) low : NULL;
    return TENON_OK;
}

tenon_status
tn_plan_add_arrays (tenon_plan *plan, const tenon_array *arrays, uint64_t count, tenon_error *error)
{
    struct addition addition = { .plan = plan, .error = error };
    struct tn_plan_mark mark = tn_plan_mark (plan);
    tenon_status status = count > 0 ? survey_arrays (&addition, arrays, count) : TENON_OK;
    if (status == TENON_OK)
        tn_catalog_expect (plan->own, count);
    for (uint64_t i = 0; i < count && status == TENON_OK; i++)
        status = add_array (&addition, (const void *) ((const char *) arrays + i * arrays->struct_size));
    return tn_plan_settle (plan, &mark, error);
}

TENON_API tenon_status
tenon_plan_add_many (tenon_plan *plan, const tenon_array *arrays, uint64_t count, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, arrays || !count, "arrays"))
        tn_plan_add_arrays (plan, arrays, count, &mine);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error)
{
    tenon_error mine;
    tn_error_clear (&mine);
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, array, "array"))
        tn_plan_add_arrays (plan, array, 1, &mine);
    return tn_error_out (error, &mine);
}
