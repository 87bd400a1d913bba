/* SPDX-License-Identifier: MIT */
/* write.c - writes version 3 with the same bytes as gguf-py's GGUFWriter: pairs in their order, dims as they
 * are, no padding after the infos if there are no tensors, zeros after each tensor up to the alignment.
 *
 * With shard_size, shard_tensors or empty_first the tensors go to shards in the order of the plan, as in
 * llama.cpp's gguf-split. If one shard holds all, it is written as a single file. */
#include "mlx/mlx.h"

struct writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    struct gguf_mlx_plan mlx;
    uint64_t alignment;
    uint64_t pairs, split_pairs;        /* pairs to write; those among them that are keys of a shard */
    uint64_t shard_size, shard_tensors; /* UINT64_MAX: no limit */
    uint64_t shards;
    uint32_t big_endian, empty_first; /* options */
    struct tenon_value file_type;     /* of general.file_type; type 0: the plan has none */
};

static tenon_status
put_u32 (struct writer *writer, uint32_t number)
{
    uint8_t bytes[4];
    writer->big_endian ? tenon_put_be32 (bytes, number) : tenon_put_le32 (bytes, number);
    return writer->call->host->put (writer->call, bytes, sizeof bytes);
}

static tenon_status
put_u64 (struct writer *writer, uint64_t number)
{
    uint8_t bytes[8];
    writer->big_endian ? tenon_put_be64 (bytes, number) : tenon_put_le64 (bytes, number);
    return writer->call->host->put (writer->call, bytes, sizeof bytes);
}

static tenon_status
put_string (struct writer *writer, const char *text, uint64_t length)
{
    TENON_TRY (put_u64 (writer, length));
    return length ? writer->call->host->put (writer->call, text, length) : TENON_OK;
}

/* ---- values ---- */

/* Returns GGUF_VALUES if the format has no such type. */
static uint32_t
value_type_of (uint32_t type)
{
    for (uint32_t i = 0; i < GGUF_VALUES; i++)
        if (gguf_value_types[i].type == type)
            return i;
    return GGUF_VALUES;
}

static tenon_status
put_scalar (struct writer *writer, uint32_t type, const struct tenon_value *value)
{
    uint8_t bytes[8];
    uint32_t width = gguf_value_types[type].width;
    uint64_t number = value->as.u;
    if (type == GGUF_F32)
        number = tenon_f32_of_f64 (value->as.f);
    writer->big_endian ? tenon_put_be64 (bytes, number << (64 - 8 * width)) : tenon_put_le64 (bytes, number);
    return writer->call->host->put (writer->call, bytes, width);
}

/* An array, and those that lie in it, each before its items. */
static tenon_status
put_array (struct writer *writer, const struct tenon_value *value)
{
    struct gguf_walk walk;
    uint32_t order = writer->big_endian ? TENON_ENCODING_BIG : TENON_ENCODING_LITTLE;
    walk.depth = 0;
    for (; value; value = gguf_next_array (&walk, value)) {
        TENON_TRY (put_u32 (writer, value_type_of (value->item_type)));
        TENON_TRY (put_u64 (writer, value->count));
        if (value->item_type != TENON_ARRAY)
            TENON_TRY (writer->call->host->put_items (
                writer->call, value, value->item_type == TENON_STRING ? TENON_STRINGS_64 | order : order));
    }
    return TENON_OK;
}

static int
can_hold (const struct tenon_value *value)
{
    struct gguf_walk walk;
    if (value->type != TENON_ARRAY)
        return value_type_of (value->type) < GGUF_VALUES;
    walk.depth = 0;
    for (; value; value = gguf_next_array (&walk, value))
        if (value_type_of (value->item_type) == GGUF_VALUES
            || (value->item_type == TENON_ARRAY && walk.depth == GGUF_DEPTH))
            return 0;
    return 1;
}

static tenon_status
put_pair (struct writer *writer, const char *key, uint64_t length, const struct tenon_value *value)
{
    uint32_t type = value_type_of (value->type);
    TENON_TRY (put_string (writer, key, length));
    TENON_TRY (put_u32 (writer, type));
    return type == GGUF_ARRAY    ? put_array (writer, value)
           : type == GGUF_STRING ? put_string (writer, value->as.string, value->count)
                                 : put_scalar (writer, type, value);
}

/* ---- the plan ---- */

static int
is_named_key (const char *key, uint64_t length, const char *name)
{
    return length == strlen (name) && memcmp (key, name, length) == 0;
}

