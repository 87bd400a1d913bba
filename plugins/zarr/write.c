/* SPDX-License-Identifier: MIT */
/* write.c - a plan as a store of arrays.
 *
 * Each node has a document: in format 3 zarr.json; in format 2 .zgroup or .zarray, and .zattrs if it has
 * attributes. Consolidated metadata repeat the documents of all nodes: in the document of the root in format
 * 3, in .zmetadata in format 2. */
#include "write.h"

/* ---- documents ---- */

/* Begins the entry of a document: PATH/NAME. */
static tenon_status
begin_document (struct zarr_writer *writer, const struct zarr_node *node, const char *name,
                struct zarr_out *out)
{
    struct tenon_call *call = writer->call;
    uint64_t length = node->length + (node->length > 0) + strlen (name);
    struct tenon_entry entry = { .struct_size = sizeof entry, .key_length = length, .size = TENON_AUTO };
    TENON_TRY (tenon_grow (call, &writer->key, &writer->key_room, length + 1, 1));
    memcpy (writer->key, node->path, node->length);
    if (node->length > 0)
        writer->key[node->length] = '/';
    memcpy (writer->key + length - strlen (name), name, strlen (name) + 1);
    entry.key = writer->key;
    TENON_TRY (call->host->put_key (call, &entry));
    zarr_out_begin (out, call, writer->buffer, writer->settings.format == 3 ? 2 : 4);
    return TENON_OK;
}

static tenon_status
end_document (struct zarr_writer *writer, struct zarr_out *out)
{
    TENON_TRY (zarr_out_end (out));
    return writer->call->host->put_key (writer->call, NULL);
}

/* ---- format 3 ---- */

/* The members of a group, up to its consolidated metadata, and those behind them. */
static tenon_status
open_group_3 (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    zarr_out_open (out, '{');
    zarr_out_key (out, "attributes");
    TENON_TRY (zarr_put_attributes (writer, node, out));
    zarr_out_member_number (out, "zarr_format", 3);
    return out->json.status;
}

static tenon_status
close_group_3 (struct zarr_out *out)
{
    zarr_out_member_word (out, "node_type", "group");
    zarr_out_close (out, '}');
    return out->json.status;
}

static void
open_consolidated_3 (struct zarr_out *out)
{
    zarr_out_key (out, "consolidated_metadata");
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "kind", "inline");
    zarr_out_member_bare (out, "must_understand", "false");
    zarr_out_key (out, "metadata");
    zarr_out_open (out, '{');
}

static void
close_consolidated_3 (struct zarr_out *out)
{
    zarr_out_close (out, '}');
    zarr_out_close (out, '}');
}

/* A node in consolidated metadata. Its groups have empty ones of their own, as zarr-python writes them. */
static tenon_status
put_inner_node_3 (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    zarr_out_key_of (out, node->path, node->length);
    if (node->tensor != TENON_AUTO) {
        TENON_TRY (zarr_plan_array (writer, node, &writer->stored, 0));
        return zarr_put_document (writer, &writer->stored, out);
    }
    TENON_TRY (open_group_3 (writer, node, out));
    open_consolidated_3 (out);
    close_consolidated_3 (out);
    return close_group_3 (out);
}

/* The document of a group; that of the root has those of all nodes. */
static tenon_status
put_group_3 (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    TENON_TRY (open_group_3 (writer, node, out));
    if (writer->consolidates && node == writer->nodes) {
        open_consolidated_3 (out);
        for (uint64_t i = 1; i < writer->node_count; i++)
            TENON_TRY (put_inner_node_3 (writer, &writer->nodes[i], out));
        close_consolidated_3 (out);
    }
    return close_group_3 (out);
}

static tenon_status
put_node_3 (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    TENON_TRY (begin_document (writer, node, "zarr.json", out));
    if (node->tensor == TENON_AUTO)
        TENON_TRY (put_group_3 (writer, node, out));
    else
        TENON_TRY (zarr_put_document (writer, &writer->stored, out));
    return end_document (writer, out);
}

/* ---- format 2 ---- */

static tenon_status
put_group_2 (struct zarr_out *out)
{
    zarr_out_open (out, '{');
    zarr_out_member_number (out, "zarr_format", 2);
    zarr_out_close (out, '}');
    return out->json.status;
}

static tenon_status
put_node_2 (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    TENON_TRY (begin_document (writer, node, node->tensor == TENON_AUTO ? ".zgroup" : ".zarray", out));
    if (node->tensor == TENON_AUTO)
        TENON_TRY (put_group_2 (out));
    else
        TENON_TRY (zarr_put_document (writer, &writer->stored, out));
    TENON_TRY (end_document (writer, out));
    if (!zarr_has_attributes (writer, node))
        return TENON_OK;
    TENON_TRY (begin_document (writer, node, ".zattrs", out));
    TENON_TRY (zarr_put_attributes (writer, node, out));
    return end_document (writer, out);
}

