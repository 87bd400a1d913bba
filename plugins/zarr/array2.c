/* SPDX-License-Identifier: MIT */
/* array2.c - the document of an array of version 2, .zarray; and what it has in common with version 3. */
#include "read.h"

int32_t
zarr_take_shape (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    uint64_t dims;
    ZARR_TRY (zarr_take_numbers (reader, text, "\"shape\"", array->shape, ZARR_RANK, &dims));
    array->dims = dims;
    array->rank = dims < ZARR_RANK ? (uint32_t) dims : ZARR_RANK;
    if (dims > ZARR_RANK)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "\"shape\" has %llu dims, tenon supports %u",
                           (unsigned long long) dims, ZARR_RANK);
    return 0;
}

/* A chunk of no items fits an array of none: then any other number will do. */
int32_t
zarr_take_chunk (struct zarr_reader *reader, struct zarr_text text, const char *what,
                 struct zarr_array *array)
{
    uint64_t dims;
    ZARR_TRY (zarr_take_numbers (reader, text, what, array->chunk, ZARR_RANK, &dims));
    if (dims != array->dims)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has %llu dims, \"shape\" has %llu", what,
                           (unsigned long long) dims, (unsigned long long) array->dims);
    for (uint32_t i = 0; i < array->rank; i++) {
        if (array->chunk[i] == 0 && array->shape[i] > 0)
            return zarr_fault (reader, TENON_E_MALFORMED, "%s has the dim 0", what);
        array->chunk[i] += array->chunk[i] == 0;
    }
    return 0;
}

/* A codec of version 2: an object with its name, "id", and its configuration. */
static int32_t
take_codec2 (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array)
{
    struct zarr_member member = { "id", { 0 } };
    struct zarr_word name;
    uint32_t works_on;
    ZARR_TRY (zarr_take_members (reader, text, "a codec", &member, 1, NULL));
    if (!member.value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "a codec has no \"id\"");
    ZARR_TRY (zarr_take_string (reader, member.value, "the \"id\" of a codec", &name));
    return zarr_add_step (reader, array, name, text, &works_on);
}

/* The filters in their order, then the compressor. */
static int32_t
take_codecs2 (struct zarr_reader *reader, struct zarr_text filters, struct zarr_text compressor,
              struct zarr_array *array)
{
    struct tenon_json json;
    struct zarr_text text;
    int32_t token = TENON_JSON_NULL;
    if (filters.bytes) {
        zarr_begin (reader, filters, &json);
        token = tenon_json_next (&json);
    }
    if (token != TENON_JSON_NULL && token != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (reader, TENON_E_MALFORMED, "\"filters\" is no array");
    while (token != TENON_JSON_NULL && (token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY) {
        ZARR_TRY (zarr_take (reader, &json, token, &text));
        ZARR_TRY (take_codec2 (reader, text, array));
    }
    if (!compressor.bytes || zarr_token (reader, compressor) == TENON_JSON_NULL)
        return 0;
    return take_codec2 (reader, compressor, array);
}

static int32_t
take_order2 (struct zarr_reader *reader, struct zarr_text order, struct zarr_text separator,
             struct zarr_array *array)
{
    for (uint32_t i = 0; i < ZARR_RANK; i++)
        array->order[i] = i;
    array->is_fortran = order.bytes && zarr_text_is (reader, order, "F");
    if (order.bytes && !array->is_fortran && !zarr_text_is (reader, order, "C"))
        return zarr_fault (reader, TENON_E_MALFORMED, "\"order\" is neither \"C\" nor \"F\"");
    array->keys = ZARR_KEYS_V2;
    array->separator = separator.bytes && zarr_text_is (reader, separator, "/") ? '/' : '.';
    if (separator.bytes && array->separator == '.' && !zarr_text_is (reader, separator, "."))
        return zarr_fault (reader, TENON_E_MALFORMED, "\"dimension_separator\" is neither \".\" nor \"/\"");
    return 0;
}

int32_t
zarr_take_format (struct zarr_reader *reader, struct zarr_text text)
{
    struct tenon_json json;
    uint64_t number;
    if (!text.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has no \"zarr_format\"", reader->document);
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_NUMBER || tenon_json_u64 (&json, &number) < 0)
        return zarr_fault (reader, TENON_E_MALFORMED, "\"zarr_format\" is no whole number");
    if (number != reader->version)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "%s has the \"zarr_format\" %llu, expected %u",
                           reader->document, (unsigned long long) number, reader->version);
    return 0;
}

int32_t
zarr_require (struct zarr_reader *reader, struct zarr_text object, const struct zarr_member *members,
              uint32_t count)
{
    reader->place = object.bytes;
    for (uint32_t i = 0; i < count; i++)
        if (!members[i].value.bytes)
            return zarr_fault (reader, TENON_E_MALFORMED, "%s has no \"%s\"", reader->document,
                               members[i].name);
    return 0;
}

enum { FORMAT, SHAPE, CHUNKS, DTYPE, COMPRESSOR, FILL, ORDER, FILTERS, SEPARATOR, MEMBERS };

int32_t
zarr_take_array2 (struct zarr_reader *reader, struct zarr_text document, struct zarr_array *array)
{
    struct zarr_member members[MEMBERS] = {
        [FORMAT] = { "zarr_format", { 0 } },
        [SHAPE] = { "shape", { 0 } },
        [CHUNKS] = { "chunks", { 0 } },
        [DTYPE] = { "dtype", { 0 } },
        [COMPRESSOR] = { "compressor", { 0 } },
        [FILL] = { "fill_value", { 0 } },
        [ORDER] = { "order", { 0 } },
        [FILTERS] = { "filters", { 0 } },
        [SEPARATOR] = { "dimension_separator", { 0 } },
    };
    ZARR_TRY (zarr_take_members (reader, document, reader->document, members, MEMBERS, NULL));
    ZARR_TRY (zarr_take_format (reader, members[FORMAT].value));
    ZARR_TRY (zarr_require (reader, document, members, DTYPE + 1));
    array->type_name.bytes = (const char *) members[DTYPE].value.bytes;
    array->type_name.length = members[DTYPE].value.length;
    if (zarr_token (reader, members[DTYPE].value) == TENON_JSON_STRING)
        ZARR_TRY (zarr_take_string (reader, members[DTYPE].value, "\"dtype\"", &array->type_name));
    ZARR_TRY (zarr_take_shape (reader, members[SHAPE].value, array));
    ZARR_TRY (zarr_take_chunk (reader, members[CHUNKS].value, "\"chunks\"", array));
    ZARR_TRY (take_order2 (reader, members[ORDER].value, members[SEPARATOR].value, array));
    ZARR_TRY (zarr_take_type (reader, members[DTYPE].value, 0, &array->type));
    ZARR_TRY (take_codecs2 (reader, members[FILTERS].value, members[COMPRESSOR].value, array));
    return members[FILL].value.bytes ? zarr_take_fill (reader, members[FILL].value, array) : 0;
}
