/* SPDX-License-Identifier: MIT */
/* local.c - a member, checked by itself and against its local header. */
#include "zip.h"

/* A local header is read with one read if its name has a usual length, together with as many bytes behind the
 * name as the extra fields of common writers take. */
#define HEAD_BYTES 512u
#define EXTRA_AT_ONCE 64u

/* A failure of the archive. */
__attribute__ ((format (printf, 3, 4))) static tenon_status
refuse_member (struct zip_reader *reader, const struct zip_entry *entry, const char *format, ...)
{
    char shown[ZIP_SHOWN], text[300];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    return tenon_fail (reader->call, TENON_E_MALFORMED, entry->offset, "member '%s' %s",
                       zip_show (entry, shown), text);
}

/* A fault of one member. Returns TENON_OK: the archive goes on. */
__attribute__ ((format (printf, 3, 4))) static tenon_status
spoil_member (struct zip_reader *reader, tenon_status status, const char *format, ...)
{
    struct zip_fault *fault = &reader->fault;
    va_list list;
    if (fault->status < 0)
        return TENON_OK;
    fault->status = status;
    va_start (list, format);
    vsnprintf (fault->words, sizeof fault->words, format, list);
    va_end (list);
    return TENON_OK;
}

/* Checks the entry by itself. */
static tenon_status
check_entry (struct zip_reader *reader, const struct zip_entry *entry)
{
    uint64_t end = reader->directory.offset;
    if (entry->flags & ZIP_ENCRYPTED)
        spoil_member (reader, TENON_E_UNSUPPORTED, "it is encrypted");
    if (entry->flags & ZIP_PATCHED)
        spoil_member (reader, TENON_E_UNSUPPORTED, "it is compressed patched data");
    if (entry->method == ZIP_STORED && entry->stored != entry->size)
        spoil_member (reader, TENON_E_MALFORMED, "it is stored as it is, but in %llu bytes instead of %llu",
                      (unsigned long long) entry->stored, (unsigned long long) entry->size);
    if (entry->offset > end || end - entry->offset < ZIP_LOCAL_BYTES
        || entry->stored > end - entry->offset - ZIP_LOCAL_BYTES)
        return refuse_member (
            reader, entry,
            "has %llu bytes at offset %llu, which do not end before the central directory at %llu",
            (unsigned long long) entry->stored, (unsigned long long) entry->offset, (unsigned long long) end);
    return TENON_OK;
}

static void
spoil_sizes (struct zip_reader *reader, const struct zip_entry *entry, uint64_t stored, uint64_t size)
{
    spoil_member (
        reader, TENON_E_MALFORMED,
        "it has %llu bytes, stored in %llu, by its local header, %llu and %llu by the central directory",
        (unsigned long long) size, (unsigned long long) stored, (unsigned long long) entry->size,
        (unsigned long long) entry->stored);
}

/* Compares the sizes in the zip64 field of a local header. They may be 0 if they follow the data. */
static void
check_wide (struct zip_reader *reader, const struct zip_entry *entry, const uint8_t *local,
            const uint8_t *extra, uint32_t extra_length)
{
    uint32_t length;
    const uint8_t *wide = zip_find_extra (extra, extra_length, ZIP_EXTRA_ZIP64, &length);
    uint64_t stored = tenon_le32 (local + 18), size = tenon_le32 (local + 22);
    if (!wide)
        return;
    if (length >= 16 || (size == ZIP_MAX32 && length >= 8))
        size = tenon_le64 (wide);
    if (length >= 16)
        stored = tenon_le64 (wide + 8);
    else if (length >= 8 && size != ZIP_MAX32)
        stored = tenon_le64 (wide);
    if ((size || stored) && (size != entry->size || stored != entry->stored))
        spoil_sizes (reader, entry, stored, size);
}

