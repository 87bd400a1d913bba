/* SPDX-License-Identifier: MIT */
/* write_node.c - the nodes of the store. The name of a tensor is the path of its array, and what stands
 * before each '/' in it is a group. */
#include "write.h"

/* ---- names ---- */

/* Why a component of a name cannot be one of a path; NULL: it can. */
static const char *
judge_component (const char *component, uint64_t length)
{
    static const char *const files[] = { "zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata" };
    uint64_t dots = 0;
    if (length == 0)
        return "it begins or ends with '/', or has two in a row";
    for (uint64_t i = 0; i < length; i++) {
        if (component[i] == '\\')
            return "it has a '\\', which other programs take for '/'";
        dots += component[i] == '.';
    }
    if (dots == length)
        return "a part of it has dots only";
    for (uint64_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strlen (files[i]) == length && memcmp (files[i], component, length) == 0)
            return "a part of it is the name of a file of metadata";
    return NULL;
}

static const char *
judge_name (const char *name, uint64_t length)
{
    const char *end = name + length, *why = NULL;
    while (!why) {
        const char *slash = memchr (name, '/', (size_t) (end - name));
        why = judge_component (name, (uint64_t) ((slash ? slash : end) - name));
        if (!slash)
            break;
        name = slash + 1;
    }
    return why;
}

static tenon_status
fail_name (struct zarr_writer *writer, const struct tenon_tensor *tensor, const char *why)
{
    return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                       "the tensor name '%.*s' is no path in a Zarr store: %s; rename it",
                       tensor->name_length > 200 ? 200 : (int) tensor->name_length, tensor->name, why);
}

/* ---- the table ---- */

static uint64_t *
find_slot (const struct zarr_writer *writer, const char *path, uint64_t length)
{
    struct tenon_call *call = writer->call;
    uint64_t mask = writer->table_size - 1, at = call->host->hash (call, path, length) & mask;
    for (; writer->table[at]; at = (at + 1) & mask) {
        const struct zarr_node *node = &writer->nodes[writer->table[at] - 1];
        if (node->length == length && memcmp (node->path, path, length) == 0)
            break;
    }
    return &writer->table[at];
}

struct zarr_node *
zarr_find_node (const struct zarr_writer *writer, const char *path, uint64_t length)
{
    uint64_t slot = *find_slot (writer, path, length);
    return slot ? &writer->nodes[slot - 1] : NULL;
}

/* Makes the table so large that at least half of it is free. */
static tenon_status
enlarge_table (struct zarr_writer *writer)
{
    uint64_t size = writer->table_size ? writer->table_size : 64;
    if (writer->table && 2 * (writer->node_count + 1) <= size)
        return TENON_OK;
    while (2 * (writer->node_count + 1) > size)
        size *= 2;
    writer->table = writer->call->host->scratch (writer->call, size * sizeof *writer->table);
    if (!writer->table)
        return TENON_E_MEMORY;
    writer->table_size = size;
    for (uint64_t i = 0; i < writer->node_count; i++)
        *find_slot (writer, writer->nodes[i].path, writer->nodes[i].length) = i + 1;
    return TENON_OK;
}

static tenon_status
add_node (struct zarr_writer *writer, const char *path, uint64_t length, uint64_t tensor)
{
    TENON_TRY (tenon_grow (writer->call, &writer->nodes, &writer->node_room, writer->node_count + 1,
                           sizeof *writer->nodes));
    TENON_TRY (enlarge_table (writer));
    writer->nodes[writer->node_count] = (struct zarr_node){
        .path = path, .tensor = tensor, .first = TENON_AUTO, .last = TENON_AUTO, .length = (uint32_t) length
    };
    *find_slot (writer, path, length) = ++writer->node_count;
    return TENON_OK;
}

/* ---- groups ---- */

/* The length of what stands before the last '/' of a path; 0: the path has none. */
static uint64_t
parent_length (const char *path, uint64_t length)
{
    while (length > 0 && path[length - 1] != '/')
        length--;
    return length > 0 ? length - 1 : 0;
}

