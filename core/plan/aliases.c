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

/* True if each tensor lies behind the one before it, as those of a file mostly do: then no two are the same
 * bytes, and nothing need be hashed. Forgets the twins that were found before. */
static bool
places_rise (tenon_plan *plan)
{
    struct place last = { 0 }, place;
    bool rise = true;
    for (uint64_t i = 0; i < plan->count; i++) {
        plan->origins[i].twin = TENON_AUTO;
        if (!rise || !locate_bytes (&plan->origins[i], &place))
            continue;
        rise = place.root > last.root || (place.root == last.root && place.offset > last.offset);
        last = place;
    }
    return rise;
}

tenon_status
tn_plan_find_aliases (tenon_plan *plan, tenon_error *error)
{
    if (places_rise (plan))
        return TENON_OK;
    uint64_t size = 32;
    while (size < plan->count * 2)
        size *= 2;
    TN_FREE uint32_t *slots = calloc (size, sizeof *slots); /* number + 1; 0: free */
    if (!slots)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < plan->count; i++) {
        struct tn_origin *origin = &plan->origins[i];
        struct place place;
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

/* ---- tensors that share some of their bytes ---- */

/* The bytes that a tensor reaches in its source, and how many are written for it. */
struct extent {
    const struct tn_source *source;
    uint64_t begin, end, written, number;
};

static int
compare_extents (const void *left, const void *right)
{
    const struct extent *a = left, *b = right;
    if (a->source != b->source)
        return (uintptr_t) a->source < (uintptr_t) b->source ? -1 : 1;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Only codecs that mark their tensors as aliases describe any that overlap. */
static uint64_t
collect_extents (const tenon_plan *plan, struct extent *extents)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < plan->count; i++) {
        const struct tn_origin *origin = &plan->origins[i];
        const struct tn_tensor *tensor = origin->tensor;
        struct place place;
        if (!(tensor->flags & TENON_ALIAS) || origin->twin != TENON_AUTO || tensor->storage != TENON_EXTENT
            || !locate_bytes (origin, &place))
            continue;
        struct extent *extent = &extents[count++];
        *extent =
            (struct extent){ .source = tn_origin_source (origin), .written = tensor->length, .number = i };
        tn_tensor_range (origin->catalog, tensor, &extent->begin, &extent->end);
        extent->end += extent->begin;
    }
    return count;
}

/* What is told: the number of all tensors that share bytes with others, the first two of a group of them, and
 * what sharing would have saved. */
struct sharing {
    uint64_t tensors, bytes, first, second;
};

static void
note_number (struct sharing *group, uint64_t number)
{
    if (number < group->first) {
        group->second = group->first;
        group->first = number;
    } else if (number < group->second)
        group->second = number;
}

/* Looks at the extents that overlap each other, from number `at` on; returns the number behind them. */
static uint64_t
look_at_group (const struct extent *extents, uint64_t at, uint64_t count, struct sharing *sharing)
{
    const struct extent *first = &extents[at];
    struct sharing group = { .first = UINT64_MAX, .second = UINT64_MAX };
    uint64_t end = first->end, written = 0;
    for (; at < count && extents[at].source == first->source && extents[at].begin < end; at++) {
        end = TN_MAX (end, extents[at].end);
        written += extents[at].written;
        group.tensors++;
        note_number (&group, extents[at].number);
    }
    if (group.tensors < 2 || written <= end - first->begin)
        return at;
    if (group.first < sharing->first || sharing->tensors == 0) {
        sharing->first = group.first;
        sharing->second = group.second;
    }
    sharing->tensors += group.tensors;
    sharing->bytes += written - (end - first->begin);
    return at;
}

tenon_status
tn_plan_tell_shared (const tenon_plan *plan, tenon_report *report, tenon_error *error)
{
    struct sharing sharing = { 0 };
    if (!report)
        return TENON_OK;
    TN_FREE struct extent *extents = malloc ((plan->count + 1) * sizeof *extents);
    if (!extents)
        return tn_fail_memory (error);
    uint64_t count = collect_extents (plan, extents);
    if (count > 1)
        qsort (extents, count, sizeof *extents, compare_extents);
    for (uint64_t at = 0; at < count;)
        at = look_at_group (extents, at, count, &sharing);
    if (sharing.tensors > 0)
        tn_report_add (
            report, TENON_NOTE, TENON_OK, 0, tn_catalog_tensor (plan->own, sharing.first)->name, "",
            "%llu tensors, this one and '%.200s' among them, share bytes in their source; each "
            "was written separately, which takes %llu bytes more",
            (unsigned long long) sharing.tensors, tn_catalog_tensor (plan->own, sharing.second)->name,
            (unsigned long long) sharing.bytes);
    return TENON_OK;
}
