/* SPDX-License-Identifier: MIT */
/* lz4.c - the plugin lz4: a filter on liblz4. */
#include "lz4_filter.h"

static const struct tenon_filter *const filters[] = { &tenon_lz4, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "lz4",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "LZ4 blocks behind their size, by liblz4",
    .filters = filters,
};

TENON_PLUGIN (plugin)
