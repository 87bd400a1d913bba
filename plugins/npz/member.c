/* SPDX-License-Identifier: MIT */
/* member.c - a member: its entry is checked against its local header, and another codec describes it. */
#include "npz.h"

/* A local header is read with one read if its name has a usual length, together with as many bytes behind the
 * name as the extra fields of common writers take. */
#define HEAD_BYTES 512u
#define EXTRA_AT_ONCE 64u

#define MALFORMED(reader, entry, ...) refuse_member (reader, entry, TENON_E_MALFORMED, __VA_ARGS__)

__attribute__ ((format (printf, 4, 5))) static tenon_status
refuse_member (struct npz_reader *reader, const struct npz_entry *entry, tenon_status status,
               const char *format, ...)
{
    char shown[NPZ_SHOWN], text[300];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    return tenon_fail (reader->call, status, entry->offset, "member '%s' %s", npz_show (entry, shown), text);
}

/* ---- the local header ---- */

/* Checks the entry by itself. */
static tenon_status
check_entry (struct npz_reader *reader, const struct npz_entry *entry)
{
    uint64_t end = reader->directory->offset;
    if (entry->flags & NPZ_ENCRYPTED)
        return refuse_member (reader, entry, TENON_E_UNSUPPORTED, "is encrypted");
    if (entry->flags & NPZ_PATCHED)
        return refuse_member (reader, entry, TENON_E_UNSUPPORTED, "is compressed patched data");
    if (entry->method != NPZ_STORED && entry->method != NPZ_DEFLATED && entry->method != NPZ_ZSTD)
        return refuse_member (reader, entry, TENON_E_UNSUPPORTED,
                              "is compressed by method %u; stored (0), deflated (8) and zstd (93) are known",
                              entry->method);
    if (entry->method == NPZ_STORED && entry->stored != entry->size)
        return MALFORMED (reader, entry, "is stored as it is, but in %llu bytes instead of %llu",
                          (unsigned long long) entry->stored, (unsigned long long) entry->size);
    if (entry->offset > end || end - entry->offset < NPZ_LOCAL_BYTES
        || entry->stored > end - entry->offset - NPZ_LOCAL_BYTES)
        return MALFORMED (reader, entry,
                          "has %llu bytes at offset %llu, which do not end before the central directory at "
                          "%llu",
                          (unsigned long long) entry->stored, (unsigned long long) entry->offset,
                          (unsigned long long) end);
    return TENON_OK;
}

/* Compares the sizes in the zip64 field of a local header. They may be 0 if they follow the data. */
static tenon_status
check_wide (struct npz_reader *reader, const struct npz_entry *entry, const uint8_t *local,
            const uint8_t *extra, uint32_t extra_length)
{
    uint32_t length;
    const uint8_t *wide = npz_find_extra (extra, extra_length, NPZ_EXTRA_ZIP64, &length);
    uint64_t stored = tenon_le32 (local + 18), size = tenon_le32 (local + 22);
    if (!wide)
        return TENON_OK;
    if (length >= 16 || (size == NPZ_MAX32 && length >= 8))
        size = tenon_le64 (wide);
    if (length >= 16)
        stored = tenon_le64 (wide + 8);
    else if (length >= 8 && size != NPZ_MAX32)
        stored = tenon_le64 (wide);
    if ((size || stored) && (size != entry->size || stored != entry->stored))
        return MALFORMED (reader, entry,
                          "has %llu bytes, stored in %llu, by its local header, %llu and %llu by the central "
                          "directory",
                          (unsigned long long) size, (unsigned long long) stored,
                          (unsigned long long) entry->size, (unsigned long long) entry->stored);
    return TENON_OK;
}

/* Compares the fixed fields of the local header. */
static tenon_status
check_numbers (struct npz_reader *reader, const struct npz_entry *entry, const uint8_t *local)
{
    uint32_t flags = tenon_le16 (local + 6), method = tenon_le16 (local + 8), crc = tenon_le32 (local + 14);
    uint64_t stored = tenon_le32 (local + 18), size = tenon_le32 (local + 22);
    if ((flags ^ entry->flags) & NPZ_ENCRYPTED)
        return MALFORMED (reader, entry,
                          "is %sencrypted by its local header, but not so by the central directory",
                          flags & NPZ_ENCRYPTED ? "" : "not ");
    if (((flags ^ entry->flags) & NPZ_UTF8) && !npz_is_ascii (entry->raw, entry->raw_length))
        return MALFORMED (reader, entry, "has a name in UTF-8 by one of its headers, not so by the other");
    if (method != entry->method)
        return MALFORMED (reader, entry,
                          "is compressed by method %u by its local header, %u by the central directory",
                          method, entry->method);
    if ((flags | entry->flags) & NPZ_DESCRIBED)
        return TENON_OK;
    if (crc != entry->crc)
        return MALFORMED (reader, entry,
                          "has the CRC %08x by its local header, %08x by the central directory", crc,
                          entry->crc);
    if (stored != NPZ_MAX32 && size != NPZ_MAX32 && (stored != entry->stored || size != entry->size))
        return MALFORMED (reader, entry,
                          "has %llu bytes, stored in %llu, by its local header, %llu and %llu by the central "
                          "directory",
                          (unsigned long long) size, (unsigned long long) stored,
                          (unsigned long long) entry->size, (unsigned long long) entry->stored);
    return TENON_OK;
}

