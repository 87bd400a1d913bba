/* SPDX-License-Identifier: MIT */
/* metadata.c - adds metadata to a plan: values of the application, and those of files and of other plans. */
#include "catalog/file.h"
#include "plan/entries.h"
#include "plan/plan.h"

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
        if (tn_value_is_packed (value) && value->source != TENON_NO_SOURCE)
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

tenon_status
tn_plan_take_metadata (tenon_plan *plan, tenon_file *file, tenon_error *error)
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
        tn_plan_take_metadata (plan, file, &mine);
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
        if (tn_value_is_packed (value) && value->source != TENON_NO_SOURCE)
            return false;
        if (most-- == 0)
            break;
    }
    return true;
}

tenon_status
tn_plan_set_value (tenon_plan *plan, const char *key, uint64_t length, const struct tenon_value *value,
                   tenon_error *error)
{
    uint64_t most = plan->context->limits[TENON_LIMIT_METADATA_BYTES] / sizeof (struct tenon_value), index;
    length = length == TENON_NUL ? strlen (key) : length;
    const char *shown = TN_SHOW_SOME (key, TN_MIN (length, 200));
    if (length == 0 || length > UINT32_MAX || !tn_utf8 (key, length))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a metadata key must be valid UTF-8, not empty and without NUL; it is '%s'", shown);
    if (!lies_in_memory (value, most))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "metadata key '%s': an array's source must be TENON_NO_SOURCE", shown);
    TN_TRY (tn_catalog_add_metadata (plan->own, key, length, value, true, error));
    if (tn_catalog_find_key (plan->own, key, length, &index))
        plan->own->metadata[index].given = true;
    return TENON_OK;
}

TENON_API tenon_status
tenon_plan_put_metadata (tenon_plan *plan, const char *key, uint64_t key_length,
                         const struct tenon_value *value, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key") && TN_GIVEN (&mine, value, "value"))
        tn_plan_set_value (plan, key, key_length, value, &mine);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_add_metadata (tenon_plan *plan, const char *key, const struct tenon_value *value,
                         tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key") && TN_GIVEN (&mine, value, "value"))
        tn_plan_set_value (plan, key, TENON_NUL, value, &mine);
    return tn_error_out (error, &mine);
}
