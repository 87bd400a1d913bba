/* SPDX-License-Identifier: MIT */
/* npz.c - the codec: NumPy's .npz files, archives whose members are arrays. It knows no archive and no array:
 * other codecs read and write both. */
#include "npz.h"

/* Encoded members are opened by the batch, and described after that: the host decodes the beginnings of all
 * members that it knows at once, on all threads. */
#define PENDING 256u

struct pending {
    struct tenon_key keys[PENDING];
    uint32_t sources[PENDING], count;
};

/* Describes a member: as metadata, or by the codec that recognises it. */
static tenon_status
describe_member (struct npz_reader *reader, const struct tenon_key *key, uint32_t source)
{
    static const char metadata[] = NPZ_METADATA_NAME;
    int taken = 0;
    if (key->length == sizeof metadata - 1 && memcmp (key->key, metadata, sizeof metadata - 1) == 0)
        TENON_TRY (npz_take_metadata (reader, key, source, &taken));
    if (!taken)
        return npz_include_member (reader, key, source);
    reader->recognised++;
    return TENON_OK;
}

static tenon_status
include_pending (struct npz_reader *reader, struct pending *pending)
{
    for (uint32_t i = 0; i < pending->count; i++)
        TENON_TRY (describe_member (reader, &pending->keys[i], pending->sources[i]));
    pending->count = 0;
    return TENON_OK;
}

/* Opens a member, which becomes one more of those that wait. */
static tenon_status
open_member (struct npz_reader *reader, struct pending *pending, const struct tenon_key *key)
{
    struct tenon_call *call = reader->call;
    uint32_t source;
    tenon_status status = call->host->open_key (call, key->key, key->length, &source);
    if (status < 0)
        return npz_skip_member (reader, key, source, status, call->host->answer (call));
    pending->keys[pending->count] = *key;
    pending->sources[pending->count++] = source;
    return TENON_OK;
}

static tenon_status
describe_members (struct tenon_call *call)
{
    struct npz_reader reader = { .call = call };
    struct tenon_setting others = TENON_INIT (others);
    struct tenon_key key = TENON_INIT (key);
    struct pending *pending = call->host->scratch (call, sizeof *pending);
    tenon_status status;
    uint64_t count = 0;
    if (!pending)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->option (call, NPZ_OPTION_OTHERS, &others));
    reader.others = others.integer;
    for (; (status = call->host->next_key (call, NULL, 0, &key)) == TENON_OK; count++) {
        TENON_TRY (open_member (&reader, pending, &key));
        if (pending->count == PENDING || !(key.flags & TENON_KEY_ENCODED))
            TENON_TRY (include_pending (&reader, pending));
    }
    if (status != TENON_E_NOT_FOUND)
        return status;
    TENON_TRY (include_pending (&reader, pending));
    if (count > 0 && reader.recognised == 0)
        return tenon_fail (call, TENON_E_UNRECOGNISED, TENON_AUTO,
                           "no member of this zip is an array that a codec recognises");
    return TENON_OK;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "npz", NULL };
/* An array anywhere, or nothing at all. */
static const char *const root_keys[] = { "**.npy", "", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
static const struct tenon_option options[NPZ_OPTIONS] = {
    [NPZ_OPTION_COMPRESSION] = OPTION (TENON_OPTION_FILTER, "compression", "none", NULL,
                                       "how members are stored", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_LEVEL] =
        OPTION (TENON_OPTION_INTEGER, "level", "-1", NULL, "level of the compression, -1: the filter's own",
                -1000, 1000, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_MEMBER] =
        OPTION (TENON_OPTION_TEXT, "member", "npy", NULL,
                "codec that writes the members, and their extension", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_METADATA] =
        OPTION (TENON_OPTION_CHOICE, "metadata", "none", "none member",
                "where metadata go: nowhere, or into a member __tenon__.npy", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_OTHERS] = OPTION (TENON_OPTION_CHOICE, "others", "skip", "skip bytes",
                                  "members that no codec recognises: left out, or read as bytes (u8)", 0, 0,
                                  TENON_OPTION_FOR_READING),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS | TENON_CODEC_ARCHIVED,
    .id = "npz",
    .label = "NumPy archive of arrays (zip)",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = NPZ_OPTIONS,
    .metadata = TENON_METADATA_NESTED,
    .describe = describe_members,
    .write = npz_write,
    .member_option = "member",
    .root_keys = root_keys,
    .archive = "zip",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "npz",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "NumPy's .npz files: archives of arrays, stored or deflated, mapped without a copy",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
