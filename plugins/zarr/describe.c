/* SPDX-License-Identifier: MIT */
/* describe.c - the root of a store, which decides its version: zarr.json is that of version 3; .zmetadata,
 * .zarray or .zgroup that of version 2. The arrays come from consolidated metadata, or from walking. */
#include "read.h"

static const struct zarr_word root = { "", 0, NULL };

/* Reads a key of the root. *has is 0 if the store does not have it. */
static tenon_status
read_root (struct zarr_reader *reader, const char *key, struct zarr_text *text, int *has)
{
    zarr_begin_document (reader, key);
    int32_t status = zarr_read_key (reader, key, strlen (key), text);
    *has = status == 0;
    if (status == ZARR_FAULT)
        return zarr_fail (reader);
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

/* True if the store has the key. */
static int
has_key (struct zarr_reader *reader, const char *key)
{
    uint32_t source;
    return reader->call->host->open_key (reader->call, key, strlen (key), &source) == TENON_OK;
}

/* ---- version 3 ---- */

/* *metadata is the object of the documents, if the consolidated metadata have the known form. */
static int32_t
take_consolidated (struct zarr_reader *reader, struct zarr_text text, struct zarr_text *metadata)
{
    struct zarr_member members[] = { { "kind", { 0 } }, { "metadata", { 0 } } };
    metadata->bytes = NULL;
    if (!text.bytes || zarr_token (reader, text) == TENON_JSON_NULL)
        return 0;
    ZARR_TRY (zarr_take_members (reader, text, "\"consolidated_metadata\"", members, 2, NULL));
    if (members[0].value.bytes && zarr_text_is (reader, members[0].value, "inline"))
        *metadata = members[1].value;
    if (metadata->bytes)
        return 0;
    tenon_note (reader->call, TENON_NOTE, NULL,
                "consolidated metadata are of no known kind: all groups are searched");
    return 0;
}

static tenon_status
describe_3 (struct zarr_reader *reader, struct zarr_text document, int64_t use)
{
    struct zarr_text consolidated, metadata = { 0 };
    int is_group;
    reader->version = 3;
    if (has_key (reader, ".zarray") || has_key (reader, ".zgroup"))
        tenon_note (reader->call, TENON_NOTE, NULL,
                    "the store has documents of version 2 as well: those of version 3 count");
    zarr_begin_document (reader, "zarr.json");
    TENON_TRY (zarr_add_node3 (reader, root, document, &is_group, &consolidated));
    if (!is_group)
        return TENON_OK;
    if (use == ZARR_CONSOLIDATED_USE) {
        int32_t status = take_consolidated (reader, consolidated, &metadata);
        if (status != 0)
            return status < 0 ? status : zarr_fail (reader);
    }
    return metadata.bytes ? zarr_add_consolidated3 (reader, metadata) : zarr_walk (reader);
}

/* ---- version 2 ---- */

/* The attributes of the root; the reader's bytes are theirs then. */
static tenon_status
add_root_attributes (struct zarr_reader *reader)
{
    struct zarr_text text;
    int has;
    TENON_TRY (read_root (reader, ".zattrs", &text, &has));
    if (!has)
        return TENON_OK;
    if (zarr_take_members (reader, text, reader->document, NULL, 0, NULL) != 0)
        return zarr_fail (reader);
    TENON_TRY (zarr_read_record (reader, text));
    return zarr_add_attributes (reader, root, text);
}

static tenon_status
describe_2 (struct zarr_reader *reader, int64_t use)
{
    struct zarr_text text;
    int has = 0;
    reader->version = 2;
    if (use == ZARR_CONSOLIDATED_USE)
        TENON_TRY (read_root (reader, ".zmetadata", &text, &has));
    if (has)
        return zarr_add_consolidated2 (reader, text);
    TENON_TRY (read_root (reader, ".zarray", &text, &has));
    if (has) {
        TENON_TRY (zarr_add_node2 (reader, root, text));
        return add_root_attributes (reader);
    }
    TENON_TRY (read_root (reader, ".zgroup", &text, &has));
    TENON_TRY (add_root_attributes (reader));
    return zarr_walk (reader);
}

tenon_status
zarr_describe (struct tenon_call *call)
{
    struct zarr_reader reader = { .call = call };
    struct tenon_setting use = TENON_INIT (use);
    struct zarr_text text;
    uint64_t depth = call->host->limit (call, TENON_LIMIT_DEPTH);
    int is_3;
    reader.depth = depth < TENON_JSON_DEPTH ? (uint32_t) depth : TENON_JSON_DEPTH;
    TENON_TRY (call->host->option (call, ZARR_OPTION_CONSOLIDATED, &use));
    TENON_TRY (read_root (&reader, "zarr.json", &text, &is_3));
    return is_3 ? describe_3 (&reader, text, use.integer) : describe_2 (&reader, use.integer);
}
