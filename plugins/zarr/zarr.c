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
    [ZARR_OPTION_FORMAT] = OPTION (TENON_OPTION_CHOICE, "format", "3", "3 2",
                                   "version of Zarr that is written", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_CHUNKS] = OPTION (TENON_OPTION_TEXT, "chunks", "auto", NULL,
                                   "shape of chunks: auto, a size (1MiB), or shapes (64,64;4096)", 0, 0,
                                   TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_SHARDS] =
        OPTION (TENON_OPTION_TEXT, "shards", "none", NULL, "shape of shards: none, a size, or shapes", 0, 0,
                TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_COMPRESSION] =
        OPTION (TENON_OPTION_CHOICE, "compression", "keep", "keep none zstd gzip zlib blosc lz4 bz2 lzma",
                "how chunks are encoded; keep: as in the file they come from, else zstd", 0, 0,
                TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_LEVEL] =
        OPTION (TENON_OPTION_INTEGER, "level", "-1", NULL, "level of the compression, -1: the filter's own",
                -1000, 1000, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_CNAME] = OPTION (TENON_OPTION_CHOICE, "cname", "lz4", "blosclz lz4 lz4hc snappy zlib zstd",
                                  "what blosc compresses with", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_SHUFFLE] = OPTION (TENON_OPTION_CHOICE, "shuffle", "auto", "auto none byte bit",
                                    "how blosc shuffles; auto: bytes, and bits of items of one byte", 0, 0,
                                    TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_CHECKSUM] =
        OPTION (TENON_OPTION_BOOL, "checksum", "no", NULL, "a CRC-32C behind each chunk (format 3)", 0, 0,
                TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_ORDER] = OPTION (TENON_OPTION_CHOICE, "order", "keep", "keep c fortran",
                                  "order of the items in a chunk", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_BYTEORDER] = OPTION (TENON_OPTION_CHOICE, "byteorder", "keep", "keep little big",
                                      "byte order of the items", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_KEYS] =
        OPTION (TENON_OPTION_CHOICE, "keys", "default", "default v2",
                "how the keys of chunks are made in format 3", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_SEPARATOR] =
        OPTION (TENON_OPTION_CHOICE, "separator", "auto", "auto / .",
                "what separates the numbers in the key of a chunk", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_FILL] =
        OPTION (TENON_OPTION_CHOICE, "fill", "keep", "keep zero nan null",
                "the fill value; nan: of floats; null: none (format 2)", 0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_SKIP_FILL] =
        OPTION (TENON_OPTION_BOOL, "skip_fill", "no", NULL, "leaves out chunks that have the fill value only",
                0, 0, TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_CONSOLIDATE] = OPTION (TENON_OPTION_CHOICE, "consolidate", "auto", "auto yes no",
                                        "whether the metadata of all arrays are repeated at the root", 0, 0,
                                        TENON_OPTION_FOR_WRITING),
    [ZARR_OPTION_ROOT] =
        OPTION (TENON_OPTION_CHOICE, "root", "group", "group array",
                "array: the only tensor is the root of the store", 0, 0, TENON_OPTION_FOR_WRITING),
};

/* What format 2 has, and format 3. Items of four and six bits do not stand by themselves. */
#define DTYPES_2                                                                                             \
    "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f16", "f32", "f64", "c64", "c128"
static const char *const dtypes_2[] = { DTYPES_2, NULL };
static const char *const dtypes_3[] = { DTYPES_2,      "bf16",        "f8_e4m3", "f8_e5m2",
                                        "f8_e4m3fnuz", "f8_e5m2fnuz", "f8_e8m0", NULL };

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    /* without consolidated metadata, which not every plan gets, the order is that of the names */
    .flags = TENON_CODEC_SORTS,
    .id = "zarr",
    .label = "Zarr, versions 2 and 3",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = ZARR_OPTIONS,
    .dtypes = dtypes_2,
    .opaque_family = "numpy",
    .metadata = TENON_METADATA_NESTED,
    .describe = zarr_describe,
    .write = zarr_write,
    .locate_chunk = zarr_locate_chunk,
    .root_keys = root_keys,
    .default_dtypes = dtypes_3,
    .dtypes_option = "format",
    .dtypes_words = "zarr.format=3 has it",
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
