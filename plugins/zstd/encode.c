/* SPDX-License-Identifier: MIT */
/* encode.c - blocks that were encoded by themselves, and are one frame when they are joined.
 *
 * A frame of several blocks is what every reader of zstd reads. Several frames are not: Python's zipfile and
 * libzip stop at the end of the first one. So blocks are joined in one frame, although each is encoded
 * without the ones before it. For that, a block must refer neither to bytes before it, nor to the three
 * offsets that the decoder remembers from there. libzstd makes such blocks where it divides a stream into
 * jobs for several threads: with an overlap of nothing, a job knows only its own bytes. The encoder gives it
 * a first job of one byte, drops what comes of it, and keeps the second. libzstd runs jobs on a thread of its
 * own, here one, for which the encoding thread waits. */
#include "zstd_filter.h"

/* More than zstd's own bound: each flush may add an empty block. */
#define SPARE 64u
#define MOST_JOB (512 << 20)

uint64_t
tenon_zstd_bound (const struct tenon_coding *coding, uint64_t size)
{
    uint64_t bound = size < SIZE_MAX / 2 ? ZSTD_compressBound ((size_t) size) : 0;
    (void) coding;
    return bound == 0 || ZSTD_isError (bound) ? UINT64_MAX : bound + ZSTD_HEAD_SIZE + ZSTD_END_SIZE + SPARE;
}

/* Large enough that what a block cannot see before itself costs next to nothing, small enough that slices
 * decode little, and that many fit into memory. */
uint64_t
tenon_zstd_block_size (const struct tenon_coding *coding, uint64_t size)
{
    (void) size;
    return (uint64_t) (coding->level < 10 ? 1 : 4) << 20;
}

static tenon_status
set_parameter (ZSTD_CCtx *encoder, ZSTD_cParameter parameter, int value)
{
    return ZSTD_isError (ZSTD_CCtx_setParameter (encoder, parameter, value)) ? TENON_E_UNSUPPORTED : TENON_OK;
}

tenon_status
tenon_zstd_open_encoder (struct zstd_state *state)
{
    state->whole = ZSTD_createCCtx ();
    state->joined = ZSTD_createCCtx ();
    if (!state->whole || !state->joined)
        return TENON_E_MEMORY;
    TENON_TRY (set_parameter (state->whole, ZSTD_c_compressionLevel, state->level));
    TENON_TRY (set_parameter (state->joined, ZSTD_c_compressionLevel, state->level));
    TENON_TRY (set_parameter (state->joined, ZSTD_c_nbWorkers, 1));
    return set_parameter (state->joined, ZSTD_c_overlapLog, 1);
}

/* Puts all of `size` bytes through an encoder. Returns the number of bytes that it made, or TENON_E_*. */
static int64_t
run_encoder (ZSTD_CCtx *encoder, ZSTD_EndDirective how, const void *from, uint64_t size, void *to,
             uint64_t room)
{
    ZSTD_inBuffer in = { from, (size_t) size, 0 };
    ZSTD_outBuffer out = { to, (size_t) room, 0 };
    for (;;) {
        size_t left = ZSTD_compressStream2 (encoder, &out, &in, how);
        if (ZSTD_isError (left))
            return TENON_E_MEMORY; /* all other failures are excluded */
        if (left == 0 && in.pos == in.size)
            return (int64_t) out.pos;
        if (out.pos == out.size)
            return TENON_E_MISUSE;
    }
}

/* Begins a frame whose matches reach back no further than a block. */
static tenon_status
begin_blocks (ZSTD_CCtx *encoder, uint64_t size)
{
    ZSTD_CCtx_reset (encoder, ZSTD_reset_session_only);
    return set_parameter (encoder, ZSTD_c_windowLog, (int) tenon_zstd_window (size));
}

/* A frame whose end follows in another block. */
static int64_t
encode_first (struct zstd_state *state, const void *from, uint64_t size, uint8_t *to, uint64_t room)
{
    TENON_TRY (begin_blocks (state->whole, size));
    int64_t length = run_encoder (state->whole, ZSTD_e_flush, from, size, to, room);
    if (length < 0)
        return length;
    if (length < (int64_t) ZSTD_HEAD_SIZE || to[4] != 0)
        return TENON_E_UNSUPPORTED; /* that libzstd writes another header */
    tenon_zstd_put_head (to, size);
    return length;
}

/* Blocks that go on with a frame. */
static int64_t
encode_next (struct zstd_state *state, uint32_t last, const void *from, uint64_t size, void *to,
             uint64_t room)
{
    uint8_t dropped[256];
    if (size > state->job) {
        ZSTD_CCtx_reset (state->joined, ZSTD_reset_session_only);
        TENON_TRY (set_parameter (state->joined, ZSTD_c_jobSize, size < MOST_JOB ? (int) size : MOST_JOB));
        state->job = size;
    }
    TENON_TRY (begin_blocks (state->joined, state->job));
    int64_t length = run_encoder (state->joined, ZSTD_e_flush, "", 1, dropped, sizeof dropped);
    return length < 0 ? length
                      : run_encoder (state->joined, last ? ZSTD_e_end : ZSTD_e_flush, from, size, to, room);
}

int64_t
tenon_zstd_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct zstd_state *state = (struct zstd_state *) opaque;
    uint32_t last = flags & TENON_FILTER_LAST;
    if (!(flags & TENON_FILTER_FIRST))
        return encode_next (state, last, from, size, to, room);
    if (!last)
        return encode_first (state, from, size, (uint8_t *) to, room);
    ZSTD_CCtx_reset (state->whole, ZSTD_reset_session_only);
    TENON_TRY (set_parameter (state->whole, ZSTD_c_windowLog, 0));
    size_t length = ZSTD_compress2 (state->whole, to, (size_t) room, from, (size_t) size);
    return ZSTD_isError (length) ? TENON_E_MEMORY : (int64_t) length;
}
