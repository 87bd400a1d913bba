/* SPDX-License-Identifier: MIT */
/* array3.c - the document of an array of version 3. */
#include "read.h"

static int32_t
take_grid (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_member member = { "chunk_shape", { 0 } };
    struct zarr_named named;
    ZARR_TRY (zarr_take_named (reader, text, "\"chunk_grid\"", &named));
    if (!zarr_word_is (named.name, "regular"))
        return zarr_fault_unknown (reader, "chunk grid", named.name);
    if (named.configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, named.configuration, "the configuration of \"chunk_grid\"",
                                     &member, 1, NULL));
    if (!member.value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "\"chunk_grid\" has no \"chunk_shape\"");
    return zarr_take_chunk (reader, member.value, "\"chunk_shape\"", array);
}

static int32_t
take_keys (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_member member = { "separator", { 0 } };
    struct zarr_named named;
    ZARR_TRY (zarr_take_named (reader, text, "\"chunk_key_encoding\"", &named));
    int is_v2 = zarr_word_is (named.name, "v2");
    if (!is_v2 && !zarr_word_is (named.name, "default"))
        return zarr_fault_unknown (reader, "chunk key encoding", named.name);
    if (named.configuration.bytes)
        ZARR_TRY (zarr_take_members (reader, named.configuration,
                                     "the configuration of \"chunk_key_encoding\"", &member, 1, NULL));
    array->keys = is_v2 ? ZARR_KEYS_V2 : ZARR_KEYS_DEFAULT;
    array->separator = is_v2 ? '.' : '/';
    if (!member.value.bytes)
        return 0;
    array->separator = zarr_text_is (reader, member.value, "/") ? '/' : '.';
    if (array->separator == '.' && !zarr_text_is (reader, member.value, "."))
        return zarr_fault (reader, TENON_E_MALFORMED, "the separator of keys is neither \".\" nor \"/\"");
    return 0;
}

/* Storage transformers change what lies under a key: none is known, but some may be ignored. */
static int32_t
check_transformers (struct zarr_reader *reader, struct zarr_text text)
{
    struct tenon_json json;
    int32_t token;
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (reader, TENON_E_MALFORMED, "\"storage_transformers\" is no array");
    while ((token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY) {
        struct zarr_named named;
        struct zarr_text item;
        ZARR_TRY (zarr_take (reader, &json, token, &item));
        ZARR_TRY (zarr_take_named (reader, item, "a storage transformer", &named));
        if (!named.may_ignore)
            return zarr_fault_unknown (reader, "storage transformer", named.name);
    }
    return 0;
}

/* The word for the data type: its name, or the name of its object. */
static int32_t
name_type (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_named named;
    ZARR_TRY (zarr_take_named (reader, text, "\"data_type\"", &named));
    array->type_name = named.name;
    return 0;
}

enum {
    FORMAT,
    KIND,
    SHAPE,
    TYPE,
    GRID,
    KEYS,
    CODECS,
    FILL,
    ATTRIBUTES,
    NAMES,
    TRANSFORMERS,
    CONSOLIDATED,
    MEMBERS
};

int32_t
zarr_take_array3 (struct zarr_reader *reader, struct zarr_text document, struct zarr_array *array)
{
    struct zarr_member members[MEMBERS] = {
        [FORMAT] = { "zarr_format", { 0 } },
        [KIND] = { "node_type", { 0 } },
        [SHAPE] = { "shape", { 0 } },
        [TYPE] = { "data_type", { 0 } },
        [GRID] = { "chunk_grid", { 0 } },
        [KEYS] = { "chunk_key_encoding", { 0 } },
        [CODECS] = { "codecs", { 0 } },
        [FILL] = { "fill_value", { 0 } },
        [ATTRIBUTES] = { "attributes", { 0 } },
        [NAMES] = { "dimension_names", { 0 } },
        [TRANSFORMERS] = { "storage_transformers", { 0 } },
        [CONSOLIDATED] = { "consolidated_metadata", { 0 } },
    };
    struct zarr_word other = { 0 };
    ZARR_TRY (zarr_take_members (reader, document, reader->document, members, MEMBERS, &other));
    array->attributes = members[ATTRIBUTES].value;
    array->names = members[NAMES].value;
    ZARR_TRY (zarr_require (reader, document, members, CODECS + 1));
    ZARR_TRY (name_type (reader, members[TYPE].value, array));
    ZARR_TRY (zarr_take_shape (reader, members[SHAPE].value, array));
    if (other.bytes) {
        reader->place = other.place;
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "%s has the member \"%.*s\", which is not known",
                           reader->document, other.length > 80 ? 80 : (int) other.length, other.bytes);
    }
    ZARR_TRY (zarr_take_type (reader, members[TYPE].value, '<', &array->type));
    ZARR_TRY (take_grid (reader, members[GRID].value, array));
    ZARR_TRY (take_keys (reader, members[KEYS].value, array));
    if (members[TRANSFORMERS].value.bytes)
        ZARR_TRY (check_transformers (reader, members[TRANSFORMERS].value));
    ZARR_TRY (zarr_take_codecs (reader, members[CODECS].value, members[TYPE].value, array));
    return members[FILL].value.bytes ? zarr_take_fill (reader, members[FILL].value, array) : 0;
}