static tenon_status
check_pairs (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (!can_hold (&value)) {
            tenon_note (call, TENON_LOSS, key, "the format has no value of its type: this entry is dropped");
            continue;
        }
        writer->pairs++;
        writer->split_pairs += gguf_split_key (key, length) < GGUF_SPLIT_KEYS;
        if (is_named_key (key, length, GGUF_FILE_TYPE)) {
            writer->file_type = value;
            TENON_TRY (gguf_file_type (&writer->mlx, writer->plan.tensors, i, &writer->file_type));
        }
        if (!is_named_key (key, length, "general.alignment"))
            continue;
        writer->alignment = value.as.u;
        if (value.type != TENON_U32 || value.as.u == 0 || (value.as.u & (value.as.u - 1)) != 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "the metadata key general.alignment is no u32 that is a power of two");
    }
    return TENON_OK;
}

/* Tells of names and dims that the format can hold, and other programs refuse. */
static tenon_status
check_tensors (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (gguf_mlx_tensor (&writer->mlx, i, &tensor));
        if (tensor.name_length > GGUF_USUAL_NAME)
            tenon_note (call, TENON_LOSS, tensor.name,
                        "its name has %llu bytes; llama.cpp refuses files with names of more than %u",
                        (unsigned long long) tensor.name_length, GGUF_USUAL_NAME);
        if (tensor.rank > GGUF_USUAL_DIMS)
            tenon_note (call, TENON_NOTE, tensor.name,
                        "it has %u dims; llama.cpp refuses files with more than %u", tensor.rank,
                        GGUF_USUAL_DIMS);
    }
    return TENON_OK;
}

static uint64_t
padded_length (const struct writer *writer, uint64_t length)
{
    return (length + writer->alignment - 1) & ~(writer->alignment - 1);
}

/* ---- a file ---- */

/* Puts the pairs of the plan; in a set without the keys of an older set. */
static tenon_status
put_pairs (struct writer *writer, int in_set)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (is_named_key (key, length, GGUF_FILE_TYPE))
            value = writer->file_type;
        if (can_hold (&value) && !(in_set && gguf_split_key (key, length) < GGUF_SPLIT_KEYS))
            TENON_TRY (put_pair (writer, key, length, &value));
    }
    return TENON_OK;
}

static tenon_status
put_number (struct writer *writer, const char *key, uint32_t type, uint64_t number)
{
    struct tenon_value value = { .type = type, .source = TENON_NO_SOURCE, .as.u = number };
    return put_pair (writer, key, strlen (key), &value);
}

/* Puts the header of a shard, from 1; 0: of a single file. The first shard has all pairs, the others only
 * those that they need: general.alignment if it is not the default, which llama.cpp's splitter forgets. */
static tenon_status
put_header (struct writer *writer, uint64_t shard, uint64_t tensors)
{
    struct tenon_call *call = writer->call;
    int aligned = writer->alignment != GGUF_ALIGNMENT;
    uint64_t pairs = shard == 0   ? writer->pairs
                     : shard == 1 ? writer->pairs - writer->split_pairs + GGUF_SPLIT_KEYS
                                  : GGUF_SPLIT_KEYS + (uint64_t) aligned;
    TENON_TRY (call->host->put (call, "GGUF", 4));
    TENON_TRY (put_u32 (writer, GGUF_VERSION));
    TENON_TRY (put_u64 (writer, tensors));
    TENON_TRY (put_u64 (writer, pairs));
    if (shard <= 1)
        TENON_TRY (put_pairs (writer, shard == 1));
    else if (aligned)
        TENON_TRY (put_number (writer, "general.alignment", TENON_U32, writer->alignment));
    const uint64_t values[] = { [GGUF_SPLIT_NUMBER] = shard - 1,
                                [GGUF_SPLIT_COUNT] = writer->shards,
                                [GGUF_SPLIT_TENSORS] = writer->plan.tensors };
    for (uint32_t i = 0; i < GGUF_SPLIT_KEYS && shard > 0; i++)
        TENON_TRY (put_number (writer, gguf_split_keys[i], gguf_split_types[i], values[i]));
    return TENON_OK;
}

static tenon_status
put_infos (struct writer *writer, uint64_t first, uint64_t end)
{
    struct tenon_call *call = writer->call;
    uint64_t offset = 0;
    for (uint64_t i = first; i < end; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (gguf_mlx_tensor (&writer->mlx, i, &tensor));
        const struct gguf_type *type = gguf_type_of (call, tensor.dtype);
        if (!type)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor has a dtype that the format lacks");
        TENON_TRY (put_string (writer, tensor.name, tensor.name_length));
        TENON_TRY (put_u32 (writer, tensor.rank));
        for (uint32_t k = tensor.rank; k-- > 0;) /* innermost first */
            TENON_TRY (put_u64 (writer, tensor.shape[k]));
        TENON_TRY (put_u32 (writer, type->id));
        TENON_TRY (put_u64 (writer, offset));
        offset += padded_length (writer, tensor.length);
    }
    return TENON_OK;
}

