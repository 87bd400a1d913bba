/* SPDX-License-Identifier: MIT */
/* crc32c.c - the tables of the plugin crc32c. */
#include "crc_filter.h"

static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .flags = TENON_FILTER_FIXED,
    .id = "crc32c",
    .label = "a checksum beside the bytes",
    .bound = tenon_crc_bound,
    .open = tenon_crc_open,
    .close = tenon_crc_close,
    .encode = tenon_crc_encode,
    .decode = tenon_crc_decode,
    .reset = tenon_crc_reset,
    .step = tenon_crc_step,
    .unpack = tenon_crc_unpack,
};
static const struct tenon_filter *const filters[] = { &filter, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "crc32c",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "checksums CRC-32C, CRC-32 and Adler-32 beside the bytes",
    .filters = filters,
};

TENON_PLUGIN (plugin)
