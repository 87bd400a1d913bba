/* SPDX-License-Identifier: MIT */
/* old.c - a plugin that is older than the last fields of the structs. See aged.h. */
#include "../old/plugin.h"

#define AGED_MAGIC "OLDFILE\n"
#define AGED_MEMBER_FILTER "oldxor"
#define LOW_FLAGS 0u
#define FUTURE(variable) ((void) 0)
#define PAST_IS_ZERO(variable) 1
#include "aged.h"

#define AGED_PACK "oldpack"
#define AGED_STORE "oldstore"
#define AGED_PACK_MAGIC "OLDPACK\n"
#define PEER_SIZE(given) ((given)->struct_size > sizeof *(given))
#define LATER_FIELDS
#include "aged_store.h"

static const struct tenon_magic magics[] = { { 0, 8, 0, AGED_MAGIC } };
static const char *const extensions[] = { "old", NULL };
static const struct tenon_option options[] = {
    { .struct_size = sizeof (struct tenon_option),
      .type = TENON_OPTION_CHOICE,
      .name = "member",
      .value = "toyraw",
      .choices = "toyraw other" },
};
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NEEDS_PATCH,
    .id = "old",
    .label = "from the past",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = AGED_OPTIONS,
    .describe = aged_describe,
    .write = aged_write,
};
static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .id = "oldxor",
    .label = "bytes xored with 0x5a",
    .bound = aged_bound,
    .open = aged_open,
    .close = aged_close,
    .encode = aged_encode,
    .decode = aged_decode,
};
static const struct tenon_swap_field swap[] = { { 0, 2, 1 } };
static const struct tenon_dtype dtype = {
    .struct_size = sizeof dtype,
    .kind = TENON_KIND_BLOCK,
    .name = "old4",
    .block_items = 4,
    .block_bytes = 3,
    .swap = swap,
    .swap_size = sizeof swap[0],
    .swap_count = 1,
};
static const struct tenon_codec *const codecs[] = { &codec, &aged_pack, &aged_store, NULL };
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_dtype *const dtypes[] = { &dtype, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "old",
    .version = "0.0.1",
    .license = "MIT",
    .summary = "a plugin from the past",
    .codecs = codecs,
    .filters = filters,
    .dtypes = dtypes,
};

TENON_PLUGIN (plugin)
