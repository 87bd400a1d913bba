/* SPDX-License-Identifier: MIT */
/* headers.c - what a zip has around the data of its members: local headers, the directory and its end. */
#include "zip.h"

/* A member's zip64 extra field: id, length, two numbers. */
#define WIDE_BYTES 20u
/* A tensor of this many bytes may become a member of 4 GiB: the difference leaves room for the header of its
 * codec, and for data that compression makes longer. */
#define WIDE_LENGTH 0xff000000u

#define MADE_BY_UNIX 0x0300u
#define ZIP_VERSION 20u
#define ZIP_VERSION_WIDE 45u
#define DATE 0x0021u             /* 1980-01-01, the earliest */
#define ATTRIBUTES (0600u << 16) /* a file that its owner may read and write, as zipfile sets it */
#define FIRST_CHUNK 65536u

/* ---- local headers ---- */

int
zip_may_be_wide (uint64_t length)
{
    return length >= WIDE_LENGTH;
}

#define PADDING_HEAD 6u

/* The bytes of the extra field that moves data from `position` to a multiple of the alignment. */
static uint64_t
padding_bytes (uint64_t position, uint64_t alignment)
{
    uint64_t gap = alignment > 1 ? (alignment - position % alignment) % alignment : 0;
    while (gap > 0 && gap < PADDING_HEAD)
        gap += alignment;
    return gap;
}

/* The CRC and the sizes, 12 bytes of a local header. */
static void *
put_sizes (void *to, int wide, const struct tenon_member_result *result)
{
    to = tenon_put_le32 (to, (uint32_t) result->check_value);
    to = tenon_put_le32 (to, wide ? ZIP_MAX32 : (uint32_t) result->stored);
    return tenon_put_le32 (to, wide ? ZIP_MAX32 : (uint32_t) result->size);
}

/* The zip64 field of a local header. */
static void *
put_wide (void *to, const struct tenon_member_result *result)
{
    to = tenon_put_le16 (to, ZIP_EXTRA_ZIP64);
    to = tenon_put_le16 (to, WIDE_BYTES - 4);
    to = tenon_put_le64 (to, result->size);
    return tenon_put_le64 (to, result->stored);
}

static tenon_status
put_zeros (struct tenon_call *call, uint64_t count)
{
    static const uint8_t zeros[256];
    for (; count > sizeof zeros; count -= sizeof zeros)
        TENON_TRY (call->host->put (call, zeros, sizeof zeros));
    return call->host->put (call, zeros, count);
}

tenon_status
zip_put_local (struct zip_writer *writer, struct zip_heading *heading)
{
    static const struct tenon_member_result unknown;
    struct tenon_call *call = writer->call;
    heading->flags = zip_is_ascii (heading->name, heading->name_length) ? 0 : ZIP_UTF8;
    heading->flags |= writer->seekable ? 0 : ZIP_DESCRIBED;
    heading->flags |= heading->method == ZIP_LZMA ? ZIP_END_MARKER : 0;
    heading->offset = call->host->tell (call);
    uint8_t fixed[ZIP_LOCAL_BYTES], extra[WIDE_BYTES + PADDING_HEAD];
    uint8_t *end = heading->wide ? put_wide (extra, &unknown) : extra;
    uint64_t behind = heading->offset + ZIP_LOCAL_BYTES + heading->name_length + (uint64_t) (end - extra);
    uint64_t pad = padding_bytes (behind, heading->alignment), extra_bytes = (uint64_t) (end - extra) + pad;
    if (pad > 0) {
        end = tenon_put_le16 (end, ZIP_EXTRA_PADDING);
        end = tenon_put_le16 (end, (uint16_t) (pad - 4));
        end = tenon_put_le16 (end, (uint16_t) heading->alignment);
    }
    uint8_t *to = tenon_put_le32 (fixed, ZIP_LOCAL);
    to = tenon_put_le16 (to, heading->wide ? ZIP_VERSION_WIDE : ZIP_VERSION);
    to = tenon_put_le16 (to, (uint16_t) heading->flags);
    to = tenon_put_le16 (to, (uint16_t) heading->method);
    to = tenon_put_le16 (to, 0);
    to = tenon_put_le16 (to, DATE);
    to = put_sizes (to, heading->wide, &unknown);
    to = tenon_put_le16 (to, (uint16_t) heading->name_length);
    tenon_put_le16 (to, (uint16_t) extra_bytes);
    TENON_TRY (call->host->put (call, fixed, sizeof fixed));
    TENON_TRY (call->host->put (call, heading->name, heading->name_length));
    if (end > extra)
        TENON_TRY (call->host->put (call, extra, (uint64_t) (end - extra)));
    return pad > 0 ? put_zeros (call, pad - PADDING_HEAD) : TENON_OK;
}