static tenon_status
write_file (struct writer *writer, uint64_t shard, uint64_t first, uint64_t end)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (put_header (writer, shard, end - first));
    TENON_TRY (put_infos (writer, first, end));
    for (uint64_t i = first; i < end; i++) {
        TENON_TRY (call->host->align (call, writer->alignment, 0));
        TENON_TRY (gguf_mlx_put (&writer->mlx, i));
    }
    /* gguf-py and llama.cpp pad a first shard without tensors; gguf-py pads no single file without them */
    return end > first || shard > 0 ? call->host->align (call, writer->alignment, 0) : TENON_OK;
}

/* ---- a set ---- */

/* A shard ends before the first tensor that does not fit, but has at least one tensor. */
static tenon_status
find_end (struct writer *writer, uint64_t first, uint64_t *end)
{
    uint64_t used = 0;
    for (*end = first; *end < writer->plan.tensors && *end - first < writer->shard_tensors; ++*end) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (gguf_mlx_tensor (&writer->mlx, *end, &tensor));
        uint64_t size = padded_length (writer, tensor.length);
        if (*end > first && (used > writer->shard_size || size > writer->shard_size - used))
            break;
        used += size;
    }
    return TENON_OK;
}

static tenon_status
count_shards (struct writer *writer)
{
    uint64_t end = 0;
    writer->shards = writer->empty_first && writer->plan.tensors > 0;
    do {
        TENON_TRY (find_end (writer, end, &end));
        writer->shards++;
    } while (end < writer->plan.tensors);
    if (writer->shards == 1 || (writer->shards <= UINT16_MAX && writer->plan.tensors <= INT32_MAX))
        return TENON_OK;
    return tenon_fail (
        writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
        "%llu tensors would be shared out among %llu shards, a set has at most 65535, and 2147483647 "
        "tensors: write larger shards (gguf.shard_size, gguf.shard_tensors)",
        (unsigned long long) writer->plan.tensors, (unsigned long long) writer->shards);
}

/* "NAME-00001-of-00003.gguf" */
static tenon_status
write_shard (struct writer *writer, uint64_t shard, uint64_t first, uint64_t end)
{
    struct tenon_call *call = writer->call;
    uint64_t room = writer->plan.name_length + 40;
    char *name = call->host->scratch (call, room);
    if (!name)
        return TENON_E_MEMORY;
    int length = snprintf (name, room, "%.*s-%05u-of-%05u.gguf", (int) writer->plan.name_length,
                           writer->plan.name, (unsigned) shard, (unsigned) writer->shards);
    struct tenon_entry file = { .struct_size = sizeof file, .key = name, .key_length = (uint64_t) length };
    TENON_TRY (call->host->put_key (call, &file));
    return write_file (writer, shard, first, end);
}

/* The first shard is written last: it opens the set, and the core removes an older one before the others get
 * their names. */
static tenon_status
write_set (struct writer *writer)
{
    uint64_t first = 0, end, second = 0;
    if (!writer->empty_first)
        TENON_TRY (find_end (writer, 0, &second));
    end = second;
    for (uint64_t shard = 2; shard <= writer->shards; shard++) {
        first = end;
        TENON_TRY (find_end (writer, first, &end));
        TENON_TRY (write_shard (writer, shard, first, end));
    }
    return write_shard (writer, 1, 0, second);
}

/* Reads the option of a limit; 0 is no limit. */
static tenon_status
get_limit (struct tenon_call *call, uint32_t option, uint64_t *limit)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *limit = setting.integer > 0 ? (uint64_t) setting.integer : UINT64_MAX;
    return TENON_OK;
}

static tenon_status
get_choice (struct tenon_call *call, uint32_t option, uint32_t *choice)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *choice = (uint32_t) setting.integer;
    return TENON_OK;
}

static tenon_status
get_options (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    TENON_TRY (get_limit (call, GGUF_OPTION_SHARD_SIZE, &writer->shard_size));
    TENON_TRY (get_limit (call, GGUF_OPTION_SHARD_TENSORS, &writer->shard_tensors));
    TENON_TRY (get_choice (call, GGUF_OPTION_BYTE_ORDER, &writer->big_endian));
    return get_choice (call, GGUF_OPTION_EMPTY_FIRST, &writer->empty_first);
}

tenon_status
gguf_write (struct tenon_call *call)
{
    struct writer writer;
    memset (&writer, 0, sizeof writer);
    writer.call = call;
    writer.alignment = GGUF_ALIGNMENT;
    writer.plan.struct_size = sizeof writer.plan;
    TENON_TRY (call->host->plan_info (call, &writer.plan));
    TENON_TRY (gguf_mlx_begin (&writer.mlx, call, &writer.plan.tensors));
    TENON_TRY (get_options (&writer));
    writer.mlx.big_endian = writer.big_endian;
    TENON_TRY (check_pairs (&writer));
    TENON_TRY (check_tensors (&writer));
    TENON_TRY (count_shards (&writer));
    if (writer.shards > 1)
        return write_set (&writer);
    TENON_TRY (gguf_split_single (call, &writer.plan, writer.plan.tensors));
    return write_file (&writer, 0, 0, writer.plan.tensors);
}
