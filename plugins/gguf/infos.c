/* SPDX-License-Identifier: MIT */
/* infos.c - describes the tensors of a file. One that cannot be read does not hide the others. */
#include "mlx/mlx.h"

struct tensor_info {
    const char *name;
    uint64_t name_length, shape[GGUF_MOST_DIMS], offset, place;
    const struct gguf_type *type; /* NULL: there is none of this number */
    uint32_t rank, id;
};

/* Copies the name, which outlives the cursor's window. */
static tenon_status
copy_name (struct gguf_reader *reader, struct tensor_info *info, char **room, uint64_t *room_size)
{
    const char *text;
    TENON_TRY (gguf_take_string (reader, &text, &info->name_length, "its name"));
    TENON_TRY (tenon_grow (reader->call, room, room_size, info->name_length + 1, 1));
    memcpy (*room, text, info->name_length);
    (*room)[info->name_length] = 0;
    info->name = *room;
    reader->subject.name = info->name;
    reader->subject.length = info->name_length;
    return TENON_OK;
}

static tenon_status
read_info (struct gguf_reader *reader, struct tensor_info *info, char **room, uint64_t *room_size)
{
    uint64_t dim;
    info->place = reader->cursor.position;
    TENON_TRY (copy_name (reader, info, room, room_size));
    TENON_TRY (gguf_take_u32 (reader, &info->rank, "the number of its dims"));
    for (uint32_t i = info->rank; i-- > 0;) { /* innermost first */
        TENON_TRY (gguf_take_size (reader, &dim, "a dim"));
        if (i < GGUF_MOST_DIMS)
            info->shape[i] = dim;
    }
    TENON_TRY (gguf_take_u32 (reader, &info->id, "its type"));
    const uint8_t *offset = gguf_take (reader, 8, "its offset");
    if (!offset)
        return TENON_E_TRUNCATED;
    info->offset = reader->cursor.big_endian ? tenon_be64 (offset) : tenon_le64 (offset);
    info->type = gguf_find_type (info->id);
    return TENON_OK;
}

/* Skips the infos: the data begin after the last one. *whole: all of them are there. If not, reading them
 * fails with a message. */
static tenon_status
skip_infos (struct gguf_reader *reader, uint32_t *whole)
{
    tenon_status status = TENON_OK;
    reader->tensors_there = 0;
    while (reader->tensors_there < reader->tensors && (status = gguf_skip_info (reader)) == TENON_OK)
        reader->tensors_there++;
    *whole = status == TENON_OK;
    return status == TENON_E_TRUNCATED ? TENON_OK : status;
}

/* ---- one tensor ---- */

/* The dtype of a type, and the items of its blocks. */
static tenon_status
find_dtype (struct gguf_reader *reader, const struct gguf_type *type, uint32_t *dtype, uint64_t *items)
{
    struct tenon_call *call = reader->call;
    struct tenon_dtype info = TENON_INIT (info);
    uint32_t *found = &reader->dtypes[type->id];
    if (!*found) {
        *found = type->dtype ? type->dtype : call->host->dtype_find (call, type->name);
        if (!*found)
            return gguf_fail (reader, TENON_E_MISUSE, TENON_AUTO, "the dtype %s is not registered",
                              type->name);
        TENON_TRY (call->host->dtype_info (call, *found, &info));
        reader->items[type->id] = info.block_items;
    }
    *dtype = *found;
    *items = reader->items[type->id];
    return TENON_OK;
}

/* Why the tensor cannot be read, of which `items` share a block; TENON_OK: it can be read. */
static tenon_status
find_fault (const struct tensor_info *info, uint64_t items, char *why, size_t size)
{
    const char *removed = gguf_removed_type (info->id);
    if (info->rank > GGUF_MOST_DIMS) {
        snprintf (why, size, "it has %u dims, at most %u are possible", info->rank, GGUF_MOST_DIMS);
        return TENON_E_UNSUPPORTED;
    }
    if (!info->type && removed)
        snprintf (why, size, "there is no type %u: %s was removed from the format", info->id, removed);
    else if (!info->type)
        snprintf (why, size, "there is no type %u", info->id);
    if (!info->type)
        return TENON_E_UNSUPPORTED;
    uint64_t row = info->rank > 0 ? info->shape[info->rank - 1] : 1; /* the shape has so many dims */
    if (row % items == 0)
        return TENON_OK;
    snprintf (why, size, "rows of %llu elements are no multiple of the %llu in a block of %s",
              (unsigned long long) row, (unsigned long long) items, info->type->name);
    return TENON_E_MALFORMED;
}

