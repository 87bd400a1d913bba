/* SPDX-License-Identifier: MIT */
/* directory.c - the end of an archive, its central directory, and the entries there. */
#include "zip.h"

/* Reading an entry, beside its bytes. */
#define ENTRY_WORK 64u
/* The end record and the longest comment. */
#define TAIL_BYTES (ZIP_END_BYTES + 65535u)

/* ---- the zip64 end record ---- */

/* The fields of an end record, in either form. */
struct end {
    uint64_t disk, directory_disk, here, count, size, offset;
};

static struct end
parse_end (const uint8_t *bytes)
{
    return (struct end){ tenon_le16 (bytes + 4),  tenon_le16 (bytes + 6),  tenon_le16 (bytes + 8),
                         tenon_le16 (bytes + 10), tenon_le32 (bytes + 12), tenon_le32 (bytes + 16) };
}

static struct end
parse_end64 (const uint8_t *bytes)
{
    return (struct end){ tenon_le32 (bytes + 16), tenon_le32 (bytes + 20), tenon_le64 (bytes + 24),
                         tenon_le64 (bytes + 32), tenon_le64 (bytes + 40), tenon_le64 (bytes + 48) };
}

/* True if a field of the end record agrees with that of the zip64 record, or refers to it. */
static int
narrow_agrees (uint64_t narrow, uint64_t wide, uint64_t sentinel)
{
    return narrow == wide || narrow == sentinel;
}

/* Follows the locator at `at`: *end becomes that of the zip64 record. */
static tenon_status
follow_locator (struct tenon_call *call, uint64_t at, const uint8_t *locator, struct end *end,
                uint64_t *records)
{
    uint8_t record[ZIP_END64_BYTES];
    uint64_t place = tenon_le64 (locator + 8);
    const struct end narrow = *end;
    if (tenon_le32 (locator + 4) > 0 || tenon_le32 (locator + 16) > 1)
        return tenon_fail (call, TENON_E_UNSUPPORTED, at,
                           "the zip64 locator says that the archive is spread over several disks");
    if (place > at || at - place < ZIP_END64_BYTES)
        return tenon_fail (call, TENON_E_MALFORMED, at,
                           "the zip64 locator points to byte %llu, which leaves no room for an end record",
                           (unsigned long long) place);
    TENON_TRY (call->host->read_at (call, 0, place, record, sizeof record));
    if (tenon_le32 (record) != ZIP_END64)
        return tenon_fail (call, TENON_E_MALFORMED, at,
                           "the zip64 locator points to byte %llu, where no zip64 end record is",
                           (unsigned long long) place);
    if (tenon_le64 (record + 4) < ZIP_END64_BYTES - 12 || tenon_le64 (record + 4) > at - place - 12)
        return tenon_fail (call, TENON_E_MALFORMED, place, "the zip64 end record says that it has %llu bytes",
                           (unsigned long long) tenon_le64 (record + 4));
    *end = parse_end64 (record);
    *records = ZIP_END64_BYTES + ZIP_LOCATOR_BYTES;
    if (!narrow_agrees (narrow.count, end->count, ZIP_MAX16)
        || !narrow_agrees (narrow.size, end->size, ZIP_MAX32)
        || !narrow_agrees (narrow.offset, end->offset, ZIP_MAX32))
        return tenon_fail (call, TENON_E_MALFORMED, place,
                           "the zip64 end record and the end record contradict each other");
    if (end->offset > place || end->size > place - end->offset)
        return tenon_fail (call, TENON_E_MALFORMED, place,
                           "the central directory, %llu bytes at offset %llu, does not end before the zip64 "
                           "end record",
                           (unsigned long long) end->size, (unsigned long long) end->offset);
    return TENON_OK;
}

/* ---- the end record ---- */

/* True if the end record at `at` agrees with the bytes before it. The zip64 record is checked later. */
static int
holds_together (struct tenon_call *call, uint64_t at, const struct end *end)
{
    uint8_t signature[4];
    if (end->offset == ZIP_MAX32 || end->size == ZIP_MAX32)
        return at >= ZIP_LOCATOR_BYTES;
    if (end->offset > at || end->size > at - end->offset)
        return 0;
    if (end->count == 0)
        return 1;
    return end->size >= ZIP_CENTRAL_BYTES
           && call->host->read_at (call, 0, end->offset, signature, sizeof signature) == TENON_OK
           && tenon_le32 (signature) == ZIP_CENTRAL;
}

