/* SPDX-License-Identifier: MIT */
/* toyraw.c - the tables of toyraw, and its describe function. */
#include "toyraw.h"

uint32_t
toyraw_width (uint32_t type)
{
    switch (type) {
    case TENON_BOOL:
    case TENON_U8:
    case TENON_I8: return 1;
    case TENON_U16:
    case TENON_I16: return 2;
    case TENON_U32:
    case TENON_I32:
    case TENON_F32: return 4;
    case TENON_U64:
    case TENON_I64:
    case TENON_F64: return 8;
    default: return 0;
    }
}

tenon_status
toyraw_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

/* ---- metadata ---- */

static tenon_status
skip_value (struct tenon_cursor *cursor, uint64_t length, const char *what)
{
    if (length > cursor->end - cursor->position)
        return tenon_fail (cursor->call, TENON_E_TRUNCATED, cursor->position,
                           "%s needs %llu bytes, %llu are left", what, (unsigned long long) length,
                           (unsigned long long) (cursor->end - cursor->position));
    cursor->position += length;
    return TENON_OK;
}

/* The next `length` bytes and a NUL, valid until the call ends. */
static const char *
take_text (struct tenon_cursor *cursor, uint64_t length, const char *what)
{
    const uint8_t *bytes = tenon_take (cursor, length, what);
    char *text = bytes ? (char *) cursor->call->host->scratch (cursor->call, length + 1) : NULL;
    if (text)
        memcpy (text, bytes, (size_t) length);
    return text;
}

static tenon_status
take_scalar (struct tenon_cursor *cursor, struct tenon_value *value)
{
    uint32_t width = toyraw_width (value->type);
    const uint8_t *bytes = tenon_take (cursor, width, "a number");
    uint64_t raw = 0;
    float f32;
    if (!bytes)
        return TENON_E_TRUNCATED;
    for (uint32_t i = 0; i < width; i++)
        raw |= (uint64_t) bytes[cursor->big_endian ? width - 1 - i : i] << 8 * i;
    value->as.u = raw;
    switch (value->type) {
    case TENON_I8: value->as.i = (int8_t) raw; break;
    case TENON_I16: value->as.i = (int16_t) raw; break;
    case TENON_I32: value->as.i = (int32_t) raw; break;
    case TENON_F32: {
        uint32_t bits = (uint32_t) raw;
        memcpy (&f32, &bits, sizeof f32);
        value->as.f = (double) f32;
        break;
    }
    case TENON_F64: memcpy (&value->as.f, &raw, sizeof raw); break;
    default: break;
    }
    return TENON_OK;
}

static tenon_status take_value (struct tenon_cursor *cursor, struct tenon_value *value, uint32_t depth);

static tenon_status
take_nested (struct tenon_cursor *cursor, struct tenon_value *value, uint32_t depth)
{
    uint64_t left = cursor->end - cursor->position;
    if (depth >= TOYRAW_DEEPEST)
        return tenon_fail (cursor->call, TENON_E_LIMIT, cursor->position, "toyraw nests no deeper than %d",
                           TOYRAW_DEEPEST);
    if (value->count > left) /* each takes at least a byte */
        return tenon_fail (cursor->call, TENON_E_TRUNCATED, cursor->position, "%llu arrays in %llu bytes",
                           (unsigned long long) value->count, (unsigned long long) left);
    struct tenon_value *items = (struct tenon_value *) cursor->call->host->scratch (
        cursor->call, value->count * sizeof (struct tenon_value));
    if (!items)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < value->count; i++)
        TENON_TRY (take_value (cursor, &items[i], depth + 1));
    value->as.items = items;
    value->source = TENON_NO_SOURCE;
    return TENON_OK;
}

/* Describes numbers and strings as a range of the file; the host reads them on demand. */
static tenon_status
take_range (struct tenon_cursor *cursor, struct tenon_value *value)
{
    uint32_t width = toyraw_width (value->item_type);
    value->source = 0;
    value->offset = cursor->position;
    value->encoding = cursor->big_endian ? TENON_ENCODING_BIG : TENON_ENCODING_LITTLE;
    if (value->item_type == TENON_STRING) {
        value->encoding |= TENON_STRINGS_32;
        for (uint64_t i = 0; i < value->count; i++) {
            uint32_t length;
            TENON_TRY (tenon_take_u32 (cursor, &length, "a string's length"));
            TENON_TRY (skip_value (cursor, length, "a string"));
        }
    } else if (width == 0 || value->count > UINT64_MAX / width)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position,
                           "an array of %llu items of type %u", (unsigned long long) value->count,
                           value->item_type);
    else
        TENON_TRY (skip_value (cursor, value->count * width, "an array"));
    value->length = cursor->position - value->offset;
    return TENON_OK;
}

