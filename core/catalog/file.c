/* SPDX-License-Identifier: MIT */
/* file.c - an open file: its memory, and what it holds. */
#include "catalog/file.h"
#include "base/report.h"
#include <sys/mman.h>

TENON_API void
tenon_memory_free (tenon_memory *memory)
{
    if (!memory)
        return;
    if (memory->base)
        munmap (memory->base, memory->size);
    tn_arena_free (&memory->arena);
    free (memory);
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

/* ---- tensors and metadata ---- */

TENON_API tenon_status
tenon_file_get (const tenon_file *file, tenon_file_info *info)
{
    if (!file)
        return TENON_E_MISUSE;
    const struct tn_catalog *catalog = file->catalog;
    tenon_file_info found = { sizeof found,
                              0,
                              file->path,
                              file->context->registry.codecs[file->codec]->table.id,
                              catalog->sources[0]->size,
                              catalog->count,
                              catalog->metadata_count,
                              catalog->source_count,
                              file->elements,
                              file->nbytes,
                              catalog->unreadable };
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API const tenon_report *
tenon_file_report (const tenon_file *file)
{
    return file ? file->report : NULL;
}

TENON_API uint64_t
tenon_count (const tenon_file *file)
{
    return file ? file->catalog->count : 0;
}

/* The place in the outermost file: of the data, or of the outermost member that must be decoded first. */
static void
place_of (const struct tn_tensor *tensor, struct tn_source *source, tenon_tensor_info *info)
{
    info->offset = tensor->offset;
    info->stored = tensor->length;
    while (source->kind == TN_SOURCE_PART) {
        if (source->pipeline) {
            info->filter = source->pipeline->text;
            info->offset = 0;
            info->stored = source->stored;
        }
        info->offset += source->offset;
        source = source->parent;
    }
    if (tensor->storage == TENON_SERVED)
        info->stored = 0;
    info->source_name = source->path ? source->path : source->name;
}

static void
tell_strides (const struct tn_catalog *catalog, const struct tn_tensor *tensor, tenon_tensor_info *info)
{
    const struct tn_remark *lay = tn_tensor_strides (catalog, tensor);
    if (!lay)
        return;
    info->strides = lay->strides;
    if (!info->filter)
        info->stored = lay->span;
}

/* The product of a shape that was checked if the tensor can be read; 0: it is not known. */
static uint64_t
count_elements (const struct tn_tensor *tensor)
{
    uint64_t elements = tensor->flags & TENON_NO_SHAPE ? 0 : 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] == 0)
            return 0;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (tn_multiply (elements, tensor->shape[i], &elements))
            return 0;
    return elements;
}

/* What is known of a tensor that cannot be read. */
static void
tell_fault (const struct tn_catalog *catalog, const struct tn_tensor *tensor, tenon_tensor_info *info)
{
    const struct tn_remark *fault = tn_catalog_fault (catalog, tensor);
    if (!fault)
        return;
    info->unreadable = fault->status;
    info->why = fault->why;
    if (fault->dtype)
        info->dtype_name = fault->dtype;
    info->flags &= ~(uint32_t) TENON_ALIAS;
    /* the length of the data is known by dtype and shape only: that in the file may be another one */
    uint64_t elements, bytes;
    tenon_error ignored = TENON_ERROR_INIT;
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, tensor->dtype);
    bool sized =
        dtype && !(tensor->flags & TENON_NO_SHAPE)
        && tn_shape_bytes (dtype, tensor->rank, tensor->shape, &elements, &bytes, &ignored) == TENON_OK;
    info->nbytes = sized ? bytes : 0;
}

TENON_API tenon_status
tenon_get (const tenon_file *file, uint64_t index, tenon_tensor_info *info)
{
    if (!file)
        return TENON_E_MISUSE;
    const struct tn_catalog *catalog = file->catalog;
    if (index >= catalog->count)
        return TENON_E_NOT_FOUND;
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, tensor->dtype);
    tenon_tensor_info found = { .struct_size = sizeof found,
                                .dtype = tensor->dtype,
                                .name = tensor->name,
                                .name_length = tensor->name_length,
                                .dtype_name = dtype ? tn_dtype_label (dtype) : "?",
                                .rank = tensor->rank,
                                .flags = tensor->flags,
                                .shape = tensor->shape,
                                .elements = count_elements (tensor),
                                .nbytes = tensor->length,
                                .storage = tensor->storage,
                                .source = tensor->source };
    place_of (tensor, catalog->sources[tensor->source], &found);
    tell_strides (catalog, tensor, &found);
    tell_fault (catalog, tensor, &found);
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API tenon_status
tenon_find (const tenon_file *file, const char *name, uint64_t *index)
{
    uint64_t found;
    if (!file || !name || !index)
        return TENON_E_MISUSE;
    if (!tn_catalog_find (file->catalog, name, strlen (name), &found))
        return TENON_E_NOT_FOUND;
    *index = found;
    return TENON_OK;
}

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
    return array->type == TENON_ARRAY && array->source < catalog->source_count
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
    if (array->type != TENON_ARRAY || array->item_type == TENON_ARRAY)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET,
                        "only arrays of numbers or strings have their items in one piece");
    if (array->source == TENON_NO_SOURCE) {
        *data = array->as.memory;
        return TENON_OK;
    }
    if (!source || array->offset > source->size || array->length > source->size - array->offset)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the array is none of this file");
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
