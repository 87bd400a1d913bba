/* SPDX-License-Identifier: MIT */
/* member.c - a member: another codec describes it, or a message says why none can. */
#include "npz.h"

/* ---- members ---- */

/* "NAME/", in reader->prefix. */
static tenon_status
make_prefix (struct npz_reader *reader, const struct npz_entry *entry)
{
    uint64_t room = (uint64_t) entry->name_length + 2;
    if (room > reader->prefix_room) {
        reader->prefix_room = room < 256 ? 256 : 2 * room;
        if (!(reader->prefix = reader->call->host->scratch (reader->call, reader->prefix_room)))
            return TENON_E_MEMORY;
    }
    memcpy (reader->prefix, entry->name, entry->name_length);
    memcpy (reader->prefix + entry->name_length, "/", 2);
    return TENON_OK;
}

/* A member that is no array: its bytes are a tensor if the user wants them, else a save would lose it. */
static tenon_status
take_other (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source)
{
    struct tenon_call *call = reader->call;
    char shown[NPZ_SHOWN];
    if (reader->others != NPZ_OTHERS_BYTES) {
        tenon_note (
            call, TENON_LOSS, npz_show (entry, shown),
            "no codec recognises this member of %llu byte%s: it is no tensor, unless npz.others=bytes",
            (unsigned long long) entry->size, entry->size == 1 ? "" : "s");
        return TENON_OK;
    }
    struct tenon_tensor tensor = TENON_INIT (tensor);
    tensor.dtype = TENON_U8;
    tensor.name = entry->name;
    tensor.name_length = entry->name_length;
    tensor.shape = &entry->size;
    tensor.rank = 1;
    tensor.source = source;
    tensor.length = entry->size;
    tensor.place = entry->place;
    reader->recognised++;
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
include_source (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source)
{
    struct tenon_call *call = reader->call;
    struct tenon_include how = { .struct_size = sizeof how,
                                 .flags =
                                     TENON_INCLUDE_PREFIX | TENON_INCLUDE_UNREADABLE | TENON_INCLUDE_OTHERS };
    TENON_TRY (make_prefix (reader, entry));
    how.metadata_prefix = reader->prefix;
    tenon_status status = call->host->include (call, source, &how);
    if (status == TENON_E_UNRECOGNISED)
        return take_other (reader, entry, source);
    reader->recognised++;
    return status;
}

tenon_status
npz_include_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source)
{
    int taken = 0;
    if (npz_is_metadata (entry))
        TENON_TRY (npz_take_metadata (reader, entry, source, &taken));
    if (!taken)
        return include_source (reader, entry, source);
    reader->recognised++;
    return TENON_OK;
}

/* ---- sources of members ---- */

/* The filter for a method; NULL: none is known, or it is stored. */
static const char *
filter_of (uint32_t method)
{
    return method == NPZ_DEFLATED ? "deflate"
           : method == NPZ_BZIP2  ? "bzip2"
           : method == NPZ_LZMA   ? "lzma"
           : method == NPZ_ZSTD   ? "zstd"
           : method == NPZ_XZ     ? "xz"
                                  : NULL;
}

/* The name of a method for a message. */
static const char *
method_words (uint32_t method)
{
    return method == 1                          ? " (shrink)"
           : method >= 2 && method <= 5         ? " (reduce)"
           : method == 6                        ? " (implode)"
           : method == 9                        ? " (deflate64)"
           : method == NPZ_BZIP2                ? " (bzip2)"
           : method == NPZ_LZMA                 ? " (lzma)"
           : method == 20 || method == NPZ_ZSTD ? " (zstd)"
           : method == NPZ_XZ                   ? " (xz)"
           : method == 98                       ? " (ppmd)"
                                                : "";
}

/* Makes a source of the member as it is stored, whatever that means: its name and place are known. */
static tenon_status
skip_part (struct npz_reader *reader, const struct npz_entry *entry, struct tenon_part *part)
{
    uint32_t source = 0;
    part->step_count = 0;
    part->size = part->stored;
    part->check = TENON_CHECK_NONE;
    part->flags = 0;
    part->block_size = 0;
    TENON_TRY (reader->call->host->add_part (reader->call, part, &source));
    return npz_skip_member (reader, entry, source);
}

