/* SPDX-License-Identifier: MIT */
/* broken.c - a plugin whose tables are wrong in the way that $BROKEN names. All tables are correct at
 * first; then it spoils one field. (A plugin must not keep variables, nor read the environment. The host must
 * refuse this one.) */
#include <stdlib.h>
#include <tenon/plugin.h>

static tenon_status
broken_describe (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "broken reads nothing");
}

static tenon_status
broken_begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    (void) entry;
    return broken_describe (call);
}

static tenon_status
broken_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
                  const struct tenon_member_result *result)
{
    (void) entry, (void) result;
    return broken_describe (call);
}

static int64_t
broken_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) state, (void) flags, (void) from, (void) size, (void) to, (void) room;
    return TENON_E_UNSUPPORTED;
}

static tenon_status
broken_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) state, (void) last, (void) from, (void) stored, (void) to, (void) size;
    return TENON_E_UNSUPPORTED;
}

static uint64_t
broken_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size;
}

static tenon_status
open_state (const struct tenon_coding *coding, void **state)
{
    (void) coding, (void) state;
    return TENON_E_MEMORY;
}

static void
close_state (void *state)
{
    (void) state;
}

static struct tenon_magic magic;
static const char *extensions[2];
static struct tenon_option options[2];
static struct tenon_codec codec, second;
static struct tenon_archive archive;
static const char *archive_filters[2000];
static struct tenon_filter filter;
static struct tenon_swap_field swap;
static struct tenon_dtype dtype;
static struct tenon_plugin plugin;
static const struct tenon_codec *codecs[3];
static const struct tenon_codec *endless[2000];
static const struct tenon_filter *filters[2];
static const struct tenon_dtype *dtypes[2];

static void
make_whole (void)
{
    magic = (struct tenon_magic){ 0, 6, 0, "BROKEN" };
    extensions[0] = "broken";
    for (unsigned i = 0; i < 2; i++)
        options[i] = (struct tenon_option){ .struct_size = sizeof options[i],
                                            .type = TENON_OPTION_INTEGER,
                                            .name = i ? "two" : "one",
                                            .value = "1",
                                            .help = "a number",
                                            .least = 0,
                                            .most = 9 };
    codec = (struct tenon_codec){ .struct_size = sizeof codec,
                                  .id = "broken",
                                  .extensions = extensions,
                                  .magics = &magic,
                                  .magic_size = sizeof magic,
                                  .magic_count = 1,
                                  .options = options,
                                  .option_size = sizeof options[0],
                                  .option_count = 2,
                                  .describe = broken_describe };
    archive_filters[0] = "example.org/squash";
    archive_filters[1] = NULL;
    archive = (struct tenon_archive){ .struct_size = sizeof archive,
                                      .check = TENON_CHECK_CRC32,
                                      .filters = archive_filters,
                                      .begin_entry = broken_begin_entry,
                                      .end_entry = broken_end_entry,
                                      .finish = broken_describe };
    second =
        (struct tenon_codec){ .struct_size = sizeof second, .id = "second", .describe = broken_describe };
    filter = (struct tenon_filter){ .struct_size = sizeof filter,
                                    .id = "brokenfilter",
                                    .bound = broken_bound,
                                    .open = open_state,
                                    .close = close_state,
                                    .encode = broken_encode,
                                    .decode = broken_decode };
    swap = (struct tenon_swap_field){ 0, 2, 1 };
    dtype = (struct tenon_dtype){ .struct_size = sizeof dtype,
                                  .kind = TENON_KIND_BLOCK,
                                  .name = "broken8",
                                  .block_items = 8,
                                  .block_bytes = 4,
                                  .swap = &swap,
                                  .swap_size = sizeof swap,
                                  .swap_count = 1 };
    codecs[0] = &codec;
    codecs[1] = &second;
    filters[0] = &filter;
    dtypes[0] = &dtype;
    plugin = (struct tenon_plugin){ .struct_size = sizeof plugin,
                                    .abi_minor = TENON_ABI_MINOR,
                                    .name = "broken",
                                    .version = "1.0",
                                    .codecs = codecs,
                                    .filters = filters,
                                    .dtypes = dtypes };
}

