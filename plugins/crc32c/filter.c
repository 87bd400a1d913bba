/* SPDX-License-Identifier: MIT */
/* filter.c - the bytes as they are, with a checksum of 4 bytes, the lowest first, in front or behind. */
#include "crc_filter.h"
#include <stdlib.h>
#include <tenon/crc.h>
#include <zlib.h>

#define SUM_SIZE 4u
/* Bytes that are summed while they are in the first-level cache. */
#define PIECE 16384u

enum { BEHIND = 0, IN_FRONT = 1 };

struct crc_state {
    uint32_t place, kind; /* BEHIND, IN_FRONT; TENON_CHECK_* */
    /* of step */
    uint32_t sum;           /* of what was decoded so far */
    uint8_t held[SUM_SIZE]; /* the checksum, or what may be it: the last bytes so far … */
    uint32_t held_count;    /* … and how many */
};

uint64_t
tenon_crc_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size > UINT64_MAX - SUM_SIZE ? UINT64_MAX : size + SUM_SIZE;
}

tenon_status
tenon_crc_open (const struct tenon_coding *coding, void **result)
{
    const uint8_t *setup = (const uint8_t *) coding->setup;
    uint32_t place = BEHIND, kind = TENON_CHECK_CRC32C;
    switch (coding->setup_size) {
    case 8: kind = tenon_le32 (setup + 4); /* fall through */
    case 4: place = tenon_le32 (setup);    /* fall through */
    case 0: break;
    default: return TENON_E_MALFORMED;
    }
    if (place > IN_FRONT || kind == TENON_CHECK_NONE)
        return TENON_E_MALFORMED;
    if (kind > TENON_CHECK_ADLER32)
        return TENON_E_UNSUPPORTED;
    struct crc_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->place = place;
    state->kind = kind;
    *result = state;
    return TENON_OK;
}

void
tenon_crc_close (void *state)
{
    free (state);
}

/* ---- checksums ---- */

static uint32_t
begin_sum (const struct crc_state *state)
{
    return state->kind == TENON_CHECK_ADLER32;
}

/* Copies bytes, and returns the sum of all that were copied since begin_sum. */
static uint32_t
copy_summed (const struct crc_state *state, uint32_t sum, uint8_t *to, const uint8_t *from, uint64_t size)
{
    while (size > 0) { /* of no bytes, an address may be NULL, and then zlib begins again */
        uint64_t piece = size < PIECE ? size : PIECE;
        memcpy (to, from, piece);
        switch (state->kind) {
        case TENON_CHECK_CRC32: sum = (uint32_t) crc32 (sum, to, (uInt) piece); break;
        case TENON_CHECK_ADLER32: sum = (uint32_t) adler32 (sum, to, (uInt) piece); break;
        default: sum = tenon_crc32c (sum, to, piece);
        }
        to += piece, from += piece, size -= piece;
    }
    return sum;
}

/* ---- at once ---- */

int64_t
tenon_crc_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    const struct crc_state *state = (const struct crc_state *) opaque;
    uint8_t *bytes = (uint8_t *) to;
    (void) flags;
    if (room < SUM_SIZE || size > room - SUM_SIZE)
        return TENON_E_LIMIT;
    uint64_t offset = state->place == IN_FRONT ? SUM_SIZE : 0;
    uint32_t sum = copy_summed (state, begin_sum (state), bytes + offset, (const uint8_t *) from, size);
    tenon_put_le32 (state->place == IN_FRONT ? bytes : bytes + size, sum);
    return (int64_t) (size + SUM_SIZE);
}

tenon_status
tenon_crc_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    const struct crc_state *state = (const struct crc_state *) opaque;
    const uint8_t *bytes = (const uint8_t *) from;
    (void) last;
    if (stored < SUM_SIZE || stored - SUM_SIZE != size)
        return TENON_E_MALFORMED;
    uint64_t offset = state->place == IN_FRONT ? SUM_SIZE : 0;
    uint32_t stated = tenon_le32 (state->place == IN_FRONT ? bytes : bytes + size);
    uint32_t sum = copy_summed (state, begin_sum (state), (uint8_t *) to, bytes + offset, size);
    return sum == stated ? TENON_OK : TENON_E_CHECKSUM;
}

int64_t
tenon_crc_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room)
{
    if (stored < SUM_SIZE)
        return TENON_E_MALFORMED;
    uint64_t size = stored - SUM_SIZE;
    tenon_status status = size > room ? TENON_OK : tenon_crc_decode (state, 1, from, stored, to, size);
    return status < 0 ? status : (int64_t) size;
}

/* ---- in pieces ---- */

tenon_status
tenon_crc_reset (void *opaque)
{
    struct crc_state *state = (struct crc_state *) opaque;
    state->sum = begin_sum (state);
    state->held_count = 0;
    return TENON_OK;
}

/* Holds as many bytes as a checksum has. Returns how many it took. */
static uint64_t
hold_bytes (struct crc_state *state, const uint8_t *from, uint64_t length)
{
    uint64_t room = SUM_SIZE - state->held_count, taken = length < room ? length : room;
    if (taken > 0)
        memcpy (state->held + state->held_count, from, taken);
    state->held_count += (uint32_t) taken;
    return taken;
}

/* The checksum is in front: it is held at first. */
static void
step_behind_sum (struct crc_state *state, const uint8_t *from, uint64_t stored, uint64_t *taken, uint8_t *to,
                 uint64_t room, uint64_t *made)
{
    uint64_t held = hold_bytes (state, from, stored);
    *made = stored - held < room ? stored - held : room;
    *taken = held + *made;
    state->sum = copy_summed (state, state->sum, to, from + held, *made);
}

/* It is behind: the last bytes so far are held, since they may be it. */
static void
step_before_sum (struct crc_state *state, const uint8_t *from, uint64_t stored, uint64_t *taken, uint8_t *to,
                 uint64_t room, uint64_t *made)
{
    uint64_t held = state->held_count, spare = stored > SUM_SIZE - held ? stored - (SUM_SIZE - held) : 0;
    uint64_t old, fresh;
    *made = spare < room ? spare : room;
    old = *made < held ? *made : held;
    fresh = *made - old;
    state->sum = copy_summed (state, state->sum, to, state->held, old);
    memmove (state->held, state->held + old, held - old);
    state->held_count = (uint32_t) (held - old);
    state->sum = copy_summed (state, state->sum, to + old, from, fresh);
    *taken = fresh + hold_bytes (state, from + fresh, stored - fresh);
}

int32_t
tenon_crc_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                uint64_t *made)
{
    struct crc_state *state = (struct crc_state *) opaque;
    *taken = *made = 0;
    if (stored > 0) /* else the addresses may be NULL */
        (state->place == IN_FRONT ? step_behind_sum : step_before_sum) (state, (const uint8_t *) from, stored,
                                                                        taken, (uint8_t *) to, room, made);
    if (state->held_count < SUM_SIZE)
        return TENON_STEP_MORE;
    return tenon_le32 (state->held) == state->sum ? TENON_STEP_MAY_END : TENON_STEP_WRONG_SUM;
}