/* Adds a tensor that cannot be read. Its bytes end where those of the next one begin. */
static tenon_status
skip_tensor (struct gguf_reader *reader, const struct tensor_info *info, struct gguf_layout *layout,
             struct tenon_tensor *tensor, tenon_status status, const char *why)
{
    struct tenon_call *call = reader->call;
    char words[32];
    if (!TENON_HAS (call, skip_tensor))
        return gguf_fail (reader, status, info->place, "%s", why);
    TENON_TRY (gguf_find_length (reader, layout, info->offset, &tensor->length));
    snprintf (words, sizeof words, "type %u", info->id);
    tensor->dtype = TENON_NONE;
    tensor->flags |= info->rank > GGUF_MOST_DIMS ? TENON_NO_SHAPE : 0;
    return call->host->skip_tensor (call, tensor, status, info->type ? info->type->name : words, why);
}

static tenon_status
add_info (struct gguf_reader *reader, struct tensor_info *info, struct gguf_layout *layout)
{
    struct tenon_call *call = reader->call;
    uint64_t items = 1;
    char why[120];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .name = info->name,
                                   .name_length = info->name_length,
                                   .shape = info->shape,
                                   .rank = info->rank,
                                   .flags = reader->cursor.big_endian ? TENON_BIG_ENDIAN : 0,
                                   .offset = layout->data + info->offset,
                                   .place = info->place,
                                   .length = TENON_AUTO };
    if (info->type)
        TENON_TRY (find_dtype (reader, info->type, &tensor.dtype, &items));
    gguf_shapes_restore (reader, info->name, info->name_length, items, info->shape, &info->rank);
    tensor.rank = info->rank;
    tenon_status fault = find_fault (info, items, why, sizeof why);
    if (fault < 0)
        TENON_TRY (skip_tensor (reader, info, layout, &tensor, fault, why));
    else if (gguf_mlx_splits (reader, info->type) && info->rank <= GGUF_MLX_DIMS)
        TENON_TRY (gguf_mlx_add (reader, info->type, &tensor));
    else
        TENON_TRY (call->host->add_tensor (call, &tensor));
    return gguf_take_extent (reader, layout, info->offset, tensor.length);
}

/* ---- all tensors ---- */

static tenon_status
check_offset (struct gguf_reader *reader, const struct tensor_info *info, const struct gguf_layout *layout)
{
    if (info->offset & (reader->alignment - 1))
        return gguf_fail (reader, TENON_E_MALFORMED, info->place,
                          "its offset %llu is no multiple of the alignment, %llu",
                          (unsigned long long) info->offset, (unsigned long long) reader->alignment);
    if (info->offset > UINT64_MAX - layout->data)
        return gguf_fail (reader, TENON_E_MALFORMED, info->place, "its offset %llu lies behind every file",
                          (unsigned long long) info->offset);
    return TENON_OK;
}

/* *first: the place of an earlier tensor of the same name. */
static tenon_status
find_repeated (struct gguf_reader *reader, const struct tensor_info *info, uint64_t *first)
{
    TENON_TRY (gguf_names_add (reader, &reader->names, info->name, info->name_length, info->place, first));
    if (*first == 0)
        return TENON_OK;
    gguf_note (reader, TENON_NOTE | TENON_FLAW,
               "the name occurs twice, at byte %llu and at byte %llu: the first tensor counts",
               (unsigned long long) *first, (unsigned long long) info->place);
    tenon_note (reader->call, TENON_LOSS, info->name,
                "the tensor at byte %llu has the same name, and is left out",
                (unsigned long long) info->place);
    reader->more_tensors--; /* one less than the file has */
    return TENON_OK;
}

static tenon_status
take_info (struct gguf_reader *reader, struct tensor_info *info, struct gguf_layout *layout)
{
    uint64_t first;
    TENON_TRY (check_offset (reader, info, layout));
    TENON_TRY (find_repeated (reader, info, &first));
    if (first == 0)
        return add_info (reader, info, layout);
    layout->open_end = 1; /* its bytes belong to no tensor; a loss tells of them */
    return TENON_OK;
}

tenon_status
gguf_read_infos (struct gguf_reader *reader)
{
    struct tenon_call *call = reader->call;
    struct gguf_layout layout = { .infos = reader->cursor.position };
    struct tensor_info info;
    uint64_t mask = reader->alignment - 1, room_size = 0;
    uint32_t whole;
    char *room = NULL;
    TENON_TRY (skip_infos (reader, &whole));
    layout.header = reader->cursor.position;
    layout.data = (layout.header + mask) & ~mask;
    reader->cursor.position = layout.infos;
    if (whole) {
        call->host->expect (call, reader->tensors, 0);
        TENON_TRY (gguf_names_begin (reader, &reader->names, reader->tensors));
    }
    for (uint64_t i = 0; i < reader->tensors; i++) {
        reader->subject = (struct gguf_subject){ "tensor", NULL, 0, i };
        TENON_TRY (read_info (reader, &info, &room, &room_size));
        if (whole)
            TENON_TRY (take_info (reader, &info, &layout));
    }
    reader->subject.kind = NULL;
    if (!whole)
        return tenon_fail (call, TENON_E_MALFORMED, layout.infos, "the file changes while it is read");
    return gguf_check_extents (reader, &layout);
}
