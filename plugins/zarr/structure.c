/* SPDX-License-Identifier: MIT */
/* structure.c - types with fields: as a list in version 2, as the type "structured" in version 3. Their text
 * is that of NumPy: [('x', '<f4'), ('y', '|u1', (3,))]. */
#include "read.h"
#include <stdio.h>

#define NESTED 16u             /* structures in structures */
#define ITEM_BYTES 2147483647u /* NumPy keeps the size of an item in a C int */

/* A structure whose fields are being read. */
struct level {
    struct tenon_json fields;
    uint64_t bytes, count;  /* of the fields so far; how often the field in work is there */
    struct zarr_text shape; /* of that field */
};

/* The structures around the field in work, and the text. */
struct work {
    struct zarr_reader *reader;
    struct level *levels;
    uint32_t depth;
    char order; /* of version 3; 0: version 2 */
    char *text;
    uint64_t length, room;
};

static tenon_status
emit_bytes (struct work *work, const char *bytes, uint64_t length)
{
    TENON_TRY (tenon_grow (work->reader->call, &work->text, &work->room, work->length + length + 1, 1));
    memcpy (work->text + work->length, bytes, (size_t) length);
    work->length += length;
    work->text[work->length] = 0;
    return TENON_OK;
}

/* A name as Python's repr writes it. */
static tenon_status
emit_name (struct work *work, struct zarr_word name)
{
    int single = memchr (name.bytes, '\'', (size_t) name.length) != NULL
                 && !memchr (name.bytes, '"', (size_t) name.length);
    const char *quote = single ? "\"" : "'";
    TENON_TRY (emit_bytes (work, quote, 1));
    for (uint64_t i = 0; i < name.length; i++) {
        uint8_t byte = (uint8_t) name.bytes[i];
        char text[8];
        if (byte == '\\' || byte == (uint8_t) *quote)
            snprintf (text, sizeof text, "\\%c", byte);
        else if (byte == '\n' || byte == '\r' || byte == '\t')
            snprintf (text, sizeof text, "\\%c", byte == '\n' ? 'n' : byte == '\r' ? 'r' : 't');
        else if (byte < 0x20 || byte == 0x7f)
            snprintf (text, sizeof text, "\\x%02x", byte);
        else {
            text[0] = (char) byte;
            text[1] = 0;
        }
        TENON_TRY (emit_bytes (work, text, strlen (text)));
    }
    return emit_bytes (work, quote, 1);
}

static int32_t
fault_field (struct work *work, const char *why)
{
    return zarr_fault (work->reader, TENON_E_MALFORMED, "a field of the data type %s", why);
}

/* Takes a field apart: [name, type], [name, type, shape], or an object of version 3. */
static int32_t
split_field (struct work *work, struct zarr_text field, struct zarr_text parts[3])
{
    struct zarr_reader *reader = work->reader;
    struct zarr_member members[] = { { "name", { 0 } }, { "data_type", { 0 } } };
    struct tenon_json json;
    int32_t token;
    uint32_t count = 0;
    memset (parts, 0, 3 * sizeof *parts);
    if (zarr_token (reader, field) == TENON_JSON_BEGIN_OBJECT && work->order) {
        ZARR_TRY (zarr_take_members (reader, field, "a field of the data type", members, 2, NULL));
        parts[0] = members[0].value;
        parts[1] = members[1].value;
        return parts[0].bytes && parts[1].bytes ? 0 : fault_field (work, "has no name or no data type");
    }
    zarr_begin (reader, field, &json);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_ARRAY)
        return fault_field (work, "is no array");
    while ((token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY) {
        if (count == (work->order ? 2u : 3u))
            return fault_field (work, "has too many items");
        ZARR_TRY (zarr_take (reader, &json, token, &parts[count++]));
    }
    return count < 2 ? fault_field (work, "has no name or no data type") : 0;
}

/* Adds the dims of a field that is an array itself: ", (3,)". */
static int32_t
emit_shape (struct work *work, struct level *level)
{
    uint64_t dims[ZARR_RANK], rank;
    level->count = 1;
    if (!level->shape.bytes)
        return 0;
    ZARR_TRY (zarr_take_numbers (work->reader, level->shape, "the shape of a field", dims, ZARR_RANK, &rank));
    if (rank == 0 || rank > ZARR_RANK)
        return fault_field (work, "has a shape of no dims, or of too many");
    TENON_TRY (emit_bytes (work, ", (", 3));
    for (uint64_t i = 0; i < rank; i++) {
        char text[32];
        if (dims[i] > ITEM_BYTES || level->count * dims[i] > ITEM_BYTES)
            return fault_field (work, "has more than 2^31 - 1 items");
        level->count *= dims[i];
        snprintf (text, sizeof text, i + 1 < rank || rank == 1 ? "%llu," : "%llu",
                  (unsigned long long) dims[i]);
        TENON_TRY (emit_bytes (work, text, strlen (text)));
        if (i + 1 < rank)
            TENON_TRY (emit_bytes (work, " ", 1));
    }
    return emit_bytes (work, ")", 1);
}

