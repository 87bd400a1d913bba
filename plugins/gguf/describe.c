/* describe.c - the header of a file: counts, key-value pairs, and what lies where. */
#include "gguf.h"

/* ---- key-value pairs ---- */

static tenon_status
check_alignment (struct gguf_reader *reader, uint64_t place, const struct tenon_value *value)
{
    uint64_t alignment = value->as.u;
    if (value->type != TENON_U32)
        return tenon_fail (reader->call, TENON_E_MALFORMED, place, "general.alignment is no u32");
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
read_pair (struct gguf_reader *reader)
{
    struct tenon_call *call = reader->call;
    struct tenon_value value;
    const char *text;
    uint64_t length, place = reader->cursor.position;
    uint32_t type;
    TENON_TRY (gguf_take_string (reader, &text, &length, "a key"));
    char short_key[256], *key = short_key; /* the cursor's bytes go with the next take */
    if (length > sizeof short_key && !(key = call->host->scratch (call, length)))
        return TENON_E_MEMORY;
    memcpy (key, text, length);
    uint64_t at = reader->cursor.position;
    TENON_TRY (tenon_take_u32 (&reader->cursor, &type, "the type of a value"));
    if (type >= GGUF_VALUES)
        return tenon_fail (call, TENON_E_MALFORMED, at, "the key '%.*s': there is no value type %u",
                           (int) (length < 100 ? length : 100), key, type);
    TENON_TRY (gguf_read_value (reader, type, &value));
    if (is_alignment (key, length))
        TENON_TRY (check_alignment (reader, place, &value));
    return call->host->add_metadata (call, key, length, &value);
}

/* ---- tensors ---- */

struct info {
    const char *name;
    uint64_t name_length, shape[GGUF_MOST_DIMS], offset, place;
    const struct gguf_type *type;
    uint32_t rank;
};

static int
shown (const struct info *info)
{
    return (int) (info->name_length < 100 ? info->name_length : 100);
}

/* Its name is copied: it outlives the cursor's window. */
static tenon_status
read_info (struct gguf_reader *reader, struct info *info, char **room, uint64_t *room_size)
{
    struct tenon_call *call = reader->call;
    struct tenon_cursor *cursor = &reader->cursor;
    const char *text;
    uint32_t type;
    info->place = cursor->position;
    TENON_TRY (gguf_take_string (reader, &text, &info->name_length, "a tensor's name"));
    if (info->name_length > *room_size) {
        *room_size = 2 * info->name_length;
        if (!(*room = call->host->scratch (call, *room_size)))
            return TENON_E_MEMORY;
    }
    memcpy (*room, text, info->name_length);
    info->name = *room;
    TENON_TRY (tenon_take_u32 (cursor, &info->rank, "the number of a tensor's dims"));
    if (info->rank > GGUF_MOST_DIMS)
        return tenon_fail (call, TENON_E_MALFORMED, info->place,
                           "tensor '%.*s': it has %u dims, at most 4 are possible", shown (info), info->name,
                           info->rank);
    for (uint32_t i = info->rank; i-- > 0;) /* innermost first */
        TENON_TRY (gguf_take_size (reader, &info->shape[i], "a tensor's dim"));
    TENON_TRY (tenon_take_u32 (cursor, &type, "a tensor's type"));
    TENON_TRY (tenon_take_u64 (cursor, &info->offset, "a tensor's offset"));
    if (!(info->type = gguf_find_type (type)))
        return tenon_fail (call, TENON_E_UNSUPPORTED, info->place, "tensor '%.*s': there is no type %u",
                           shown (info), info->name, type);
    return TENON_OK;
}

/* Where an info is kept until the data's begin is known, which lies behind the last one. */
static tenon_status
skip_infos (struct gguf_reader *reader)
{
    uint64_t length;
    uint32_t rank;
    for (uint64_t i = 0; i < reader->tensors; i++) {
        TENON_TRY (gguf_take_size (reader, &length, "a tensor's name"));
        TENON_TRY (tenon_skip (&reader->cursor, length, "a tensor's name"));
        TENON_TRY (tenon_take_u32 (&reader->cursor, &rank, "the number of a tensor's dims"));
        if (rank > GGUF_MOST_DIMS)
            return tenon_fail (reader->call, TENON_E_MALFORMED, reader->cursor.position,
                               "tensor %llu has %u dims, at most 4 are possible", (unsigned long long) i,
                               rank);
        TENON_TRY (tenon_skip (&reader->cursor, (uint64_t) rank * (reader->version > 1 ? 8 : 4) + 12,
                               "what a tensor is"));
    }
    return TENON_OK;
}

struct layout {
    uint64_t data;     /* where the data begin */
    uint64_t expected; /* offset of the next tensor, when they follow each other */
    uint32_t told;
};

static uint32_t
dtype_of (struct gguf_reader *reader, const struct gguf_type *type)
{
    if (type->dtype)
        return type->dtype;
    uint32_t *found = &reader->dtypes[type->id];
    if (!*found)
        *found = reader->call->host->dtype_find (reader->call, type->name);
    return *found;
}

static tenon_status
add_info (struct gguf_reader *reader, const struct info *info, struct layout *layout)
{
    struct tenon_call *call = reader->call;
    uint64_t mask = reader->alignment - 1;
    if (info->offset & mask)
        return tenon_fail (call, TENON_E_MALFORMED, info->place,
                           "tensor '%.*s': its offset %llu is no multiple of the alignment, %llu",
                           shown (info), info->name, (unsigned long long) info->offset,
                           (unsigned long long) reader->alignment);
    if (info->offset > UINT64_MAX - layout->data)
        return tenon_fail (call, TENON_E_TRUNCATED, info->place,
                           "tensor '%.*s': its offset %llu lies behind every file", shown (info), info->name,
                           (unsigned long long) info->offset);
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = dtype_of (reader, info->type),
                                   .name = info->name,
                                   .name_length = info->name_length,
                                   .shape = info->shape,
                                   .rank = info->rank,
                                   .flags = reader->cursor.big_endian ? TENON_BIG_ENDIAN : 0,
                                   .offset = layout->data + info->offset,
                                   .length = TENON_AUTO };
    if (!info->name_length)
        tensor.name = "";
    TENON_TRY (call->host->add_tensor (call, &tensor));
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
    struct info info;
    uint64_t begin = reader->cursor.position, mask = reader->alignment - 1, room_size = 256;
    char *room = call->host->scratch (call, room_size);
    if (!room)
        return TENON_E_MEMORY;
    TENON_TRY (skip_infos (reader));
    layout.data = (reader->cursor.position + mask) & ~mask;
    reader->cursor.position = begin;
    call->host->expect (call, reader->tensors, 0);
    for (uint64_t i = 0; i < reader->tensors; i++) {
        TENON_TRY (read_info (reader, &info, &room, &room_size));
        TENON_TRY (add_info (reader, &info, &layout));
    }
    return TENON_OK;
}

