/* SPDX-License-Identifier: MIT */
/* toytied.c - a format whose tensors may share bytes.
 *
 *     "TOYTIED", the number of tensors (1 byte), 64 bytes for each tensor, the data
 *     tensor: name (24 bytes), dtype (8), two dims or one and 0 (8 each), offset (8), 8 bytes of 0 */
#include <tenon/plugin.h>

#define ENTRY 64u
#define MOST 100u

static tenon_status
tied_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint8_t count;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 7));
    TENON_TRY (tenon_take_u8 (&cursor, &count, "a number"));
    for (uint8_t i = 0; i < count; i++) {
        const uint8_t *entry = tenon_take (&cursor, ENTRY, "a tensor");
        if (!entry)
            return TENON_E_TRUNCATED;
        char word[9] = "", name[25] = "";
        memcpy (name, entry, 24);
        memcpy (word, entry + 24, 8);
        uint64_t shape[2] = { tenon_le64 (entry + 32), tenon_le64 (entry + 40) };
        struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                       .dtype = call->host->dtype_find (call, word),
                                       .name = name,
                                       .name_length = strlen (name),
                                       .shape = shape,
                                       .rank = shape[1] ? 2 : 1,
                                       .flags = TENON_ALIAS,
                                       .offset = tenon_le64 (entry + 48),
                                       .length = TENON_AUTO };
        TENON_TRY (call->host->add_tensor (call, &tensor));
        struct tenon_tensor found = { .struct_size = sizeof found };
        TENON_TRY (call->host->described (call, i, &found));
        if (found.alias_of != TENON_AUTO)
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "described gave an alias");
    }
    return TENON_OK;
}

static tenon_status
put_entry (struct tenon_call *call, const struct tenon_tensor *tensor, uint64_t offset)
{
    uint8_t entry[ENTRY] = { 0 };
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    TENON_TRY (call->host->dtype_info (call, tensor->dtype, &dtype));
    memcpy (entry, tensor->name, tensor->name_length < 24 ? tensor->name_length : 24);
    memcpy (entry + 24, dtype.name, strlen (dtype.name));
    for (uint32_t i = 0; i < tensor->rank; i++)
        tenon_put_le64 (entry + 32 + 8 * i, tensor->shape[i]);
    tenon_put_le64 (entry + 48, offset);
    return call->host->put (call, entry, ENTRY);
}

static tenon_status
tied_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    uint64_t offsets[MOST];
    TENON_TRY (call->host->plan_info (call, &plan));
    uint64_t end = 8 + ENTRY * plan.tensors;
    uint8_t head[8] = "TOYTIED";
    head[7] = (uint8_t) plan.tensors;
    TENON_TRY (call->host->put (call, head, 8));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        int alias = tensor.alias_of != TENON_AUTO;
        if (alias && tensor.alias_of >= i)
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "an alias of a later tensor");
        offsets[i] = alias ? offsets[tensor.alias_of] : end;
        end += alias ? 0 : tensor.length;
        TENON_TRY (put_entry (call, &tensor, offsets[i]));
    }
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.alias_of == TENON_AUTO)
            TENON_TRY (call->host->put_tensor (call, i, NULL));
    }
    return TENON_OK;
}

static const struct tenon_magic magics[] = { { 0, 7, 0, "TOYTIED" } };
static const char *const tied[] = { "toytied", NULL }, *const careless[] = { "careless", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_ALIASES,
    .id = "toytied",
    .extensions = tied,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .max_tensors = MOST,
    .max_rank = 2,
    .describe = tied_describe,
    .write = tied_write,
};
/* It shares bytes, and does not say that it can. */
static const struct tenon_codec without = {
    .struct_size = sizeof codec, .id = "careless", .extensions = careless, .write = tied_write
};
static const struct tenon_codec *const codecs[] = { &codec, &without, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toytied",
    .version = "1.0",
    .license = "MIT",
    .summary = "tensors that share bytes, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