/* Adds the groups around a path that are not there yet, the outermost first. */
static tenon_status
add_groups (struct zarr_writer *writer, const struct tenon_tensor *tensor)
{
    const char *path = tensor->name;
    uint64_t end = parent_length (path, tensor->name_length), old = end;
    struct zarr_node *node;
    while (!(node = zarr_find_node (writer, path, old))) /* the root is there */
        old = parent_length (path, old);
    if (node->tensor != TENON_AUTO)
        return fail_name (writer, tensor, "an array holds no other array, and a part of it names one");
    while (old < end) {
        const char *from = path + old + (old > 0), *slash = memchr (from, '/', tensor->name_length);
        old = (uint64_t) (slash - path);
        TENON_TRY (add_node (writer, path, old, TENON_AUTO));
    }
    return TENON_OK;
}

static tenon_status
add_array (struct zarr_writer *writer, uint64_t index)
{
    struct tenon_call *call = writer->call;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    const char *why =
        tensor.name_length > UINT32_MAX ? "it is too long" : judge_name (tensor.name, tensor.name_length);
    if (why)
        return fail_name (writer, &tensor, why);
    TENON_TRY (add_groups (writer, &tensor));
    if (zarr_find_node (writer, tensor.name, tensor.name_length))
        return fail_name (writer, &tensor, "another tensor lies in it, and an array holds no other array");
    return add_node (writer, tensor.name, tensor.name_length, index);
}

/* The only tensor as the root. */
static tenon_status
add_root_array (struct zarr_writer *writer)
{
    struct tenon_call *call = writer->call;
    const struct tenon_plan_info *plan = &writer->plan;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    if (plan->tensors != 1)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "zarr.root=array stores one tensor, this plan has %llu",
                           (unsigned long long) plan->tensors);
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    if (tensor.name_length != plan->name_length
        || memcmp (tensor.name, plan->name, (size_t) tensor.name_length) != 0)
        tenon_note (call, TENON_LOSS, tensor.name,
                    "with zarr.root=array the array has no name of its own: it is read with the name of the "
                    "store");
    return add_node (writer, "", 0, 0);
}

/* ---- their order ---- */

#define NO_NODE UINT64_MAX

/* The nodes that a group holds, in the order of the plan. */
struct node_links {
    uint64_t parent, first, last, next;
};

static tenon_status
link_nodes (struct zarr_writer *writer, struct node_links **links)
{
    struct node_links *all = *links =
        writer->call->host->scratch (writer->call, writer->node_count * sizeof *all);
    if (!all)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < writer->node_count; i++) {
        const struct zarr_node *node = &writer->nodes[i];
        all[i] = (struct node_links){ 0, NO_NODE, NO_NODE, NO_NODE };
        if (i == 0)
            continue;
        uint64_t parent =
            (uint64_t) (zarr_find_node (writer, node->path, parent_length (node->path, node->length))
                        - writer->nodes);
        all[i].parent = parent;
        if (all[parent].first == NO_NODE)
            all[parent].first = i;
        else
            all[all[parent].last].next = i;
        all[parent].last = i;
    }
    return TENON_OK;
}

/* Puts what a group holds behind it. zarr-python loses nodes of consolidated metadata if those of one group
 * are not together. */
static tenon_status
sort_nodes (struct zarr_writer *writer)
{
    struct node_links *links;
    struct zarr_node *sorted =
        writer->call->host->scratch (writer->call, writer->node_count * sizeof *sorted);
    uint64_t count = 0, at = 0;
    if (!sorted)
        return TENON_E_MEMORY;
    TENON_TRY (link_nodes (writer, &links));
    for (;;) {
        sorted[count++] = writer->nodes[at];
        if (links[at].first != NO_NODE) {
            at = links[at].first;
            continue;
        }
        while (at != 0 && links[at].next == NO_NODE)
            at = links[at].parent;
        if (at == 0)
            break;
        at = links[at].next;
    }
    writer->nodes = sorted;
    writer->node_room = count;
    memset (writer->table, 0, (size_t) (writer->table_size * sizeof *writer->table));
    for (uint64_t i = 0; i < count; i++)
        *find_slot (writer, sorted[i].path, sorted[i].length) = i + 1;
    return TENON_OK;
}

tenon_status
zarr_make_nodes (struct zarr_writer *writer)
{
    if (writer->settings.root_array)
        return add_root_array (writer);
    TENON_TRY (add_node (writer, "", 0, TENON_AUTO));
    for (uint64_t i = 0; i < writer->plan.tensors; i++)
        TENON_TRY (add_array (writer, i));
    return sort_nodes (writer);
}