/* ---- the whole ---- */

/* The magic never swaps; a version that is 3 the other way round tells of a big-endian file. */
static tenon_status
read_version (struct gguf_reader *reader)
{
    uint32_t version;
    TENON_TRY (tenon_skip (&reader->cursor, 4, "the magic"));
    TENON_TRY (tenon_take_u32 (&reader->cursor, &version, "the version"));
    reader->version = version;
    if (version == GGUF_VERSION << 24) {
        reader->version = GGUF_VERSION;
        reader->cursor.big_endian = 1;
    }
    if (reader->version < 1 || reader->version > GGUF_VERSION)
        return tenon_fail (reader->call, TENON_E_UNSUPPORTED, 4, "its version is %u (0x%x), expected 1 to 3",
                           version, version);
    return TENON_OK;
}

static tenon_status
check_count (struct gguf_reader *reader, uint64_t place, uint64_t count, uint64_t least, const char *what)
{
    uint64_t left = reader->cursor.end - reader->cursor.position;
    return count <= left / least ? TENON_OK
                                 : tenon_fail (reader->call, TENON_E_TRUNCATED, place,
                                               "%llu %s of %llu bytes and more each, %llu bytes are left",
                                               (unsigned long long) count, what, (unsigned long long) least,
                                               (unsigned long long) left);
}

tenon_status
gguf_describe (struct tenon_call *call)
{
    struct gguf_reader reader;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.alignment = GGUF_ALIGNMENT;
    reader.most_depth = call->host->limit (call, TENON_LIMIT_DEPTH);
    TENON_TRY (tenon_cursor_open (&reader.cursor, call, 0, 0));
    TENON_TRY (read_version (&reader));
    uint64_t place = reader.cursor.position, size = reader.version > 1 ? 8 : 4;
    TENON_TRY (gguf_take_size (&reader, &reader.tensors, "the number of tensors"));
    TENON_TRY (gguf_take_size (&reader, &reader.pairs, "the number of key-value pairs"));
    /* a pair: a key of a byte, a type, a byte; a tensor: a name, no dims, a type, an offset */
    TENON_TRY (check_count (&reader, place + size, reader.pairs, size + 6, "key-value pairs"));
    TENON_TRY (check_count (&reader, place, reader.tensors, size + 16, "tensors"));
    for (uint64_t i = 0; i < reader.pairs; i++)
        TENON_TRY (read_pair (&reader));
    return read_infos (&reader);
}
