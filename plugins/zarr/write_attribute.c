/* SPDX-License-Identifier: MIT */
/* write_attribute.c - the attributes of the nodes. The metadata entry "P:NAME" is the attribute NAME of the
 * node P; any other one is an attribute of the root, under its whole name. Of the root, too, is
 * "tenon_types": the types that JSON does not keep, by the names of the entries. */
#include "write.h"

#define TYPES_KEY "tenon_types"
#define DIMENSIONS_KEY "zarr.dimension_names"
/* where format 2 has dimension names, as xarray writes them */
#define DIMENSIONS_V2 "_ARRAY_DIMENSIONS"

/* An entry of the plan's metadata. */
struct attribute {
    const char *key;  /* of the plan, NUL-terminated */
    const char *name; /* in its node */
    uint64_t key_length, length;
    struct tenon_value value;
};

/* ---- whose they are ---- */

/* The node that an entry belongs to; *name is its name there. */
static struct zarr_node *
find_owner (struct zarr_writer *writer, const char *key, uint64_t length, const char **name)
{
    const char *end = key + length, *colon = key;
    while ((colon = memchr (colon, ':', (size_t) (end - colon))) != NULL) {
        struct zarr_node *node = zarr_find_node (writer, key, (uint64_t) (colon - key));
        if (node && node != writer->nodes) {
            *name = colon + 1;
            return node;
        }
        colon++;
    }
    *name = key;
    return writer->nodes;
}

static tenon_status
read_attribute (struct zarr_writer *writer, uint64_t index, struct attribute *attribute)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (
        call->host->plan_metadata (call, index, &attribute->key, &attribute->key_length, &attribute->value));
    find_owner (writer, attribute->key, attribute->key_length, &attribute->name);
    attribute->length = attribute->key_length - (uint64_t) (attribute->name - attribute->key);
    return TENON_OK;
}

static int
is_named (const struct attribute *attribute, const char *name)
{
    return attribute->length == strlen (name) && memcmp (attribute->name, name, strlen (name)) == 0;
}

static tenon_status
has_attribute (struct zarr_writer *writer, const struct zarr_node *node, const char *name, int *has)
{
    *has = 0;
    for (uint64_t i = node->first; i != TENON_AUTO && !*has; i = writer->next[i]) {
        struct attribute attribute;
        TENON_TRY (read_attribute (writer, i, &attribute));
        *has = is_named (&attribute, name);
    }
    return TENON_OK;
}

/* True if the entry can have dimension names by its name. Those of format 2 become those of format 3, in
 * which xarray looks for nothing else; the entry with tenon's own name goes first. */
static tenon_status
is_named_dimensions (struct zarr_writer *writer, const struct zarr_node *node,
                     const struct attribute *attribute, int *is)
{
    *is = is_named (attribute, DIMENSIONS_KEY);
    if (writer->settings.format != 3 || !is_named (attribute, DIMENSIONS_V2))
        return TENON_OK;
    TENON_TRY (has_attribute (writer, node, DIMENSIONS_KEY, is));
    *is = !*is;
    return TENON_OK;
}

/* True if the entry has the names of the dims of an array: a string or null for each. */
static tenon_status
is_dimension_names (struct zarr_writer *writer, const struct zarr_node *node,
                    const struct attribute *attribute, int *is)
{
    const struct tenon_value *value = &attribute->value;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    *is = 0;
    if (node->tensor == TENON_AUTO || value->type != TENON_ARRAY)
        return TENON_OK;
    TENON_TRY (is_named_dimensions (writer, node, attribute, is));
    if (!*is)
        return TENON_OK;
    TENON_TRY (writer->call->host->plan_tensor (writer->call, node->tensor, &tensor));
    *is = value->count == tensor.rank
          && (value->item_type == TENON_STRING || value->item_type == TENON_MIXED || tensor.rank == 0);
    for (uint64_t i = 0; *is && value->item_type == TENON_MIXED && i < value->count; i++)
        *is = value->as.items[i].type == TENON_STRING || value->as.items[i].type == TENON_NONE;
    return TENON_OK;
}

/* ---- what JSON keeps ---- */

#define WORD_ROOM 16u

/* The word of TYPES_KEY for the type of a value that JSON does not keep. */
static void
name_type (const struct tenon_value *value, char word[WORD_ROOM])
{
    if (value->type == TENON_ARRAY)
        snprintf (word, WORD_ROOM, "[%s]", tenon_json_type_name (value->item_type));
    else
        snprintf (word, WORD_ROOM, "%s", tenon_json_type_name (value->type));
}