static tenon_status
add_source (struct npz_reader *reader, const struct npz_entry *entry, struct tenon_part *part,
            uint32_t *source)
{
    struct tenon_call *call = reader->call;
    struct tenon_step step = { .struct_size = sizeof step, .level = -1, .filter = filter_of (entry->method) };
    part->steps = &step;
    part->step_size = sizeof step;
    part->step_count = step.filter != NULL;
    if (reader->fault.status < 0)
        return skip_part (reader, entry, part);
    if (entry->extra_length > 0 && entry->method != NPZ_STORED)
        TENON_TRY (npz_take_blocks (call, entry, part));
    tenon_status status = step.filter || entry->method == NPZ_STORED
                              ? call->host->add_part (call, part, source)
                              : (tenon_status) TENON_E_UNSUPPORTED;
    /* a filter that is not in use is no failure */
    if (status != TENON_E_UNSUPPORTED)
        return status;
    *source = NPZ_NO_SOURCE;
    reader->fault.status = status;
    snprintf (reader->fault.words, sizeof reader->fault.words, "it is compressed by method %u%s, %s%s",
              entry->method, method_words (entry->method),
              step.filter ? "for which no filter is in use: " : "which is not known",
              step.filter ? step.filter : "");
    return skip_part (reader, entry, part);
}

/* ---- members that occur twice ---- */

tenon_status
npz_find_replaced (struct npz_reader *reader)
{
    const struct npz_directory *directory = reader->directory;
    uint32_t tag;
    for (uint64_t i = 0, at = 0; i < directory->count; i++) {
        const uint8_t *bytes = directory->bytes + at;
        if (directory->size - at < NPZ_CENTRAL_BYTES)
            return TENON_OK; /* which reading the entry will tell */
        uint32_t length = tenon_le16 (bytes + 28);
        uint64_t whole =
            NPZ_CENTRAL_BYTES + (uint64_t) length + tenon_le16 (bytes + 30) + tenon_le16 (bytes + 32);
        if (whole > directory->size - at)
            return TENON_OK;
        const char *name = (const char *) bytes + NPZ_CENTRAL_BYTES;
        if (!npz_add_name (&reader->names, name, length)) {
            npz_name_in (&reader->names, npz_find_name (&reader->names, name, length, &tag))->last =
                (uint32_t) i;
            reader->replaced++;
        }
        at += whole;
    }
    return TENON_OK;
}

/* True if a later member has the name of member number `index`, and counts in its place, as for NumPy. */
static int
is_replaced (struct npz_reader *reader, uint64_t index, const struct npz_entry *entry)
{
    uint32_t tag, last;
    char shown[NPZ_SHOWN];
    if (!reader->replaced)
        return 0;
    last = npz_name_in (&reader->names,
                        npz_find_name (&reader->names, (const char *) entry->raw, entry->raw_length, &tag))
               ->last;
    if (last <= index)
        return 0;
    npz_show (entry, shown);
    tenon_note (reader->call, TENON_NOTE | TENON_FLAW, shown,
                "a later member has this name, too: the last one counts");
    if (entry->size > 0)
        tenon_note (reader->call, TENON_LOSS, shown,
                    "the %llu bytes of an earlier member of this name are not read",
                    (unsigned long long) entry->size);
    return 1;
}

tenon_status
npz_add_member (struct npz_reader *reader, uint64_t index, const struct npz_entry *entry, uint32_t *source)
{
    struct tenon_part part = TENON_INIT (part);
    *source = NPZ_NO_SOURCE;
    if (entry->name_length > 0 && entry->name[entry->name_length - 1] == '/' && entry->size == 0)
        return TENON_OK; /* a folder */
    if (is_replaced (reader, index, entry))
        return TENON_OK;
    TENON_TRY (npz_check_member (reader, entry, &part.lead));
    part.offset = entry->offset + part.lead;
    part.stored = entry->stored;
    part.size = entry->size;
    part.check = reader->verify == NPZ_VERIFY_NO ? TENON_CHECK_NONE : TENON_CHECK_CRC32;
    part.flags = reader->verify == NPZ_VERIFY_MAP ? TENON_PART_CHECK_MAPPED : 0;
    part.check_value = entry->crc;
    part.name = entry->name;
    part.name_length = entry->name_length;
    return add_source (reader, entry, &part, source);
}