/* The field in work is complete: an item of its type has `bytes` bytes. */
static int32_t
end_field (struct work *work, uint64_t bytes)
{
    struct level *level = &work->levels[work->depth - 1];
    ZARR_TRY (emit_shape (work, level));
    if (bytes * level->count > ITEM_BYTES || level->bytes + bytes * level->count > ITEM_BYTES)
        return fault_field (work, "makes an item larger than 2^31 - 1 bytes");
    level->bytes += bytes * level->count;
    return emit_bytes (work, ")", 1);
}

/* *fields is the list of fields of a type; NULL: the type has none, and `type` is set. */
static int32_t
take_part (struct work *work, struct zarr_text text, struct zarr_text *fields, struct zarr_type *type)
{
    struct zarr_reader *reader = work->reader;
    struct zarr_member member = { "fields", { 0 } };
    struct zarr_named named;
    struct zarr_word word;
    fields->bytes = NULL;
    if (!work->order && zarr_token (reader, text) == TENON_JSON_BEGIN_ARRAY)
        *fields = text;
    if (!work->order && fields->bytes)
        return 0;
    if (!work->order) {
        ZARR_TRY (zarr_take_string (reader, text, "the data type", &word));
        return zarr_take_typestring (reader, word, type);
    }
    ZARR_TRY (zarr_take_named (reader, text, "the data type", &named));
    if (!zarr_word_is (named.name, "structured") && !zarr_word_is (named.name, "struct"))
        return zarr_take_type3 (reader, &named, work->order, type);
    if (named.configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, named.configuration, "the data type", &member, 1, NULL));
    if (!member.value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "the data type has no \"fields\"");
    *fields = member.value;
    return 0;
}

/* Enters a structure. */
static int32_t
enter_level (struct work *work, struct zarr_text fields)
{
    struct level *level = &work->levels[work->depth];
    if (work->depth == NESTED)
        return zarr_fault (work->reader, TENON_E_UNSUPPORTED, "the data type has more than %u levels",
                           NESTED);
    memset (level, 0, sizeof *level);
    zarr_begin (work->reader, fields, &level->fields);
    if (tenon_json_next (&level->fields) != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (work->reader, TENON_E_MALFORMED, "the fields of the data type are no array");
    work->depth++;
    return emit_bytes (work, "[", 1);
}

/* Reads a field, up to its type; a type with fields is entered. */
static int32_t
begin_field (struct work *work, struct zarr_text field)
{
    struct level *level = &work->levels[work->depth - 1];
    struct zarr_text parts[3], fields;
    struct zarr_type type;
    struct zarr_word name;
    ZARR_TRY (split_field (work, field, parts));
    ZARR_TRY (zarr_take_string (work->reader, parts[0], "the name of a field", &name));
    level->shape = parts[2];
    if (work->text[work->length - 1] != '[')
        TENON_TRY (emit_bytes (work, ", ", 2));
    TENON_TRY (emit_bytes (work, "(", 1));
    TENON_TRY (emit_name (work, name));
    TENON_TRY (emit_bytes (work, ", ", 2));
    ZARR_TRY (take_part (work, parts[1], &fields, &type));
    if (fields.bytes)
        return enter_level (work, fields);
    if (!type.text)
        return fault_field (work, "has a type that NumPy has no notation for");
    TENON_TRY (emit_bytes (work, "'", 1));
    TENON_TRY (emit_bytes (work, type.text, strlen (type.text)));
    TENON_TRY (emit_bytes (work, "'", 1));
    return end_field (work, type.bytes);
}

/* Reads the fields of all structures; *bytes is the size of an item. */
static int32_t
take_fields (struct work *work, uint64_t *bytes)
{
    while (work->depth > 0) {
        struct level *level = &work->levels[work->depth - 1];
        int32_t token = tenon_json_next (&level->fields);
        if (token == TENON_JSON_END_ARRAY) {
            *bytes = level->bytes;
            work->depth--;
            TENON_TRY (emit_bytes (work, "]", 1));
            if (work->depth > 0)
                ZARR_TRY (end_field (work, *bytes));
        } else {
            struct zarr_text field;
            ZARR_TRY (zarr_take (work->reader, &level->fields, token, &field));
            ZARR_TRY (begin_field (work, field));
        }
    }
    return 0;
}

int32_t
zarr_take_type (struct zarr_reader *reader, struct zarr_text text, char order, struct zarr_type *type)
{
    struct work work = { .reader = reader, .order = reader->version == 3 ? order : 0 };
    struct zarr_text fields;
    uint64_t bytes = 0;
    ZARR_TRY (take_part (&work, text, &fields, type));
    if (!fields.bytes)
        return 0;
    if (!(work.levels = reader->call->host->scratch (reader->call, NESTED * sizeof *work.levels)))
        return TENON_E_MEMORY;
    ZARR_TRY (enter_level (&work, fields));
    ZARR_TRY (take_fields (&work, &bytes));
    if (bytes == 0)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "the data type has items of 0 bytes");
    memset (type, 0, sizeof *type);
    type->kind = 'V';
    type->order = order ? order : '<';
    type->bytes = bytes;
    type->text = work.text;
    return 0;
}