/* The key of a document in .zmetadata. */
static void
put_document_key (struct zarr_out *out, const struct zarr_node *node, const char *name)
{
    zarr_out_item (out);
    tenon_json_put_text (&out->json, "\"");
    tenon_json_put_escaped (&out->json, node->path, node->length);
    tenon_json_put_text (&out->json, node->length ? "/" : "");
    tenon_json_put_text (&out->json, name);
    tenon_json_put_text (&out->json, "\":");
}

static tenon_status
put_consolidated_2 (struct zarr_writer *writer, struct zarr_out *out)
{
    TENON_TRY (begin_document (writer, writer->nodes, ".zmetadata", out));
    zarr_out_open (out, '{');
    zarr_out_key (out, "metadata");
    zarr_out_open (out, '{');
    for (uint64_t i = 0; i < writer->node_count; i++) {
        const struct zarr_node *node = &writer->nodes[i];
        if (node->tensor == TENON_AUTO) {
            put_document_key (out, node, ".zgroup");
            TENON_TRY (put_group_2 (out));
        } else {
            TENON_TRY (zarr_plan_array (writer, node, &writer->stored, 0));
            put_document_key (out, node, ".zarray");
            TENON_TRY (zarr_put_document (writer, &writer->stored, out));
        }
        if (zarr_has_attributes (writer, node)) {
            put_document_key (out, node, ".zattrs");
            TENON_TRY (zarr_put_attributes (writer, node, out));
        }
    }
    zarr_out_close (out, '}');
    zarr_out_member_number (out, "zarr_consolidated_format", 1);
    zarr_out_close (out, '}');
    return end_document (writer, out);
}

/* ---- the store ---- */

/* The document of a node, and its chunks. */
static tenon_status
put_node (struct zarr_writer *writer, const struct zarr_node *node)
{
    struct zarr_out out;
    if (node->tensor != TENON_AUTO)
        TENON_TRY (zarr_plan_array (writer, node, &writer->stored, 1));
    TENON_TRY (writer->settings.format == 3 ? put_node_3 (writer, node, &out)
                                            : put_node_2 (writer, node, &out));
    if (node->tensor == TENON_AUTO)
        return TENON_OK;
    /* the root's document has planned other arrays meanwhile, but the root is then no array */
    return zarr_put_chunks (writer, &writer->stored);
}

/* Consolidated metadata are of use unless the root is an array, or has a type that makes zarr-python refuse
 * all of them. */
static tenon_status
decide_consolidating (struct zarr_writer *writer)
{
    struct tenon_call *call = writer->call;
    uint32_t choice = writer->settings.consolidate;
    writer->consolidates = choice != ZARR_CONSOLIDATE_NO && !writer->settings.root_array;
    for (uint64_t i = 0; choice == ZARR_CONSOLIDATE_AUTO && writer->consolidates && i < writer->plan.tensors;
         i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (zarr_find_element (writer, &tensor, &writer->stored.element));
        if (!writer->stored.element.is_rare)
            continue;
        writer->consolidates = 0;
        tenon_note (call, TENON_NOTE, tensor.name,
                    "zarr-python does not know its type, and opens no store whose consolidated metadata have "
                    "it: none are written (zarr.consolidate)");
    }
    return TENON_OK;
}

tenon_status
zarr_write (struct tenon_call *call)
{
    struct zarr_writer *writer = call->host->scratch (call, sizeof *writer);
    struct zarr_out out;
    if (!writer)
        return TENON_E_MEMORY;
    writer->call = call;
    writer->plan = (struct tenon_plan_info) TENON_INIT (writer->plan);
    writer->buffer = call->host->scratch (call, ZARR_OUT_BUFFER);
    if (!writer->buffer)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->plan_info (call, &writer->plan));
    TENON_TRY (zarr_read_settings (call, &writer->settings));
    TENON_TRY (zarr_check_shapes (writer));
    TENON_TRY (zarr_make_nodes (writer));
    TENON_TRY (zarr_share_attributes (writer));
    TENON_TRY (decide_consolidating (writer));
    if (writer->settings.format == 2 && writer->consolidates)
        TENON_TRY (put_consolidated_2 (writer, &out));
    for (uint64_t i = 0; i < writer->node_count; i++)
        TENON_TRY (put_node (writer, &writer->nodes[i]));
    return TENON_OK;
}
