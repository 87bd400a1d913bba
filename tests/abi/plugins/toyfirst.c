/* SPDX-License-Identifier: MIT */
/* toyfirst.c - a toy whose first shard opens the whole set.
 *
 *     "TOYFIRST", then the bytes of one array, which has the name of the file
 *
 * The facts about the set become metadata, and so do the first byte (text) and all bytes (bytes), unless the
 * array has four. */
#include <tenon/plugin.h>

static tenon_status
add_metadata (struct tenon_call *call, const char *key, const struct tenon_value *value)
{
    return call->host->add_metadata (call, key, strlen (key), value);
}

static tenon_status
add_set (struct tenon_call *call, uint64_t bytes)
{
    struct tenon_value value = { .type = TENON_U64, .source = TENON_NO_SOURCE };
    struct tenon_shard_info set = { .struct_size = sizeof set };
    uint64_t left[9] = { 0 };
    char key[64];
    TENON_TRY (call->host->shard_info (call, &set));
    if (!(set.flags & TENON_SHARDS_WHOLE)) {
        snprintf (key, sizeof key, "%d of %d, alone", (int) set.number, (int) set.count);
        value.as.u = set.state != NULL;
        return add_metadata (call, key, &value);
    }
    snprintf (key, sizeof key, "%d of %d: tensors before", (int) set.number, (int) set.count);
    value.as.u = set.tensors;
    TENON_TRY (add_metadata (call, key, &value));
    snprintf (key, sizeof key, "%d of %d: bytes so far", (int) set.number, (int) set.count);
    if (set.state_size == sizeof left && (uintptr_t) set.state % 16 == 0)
        memcpy (left, set.state, sizeof left);
    value.as.u = left[8] += bytes;
    TENON_TRY (call->host->leave_state (call, left, sizeof left));
    return add_metadata (call, key, &value);
}

static tenon_status
add_bytes (struct tenon_call *call, uint64_t count)
{
    struct tenon_value text = { .type = TENON_STRING, .count = 1, .source = TENON_NO_SOURCE };
    struct tenon_value bytes = {
        .type = TENON_ARRAY, .item_type = TENON_U8, .count = count, .offset = 8, .length = count
    };
    struct tenon_value nested = { .type = TENON_ARRAY,
                                  .item_type = TENON_ARRAY,
                                  .count = 1,
                                  .source = TENON_NO_SOURCE,
                                  .as.items = &bytes };
    text.as.string = count == 4 ? "t" : "o";
    TENON_TRY (add_metadata (call, "text", &text));
    return count == 4 ? TENON_OK : add_metadata (call, "bytes", &nested);
}

static tenon_status
first_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    TENON_TRY (call->host->source_info (call, 0, &info));
    uint64_t shape[] = { info.size - 8 };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = TENON_U8,
                                   .shape = shape,
                                   .rank = 1,
                                   .offset = 8,
                                   .length = TENON_AUTO };
    TENON_TRY (add_set (call, shape[0]));
    TENON_TRY (add_bytes (call, shape[0]));
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
first_write (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "it is for reading");
}

static const struct tenon_magic magics[] = { { 0, 8, 0, "TOYFIRST" } };
static const char *const extensions[] = { "toyfirst", NULL };

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS,
    .id = "toyfirst",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = first_describe,
    .write = first_write,
    .shard_flags = TENON_SHARDS_NUMBERED | TENON_SHARDS_FIRST_OPENS,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyfirst",
    .version = "1.0",
    .license = "MIT",
    .summary = "numbered files, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
