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
    for (unsigned i = 0; i < TN_SEGMENTS; i++)
        free (catalog->segments[i]);
    tn_store_end (&catalog->store);
    for (uint64_t i = catalog->source_count; i-- > 0;) /* parts before their parents */
        tn_source_free (catalog->sources[i]);
    tn_file_pool_free (catalog->files);
    for (uint64_t i = 0; i < catalog->description_count; i++)
        free (catalog->descriptions[i].sources);
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

/* ---- hash tables of names ---- */

/* Both halves are the upper one, since the start of a chain must come from bits that the slot keeps, or
 * growing would need the names again. */
static uint64_t
hash_name (const struct tn_names *names, const char *text, uint64_t length)
{
    uint64_t hash = tn_hash (names->key, text, length) >> 32;
    return hash << 32 | hash;
}

/* Fetches the slot of a hash into the cache. */
static void
prefetch_slot (const struct tn_names *names, uint64_t hash)
{
    __builtin_prefetch (&names->slots[hash & (names->size - 1)], 1);
}

/* The slot that holds the name, or the free one where it belongs. */
static uint64_t *
find_slot (const struct tn_names *names, const void *owner, tn_name_is *is, uint64_t hash, const char *text,
           uint64_t length)
{
    for (uint64_t i = hash & (names->size - 1);; i = (i + 1) & (names->size - 1)) {
        uint64_t slot = names->slots[i];
        if (slot == 0 || (slot >> 32 == hash >> 32 && is (owner, (slot & UINT32_MAX) - 1, text, length)))
            return &names->slots[i];
    }
}

static bool
resize_slots (struct tn_names *names, uint64_t size)
{
    if (!tn_budget_draw (names->budget, size * sizeof *names->slots))
        return false;
    uint64_t *slots = calloc (size, sizeof *slots);
    tn_budget_give_back (names->budget, (slots ? names->size : size) * sizeof *slots);
    if (!slots)
        return false;
    for (uint64_t i = 0; i < names->size; i++) {
        uint64_t slot = names->slots[i];
        if (slot == 0)
            continue;
        uint64_t at = (slot >> 32) & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = slot;
    }
    free (names->slots);
    names->slots = slots;
    names->size = size;
    return true;
}

bool
tn_names_grow (struct tn_names *names, uint64_t more)
{
    uint64_t size = names->size ? names->size : 32;
    while ((names->count + more) * 4 > size * 3)
        size *= 2;
    return size == names->size || resize_slots (names, size);
}

bool
tn_names_enter_hash (struct tn_names *names, const void *owner, tn_name_is *is, uint64_t hash,
                     const char *text, uint64_t length, uint64_t number)
{
    uint64_t *slot = find_slot (names, owner, is, hash, text, length);
    if (*slot)
        return false;
    *slot = (hash & ~(uint64_t) UINT32_MAX) | (number + 1);
    names->count++;
    return true;
}

int
tn_names_enter (struct tn_names *names, const void *owner, tn_name_is *is, const char *text, uint64_t length,
                uint64_t number)
{
    if (!tn_names_grow (names, 1))
        return -1;
    return tn_names_enter_hash (names, owner, is, hash_name (names, text, length), text, length, number);
}

bool
tn_names_find (const struct tn_names *names, const void *owner, tn_name_is *is, const char *text,
               uint64_t length, uint64_t *number)
{
    if (names->size == 0)
        return false;
    uint64_t slot = *find_slot (names, owner, is, hash_name (names, text, length), text, length);
    *number = (slot & UINT32_MAX) - 1;
    return slot != 0;
}

