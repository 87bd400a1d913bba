/* SPDX-License-Identifier: MIT */
/* scalar.c - a mock plugin (mock.h): one codec of files that hold one number and nothing else: "MOCKSCL1",
 * and an f64, little-endian. All of a format that takes nearly nothing is checked, too. */
#include "mock.h"

#define HEAD 8

static tenon_status
describe_scalar (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    TENON_TRY (call->host->source_info (call, 0, &info));
    if (info.size < HEAD + 8)
        return tenon_fail (call, TENON_E_TRUNCATED, info.size, "the file ends in its number");
    if (info.size > HEAD + 8)
        return tenon_fail (call, TENON_E_MALFORMED, HEAD + 8, "bytes follow the number");
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .name = "value",
                                   .name_length = 5,
                                   .dtype = MOCK (changes_dtype) ? TENON_I64 : TENON_F64,
                                   .offset = HEAD,
                                   .length = 8 };
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
write_scalar (struct tenon_call *call)
{
    struct tenon_plan_info info = { .struct_size = sizeof info };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_layout layout = { .struct_size = sizeof layout };
    TENON_TRY (call->host->plan_info (call, &info));
    if (info.tensors != 1)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a file has one number");
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    if (tensor.rank > 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a file has no dims");
    TENON_TRY (call->host->put (call, "MOCKSCL1", HEAD));
    return call->host->put_tensor (call, 0, &layout);
}

static const char *const extensions[] = { "mockscalar", NULL };
static const char *const dtypes[] = { "f64", NULL };
static const struct tenon_magic magics[] = { { .length = 8, .bytes = "MOCKSCL1" } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NAMELESS,
    .id = "mockscalar",
    .label = "a mock with one number",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_tensors = 1,
    .describe = describe_scalar,
    .write = write_scalar,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "scalar",
    .version = "1.0",
    .license = "MIT",
    .summary = "one number for the tests of tenon check-plugin",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
