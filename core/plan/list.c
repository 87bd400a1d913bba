/* SPDX-License-Identifier: MIT */
/* list.c - lists the tensors and the metadata of a plan. */
#include "plan/plan.h"

/* ---- tensors ---- */

TENON_API uint64_t
tenon_plan_count (const tenon_plan *plan)
{
    return plan ? plan->count : 0;
}

/* The path of the file that a tensor comes from; "": it comes from the program. */
static const char *
path_of_origin (const struct tn_origin *origin)
{
    const struct tn_source *source = tn_origin_source (origin);
    while (source->kind == TN_SOURCE_PART)
        source = source->parent;
    return !origin->from_file ? "" : source->path ? source->path : source->name;
}

static uint64_t
count_entry_items (const struct tn_tensor *entry)
{
    uint64_t items = entry->flags & TENON_NO_SHAPE ? 0 : 1;
    for (uint32_t i = 0; i < entry->rank; i++)
        if (tn_multiply (items, entry->shape[i], &items))
            return 0; /* of a tensor that cannot be read: the shape of any other was checked */
    return items;
}

TENON_API tenon_status
tenon_plan_get (const tenon_plan *plan, uint64_t index, tenon_tensor_info *info)
{
    if (!plan)
        return TENON_E_MISUSE;
    if (index >= plan->count)
        return TENON_E_NOT_FOUND;
    const struct tn_catalog *own = plan->own;
    const struct tn_origin *origin = &plan->origins[index];
    const struct tn_tensor *entry = tn_catalog_tensor (own, index);
    const struct tenon_dtype *dtype = tn_catalog_dtype (own, entry->dtype);
    const struct tn_remark *fault = tn_catalog_fault (own, entry);
    bool converted = origin->tally != NULL;
    tenon_tensor_info found = { .struct_size = sizeof found,
                                .dtype = entry->dtype,
                                .name = entry->name,
                                .name_length = entry->name_length,
                                .dtype_name = fault && fault->dtype ? fault->dtype
                                              : dtype               ? tn_dtype_label (dtype)
                                                                    : "?",
                                .rank = entry->rank,
                                .flags = entry->flags | (converted ? TENON_CONVERTED : 0),
                                .shape = entry->shape,
                                .elements = count_entry_items (entry),
                                .nbytes = entry->length,
                                .source_name = path_of_origin (origin),
                                .unreadable = fault ? fault->status : TENON_OK,
                                .why = fault ? fault->why : NULL };
    return tn_reply_struct (info, &found, sizeof found);
}

static uint64_t
length_of (const char *text, uint64_t length)
{
    return length == TENON_NUL ? strlen (text) : length;
}

TENON_API tenon_status
tenon_plan_find (const tenon_plan *plan, const char *name, uint64_t name_length, uint64_t *index)
{
    uint64_t found;
    if (!plan || !name || !index)
        return TENON_E_MISUSE;
    if (!tn_catalog_find (plan->own, name, length_of (name, name_length), &found))
        return TENON_E_NOT_FOUND;
    *index = found;
    return TENON_OK;
}

/* ---- metadata ---- */

/* Entries that were removed have no key. They are closed up when the program looks at the others, and not one
 * by one, which would take quadratic time. */
static void
close_up (tenon_plan *plan)
{
    struct tn_catalog *own = plan->own;
    uint64_t kept = 0;
    if (!plan->removed)
        return;
    for (uint64_t i = 0; i < own->metadata_count; i++)
        if (own->metadata[i].key_length > 0)
            own->metadata[kept++] = own->metadata[i];
    own->metadata_count = kept;
    tn_catalog_renumber (own);
    plan->removed = false;
}

TENON_API uint64_t
tenon_plan_metadata_count (tenon_plan *plan)
{
    if (!plan)
        return 0;
    close_up (plan);
    return plan->own->metadata_count;
}

TENON_API tenon_status
tenon_plan_metadata_get (tenon_plan *plan, uint64_t index, tenon_metadata_info *info)
{
    if (!plan)
        return TENON_E_MISUSE;
    close_up (plan);
    if (index >= plan->own->metadata_count)
        return TENON_E_NOT_FOUND;
    const struct tn_metadata *entry = &plan->own->metadata[index];
    tenon_metadata_info found = { sizeof found, 0, entry->key, entry->key_length, entry->value };
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API tenon_status
tenon_plan_metadata_find (tenon_plan *plan, const char *key, uint64_t key_length, uint64_t *index)
{
    uint64_t found;
    if (!plan || !key || !index)
        return TENON_E_MISUSE;
    close_up (plan);
    if (!tn_catalog_find_key (plan->own, key, length_of (key, key_length), &found))
        return TENON_E_NOT_FOUND;
    *index = found;
    return TENON_OK;
}