void
tn_names_clear (struct tn_names *names)
{
    names->count = 0;
    if (names->size > 0)
        memset (names->slots, 0, names->size * sizeof *names->slots);
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

void
tn_catalog_expect (struct tn_catalog *catalog, uint64_t tensors)
{
    tn_names_grow (&catalog->names, tensors); /* without memory it grows as it goes */
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
    unsigned segment =
        index < TN_FIRST_SEGMENT ? 0 : 63u - (unsigned) __builtin_clzll (index / TN_FIRST_SEGMENT) + 1;
    if (!catalog->segments[segment]) {
        uint64_t size = segment == 0 ? TN_FIRST_SEGMENT : (uint64_t) TN_FIRST_SEGMENT << (segment - 1);
        if (!tn_budget_draw (catalog->budget, size * sizeof (struct tn_tensor))
            || !(catalog->segments[segment] = malloc (size * sizeof (struct tn_tensor))))
            return NULL;
    }
    struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    memset (tensor, 0, sizeof *tensor);
    return tensor;
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
            hashes[i] = hash_name (names, tensor->name, tensor->name_length);
            prefetch_slot (names, hashes[i]);
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
    if (tn_value_copy (&catalog->arena, value, &copy, limits[TENON_LIMIT_DEPTH], &bytes,
                       limits[TENON_LIMIT_METADATA_BYTES], error)
        < 0) {
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

/* ---- dtypes ---- */

/* The words of an opaque dtype, which tell it from others, in one piece: u64 item size, u32 items_as, u32
 * items_flags, family, NUL, text, NUL. A file may have 65,536 opaque dtypes and a million tensors, so dtypes
 * are found by a hash of their words. */
#define WORDS_HEAD (sizeof (uint64_t) + 2 * sizeof (uint32_t))

static uint64_t
words_length (const struct tenon_dtype *dtype)
{
    return WORDS_HEAD + strlen (dtype->family) + strlen (dtype->text) + 2;
}

static void
put_words (char *to, const struct tenon_dtype *dtype)
{
    memcpy (to, &dtype->block_bytes, sizeof dtype->block_bytes);
    memcpy (to + sizeof dtype->block_bytes, &dtype->items_as, sizeof dtype->items_as);
    memcpy (to + WORDS_HEAD - sizeof dtype->items_flags, &dtype->items_flags, sizeof dtype->items_flags);
    to += WORDS_HEAD;
    memcpy (to, dtype->family, strlen (dtype->family) + 1);
    memcpy (to + strlen (dtype->family) + 1, dtype->text, strlen (dtype->text) + 1);
}

static bool
dtype_has_words (const void *owner, uint64_t index, const char *words, uint64_t length)
{
    const struct tenon_dtype *dtype = ((const struct tn_catalog *) owner)->dtypes[index];
    return words_length (dtype) == length && memcmp (dtype->family - WORDS_HEAD, words, length) == 0;
}

/* A copy of a dtype. Its family and text point into a copy of its words. */
static struct tenon_dtype *
copy_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype, const char *words, uint64_t length)
{
    struct tenon_dtype *copy = tn_arena_get (&catalog->arena, sizeof *copy, true);
    char *text = copy ? tn_arena_text (&catalog->arena, words, length) : NULL;
    if (!text)
        return NULL;
    copy->struct_size = sizeof *copy;
    copy->kind = TENON_KIND_OPAQUE;
    copy->block_items = 1;
    copy->block_bytes = dtype->block_bytes;
    copy->alignment = dtype->alignment;
    copy->swap_size = sizeof (struct tenon_swap_field);
    copy->family = text + WORDS_HEAD;
    copy->items_as = dtype->items_as;
    copy->items_flags = dtype->items_flags;
    copy->text = copy->family + strlen (copy->family) + 1;
    return copy;
}

static bool
has_valid_items (const struct tenon_dtype *dtype)
{
    if (dtype->items_as == TENON_NONE)
        return dtype->items_flags == 0;
    return dtype->items_as < TENON_DTYPE_FIXED && tn_dtype_fixed[dtype->items_as].block_items == 1
           && tn_dtype_fixed[dtype->items_as].block_bytes == dtype->block_bytes
           && (dtype->items_flags & ~(uint32_t) TENON_BIG_ENDIAN) == 0;
}

tenon_status
tn_catalog_add_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype, uint32_t *number,
                      tenon_error *error)
{
    uint64_t first = TENON_DTYPE_DYNAMIC + catalog->context->registry.dtype_count, index;
    if (dtype->kind != TENON_KIND_OPAQUE || !dtype->family || !dtype->family[0] || !dtype->text
        || dtype->block_items > 1 || dtype->block_bytes >= (uint64_t) 1 << 63)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "add_dtype takes opaque dtypes with a family, a text and an item size");
    if (!has_valid_items (dtype))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "items_as must be a fixed dtype with items of the same size");
    uint64_t length = words_length (dtype);
    TN_FREE char *words = malloc (length);
    if (!words)
        return tn_fail_memory (error);
    put_words (words, dtype);
    if (tn_names_find (&catalog->words, catalog, dtype_has_words, words, length, &index)) {
        *number = (uint32_t) (first + index);
        return TENON_OK;
    }
    if (catalog->dtype_count >= 65536)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET, "more than 65536 opaque dtypes in one file");
    struct tenon_dtype *copy = copy_dtype (catalog, dtype, words, length);
    if (!copy
        || !tn_grow_within (catalog->budget, &catalog->dtypes, &catalog->dtype_room, catalog->dtype_count,
                            sizeof (struct tenon_dtype *))
        || tn_names_enter (&catalog->words, catalog, dtype_has_words, words, length, catalog->dtype_count)
               < 0)
        return tn_fail_memory (error);
    *number = (uint32_t) (first + catalog->dtype_count);
    catalog->dtypes[catalog->dtype_count++] = copy;
    return TENON_OK;
}

const struct tenon_dtype *
tn_catalog_dtype (const struct tn_catalog *catalog, uint32_t dtype)
{
    uint64_t first = TENON_DTYPE_DYNAMIC + catalog->context->registry.dtype_count;
    if (dtype < first)
        return tn_dtype_get (catalog->context, dtype);
    return dtype - first < catalog->dtype_count ? catalog->dtypes[dtype - first] : NULL;
}
