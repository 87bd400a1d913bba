/* SPDX-License-Identifier: MIT */
/* filter.c - a mock plugin (mock.h): a filter that shortens runs of zeros.
 *
 *     u32 bytes, decoded, then pieces: u32, whose bit 31 says that as many zeros as the other bits say are
 *     meant; else that many bytes follow
 *
 * Level 0 makes one piece, level 3 the most. With STEPS_ONLY it has step in place of decode. */
#include "mock.h"
#include <sched.h>
#include <stdlib.h>

#define ZEROS 0x80000000u
#define LEAST_RUN 16u /* bytes; so a run never makes the stream longer */

struct state {
    int32_t level;
    uint64_t at; /* of the next piece, decoded */

    /* between two steps */
    uint8_t head[4];      /* of the stream, or of a piece */
    uint32_t have, begun; /* bytes of head; the stream's was read */
    uint32_t zeros;       /* the piece is a run */
    uint64_t left, piece; /* bytes left of the stream, and of the piece */
};

static tenon_status
open_state (const struct tenon_coding *coding, void **made)
{
    static struct state shared;
    struct state *state = MOCK (shares_state) ? &shared : (struct state *) calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->level = coding->level;
    *made = state;
    return TENON_OK;
}

static void
close_state (void *state)
{
    if (!MOCK (shares_state))
        free (state);
}

static uint64_t
bound_encoded (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size + (MOCK (tight_bound) && size > 0 ? 7 : MOCK (encodes_randomly) ? 12 : 8);
}

/* The zeros at the beginning, as far as that is a run. */
static uint64_t
find_run (const uint8_t *bytes, uint64_t size, int32_t level)
{
    uint64_t run = 0, least = LEAST_RUN << (3 - level);
    while (run < size && bytes[run] == 0)
        run++;
    return level > 0 && run >= least ? run : 0;
}

static int64_t
encode_zeros (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct state *state = (struct state *) opaque;
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to, *end = out;
    (void) flags;
    if (room < size + 8 && !(size == 0 && room >= 4))
        return TENON_E_LIMIT;
    if (size >= ZEROS)
        return TENON_E_UNSUPPORTED;
    if (MOCK (refuses_size) && size == 4096)
        return TENON_E_LIMIT;
    end = (uint8_t *) tenon_put_le32 (end, (uint32_t) size);
    for (state->at = 0; state->at < size;) {
        if (MOCK (shares_state))
            sched_yield ();
        uint64_t begin = state->at, run = find_run (in + begin, size - begin, state->level), length = run;
        if (!run)
            for (length = 1; begin + length < size
                             && !find_run (in + begin + length, size - begin - length, state->level);)
                length++;
        end = (uint8_t *) tenon_put_le32 (end, (uint32_t) length | (run ? ZEROS : 0));
        if (!run)
            memcpy (end, in + begin, length);
        if (MOCK (breaks_level) && state->level == 3 && !run && length > 100)
            end[99] ^= 1;
        end += run ? 0 : length;
        state->at = begin + length;
    }
    if (MOCK (encodes_randomly) && size > 0 && room - (uint64_t) (end - out) >= 4) {
        static unsigned long calls; /* a clock would be as bad, but a test needs the same luck each time */
        if (__atomic_fetch_add (&calls, 1, __ATOMIC_RELAXED) % 3 == 1) /* an empty piece */
            end = (uint8_t *) tenon_put_le32 (end, 0);
    }
    return end - out;
}

__attribute__ ((unused)) static tenon_status
decode_zeros (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    uint64_t at = 4, done = 0;
    (void) state, (void) last;
    if (stored < 4 || tenon_le32 (in) != size)
        return TENON_E_MALFORMED;
    memset (out, 0, size);
    while (at < stored) {
        if (stored - at < 4)
            return MOCK (decodes_short) ? TENON_OK : TENON_E_MALFORMED;
        uint32_t piece = tenon_le32 (in + at);
        uint64_t length = piece & ~ZEROS;
        at += 4;
        if (MOCK (decodes_short) && !(piece & ZEROS) && length > stored - at)
            length = stored - at;
        if (!MOCK (trusts_stream) && (length > size - done || (!(piece & ZEROS) && length > stored - at)))
            return TENON_E_MALFORMED;
        if (piece & ZEROS)
            memset (out + done, 0, length);
        else
            memcpy (out + done, in + at, length);
        at += piece & ZEROS ? 0 : length;
        done += length;
    }
    return done == size || MOCK (decodes_short) ? TENON_OK : TENON_E_MALFORMED;
}

__attribute__ ((unused)) static tenon_status
reset_state (void *opaque)
{
    struct state *state = (struct state *) opaque;
    state->have = state->begun = 0;
    state->left = state->piece = 0;
    return TENON_OK;
}

/* Takes the head that is complete. */
static tenon_status
take_head (struct state *state)
{
    uint32_t number = tenon_le32 (state->head);
    state->have = 0;
    if (!state->begun)
        state->left = number;
    else {
        state->piece = number & ~ZEROS;
        state->zeros = number & ZEROS;
        if (state->piece > state->left)
            return TENON_E_MALFORMED;
        state->left -= state->piece;
    }
    state->begun = 1;
    return TENON_OK;
}

__attribute__ ((unused)) static int32_t
step_zeros (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    *taken = *made = 0;
    for (;;) {
        for (; state->piece > 0 && *made < room && (state->zeros || *taken < stored); state->piece--)
            out[(*made)++] = state->zeros ? 0 : in[(*taken)++];
        if (state->piece > 0)
            return TENON_STEP_MORE;
        if (state->begun && state->left == 0)
            return TENON_STEP_END;
        while (state->have < 4 && *taken < stored)
            state->head[state->have++] = in[(*taken)++];
        if (state->have < 4)
            return TENON_STEP_MORE;
        if (MOCK (forgets_bit) && state->begun)
            state->head[0] &= 0xfe;
        TENON_TRY (take_head (state));
    }
}

static const struct tenon_filter filter = {
    .struct_size = sizeof filter,
    .id = "mockzeros",
    .label = "shorter runs of zeros",
    .most_level = 3,
    .default_level = 1,
    .bound = bound_encoded,
    .open = open_state,
    .close = close_state,
    .encode = encode_zeros,
#ifdef STEPS_ONLY
    .reset = reset_state,
    .step = step_zeros,
#else
    .decode = decode_zeros,
#endif
};
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "filter",
    .version = "1.0",
    .license = "MIT",
    .summary = "a filter for the tests of tenon check-plugin",
    .filters = filters,
};

TENON_PLUGIN (plugin)
