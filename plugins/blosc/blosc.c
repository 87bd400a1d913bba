/* SPDX-License-Identifier: MIT */
/* blosc.c - the plugin blosc: a filter on libblosc. */
#include "blosc_filter.h"

static const struct tenon_filter *const filters[] = { &tenon_blosc, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "blosc",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "Blosc compression, by libblosc",
    .filters = filters,
};

TENON_PLUGIN (plugin)
