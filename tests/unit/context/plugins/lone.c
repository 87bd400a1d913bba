/* SPDX-License-Identifier: MIT */
/* lone.c - a good plugin: one codec, which finds nothing in any file. */
#include <tenon/plugin.h>

static tenon_status
lone_describe (struct tenon_call *call)
{
    (void) call;
    return TENON_OK;
}

static const char *const extensions[] = { "lone", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec, .id = "lone", .extensions = extensions, .describe = lone_describe
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "lone",
    .version = "1.2",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