static void
tell_kept (struct zarr_writer *writer, const struct attribute *attribute, int32_t kept)
{
    if (kept == TENON_JSON_TOO_DEEP)
        tenon_note (writer->call, TENON_LOSS, attribute->key,
                    "it is nested deeper than %u levels: the attribute is dropped", TENON_JSON_ANY_DEPTH);
    if (kept == TENON_JSON_CHANGED)
        tenon_note (writer->call, TENON_LOSS, attribute->key,
                    "JSON has the numbers i64 and f64, strings in UTF-8, and no NaN or infinities: the types "
                    "of values inside this one are not kept");
}

/* Gives an entry to its node, as the last of its attributes. */
static tenon_status
share_attribute (struct zarr_writer *writer, uint64_t index)
{
    struct attribute attribute;
    int32_t kept;
    TENON_TRY (read_attribute (writer, index, &attribute));
    struct zarr_node *node = find_owner (writer, attribute.key, attribute.key_length, &attribute.name);
    kept = tenon_json_keeps (writer->call, &attribute.value);
    TENON_TRY (kept);
    if (node == writer->nodes && is_named (&attribute, TYPES_KEY)) {
        tenon_note (writer->call, TENON_LOSS, attribute.key,
                    "the attribute " TYPES_KEY " is tenon's own: this entry is dropped");
        kept = TENON_JSON_TOO_DEEP;
    } else
        tell_kept (writer, &attribute, kept);
    writer->kept[index] = (uint8_t) kept;
    writer->types |= kept == TENON_JSON_TYPED;
    writer->next[index] = TENON_AUTO;
    if (kept == TENON_JSON_TOO_DEEP)
        return TENON_OK;
    if (node->first == TENON_AUTO)
        node->first = index;
    else
        writer->next[node->last] = index;
    node->last = index;
    return TENON_OK;
}

tenon_status
zarr_share_attributes (struct zarr_writer *writer)
{
    struct tenon_call *call = writer->call;
    uint64_t count = writer->plan.metadata;
    if (count == 0)
        return TENON_OK;
    writer->next = call->host->scratch (call, count * sizeof *writer->next);
    writer->kept = writer->next ? call->host->scratch (call, count) : NULL;
    if (!writer->kept)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < count; i++)
        TENON_TRY (share_attribute (writer, i));
    return TENON_OK;
}

/* ---- the object ---- */

/* "tenon_types": {"KEY": "u32"} */
static tenon_status
put_types (struct zarr_writer *writer, struct zarr_out *out)
{
    zarr_out_key (out, TYPES_KEY);
    zarr_out_open (out, '{');
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        struct attribute attribute;
        char word[WORD_ROOM];
        if (writer->kept[i] != TENON_JSON_TYPED)
            continue;
        TENON_TRY (read_attribute (writer, i, &attribute));
        name_type (&attribute.value, word);
        zarr_out_key_of (out, attribute.key, attribute.key_length);
        zarr_out_word (out, word);
    }
    zarr_out_close (out, '}');
    return out->json.status;
}

static tenon_status
put_value (struct zarr_out *out, const struct tenon_value *value)
{
    struct tenon_json_values values = { out->call, &out->json };
    return tenon_json_put_any (&values, value);
}

int
zarr_has_attributes (struct zarr_writer *writer, const struct zarr_node *node)
{
    return node->first != TENON_AUTO || (node == writer->nodes && writer->types);
}

/* An attribute. Dimension names are none in format 3. */
static tenon_status
put_attribute (struct zarr_writer *writer, const struct zarr_node *node, uint64_t index, struct zarr_out *out)
{
    struct attribute attribute;
    int names, has = 0;
    TENON_TRY (read_attribute (writer, index, &attribute));
    TENON_TRY (is_dimension_names (writer, node, &attribute, &names));
    if (names && writer->settings.format == 3)
        return TENON_OK;
    if (names) /* the array may have an attribute of that name already */
        TENON_TRY (has_attribute (writer, node, DIMENSIONS_V2, &has));
    if (names && !has)
        zarr_out_key (out, DIMENSIONS_V2);
    else
        zarr_out_key_of (out, attribute.name, attribute.length);
    return put_value (out, &attribute.value);
}

tenon_status
zarr_put_attributes (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    zarr_out_open (out, '{');
    for (uint64_t i = node->first; i != TENON_AUTO; i = writer->next[i])
        TENON_TRY (put_attribute (writer, node, i, out));
    if (node == writer->nodes && writer->types)
        TENON_TRY (put_types (writer, out));
    zarr_out_close (out, '}');
    return out->json.status;
}

tenon_status
zarr_put_dimension_names (struct zarr_writer *writer, const struct zarr_node *node, struct zarr_out *out)
{
    for (uint64_t i = node->first; i != TENON_AUTO; i = writer->next[i]) {
        struct attribute attribute;
        int names;
        TENON_TRY (read_attribute (writer, i, &attribute));
        TENON_TRY (is_dimension_names (writer, node, &attribute, &names));
        if (!names)
            continue;
        zarr_out_key (out, "dimension_names");
        return put_value (out, &attribute.value);
    }
    return TENON_OK;
}
