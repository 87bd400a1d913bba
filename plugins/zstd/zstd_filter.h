/* SPDX-License-Identifier: MIT */
/* zstd_filter.h - the functions of the filter, as struct tenon_filter has them. */
#ifndef ZSTD_FILTER_H
#define ZSTD_FILTER_H
#include <tenon/plugin.h>
#include <zstd.h>

struct zstd_state {
    ZSTD_CCtx *whole;  /* encodes blocks that begin a frame */
    ZSTD_CCtx *joined; /* encodes blocks that go on with a frame … */
    uint64_t job;      /* … which have had at most so many bytes */
    ZSTD_DCtx *decoder;
    int32_t level;
    uint32_t most_window; /* decoder: log2 of the largest window of a stream */
    uint8_t *frame;       /* decoder: a block, made a frame */
    uint64_t frame_room;
    char why[100]; /* the last call refused it for this reason; empty: none, or it is damaged */
};

/* encode.c */
uint64_t tenon_zstd_bound (const struct tenon_coding *coding, uint64_t size);
uint64_t tenon_zstd_block_size (const struct tenon_coding *coding, uint64_t size);
int64_t tenon_zstd_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to,
                           uint64_t room);
tenon_status tenon_zstd_open_encoder (struct zstd_state *state);

/* decode.c */
tenon_status tenon_zstd_open (const struct tenon_coding *coding, void **state);
void tenon_zstd_close (void *state);
tenon_status tenon_zstd_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                                uint64_t size);
tenon_status tenon_zstd_reset (void *state);
int32_t tenon_zstd_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to,
                         uint64_t room, uint64_t *made);
const char *tenon_zstd_why (void *state);

/* frame.c: what the filter itself reads and writes of a frame (RFC 8878, 3.1.1) */
#define ZSTD_HEAD_SIZE 6u /* magic, descriptor, window */
#define ZSTD_END_SIZE 3u
/* log2 of the window that holds so many bytes, if it is allowed. */
uint32_t tenon_zstd_window (uint64_t size);
/* Writes the header of a frame of unknown size, whose window holds blocks of `size` bytes. */
void tenon_zstd_put_head (uint8_t *to, uint64_t size);
/* Writes an empty last block. */
void tenon_zstd_put_end (uint8_t *to);
/* The bytes begin a frame, which may be one to skip. */
int tenon_zstd_is_frame (const uint8_t *bytes, uint64_t length);

#endif
