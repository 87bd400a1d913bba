/* SPDX-License-Identifier: MIT */
/* describe.c - describes a file: counts, key-value pairs, and the infos of tensors. */
#include "mlx/mlx.h"

/* ---- key-value pairs ---- */

static tenon_status
check_alignment (struct gguf_reader *reader, uint64_t place, const struct tenon_value *value)
{
    if (value->type != TENON_U32)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place, "general.alignment is no u32");
    uint64_t alignment = value->as.u;
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place,
                           "general.alignment is %llu, expected a power of two",
                           (unsigned long long) alignment);
    reader->alignment = alignment;
    return TENON_OK;
}

static int
is_alignment (const char *key, uint64_t length)
{
    static const char name[] = "general.alignment";
    return length == sizeof name - 1 && memcmp (key, name, length) == 0;
}

static tenon_status
read_pair_value (struct gguf_reader *reader, const char *key, uint64_t length, uint64_t place)
{
    struct tenon_value value;
    uint32_t type, split = gguf_split_key (key, length);
    uint64_t at = reader->cursor.position;
    TENON_TRY (gguf_take_u32 (reader, &type, "the type of its value"));
    if (type >= GGUF_VALUES)
        return gguf_fail (reader, TENON_E_MALFORMED, at, "there is no value type %u", type);
    TENON_TRY (gguf_read_value (reader, type, &value));
    if (is_alignment (key, length))
        TENON_TRY (check_alignment (reader, place, &value));
    if (split < GGUF_SPLIT_KEYS)
        TENON_TRY (gguf_split_take (reader, split, &value, place));
    return split < GGUF_SPLIT_KEYS && gguf_split_whole (reader)
               ? TENON_OK
               : reader->call->host->add_metadata (reader->call, key, length, &value);
}

static tenon_status
read_pair (struct gguf_reader *reader, uint64_t number)
{
    const char *text;
    uint64_t length, place = reader->cursor.position;
    reader->subject = (struct gguf_subject){ "key-value pair", NULL, 0, number };
    TENON_TRY (gguf_take_string (reader, &text, &length, "the key"));
    if (length == 0)
        return gguf_fail (reader, TENON_E_MALFORMED, place, "%s", "its key is empty");
    char short_key[256], *key = short_key; /* the cursor's bytes are valid up to the next take */
    if (length > sizeof short_key && !(key = reader->call->host->scratch (reader->call, length)))
        return TENON_E_MEMORY;
    memcpy (key, text, length);
    reader->subject = (struct gguf_subject){ "the key", key, length, number };
    tenon_status status = read_pair_value (reader, key, length, place);
    reader->subject.kind = NULL;
    return status;
}

/* ---- tensors ---- */

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
        return gguf_fail (reader, TENON_E_MALFORMED, info->place, "it has %u dims, at most 4 are possible",
                          info->rank);
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
    for (uint64_t i = 0; i < reader->tensors; i++) {
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
    TENON_TRY (gguf_mlx_splits (reader, info->type) ? gguf_mlx_add (reader, info->type, &tensor)
                                                    : call->host->add_tensor (call, &tensor));
    if (info->offset != layout->expected && !layout->told++)
        tenon_note (call, TENON_NOTE, NULL,
                    "the tensors' data do not follow each other without gaps in their order");
    layout->expected = info->offset + ((tensor.length + mask) & ~mask);
    return TENON_OK;
}

static tenon_status
read_infos (struct gguf_reader *reader)
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

/* ---- the file ---- */

/* The magic is not known to be right if the codec was chosen by the file's name. */
static tenon_status
read_magic (struct gguf_reader *reader)
{
    const uint8_t *magic = gguf_take (reader, 4, "the magic");
    if (!magic)
        return TENON_E_TRUNCATED;
    return memcmp (magic, "GGUF", 4) == 0 ? TENON_OK
                                          : tenon_fail (reader->call, TENON_E_MALFORMED, 0,
                                                        "it begins with %02x %02x %02x %02x, expected 'GGUF'",
                                                        magic[0], magic[1], magic[2], magic[3]);
}

/* The magic is never swapped. A file is big-endian if its version is 3 after swapping. */
static tenon_status
read_version (struct gguf_reader *reader)
{
    uint32_t version;
    TENON_TRY (read_magic (reader));
    TENON_TRY (gguf_take_u32 (reader, &version, "the version"));
    reader->version = version;
    if (version == GGUF_VERSION << 24) {
        reader->version = GGUF_VERSION;
        reader->cursor.big_endian = 1;
        tenon_note (reader->call, TENON_NOTE, NULL, "it is big-endian; gguf is written little-endian");
    }
    if (reader->version < 1 || reader->version > GGUF_VERSION)
        return tenon_fail (reader->call, TENON_E_UNSUPPORTED, 4, "its version is %u (0x%x), expected 1 to 3",
                           version, version);
    if (reader->version < GGUF_VERSION)
        tenon_note (reader->call, TENON_NOTE, NULL, "its version is %u; gguf is written as version 3",
                    reader->version);
    return TENON_OK;
}

static tenon_status
check_entries (struct gguf_reader *reader, uint64_t place, uint64_t count, uint64_t least, const char *what)
{
    return count <= gguf_left (reader) / least
               ? TENON_OK
               : tenon_fail (reader->call, TENON_E_TRUNCATED, place,
                             "%llu %s of %llu bytes and more each, %llu bytes are left",
                             (unsigned long long) count, what, (unsigned long long) least,
                             (unsigned long long) gguf_left (reader));
}

tenon_status
gguf_describe (struct tenon_call *call)
{
    struct gguf_reader reader;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.alignment = GGUF_ALIGNMENT;
    reader.most_header = call->host->limit (call, TENON_LIMIT_HEADER_BYTES);
    reader.most_depth = call->host->limit (call, TENON_LIMIT_DEPTH);
    TENON_TRY (tenon_cursor_open (&reader.cursor, call, 0, 0));
    TENON_TRY (read_version (&reader));
    TENON_TRY (gguf_split_begin (&reader));
    TENON_TRY (gguf_mlx_wanted (call, &reader.triples));
    uint64_t place = reader.cursor.position, size = reader.version > 1 ? 8 : 4;
    TENON_TRY (gguf_take_size (&reader, &reader.tensors, "the number of tensors"));
    TENON_TRY (gguf_take_size (&reader, &reader.pairs, "the number of key-value pairs"));
    /* the least bytes of a pair: a key of a byte, a type, a byte; of a tensor: a name, no dims, a type, an
     * offset */
    TENON_TRY (check_entries (&reader, place + size, reader.pairs, size + 6, "key-value pairs"));
    TENON_TRY (check_entries (&reader, place, reader.tensors, size + 16, "tensors"));
    for (uint64_t i = 0; i < reader.pairs; i++)
        TENON_TRY (read_pair (&reader, i));
    TENON_TRY (gguf_split_check (&reader));
    TENON_TRY (read_infos (&reader));
    return gguf_split_end (&reader);
}