static const struct tenon_codec *const *
endless_list (void)
{
    for (unsigned i = 0; i < sizeof endless / sizeof endless[0]; i++)
        endless[i] = &codec;
    return endless;
}

/* Spoils one field if $BROKEN names it. */
#define WHEN(name) if (!strcmp (what, name))

static void
spoil_plugin (const char *what)
{
    WHEN ("plugin-size-0") plugin.struct_size = 0;
    WHEN ("plugin-size-3") plugin.struct_size = 3;
    WHEN ("plugin-size-small") plugin.struct_size = offsetof (struct tenon_plugin, codecs);
    WHEN ("plugin-minor") plugin.min_host_minor = 99;
    WHEN ("plugin-newer") plugin.abi_minor = 99;
    WHEN ("plugin-high-flag") plugin.flags = 0x40000000;
    WHEN ("plugin-low-flag") plugin.flags = 0x4000;
    WHEN ("plugin-name-null") plugin.name = NULL;
    WHEN ("plugin-name") plugin.name = "../broken";
    WHEN ("plugin-alias") plugin.name = "whole";
    WHEN ("plugin-no-texts") plugin.version = plugin.license = plugin.summary = NULL;
    WHEN ("plugin-empty") plugin.codecs = NULL, plugin.filters = NULL, plugin.dtypes = NULL;
    WHEN ("plugin-endless") plugin.codecs = endless_list ();
}

static void
spoil_codec (const char *what)
{
    WHEN ("codec-size-0") codec.struct_size = 0;
    WHEN ("codec-size-small") codec.struct_size = offsetof (struct tenon_codec, describe);
    WHEN ("codec-twice") second.id = "broken";
    WHEN ("codec-taken") codec.id = "leaves_null";
    WHEN ("codec-id-null") codec.id = NULL;
    WHEN ("codec-id-upper") codec.id = "Broken";
    WHEN ("codec-id-dot") codec.id = "bro.ken";
    WHEN ("codec-id-core") codec.id = "core";
    WHEN ("codec-id-limits") codec.id = "limits";
    WHEN ("codec-id-save") codec.id = "save";
    WHEN ("codec-useless") codec.describe = NULL;
    WHEN ("codec-high-flag") codec.flags = 0x00010000;
    WHEN ("codec-low-flag") codec.flags = 0x00008000;
    WHEN ("codec-metadata") codec.metadata = 9;
    WHEN ("codec-member-option") codec.member_option = "none";
    WHEN ("codec-dtypes-option") codec.default_dtypes = codec.extensions, codec.dtypes_option = "none";
    WHEN ("codec-dtypes-alone") codec.default_dtypes = codec.extensions;
    WHEN ("extension-dot") extensions[0] = ".broken";
    WHEN ("extension-upper") extensions[0] = "BROKEN";
    WHEN ("extension-slash") extensions[0] = "a/b";
    WHEN ("extension-empty") extensions[0] = "";
    WHEN ("magic-null") codec.magics = NULL;
    WHEN ("magic-bytes-null") magic.bytes = NULL;
    WHEN ("magic-length-0") magic.length = 0;
    WHEN ("magic-length") magic.length = 4000000000u;
    WHEN ("magic-size") codec.magic_size = 3;
}

static void
spoil_option (const char *what)
{
    WHEN ("option-null") codec.options = NULL;
    WHEN ("option-count") codec.option_count = UINT32_MAX;
    WHEN ("option-size") codec.option_size = 8;
    WHEN ("option-size-0") options[1].struct_size = 0;
    WHEN ("option-type") options[0].type = 99;
    WHEN ("option-name") options[0].name = "One";
    WHEN ("option-name-null") options[0].name = NULL;
    WHEN ("option-twice") options[1].name = "one";
    WHEN ("option-reserved") options[1].name = "priority";
    WHEN ("option-default") options[0].value = "11";
    WHEN ("option-default-null") options[0].value = NULL;
    WHEN ("option-range") options[0].least = 10;
    WHEN ("option-choices") options[0].type = TENON_OPTION_CHOICE;
    WHEN ("option-high-flag") options[0].flags = 0x80000000;
}

