/* SPDX-License-Identifier: MIT */
/* store.c - a container with a member, a filter, an archive and a keyed codec: see aged.h and aged_store.h,
 * which lie here as they were when the interface was frozen. */
#include <tenon/plugin.h>

#define AGED_MAGIC "BINSTOR\n"
#define AGED_MEMBER_FILTER "bin-xor"
#define LOW_FLAGS 0u
#define FUTURE(variable) ((void) 0)
#define PAST_IS_ZERO(variable) 1
#include "aged.h"

#define AGED_PACK "bin-pack"
#define AGED_STORE "bin-store"
#define AGED_PACK_MAGIC "BINPACK\n"
#define PEER_SIZE(given) ((given)->struct_size >= sizeof *(given))
#define LATER_FIELDS
#include "aged_store.h"

static const struct tenon_magic magics[] = { { 0, 8, 0, AGED_MAGIC } };
static const char *const extensions[] = { "binbox", NULL };
static const struct tenon_option options[] = { { .struct_size = sizeof (struct tenon_option),
                                                 .type = TENON_OPTION_CHOICE,
                                                 .name = "member",
                                                 .value = "toyraw",
                                                 .choices = "toyraw other" } };
static const struct tenon_codec codec = { .struct_size = sizeof codec,
                                          .flags = TENON_CODEC_NEEDS_PATCH,
                                          .id = "bin-box",
                                          .label = "a box",
                                          .extensions = extensions,
                                          .magics = magics,
                                          .magic_size = sizeof magics[0],
                                          .magic_count = 1,
                                          .options = options,
                                          .option_size = sizeof options[0],
                                          .option_count = AGED_OPTIONS,
                                          .describe = aged_describe,
                                          .write = aged_write };
static const struct tenon_filter filter = { .struct_size = sizeof filter,
                                            .id = AGED_MEMBER_FILTER,
                                            .label = "bytes xored with 0x5a",
                                            .bound = aged_bound,
                                            .open = aged_open,
                                            .close = aged_close,
                                            .encode = aged_encode,
                                            .decode = aged_decode };
static const struct tenon_codec *const codecs[] = { &codec, &aged_pack, &aged_store, NULL };
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_plugin plugin = { .struct_size = sizeof plugin,
                                            .abi_minor = TENON_ABI_MINOR,
                                            .name = "store",
                                            .version = "1",
                                            .license = "MIT",
                                            .summary = "a test of the frozen interface",
                                            .codecs = codecs,
                                            .filters = filters };
TENON_PLUGIN (plugin)
