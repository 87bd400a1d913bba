/* SPDX-License-Identifier: MIT */
/* filter.c - the filter delta: its setup, which comes from files, and blocks and pieces of numbers. */
#include "delta_filter.h"
#include <stdbool.h>
#include <stdlib.h>

/* ---- setups ---- */

struct delta_setup {
    struct number_type item, stored;
    uint32_t is_big;
};

static tenon_status
read_type (const uint8_t *setup, struct number_type *type)
{
    static const struct number_type types[] = {
        [TENON_U8] = { 1, 0, 0 },  [TENON_U16] = { 2, 0, 0 }, [TENON_U32] = { 4, 0, 0 },
        [TENON_U64] = { 8, 0, 0 }, [TENON_I8] = { 1, 0, 1 },  [TENON_I16] = { 2, 0, 1 },
        [TENON_I32] = { 4, 0, 1 }, [TENON_I64] = { 8, 0, 1 }, [TENON_F32] = { 4, 1, 1 },
        [TENON_F64] = { 8, 1, 1 },
    };
    uint32_t id = tenon_le32 (setup);
    if (id == TENON_NONE || id >= TENON_DTYPE_FIXED)
        return TENON_E_MALFORMED;
    if (id >= sizeof types / sizeof types[0] || types[id].bytes == 0)
        return TENON_E_UNSUPPORTED;
    *type = types[id];
    return TENON_OK;
}

static tenon_status
read_setup (const struct tenon_coding *coding, struct delta_setup *setup)
{
    const uint8_t *bytes = (const uint8_t *) coding->setup;
    if (coding->setup_size != 12 || tenon_le32 (bytes + 8) > 1)
        return TENON_E_MALFORMED;
    setup->is_big = tenon_le32 (bytes + 8);
    TENON_TRY (read_type (bytes, &setup->item));
    TENON_TRY (read_type (bytes + 4, &setup->stored));
    /* Differences of floats that are wider than the items would be summed as such, and rounded afterwards. */
    bool fits = setup->item.is_float == setup->stored.is_float
                && (!setup->item.is_float || setup->stored.bytes <= setup->item.bytes);
    return fits ? TENON_OK : TENON_E_UNSUPPORTED;
}

uint64_t
tenon_delta_bound (const struct tenon_coding *coding, uint64_t size)
{
    struct delta_setup setup;
    if (read_setup (coding, &setup) < 0)
        return size;
    uint64_t items = size / setup.item.bytes;
    return items > UINT64_MAX / setup.stored.bytes ? UINT64_MAX : items * setup.stored.bytes;
}

tenon_status
tenon_delta_open (const struct tenon_coding *coding, void **result)
{
    struct delta_setup setup;
    TENON_TRY (read_setup (coding, &setup));
    struct delta_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->item = setup.item;
    state->stored = setup.stored;
    state->is_big = setup.is_big;
    *result = state;
    return TENON_OK;
}

void
tenon_delta_close (void *state)
{
    free (state);
}

/* ---- blocks ---- */

tenon_status
tenon_delta_reset (void *opaque)
{
    struct delta_state *state = (struct delta_state *) opaque;
    state->started = 0;
    state->in_count = state->out_begin = state->out_end = 0;
    return TENON_OK;
}

int64_t
tenon_delta_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct delta_state *state = (struct delta_state *) opaque;
    uint64_t count = size / state->item.bytes;
    (void) flags;
    if (size % state->item.bytes > 0)
        return TENON_E_UNSUPPORTED;
    if (count > room / state->stored.bytes)
        return TENON_E_LIMIT;
    tenon_delta_reset (state);
    TENON_TRY (tenon_delta_subtract (state, (const uint8_t *) from, count, (uint8_t *) to));
    return (int64_t) (count * state->stored.bytes);
}

tenon_status
tenon_delta_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    struct delta_state *state = (struct delta_state *) opaque;
    uint64_t count = size / state->item.bytes;
    (void) last;
    if (size % state->item.bytes > 0 || stored % state->stored.bytes > 0
        || stored / state->stored.bytes != count)
        return TENON_E_MALFORMED;
    tenon_delta_reset (state);
    tenon_delta_sum (state, (const uint8_t *) from, count, (uint8_t *) to);
    return TENON_OK;
}

int64_t
tenon_delta_unpack (void *opaque, const void *from, uint64_t stored, void *to, uint64_t room)
{
    const struct delta_state *state = (const struct delta_state *) opaque;
    uint64_t count = stored / state->stored.bytes;
    if (count > INT64_MAX / state->item.bytes)
        return TENON_E_LIMIT;
    uint64_t size = count * state->item.bytes;
    tenon_status status = size > room ? TENON_OK : tenon_delta_decode (opaque, 1, from, stored, to, size);
    return status < 0 ? status : (int64_t) size;
}

/* ---- pieces ---- */

/* What step works on. */
struct piece {
    const uint8_t *from;
    uint64_t stored;
    uint8_t *to;
    uint64_t room;
};

/* Puts what did not fit before. */
static void
put_waiting (struct delta_state *state, struct piece *piece)
{
    uint64_t count = state->out_end - state->out_begin;
    count = count < piece->room ? count : piece->room;
    if (count == 0)
        return;
    memcpy (piece->to, state->out + state->out_begin, count);
    state->out_begin += (uint32_t) count;
    piece->to += count, piece->room -= count;
}

/* Takes bytes of a number that is not complete. */
static void
take_part (struct delta_state *state, struct piece *piece)
{
    uint64_t count = state->stored.bytes - state->in_count;
    count = count < piece->stored ? count : piece->stored;
    if (count == 0)
        return;
    memcpy (state->in + state->in_count, piece->from, count);
    state->in_count += (uint32_t) count;
    piece->from += count, piece->stored -= count;
}

/* As many whole numbers as there are and fit. */
static void
sum_whole (struct delta_state *state, struct piece *piece)
{
    uint64_t count = piece->stored / state->stored.bytes, fits = piece->room / state->item.bytes;
    count = count < fits ? count : fits;
    if (count == 0)
        return;
    tenon_delta_sum (state, piece->from, count, piece->to);
    piece->from += count * state->stored.bytes, piece->stored -= count * state->stored.bytes;
    piece->to += count * state->item.bytes, piece->room -= count * state->item.bytes;
}

int32_t
tenon_delta_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                  uint64_t *made)
{
    struct delta_state *state = (struct delta_state *) opaque;
    struct piece piece = { (const uint8_t *) from, stored, (uint8_t *) to, room };
    put_waiting (state, &piece);
    while (state->out_begin == state->out_end && piece.stored > 0) {
        if (state->in_count == 0)
            sum_whole (state, &piece);
        take_part (state, &piece);
        if (state->in_count < state->stored.bytes)
            break;
        tenon_delta_sum (state, state->in, 1, state->out);
        state->in_count = state->out_begin = 0;
        state->out_end = state->item.bytes;
        put_waiting (state, &piece);
    }
    *taken = stored - piece.stored;
    *made = room - piece.room;
    return state->in_count == 0 && state->out_begin == state->out_end ? TENON_STEP_MAY_END : TENON_STEP_MORE;
}
