/* write.c - byte for byte what the reference library writes: tensors by dtype, then by name; the metadata first, by key;
 * compact JSON, spaces up to a multiple of 8.
 *
 * With shard_size the tensors are shared out in the order of the plan, as the Hugging Face hub does, and the index comes
 * last. */
#include "safetensors.h"
#include <stdlib.h>

struct item {
    const char *name;
    uint64_t name_length, index, length;
    const uint64_t *shape;
    uint32_t rank, order;
    uint32_t shard, reserved;
};

struct key {
    const char *key;
    uint64_t length;
    struct tenon_value value;
};

struct writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    struct item *items; /* in the order of the plan, then of the file */
    struct key *keys;
    uint64_t slack, shard_size;
    uint32_t shards;
};

static int
compare_texts (const char *a, uint64_t a_length, const char *b, uint64_t b_length)
{
    int order = memcmp (a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int
by_place (const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return compare_texts (x->name, x->name_length, y->name, y->name_length);
}

static int
by_name (const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *) a, *y = *(const struct item *const *) b;
    return compare_texts (x->name, x->name_length, y->name, y->name_length);
}

static int
by_key (const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    return compare_texts (x->key, x->length, y->key, y->length);
}

/* ---- the plan ---- */

static tenon_status
read_items (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    uint64_t used = 0;
    writer->items = call->host->scratch (call, (writer->plan.tensors + 1) * sizeof *writer->items);
    if (!writer->items)
        return TENON_E_MEMORY;
    writer->shards = 1;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.name_length == 12 && memcmp (tensor.name, "__metadata__", 12) == 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor cannot be named __metadata__ in this format");
        if (writer->shard_size > 0 && used > 0 && tensor.length > writer->shard_size - used) {
            writer->shards++;
            used = 0;
        }
        used += tensor.length;
        if (writer->shard_size > 0 && used > writer->shard_size)
            used = writer->shard_size; /* too large for any: alone */
        writer->items[i] = (struct item){ tensor.name,
                                          tensor.name_length,
                                          i,
                                          tensor.length,
                                          tensor.shape,
                                          tensor.rank,
                                          st_rank_of (tensor.dtype),
                                          writer->shards,
                                          0 };
    }
    qsort (writer->items, writer->plan.tensors, sizeof *writer->items, by_place);
    return TENON_OK;
}

static tenon_status
read_keys (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    writer->keys = call->host->scratch (call, (writer->plan.metadata + 1) * sizeof *writer->keys);
    if (!writer->keys)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        struct key *key = &writer->keys[i];
        TENON_TRY (call->host->plan_metadata (call, i, &key->key, &key->length, &key->value));
    }
    qsort (writer->keys, writer->plan.metadata, sizeof *writer->keys, by_key);
    return TENON_OK;
}

/* ---- a header ---- */

static void
put_header (struct tenon_json_out *out, const struct writer *writer, const struct item *items, uint64_t count)
{
    uint64_t offset = 0;
    tenon_json_put (out, "{", 1);
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        const struct key *key = &writer->keys[i];
        tenon_json_put_text (out, i ? "," : "\"__metadata__\":{");
        tenon_json_put_string (out, key->key, key->length);
        tenon_json_put (out, ":", 1);
        tenon_json_put_string (out, key->value.as.string, key->value.count);
    }
    if (writer->plan.metadata > 0)
        tenon_json_put (out, "}", 1);
    for (uint64_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        if (i > 0 || writer->plan.metadata > 0)
            tenon_json_put (out, ",", 1);
        tenon_json_put_string (out, item->name, item->name_length);
        tenon_json_put_text (out, ":{\"dtype\":\"");
        tenon_json_put (out, st_dtypes[item->order].word, st_dtypes[item->order].length);
        tenon_json_put_text (out, "\",\"shape\":[");
        for (uint32_t k = 0; k < item->rank; k++) {
            if (k > 0)
                tenon_json_put (out, ",", 1);
            tenon_json_put_u64 (out, item->shape[k]);
        }
        tenon_json_put_text (out, "],\"data_offsets\":[");
        tenon_json_put_u64 (out, offset);
        tenon_json_put (out, ",", 1);
        offset += item->length;
        tenon_json_put_u64 (out, offset);
        tenon_json_put_text (out, "]}");
    }
    tenon_json_put (out, "}", 1);
}

