/* SPDX-License-Identifier: MIT */
/* walk.c - the nodes of a store, found by listing its groups. Nothing is listed inside an array, so a million
 * chunks cost nothing. A folder without a document is none of the store. */
#include "read.h"

/* Nodes that wait: the next one is the last. */
struct waiting {
    struct zarr_word *paths;
    uint64_t count, room;
};

/* Reverses the nodes from `first` on. */
static void
reverse_paths (struct waiting *waiting, uint64_t first)
{
    for (uint64_t i = first, j = waiting->count; i + 1 < j; i++) {
        struct zarr_word path = waiting->paths[i];
        waiting->paths[i] = waiting->paths[--j];
        waiting->paths[j] = path;
    }
}

/* Adds a child to the nodes that wait: `key` is its path, with a '/' behind it. */
static tenon_status
wait_for (struct zarr_reader *reader, struct waiting *waiting, const struct tenon_key *key)
{
    uint64_t length = key->length - 1;
    char *path = reader->call->host->scratch (reader->call, length + 1);
    if (!path)
        return TENON_E_MEMORY;
    memcpy (path, key->key, (size_t) length);
    TENON_TRY (tenon_grow (reader->call, &waiting->paths, &waiting->room, waiting->count + 1,
                           sizeof *waiting->paths));
    waiting->paths[waiting->count++] = (struct zarr_word){ path, length, NULL };
    return TENON_OK;
}

/* Version 3 reserves names that begin with two underscores. */
static int
is_reserved (const struct zarr_reader *reader, const struct tenon_key *key, uint64_t prefix)
{
    return reader->version == 3 && key->length > prefix + 2 && memcmp (key->key + prefix, "__", 2) == 0;
}

/* Lists the children of a group. */
static tenon_status
list_group (struct zarr_reader *reader, struct waiting *waiting, struct zarr_word group)
{
    struct tenon_call *call = reader->call;
    struct tenon_key key = TENON_INIT (key);
    uint64_t first = waiting->count, length = group.length + (group.length > 0), depth = 1;
    char *prefix = call->host->scratch (call, length + 1);
    tenon_status status;
    if (!prefix)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < group.length; i++)
        depth += group.bytes[i] == '/';
    if (depth > call->host->limit (call, TENON_LIMIT_DEPTH))
        return tenon_fail (call, TENON_E_LIMIT, TENON_AUTO, "groups nest deeper than limits.depth=%llu",
                           (unsigned long long) call->host->limit (call, TENON_LIMIT_DEPTH));
    memcpy (prefix, group.bytes, (size_t) group.length);
    if (length)
        prefix[length - 1] = '/';
    key.how = TENON_KEYS_ONE_LEVEL;
    while ((status = call->host->next_key (call, prefix, length, &key)) == TENON_OK)
        if (key.length > ZARR_PATH)
            tenon_note (call, TENON_LOSS, NULL, "a path has %llu bytes: it is not searched",
                        (unsigned long long) key.length);
        else if (!tenon_json_is_utf8 (key.key + length, key.length - length))
            tenon_note (call, TENON_LOSS, group.length ? group.bytes : NULL,
                        "a name in it is no UTF-8: it is not searched");
        else if (key.length > length + 1 && key.key[key.length - 1] == '/'
                 && !is_reserved (reader, &key, length))
            TENON_TRY (wait_for (reader, waiting, &key));
    reverse_paths (waiting, first);
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

/* Reads the document of a node, PATH/NAME. *key is the key. */
static int32_t
read_document (struct zarr_reader *reader, struct zarr_word path, const char *name, struct zarr_text *text)
{
    uint64_t length = strlen (name);
    char *key = reader->call->host->scratch (reader->call, path.length + length + 2);
    if (!key)
        return TENON_E_MEMORY;
    memcpy (key, path.bytes, (size_t) path.length);
    key[path.length] = '/';
    memcpy (key + path.length + 1, name, (size_t) length);
    zarr_begin_document (reader, key);
    return zarr_read_key (reader, key, path.length + length + 1, text);
}

static tenon_status
add_attributes2 (struct zarr_reader *reader, struct zarr_word path)
{
    struct zarr_text text;
    int32_t status = read_document (reader, path, ".zattrs", &text);
    if (status == TENON_E_NOT_FOUND)
        return TENON_OK;
    if (status == 0)
        status = zarr_take_members (reader, text, reader->document, NULL, 0, NULL);
    if (status != ZARR_FAULT)
        return status < 0 ? status : zarr_add_attributes (reader, path, text);
    tenon_note (reader->call, TENON_LOSS, path.bytes, "the attributes cannot be read: %s",
                zarr_fault_words (reader));
    return TENON_OK;
}

static tenon_status
visit_node2 (struct zarr_reader *reader, struct zarr_word path, int *is_group)
{
    struct zarr_text text;
    int32_t status = read_document (reader, path, ".zarray", &text);
    *is_group = 0;
    if (status == 0)
        TENON_TRY (zarr_add_node2 (reader, path, text));
    else if (status == TENON_E_NOT_FOUND) {
        status = read_document (reader, path, ".zgroup", &text);
        *is_group = status == 0;
        if (status == TENON_E_NOT_FOUND)
            return TENON_OK;
    }
    if (status != 0)
        return status < 0 ? status : zarr_skip_node (reader, path);
    return add_attributes2 (reader, path);
}

static tenon_status
visit_node3 (struct zarr_reader *reader, struct zarr_word path, int *is_group)
{
    struct zarr_text text, consolidated;
    int32_t status = read_document (reader, path, "zarr.json", &text);
    *is_group = 0;
    if (status == TENON_E_NOT_FOUND)
        return TENON_OK;
    if (status != 0)
        return status < 0 ? status : zarr_skip_node (reader, path);
    return zarr_add_node3 (reader, path, text, is_group, &consolidated);
}

tenon_status
zarr_walk (struct zarr_reader *reader)
{
    struct waiting waiting = { 0 };
    TENON_TRY (list_group (reader, &waiting, (struct zarr_word){ "", 0, NULL }));
    while (waiting.count > 0) {
        struct zarr_word path = waiting.paths[--waiting.count];
        int is_group;
        TENON_TRY (reader->version == 2 ? visit_node2 (reader, path, &is_group)
                                        : visit_node3 (reader, path, &is_group));
        if (is_group)
            TENON_TRY (list_group (reader, &waiting, path));
    }
    return TENON_OK;
}
