/* SPDX-License-Identifier: MIT */
/* zip.c - the codec of zip archives. What their members hold is a matter of other codecs. */
#include "zip.h"

/* ---- probe ---- */

/* A zip begins with its first member, and has a directory at its end. */
static int32_t
probe_archive (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct zip_directory directory;
    uint8_t head[4];
    if (call->host->source_info (call, 0, &info) < 0 || info.size < ZIP_END_BYTES
        || call->host->read_at (call, 0, 0, head, sizeof head) < 0)
        return 0;
    uint32_t signature = tenon_le32 (head);
    if (signature != ZIP_LOCAL && signature != ZIP_END && signature != ZIP_END64)
        return 0;
    return zip_find_directory (call, info.size, &directory) < 0 ? 0 : 90;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "zip", NULL };

static const struct tenon_option options[ZIP_OPTIONS] = {
    [ZIP_OPTION_VERIFY] = { .struct_size = sizeof (struct tenon_option),
                            .type = TENON_OPTION_CHOICE,
                            .name = "verify",
                            .value = "read",
                            .choices = "read map no",
                            .help = "when a member's CRC-32 is compared: when all of it is read, also when "
                                    "it is mapped, never",
                            .flags = TENON_OPTION_FOR_READING },
};

static const struct tenon_archive archive = {
    .struct_size = sizeof archive,
    .check = TENON_CHECK_CRC32,
    .filters = zip_filters,
    .locate = zip_locate,
    .begin = zip_begin,
    .drop = zip_drop,
    .begin_entry = zip_begin_entry,
    .end_entry = zip_end_entry,
    .finish = zip_finish,
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS,
    .id = "zip",
    .label = "zip archive",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = ZIP_OPTIONS,
    .describe = zip_list,
    .probe = probe_archive,
    .archive_functions = &archive,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "zip",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "zip archives: their members are the keys of other codecs' stores",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
