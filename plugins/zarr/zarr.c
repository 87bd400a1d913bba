/* SPDX-License-Identifier: MIT */
/* zarr.c - the plugin's tables: Zarr, versions 2 and 3, in folders and in zip archives. */
#include "zarr.h"

static const char *const extensions[] = { "zarr", "zarr.zip", NULL };
static const char *const root_keys[] = { "zarr.json", ".zarray", ".zgroup", ".zmetadata", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
static const struct tenon_option options[ZARR_OPTIONS] = {
    [ZARR_OPTION_CONSOLIDATED] =
        OPTION (TENON_OPTION_CHOICE, "consolidated", "use", "use ignore",
                "consolidated metadata: taken for the arrays of the store, or all keys searched", 0, 0,
                TENON_OPTION_FOR_READING),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "zarr",
    .label = "Zarr, versions 2 and 3",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = ZARR_OPTIONS,
    .metadata = TENON_METADATA_TYPED,
    .describe = zarr_describe,
    .locate_chunk = zarr_locate_chunk,
    .root_keys = root_keys,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "zarr",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "Zarr stores, versions 2 and 3: arrays in chunks, in folders and zip archives",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
