/* SPDX-License-Identifier: MIT */
/* newer.c - a plugin that needs a newer host. */
#include <tenon/plugin.h>

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR + 3,
    .min_host_minor = TENON_ABI_MINOR + 3,
    .name = "newer",
};

TENON_PLUGIN (plugin)
