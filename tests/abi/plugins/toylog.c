/* SPDX-License-Identifier: MIT */
/* toylog.c - a toy format with metadata, to which a save can append.
 *
 *     "TOYLOG1\n", then records: u8 kind, u8 length of the key, u8 n, key, n bytes
 *     kind 'M': a string; 'A': an array of n u8; 'T': a tensor u8 [n]
 *
 * Appending keeps the magic and the records of tensors; the metadata are those of the plan. */
#include <tenon/plugin.h>

#define MAGIC "TOYLOG1\n"
#define HEAD 3u

struct record {
    uint64_t begin, data; /* in the file, bytes */
    uint8_t kind, key_length, count;
    const char *key;
};

static tenon_status
take_record (struct tenon_cursor *cursor, struct record *record)
{
    record->begin = cursor->position;
    TENON_TRY (tenon_take_u8 (cursor, &record->kind, "a kind"));
    TENON_TRY (tenon_take_u8 (cursor, &record->key_length, "a key's length"));
    TENON_TRY (tenon_take_u8 (cursor, &record->count, "a count"));
    if (!(record->key = tenon_take_text (cursor, record->key_length, "a key")))
        return TENON_E_TRUNCATED;
    record->data = cursor->position;
    return tenon_skip (cursor, record->count, "the data");
}

static tenon_status
describe_record (struct tenon_call *call, const struct record *record)
{
    uint64_t count = record->count;
    struct tenon_value value = { .type = TENON_STRING, .count = count };
    if (record->kind == 'T') {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                       .dtype = TENON_U8,
                                       .name = record->key,
                                       .name_length = record->key_length,
                                       .shape = &count,
                                       .rank = 1,
                                       .offset = record->data,
                                       .length = TENON_AUTO };
        return call->host->add_tensor (call, &tensor);
    }
    if (record->kind == 'M')
        value.as.string = (const char *) call->host->view (call, 0, record->data, count);
    else
        value = (struct tenon_value){ .type = TENON_ARRAY,
                                      .item_type = TENON_U8,
                                      .count = count,
                                      .encoding = TENON_ENCODING_LITTLE,
                                      .offset = record->data,
                                      .length = count };
    return call->host->add_metadata (call, record->key, record->key_length, &value);
}

static tenon_status
log_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    struct record record;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    while (cursor.position < cursor.end) {
        TENON_TRY (take_record (&cursor, &record));
        TENON_TRY (describe_record (call, &record));
    }
    return TENON_OK;
}

/* ---- writing ---- */

static tenon_status
put_head (struct tenon_call *call, uint8_t kind, const char *key, uint64_t length, uint64_t count)
{
    const uint8_t head[HEAD] = { kind, (uint8_t) length, (uint8_t) count };
    if (length > 255 || count > 255)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "toylog counts to 255");
    TENON_TRY (call->host->put (call, head, HEAD));
    return call->host->put (call, key, length);
}

static tenon_status
put_metadata (struct tenon_call *call, uint64_t index)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    TENON_TRY (call->host->plan_metadata (call, index, &key, &length, &value));
    if (value.type == TENON_STRING) {
        TENON_TRY (put_head (call, 'M', key, length, value.count));
        return call->host->put (call, value.as.string, value.count);
    }
    if (value.type != TENON_ARRAY || value.item_type != TENON_U8)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "toylog has strings and arrays of u8");
    TENON_TRY (put_head (call, 'A', key, length, value.count));
    return call->host->put_items (call, &value, TENON_ENCODING_LITTLE);
}

static tenon_status
put_tensor (struct tenon_call *call, uint64_t index)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (put_head (call, 'T', tensor.name, tensor.name_length, tensor.length));
    return call->host->put_tensor (call, index, NULL);
}

static tenon_status
keep_tensors (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    struct record record;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    while (cursor.position < cursor.end) {
        TENON_TRY (take_record (&cursor, &record));
        uint64_t size = cursor.position - record.begin;
        const void *bytes =
            record.kind == 'T' ? call->host->view (call, 0, record.begin, size) : (const void *) "";
        if (!bytes)
            return TENON_E_TRUNCATED;
        if (record.kind == 'T')
            TENON_TRY (call->host->put (call, bytes, size));
    }
    return TENON_OK;
}

static tenon_status
log_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    TENON_TRY (call->host->plan_info (call, &plan));
    int adds = (plan.flags & TENON_PLAN_APPENDS) != 0;
    TENON_TRY (adds ? call->host->put_old (call, 8) : call->host->put (call, MAGIC, 8));
    for (uint64_t i = 0; i < plan.metadata; i++)
        TENON_TRY (put_metadata (call, i));
    if (adds)
        TENON_TRY (keep_tensors (call));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_tensor (call, i));
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "toylog", NULL };
static const char *const dtypes[] = { "u8", NULL };

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS,
    .id = "toylog",
    .label = "toy log",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_rank = 1,
    .metadata = TENON_METADATA_TYPED,
    .describe = log_describe,
    .write = log_write,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toylog",
    .version = "1.0",
    .license = "MIT",
    .summary = "a format that grows, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
