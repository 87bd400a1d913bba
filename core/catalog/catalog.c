/* SPDX-License-Identifier: MIT */
/* catalog.c - the tensors, metadata and sources of a file. */
#include "catalog/catalog.h"
#include "base/budget.h"
#include "source/apart.h"
#include "source/file_pool.h"
#include <stdio.h>

struct tn_catalog *
tn_catalog_new (tenon_context *context)
{
    struct tn_catalog *catalog = calloc (1, sizeof *catalog);
    if (!catalog)
        return NULL;
    if (context->zygote && !(catalog->apart = tn_apart_new (context))) {
        free (catalog);
        return NULL;
    }
    atomic_init (&catalog->references, 1);
    catalog->context = context;
    catalog->first_segment = TN_FIRST_SEGMENT;
    tn_store_begin (&catalog->store);
    catalog->names.key = catalog->keys.key = catalog->words.key = &context->hash_key;
    return catalog;
}

void
tn_catalog_set_budget (struct tn_catalog *catalog, struct tn_budget *budget)
{
    catalog->budget = catalog->arena.budget = catalog->store.budget = budget;
    catalog->names.budget = catalog->keys.budget = catalog->words.budget = budget;
}

struct tn_catalog *
tn_catalog_keep (struct tn_catalog *catalog)
{
    atomic_fetch_add (&catalog->references, 1);
    return catalog;
}

void
tn_catalog_drop (struct tn_catalog *catalog)
{
    if (!catalog || atomic_fetch_sub (&catalog->references, 1) > 1)
        return;
    if (catalog->locators)
        catalog->locating->forget (catalog);
    for (unsigned i = 0; i < TN_SEGMENTS; i++)
        free (catalog->segments[i]);
    tn_store_end (&catalog->store);
    for (uint64_t i = catalog->source_count; i-- > 0;) /* parts before their parents */
        tn_source_free (catalog->sources[i]);
    tn_file_pool_free (catalog->files);
    for (uint64_t i = 0; i < catalog->description_count; i++) {
        free (catalog->descriptions[i].sources);
        tn_claims_free (catalog->descriptions[i].claims);
    }
    tn_apart_free (catalog->apart);
    free (catalog->sources);
    free (catalog->descriptions);
    free (catalog->dtypes);
    free (catalog->metadata);
    free (catalog->remarks);
    free (catalog->omissions);
    free (catalog->names.slots);
    free (catalog->keys.slots);
    free (catalog->words.slots);
    tn_overlay_free (&catalog->overlay);
    tn_arena_free (&catalog->arena);
    free (catalog);
}

tenon_status
tn_catalog_add_source (struct tn_catalog *catalog, struct tn_source *source, tenon_error *error)
{
    if (catalog->source_count >= UINT32_MAX - 1
        || !tn_grow_within (catalog->budget, &catalog->sources, &catalog->source_room, catalog->source_count,
                            sizeof (struct tn_source *))) {
        tn_source_free (source);
        return tn_fail_memory (error);
    }
    source->number = (uint32_t) catalog->source_count;
    if (source->kind != TN_SOURCE_PART)
        source->apart = catalog->apart;
    catalog->sources[catalog->source_count++] = source;
    return TENON_OK;
}

tenon_status
tn_catalog_pool_source (struct tn_catalog *catalog, const char *folder, struct tn_source *source,
                        tenon_error *error)
{
    if (!catalog->files)
        catalog->files = tn_file_pool_new (folder);
    return catalog->files ? tn_file_pool_join (catalog->files, source, TN_LINKS_OF_NAMES, error) : TENON_OK;
}

/* ---- names ---- */

static bool
tensor_has_name (const void *owner, uint64_t index, const char *text, uint64_t length)
{
    const struct tn_tensor *tensor = tn_catalog_tensor (owner, index);
    return tensor->name_length == length && memcmp (tensor->name, text, length) == 0;
}

static bool
entry_has_key (const void *owner, uint64_t index, const char *text, uint64_t length)
{
    const struct tn_metadata *entry = &((const struct tn_catalog *) owner)->metadata[index];
    return entry->key_length == length && memcmp (entry->key, text, length) == 0;
}

/* Chunks of the arena for so many names and shapes. */
#define EXPECTED_BYTES 48u

void
tn_catalog_expect (struct tn_catalog *catalog, uint64_t tensors)
{
    tn_names_grow (&catalog->names, tensors); /* without memory it grows as it goes */
    if (catalog->segments[0] || tensors >= UINT32_MAX)
        return;
    while ((uint64_t) 1 << catalog->first_segment < tensors)
        catalog->first_segment++;
    tn_arena_expect (&catalog->arena, tensors * EXPECTED_BYTES);
}

