/* SPDX-License-Identifier: MIT */
/* aliases.c - finds tensors of a plan that are the same bytes: tied weights of a file, or an array that was
 * added twice. */
#include "plan/aliases.h"
#include "base/report.h"

/* Where the bytes of a tensor begin, and what makes a tensor of them. Compared and hashed as bytes, so it has
 * no padding. */
struct place {
    uint64_t root, offset, length;
    uint32_t dtype, target;
};

/* False: its bytes lie at no place that can be compared. */
static bool
locate_bytes (const struct tn_origin *origin, struct place *place)
{
    const struct tn_tensor *tensor = origin->tensor;
    if (tensor->length == 0 || (tensor->flags & TENON_NO_SHAPE) || tn_catalog_fault (origin->catalog, tensor))
        return false;
    *place = (struct place){ .length = tensor->length, .dtype = tensor->dtype, .target = origin->target };
    const struct tn_source *source = tn_origin_source (origin);
    if (tensor->storage != TENON_EXTENT)
        place->root = (uintptr_t) tensor;
    else if (source->kind == TN_SOURCE_MEMORY)
        place->root = (uintptr_t) atomic_load_explicit (&source->base, memory_order_relaxed) + tensor->offset;
    else {
        place->root = (uintptr_t) source;
        place->offset = tensor->offset;
    }
    return true;
}

static bool
is_same_tensor (const struct tn_catalog *catalog, const struct tn_tensor *a, const struct tn_tensor *b)
{
    uint32_t layout = TENON_FORTRAN | TENON_BIG_ENDIAN;
    const struct tn_remark *lay_a = tn_tensor_strides (catalog, a), *lay_b = tn_tensor_strides (catalog, b);
    if (a->rank != b->rank || ((a->flags ^ b->flags) & layout) || !lay_a != !lay_b)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]
            || (lay_a && a->shape[i] > 1 && lay_a->strides[i] != lay_b->strides[i]))
            return false;
    return true;
}

/* The tensor in the slot is the same bytes. Dtypes are numbers of a catalog, so catalogs must agree. */
static bool
is_twin (const tenon_plan *plan, uint64_t other, const struct tn_origin *origin, const struct place *place)
{
    const struct tn_origin *first = &plan->origins[other];
    struct place found;
    return first->catalog == origin->catalog && locate_bytes (first, &found)
           && memcmp (&found, place, sizeof found) == 0
           && is_same_tensor (first->catalog, first->tensor, origin->tensor);
}

tenon_status
tn_plan_find_aliases (tenon_plan *plan, tenon_error *error)
{
    uint64_t size = 32;
    while (size < plan->count * 2)
        size *= 2;
    TN_FREE uint32_t *slots = calloc (size, sizeof *slots); /* number + 1; 0: free */
    if (!slots)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < plan->count; i++) {
        struct tn_origin *origin = &plan->origins[i];
        struct place place;
        origin->twin = TENON_AUTO;
        if (!locate_bytes (origin, &place))
            continue;
        uint64_t at = tn_hash (&plan->context->hash_key, (const char *) &place, sizeof place) & (size - 1);
        while (slots[at] && !is_twin (plan, slots[at] - 1, origin, &place))
            at = (at + 1) & (size - 1);
        if (slots[at])
            origin->twin = slots[at] - 1;
        else
            slots[at] = (uint32_t) (i + 1);
    }
    return TENON_OK;
}

void
tn_plan_tell_twice (const tenon_plan *plan, const bool *done, tenon_report *report)
{
    for (uint64_t i = 0; report && i < plan->count; i++) {
        uint64_t twin = plan->origins[i].twin;
        if (twin == TENON_AUTO || !done[i])
            continue;
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, tn_catalog_tensor (plan->own, i)->name, "",
                       "written twice: it shares its bytes with '%.300s'",
                       tn_catalog_tensor (plan->own, twin)->name);
    }
}
