/* SPDX-License-Identifier: MIT */
/* deflate.c - the plugin: three filters on raw deflate. */
#include "filter.h"

static const struct tenon_filter *const filters[] = { &deflate_raw, &deflate_zlib, &deflate_gzip, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "deflate",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "deflate, zlib and gzip, by the fastest libraries that the build has",
    .filters = filters,
};

TENON_PLUGIN (plugin)
