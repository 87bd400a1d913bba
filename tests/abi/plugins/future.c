/* SPDX-License-Identifier: MIT */
/* future.c - a plugin for a newer host: longer structs whose last fields this host does not know, flags
 * that hosts may ignore, a newer minor version, and a service that this host lacks. See aged.h. */
#include "../future/plugin.h"

#define AGED_MAGIC "FUTURE!\n"
#define AGED_MEMBER_FILTER "futurexor"
#define LOW_FLAGS 0x8000u
/* Fields that this host does not know are not zero before it fills a struct, and must be zero after it. */
#define FUTURE(variable) ((variable).future[0] = (variable).future[1] = 0xf0f0f0f0f0f0f0f0u)
#define PAST_IS_ZERO(variable) ((variable).future[0] == 0 && (variable).future[1] == 0)
#include "aged.h"

#define LATER                                                                                                \
    {                                                                                                        \
        0xf0f0f0f0f0f0f0f0u, 0xf0f0f0f0f0f0f0f0u                                                             \
    }

#define AGED_PACK "futurepack"
#define AGED_STORE "futurestore"
#define AGED_PACK_MAGIC "FUTPACK\n"
#define PEER_SIZE(given) ((given)->struct_size < sizeof *(given))
#define LATER_FIELDS .future = LATER
#include "aged_store.h"

static tenon_status
future_describe (struct tenon_call *call)
{
    if (TENON_HAS (call, future_service))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "this host has a service that does not exist yet");
    if (!TENON_HAS (call, put_member) || call->host->get_extension (call->host, "example.org/none/1"))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "this host does not know itself");
    return aged_describe (call);
}

static const struct tenon_magic magics[] = { { 0, 4, 1, "ever", LATER }, { 0, 8, 0, AGED_MAGIC, LATER } };
static const char *const extensions[] = { "future", NULL };
static const struct tenon_option options[] = {
    { .struct_size = sizeof (struct tenon_option),
      .type = TENON_OPTION_CHOICE,
      .name = "member",
      .value = "toyraw",
      .choices = "toyraw other",
      .help = "which codec writes the member",
      .flags = 0x4000,
      .future = LATER },
    { .struct_size = sizeof (struct tenon_option),
      .type = TENON_OPTION_INTEGER,
      .name = "second",
      .value = "7",
      .least = 1,
      .most = 9,
      .future = LATER },
};
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NEEDS_PATCH | 0x8000,
    .id = "future",
    .label = "from the future",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 2,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = 2,
    .describe = future_describe,
    .write = aged_write,
    .future = LATER,
};
static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .flags = 0x8000,
    .id = "futurexor",
    .label = "bytes xored with 0x5a",
    .bound = aged_bound,
    .open = aged_open,
    .close = aged_close,
    .encode = aged_encode,
    .decode = aged_decode,
    .future = LATER,
};
static const struct tenon_swap_field swap[] = { { 0, 2, 1, LATER }, { 2, 4, 1, LATER } };
static const struct tenon_dtype dtype = {
    .struct_size = sizeof dtype,
    .kind = TENON_KIND_BLOCK,
    .name = "future4",
    .block_items = 4,
    .block_bytes = 6,
    .swap = swap,
    .swap_size = sizeof swap[0],
    .swap_count = 2,
    .flags = 0x8000,
    .future = LATER,
};
static const struct tenon_codec *const codecs[] = { &codec, &aged_pack, &aged_store, NULL };
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_dtype *const dtypes[] = { &dtype, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .flags = 0x8000,
    .name = "future",
    .version = "99.0",
    .license = "MIT",
    .summary = "a plugin from the future",
    .codecs = codecs,
    .filters = filters,
    .dtypes = dtypes,
    .future = LATER,
};

TENON_PLUGIN (plugin)