/* Compares the local header. `local` has `there` bytes: the header, its name and usually all of its extra
 * fields. *lead: the bytes of all of them. */
static tenon_status
check_local (struct npz_reader *reader, const struct npz_entry *entry, const uint8_t *local, uint64_t there,
             uint64_t *lead)
{
    if (tenon_le32 (local) != NPZ_LOCAL)
        return MALFORMED (reader, entry, "has no local header at offset %llu",
                          (unsigned long long) entry->offset);
    uint32_t name_length = tenon_le16 (local + 26), extra_length = tenon_le16 (local + 28);
    if (name_length != entry->raw_length
        || memcmp (local + NPZ_LOCAL_BYTES, entry->raw, entry->raw_length) != 0)
        return MALFORMED (reader, entry, "has another name in its local header");
    *lead = NPZ_LOCAL_BYTES + (uint64_t) name_length + extra_length;
    if (entry->stored > reader->directory->offset - entry->offset
        || *lead > reader->directory->offset - entry->offset - entry->stored)
        return MALFORMED (reader, entry,
                          "has %llu bytes behind a local header of %llu at offset %llu, which do not end "
                          "before the central directory at %llu",
                          (unsigned long long) entry->stored, (unsigned long long) *lead,
                          (unsigned long long) entry->offset, (unsigned long long) reader->directory->offset);
    TENON_TRY (check_numbers (reader, entry, local));
    if (((tenon_le16 (local + 6) | entry->flags) & NPZ_DESCRIBED)
        || (tenon_le32 (local + 18) != NPZ_MAX32 && tenon_le32 (local + 22) != NPZ_MAX32))
        return TENON_OK;
    const uint8_t *extra = local + NPZ_LOCAL_BYTES + name_length;
    if (*lead > there
        && !(extra = reader->call->host->view (reader->call, 0, entry->offset + *lead - extra_length,
                                               extra_length)))
        return TENON_E_TRUNCATED;
    return check_wide (reader, entry, local, extra, extra_length);
}

/* Reads and checks the local header. *lead: the bytes from its first to that of the data. */
static tenon_status
read_local (struct npz_reader *reader, const struct npz_entry *entry, uint64_t *lead)
{
    struct tenon_call *call = reader->call;
    uint8_t buffer[HEAD_BYTES];
    const uint8_t *local = buffer;
    uint64_t left = reader->directory->offset - entry->offset;
    uint64_t there = NPZ_LOCAL_BYTES + (uint64_t) entry->raw_length + EXTRA_AT_ONCE;
    if (there > left)
        there = left;
    if (there < NPZ_LOCAL_BYTES + (uint64_t) entry->raw_length)
        return MALFORMED (reader, entry, "has no room for its name before the central directory");
    if (there <= sizeof buffer)
        TENON_TRY (call->host->read_at (call, 0, entry->offset, buffer, there));
    else if (!(local = call->host->view (call, 0, entry->offset, there)))
        return TENON_E_TRUNCATED;
    return check_local (reader, entry, local, there, lead);
}

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

static tenon_status
include_source (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source)
{
    struct tenon_call *call = reader->call;
    struct tenon_include how = { .struct_size = sizeof how, .flags = TENON_INCLUDE_PREFIX };
    char shown[NPZ_SHOWN];
    TENON_TRY (make_prefix (reader, entry));
    how.metadata_prefix = reader->prefix;
    tenon_status status = call->host->include (call, source, &how);
    if (status == TENON_E_UNRECOGNISED) {
        tenon_note (call, TENON_NOTE, npz_show (entry, shown),
                    "no codec recognises this member: it is skipped");
        return TENON_OK;
    }
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

tenon_status
npz_add_member (struct npz_reader *reader, const struct npz_entry *entry, uint32_t *source)
{
    struct tenon_call *call = reader->call;
    struct tenon_part part = TENON_INIT (part);
    *source = NPZ_NO_SOURCE;
    if (!npz_add_name (&reader->names, (const char *) entry->raw, entry->raw_length))
        return MALFORMED (reader, entry, "has a name that another member has, too");
    if (entry->name_length > 0 && entry->name[entry->name_length - 1] == '/' && entry->size == 0)
        return TENON_OK; /* a folder */
    TENON_TRY (check_entry (reader, entry));
    TENON_TRY (read_local (reader, entry, &part.lead));
    part.offset = entry->offset + part.lead;
    part.stored = entry->stored;
    part.size = entry->size;
    part.filter = entry->method == NPZ_DEFLATED ? "deflate" : entry->method == NPZ_ZSTD ? "zstd" : NULL;
    part.check = reader->verify == NPZ_VERIFY_NO ? TENON_CHECK_NONE : TENON_CHECK_CRC32;
    part.flags = reader->verify == NPZ_VERIFY_MAP ? TENON_PART_CHECK_MAPPED : 0;
    part.check_value = entry->crc;
    part.name = entry->name;
    part.name_length = entry->name_length;
    if (entry->extra_length > 0 && entry->method != NPZ_STORED)
        TENON_TRY (npz_take_blocks (call, entry, &part));
    return call->host->add_part (call, &part, source);
}
