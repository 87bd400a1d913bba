/* SPDX-License-Identifier: MIT */
/* write.c - a plan as the members that torch.save makes.
 *
 * .format_version, which torch.save writes since 2.7, is left out: it promises that the offsets of storages
 * follow from their sizes alone, in a layout of local headers that is torch's own. .data/serialization_id,
 * which only names a file in statistics, is left out, too. */
#include "pt_write.h"

/* Stands for sizes that are not known. */
#define MANY_BYTES ((uint64_t) 1 << 40)

/* A plan while it is written. */
struct writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    struct pt_tree tree;
    struct pt_outline outline;
    uint64_t outline_entry; /* of metadata; UINT64_MAX: none */
    int64_t metadata, nest; /* options */
    int has_outline;
    uint32_t *storages; /* of each tensor, by number */
    uint32_t storage_count;
    uint8_t *kept;      /* entries of metadata: 1: the pickle has all of it */
    uint64_t in_member; /* entries that the member has */
    /* the most bytes of the pickle, and of the member: an archive wants to know whether they are many */
    uint64_t pickle_bytes, member_bytes;
};

/* ---- what will be written ---- */

static tenon_status
check_tensors (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (pt_check_tensor (call, &tensor));
        writer->pickle_bytes += tensor.name_length + 192 + 32 * (uint64_t) tensor.rank;
        writer->storages[i] =
            tensor.alias_of < i ? writer->storages[tensor.alias_of] : writer->storage_count++;
    }
    return TENON_OK;
}

/* *fits is 0 if a tensor has the name of a container, or one in which it is, or the other way round. */
static tenon_status
add_tensors (struct writer *writer, int *fits)
{
    struct tenon_call *call = writer->call;
    struct pt_node *node;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    *fits = 1;
    for (uint64_t i = 0; i < writer->plan.tensors && *fits; i++) {
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (pt_add_node (&writer->tree, tensor.name, tensor.name_length, PT_NODE_TENSOR, i, &node));
        *fits = node != NULL;
    }
    if (!*fits && !writer->has_outline)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "with pt.nest=yes the name '%.60s' makes '%.*s' both a tensor and a dict",
                           tensor.name,
                           (int) (writer->tree.taken->key_length < 60 ? writer->tree.taken->key_length : 60),
                           writer->tree.taken->key);
    return TENON_OK;
}

/* True if the entry of metadata may be one of the pickle: it was in one before, or others are beside it. A
 * dict of items is no place for the attributes of an object. */
static int
goes_in (const struct writer *writer, const char *key, uint64_t length)
{
    int has_holder = 0, is_attribute = 0;
    uint32_t lookups = 0;
    for (uint64_t at = length; writer->outline.count > 0 && at > 1 && lookups < PT_MOST_LOOKUPS;) {
        if (key[--at] != '.' || at > writer->outline.longest)
            continue;
        const struct pt_part *part = pt_find_part (writer->call, &writer->outline, key, at);
        lookups++;
        has_holder |= part != NULL;
        is_attribute |= part && part->is_attribute;
    }
    if (is_attribute && !writer->has_outline)
        return 0;
    if (writer->metadata != PT_METADATA_KEEP)
        return writer->metadata == PT_METADATA_DICT;
    return has_holder || writer->outline.has_values;
}

/* Adds the most bytes that a value takes, as JSON if not in the pickle; so many that they are too many, if
 * not known. */
static void
count_bytes (uint64_t *bytes, uint64_t key_length, const struct tenon_value *value)
{
    uint64_t more = 6 * key_length + 64;
    if (value->type == TENON_STRING)
        more += 6 * value->count;
    else if (value->type == TENON_MAP)
        more += MANY_BYTES;
    else if (value->type == TENON_ARRAY)
        more +=
            value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED || value->length >= MANY_BYTES
                ? MANY_BYTES
                : 32 * value->count + 6 * value->length;
    *bytes = more < MANY_BYTES && *bytes < MANY_BYTES ? *bytes + more : MANY_BYTES;
}

/* An entry goes into the pickle, the member, or both: if the pickle would change its type, or has None in its
 * place. */
static tenon_status
add_entry (struct writer *writer, uint64_t index)
{
    struct tenon_call *call = writer->call;
    struct pt_node *node;
    struct tenon_value value;
    const char *key;
    uint64_t length;
    int fits = -1;
    TENON_TRY (call->host->plan_metadata (call, index, &key, &length, &value));
    if (goes_in (writer, key, length)) {
        TENON_TRY (pt_fits_pickle (call, &value, &fits));
        TENON_TRY (pt_add_node (&writer->tree, key, length, PT_NODE_VALUE, index, &node));
        if (node) {
            node->as_none = fits < 0;
            count_bytes (&writer->pickle_bytes, length, &value);
        } else
            fits = -1;
    }
    if (fits != 1)
        count_bytes (&writer->member_bytes, length, &value);
    writer->kept[index] = fits == 1;
    writer->in_member += fits != 1;
    return TENON_OK;
}

static tenon_status
find_outline (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    writer->outline_entry = UINT64_MAX;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (length != strlen (PT_OUTLINE) || memcmp (key, PT_OUTLINE, length) != 0)
            continue;
        TENON_TRY (pt_read_outline (call, &value, &writer->outline, &writer->has_outline));
        if (writer->has_outline)
            writer->outline_entry = i;
        writer->pickle_bytes += 4 * value.count;
    }
    writer->has_outline &= writer->nest == PT_NEST_KEEP;
    return TENON_OK;
}

