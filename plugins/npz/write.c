/* SPDX-License-Identifier: MIT */
/* write.c - a plan as a zip: each tensor a member, written by another codec; the directory at the end. */
#include "npz.h"

/* Data of stored members begin at a multiple of this many bytes of the file, so that they can be mapped. */
#define ALIGNMENT 64u
/* A member's zip64 extra field: id, length, two numbers. */
#define WIDE_BYTES 20u
/* A tensor of so many bytes may become a member of 4 GiB: what is left is room for the header that its codec
 * puts before it, and for what a compression makes longer. */
#define WIDE_LENGTH 0xff000000u
/* Blocks of a member, at most: so that the table of their ends fits an extra field. */
#define MOST_BLOCKS 15000u
#define LEAST_BLOCK ((uint64_t) 1 << 20)

#define MADE_BY_UNIX 0x0300u
#define ZIP_VERSION 20u
#define ZIP_VERSION_WIDE 45u
#define DATE 0x0021u             /* 1980-01-01, the first one */
#define ATTRIBUTES (0600u << 16) /* a file that its owner may read and write, as zipfile has it */
#define LONGEST_NAME 65535u
#define FIRST_CHUNK 65536u

uint8_t *
npz_add_bytes (struct npz_writer *writer, uint64_t size)
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

/* ---- a member ---- */

/* The tensor's name and the suffix, in writer->name. */
static tenon_status
make_name (struct npz_writer *writer, const struct tenon_tensor *tensor, struct npz_heading *heading)
{
    uint64_t length = tensor->name_length + 1 + writer->suffix_length;
    if (length > LONGEST_NAME)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the tensor name '%.40s…' has %llu bytes, a zip has %llu for it", tensor->name,
                           (unsigned long long) tensor->name_length,
                           (unsigned long long) (LONGEST_NAME - 1 - writer->suffix_length));
    if (length > writer->name_room) {
        writer->name_room = length < 256 ? 256 : 2 * length;
        if (!(writer->name = writer->call->host->scratch (writer->call, writer->name_room)))
            return TENON_E_MEMORY;
    }
    memcpy (writer->name, tensor->name, tensor->name_length);
    writer->name[tensor->name_length] = '.';
    memcpy (writer->name + tensor->name_length + 1, writer->suffix, writer->suffix_length);
    heading->name = writer->name;
    heading->name_length = length;
    return TENON_OK;
}

int
npz_may_be_wide (uint64_t length)
{
    return length >= WIDE_LENGTH;
}

/* Bytes of the extra field that moves data which would begin at `position` to a multiple of the alignment. */
static uint64_t
padding (uint64_t position)
{
    uint64_t gap = (ALIGNMENT - position % ALIGNMENT) % ALIGNMENT;
    return gap == 0 || gap >= 6 ? gap : gap + ALIGNMENT;
}

/* CRC and sizes, 12 bytes, from the place where local headers have them. */
static void *
put_sizes (void *to, int wide, const struct tenon_member_result *result)
{
    to = tenon_put_le32 (to, (uint32_t) result->check_value);
    to = tenon_put_le32 (to, wide ? NPZ_MAX32 : (uint32_t) result->stored);
    return tenon_put_le32 (to, wide ? NPZ_MAX32 : (uint32_t) result->size);
}

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
    uint64_t pad = heading->method == NPZ_STORED ? padding (behind) : 0;
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

/* Now that they are known: into the local header, or behind the data when that is out of reach. */
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

/* The numbers that do not fit the entry: the zip64 field has just them. */
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

static uint32_t
narrow (uint64_t number)
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
    uint8_t *to = npz_add_bytes (writer, NPZ_CENTRAL_BYTES + heading->name_length + extra);
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
    to = tenon_put_le32 (to, narrow (result->stored));
    to = tenon_put_le32 (to, narrow (result->size));
    to = tenon_put_le16 (to, (uint16_t) heading->name_length);
    to = tenon_put_le16 (to, (uint16_t) extra);
    to = tenon_put_le64 (to, 0); /* no comment, first disk, no internal attributes; the outer ones: */
    tenon_put_le32 (to - 2, ATTRIBUTES);
    to = tenon_put_le32 (to + 2, narrow (heading->offset));
    memcpy (to, heading->name, heading->name_length);
    to = put_central_wide (to + heading->name_length, numbers, heading, result);
    if (blocks)
        npz_put_blocks (to, result);
    writer->entries++;
    return TENON_OK;
}

/* The block size of a member whose blocks would be too many for their table; 0: the host's choice. */
static uint64_t
choose_block_size (uint64_t length)
{
    uint64_t size = LEAST_BLOCK;
    while (length / size > MOST_BLOCKS)
        size *= 2;
    return size == LEAST_BLOCK ? 0 : size;
}

