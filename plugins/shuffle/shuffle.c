/* SPDX-License-Identifier: MIT */
/* shuffle.c - the tables of the plugin shuffle. */
#include "shuffle_filter.h"

static const struct tenon_filter bytes = {
    .struct_size = sizeof bytes,
    .flags = TENON_FILTER_FIXED,
    .id = "shuffle",
    .label = "bytes of items, the first ones of all first",
    .bound = tenon_shuffle_bound,
    .open = tenon_shuffle_open,
    .close = tenon_shuffle_close,
    .encode = tenon_shuffle_encode,
    .decode = tenon_shuffle_decode,
    .unpack = tenon_shuffle_unpack,
};
static const struct tenon_filter bits = {
    .struct_size = sizeof bits,
    .flags = TENON_FILTER_FIXED,
    .id = "bitshuffle",
    .label = "bits of items, the lowest ones of all first",
    .bound = tenon_shuffle_bound,
    .open = tenon_bitshuffle_open,
    .close = tenon_shuffle_close,
    .encode = tenon_shuffle_encode,
    .decode = tenon_shuffle_decode,
    .unpack = tenon_shuffle_unpack,
};
static const struct tenon_filter *const filters[] = { &bytes, &bits, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "shuffle",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "items to planes of their bytes or bits",
    .filters = filters,
};

TENON_PLUGIN (plugin)
