/* SPDX-License-Identifier: MIT */
/* file.c - an open file: its memory, its metadata and its dtypes. */
#include "catalog/file.h"
#include "base/report.h"
#include <sys/mman.h>

static void
leave_slab (struct tn_memory_slab *slab)
{
    if (atomic_fetch_sub_explicit (&slab->users, 1, memory_order_acq_rel) > 1)
        return;
    if (slab->base)
        munmap (slab->base, slab->size);
    free (slab);
}

TENON_API void
tenon_memory_free (tenon_memory *memory)
{
    if (!memory)
        return;
    if (memory->slab) {
        leave_slab (memory->slab);
        return;
    }
    if (memory->base)
        munmap (memory->base, memory->size);
    tn_arena_free (&memory->arena);
    free (memory);
}

void
tn_file_hand_over (tenon_file *file, tenon_memory *memory, tenon_memory **result)
{
    if (result) {
        *result = memory;
        return;
    }
    pthread_mutex_lock (&file->lock);
    memory->next = file->memory;
    file->memory = memory;
    pthread_mutex_unlock (&file->lock);
}

TENON_API void
tenon_close (tenon_file *file)
{
    if (!file)
        return;
    while (file->memory) {
        tenon_memory *memory = file->memory;
        file->memory = memory->next;
        tenon_memory_free (memory);
    }
    tn_catalog_drop (file->catalog);
    tenon_report_free (file->report);
    pthread_mutex_destroy (&file->lock);
    free (file->path);
    free (file);
}

/* ---- metadata ---- */

TENON_API uint64_t
tenon_metadata_count (const tenon_file *file)
{
    return file ? file->catalog->metadata_count : 0;
}

TENON_API tenon_status
tenon_metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info)
{
    if (!file)
        return TENON_E_MISUSE;
    if (index >= file->catalog->metadata_count)
        return TENON_E_NOT_FOUND;
    const struct tn_metadata *entry = &file->catalog->metadata[index];
    tenon_metadata_info found = { sizeof found, 0, entry->key, entry->key_length, entry->value };
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API tenon_status
tenon_metadata_find (const tenon_file *file, const char *key, uint64_t *index)
{
    uint64_t found;
    if (!file || !key || !index)
        return TENON_E_MISUSE;
    if (!tn_catalog_find_key (file->catalog, key, strlen (key), &found))
        return TENON_E_NOT_FOUND;
    *index = found;
    return TENON_OK;
}

/* ---- arrays of metadata ---- */

static struct tn_source *
source_of (const tenon_file *file, const struct tenon_value *array)
{
    const struct tn_catalog *catalog = file->catalog;
    return tn_value_is_packed (array) && array->source < catalog->source_count
               ? catalog->sources[array->source]
               : NULL;
}

/* For the three functions below. `out`: the argument of that name was given. */
static bool
given_array (const char *function, const tenon_file *file, const struct tenon_value *array, bool out,
             const char *name, tenon_error *error)
{
    return TN_GIVEN_TO (function, error, file, "file") && TN_GIVEN_TO (function, error, array, "array")
           && TN_GIVEN_TO (function, error, out, name);
}

/* `rest` NULL: n items from `first` on. Else: the first n items of `rest`, which becomes the array of the
 * others. */
static tenon_status
get_items (const tenon_file *file, const struct tenon_value *array, struct tenon_value *rest, uint64_t first,
           uint64_t n, struct tenon_value *items, tenon_memory **memory, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_source *source = source_of (file, array);
    if (source) {
        tenon_error ignored = TENON_ERROR_INIT; /* reading says what is wrong */
        tn_unpack_when_due (file->context, &file->catalog->store, source, array->offset + array->length,
                            false, &ignored);
        source = tn_source_plain (source);
    }
    bool strings = array->type == TENON_ARRAY && array->item_type == TENON_STRING;
    uint64_t most = file->context->limits[TENON_LIMIT_METADATA_BYTES];
    tenon_memory *kept = strings ? calloc (1, sizeof *kept) : NULL;
    struct tn_arena *arena = kept ? &kept->arena : NULL;
    if (strings && !memory)
        tn_fail (&mine, TENON_E_MISUSE, TN_NO_OFFSET, "strings need a tenon_memory to stay in");
    else if (strings && !kept)
        tn_fail_memory (&mine);
    else if (rest)
        tn_value_take (source, rest, n, items, arena, most, &mine);
    else
        tn_value_items (source, array, first, n, items, arena, most, NULL, &mine);
    if (mine.status == TENON_OK && memory)
        *memory = kept;
    else
        tenon_memory_free (kept);
    if (mine.status < 0)
        tn_fail_in (&mine, file->path, NULL);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_value_items (const tenon_file *file, const struct tenon_value *array, uint64_t first, uint64_t n,
                   struct tenon_value *items, tenon_memory **memory, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (memory)
        *memory = NULL;
    if (!given_array (__func__, file, array, items || n == 0, "items", &mine))
        return tn_error_out (error, &mine);
    return get_items (file, array, NULL, first, n, items, memory, error);
}

TENON_API tenon_status
tenon_value_take (const tenon_file *file, struct tenon_value *array, uint64_t n, struct tenon_value *items,
                  tenon_memory **memory, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (memory)
        *memory = NULL;
    if (!given_array (__func__, file, array, items || n == 0, "items", &mine))
        return tn_error_out (error, &mine);
    return get_items (file, array, array, 0, n, items, memory, error);
}

static tenon_status
map_array (const tenon_file *file, const struct tenon_value *array, const void **data, tenon_error *error)
{
    const char *why;
    struct tn_source *source = source_of (file, array);
    if (!tn_value_is_packed (array))
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "only arrays of numbers or strings have their items in one piece");
    if (array->source == TENON_NO_SOURCE) {
        *data = array->as.memory;
        return TENON_OK;
    }
    if (!source || array->offset > source->size || array->length > source->size - array->offset)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the array does not belong to this file");
    if (source->encoded)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "it is stored through the filter %s",
                        tn_source_filter (source));
    const uint8_t *base = tn_source_map (source->backing, &why);
    if (!base)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    *data = base + source->backing_offset + array->offset;
    return TENON_OK;
}

TENON_API tenon_status
tenon_value_map (const tenon_file *file, const struct tenon_value *array, const void **data, uint64_t *size,
                 tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!given_array (__func__, file, array, data && size, data ? "size" : "data", &mine))
        return tn_error_out (error, &mine);
    *data = NULL;
    *size = 0;
    if (map_array (file, array, data, &mine) == TENON_OK)
        *size = array->length;
    if (mine.status < 0)
        tn_fail_in (&mine, file->path, NULL);
    return tn_error_out (error, &mine);
}

/* ---- element types ---- */

TENON_API tenon_status
tenon_dtype_get (const tenon_context *context, const tenon_file *file, uint32_t dtype,
                 struct tenon_dtype *info)
{
    if ((!context && !file) || !info)
        return TENON_E_MISUSE;
    const struct tenon_dtype *found =
        file ? tn_catalog_dtype (file->catalog, dtype) : tn_dtype_get (context, dtype);
    if (!found)
        return TENON_E_NOT_FOUND;
    return tn_reply_struct (info, found, sizeof *found);
}
