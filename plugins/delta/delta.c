/* SPDX-License-Identifier: MIT */
/* delta.c - the tables of the plugin delta. */
#include "delta_filter.h"

static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .flags = TENON_FILTER_FIXED,
    .id = "delta",
    .label = "numbers as differences to those before them",
    .bound = tenon_delta_bound,
    .open = tenon_delta_open,
    .close = tenon_delta_close,
    .encode = tenon_delta_encode,
    .decode = tenon_delta_decode,
    .reset = tenon_delta_reset,
    .step = tenon_delta_step,
    .unpack = tenon_delta_unpack,
};
static const struct tenon_filter *const filters[] = { &filter, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "delta",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "numbers as differences to those before them",
    .filters = filters,
};

TENON_PLUGIN (plugin)