static tenon_status
write_file (struct writer *writer, const struct item *items, uint64_t count)
{
    struct tenon_call *call = writer->call;
    struct tenon_json_out out;
    memset (&out, 0, sizeof out);
    put_header (&out, writer, items, count);
    uint64_t length = (out.length + writer->slack + 7) / 8 * 8;
    if (length > ST_MOST_HEADER)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the header would have %llu bytes, the format allows 100000000: write shards "
                           "(safetensors.shard_size)",
                           (unsigned long long) length);
    uint8_t *bytes = call->host->scratch (call, ST_PREFIX + length);
    if (!bytes)
        return TENON_E_MEMORY;
    memset (&out, 0, sizeof out);
    out.bytes = tenon_put_le64 (bytes, length);
    out.room = length;
    put_header (&out, writer, items, count);
    memset (out.bytes + out.length, ' ', length - out.length);
    TENON_TRY (call->host->put (call, bytes, ST_PREFIX + length));
    for (uint64_t i = 0; i < count; i++)
        TENON_TRY (call->host->put_tensor (call, items[i].index, NULL));
    return TENON_OK;
}

/* ---- a set ---- */

/* "NAME-00001-of-00003.safetensors" */
static const char *
shard_name (struct writer *writer, uint32_t shard, uint64_t *length)
{
    uint64_t room = writer->plan.name_length + 40;
    char *name = writer->call->host->scratch (writer->call, room);
    if (name)
        *length =
            (uint64_t) snprintf (name, room, "%.*s-%05u-of-%05u.safetensors", (int) writer->plan.name_length,
                                 writer->plan.name, shard, writer->shards);
    return name;
}

static void
put_index (struct tenon_json_out *out, struct item *const *sorted, const char *const *names, uint64_t count,
           uint64_t total)
{
    tenon_json_put_text (out, "{\n  \"metadata\": {\n    \"total_size\": ");
    tenon_json_put_u64 (out, total);
    tenon_json_put_text (out, "\n  },\n  \"weight_map\": {");
    for (uint64_t i = 0; i < count; i++) {
        const char *name = names[sorted[i]->shard];
        tenon_json_put_text (out, i ? ",\n    " : "\n    ");
        tenon_json_put_string (out, sorted[i]->name, sorted[i]->name_length);
        tenon_json_put_text (out, ": ");
        tenon_json_put_string (out, name, strlen (name));
    }
    tenon_json_put_text (out, count ? "\n  }\n}\n" : "}\n}\n");
}

static tenon_status
write_index (struct writer *writer, const char *const *names)
{
    struct tenon_call *call = writer->call;
    uint64_t count = writer->plan.tensors, total = 0, length = writer->plan.name_length + 30;
    struct item **sorted = call->host->scratch (call, (count + 1) * sizeof (struct item *));
    char *index = call->host->scratch (call, length);
    if (!sorted || !index)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        sorted[i] = &writer->items[i];
        total += writer->items[i].length;
    }
    qsort (sorted, count, sizeof *sorted, by_name);
    struct tenon_json_out out;
    memset (&out, 0, sizeof out);
    put_index (&out, sorted, names, count, total);
    uint64_t room = out.length;
    memset (&out, 0, sizeof out);
    out.room = room;
    if (!(out.bytes = call->host->scratch (call, room)))
        return TENON_E_MEMORY;
    put_index (&out, sorted, names, count, total);
    length = (uint64_t) snprintf (index, length, "%.*s.safetensors.index.json",
                                  (int) writer->plan.name_length, writer->plan.name);
    TENON_TRY (call->host->next_file (call, index, length));
    return call->host->put (call, out.bytes, out.length);
}

static tenon_status
write_set (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    const char **names = call->host->scratch (call, (writer->shards + (uint64_t) 1) * sizeof *names);
    uint64_t first = 0, length = 0;
    if (!names)
        return TENON_E_MEMORY;
    for (uint32_t shard = 1; shard <= writer->shards; shard++) {
        uint64_t end = first;
        while (end < writer->plan.tensors && writer->items[end].shard == shard)
            end++;
        if (!(names[shard] = shard_name (writer, shard, &length)))
            return TENON_E_MEMORY;
        TENON_TRY (call->host->next_file (call, names[shard], length));
        TENON_TRY (write_file (writer, &writer->items[first], end - first));
        first = end;
    }
    return write_index (writer, names);
}

tenon_status
st_write (struct tenon_call *call)
{
    struct tenon_setting slack, shard_size;
    struct writer writer;
    memset (&writer, 0, sizeof writer);
    writer.call = call;
    writer.plan.struct_size = sizeof writer.plan;
    TENON_TRY (st_option (call, ST_OPTION_SLACK, &slack));
    TENON_TRY (st_option (call, ST_OPTION_SHARD_SIZE, &shard_size));
    writer.slack = (uint64_t) slack.integer;
    writer.shard_size = (uint64_t) shard_size.integer;
    TENON_TRY (call->host->plan_info (call, &writer.plan));
    TENON_TRY (read_items (&writer));
    TENON_TRY (read_keys (&writer));
    return writer.shards > 1 ? write_set (&writer) : write_file (&writer, writer.items, writer.plan.tensors);
}
