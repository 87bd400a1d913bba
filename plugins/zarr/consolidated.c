/* SPDX-License-Identifier: MIT */
/* consolidated.c - the documents of all nodes, gathered in one: .zmetadata of version 2, a member of the
 * root's zarr.json in version 3. They count, not the documents that they were gathered from. */
#include "read.h"

/* The key of a document: it belongs to the store, though it is not opened. */
static tenon_status
claim_document (struct zarr_reader *reader, const char *key, uint64_t length)
{
    struct tenon_claim claim = TENON_INIT (claim);
    claim.prefix = key;
    claim.prefix_length = length;
    claim.separator = '/';
    return reader->call->host->claim_keys (reader->call, &claim);
}

static tenon_status
fail_path (struct zarr_reader *reader, struct zarr_word path)
{
    return tenon_fail_in (reader->call, TENON_E_MALFORMED, reader->source, zarr_offset (reader, path.place),
                          "consolidated metadata have the path '%.*s', which no node can have",
                          path.length > 80 ? 80 : (int) path.length, path.bytes);
}

/* Begins the object with the documents. */
static tenon_status
begin_documents (struct zarr_reader *reader, struct zarr_text documents, struct tenon_json *json)
{
    zarr_begin (reader, documents, json);
    if (documents.bytes && tenon_json_next (json) == TENON_JSON_BEGIN_OBJECT)
        return TENON_OK;
    return tenon_fail_in (reader->call, TENON_E_MALFORMED, reader->source,
                          zarr_offset (reader, documents.bytes ? documents.bytes : reader->bytes),
                          "consolidated metadata have no object \"metadata\"");
}

/* The next document and its key; *key has no bytes behind the last one. */
static tenon_status
next_document (struct zarr_reader *reader, struct tenon_json *json, struct zarr_word *key,
               struct zarr_text *document)
{
    int32_t status;
    key->bytes = NULL;
    if (tenon_json_next (json) != TENON_JSON_KEY)
        return TENON_OK;
    if ((status = zarr_take_word (reader, json, key)) == 0)
        status = zarr_take (reader, json, tenon_json_next (json), document);
    return status == ZARR_FAULT ? zarr_fail (reader) : status;
}

/* ---- version 2 ---- */

/* Takes the path off a key, "a/b/.zarray". *name is what is left. */
static struct zarr_word
split_key (struct tenon_call *call, struct zarr_word key, struct zarr_word *name)
{
    struct zarr_word path = key;
    while (path.length > 0 && path.bytes[path.length - 1] != '/')
        path.length--;
    *name = (struct zarr_word){ key.bytes + path.length, key.length - path.length, key.place };
    path.length -= path.length > 0;
    char *copy = call->host->scratch (call, path.length + 1);
    if (copy)
        memcpy (copy, path.bytes, (size_t) path.length);
    path.bytes = copy;
    return path;
}

static tenon_status
add_document2 (struct zarr_reader *reader, struct zarr_word key, struct zarr_text document)
{
    struct zarr_word name, path = split_key (reader->call, key, &name);
    int is_array = zarr_word_is (name, ".zarray"), is_attributes = zarr_word_is (name, ".zattrs");
    if (!path.bytes)
        return TENON_E_MEMORY;
    if (!is_array && !is_attributes && !zarr_word_is (name, ".zgroup"))
        return TENON_OK;
    if (!zarr_is_path (path) || (!path.length && key.bytes[0] == '/'))
        return fail_path (reader, key);
    TENON_TRY (claim_document (reader, key.bytes, key.length));
    zarr_begin_document (reader, key.bytes);
    return is_array        ? zarr_add_node2 (reader, path, document)
           : is_attributes ? zarr_add_attributes (reader, path, document)
                           : TENON_OK;
}

/* The attributes of the root may stand anywhere, and state types of others. */
static tenon_status
find_record (struct zarr_reader *reader, struct zarr_text documents)
{
    struct tenon_json json;
    TENON_TRY (begin_documents (reader, documents, &json));
    while (tenon_json_next (&json) == TENON_JSON_KEY) {
        int is_root = tenon_json_is (&json, ".zattrs");
        int32_t token = tenon_json_next (&json);
        struct zarr_text attributes;
        if (zarr_take (reader, &json, token, &attributes) != 0)
            return zarr_fail (reader);
        if (is_root)
            return zarr_read_record (reader, attributes);
    }
    return TENON_OK;
}

tenon_status
zarr_add_consolidated2 (struct zarr_reader *reader, struct zarr_text document)
{
    struct zarr_member member = { "metadata", { 0 } };
    struct tenon_json json;
    struct zarr_word key;
    struct zarr_text text;
    int32_t status;
    zarr_begin_document (reader, ".zmetadata");
    status = zarr_take_members (reader, document, reader->document, &member, 1, NULL);
    if (status != 0)
        return status < 0 ? status : zarr_fail (reader);
    TENON_TRY (find_record (reader, member.value));
    TENON_TRY (begin_documents (reader, member.value, &json));
    for (;;) {
        TENON_TRY (next_document (reader, &json, &key, &text));
        if (!key.bytes)
            return TENON_OK;
        TENON_TRY (add_document2 (reader, key, text));
    }
}

/* ---- version 3 ---- */

static tenon_status
add_document3 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document)
{
    static const char name[] = "/zarr.json";
    char *key = reader->call->host->scratch (reader->call, path.length + sizeof name);
    struct zarr_text inner;
    int is_group;
    if (!key)
        return TENON_E_MEMORY;
    if (!path.length || !zarr_is_path (path))
        return fail_path (reader, path);
    memcpy (key, path.bytes, (size_t) path.length);
    memcpy (key + path.length, name, sizeof name);
    TENON_TRY (claim_document (reader, key, path.length + sizeof name - 1));
    zarr_begin_document (reader, key);
    return zarr_add_node3 (reader, path, document, &is_group, &inner);
}

tenon_status
zarr_add_consolidated3 (struct zarr_reader *reader, struct zarr_text metadata)
{
    struct tenon_json json;
    struct zarr_word path;
    struct zarr_text text;
    TENON_TRY (begin_documents (reader, metadata, &json));
    for (;;) {
        TENON_TRY (next_document (reader, &json, &path, &text));
        if (!path.bytes)
            return TENON_OK;
        TENON_TRY (add_document3 (reader, path, text));
    }
}