static tenon_status
take_value (struct tenon_cursor *cursor, struct tenon_value *value, uint32_t depth)
{
    uint8_t type, item_type;
    uint32_t length;
    memset (value, 0, sizeof *value);
    TENON_TRY (tenon_take_u8 (cursor, &type, "a type"));
    value->type = type;
    value->source = TENON_NO_SOURCE;
    if (type == TENON_NONE)
        return TENON_OK;
    if (type == TENON_STRING) {
        TENON_TRY (tenon_take_u32 (cursor, &length, "a string's length"));
        value->count = length;
        return (value->as.string = take_text (cursor, length, "a string")) ? TENON_OK : TENON_E_TRUNCATED;
    }
    if (type == TENON_ARRAY) {
        TENON_TRY (tenon_take_u8 (cursor, &item_type, "an item type"));
        TENON_TRY (tenon_take_u64 (cursor, &value->count, "a count"));
        value->item_type = item_type;
        return item_type == TENON_ARRAY ? take_nested (cursor, value, depth) : take_range (cursor, value);
    }
    if (toyraw_width (type) == 0)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position - 1, "no value has the type %u",
                           type);
    return take_scalar (cursor, value);
}

static tenon_status
describe_metadata (struct tenon_cursor *cursor)
{
    struct tenon_value value;
    uint16_t length;
    TENON_TRY (tenon_take_u16 (cursor, &length, "a key's length"));
    const char *key = take_text (cursor, length, "a key");
    if (!key)
        return TENON_E_TRUNCATED;
    TENON_TRY (take_value (cursor, &value, 0));
    return cursor->call->host->add_metadata (cursor->call, key, length, &value);
}

/* ---- tensors ---- */

static tenon_status
take_opaque (struct tenon_cursor *cursor, uint32_t *number)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype, .kind = TENON_KIND_OPAQUE, .block_items = 1 };
    uint8_t family;
    uint16_t text;
    TENON_TRY (tenon_take_u64 (cursor, &dtype.block_bytes, "an item size"));
    TENON_TRY (tenon_take_u8 (cursor, &family, "a family's length"));
    if (!(dtype.family = take_text (cursor, family, "a family")))
        return TENON_E_TRUNCATED;
    TENON_TRY (tenon_take_u16 (cursor, &text, "a type's length"));
    if (!(dtype.text = take_text (cursor, text, "a type")))
        return TENON_E_TRUNCATED;
    /* "i16 …" and "I16 …": the items are such numbers, little- or big-endian */
    if (strncmp (dtype.text, "i16 ", 4) == 0 || strncmp (dtype.text, "I16 ", 4) == 0) {
        dtype.items_as = TENON_I16;
        dtype.items_flags = *dtype.text == 'I' ? TENON_BIG_ENDIAN : 0;
    }
    return cursor->call->host->add_dtype (cursor->call, &dtype, number);
}

static tenon_status
take_dtype (struct tenon_cursor *cursor, uint32_t *number)
{
    uint8_t length;
    TENON_TRY (tenon_take_u8 (cursor, &length, "a dtype's length"));
    if (length == 0)
        return take_opaque (cursor, number);
    const char *name = take_text (cursor, length, "a dtype");
    if (!name)
        return TENON_E_TRUNCATED;
    *number = cursor->call->host->dtype_find (cursor->call, name);
    if (*number == TENON_NONE)
        return tenon_fail (cursor->call, TENON_E_UNSUPPORTED, cursor->position - length,
                           "no plugin has the dtype %s", name);
    return TENON_OK;
}

static tenon_status
describe_tensor (struct tenon_cursor *cursor, uint64_t data, int64_t longest_name)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    uint64_t shape[255];
    uint16_t length;
    uint8_t rank;
    TENON_TRY (tenon_take_u16 (cursor, &length, "a name's length"));
    if (length > longest_name)
        return tenon_fail (cursor->call, TENON_E_LIMIT, cursor->position,
                           "a name of %u bytes, toyraw.longest_name allows %lld", length,
                           (long long) longest_name);
    if (length > 0 && !(tensor.name = take_text (cursor, length, "a name")))
        return TENON_E_TRUNCATED;
    tensor.name_length = length;
    TENON_TRY (take_dtype (cursor, &tensor.dtype));
    TENON_TRY (tenon_take_u8 (cursor, &rank, "a rank"));
    TENON_TRY (tenon_take_u32 (cursor, &tensor.flags, "flags"));
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    tensor.shape = shape;
    tensor.rank = rank;
    TENON_TRY (tenon_take_u64 (cursor, &tensor.offset, "an offset"));
    TENON_TRY (tenon_take_u64 (cursor, &tensor.length, "a length"));
    if (tensor.offset > UINT64_MAX - data)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position - 16, "an offset of %llu",
                           (unsigned long long) tensor.offset);
    tensor.offset += data;
    return cursor->call->host->add_tensor (cursor->call, &tensor);
}