static void
spoil_archive (const char *what)
{
    if (strncmp (what, "archive", 7) == 0)
        codec.archive_functions = &archive;
    WHEN ("archive-size-0") archive.struct_size = 0;
    WHEN ("archive-size-small") archive.struct_size = offsetof (struct tenon_archive, finish);
    WHEN ("archive-size-least") archive.struct_size = offsetof (struct tenon_archive, drop);
    WHEN ("archive-high-flag") archive.flags = 0x00010000;
    WHEN ("archive-low-flag") archive.flags = 0x00008000;
    WHEN ("archive-check") archive.check = 4;
    WHEN ("archive-filter") archive_filters[0] = "A";
    for (unsigned i = 0; i < 2000; i++)
        WHEN ("archive-filters-endless") archive_filters[i] = "deflate";
    WHEN ("archive-write-only") codec.describe = NULL;
    WHEN ("archive-no-begin") archive.begin_entry = NULL;
    WHEN ("archive-no-end") archive.end_entry = NULL;
    WHEN ("archive-no-finish") archive.finish = NULL;
    WHEN ("archive-reads") archive.begin_entry = NULL, archive.end_entry = NULL, archive.finish = NULL;
    WHEN ("archive-keyed") codec.root_keys = (const char **) extensions;
    WHEN ("keyed-not") codec.archive = "zip";
    WHEN ("keyed-archived") codec.flags = TENON_CODEC_ARCHIVED;
    WHEN ("keyed-archive-id") codec.root_keys = (const char **) extensions, codec.archive = "a/b";
}

static void
spoil_rest (const char *what)
{
    WHEN ("filter-size-0") filter.struct_size = 0;
    WHEN ("filter-id") filter.id = "a b";
    WHEN ("filter-domain") filter.id = "example.org/squash";
    WHEN ("filter-taken") filter.id = "deflate";
    WHEN ("filter-open") filter.open = NULL;
    WHEN ("filter-bound") filter.bound = NULL;
    WHEN ("filter-one-way") filter.decode = NULL;
    WHEN ("filter-levels") filter.default_level = 7;
    WHEN ("filter-high-flag") filter.flags = 0x00100000;
    WHEN ("dtype-size-0") dtype.struct_size = 0;
    WHEN ("dtype-name") dtype.name = "F 8";
    WHEN ("dtype-taken") dtype.name = "f32";
    WHEN ("dtype-plain") dtype.kind = TENON_KIND_PLAIN;
    WHEN ("dtype-items-0") dtype.block_items = 0;
    WHEN ("dtype-bytes") dtype.block_bytes = 1ull << 40;
    WHEN ("dtype-alignment") dtype.alignment = 3;
    WHEN ("dtype-high-flag") dtype.flags = 0x00010000;
    WHEN ("swap-null") dtype.swap = NULL;
    WHEN ("swap-size") dtype.swap_size = 4;
    WHEN ("swap-width") swap.size = 3;
    WHEN ("swap-outside") swap.offset = 3;
    WHEN ("swap-far") swap.offset = UINT32_MAX, swap.count = UINT32_MAX;
}

/* plugin.h declares it; this file defines it instead of TENON_PLUGIN. */
const struct tenon_plugin *
TENON_PLUGIN_SYMBOL (const struct tenon_host *host)
{
    const char *what = getenv ("BROKEN");
    (void) host;
    if (!what || !strcmp (what, "unwilling"))
        return NULL;
    make_whole ();
    spoil_plugin (what);
    spoil_codec (what);
    spoil_option (what);
    spoil_archive (what);
    spoil_rest (what);
    return &plugin;
}