/* Puts the CRC and the sizes into the local header, or behind the data if the sink cannot seek. */
tenon_status
zip_complete_local (struct zip_writer *writer, const struct zip_heading *heading,
                    const struct tenon_member_result *result)
{
    struct tenon_call *call = writer->call;
    uint8_t sizes[12], wide[WIDE_BYTES], descriptor[24];
    if (!heading->wide && (result->stored >= ZIP_MAX32 || result->size >= ZIP_MAX32))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "member '%.100s' grew to %llu bytes, for which its header has no room",
                           heading->name, (unsigned long long) result->size);
    if (!writer->seekable) {
        uint8_t *to = tenon_put_le32 (descriptor, ZIP_DESCRIPTOR);
        to = tenon_put_le32 (to, (uint32_t) result->check_value);
        if (heading->wide)
            to = tenon_put_le64 (tenon_put_le64 (to, result->stored), result->size);
        else
            to = tenon_put_le32 (tenon_put_le32 (to, (uint32_t) result->stored), (uint32_t) result->size);
        return call->host->put (call, descriptor, (uint64_t) (to - descriptor));
    }
    put_sizes (sizes, heading->wide, result);
    TENON_TRY (call->host->patch (call, heading->offset + 14, sizes, sizeof sizes));
    if (!heading->wide)
        return TENON_OK;
    put_wide (wide, result);
    return call->host->patch (call, heading->offset + ZIP_LOCAL_BYTES + heading->name_length, wide,
                              sizeof wide);
}

/* ---- the directory ---- */

/* Room for `size` more bytes of the directory; NULL: the failure is recorded. */
static uint8_t *
add_bytes (struct zip_writer *writer, uint64_t size)
{
    struct zip_chunk *chunk = writer->last;
    if (!chunk || chunk->room - chunk->used < size) {
        uint64_t room = chunk ? 2 * chunk->room : FIRST_CHUNK;
        while (room < size)
            room *= 2;
        struct zip_chunk *fresh = writer->call->host->scratch (writer->call, sizeof *fresh + room);
        if (!fresh)
            return NULL;
        fresh->room = room;
        fresh->bytes = (uint8_t *) (fresh + 1);
        if (chunk)
            chunk->next = fresh;
        else
            writer->first = fresh;
        writer->last = chunk = fresh;
    }
    uint8_t *bytes = chunk->bytes + chunk->used;
    chunk->used += size;
    writer->bytes += size;
    return bytes;
}

/* The zip64 field of an entry. It holds the `numbers` numbers that do not fit into the entry. */
static uint8_t *
put_central_wide (uint8_t *to, uint32_t numbers, const struct zip_heading *heading,
                  const struct tenon_member_result *result)
{
    if (numbers == 0)
        return to;
    to = tenon_put_le16 (to, ZIP_EXTRA_ZIP64);
    to = tenon_put_le16 (to, (uint16_t) (8 * numbers));
    if (result->size >= ZIP_MAX32)
        to = tenon_put_le64 (to, result->size);
    if (result->stored >= ZIP_MAX32)
        to = tenon_put_le64 (to, result->stored);
    if (heading->offset >= ZIP_MAX32)
        to = tenon_put_le64 (to, heading->offset);
    return to;
}

/* A number for a field of 32 bits; all ones refer to the zip64 field. */
static uint32_t
narrow_number (uint64_t number)
{
    return number >= ZIP_MAX32 ? ZIP_MAX32 : (uint32_t) number;
}

