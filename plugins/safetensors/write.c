/* SPDX-License-Identifier: MIT */
/* write.c - files byte for byte as the reference writes them: the metadata first, sorted by key; tensors
 * sorted by dtype and name; compact JSON, padded with spaces to a multiple of 8.
 *
 * With shard_size the tensors are distributed over shards in the order of the plan, as the Hugging Face hub
 * does it, and the index comes last. */
#include "safetensors.h"
#include <stdlib.h>

/* The block of file systems that share blocks between files. */
#define ST_BLOCK 4096u
/* The longest name of a file, in bytes. */
#define ST_MOST_NAME 255u

/* A tensor of the plan. */
struct item {
    const char *name;
    uint64_t name_length, index, length;
    const uint64_t *shape;
    uint32_t rank;
    uint32_t order; /* of its dtype, see st_rank_of */
    uint32_t shard; /* from 1; 0: none yet */
};

struct writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    struct item *items; /* in the order of the plan; after sorting, of the files */
    struct st_piece metadata;
    struct st_piece kept;       /* keys for the index; bytes NULL: none */
    uint64_t slack, shard_size; /* bytes, options */
    uint32_t shards;            /* their number */
};

/* What most comparisons need of an item. */
struct place {
    uint64_t group; /* shard and dtype */
    uint64_t head;  /* eight bytes of the name, behind what all names begin with */
    const struct item *item;
};

static int
by_file_order (const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    return st_compare (x->item->name, x->item->name_length, y->item->name, y->item->name_length);
}

static int
by_tensor_name (const void *a, const void *b)
{
    const struct st_line *x = a, *y = b;
    return st_compare (x->name, x->length, y->name, y->length);
}

/* ---- the plan ---- */

/* Makes a shard of the items of `from` … `end` - 1 that have none yet. */
static void
close_shard (struct writer *writer, uint64_t from, uint64_t end)
{
    writer->shards++;
    for (uint64_t i = from; i < end; i++)
        if (writer->items[i].shard == 0)
            writer->items[i].shard = writer->shards;
}

/* Distributes the tensors over shards. A shard ends before the first tensor that no longer fits. A tensor
 * that is larger than a shard gets one of its own, and the shard that is being filled goes on after it. */
static void
share_out (struct writer *writer)
{
    uint64_t most = writer->shard_size > 0 ? writer->shard_size : UINT64_MAX, from = 0, used = 0;
    uint32_t filling = 0;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct item *item = &writer->items[i];
        if (item->length > most) {
            item->shard = ++writer->shards;
            continue;
        }
        if (item->length > most - used) {
            close_shard (writer, from, i);
            from = i;
            used = 0;
        }
        used += item->length;
        filling = 1;
    }
    if (filling || writer->shards == 0)
        close_shard (writer, from, writer->plan.tensors);
}

/* How many bytes all names begin with. */
static uint64_t
common_prefix (const struct item *items, uint64_t count)
{
    uint64_t prefix = count > 0 ? items[0].name_length : 0;
    for (uint64_t i = 1; i < count; i++) {
        uint64_t same = 0;
        while (same < prefix && same < items[i].name_length && items[i].name[same] == items[0].name[same])
            same++;
        prefix = same;
    }
    return prefix;
}

/* The first of `length` bytes in the highest bits. */
static uint64_t
head_of (const char *bytes, uint64_t length)
{
    uint64_t head = 0;
    for (uint64_t i = 0; i < 8; i++)
        head = head << 8 | (i < length ? (uint8_t) bytes[i] : 0);
    return head;
}

/* Names lie all over the memory, so few comparisons look at them. */
static tenon_status
sort_items (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    uint64_t count = writer->plan.tensors, prefix = common_prefix (writer->items, count);
    struct place *places = call->host->scratch (call, (count + 1) * sizeof *places);
    struct item *sorted = call->host->scratch (call, (count + 1) * sizeof *sorted);
    if (!places || !sorted)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        const struct item *item = &writer->items[i];
        places[i] = (struct place){ (uint64_t) item->shard << 32 | item->order,
                                    head_of (item->name + prefix, item->name_length - prefix), item };
    }
    qsort (places, count, sizeof *places, by_file_order);
    for (uint64_t i = 0; i < count; i++)
        sorted[i] = *places[i].item;
    writer->items = sorted;
    return TENON_OK;
}

