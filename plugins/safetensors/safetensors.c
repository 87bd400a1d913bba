/* SPDX-License-Identifier: MIT */
/* safetensors.c - files of tensors behind a header of JSON, and sets of them behind an index. */
#include "safetensors.h"

/* ---- what the parts share ---- */

tenon_status
st_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

tenon_status
st_fail_json (struct tenon_call *call, const struct tenon_json *json, uint64_t base)
{
    return tenon_fail (call, TENON_E_MALFORMED, base + json->error_at, "not JSON: %s", json->error);
}

const char *
st_copy (struct tenon_call *call, const char *text, uint64_t length)
{
    char *copy = call->host->scratch (call, length + 1);
    if (copy)
        memcpy (copy, text, length);
    return copy;
}

int
st_is_record (const char *key, uint64_t length)
{
    return length == strlen (ST_RECORD) && memcmp (key, ST_RECORD, length) == 0;
}

const char *
st_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length)
{
    *length = json->length;
    if (!json->escapes)
        return (const char *) json->text;
    char *plain = call->host->scratch (call, json->length + 1);
    if (plain)
        *length = tenon_json_unescape (json->text, json->length, plain);
    return plain;
}

/* FNV-1a, begun with an address that whoever makes names collide does not know. */
static uint64_t
hash_of (uint64_t hash, const char *text, uint64_t length)
{
    hash ^= 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t) text[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

tenon_status
st_names_begin (struct tenon_call *call, struct st_names *names, uint64_t most)
{
    uint64_t size = 16;
    while (size < 2 * most)
        size *= 2;
    names->mask = size - 1;
    names->slots = call->host->scratch (call, size * sizeof *names->slots);
    names->seed = (uint64_t) (uintptr_t) names->slots >> 4;
    return names->slots ? TENON_OK : TENON_E_MEMORY;
}

struct st_name *
st_names_slot (const struct st_names *names, const char *text, uint64_t length)
{
    uint64_t at = hash_of (names->seed, text, length) & names->mask;
    while (names->slots[at].text
           && (names->slots[at].length != length || memcmp (names->slots[at].text, text, length) != 0))
        at = (at + 1) & names->mask;
    return &names->slots[at];
}

/* ---- describe ---- */

int
st_is_index (const char *name, uint64_t length)
{
    static const char end[] = ".index.json";
    uint64_t size = sizeof end - 1;
    return length >= size && memcmp (name + length - size, end, size) == 0;
}

static tenon_status
describe (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    TENON_TRY (call->host->source_info (call, 0, &info));
    return st_is_index (info.name, info.name_length) ? st_describe_index (call, info.size)
                                                     : st_describe_header (call, info.size);
}

/* No magic: a length that fits, and then an object. The text of an index would be a length of 10^18 and more.
 */
static int32_t
probe (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    uint8_t head[ST_PREFIX + 1];
    if (call->host->source_info (call, 0, &info) < 0 || info.size < ST_PREFIX + 2
        || call->host->read_at (call, 0, 0, head, sizeof head) < 0)
        return 0;
    uint64_t length = tenon_le64 (head);
    if (length < 2 || length > ST_MOST_HEADER || length > info.size - ST_PREFIX)
        return 0;
    uint8_t first = head[ST_PREFIX];
    return first == '{' ? 90 : first == ' ' || first == '\n' || first == '\r' || first == '\t' ? 60 : 0;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "safetensors", "safetensors.index.json", NULL };
static const char *const dtypes[] = { "u64",         "i64",     "f64",     "c64",     "f32", "u32",
                                      "i32",         "bf16",    "f16",     "u16",     "i16", "f8_e5m2fnuz",
                                      "f8_e4m3fnuz", "f8_e8m0", "f8_e4m3", "f8_e5m2", "i8",  "u8",
                                      "f6_e3m2",     "f6_e2m3", "f4",      "bool",    NULL };

#define OPTION(type, name, value, help, least, most)                                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, NULL, help, least, most, TENON_OPTION_FOR_WRITING,  \
            0                                                                                                \
    }
static const struct tenon_option options[ST_OPTIONS] = {
    [ST_OPTION_SLACK] = OPTION (TENON_OPTION_SIZE, "slack", "0",
                                "spaces at the end of the header, so that it can grow in place; from 4 KiB "
                                "on the data begin with a block",
                                0, ST_MOST_HEADER),
    [ST_OPTION_SHARD_SIZE] =
        OPTION (TENON_OPTION_SIZE, "shard_size", "0",
                "bytes of data in a shard, 0: all in one file, or, when the target is an index, 5 GB", 0, 0),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "safetensors",
    .label = "safetensors file, or index of a sharded set",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = ST_OPTIONS,
    .dtypes = dtypes,
    .metadata = TENON_METADATA_TYPED,
    .flags = TENON_CODEC_SORTS,
    .describe = describe,
    .write = st_write,
    .probe = probe,
    .shard_flags = TENON_SHARDS_NUMBERED,
    .set_index = "safetensors.index.json",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "safetensors",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "safetensors files and sharded sets, byte for byte as the reference writes them",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