/* Finds the lists and tuples of the outline that are one value each. */
static tenon_status
find_values (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; writer->has_outline && i < writer->plan.metadata; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        struct pt_part *part = pt_find_part (call, &writer->outline, key, length);
        if (part && i != writer->outline_entry) /* a container may have its name */
            part->is_value = part->kind == PT_NODE_LIST || part->kind == PT_NODE_TUPLE;
    }
    return TENON_OK;
}

static tenon_status
begin_tree (struct writer *writer, int *fits)
{
    TENON_TRY (pt_begin_tree (&writer->tree, writer->call, writer->plan.tensors, writer->plan.metadata,
                              writer->has_outline ? &writer->outline : NULL, writer->nest == PT_NEST_YES));
    if (writer->has_outline && !pt_grow_outline (&writer->tree, &writer->outline)) {
        *fits = -1;
        return TENON_OK;
    }
    return add_tensors (writer, fits);
}

static tenon_status
make_tree (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    int fits;
    writer->storages = call->host->scratch (call, (writer->plan.tensors + 1) * sizeof *writer->storages);
    writer->kept = call->host->scratch (call, writer->plan.metadata + 1);
    if (!writer->storages || !writer->kept)
        return TENON_E_MEMORY;
    TENON_TRY (check_tensors (writer));
    TENON_TRY (find_outline (writer));
    TENON_TRY (find_values (writer));
    TENON_TRY (begin_tree (writer, &fits));
    if (fits <= 0) {
        tenon_note (call, TENON_NOTE, PT_OUTLINE,
                    fits < 0
                        ? "it has too many dicts and lists in each other (limits.depth): all becomes one dict"
                        : "the names no longer fit it: all becomes one dict");
        writer->has_outline = 0;
        TENON_TRY (begin_tree (writer, &fits));
    }
    pt_begin_sequence (&writer->tree);
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        if (i == writer->outline_entry)
            writer->kept[i] = 1; /* the reader makes it anew */
        else
            TENON_TRY (add_entry (writer, i));
    }
    return pt_order_lists (&writer->tree);
}

/* ---- the members ---- */

static tenon_status
begin_member (struct writer *writer, const char *key, uint64_t size, uint64_t alignment)
{
    struct tenon_entry entry = TENON_INIT (entry);
    entry.key = key;
    entry.key_length = strlen (key);
    entry.size = size;
    entry.alignment = alignment;
    return writer->call->host->put_key (writer->call, &entry);
}

static tenon_status
put_text (struct writer *writer, const char *key, const char *text)
{
    TENON_TRY (begin_member (writer, key, strlen (text), 1));
    return writer->call->host->put (writer->call, text, strlen (text));
}

static tenon_status
put_pickle (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    struct pt_pickle *pickle = call->host->scratch (call, sizeof *pickle);
    if (!pickle)
        return TENON_E_MEMORY;
    pickle->tree = &writer->tree;
    pickle->storages = writer->storages;
    pickle->keys = call->host->scratch (call, (writer->storage_count + (uint64_t) 1) * sizeof *pickle->keys);
    if (!pickle->keys)
        return TENON_E_MEMORY;
    TENON_TRY (pt_open_out (&pickle->out, call));
    TENON_TRY (begin_member (writer, PT_DATA_KEY, writer->pickle_bytes, 1));
    return pt_put_object (pickle);
}

/* The storages, each written for the first tensor that has it. */
static tenon_status
put_storages (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    static const struct tenon_layout fortran = { .struct_size = sizeof fortran, .flags = TENON_FORTRAN };
    uint32_t next = 0;
    char key[sizeof PT_STORAGE_KEY + 10];
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        if (writer->storages[i] != next)
            continue;
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        snprintf (key, sizeof key, PT_STORAGE_KEY "%u", next++);
        TENON_TRY (begin_member (writer, key, tensor.length, PT_ALIGNMENT));
        TENON_TRY (call->host->put_tensor (call, i, pt_is_fortran (&tensor) ? &fortran : NULL));
    }
    return TENON_OK;
}

tenon_status
pt_write (struct tenon_call *call)
{
    struct tenon_setting metadata = TENON_INIT (metadata), nest = TENON_INIT (nest);
    struct writer writer;
    memset (&writer, 0, sizeof writer);
    writer.call = call;
    writer.plan.struct_size = sizeof writer.plan;
    TENON_TRY (call->host->option (call, PT_OPTION_METADATA, &metadata));
    TENON_TRY (call->host->option (call, PT_OPTION_NEST, &nest));
    writer.metadata = metadata.integer;
    writer.nest = nest.integer;
    TENON_TRY (call->host->plan_info (call, &writer.plan));
    TENON_TRY (make_tree (&writer));
    TENON_TRY (put_pickle (&writer));
    TENON_TRY (put_text (&writer, PT_ORDER_KEY, "little"));
    if (writer.in_member > 0) {
        TENON_TRY (begin_member (&writer, PT_METADATA_KEY, writer.member_bytes, 1));
        TENON_TRY (pt_put_metadata (call, writer.plan.metadata, writer.kept));
    }
    TENON_TRY (put_storages (&writer));
    TENON_TRY (put_text (&writer, PT_VERSION_KEY, "3\n"));
    return call->host->put_key (call, NULL);
}
