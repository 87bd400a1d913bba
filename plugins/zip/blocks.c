/* SPDX-License-Identifier: MIT */
/* blocks.c - the private extra field that tells where the blocks of a deflated member end.
 *
 * It is in the central directory only. Other readers ignore it:
 *
 *     u16 0x6e74 "tn" · u16 length · u8 version, 1 · u8 log2 of the block size, 16 … 40 · u16 0
 *     u32 for each block: its encoded bytes
 *
 * Each block_size decoded bytes were encoded by themselves. The table is not trusted: one that cannot be
 * right is ignored here, as a flaw. The host believes a block only if it and all before it decoded, one
 * behind the other, and falls back on one stream. */
#include "zip.h"

#define TABLE_VERSION 1u
#define LEAST_LOG 16u
#define MOST_LOG 40u

/* True if a field of `length` bytes is a table that this version knows. */
static int
is_known (const uint8_t *field, uint32_t length)
{
    return length >= ZIP_BLOCKS_HEAD - 4 && field[0] == TABLE_VERSION && !tenon_le16 (field + 2);
}

/* The reason why a table cannot be right; NULL if it may be. */
static const char *
find_fault (const uint8_t *field, uint32_t length, const struct zip_entry *entry, uint64_t *count)
{
    if (field[1] < LEAST_LOG || field[1] > MOST_LOG)
        return "its block size is out of bounds";
    uint64_t block_size = (uint64_t) 1 << field[1];
    *count = entry->size / block_size + (entry->size % block_size > 0);
    if (*count > ZIP_BLOCKS || length != ZIP_BLOCKS_HEAD - 4 + 4 * *count)
        return "it does not have as many blocks as the member";
    uint64_t sum = 0;
    for (uint64_t i = 0; i < *count; i++) {
        uint32_t stored = tenon_le32 (field + ZIP_BLOCKS_HEAD - 4 + 4 * i);
        if (stored == 0)
            return "it has a block without bytes";
        sum += stored;
    }
    return sum != entry->stored ? "its blocks do not add up to the member" : NULL;
}

tenon_status
zip_take_blocks (struct tenon_call *call, const struct zip_entry *entry, struct tenon_part *part)
{
    uint32_t length;
    uint64_t count = 0, sum = 0;
    char shown[ZIP_SHOWN];
    const uint8_t *field = zip_find_extra (entry->extra, entry->extra_length, ZIP_EXTRA_BLOCKS, &length);
    if (!field)
        return TENON_OK;
    int known = is_known (field, length);
    const char *fault = known ? find_fault (field, length, entry, &count) : "it is of another version";
    if (fault) /* one that cannot be right is a flaw of the file */
        tenon_note (call, known ? TENON_NOTE | TENON_FLAW : TENON_NOTE, zip_show (entry, shown),
                    "its table of blocks is not used: %s", fault);
    if (fault || count == 0)
        return TENON_OK;
    uint64_t *ends = call->host->scratch (call, count * sizeof *ends);
    if (!ends)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < count; i++)
        ends[i] = sum += tenon_le32 (field + ZIP_BLOCKS_HEAD - 4 + 4 * i);
    part->block_size = (uint64_t) 1 << field[1];
    part->block_ends = ends;
    return TENON_OK;
}

/* ---- writing ---- */

static uint32_t
log_2 (uint64_t number)
{
    uint32_t log = 0;
    while (number >> log > 1)
        log++;
    return log;
}

uint32_t
zip_blocks_bytes (const struct tenon_member_result *result)
{
    uint64_t size = result->block_size, begin = 0;
    if (result->block_count < 2 || result->block_count > ZIP_BLOCKS || !size || (size & (size - 1))
        || log_2 (size) < LEAST_LOG || log_2 (size) > MOST_LOG)
        return 0;
    for (uint64_t i = 0; i < result->block_count; begin = result->block_ends[i++])
        if (result->block_ends[i] - begin > ZIP_MAX32)
            return 0;
    return ZIP_BLOCKS_HEAD + 4 * (uint32_t) result->block_count;
}

void *
zip_put_blocks (void *to, const struct tenon_member_result *result)
{
    uint64_t begin = 0;
    to = tenon_put_le16 (to, ZIP_EXTRA_BLOCKS);
    to = tenon_put_le16 (to, (uint16_t) (ZIP_BLOCKS_HEAD - 4 + 4 * result->block_count));
    to = tenon_put_le16 (to, (uint16_t) (TABLE_VERSION | log_2 (result->block_size) << 8));
    to = tenon_put_le16 (to, 0);
    for (uint64_t i = 0; i < result->block_count; begin = result->block_ends[i++])
        to = tenon_put_le32 (to, (uint32_t) (result->block_ends[i] - begin));
    return to;
}
