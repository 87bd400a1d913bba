/* toyfirst.c - a toy whose first part opens the whole set.
 *
 *     "TOYFIRST", then the bytes of one array, which is called as the file is */
#include <tenon/plugin.h>

static tenon_status
describe (struct tenon_call *call)
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
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
write (struct tenon_call *call)
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
    .describe = describe,
    .write = write,
    .set_flags = TENON_SET_NUMBERED | TENON_SET_FIRST_OPENS,
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
