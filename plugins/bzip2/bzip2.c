/* SPDX-License-Identifier: MIT */
/* bzip2.c - the plugin bzip2: a filter on libbz2. */
#include "bzip2_filter.h"

static const struct tenon_filter *const filters[] = { &tenon_bzip2, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "bzip2",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "bzip2 compression, by libbz2",
    .filters = filters,
};

TENON_PLUGIN (plugin)
