/* SPDX-License-Identifier: MIT */
/* look.c - what an open file holds: its tensors, by number and by name. */
#include "base/glob.h"
#include "catalog/file.h"

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
    info->offset += source->origin;
    if (tensor->storage != TENON_EXTENT)
        info->stored = 0;
    info->source_name = source->path ? source->path : source->name;
}

static void
tell_chunks (const struct tn_tensor *tensor, tenon_tensor_info *info)
{
    const struct tn_grid *grid = tensor->served ? tensor->served->grid : NULL;
    if (!grid)
        return;
    info->chunk_shape = tensor->rank > 0 ? grid->chunk_shape : NULL;
    if (grid->pipeline)
        info->filter = grid->pipeline->text;
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

static void
tell_tensor (const struct tn_catalog *catalog, uint64_t index, tenon_tensor_info *info)
{
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, tensor->dtype);
    *info = (tenon_tensor_info){ .struct_size = sizeof *info,
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
    place_of (tensor, catalog->sources[tensor->source], info);
    tell_strides (catalog, tensor, info);
    tell_chunks (tensor, info);
    tell_fault (catalog, tensor, info);
}

TENON_API tenon_status
tenon_get (const tenon_file *file, uint64_t index, tenon_tensor_info *info)
{
    tenon_tensor_info found;
    if (!file)
        return TENON_E_MISUSE;
    if (index >= file->catalog->count)
        return TENON_E_NOT_FOUND;
    tell_tensor (file->catalog, index, &found);
    return tn_reply_struct (info, &found, sizeof found);
}

TENON_API tenon_status
tenon_get_range (const tenon_file *file, uint64_t first, uint64_t count, tenon_tensor_info *infos)
{
    if (!file || (!infos && count > 0))
        return TENON_E_MISUSE;
    if (first > file->catalog->count || count > file->catalog->count - first)
        return TENON_E_NOT_FOUND;
    uint32_t size = count > 0 ? infos->struct_size : 0; /* theirs is also the distance */
    for (uint64_t i = 0; i < count; i++) {
        tenon_tensor_info found;
        void *to = (char *) infos + i * size;
        tell_tensor (file->catalog, first + i, &found);
        memcpy (to, &size, sizeof size);
        TN_TRY (tn_reply_struct (to, &found, sizeof found));
    }
    return TENON_OK;
}

TENON_API tenon_status
tenon_find_name (const tenon_file *file, const char *name, uint64_t length, uint64_t *index)
{
    uint64_t found;
    if (!file || (!name && length > 0) || !index)
        return TENON_E_MISUSE;
    if (length == TENON_NUL && name)
        length = strlen (name);
    if (!tn_catalog_find (file->catalog, name ? name : "", length, &found))
        return TENON_E_NOT_FOUND;
    *index = found;
    return TENON_OK;
}

TENON_API tenon_status
tenon_find (const tenon_file *file, const char *name, uint64_t *index)
{
    return name ? tenon_find_name (file, name, strlen (name), index) : TENON_E_MISUSE;
}

TENON_API int
tenon_match (const char *pattern, const char *name, uint64_t length)
{
    return pattern && (name || length == 0) && tn_glob_fits (pattern, name ? name : "", length);
}

TENON_API tenon_status
tenon_find_next (const tenon_file *file, const char *pattern, uint64_t *index)
{
    uint64_t found;
    if (!file || !pattern || !index)
        return TENON_E_MISUSE;
    if (tn_glob_is_plain (pattern)) {
        if (!tn_catalog_find (file->catalog, pattern, strlen (pattern), &found) || found < *index)
            return TENON_E_NOT_FOUND;
        *index = found;
        return TENON_OK;
    }
    for (uint64_t i = *index; i < file->catalog->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (file->catalog, i);
        if (tn_glob_fits (pattern, tensor->name, tensor->name_length)) {
            *index = i;
            return TENON_OK;
        }
    }
    return TENON_E_NOT_FOUND;
}