bool
tn_catalog_find (const struct tn_catalog *catalog, const char *name, uint64_t length, uint64_t *index)
{
    return tn_names_find (&catalog->names, catalog, tensor_has_name, name, length, index);
}

bool
tn_catalog_find_key (const struct tn_catalog *catalog, const char *key, uint64_t length, uint64_t *index)
{
    return tn_names_find (&catalog->keys, catalog, entry_has_key, key, length, index);
}

void
tn_catalog_renumber (struct tn_catalog *catalog)
{
    tn_names_clear (&catalog->names);
    tn_names_clear (&catalog->keys);
    catalog->entered = catalog->count;
    for (uint64_t i = 0; i < catalog->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (catalog, i);
        tn_names_enter (&catalog->names, catalog, tensor_has_name, tensor->name, tensor->name_length, i);
    }
    for (uint64_t i = 0; i < catalog->metadata_count; i++)
        tn_names_enter (&catalog->keys, catalog, entry_has_key, catalog->metadata[i].key,
                        catalog->metadata[i].key_length, i);
}

/* ---- tensors ---- */

struct tn_tensor *
tn_catalog_slot (struct tn_catalog *catalog)
{
    uint64_t index = catalog->count;
    if (index >= UINT32_MAX - 1)
        return NULL;
    uint64_t above = index >> catalog->first_segment;
    unsigned segment = above == 0 ? 0 : 64u - (unsigned) __builtin_clzll (above);
    if (!catalog->segments[segment]) {
        uint64_t size = (uint64_t) sizeof (struct tn_tensor)
                        << (catalog->first_segment + (segment == 0 ? 0 : segment - 1));
        if (!tn_budget_draw (catalog->budget, size)
            || !(catalog->segments[segment] = tn_get_large (size, false)))
            return NULL;
    }
    struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    memset (tensor, 0, sizeof *tensor);
    return tensor;
}

bool
tn_catalog_give_shape (struct tn_catalog *catalog, struct tn_tensor *tensor, uint32_t rank,
                       const uint64_t *shape)
{
    const struct tn_tensor *before =
        catalog->count > 0 ? tn_catalog_tensor (catalog, catalog->count - 1) : NULL;
    size_t size = rank * sizeof *shape;
    uint64_t *copy = NULL;
    tensor->rank = (uint16_t) rank;
    if (before && before->rank == rank && rank > 0 && memcmp (before->shape, shape, size) == 0) {
        tensor->shape = before->shape; /* shapes never change, and neighbours often have the same */
        return true;
    }
    if (rank > 0 && !(copy = tn_arena_get (&catalog->arena, size, false)))
        return false;
    if (copy)
        memcpy (copy, shape, size);
    tensor->shape = copy;
    return true;
}

/* If the names lie in two files of a set, the message names the other; the caller has named this one. */
static tenon_status
fail_name_twice (struct tn_catalog *catalog, const struct tn_tensor *tensor, uint64_t place,
                 tenon_error *error)
{
    uint64_t index = 0, offset = place ? place : TN_NO_OFFSET;
    tn_catalog_find (catalog, tensor->name, tensor->name_length, &index);
    catalog->name_twice = true;
    uint32_t first = tn_catalog_tensor (catalog, index)->source, second = tensor->source;
    if (first < catalog->source_count && second < catalog->source_count) {
        const struct tn_source *other = tn_source_root (catalog->sources[first]);
        if (other != tn_source_root (catalog->sources[second]))
            return tn_fail (error, TENON_E_MALFORMED, offset, "the name occurs twice: %s has it, too",
                            TN_SHOW (other->name));
    }
    return tn_fail (error, TENON_E_MALFORMED, offset, "the name occurs twice");
}