tenon_status
toyraw_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    struct tenon_setting longest_name;
    uint32_t tensors, metadata;
    uint64_t data;
    TENON_TRY (toyraw_option (call, TOYRAW_LONGEST_NAME, &longest_name));
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 0));
    const uint8_t *head = tenon_take (&cursor, TOYRAW_MAGIC_LENGTH + 1, "the magic");
    if (!head)
        return TENON_E_TRUNCATED;
    if (memcmp (head, TOYRAW_MAGIC, TOYRAW_MAGIC_LENGTH) || (head[7] != 'L' && head[7] != 'B'))
        return tenon_fail (call, TENON_E_MALFORMED, 0, "it does not begin with %sL or B", TOYRAW_MAGIC);
    cursor.big_endian = head[7] == 'B';
    TENON_TRY (tenon_take_u32 (&cursor, &tensors, "the number of tensors"));
    TENON_TRY (tenon_take_u32 (&cursor, &metadata, "the number of metadata entries"));
    TENON_TRY (tenon_take_u64 (&cursor, &data, "where the data begin"));
    call->host->expect (call, tensors, metadata);
    for (uint32_t i = 0; i < metadata; i++)
        TENON_TRY (describe_metadata (&cursor));
    for (uint32_t i = 0; i < tensors; i++)
        TENON_TRY (describe_tensor (&cursor, data, longest_name.integer));
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, TOYRAW_MAGIC_LENGTH, 0, TOYRAW_MAGIC } };
static const char *const extensions[] = { "toyraw", "tr", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
#define READS TENON_OPTION_FOR_READING
#define WRITES TENON_OPTION_FOR_WRITING
static const struct tenon_option options[TOYRAW_OPTIONS] = {
    [TOYRAW_ALIGN] =
        OPTION (TENON_OPTION_SIZE, "align", "64", NULL, "where tensors begin", 1, 1048576, WRITES),
    [TOYRAW_ORDER] =
        OPTION (TENON_OPTION_CHOICE, "order", "keep", "keep c fortran", "order of the items", 0, 0, WRITES),
    [TOYRAW_ENDIAN] = OPTION (TENON_OPTION_CHOICE, "endian", "keep", "keep little big",
                              "byte order of the data", 0, 0, WRITES),
    [TOYRAW_HEADER] = OPTION (TENON_OPTION_CHOICE, "header", "little", "little big",
                              "byte order of the header", 0, 0, WRITES),
    [TOYRAW_GAP] =
        OPTION (TENON_OPTION_INTEGER, "gap", "0", NULL, "bytes before each tensor", 0, 4096, WRITES),
    [TOYRAW_SLACK] = OPTION (TENON_OPTION_NUMBER, "slack", "0", NULL,
                             "room behind the header, times its size", 0, 4, WRITES),
    [TOYRAW_TRAILER] =
        OPTION (TENON_OPTION_BOOL, "trailer", "no", NULL, "end the file with a word", 0, 0, WRITES),
    [TOYRAW_STAMP] =
        OPTION (TENON_OPTION_TEXT, "stamp", "", NULL, "kept as the metadata entry 'stamp'", 0, 0, WRITES),
    [TOYRAW_LONGEST_NAME] =
        OPTION (TENON_OPTION_INTEGER, "longest_name", "65535", NULL, "longest tensor name", 0, 65535, READS),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_ALIASES,
    .id = "toyraw",
    .label = "toy array file",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = TOYRAW_OPTIONS,
    .opaque_family = "toy",
    .metadata = TENON_METADATA_TYPED,
    .describe = toyraw_describe,
    .write = toyraw_write,
    .shard_flags = TENON_SHARDS_NUMBERED,
    .set_index = "index.toyset",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyraw",
    .version = "1.0",
    .license = "MIT",
    .summary = "everything that a catalog can hold, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
