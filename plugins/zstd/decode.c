/* SPDX-License-Identifier: MIT */
/* decode.c - streams, and blocks of one frame that were encoded by themselves. */
#include "zstd_filter.h"
#include <stdlib.h>
#include <zstd_errors.h>

tenon_status
tenon_zstd_open (const struct tenon_coding *coding, void **result)
{
    struct zstd_state *state = calloc (1, sizeof *state);
    tenon_status status = TENON_OK;
    if (!state)
        return TENON_E_MEMORY;
    state->level = coding->level;
    if (coding->setup_size > 0)
        status = TENON_E_UNSUPPORTED; /* it has none */
    else if (coding->encode)
        status = tenon_zstd_open_encoder (state);
    else {
        ZSTD_bounds windows = ZSTD_dParam_getBounds (ZSTD_d_windowLogMax);
        state->most_window = (uint32_t) windows.upperBound;
        while (state->most_window > (uint32_t) windows.lowerBound && coding->memory
               && (uint64_t) 1 << state->most_window > coding->memory)
            state->most_window--;
        state->decoder = ZSTD_createDCtx ();
        if (!state->decoder)
            status = TENON_E_MEMORY;
        else if (ZSTD_isError (
                     ZSTD_DCtx_setParameter (state->decoder, ZSTD_d_windowLogMax, (int) state->most_window)))
            status = TENON_E_UNSUPPORTED;
    }
    if (status == TENON_OK)
        *result = state;
    else
        tenon_zstd_close (state);
    return status;
}

void
tenon_zstd_close (void *opaque)
{
    struct zstd_state *state = (struct zstd_state *) opaque;
    ZSTD_freeCCtx (state->whole);
    ZSTD_freeCCtx (state->joined);
    ZSTD_freeDCtx (state->decoder);
    free (state->frame);
    free (state);
}

const char *
tenon_zstd_why (void *opaque)
{
    const struct zstd_state *state = (const struct zstd_state *) opaque;
    return state->why[0] ? state->why : NULL;
}

/* The status of what libzstd refused. */
static tenon_status
refuse (struct zstd_state *state, size_t result)
{
    switch (ZSTD_getErrorCode (result)) {
    case ZSTD_error_memory_allocation: return TENON_E_MEMORY;
    case ZSTD_error_dictionary_wrong:
        snprintf (state->why, sizeof state->why, "a dictionary is needed, and there is none");
        return TENON_E_UNSUPPORTED;
    case ZSTD_error_version_unsupported:
        snprintf (state->why, sizeof state->why, "they were written by a version of zstd before 1.0");
        return TENON_E_UNSUPPORTED;
    case ZSTD_error_frameParameter_windowTooLarge:
        snprintf (state->why, sizeof state->why,
                  "they need a window of more than %llu bytes; raise memory in [limits]",
                  1ull << state->most_window);
        return TENON_E_LIMIT;
    default: return TENON_E_MALFORMED;
    }
}

/* ---- whole blocks ---- */

static tenon_status
decode_frames (struct zstd_state *state, const void *from, uint64_t stored, void *to, uint64_t size)
{
    size_t made = ZSTD_decompressDCtx (state->decoder, to, (size_t) size, from, (size_t) stored);
    return ZSTD_isError (made) ? refuse (state, made) : made == size ? TENON_OK : TENON_E_MALFORMED;
}

tenon_status
tenon_zstd_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    struct zstd_state *state = (struct zstd_state *) opaque;
    const uint64_t most = SIZE_MAX - ZSTD_HEAD_SIZE - ZSTD_END_SIZE;
    int first = tenon_zstd_is_frame (from, stored);
    state->why[0] = 0;
    if (first && last)
        return decode_frames (state, from, stored, to, size);
    if (stored > most || size > SIZE_MAX)
        return TENON_E_MEMORY;
    if (stored + ZSTD_HEAD_SIZE + ZSTD_END_SIZE > state->frame_room) {
        free (state->frame);
        state->frame_room = 0;
        if (!(state->frame = malloc ((size_t) stored + ZSTD_HEAD_SIZE + ZSTD_END_SIZE)))
            return TENON_E_MEMORY;
        state->frame_room = stored + ZSTD_HEAD_SIZE + ZSTD_END_SIZE;
    }
    uint8_t *end = state->frame;
    if (!first) {
        tenon_zstd_put_head (end, size);
        end += ZSTD_HEAD_SIZE;
    }
    memcpy (end, from, (size_t) stored);
    end += stored;
    if (!last) {
        tenon_zstd_put_end (end);
        end += ZSTD_END_SIZE;
    }
    return decode_frames (state, state->frame, (uint64_t) (end - state->frame), to, size);
}

/* ---- streams ---- */

tenon_status
tenon_zstd_reset (void *opaque)
{
    struct zstd_state *state = (struct zstd_state *) opaque;
    state->why[0] = 0;
    return ZSTD_isError (ZSTD_DCtx_reset (state->decoder, ZSTD_reset_session_only)) ? TENON_E_MALFORMED
                                                                                    : TENON_OK;
}

/* A frame may be followed by another one, and a stream by frames to skip. */
int32_t
tenon_zstd_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                 uint64_t *made)
{
    struct zstd_state *state = (struct zstd_state *) opaque;
    ZSTD_inBuffer in = { from, (size_t) stored, 0 };
    ZSTD_outBuffer out = { to, (size_t) room, 0 };
    state->why[0] = 0;
    size_t left = ZSTD_decompressStream (state->decoder, &out, &in);
    *taken = in.pos;
    *made = out.pos;
    if (ZSTD_isError (left))
        return refuse (state, left);
    return left == 0 ? TENON_STEP_MAY_END : TENON_STEP_MORE;
}
