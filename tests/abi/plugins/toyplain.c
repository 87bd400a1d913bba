/* SPDX-License-Identifier: MIT */
/* toyplain.c - a format that holds numbers of a few plain types, and strings as metadata, both in reverse
 * order.
 *
 *     "TPLN"  u16 tensors  u16 strings
 *     tensors: u8 length, name, u8 dtype, u8 flags, u8 rank, u64 dims
 *     strings: u8 length, key, u32 length, text
 *     data, one tensor after the other
 *
 * Little-endian. With the option `fortran` it writes Fortran order. */
#include <tenon/plugin.h>

static tenon_status
describe_tensor (struct tenon_cursor *cursor, struct tenon_tensor *tensor, uint64_t shape[64])
{
    uint8_t length, dtype, flags, rank;
    memset (tensor, 0, sizeof *tensor);
    tensor->struct_size = sizeof *tensor;
    TENON_TRY (tenon_take_u8 (cursor, &length, "a name"));
    if (!(tensor->name = tenon_take_text (cursor, length, "a name")))
        return TENON_E_TRUNCATED;
    TENON_TRY (tenon_take_u8 (cursor, &dtype, "a dtype"));
    TENON_TRY (tenon_take_u8 (cursor, &flags, "flags"));
    TENON_TRY (tenon_take_u8 (cursor, &rank, "a rank"));
    for (uint32_t i = 0; i < rank && i < 64; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    tensor->name_length = length;
    tensor->dtype = dtype;
    tensor->flags = flags;
    tensor->rank = rank;
    tensor->shape = shape;
    tensor->length = TENON_AUTO;
    return TENON_OK;
}

static tenon_status
describe_string (struct tenon_cursor *cursor)
{
    struct tenon_value value = { .type = TENON_STRING };
    uint8_t length;
    uint32_t size;
    TENON_TRY (tenon_take_u8 (cursor, &length, "a key"));
    const char *key = tenon_take_text (cursor, length, "a key");
    if (!key)
        return TENON_E_TRUNCATED;
    TENON_TRY (tenon_take_u32 (cursor, &size, "a string"));
    if (!(value.as.string = tenon_take_text (cursor, size, "a string")))
        return TENON_E_TRUNCATED;
    value.count = size;
    return cursor->call->host->add_metadata (cursor->call, key, length, &value);
}

/* Reads the header twice: the data begin after the strings. */
static tenon_status
plain_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    struct tenon_tensor tensor;
    uint16_t tensors, strings;
    uint64_t shape[64], data = 0;
    for (uint32_t pass = 0; pass < 2; pass++) {
        TENON_TRY (tenon_cursor_open (&cursor, call, 0, 4));
        TENON_TRY (tenon_take_u16 (&cursor, &tensors, "the count"));
        TENON_TRY (tenon_take_u16 (&cursor, &strings, "the count"));
        for (uint32_t i = 0; i < tensors; i++) {
            TENON_TRY (describe_tensor (&cursor, &tensor, shape));
            tensor.offset = data;
            if (pass > 0)
                TENON_TRY (call->host->add_tensor (call, &tensor));
            data += pass > 0 ? tensor.length : 0;
        }
        for (uint32_t i = 0; i < strings && pass == 0; i++)
            TENON_TRY (describe_string (&cursor));
        data = pass == 0 ? cursor.position : data;
    }
    return TENON_OK;
}

static tenon_status
put_number (struct tenon_call *call, uint64_t number, uint32_t width)
{
    uint8_t bytes[8];
    tenon_put_le64 (bytes, number);
    return call->host->put (call, bytes, width);
}

static tenon_status
put_text (struct tenon_call *call, const char *text, uint64_t length, uint32_t width)
{
    if (width == 1 && length > 255)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a name of %llu bytes",
                           (unsigned long long) length);
    TENON_TRY (put_number (call, length, width));
    return call->host->put (call, text, length);
}

static tenon_status
write_head (struct tenon_call *call, const struct tenon_plan_info *plan, uint32_t flags)
{
    TENON_TRY (call->host->put (call, "TPLN", 4));
    TENON_TRY (put_number (call, plan->tensors, 2));
    TENON_TRY (put_number (call, plan->metadata, 2));
    for (uint64_t i = plan->tensors; i-- > 0;) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (put_text (call, tensor.name, tensor.name_length, 1));
        TENON_TRY (put_number (call, tensor.dtype, 1));
        TENON_TRY (put_number (call, flags, 1));
        TENON_TRY (put_number (call, tensor.rank, 1));
        for (uint32_t k = 0; k < tensor.rank; k++)
            TENON_TRY (put_number (call, tensor.shape[k], 8));
    }
    for (uint64_t i = plan->metadata; i-- > 0;) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        TENON_TRY (put_text (call, key, length, 1));
        TENON_TRY (put_text (call, value.as.string, value.count, 4));
    }
    return TENON_OK;
}

static tenon_status
plain_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_setting fortran = { .struct_size = sizeof fortran };
    struct tenon_layout layout = { .struct_size = sizeof layout };
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->option (call, 0, &fortran));
    layout.flags = fortran.integer ? TENON_FORTRAN : 0;
    if (plan.flags & TENON_PLAN_CARRIES)
        tenon_note (call, TENON_NOTE, NULL, "the plan carries");
    TENON_TRY (write_head (call, &plan, layout.flags));
    for (uint64_t i = plan.tensors; i-- > 0;)
        TENON_TRY (call->host->put_tensor (call, i, &layout));
    return TENON_OK;
}

static const struct tenon_magic magics[] = { { 0, 4, 0, "TPLN" } };
static const char *const extensions[] = { "toyplain", NULL };
static const char *const dtypes[] = { "u8", "i16", "f32", NULL };
static const struct tenon_option options[] = { { .struct_size = sizeof options[0],
                                                 .type = TENON_OPTION_BOOL,
                                                 .name = "fortran",
                                                 .value = "no",
                                                 .help = "write Fortran order",
                                                 .flags = TENON_OPTION_FOR_WRITING } };

static const struct tenon_codec toyplain = {
    .struct_size = sizeof toyplain,
    .id = "toyplain",
    .label = "a format that holds little",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 1,
    .dtypes = dtypes,
    .metadata = TENON_METADATA_STRINGS,
    .flags = TENON_CODEC_SORTS,
    .describe = plain_describe,
    .write = plain_write,
};
static const struct tenon_codec *const codecs[] = { &toyplain, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyplain",
    .version = "1.0",
    .license = "MIT",
    .summary = "a format that holds little, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