/* Compares the fixed fields of the local header. */
static void
check_numbers (struct zip_reader *reader, const struct zip_entry *entry, const uint8_t *local)
{
    uint32_t flags = tenon_le16 (local + 6), method = tenon_le16 (local + 8), crc = tenon_le32 (local + 14);
    uint64_t stored = tenon_le32 (local + 18), size = tenon_le32 (local + 22);
    if ((flags ^ entry->flags) & ZIP_ENCRYPTED)
        spoil_member (reader, TENON_E_MALFORMED,
                      "it is %sencrypted by its local header, but not so by the central directory",
                      flags & ZIP_ENCRYPTED ? "" : "not ");
    if (((flags ^ entry->flags) & ZIP_UTF8) && !zip_is_ascii (entry->raw, entry->raw_length))
        spoil_member (reader, TENON_E_MALFORMED,
                      "it has a name in UTF-8 by one of its headers, not so by the other");
    if (method != entry->method)
        spoil_member (reader, TENON_E_MALFORMED,
                      "it is compressed by method %u by its local header, %u by the central directory",
                      method, entry->method);
    if ((flags | entry->flags) & ZIP_DESCRIBED)
        return;
    if (crc != entry->crc)
        spoil_member (reader, TENON_E_MALFORMED,
                      "it has the CRC %08x by its local header, %08x by the central directory", crc,
                      entry->crc);
    if (stored != ZIP_MAX32 && size != ZIP_MAX32 && (stored != entry->stored || size != entry->size))
        spoil_sizes (reader, entry, stored, size);
}

/* Compares the local header. `local` has `there` bytes: the header, its name and usually all of its extra
 * fields. */
static tenon_status
check_local (struct zip_reader *reader, const struct zip_entry *entry, const uint8_t *local, uint64_t there,
             uint64_t *lead)
{
    if (tenon_le32 (local) != ZIP_LOCAL)
        return refuse_member (reader, entry, "has no local header at offset %llu",
                              (unsigned long long) entry->offset);
    uint32_t name_length = tenon_le16 (local + 26), extra_length = tenon_le16 (local + 28);
    *lead = ZIP_LOCAL_BYTES + (uint64_t) name_length + extra_length;
    if (entry->stored > reader->directory.offset - entry->offset
        || *lead > reader->directory.offset - entry->offset - entry->stored)
        return refuse_member (reader, entry,
                              "has %llu bytes behind a local header of %llu at offset %llu, which do not end "
                              "before the central "
                              "directory at %llu",
                              (unsigned long long) entry->stored, (unsigned long long) *lead,
                              (unsigned long long) entry->offset,
                              (unsigned long long) reader->directory.offset);
    if (name_length != entry->raw_length
        || memcmp (local + ZIP_LOCAL_BYTES, entry->raw, entry->raw_length) != 0) {
        spoil_member (reader, TENON_E_MALFORMED, "it has another name in its local header");
        return TENON_OK;
    }
    check_numbers (reader, entry, local);
    if (((tenon_le16 (local + 6) | entry->flags) & ZIP_DESCRIBED)
        || (tenon_le32 (local + 18) != ZIP_MAX32 && tenon_le32 (local + 22) != ZIP_MAX32))
        return TENON_OK;
    const uint8_t *extra = local + ZIP_LOCAL_BYTES + name_length;
    if (*lead > there
        && !(extra = reader->call->host->view (reader->call, 0, entry->offset + *lead - extra_length,
                                               extra_length)))
        return TENON_E_TRUNCATED;
    check_wide (reader, entry, local, extra, extra_length);
    return TENON_OK;
}

tenon_status
zip_check_member (struct zip_reader *reader, const struct zip_entry *entry, uint64_t *lead)
{
    struct tenon_call *call = reader->call;
    uint8_t buffer[HEAD_BYTES];
    const uint8_t *local = buffer;
    reader->fault.status = TENON_OK;
    TENON_TRY (check_entry (reader, entry));
    uint64_t left = reader->directory.offset - entry->offset;
    uint64_t there = ZIP_LOCAL_BYTES + (uint64_t) entry->raw_length + EXTRA_AT_ONCE;
    if (there > left)
        there = left;
    if (there < ZIP_LOCAL_BYTES + (uint64_t) entry->raw_length)
        return refuse_member (reader, entry, "has no room for its name before the central directory");
    if (there <= sizeof buffer)
        TENON_TRY (call->host->read_at (call, 0, entry->offset, buffer, there));
    else if (!(local = call->host->view (call, 0, entry->offset, there)))
        return TENON_E_TRUNCATED;
    return check_local (reader, entry, local, there, lead);
}