tenon_status
tn_catalog_enter_names (struct tn_catalog *catalog, tenon_error *error)
{
    struct tn_names *names = &catalog->names;
    while (catalog->entered < catalog->count) {
        uint64_t hashes[TN_NAMES_AT_ONCE], first = catalog->entered;
        uint64_t count = TN_MIN (catalog->count - first, (uint64_t) TN_NAMES_AT_ONCE);
        if (!tn_names_grow (names, count))
            return tn_fail_memory (error);
        /* the slots of a hundred thousand names are in no cache: misses that overlap cost little more than
         * one */
        for (uint64_t i = 0; i < count; i++) {
            const struct tn_tensor *tensor = tn_catalog_tensor (catalog, first + i);
            hashes[i] = tn_names_hash (names, tensor->name, tensor->name_length);
            tn_names_prefetch (names, hashes[i]);
        }
        for (uint64_t i = 0; i < count; i++) {
            const struct tn_tensor *tensor = tn_catalog_tensor (catalog, first + i);
            if (!tn_names_enter_hash (names, catalog, tensor_has_name, hashes[i], tensor->name,
                                      tensor->name_length, first + i)) {
                if (tensor->source < catalog->source_count)
                    tn_source_fail_in (catalog->sources[tensor->source], error);
                tn_fail_in (error, NULL, tensor->name);
                return fail_name_twice (catalog, tensor, catalog->places[(first + i) % TN_NAMES_AT_ONCE],
                                        error);
            }
            catalog->entered++;
        }
    }
    return TENON_OK;
}

tenon_status
tn_catalog_commit (struct tn_catalog *catalog, tenon_error *error)
{
    TN_TRY (tn_catalog_enter_names (catalog, error));
    catalog->places[catalog->count % TN_NAMES_AT_ONCE] = 0;
    catalog->count++;
    tenon_status status = tn_catalog_enter_names (catalog, error);
    catalog->count -= status < 0;
    return status;
}

tenon_status
tn_catalog_commit_later (struct tn_catalog *catalog, uint64_t place, tenon_error *error)
{
    catalog->places[catalog->count % TN_NAMES_AT_ONCE] = place;
    catalog->count++;
    bool wait = catalog->names_wait || catalog->count - catalog->entered < TN_NAMES_AT_ONCE;
    return wait ? TENON_OK : tn_catalog_enter_names (catalog, error);
}

/* ---- metadata ---- */

tenon_status
tn_catalog_add_metadata (struct tn_catalog *catalog, const char *key, uint64_t length,
                         const struct tenon_value *value, bool replace, tenon_error *error)
{
    const uint64_t *limits = catalog->context->limits;
    uint64_t index, bytes = catalog->metadata_bytes + length;
    struct tenon_value copy;
    bool known = tn_catalog_find_key (catalog, key, length, &index);
    char shown[200];
    tn_escape (shown, sizeof shown, key, length);
    if (known && !replace)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "the metadata key '%s' occurs twice", shown);
    if (!known && catalog->metadata_count >= limits[TENON_LIMIT_METADATA_ENTRIES])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu metadata entries; raise metadata_entries in [limits] to read them",
                        (unsigned long long) limits[TENON_LIMIT_METADATA_ENTRIES]);
    if (tn_value_copy (&catalog->arena, value, &copy, catalog->context, &bytes, error) < 0) {
        if (error->status == TENON_E_LIMIT || error->status == TENON_E_MEMORY)
            return error->status;
        char why[sizeof error->message];
        memcpy (why, error->message, sizeof why);
        snprintf (error->message, sizeof error->message, "metadata key '%s': %.700s", shown, why);
        return error->status;
    }
    catalog->metadata_bytes = bytes;
    if (catalog->metadata_bytes > limits[TENON_LIMIT_METADATA_BYTES])
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu bytes of metadata; raise metadata_bytes in [limits] to read them",
                        (unsigned long long) limits[TENON_LIMIT_METADATA_BYTES]);
    if (known) {
        catalog->metadata[index].value = copy;
        return TENON_OK;
    }
    char *text = tn_arena_text (&catalog->arena, key, length);
    if (!text
        || !tn_grow_within (catalog->budget, &catalog->metadata, &catalog->metadata_room,
                            catalog->metadata_count, sizeof (struct tn_metadata)))
        return tn_fail_memory (error);
    catalog->metadata[catalog->metadata_count] = (struct tn_metadata){ text, length, copy };
    if (tn_names_enter (&catalog->keys, catalog, entry_has_key, text, length, catalog->metadata_count) < 0)
        return tn_fail_memory (error);
    catalog->metadata_count++;
    return TENON_OK;
}

tenon_status
tn_catalog_forget_metadata (struct tn_catalog *catalog, uint64_t first, tenon_error *error)
{
    if (catalog->metadata_count == first)
        return TENON_OK;
    catalog->metadata_count = first;
    if (tn_budget_work (catalog->budget, TN_WORK_LOOKUP * (first + 1)) < 0)
        return error->status;
    tn_names_clear (&catalog->keys);
    for (uint64_t i = 0; i < first; i++)
        tn_names_enter (&catalog->keys, catalog, entry_has_key, catalog->metadata[i].key,
                        catalog->metadata[i].key_length, i);
    return TENON_OK;
}
