/* SPDX-License-Identifier: MIT */
/* frame.c - headers and ends of frames. */
#include "zstd_filter.h"

#define MAGIC 0xfd2fb528u
#define SKIPPED 0x184d2a50u /* … 0x184d2a5f */
#define LEAST_WINDOW                                                                                         \
    17u                 /* of 128 KiB, so that blocks of the frame may have any size that zstd gives them    \
                         */
#define MOST_WINDOW 27u /* that all decoders take */

uint32_t
tenon_zstd_window (uint64_t size)
{
    uint32_t window = LEAST_WINDOW;
    while (window < MOST_WINDOW && (uint64_t) 1 << window < size)
        window++;
    return window;
}

void
tenon_zstd_put_head (uint8_t *to, uint64_t size)
{
    to = tenon_put_le32 (to, MAGIC);
    *to++ = 0; /* the size is not stated, there is a window, no checksum and no dictionary */
    *to = (uint8_t) ((tenon_zstd_window (size) - 10) << 3);
}

void
tenon_zstd_put_end (uint8_t *to)
{
    to[0] = 1; /* last, raw, 0 bytes */
    to[1] = to[2] = 0;
}

int
tenon_zstd_is_frame (const uint8_t *bytes, uint64_t length)
{
    return length >= 4 && (tenon_le32 (bytes) == MAGIC || (tenon_le32 (bytes) & 0xfffffff0u) == SKIPPED);
}
