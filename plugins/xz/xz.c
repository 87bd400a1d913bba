/* SPDX-License-Identifier: MIT */
/* xz.c - the plugin xz: two filters on liblzma. */
#include "xz_filter.h"

static const struct tenon_filter *const filters[] = { &tenon_xz, &tenon_lzma, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "xz",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "xz and lzma compression, by liblzma",
    .filters = filters,
};

TENON_PLUGIN (plugin)