static tenon_status
read_items (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    writer->items = call->host->scratch (call, (writer->plan.tensors + 1) * sizeof *writer->items);
    if (!writer->items)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.name_length == 12 && memcmp (tensor.name, "__metadata__", 12) == 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor cannot be named __metadata__ in this format");
        writer->items[i] = (struct item){ .name = tensor.name,
                                          .name_length = tensor.name_length,
                                          .index = i,
                                          .length = tensor.length,
                                          .shape = tensor.shape,
                                          .rank = tensor.rank,
                                          .order = st_rank_of (tensor.dtype) };
    }
    share_out (writer);
    return sort_items (writer);
}

/* ---- a header ---- */

/* The header after the metadata, which are the same in all shards. */
static void
put_tensors (struct tenon_json_out *out, const struct writer *writer, const struct item *items,
             uint64_t count)
{
    uint64_t offset = 0;
    for (uint64_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        if (i > 0 || writer->metadata.length > 0)
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

static uint64_t
count_digits (uint64_t value)
{
    uint64_t digits = 1;
    for (; value > 9; value /= 10)
        digits++;
    return digits;
}

/* The length of what put_tensors puts, if no name has a character that must be escaped. */
static uint64_t
plain_length (const struct writer *writer, const struct item *items, uint64_t count)
{
    static const char frame[] = "\"\":{\"dtype\":\"\",\"shape\":[],\"data_offsets\":[,]}";
    uint64_t length = 1, offset = 0;
    for (uint64_t i = 0; i < count; i++) {
        const struct item *item = &items[i];
        length += (i > 0 || writer->metadata.length > 0) + sizeof frame - 1 + item->name_length
                  + st_dtypes[item->order].length;
        for (uint32_t k = 0; k < item->rank; k++)
            length += (k > 0) + count_digits (item->shape[k]);
        length += count_digits (offset);
        offset += item->length;
        length += count_digits (offset);
    }
    return length;
}

/* The length of a header with its padding. The reference pads to a multiple of 8. With a block of slack or
 * more the data begin at a block: file systems can then share blocks between files whose headers differ. */
static uint64_t
padded_header (uint64_t length, uint64_t slack)
{
    uint64_t unit = slack < ST_BLOCK ? 8 : ST_BLOCK;
    return (ST_PREFIX + length + slack + unit - 1) / unit * unit - ST_PREFIX;
}

/* `bare` is the length without slack. */
static tenon_status
fail_length (const struct writer *writer, uint64_t length, uint64_t bare)
{
    if (bare <= ST_MOST_HEADER)
        return tenon_fail (
            writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
            "the header takes %llu bytes, with safetensors.slack %llu; the format allows 100000000: "
            "ask for less slack",
            (unsigned long long) bare, (unsigned long long) length);
    return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                       "the header would have %llu bytes, the format allows 100000000: write %sshards "
                       "(safetensors.shard_size)",
                       (unsigned long long) bare, writer->shards > 1 ? "smaller " : "");
}

/* One file: its header, and the data of `count` items. */
static tenon_status
write_tensor_file (struct writer *writer, const struct item *items, uint64_t count)
{
    struct tenon_call *call = writer->call;
    uint64_t before = 1 + writer->metadata.length; /* { and the metadata */
    uint8_t begin[ST_PREFIX + 1] = { [ST_PREFIX] = '{' };
    uint64_t used = plain_length (writer, items, count), length, behind;
    struct tenon_json_out out;
    for (;; used = out.length) { /* twice if names have escapes */
        length = padded_header (before + used, writer->slack);
        if (length > ST_MOST_HEADER)
            return fail_length (writer, length, padded_header (before + used, 0));
        behind = length - before;
        out = (struct tenon_json_out){ .bytes = call->host->scratch (call, behind), .room = behind };
        if (!out.bytes)
            return TENON_E_MEMORY;
        put_tensors (&out, writer, items, count);
        if (out.length == used)
            break;
    }
    memset (out.bytes + out.length, ' ', behind - out.length);
    tenon_put_le64 (begin, length);
    TENON_TRY (call->host->put (call, begin, sizeof begin));
    if (writer->metadata.length > 0)
        TENON_TRY (call->host->put (call, writer->metadata.bytes, writer->metadata.length));
    TENON_TRY (call->host->put (call, out.bytes, behind));
    for (uint64_t i = 0; i < count; i++)
        TENON_TRY (call->host->put_tensor (call, items[i].index, NULL));
    return TENON_OK;
}

/* ---- a set ---- */

/* "NAME-00001-of-00003.safetensors" */
static const char *
shard_name (struct writer *writer, uint32_t shard, uint64_t *length)
{
    uint64_t room = writer->plan.name_length + writer->plan.extension_length + 40;
    int known = writer->plan.extension_length > 0;
    char *name = writer->call->host->scratch (writer->call, room);
    if (name)
        *length = (uint64_t) snprintf (name, room, "%.*s-%05u-of-%05u.%.*s", (int) writer->plan.name_length,
                                       writer->plan.name, shard, writer->shards,
                                       known ? (int) writer->plan.extension_length : 11,
                                       known ? writer->plan.extension : "safetensors");
    return name;
}

static tenon_status
write_index (struct writer *writer, const char *const *names)
{
    struct tenon_call *call = writer->call;
    uint64_t count = writer->plan.tensors, total = 0, length = writer->plan.name_length + 30;
    struct st_line *lines = call->host->scratch (call, (count + 1) * sizeof *lines);
    char *index = call->host->scratch (call, length);
    struct st_piece text;
    if (!lines || !index)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        const struct item *item = &writer->items[i];
        lines[i] = (struct st_line){ item->name, item->name_length, names[item->shard] };
        total += item->length;
    }
    qsort (lines, count, sizeof *lines, by_tensor_name);
    TENON_TRY (st_make_index (call, lines, count, total, &writer->kept, &text));
    length = (uint64_t) snprintf (index, length, "%.*s.safetensors.index.json",
                                  (int) writer->plan.name_length, writer->plan.name);
    struct tenon_entry file = { .struct_size = sizeof file, .key = index, .key_length = length };
    TENON_TRY (call->host->put_key (call, writer->plan.flags & TENON_PLAN_INDEX ? NULL : &file));
    return call->host->put (call, text.bytes, text.length);
}

