/* SPDX-License-Identifier: MIT */
/* npz.c - the codec: NumPy's .npz files, zips whose members are arrays. It knows zip only: other codecs read
 * and write the members. */
#include "npz.h"

/* The bytes of a directory that probe looks at. */
#define PROBE_BYTES 65536u

/* Deflated members are added by the batch, and described after that: the host decodes the beginnings of all
 * members that it knows at once, on all threads. */
#define PENDING 256u

struct pending {
    struct npz_entry entries[PENDING];
    uint32_t sources[PENDING], count;
};

static tenon_status
include_pending (struct npz_reader *reader, struct pending *pending)
{
    for (uint32_t i = 0; i < pending->count; i++)
        TENON_TRY (npz_include_member (reader, &pending->entries[i], pending->sources[i]));
    pending->count = 0;
    return TENON_OK;
}

static tenon_status
describe_members (struct npz_reader *reader, uint64_t *position)
{
    struct tenon_call *call = reader->call;
    struct pending *pending = call->host->scratch (call, sizeof *pending);
    if (!pending)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < reader->directory->count; i++) {
        struct npz_entry *entry = &pending->entries[pending->count];
        uint32_t *source = &pending->sources[pending->count];
        TENON_TRY (npz_read_entry (call, reader->directory, *position, entry));
        TENON_TRY (npz_add_member (reader, i, entry, source));
        *position += entry->entry_length;
        if (*source != NPZ_NO_SOURCE)
            pending->count++;
        if (pending->count == PENDING || entry->method == NPZ_STORED)
            TENON_TRY (include_pending (reader, pending));
    }
    return include_pending (reader, pending);
}

static tenon_status
describe_archive (struct tenon_call *call)
{
    struct npz_directory directory;
    struct npz_reader reader;
    struct tenon_setting verify = TENON_INIT (verify), others = TENON_INIT (others);
    uint64_t position = 0;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.directory = &directory;
    TENON_TRY (call->host->option (call, NPZ_OPTION_VERIFY, &verify));
    TENON_TRY (call->host->option (call, NPZ_OPTION_OTHERS, &others));
    reader.verify = verify.integer;
    reader.others = others.integer;
    TENON_TRY (npz_open_directory (call, &directory));
    TENON_TRY (npz_begin_names (call, directory.count, &reader.names));
    TENON_TRY (npz_find_replaced (&reader));
    call->host->expect (call, directory.count, 0);
    TENON_TRY (describe_members (&reader, &position));
    if (position != directory.size)
        return tenon_fail (call, TENON_E_MALFORMED, directory.offset + position,
                           "the central directory has %llu bytes behind its %llu members",
                           (unsigned long long) (directory.size - position),
                           (unsigned long long) directory.count);
    if (directory.count > reader.replaced && reader.recognised == 0)
        return tenon_fail (call, TENON_E_UNRECOGNISED, TENON_AUTO,
                           "no member of this zip is an array that a codec recognises");
    return TENON_OK;
}

/* ---- probe ---- */

/* True if a name ends in `end`, in capitals or not. */
static int
ends_in (const char *name, uint64_t length, const char *end)
{
    uint64_t size = strlen (end);
    if (length < size)
        return 0;
    for (uint64_t i = 0; i < size; i++) {
        char letter = name[length - size + i];
        if (letter >= 'A' && letter <= 'Z')
            letter = (char) (letter - 'A' + 'a');
        if (letter != end[i])
            return 0;
    }
    return 1;
}

/* True if an array is among the first entries of the directory. */
static int
has_array (struct tenon_call *call, const struct npz_directory *directory)
{
    uint64_t length = directory->size < PROBE_BYTES ? directory->size : PROBE_BYTES;
    const uint8_t *bytes = call->host->view (call, 0, directory->offset, length);
    for (uint64_t at = 0; bytes && length - at >= NPZ_CENTRAL_BYTES;) {
        uint64_t name = tenon_le16 (bytes + at + 28);
        uint64_t whole =
            NPZ_CENTRAL_BYTES + name + tenon_le16 (bytes + at + 30) + tenon_le16 (bytes + at + 32);
        if (tenon_le32 (bytes + at) != NPZ_CENTRAL || name > length - at - NPZ_CENTRAL_BYTES)
            return 0;
        if (ends_in ((const char *) bytes + at + NPZ_CENTRAL_BYTES, name, ".npy"))
            return 1;
        if (whole > length - at)
            return 0;
        at += whole;
    }
    return 0;
}

/* All zips begin alike. The names of the members decide. */
static int32_t
probe_archive (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct npz_directory directory;
    uint8_t head[4];
    if (call->host->source_info (call, 0, &info) < 0 || info.size < NPZ_END_BYTES
        || call->host->read_at (call, 0, 0, head, sizeof head) < 0)
        return 0;
    uint32_t signature = tenon_le32 (head);
    if (signature != NPZ_LOCAL && signature != NPZ_END && signature != NPZ_END64)
        return 0;
    if (npz_find_directory (call, info.size, &directory) < 0)
        return 0;
    if (directory.count == 0)
        return 60;
    if (has_array (call, &directory))
        return 90;
    return ends_in (info.name, info.name_length, ".npz") ? 60 : 0;
}

/* ---- the tables ---- */

static const char *const extensions[] = { "npz", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
static const struct tenon_option options[NPZ_OPTIONS] = {
    [NPZ_OPTION_COMPRESSION] = OPTION (TENON_OPTION_CHOICE, "compression", "none", "none deflate",
                                       "how members are stored", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_LEVEL] =
        OPTION (TENON_OPTION_INTEGER, "level", "-1", NULL, "level of the compression, -1: the filter's own",
                -1, 12, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_MEMBER] =
        OPTION (TENON_OPTION_TEXT, "member", "npy", NULL,
                "codec that writes the members, and their extension", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_VERIFY] =
        OPTION (TENON_OPTION_CHOICE, "verify", "read", "read map no",
                "when a member's CRC-32 is compared: when all of it is read, also when it is mapped, never",
                0, 0, TENON_OPTION_FOR_READING),
    [NPZ_OPTION_METADATA] =
        OPTION (TENON_OPTION_CHOICE, "metadata", "none", "none member",
                "where metadata go: nowhere, or into a member __tenon__.npy", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPZ_OPTION_OTHERS] = OPTION (TENON_OPTION_CHOICE, "others", "skip", "skip bytes",
                                  "members that no codec recognises: left out, or read as bytes (u8)", 0, 0,
                                  TENON_OPTION_FOR_READING),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS,
    .id = "npz",
    .label = "NumPy archive of arrays (zip)",
    .extensions = extensions,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = NPZ_OPTIONS,
    .metadata = TENON_METADATA_TYPED,
    .describe = describe_archive,
    .write = npz_write,
    .probe = probe_archive,
    .member_option = "member",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "npz",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "NumPy's .npz files: zip archives of arrays, stored or deflated, mapped without a copy",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