/* How many tensors behind this one, whose members have blocks of `size`, become members of the same kind. */
static tenon_status
count_alike (struct npz_writer *writer, uint64_t index, uint64_t size, uint64_t tensors, uint64_t *alike)
{
    struct tenon_call *call = writer->call;
    *alike = 0;
    for (uint64_t i = index + 1; i < tensors; i++, ++*alike) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (choose_block_size (tensor.length) != size)
            break;
    }
    return TENON_OK;
}

static tenon_status
put_member (struct npz_writer *writer, uint64_t index, uint64_t tensors)
{
    struct tenon_call *call = writer->call;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_member_result result = TENON_INIT (result);
    struct npz_heading heading = { .method = writer->filter ? NPZ_DEFLATED : NPZ_STORED };
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (make_name (writer, &tensor, &heading));
    heading.wide = npz_may_be_wide (tensor.length);
    TENON_TRY (npz_put_local (writer, &heading));
    struct tenon_member member = { .struct_size = sizeof member,
                                   .check = TENON_CHECK_CRC32,
                                   .first = index,
                                   .count = 1,
                                   .codec = writer->suffix,
                                   .filter = writer->filter,
                                   .level = writer->level };
    if (writer->filter) {
        member.block_size = choose_block_size (tensor.length);
        if (index == writer->announced) {
            TENON_TRY (count_alike (writer, index, member.block_size, tensors, &member.announced));
            writer->announced = index + member.announced + 1;
        }
    }
    TENON_TRY (call->host->put_member (call, &member, &result));
    TENON_TRY (npz_complete_local (writer, &heading, &result));
    return npz_add_entry (writer, &heading, &result);
}

/* ---- the end ---- */

static tenon_status
put_directory (struct npz_writer *writer)
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
    to = tenon_put_le32 (to, narrow (writer->bytes));
    to = tenon_put_le32 (to, narrow (offset));
    tenon_put_le16 (to, (uint16_t) writer->comment_length);
    TENON_TRY (call->host->put (call, end, sizeof end));
    return writer->comment_length ? call->host->put (call, writer->comment, writer->comment_length)
                                  : TENON_OK;
}

static tenon_status
tell_dropped (struct tenon_call *call, const struct tenon_plan_info *plan)
{
    const char *key;
    uint64_t length;
    for (uint64_t i = 0; i < plan->metadata; i++) {
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        tenon_note (call, TENON_LOSS, key,
                    "the format npz keeps metadata only with npz.metadata=member: this entry is dropped");
    }
    return TENON_OK;
}

static tenon_status
open_writer (struct npz_writer *writer, struct tenon_call *call)
{
    struct tenon_setting compression, level, member;
    memset (writer, 0, sizeof *writer);
    writer->call = call;
    TENON_TRY (npz_option (call, NPZ_OPTION_COMPRESSION, &compression));
    TENON_TRY (npz_option (call, NPZ_OPTION_LEVEL, &level));
    TENON_TRY (npz_option (call, NPZ_OPTION_MEMBER, &member));
    writer->filter = compression.integer == NPZ_COMPRESSION_DEFLATE ? "deflate" : NULL;
    writer->level = (int32_t) level.integer;
    if (!writer->filter && level.integer >= 0)
        tenon_note (call, TENON_NOTE, NULL, "npz.level is not followed: npz.compression is none");
    writer->suffix = member.text;
    writer->suffix_length = strlen (member.text);
    return TENON_OK;
}

/* Are metadata written? On request, when tensors could not be restored without them, and when the archive has
 * some already. */
static tenon_status
wants_metadata (struct tenon_call *call, const struct tenon_plan_info *plan, const struct npz_old *old,
                int *wants)
{
    struct tenon_setting metadata;
    TENON_TRY (npz_option (call, NPZ_OPTION_METADATA, &metadata));
    *wants = plan->metadata > 0
             && (metadata.integer == NPZ_METADATA_MEMBER || (plan->flags & TENON_PLAN_CARRIES)
                 || old->has_metadata);
    if (*wants && old->has_tensor)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "it has an array called as the member that the metadata need, '%s'",
                           NPZ_METADATA_MEMBER_NAME);
    return plan->metadata > 0 && !*wants ? tell_dropped (call, plan) : TENON_OK;
}

tenon_status
npz_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct npz_writer writer;
    struct npz_old old;
    int metadata;
    memset (&old, 0, sizeof old);
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (open_writer (&writer, call));
    writer.seekable = plan.flags & TENON_SINK_SEEKABLE;
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (npz_begin_append (&writer, plan.metadata > 0, &old));
    TENON_TRY (wants_metadata (call, &plan, &old, &metadata));
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (npz_keep_old (&writer, &old, plan.tensors, metadata));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (put_member (&writer, i, plan.tensors));
    if (metadata)
        TENON_TRY (npz_put_metadata (&writer, plan.metadata));
    return put_directory (&writer);
}
