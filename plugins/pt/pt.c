/* SPDX-License-Identifier: MIT */
/* pt.c - the plugin's tables: what torch.save writes. */
#include "pt.h"
#include "pt_write.h"

static const char *const extensions[] = { "pt", "pth", "ckpt", NULL };
static const char *const root_keys[] = { "*/data.pkl", NULL };

/* In the order of types.h. */
static const char *const dtypes[] = { "bool",        "u8",      "u16",  "u32",     "u64",     "i8",
                                      "i16",         "i32",     "i64",  "f16",     "bf16",    "f32",
                                      "f64",         "c64",     "c128", "f8_e4m3", "f8_e5m2", "f8_e4m3fnuz",
                                      "f8_e5m2fnuz", "f8_e8m0", "f4",   NULL };

#define OPTION(name, choices, help)                                                                          \
    {                                                                                                        \
        sizeof (struct tenon_option), TENON_OPTION_CHOICE, name, "keep", choices, help, 0, 0,                \
            TENON_OPTION_FOR_WRITING, 0                                                                      \
    }
static const struct tenon_option options[PT_WRITE_OPTIONS] = {
    [PT_OPTION_METADATA] = OPTION ("metadata", "keep dict member", "where metadata are written"),
    [PT_OPTION_NEST] = OPTION ("nest", "keep yes no", "which dots in names become dicts"),
};

static const struct tenon_codec archive_codec = {
    .struct_size = sizeof archive_codec,
    .flags = TENON_CODEC_ALIASES | TENON_CODEC_ARCHIVED,
    .id = "pt",
    .label = "PyTorch checkpoint",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = PT_WRITE_OPTIONS,
    .dtypes = dtypes,
    .metadata = TENON_METADATA_NESTED,
    .describe = pt_describe_archive,
    .write = pt_write,
    .read = pt_read_served,
    .root_keys = root_keys,
    .archive = "zip",
};

/* The older form: pickles, and storages behind them. */
static const struct tenon_codec legacy_codec = {
    .struct_size = sizeof legacy_codec,
    .flags = TENON_CODEC_ALIASES,
    .id = "pt-legacy",
    .label = "PyTorch checkpoint, older form",
    .extensions = extensions,
    .metadata = TENON_METADATA_TYPED,
    .describe = pt_describe_legacy,
    .read = pt_read_served,
    .probe = pt_probe_legacy,
};
static const struct tenon_codec *const codecs[] = { &archive_codec, &legacy_codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "pt",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "what torch.save writes, without running code",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
