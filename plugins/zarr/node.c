/* SPDX-License-Identifier: MIT */
/* node.c - a metadata document: that of a group, or of an array. */
#include "read.h"

void
zarr_begin_document (struct zarr_reader *reader, const char *name)
{
    reader->document = name;
    reader->fault = TENON_OK;
    reader->place = NULL;
}

tenon_status
zarr_fail (struct zarr_reader *reader)
{
    return tenon_fail_in (reader->call, reader->fault, reader->source, reader->fault_offset, "%s",
                          reader->words);
}

int32_t
zarr_read_key (struct zarr_reader *reader, const char *key, uint64_t length, struct zarr_text *text)
{
    struct tenon_call *call = reader->call;
    struct tenon_source_info info = TENON_INIT (info);
    reader->size = 0;
    tenon_status status = call->host->open_key (call, key, length, &reader->source);
    if (status == TENON_E_NOT_FOUND)
        return status;
    if (status < 0)
        return zarr_fault (reader, status, "%s", call->host->answer (call));
    TENON_TRY (call->host->source_info (call, reader->source, &info));
    TENON_TRY (tenon_grow (call, &reader->bytes, &reader->bytes_room, info.size + 1, 1));
    status = call->host->read_at (call, reader->source, 0, reader->bytes, info.size);
    if (status == TENON_E_CHECKSUM)
        return zarr_fault (reader, status, "%s", call->host->answer (call));
    text->bytes = reader->bytes;
    text->length = reader->size = info.size;
    if (info.size >= 3 && memcmp (reader->bytes, "\xef\xbb\xbf", 3) == 0) {
        tenon_note (call, TENON_NOTE | TENON_FLAW, key, "the document begins with a byte order mark");
        text->bytes += 3;
        text->length -= 3;
    }
    return status;
}

/* A new array. */
static struct zarr_array *
begin_array (struct zarr_reader *reader, struct zarr_word path)
{
    if (!reader->array)
        reader->array = reader->call->host->scratch (reader->call, sizeof *reader->array);
    if (!reader->array)
        return NULL;
    memset (reader->array, 0, sizeof *reader->array);
    reader->array->path = path;
    reader->array->dims = UINT64_MAX;
    return reader->array;
}

/* A part of a path that no node can have. */
static int
is_bad_part (const char *part, uint64_t length)
{
    return length == 0 || (length <= 2 && part[0] == '.' && part[length - 1] == '.')
           || memchr (part, 0, (size_t) length);
}

int
zarr_is_path (struct zarr_word path)
{
    uint64_t start = 0;
    if (path.length > ZARR_PATH)
        return 0;
    for (uint64_t i = 0; i <= path.length && path.length; i++)
        if (i == path.length || path.bytes[i] == '/') {
            if (is_bad_part (path.bytes + start, i - start))
                return 0;
            start = i + 1;
        }
    return 1;
}

/* Adds the array whose document was read with this result. */
static tenon_status
end_array (struct zarr_reader *reader, struct zarr_array *array, int32_t result)
{
    if (result == ZARR_FAULT)
        return zarr_skip_array (reader, array);
    return result < 0 ? result : zarr_add_array (reader, array);
}

tenon_status
zarr_skip_node (struct zarr_reader *reader, struct zarr_word path)
{
    struct zarr_array *array = begin_array (reader, path);
    return array ? zarr_skip_array (reader, array) : TENON_E_MEMORY;
}

tenon_status
zarr_add_node2 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document)
{
    struct zarr_array *array = begin_array (reader, path);
    return array ? end_array (reader, array, zarr_take_array2 (reader, document, array)) : TENON_E_MEMORY;
}

static tenon_status
add_array3 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document)
{
    struct zarr_array *array = begin_array (reader, path);
    if (!array)
        return TENON_E_MEMORY;
    TENON_TRY (end_array (reader, array, zarr_take_array3 (reader, document, array)));
    if (!path.length && array->attributes.bytes)
        TENON_TRY (zarr_read_record (reader, array->attributes));
    TENON_TRY (zarr_add_names (reader, path, array->names));
    return zarr_add_attributes (reader, path, array->attributes);
}

/* A document that is neither a group nor an array. At the root nothing is left. */
static tenon_status
refuse_node (struct zarr_reader *reader, struct zarr_word path)
{
    return path.length ? zarr_skip_node (reader, path) : zarr_fail (reader);
}

enum { FORMAT, KIND, ATTRIBUTES, CONSOLIDATED, MEMBERS };

/* What decides whether it is a group or an array. */
static int32_t
take_node3 (struct zarr_reader *reader, struct zarr_text document, struct zarr_member *members,
            struct zarr_word *other)
{
    ZARR_TRY (zarr_take_members (reader, document, reader->document, members, MEMBERS, other));
    ZARR_TRY (zarr_take_format (reader, members[FORMAT].value));
    ZARR_TRY (zarr_require (reader, document, &members[KIND], 1));
    if (!zarr_text_is (reader, members[KIND].value, "group")
        && !zarr_text_is (reader, members[KIND].value, "array"))
        return zarr_fault (reader, TENON_E_MALFORMED, "\"node_type\" is neither \"group\" nor \"array\"");
    return 0;
}

tenon_status
zarr_add_node3 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document, int *is_group,
                struct zarr_text *consolidated)
{
    struct zarr_member members[MEMBERS] = { [FORMAT] = { "zarr_format", { 0 } },
                                            [KIND] = { "node_type", { 0 } },
                                            [ATTRIBUTES] = { "attributes", { 0 } },
                                            [CONSOLIDATED] = { "consolidated_metadata", { 0 } } };
    struct zarr_word other = { 0 };
    int32_t status = take_node3 (reader, document, members, &other);
    *is_group = 0;
    consolidated->bytes = NULL;
    if (status != 0)
        return status < 0 ? status : refuse_node (reader, path);
    if (zarr_text_is (reader, members[KIND].value, "array"))
        return add_array3 (reader, path, document);
    if (other.bytes) {
        zarr_fault_unknown (reader, "member of a group", other);
        return refuse_node (reader, path);
    }
    *is_group = 1;
    *consolidated = members[CONSOLIDATED].value;
    if (!path.length && members[ATTRIBUTES].value.bytes)
        TENON_TRY (zarr_read_record (reader, members[ATTRIBUTES].value));
    return zarr_add_attributes (reader, path, members[ATTRIBUTES].value);
}
