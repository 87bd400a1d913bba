/* SPDX-License-Identifier: MIT */
/* pt.c - the plugin's tables: what torch.save writes. */
#include "pt.h"

static const char *const extensions[] = { "pt", "pth", "ckpt", NULL };
static const char *const root_keys[] = { "*/data.pkl", NULL };

static const struct tenon_codec archive_codec = {
    .struct_size = sizeof archive_codec,
    .flags = TENON_CODEC_ALIASES | TENON_CODEC_ARCHIVED,
    .id = "pt",
    .label = "PyTorch checkpoint",
    .extensions = extensions,
    .metadata = TENON_METADATA_TYPED,
    .describe = pt_describe_archive,
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
    .summary = "what torch.save writes, read without running code",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
