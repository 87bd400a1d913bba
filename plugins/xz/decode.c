/* SPDX-License-Identifier: MIT */
/* decode.c - streams of .xz, and one LZMA stream in its framings. */
#include "xz_filter.h"
#include <stdlib.h>

/* Between streams of .xz there may be zeros, as many as a multiple of this. */
#define PADDING 4u

tenon_status
xz_reset (void *opaque)
{
    struct xz_state *state = (struct xz_state *) opaque;
    state->runs = state->streams = 0;
    state->padding = state->head_length = 0;
    state->why[0] = 0;
    return TENON_OK;
}

/* ---- refusals ---- */

static tenon_status
refuse_memory (struct xz_state *state, uint64_t needed)
{
    snprintf (state->why, sizeof state->why, "they need %llu bytes of memory; raise memory in [limits]",
              (unsigned long long) needed);
    return TENON_E_LIMIT;
}

/* What liblzma said that is neither progress nor the end. */
static tenon_status
refuse (struct xz_state *state, lzma_ret result)
{
    switch (result) {
    case LZMA_MEM_ERROR: return TENON_E_MEMORY;
    case LZMA_MEMLIMIT_ERROR: return refuse_memory (state, lzma_memusage (&state->stream));
    case LZMA_UNSUPPORTED_CHECK:
        snprintf (state->why, sizeof state->why, "they have a checksum that liblzma does not know");
        return TENON_E_UNSUPPORTED;
    case LZMA_OPTIONS_ERROR:
        snprintf (state->why, sizeof state->why, "they use a filter or an option that liblzma does not know");
        return TENON_E_UNSUPPORTED;
    default: return TENON_E_MALFORMED;
    }
}

/* ---- beginning ---- */

/* Takes the headers of XZ_ZIP, of which the last bytes may be missing yet. */
static tenon_status
begin_zip (struct xz_state *state, const uint8_t **from, uint64_t *stored)
{
    lzma_filter filters[] = { { LZMA_FILTER_LZMA1, NULL }, { LZMA_VLI_UNKNOWN, NULL } };
    while (state->head_length<sizeof state->head && * stored> 0) {
        state->head[state->head_length++] = *(*from)++;
        --*stored;
    }
    if (state->head_length < sizeof state->head)
        return TENON_OK;
    if (tenon_le16 (state->head + 2) != XZ_PROPERTIES)
        return TENON_E_MALFORMED;
    lzma_ret result = lzma_properties_decode (filters, NULL, state->head + XZ_ZIP_HEAD, XZ_PROPERTIES);
    if (result != LZMA_OK)
        return result == LZMA_MEM_ERROR ? TENON_E_MEMORY : TENON_E_MALFORMED;
    uint64_t needed = lzma_raw_decoder_memusage (filters);
    tenon_status status = TENON_OK;
    if (state->memory && needed > state->memory)
        status = refuse_memory (state, needed);
    else if ((result = lzma_raw_decoder (&state->stream, filters)) != LZMA_OK)
        status = refuse (state, result);
    free (filters[0].options);
    state->runs = status == TENON_OK;
    return status;
}

/* Skips the padding in front of the next stream, of which there need not be one. */
static tenon_status
skip_padding (struct xz_state *state, const uint8_t **from, uint64_t *stored)
{
    while (*stored > 0 && **from == 0) {
        ++*from;
        --*stored;
        state->padding++;
    }
    return *stored > 0 && state->padding % PADDING != 0 ? TENON_E_MALFORMED : TENON_OK;
}

static tenon_status
begin_stream (struct xz_state *state, const uint8_t **from, uint64_t *stored)
{
    uint64_t memory = state->memory ? state->memory : UINT64_MAX;
    if (state->framing == XZ_ZIP)
        return begin_zip (state, from, stored);
    if (state->streams)
        TENON_TRY (skip_padding (state, from, stored));
    if (*stored == 0)
        return TENON_OK;
    lzma_ret result = state->framing == XZ_ALONE
                          ? lzma_alone_decoder (&state->stream, memory)
                          : lzma_stream_decoder (&state->stream, memory, LZMA_TELL_UNSUPPORTED_CHECK);
    if (result != LZMA_OK)
        return refuse (state, result);
    state->runs = 1;
    state->padding = 0;
    return TENON_OK;
}

/* ---- decoding ---- */

/* The result of a step that is between two streams, or in front of the first. */
static int32_t
rest (const struct xz_state *state)
{
    return state->streams && state->padding % PADDING == 0 ? TENON_STEP_MAY_END : TENON_STEP_MORE;
}

int32_t
xz_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
         uint64_t *made)
{
    struct xz_state *state = (struct xz_state *) opaque;
    lzma_stream *stream = &state->stream;
    const uint8_t *bytes = (const uint8_t *) from;
    uint64_t left = stored;
    *taken = *made = 0;
    if (!state->runs)
        TENON_TRY (begin_stream (state, &bytes, &left));
    *taken = stored - left;
    if (!state->runs)
        return rest (state);
    stream->next_in = bytes;
    stream->avail_in = (size_t) left;
    stream->next_out = (uint8_t *) to;
    stream->avail_out = (size_t) room;
    lzma_ret result = lzma_code (stream, LZMA_RUN);
    *taken = stored - stream->avail_in;
    *made = room - stream->avail_out;
    if (result == LZMA_OK || result == LZMA_BUF_ERROR) /* the latter: neither input nor room */
        return TENON_STEP_MORE;
    if (result != LZMA_STREAM_END)
        return refuse (state, result);
    state->runs = 0;
    state->streams = 1;
    return state->framing == XZ_STREAMS ? TENON_STEP_MAY_END : TENON_STEP_END;
}

tenon_status
xz_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint64_t in = 0, out = 0, taken, made;
    uint8_t beyond[1];
    int32_t result;
    (void) last; /* it always is */
    TENON_TRY (xz_reset (opaque));
    do {
        int full = out == size;
        result = xz_step (opaque, (const uint8_t *) from + in, stored - in, &taken,
                          full ? beyond : (uint8_t *) to + out, full ? sizeof beyond : size - out, &made);
        if (result < 0)
            return result;
        if (full && made > 0)
            return TENON_E_MALFORMED;
        in += taken, out += made;
        if (result != TENON_STEP_MORE && in == stored)
            return out == size ? TENON_OK : TENON_E_MALFORMED;
    } while (result != TENON_STEP_END && (taken > 0 || made > 0));
    return TENON_E_MALFORMED;
}
