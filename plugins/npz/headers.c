/* SPDX-License-Identifier: MIT */
/* headers.c - what a zip has around the data of its members: local headers, the directory and its end. */
#include "npz.h"

/* The data of stored members begin at a multiple of this, so that they can be mapped. */
#define ALIGNMENT 64u
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
npz_may_be_wide (uint64_t length)
{
    return length >= WIDE_LENGTH;
}

/* The bytes of the extra field that moves data from `position` to a multiple of the alignment. */
static uint64_t
padding_bytes (uint64_t position)
{
    uint64_t gap = (ALIGNMENT - position % ALIGNMENT) % ALIGNMENT;
    return gap == 0 || gap >= 6 ? gap : gap + ALIGNMENT;
}

/* The CRC and the sizes, 12 bytes of a local header. */
static void *
put_sizes (void *to, int wide, const struct tenon_member_result *result)
{
    to = tenon_put_le32 (to, (uint32_t) result->check_value);
    to = tenon_put_le32 (to, wide ? NPZ_MAX32 : (uint32_t) result->stored);
    return tenon_put_le32 (to, wide ? NPZ_MAX32 : (uint32_t) result->size);
}

/* The zip64 field of a local header. */
static void *
put_wide (void *to, const struct tenon_member_result *result)
{
    to = tenon_put_le16 (to, NPZ_EXTRA_ZIP64);
    to = tenon_put_le16 (to, WIDE_BYTES - 4);
    to = tenon_put_le64 (to, result->size);
    return tenon_put_le64 (to, result->stored);
}

tenon_status
npz_put_local (struct npz_writer *writer, struct npz_heading *heading)
{
    static const struct tenon_member_result unknown;
    struct tenon_call *call = writer->call;
    heading->flags = npz_is_ascii (heading->name, heading->name_length) ? 0 : NPZ_UTF8;
    heading->flags |= writer->seekable ? 0 : NPZ_DESCRIBED;
    heading->offset = call->host->tell (call);
    uint8_t fixed[NPZ_LOCAL_BYTES], extra[WIDE_BYTES + 2 * ALIGNMENT] = { 0 };
    uint8_t *end = heading->wide ? put_wide (extra, &unknown) : extra;
    uint64_t behind = heading->offset + NPZ_LOCAL_BYTES + heading->name_length + (uint64_t) (end - extra);
    uint64_t pad = heading->method == NPZ_STORED ? padding_bytes (behind) : 0;
    if (pad > 0) {
        uint8_t *at = tenon_put_le16 (end, NPZ_EXTRA_PADDING);
        at = tenon_put_le16 (at, (uint16_t) (pad - 4));
        tenon_put_le16 (at, ALIGNMENT);
        end += pad;
    }
    uint8_t *to = tenon_put_le32 (fixed, NPZ_LOCAL);
    to = tenon_put_le16 (to, heading->wide ? ZIP_VERSION_WIDE : ZIP_VERSION);
    to = tenon_put_le16 (to, (uint16_t) heading->flags);
    to = tenon_put_le16 (to, (uint16_t) heading->method);
    to = tenon_put_le16 (to, 0);
    to = tenon_put_le16 (to, DATE);
    to = put_sizes (to, heading->wide, &unknown);
    to = tenon_put_le16 (to, (uint16_t) heading->name_length);
    tenon_put_le16 (to, (uint16_t) (end - extra));
    TENON_TRY (call->host->put (call, fixed, sizeof fixed));
    TENON_TRY (call->host->put (call, heading->name, heading->name_length));
    return end > extra ? call->host->put (call, extra, (uint64_t) (end - extra)) : TENON_OK;
}

/* Puts the CRC and the sizes into the local header, or behind the data if the sink cannot seek. */
tenon_status
npz_complete_local (struct npz_writer *writer, const struct npz_heading *heading,
                    const struct tenon_member_result *result)
{
    struct tenon_call *call = writer->call;
    uint8_t sizes[12], wide[WIDE_BYTES], descriptor[24];
    if (!heading->wide && (result->stored >= NPZ_MAX32 || result->size >= NPZ_MAX32))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "member '%.100s' grew to %llu bytes, for which its header has no room",
                           heading->name, (unsigned long long) result->size);
    if (!writer->seekable) {
        uint8_t *to = tenon_put_le32 (descriptor, NPZ_DESCRIPTOR);
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
    return call->host->patch (call, heading->offset + NPZ_LOCAL_BYTES + heading->name_length, wide,
                              sizeof wide);
}

/* ---- the directory ---- */