/* Finds the last plausible end record of the tail. *found: its offset there. */
static tenon_status
search_end (struct tenon_call *call, const uint8_t *tail, uint64_t length, uint64_t start, uint64_t *found)
{
    uint64_t wrong = TENON_AUTO;
    for (uint64_t at = length - ZIP_END_BYTES + 1; at-- > 0;) {
        if (tail[at] != 'P' || tenon_le32 (tail + at) != ZIP_END)
            continue;
        struct end end = parse_end (tail + at);
        *found = at;
        if (tenon_le16 (tail + at + 20) <= length - at - ZIP_END_BYTES
            && holds_together (call, start + at, &end))
            return TENON_OK;
        if (wrong == TENON_AUTO)
            wrong = at;
    }
    if (wrong == TENON_AUTO)
        return tenon_fail (call, TENON_E_TRUNCATED, start + length,
                           "no end of a zip's central directory is in the last %llu bytes",
                           (unsigned long long) length);
    struct end end = parse_end (tail + wrong);
    return tenon_fail (call, TENON_E_MALFORMED, start + wrong,
                       "the end record states a central directory of %llu bytes at offset %llu, where "
                       "none is",
                       (unsigned long long) end.size, (unsigned long long) end.offset);
}

/* Follows the zip64 locator before the end record at `at`, if there is one, and checks *end. *records: the
 * bytes of the zip64 records. */
static tenon_status
complete_end (struct tenon_call *call, uint64_t at, struct end *end, uint64_t *records)
{
    uint8_t locator[ZIP_LOCATOR_BYTES] = { 0 };
    int wide = end->offset == ZIP_MAX32 || end->size == ZIP_MAX32;
    /* no locator fits between a directory and an end record that follows it at once */
    int room = at >= ZIP_LOCATOR_BYTES && (wide || at - end->offset - end->size >= ZIP_LOCATOR_BYTES);
    if (room)
        TENON_TRY (call->host->read_at (call, 0, at - ZIP_LOCATOR_BYTES, locator, sizeof locator));
    if (tenon_le32 (locator) == ZIP_LOCATOR)
        TENON_TRY (follow_locator (call, at - ZIP_LOCATOR_BYTES, locator, end, records));
    else if (wide)
        return tenon_fail (call, TENON_E_MALFORMED, at,
                           "the end record refers to a zip64 end record, but no zip64 locator is before it");
    if (end->disk != end->directory_disk || end->disk > 0 || end->here != end->count)
        return tenon_fail (call, TENON_E_UNSUPPORTED, at, "the archive is spread over several disks");
    if (end->count > end->size / ZIP_CENTRAL_BYTES)
        return tenon_fail (call, TENON_E_MALFORMED, at,
                           "the end record states %llu members, but its directory has only %llu bytes",
                           (unsigned long long) end->count, (unsigned long long) end->size);
    return TENON_OK;
}

tenon_status
zip_find_directory (struct tenon_call *call, uint64_t file_size, struct zip_directory *directory)
{
    uint64_t length = file_size < ZIP_END_BYTES ? file_size : ZIP_END_BYTES, at = 0, records = 0;
    const uint8_t *tail = NULL;
    memset (directory, 0, sizeof *directory);
    if (file_size >= ZIP_END_BYTES) {
        tail = call->host->view (call, 0, file_size - length, length);
        if (!tail)
            return TENON_E_IO;
    }
    /* most archives have no comment, and end with this record */
    if (!tail || tenon_le32 (tail) != ZIP_END || tenon_le16 (tail + 20) > 0) {
        length = file_size < TAIL_BYTES ? file_size : TAIL_BYTES;
        if (length < ZIP_END_BYTES)
            return tenon_fail (call, TENON_E_TRUNCATED, file_size, "it is too short to be a zip");
        tail = call->host->view (call, 0, file_size - length, length);
        if (!tail)
            return TENON_E_IO;
    }
    TENON_TRY (search_end (call, tail, length, file_size - length, &at));
    struct end end = parse_end (tail + at);
    directory->end = file_size - length + at;
    directory->comment = tail + at + ZIP_END_BYTES;
    directory->comment_length = tenon_le16 (tail + at + 20);
    TENON_TRY (complete_end (call, directory->end, &end, &records));
    directory->count = end.count;
    directory->size = end.size;
    directory->offset = end.offset;
    directory->loose =
        file_size - end.offset - end.size - records - ZIP_END_BYTES - directory->comment_length;
    return TENON_OK;
}

/* ---- the directory ---- */

/* Offsets are counted from the file's first byte, so nothing may lie before the first member. */
static tenon_status
check_beginning (struct tenon_call *call, uint64_t file_size, const struct zip_directory *directory)
{
    uint8_t head[4] = { 0 };
    uint64_t there = file_size < 4 ? file_size : 4;
    TENON_TRY (call->host->read_at (call, 0, 0, head, there));
    uint32_t signature = tenon_le32 (head);
    if (there < 4)
        return tenon_fail (
            call, TENON_E_TRUNCATED, there,
            "found the end of the file after %llu bytes, expected a zip, which begins with 50 4b 03 "
            "04 (PK\\3\\4)",
            (unsigned long long) there);
    if (signature == ZIP_LOCAL)
        return TENON_OK;
    if (directory && directory->count == 0 && (signature == ZIP_END || signature == ZIP_END64))
        return TENON_OK;
    if (!directory && (signature == ZIP_END || signature == ZIP_END64))
        return TENON_OK;
    return tenon_fail (call, TENON_E_MALFORMED, 0,
                       "found the bytes %02x %02x %02x %02x, expected 50 4b 03 04 (PK\\3\\4): a zip begins "
                       "with its first member",
                       head[0], head[1], head[2], head[3]);
}

