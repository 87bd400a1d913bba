/* SPDX-License-Identifier: MIT */
/* zstd.c - the tables of the plugin zstd: a filter on libzstd. */
#include "zstd_filter.h"

static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .flags = TENON_FILTER_JOINS,
    .id = "zstd",
    .label = "Zstandard (RFC 8878)",
    .least_level = -7,
    .most_level = 22,
    .default_level = 3,
    .bound = tenon_zstd_bound,
    .open = tenon_zstd_open,
    .close = tenon_zstd_close,
    .encode = tenon_zstd_encode,
    .decode = tenon_zstd_decode,
    .reset = tenon_zstd_reset,
    .step = tenon_zstd_step,
    .block_size = tenon_zstd_block_size,
    .why = tenon_zstd_why,
};
static const struct tenon_filter *const filters[] = { &filter, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "zstd",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "Zstandard compression, by libzstd",
    .filters = filters,
};

TENON_PLUGIN (plugin)