tenon_status
zip_add_entry (struct zip_writer *writer, const struct zip_heading *heading,
               const struct tenon_member_result *result)
{
    uint32_t numbers =
        (result->size >= ZIP_MAX32) + (result->stored >= ZIP_MAX32) + (heading->offset >= ZIP_MAX32);
    uint32_t blocks = zip_blocks_bytes (result), extra = (numbers ? 4 + 8 * numbers : 0) + blocks;
    uint32_t version = numbers || heading->wide ? ZIP_VERSION_WIDE : ZIP_VERSION;
    uint8_t *to = add_bytes (writer, ZIP_CENTRAL_BYTES + heading->name_length + extra);
    if (!to)
        return TENON_E_MEMORY;
    to = tenon_put_le32 (to, ZIP_CENTRAL);
    to = tenon_put_le16 (to, (uint16_t) (MADE_BY_UNIX | version));
    to = tenon_put_le16 (to, (uint16_t) version);
    to = tenon_put_le16 (to, (uint16_t) heading->flags);
    to = tenon_put_le16 (to, (uint16_t) heading->method);
    to = tenon_put_le16 (to, 0);
    to = tenon_put_le16 (to, DATE);
    to = tenon_put_le32 (to, (uint32_t) result->check_value);
    to = tenon_put_le32 (to, narrow_number (result->stored));
    to = tenon_put_le32 (to, narrow_number (result->size));
    to = tenon_put_le16 (to, (uint16_t) heading->name_length);
    to = tenon_put_le16 (to, (uint16_t) extra);
    to = tenon_put_le64 (to, 0); /* no comment, first disk, no internal attributes; then external ones */
    tenon_put_le32 (to - 2, ATTRIBUTES);
    to = tenon_put_le32 (to + 2, narrow_number (heading->offset));
    memcpy (to, heading->name, heading->name_length);
    to = put_central_wide (to + heading->name_length, numbers, heading, result);
    if (blocks)
        zip_put_blocks (to, result);
    writer->entries++;
    return TENON_OK;
}

tenon_status
zip_keep_entry (struct zip_writer *writer, const struct zip_entry *entry)
{
    TENON_TRY (writer->call->host->put (writer->call, entry->bytes, entry->entry_length));
    writer->bytes += entry->entry_length;
    writer->entries++;
    return TENON_OK;
}

tenon_status
zip_put_directory (struct zip_writer *writer, uint64_t offset)
{
    struct tenon_call *call = writer->call;
    uint8_t wide[ZIP_END64_BYTES + ZIP_LOCATOR_BYTES], end[ZIP_END_BYTES];
    for (const struct zip_chunk *chunk = writer->first; chunk; chunk = chunk->next)
        TENON_TRY (call->host->put (call, chunk->bytes, chunk->used));
    if (writer->entries >= ZIP_MAX16 || writer->bytes >= ZIP_MAX32 || offset >= ZIP_MAX32) {
        uint8_t *to = tenon_put_le32 (wide, ZIP_END64);
        to = tenon_put_le64 (to, ZIP_END64_BYTES - 12);
        to = tenon_put_le16 (to, MADE_BY_UNIX | ZIP_VERSION_WIDE);
        to = tenon_put_le16 (to, ZIP_VERSION_WIDE);
        to = tenon_put_le64 (to, 0); /* both disks */
        to = tenon_put_le64 (to, writer->entries);
        to = tenon_put_le64 (to, writer->entries);
        to = tenon_put_le64 (to, writer->bytes);
        to = tenon_put_le64 (to, offset);
        to = tenon_put_le32 (to, ZIP_LOCATOR);
        to = tenon_put_le32 (to, 0);
        to = tenon_put_le64 (to, offset + writer->bytes);
        tenon_put_le32 (to, 1); /* disks */
        TENON_TRY (call->host->put (call, wide, sizeof wide));
    }
    uint16_t entries = writer->entries >= ZIP_MAX16 ? ZIP_MAX16 : (uint16_t) writer->entries;
    uint8_t *to = tenon_put_le32 (end, ZIP_END);
    to = tenon_put_le32 (to, 0); /* both disks */
    to = tenon_put_le16 (to, entries);
    to = tenon_put_le16 (to, entries);
    to = tenon_put_le32 (to, narrow_number (writer->bytes));
    to = tenon_put_le32 (to, narrow_number (offset));
    tenon_put_le16 (to, (uint16_t) writer->old.comment_length);
    TENON_TRY (call->host->put (call, end, sizeof end));
    return writer->old.comment_length
               ? call->host->put (call, writer->old.comment, writer->old.comment_length)
               : TENON_OK;
}