tenon_status
zip_open_directory (struct tenon_call *call, struct zip_directory *directory)
{
    struct tenon_source_info info = TENON_INIT (info);
    TENON_TRY (call->host->source_info (call, 0, &info));
    TENON_TRY (check_beginning (call, info.size, NULL));
    TENON_TRY (zip_find_directory (call, info.size, directory));
    TENON_TRY (check_beginning (call, info.size, directory));
    uint64_t most = call->host->limit (call, TENON_LIMIT_MEMBERS);
    if (directory->count > most)
        return tenon_fail (call, TENON_E_LIMIT, directory->end,
                           "it has %llu members, more than %llu; raise members in [limits] to read them",
                           (unsigned long long) directory->count, (unsigned long long) most);
    if (directory->size > 0
        && !(directory->bytes = call->host->view (call, 0, directory->offset, directory->size)))
        return TENON_E_TRUNCATED;
    return TENON_OK;
}

/* ---- entries ---- */

/* Replaces a number that is all ones by the next one of the zip64 field. */
static int
take_wide (const uint8_t **wide, uint32_t *left, uint64_t *number)
{
    if (*number != ZIP_MAX32)
        return 1;
    if (*left < 8)
        return 0;
    *number = tenon_le64 (*wide);
    *wide += 8;
    *left -= 8;
    return 1;
}

/* Reads the sizes and the offset. The zip64 field holds, in this order, those whose fields are all ones. */
static tenon_status
read_entry_numbers (struct tenon_call *call, struct zip_entry *entry)
{
    const uint8_t *bytes = entry->bytes;
    uint32_t left = 0;
    char shown[ZIP_SHOWN];
    entry->stored = tenon_le32 (bytes + 20);
    entry->size = tenon_le32 (bytes + 24);
    entry->offset = tenon_le32 (bytes + 42);
    uint32_t disk = tenon_le16 (bytes + 34);
    if (entry->stored == ZIP_MAX32 || entry->size == ZIP_MAX32 || entry->offset == ZIP_MAX32
        || disk == ZIP_MAX16) {
        const uint8_t *wide = zip_find_extra (entry->extra, entry->extra_length, ZIP_EXTRA_ZIP64, &left);
        if (!wide || !take_wide (&wide, &left, &entry->size) || !take_wide (&wide, &left, &entry->stored)
            || !take_wide (&wide, &left, &entry->offset) || (disk == ZIP_MAX16 && left < 4))
            return tenon_fail (call, TENON_E_MALFORMED, entry->place,
                               "member '%s' refers to a zip64 extra field that it does not have",
                               zip_show (entry, shown));
        if (disk == ZIP_MAX16)
            disk = tenon_le32 (wide);
    }
    if (disk > 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, entry->place, "member '%s' lies on another disk, %u",
                           zip_show (entry, shown), disk);
    return TENON_OK;
}

tenon_status
zip_read_entry (struct tenon_call *call, const struct zip_directory *directory, uint64_t position,
                const char *name, uint64_t name_length, struct zip_entry *entry)
{
    uint64_t left = directory->size - position;
    const uint8_t *bytes = directory->bytes + position;
    memset (entry, 0, sizeof *entry);
    entry->bytes = bytes;
    entry->place = directory->offset + position;
    if (left < ZIP_CENTRAL_BYTES || tenon_le32 (bytes) != ZIP_CENTRAL)
        return tenon_fail (call, TENON_E_MALFORMED, entry->place,
                           "the central directory has no entry here, but promises more of them");
    entry->flags = tenon_le16 (bytes + 8);
    entry->method = tenon_le16 (bytes + 10);
    entry->crc = tenon_le32 (bytes + 16);
    entry->raw_length = tenon_le16 (bytes + 28);
    entry->extra_length = tenon_le16 (bytes + 30);
    entry->entry_length =
        ZIP_CENTRAL_BYTES + entry->raw_length + entry->extra_length + tenon_le16 (bytes + 32);
    entry->raw = bytes + ZIP_CENTRAL_BYTES;
    entry->extra = entry->raw + entry->raw_length;
    if (entry->entry_length > left)
        return tenon_fail (call, TENON_E_TRUNCATED, entry->place,
                           "an entry of the central directory needs %u bytes, %llu are left",
                           entry->entry_length, (unsigned long long) left);
    entry->name = name;
    entry->name_length = (uint32_t) name_length;
    if (!name) {
        TENON_TRY (call->host->work (call, ENTRY_WORK + entry->entry_length));
        TENON_TRY (zip_decode_name (call, entry));
    }
    return read_entry_numbers (call, entry);
}
