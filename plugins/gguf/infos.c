/* SPDX-License-Identifier: MIT */
/* infos.c - describes the tensors of a file: their infos, and the places of their data. */
#include "mlx/mlx.h"

struct tensor_info {
    const char *name;
    uint64_t name_length, shape[GGUF_MOST_DIMS], offset, place;
    const struct gguf_type *type;
    uint32_t rank;
};

/* Copies the name, which outlives the cursor's window. */
static tenon_status
copy_name (struct gguf_reader *reader, struct tensor_info *info, char **room, uint64_t *room_size)
{
    const char *text;
    TENON_TRY (gguf_take_string (reader, &text, &info->name_length, "its name"));
    if (info->name_length > *room_size) {
        *room_size = 2 * info->name_length;
        if (!(*room = reader->call->host->scratch (reader->call, *room_size)))
            return TENON_E_MEMORY;
    }
    memcpy (*room, text, info->name_length);
    info->name = *room;
    reader->subject.name = info->name;
    reader->subject.length = info->name_length;
    return TENON_OK;
}

static tenon_status
read_info (struct gguf_reader *reader, struct tensor_info *info, char **room, uint64_t *room_size)
{
    uint32_t type;
    info->place = reader->cursor.position;
    TENON_TRY (copy_name (reader, info, room, room_size));
    TENON_TRY (gguf_take_u32 (reader, &info->rank, "the number of its dims"));
    if (info->rank > GGUF_MOST_DIMS)
        return gguf_fail (reader, TENON_E_MALFORMED, info->place, "it has %u dims, at most %u are possible",
                          info->rank, GGUF_MOST_DIMS);
    for (uint32_t i = info->rank; i-- > 0;) /* innermost first */
        TENON_TRY (gguf_take_size (reader, &info->shape[i], "a dim"));
    TENON_TRY (gguf_take_u32 (reader, &type, "its type"));
    const uint8_t *offset = gguf_take (reader, 8, "its offset");
    if (!offset)
        return TENON_E_TRUNCATED;
    info->offset = reader->cursor.big_endian ? tenon_be64 (offset) : tenon_le64 (offset);
    if (!(info->type = gguf_find_type (type)))
        return gguf_fail (reader, TENON_E_UNSUPPORTED, info->place, "there is no type %u", type);
    return TENON_OK;
}

/* Skips the infos: the data begin after the last one. *whole: all of them are there. If not, reading them
 * fails with a message. */
static tenon_status
skip_infos (struct gguf_reader *reader, uint32_t *whole)
{
    struct tenon_cursor *cursor = &reader->cursor;
    uint64_t width = reader->version > 1 ? 8 : 4, length;
    uint32_t rank;
    *whole = 0;
    for (reader->tensors_there = 0; reader->tensors_there < reader->tensors; reader->tensors_there++) {
        if (gguf_left (reader) < width)
            return TENON_OK;
        TENON_TRY (gguf_take_size (reader, &length, "its name"));
        if (length > gguf_left (reader) || gguf_left (reader) - length < 4)
            return TENON_OK;
        cursor->position += length;
        TENON_TRY (gguf_take_u32 (reader, &rank, "the number of its dims"));
        if (rank > GGUF_MOST_DIMS || gguf_left (reader) < rank * width + 12)
            return TENON_OK;
        cursor->position += rank * width + 12;
    }
    *whole = 1;
    return TENON_OK;
}

struct layout {
    uint64_t data;     /* where the data begin */
    uint64_t expected; /* offset of the next tensor, if there are no gaps */
    uint32_t told;     /* the note about gaps was added */
};

static uint32_t
find_dtype (struct gguf_reader *reader, const struct gguf_type *type)
{
    if (type->dtype)
        return type->dtype;
    uint32_t *found = &reader->dtypes[type->id];
    if (!*found)
        *found = reader->call->host->dtype_find (reader->call, type->name);
    return *found;
}

static tenon_status
add_info (struct gguf_reader *reader, const struct tensor_info *info, struct layout *layout)
{
    struct tenon_call *call = reader->call;
    uint64_t mask = reader->alignment - 1;
    if (info->offset & mask)
        return gguf_fail (reader, TENON_E_MALFORMED, info->place,
                          "its offset %llu is no multiple of the alignment, %llu",
                          (unsigned long long) info->offset, (unsigned long long) reader->alignment);
    if (info->offset > UINT64_MAX - layout->data)
        return gguf_fail (reader, TENON_E_TRUNCATED, info->place, "its offset %llu lies behind every file",
                          (unsigned long long) info->offset);
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = find_dtype (reader, info->type),
                                   .name = info->name_length ? info->name : "",
                                   .name_length = info->name_length,
                                   .shape = info->shape,
                                   .rank = info->rank,
                                   .flags = reader->cursor.big_endian ? TENON_BIG_ENDIAN : 0,
                                   .offset = layout->data + info->offset,
                                   .place = info->place,
                                   .length = TENON_AUTO };
    int splits = gguf_mlx_splits (reader, info->type) && info->rank <= GGUF_MLX_DIMS;
    TENON_TRY (splits ? gguf_mlx_add (reader, info->type, &tensor) : call->host->add_tensor (call, &tensor));
    if (info->offset != layout->expected && !layout->told++)
        tenon_note (call, TENON_NOTE, NULL,
                    "the tensors' data do not follow each other without gaps in their order");
    layout->expected = info->offset + ((tensor.length + mask) & ~mask);
    return TENON_OK;
}

tenon_status
gguf_read_infos (struct gguf_reader *reader)
{
    struct tenon_call *call = reader->call;
    struct layout layout = { 0, 0, 0 };
    struct tensor_info info;
    uint64_t begin = reader->cursor.position, mask = reader->alignment - 1, room_size = 256;
    uint32_t whole;
    char *room = call->host->scratch (call, room_size);
    if (!room)
        return TENON_E_MEMORY;
    TENON_TRY (skip_infos (reader, &whole));
    layout.data = (reader->cursor.position + mask) & ~mask;
    reader->cursor.position = begin;
    if (whole)
        call->host->expect (call, reader->tensors, 0);
    for (uint64_t i = 0; i < reader->tensors; i++) {
        reader->subject = (struct gguf_subject){ "tensor", NULL, 0, i };
        TENON_TRY (read_info (reader, &info, &room, &room_size));
        if (whole)
            TENON_TRY (add_info (reader, &info, &layout));
    }
    reader->subject.kind = NULL;
    return whole ? TENON_OK
                 : tenon_fail (call, TENON_E_MALFORMED, begin, "the file changes while it is read");
}