/* Fails if the shards cannot be named after the target. */
static tenon_status
check_set_name (const struct writer *writer)
{
    const struct tenon_plan_info *plan = &writer->plan;
    if (!tenon_json_is_utf8 (plan->name, plan->name_length))
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the name of a set of files must be UTF-8, because its index names them");
    uint64_t shard = strlen ("-00001-of-00001.") + (plan->extension_length ? plan->extension_length : 11);
    uint64_t index = strlen (".safetensors.index.json");
    if (plan->name_length + (shard > index ? shard : index) > ST_MOST_NAME)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "it becomes a set, and the names of its files would be longer than %u bytes",
                           ST_MOST_NAME);
    return TENON_OK;
}

static tenon_status
write_shards (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    const char **names = call->host->scratch (call, (writer->shards + (uint64_t) 1) * sizeof *names);
    uint64_t first = 0;
    if (!names)
        return TENON_E_MEMORY;
    TENON_TRY (check_set_name (writer));
    for (uint32_t shard = 1; shard <= writer->shards; shard++) {
        uint64_t end = first;
        while (end < writer->plan.tensors && writer->items[end].shard == shard)
            end++;
        struct tenon_entry file = { .struct_size = sizeof file };
        if (!(names[shard] = file.key = shard_name (writer, shard, &file.key_length)))
            return TENON_E_MEMORY;
        TENON_TRY (call->host->put_key (call, &file));
        TENON_TRY (write_tensor_file (writer, &writer->items[first], end - first));
        first = end;
    }
    return write_index (writer, names);
}

static tenon_status
read_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

tenon_status
st_write (struct tenon_call *call)
{
    struct tenon_setting slack, shard_size;
    struct writer writer;
    memset (&writer, 0, sizeof writer);
    writer.call = call;
    writer.plan.struct_size = sizeof writer.plan;
    TENON_TRY (read_option (call, ST_OPTION_SLACK, &slack));
    TENON_TRY (read_option (call, ST_OPTION_SHARD_SIZE, &shard_size));
    writer.slack = (uint64_t) slack.integer;
    writer.shard_size = (uint64_t) shard_size.integer;
    TENON_TRY (call->host->plan_info (call, &writer.plan));
    uint32_t index = writer.plan.flags & TENON_PLAN_INDEX;
    if (index && writer.shard_size == 0)
        writer.shard_size = ST_SHARD_SIZE;
    TENON_TRY (read_items (&writer));
    int set = writer.shards > 1 || index;
    if (set)
        TENON_TRY (st_find_kept (call, writer.plan.metadata, &writer.kept));
    TENON_TRY (st_make_metadata (call, writer.plan.metadata, writer.kept.bytes != NULL, &writer.metadata));
    return set ? write_shards (&writer) : write_tensor_file (&writer, writer.items, writer.plan.tensors);
}
