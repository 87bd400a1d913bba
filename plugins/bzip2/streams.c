/* SPDX-License-Identifier: MIT */
/* streams.c - streams of bzip2, of which any number follow each other. */
#include "bzip2_filter.h"
#include <bzlib.h>
#include <stdlib.h>

/* libbz2's own blocks have at most this many bytes for each level, without the few that it keeps free. */
#define LEVEL_BYTES 100000u
#define KEPT_FREE 19u
#define OWN_BLOCKS 4u
#define MOST_PIECE ((uint64_t) 1 << 30) /* libbz2 counts in 32 bits */
/* Of an encoded block that cannot become smaller; the manual of libbz2 states it. */
#define SPARE 600u

struct bzip2_state {
    bz_stream stream;
    int32_t level;
    int runs;              /* a stream has begun, and the library holds memory for it */
    uint64_t memory, held; /* how much it may hold, and holds; 0: any number */
    uint64_t asked;        /* of the request that was refused: what all would have come to */
    char why[128];
};

/* ---- memory ---- */

#define BESIDE 16u /* in front of each piece lies its size */

static void *
allocate (void *opaque, int count, int size)
{
    struct bzip2_state *state = (struct bzip2_state *) opaque;
    uint64_t bytes = (uint64_t) (unsigned) count * (unsigned) size + BESIDE;
    if (state->memory && bytes > state->memory - state->held) {
        state->asked = state->held + bytes;
        return NULL;
    }
    uint8_t *piece = malloc ((size_t) bytes);
    if (!piece)
        return NULL;
    memcpy (piece, &bytes, sizeof bytes);
    state->held += bytes;
    return piece + BESIDE;
}

static void
give_back (void *opaque, void *piece)
{
    uint64_t bytes;
    if (!piece)
        return;
    memcpy (&bytes, (uint8_t *) piece - BESIDE, sizeof bytes);
    ((struct bzip2_state *) opaque)->held -= bytes;
    free ((uint8_t *) piece - BESIDE);
}

/* ---- states ---- */

/* Ends the stream, wherever it stands. The next step begins another one. */
static tenon_status
reset_bzip2 (void *opaque)
{
    struct bzip2_state *state = (struct bzip2_state *) opaque;
    if (state->runs)
        BZ2_bzDecompressEnd (&state->stream);
    state->runs = 0;
    state->why[0] = 0;
    return TENON_OK;
}

static void
close_bzip2 (void *opaque)
{
    reset_bzip2 (opaque);
    free (opaque);
}

static tenon_status
open_bzip2 (const struct tenon_coding *coding, void **result)
{
    if (coding->setup_size > 0)
        return TENON_E_UNSUPPORTED; /* it has none */
    struct bzip2_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->level = coding->level;
    state->memory = coding->memory;
    state->stream.bzalloc = allocate;
    state->stream.bzfree = give_back;
    state->stream.opaque = state;
    *result = state;
    return TENON_OK;
}

static const char *
explain_bzip2 (void *opaque)
{
    const struct bzip2_state *state = (const struct bzip2_state *) opaque;
    return state->why[0] ? state->why : NULL;
}

/* ---- encoding ---- */

static uint64_t
bound_bzip2 (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size <= UINT64_MAX - size / 100 - SPARE ? size + size / 100 + SPARE : UINT64_MAX;
}

/* A few whole blocks of the library: the ends of streams cost nothing, and all threads have work. */
static uint64_t
block_size_bzip2 (const struct tenon_coding *coding, uint64_t size)
{
    (void) size;
    return OWN_BLOCKS * ((uint64_t) coding->level * LEVEL_BYTES - KEPT_FREE);
}

/* The next piece of a buffer. */
static unsigned
piece_of (uint64_t left)
{
    return (unsigned) (left < MOST_PIECE ? left : MOST_PIECE);
}

