/* SPDX-License-Identifier: MIT */
/* filter.c - the filters shuffle and bitshuffle, whose setup comes from files.
 *
 * Both transform whole items only; the bytes behind the last item stay. bitshuffle works in blocks, each of
 * which is transformed by itself; the last one has fewer items, a multiple of 8, and up to 7 items behind it
 * stay as well. */
#include "shuffle_filter.h"
#include <stdlib.h>

/* The block of the library bitshuffle, for setups that state none: items of 8 KiB, at least 128. */
#define USUAL_BLOCK 8192u
#define LEAST_ITEMS 128u

struct shuffle_state {
    uint64_t item;
    uint64_t block; /* items, a multiple of 8; 0: bytes are transformed, not bits */
    uint8_t *work;  /* a block */
    uint64_t work_size;
};

uint64_t
tenon_shuffle_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size;
}

static tenon_status
make_state (uint32_t item, uint32_t block, void **result)
{
    struct shuffle_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->item = item;
    state->block = block;
    *result = state;
    return TENON_OK;
}

tenon_status
tenon_shuffle_open (const struct tenon_coding *coding, void **result)
{
    if (coding->setup_size != 4 || tenon_le32 (coding->setup) == 0)
        return TENON_E_MALFORMED;
    return make_state (tenon_le32 (coding->setup), 0, result);
}

tenon_status
tenon_bitshuffle_open (const struct tenon_coding *coding, void **result)
{
    if (coding->setup_size != 8)
        return TENON_E_MALFORMED;
    uint32_t item = tenon_le32 (coding->setup), block = tenon_le32 ((const uint8_t *) coding->setup + 4);
    if (item == 0 || block % 8 > 0)
        return TENON_E_MALFORMED;
    if (block == 0) {
        block = USUAL_BLOCK / item / 8 * 8;
        block = block < LEAST_ITEMS ? LEAST_ITEMS : block;
    }
    return make_state (item, block, result);
}

void
tenon_shuffle_close (void *opaque)
{
    struct shuffle_state *state = (struct shuffle_state *) opaque;
    free (state->work);
    free (state);
}

typedef void move_bytes (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *to);
typedef void move_bits (uint64_t item, uint64_t count, const uint8_t *from, uint8_t *work, uint8_t *to);

/* Whole blocks of bits, and the last one. Returns the bytes that it transformed, or TENON_E_MEMORY. */
static int64_t
move_blocks (struct shuffle_state *state, move_bits *move, const uint8_t *from, uint64_t size, uint8_t *to)
{
    uint64_t items = size / state->item / 8 * 8, at = 0;
    uint64_t most = (items < state->block ? items : state->block) * state->item;
    if (most > state->work_size) {
        free (state->work);
        state->work_size = 0;
        if (!(state->work = malloc (most)))
            return TENON_E_MEMORY;
        state->work_size = most;
    }
    while (items > 0) {
        uint64_t count = items < state->block ? items : state->block;
        move (state->item, count, from + at, state->work, to + at);
        at += count * state->item;
        items -= count;
    }
    return (int64_t) at;
}

static tenon_status
move_all (struct shuffle_state *state, move_bytes *bytes, move_bits *bits, const uint8_t *from, uint64_t size,
          uint8_t *to)
{
    uint64_t done = size / state->item * state->item;
    if (state->block > 0) {
        int64_t moved = move_blocks (state, bits, from, size, to);
        TENON_TRY ((tenon_status) (moved < 0 ? moved : TENON_OK));
        done = (uint64_t) moved;
    } else if (done > 0)
        bytes (state->item, done / state->item, from, to);
    if (size > done)
        memcpy (to + done, from + done, size - done);
    return TENON_OK;
}

int64_t
tenon_shuffle_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) flags;
    if (room < size)
        return TENON_E_LIMIT;
    TENON_TRY (move_all ((struct shuffle_state *) state, tenon_shuffle_bytes, tenon_shuffle_bits,
                         (const uint8_t *) from, size, (uint8_t *) to));
    return (int64_t) size;
}

tenon_status
tenon_shuffle_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    if (stored != size)
        return TENON_E_MALFORMED;
    return move_all ((struct shuffle_state *) state, tenon_unshuffle_bytes, tenon_unshuffle_bits,
                     (const uint8_t *) from, size, (uint8_t *) to);
}

int64_t
tenon_shuffle_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room)
{
    tenon_status status =
        stored > room ? TENON_OK : tenon_shuffle_decode (state, 1, from, stored, to, stored);
    return status < 0 ? status : (int64_t) stored;
}
