/* SPDX-License-Identifier: MIT */
/* safetensors.c - the codec: files of tensors with a header of JSON, and indexes of sharded sets. */
#include "safetensors.h"

/* So many bytes are looked at to tell an index from other text. */
#define HEAD_BYTES 2048u

/* True if the file begins as an index does: with text, which would be the length of a header of 10^18 bytes
 * and more, and has a map among its first bytes. Download caches give their files other names. */
static int
has_map (struct tenon_call *call, uint64_t size)
{
    static const char map[] = "\"weight_map\"";
    char text[HEAD_BYTES];
    uint64_t length = size < sizeof text ? size : sizeof text, at = 0;
    if (call->host->read_at (call, 0, 0, text, length) < 0)
        return 0;
    while (at < length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        at++;
    if (length < ST_PREFIX || at == length || text[at] != '{' || tenon_le64 (text) <= ST_MOST_HEADER)
        return 0;
    for (; at + sizeof map - 1 <= length; at++)
        if (memcmp (text + at, map, sizeof map - 1) == 0)
            return 1;
    return 0;
}

static tenon_status
describe_source (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    TENON_TRY (call->host->source_info (call, 0, &info));
    return st_is_index (info.name, info.name_length) || has_map (call, info.size)
               ? st_describe_index (call, info.size)
               : st_describe_header (call, info.size);
}

/* The format has no magic. A file of tensors begins with a plausible length, and an object follows. */
static int32_t
probe_header (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    uint8_t head[ST_PREFIX + 1];
    if (call->host->source_info (call, 0, &info) < 0 || info.size < ST_PREFIX + 2
        || call->host->read_at (call, 0, 0, head, sizeof head) < 0)
        return 0;
    uint64_t length = tenon_le64 (head);
    if (length > ST_MOST_HEADER && has_map (call, info.size))
        return 80;
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
    .metadata = TENON_METADATA_NESTED,
    .flags = TENON_CODEC_SORTS,
    .describe = describe_source,
    .write = st_write,
    .probe = probe_header,
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
