/* SPDX-License-Identifier: MIT */
/* directory.h - files of mock plugins that end in a directory: its entries, then u32 entries · u64 place of
 * the first one · "MOCKEND1", little-endian. */
#ifndef MOCK_DIRECTORY_H
#define MOCK_DIRECTORY_H
#include "mock.h"

#define END_MAGIC "MOCKEND1"
#define TAIL 20u /* bytes behind the entries */

/* Opens a cursor on the entries; the file begins with a magic of 8 bytes. */
static inline tenon_status
open_directory (struct tenon_call *call, struct tenon_cursor *cursor, uint32_t *count)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    uint8_t tail[TAIL];
    TENON_TRY (call->host->source_info (call, 0, &info));
    if (info.size < 8 + TAIL)
        return tenon_fail (call, TENON_E_TRUNCATED, info.size, "the file is too short for a directory");
    TENON_TRY (call->host->read_at (call, 0, info.size - TAIL, tail, TAIL));
    if (memcmp (tail + 12, END_MAGIC, 8) != 0)
        return tenon_fail (call, TENON_E_TRUNCATED, info.size - 8, "the file does not end in " END_MAGIC);
    *count = tenon_le32 (tail);
    TENON_TRY (tenon_cursor_open (cursor, call, 0, tenon_le64 (tail + 4)));
    cursor->end -= TAIL;
    return TENON_OK;
}

/* To be called behind the last entry. */
static inline tenon_status
close_directory (const struct tenon_cursor *cursor)
{
    return cursor->position == cursor->end ? TENON_OK
                                           : tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position,
                                                         "the directory is not as long as it says");
}

/* The bytes behind the entries, of which the first one comes next. */
static inline void
fill_tail (struct tenon_call *call, uint8_t *tail, uint32_t count)
{
    tenon_put_le32 (tail, count);
    tenon_put_le64 (tail + 4, call->host->tell (call));
    memcpy (tail + 12, END_MAGIC, 8);
}
#endif
