/* SPDX-License-Identifier: MIT */
/* undefined.c - a plugin that needs an undefined symbol. Loading it must fail, not its first use of the
 * symbol. */
#include <tenon/plugin.h>

tenon_status function_of_a_library_that_is_missing (struct tenon_call *call);

static tenon_status
undefined_describe (struct tenon_call *call)
{
    return function_of_a_library_that_is_missing (call);
}

static const struct tenon_codec codec = { .struct_size = sizeof codec,
                                          .id = "undefined",
                                          .describe = undefined_describe };
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .name = "undefined", .version = "1.0", .codecs = codecs
};

TENON_PLUGIN (plugin)