static int64_t
run_encoder (bz_stream *stream, const uint8_t *from, uint64_t size, uint8_t *to, uint64_t room)
{
    uint64_t taken = 0, made = 0;
    int result = BZ_RUN_OK;
    while (result != BZ_STREAM_END) {
        unsigned in = piece_of (size - taken), out = piece_of (room - made);
        stream->next_in = (char *) (uintptr_t) (from + taken);
        stream->avail_in = in;
        stream->next_out = (char *) to + made;
        stream->avail_out = out;
        result = BZ2_bzCompress (stream, in == size - taken ? BZ_FINISH : BZ_RUN);
        taken += in - stream->avail_in;
        made += out - stream->avail_out;
        if (result < 0 || (result != BZ_STREAM_END && made == room))
            return TENON_E_MISUSE; /* too little room */
    }
    return (int64_t) made;
}

static int64_t
encode_bzip2 (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct bzip2_state *state = (struct bzip2_state *) opaque;
    (void) flags; /* each block is a stream */
    if (BZ2_bzCompressInit (&state->stream, state->level, 0, 0) != BZ_OK)
        return TENON_E_MEMORY;
    int64_t length = run_encoder (&state->stream, from, size, to, room);
    BZ2_bzCompressEnd (&state->stream);
    return length;
}

/* ---- decoding ---- */

static tenon_status
refuse (struct bzip2_state *state, int result)
{
    if (result != BZ_MEM_ERROR)
        return TENON_E_MALFORMED;
    if (!state->asked)
        return TENON_E_MEMORY;
    snprintf (state->why, sizeof state->why, "they need %llu bytes of memory; raise memory in [limits]",
              (unsigned long long) state->asked);
    return TENON_E_LIMIT;
}

/* Behind a stream there may be another one. */
static int32_t
step_bzip2 (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    struct bzip2_state *state = (struct bzip2_state *) opaque;
    bz_stream *stream = &state->stream;
    unsigned in = piece_of (stored), out = piece_of (room);
    *taken = *made = 0;
    state->asked = 0;
    if (!state->runs && BZ2_bzDecompressInit (stream, 0, 0) != BZ_OK)
        return refuse (state, BZ_MEM_ERROR);
    state->runs = 1;
    stream->next_in = (char *) (uintptr_t) from;
    stream->avail_in = in;
    stream->next_out = to;
    stream->avail_out = out;
    int result = BZ2_bzDecompress (stream);
    *taken = in - stream->avail_in;
    *made = out - stream->avail_out;
    if (result == BZ_STREAM_END)
        return reset_bzip2 (state), TENON_STEP_MAY_END;
    return result == BZ_OK ? TENON_STEP_MORE : refuse (state, result);
}

static tenon_status
decode_bzip2 (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint64_t in = 0, out = 0, taken, made;
    uint8_t beyond[1];
    int32_t result;
    (void) last; /* it always is */
    TENON_TRY (reset_bzip2 (opaque));
    do {
        int full = out == size;
        result = step_bzip2 (opaque, (const uint8_t *) from + in, stored - in, &taken,
                             full ? beyond : (uint8_t *) to + out, full ? sizeof beyond : size - out, &made);
        if (result < 0)
            return result;
        if (full && made > 0)
            return TENON_E_MALFORMED;
        in += taken, out += made;
        if (result == TENON_STEP_MAY_END && in == stored)
            return out == size ? TENON_OK : TENON_E_MALFORMED;
    } while (taken > 0 || made > 0 || result == TENON_STEP_MAY_END);
    return TENON_E_MALFORMED;
}

const struct tenon_filter tenon_bzip2 = {
    .struct_size = sizeof tenon_bzip2,
    .flags = TENON_FILTER_FRAMES,
    .id = "bzip2",
    .label = "bzip2",
    .least_level = 1,
    .most_level = 9,
    .default_level = 9,
    .bound = bound_bzip2,
    .open = open_bzip2,
    .close = close_bzip2,
    .encode = encode_bzip2,
    .decode = decode_bzip2,
    .reset = reset_bzip2,
    .step = step_bzip2,
    .block_size = block_size_bzip2,
    .why = explain_bzip2,
};