/* Room for `size` more bytes of the directory; NULL: the failure is recorded. */
static uint8_t *
add_bytes (struct npz_writer *writer, uint64_t size)
{
    struct npz_chunk *chunk = writer->last;
    if (!chunk || chunk->room - chunk->used < size) {
        uint64_t room = chunk ? 2 * chunk->room : FIRST_CHUNK;
        while (room < size)
            room *= 2;
        struct npz_chunk *fresh = writer->call->host->scratch (writer->call, sizeof *fresh + room);
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
put_central_wide (uint8_t *to, uint32_t numbers, const struct npz_heading *heading,
                  const struct tenon_member_result *result)
{
    if (numbers == 0)
        return to;
    to = tenon_put_le16 (to, NPZ_EXTRA_ZIP64);
    to = tenon_put_le16 (to, (uint16_t) (8 * numbers));
    if (result->size >= NPZ_MAX32)
        to = tenon_put_le64 (to, result->size);
    if (result->stored >= NPZ_MAX32)
        to = tenon_put_le64 (to, result->stored);
    if (heading->offset >= NPZ_MAX32)
        to = tenon_put_le64 (to, heading->offset);
    return to;
}

/* A number for a field of 32 bits; all ones refer to the zip64 field. */
static uint32_t
narrow_number (uint64_t number)
{
    return number >= NPZ_MAX32 ? NPZ_MAX32 : (uint32_t) number;
}

tenon_status
npz_add_entry (struct npz_writer *writer, const struct npz_heading *heading,
               const struct tenon_member_result *result)
{
    uint32_t numbers =
        (result->size >= NPZ_MAX32) + (result->stored >= NPZ_MAX32) + (heading->offset >= NPZ_MAX32);
    uint32_t blocks = npz_blocks_bytes (result), extra = (numbers ? 4 + 8 * numbers : 0) + blocks;
    uint32_t version = numbers || heading->wide ? ZIP_VERSION_WIDE : ZIP_VERSION;
    uint8_t *to = add_bytes (writer, NPZ_CENTRAL_BYTES + heading->name_length + extra);
    if (!to)
        return TENON_E_MEMORY;
    to = tenon_put_le32 (to, NPZ_CENTRAL);
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
        npz_put_blocks (to, result);
    writer->entries++;
    return TENON_OK;
}

tenon_status
npz_keep_entry (struct npz_writer *writer, const struct npz_entry *entry)
{
    uint8_t *to = add_bytes (writer, entry->entry_length);
    if (!to)
        return TENON_E_MEMORY;
    memcpy (to, entry->bytes, entry->entry_length);
    writer->entries++;
    return TENON_OK;
}

tenon_status
npz_put_directory (struct npz_writer *writer)
{
    struct tenon_call *call = writer->call;
    uint8_t wide[NPZ_END64_BYTES + NPZ_LOCATOR_BYTES], end[NPZ_END_BYTES];
    uint64_t offset = call->host->tell (call);
    for (const struct npz_chunk *chunk = writer->first; chunk; chunk = chunk->next)
        TENON_TRY (call->host->put (call, chunk->bytes, chunk->used));
    if (writer->entries >= NPZ_MAX16 || writer->bytes >= NPZ_MAX32 || offset >= NPZ_MAX32) {
        uint8_t *to = tenon_put_le32 (wide, NPZ_END64);
        to = tenon_put_le64 (to, NPZ_END64_BYTES - 12);
        to = tenon_put_le16 (to, MADE_BY_UNIX | ZIP_VERSION_WIDE);
        to = tenon_put_le16 (to, ZIP_VERSION_WIDE);
        to = tenon_put_le64 (to, 0); /* both disks */
        to = tenon_put_le64 (to, writer->entries);
        to = tenon_put_le64 (to, writer->entries);
        to = tenon_put_le64 (to, writer->bytes);
        to = tenon_put_le64 (to, offset);
        to = tenon_put_le32 (to, NPZ_LOCATOR);
        to = tenon_put_le32 (to, 0);
        to = tenon_put_le64 (to, offset + writer->bytes);
        tenon_put_le32 (to, 1); /* disks */
        TENON_TRY (call->host->put (call, wide, sizeof wide));
    }
    uint16_t entries = writer->entries >= NPZ_MAX16 ? NPZ_MAX16 : (uint16_t) writer->entries;
    uint8_t *to = tenon_put_le32 (end, NPZ_END);
    to = tenon_put_le32 (to, 0); /* both disks */
    to = tenon_put_le16 (to, entries);
    to = tenon_put_le16 (to, entries);
    to = tenon_put_le32 (to, narrow_number (writer->bytes));
    to = tenon_put_le32 (to, narrow_number (offset));
    tenon_put_le16 (to, (uint16_t) writer->comment_length);
    TENON_TRY (call->host->put (call, end, sizeof end));
    return writer->comment_length ? call->host->put (call, writer->comment, writer->comment_length)
                                  : TENON_OK;
}
