/* SPDX-License-Identifier: MIT */
/* apart_child.c - an isolated process that decodes: what runs there. It trusts the program, and no plugin. */
#include "source/apart.h"
#include "source/unfilter.h"

/* The state of a filter. */
struct kept_state {
    uint64_t number;
    const struct tn_filter *filter;
    void *state;
};

struct kept_states {
    struct kept_state *entries;
    uint64_t count, room;
};

static struct kept_state *
find_kept (const struct kept_states *kept, uint64_t number)
{
    for (uint64_t i = 0; i < kept->count; i++)
        if (kept->entries[i].number == number)
            return &kept->entries[i];
    return NULL;
}

static void
close_kept (struct kept_states *kept, uint64_t number)
{
    struct kept_state *found = find_kept (kept, number);
    if (!found)
        return;
    found->filter->table.close (found->state);
    *found = kept->entries[--kept->count];
}

/* Memory that holds exactly `size` bytes from the program. NULL: none; then the bytes are skipped. */
static uint8_t *
receive_bytes (struct tn_channel *channel, uint64_t size)
{
    uint8_t *bytes = malloc (size + 1);
    if (bytes && tn_channel_get (channel, bytes, size))
        return bytes;
    free (bytes);
    for (uint8_t skipped[4096]; size > 0 && channel->end == TN_CHANNEL_OPEN;) {
        uint64_t piece = TN_MIN (size, sizeof skipped);
        tn_channel_get (channel, skipped, piece);
        size -= piece;
    }
    return NULL;
}

/* Sends what a filter answered, and after a refusal that is no damage its reason. */
static void
answer_status (struct tn_channel *channel, const struct tn_filter *filter, void *state, int32_t said)
{
    tn_channel_put_u32 (channel, (uint32_t) said);
    if (!tn_has_reason (said))
        return;
    const char *why = state && filter->table.why ? filter->table.why (state) : NULL;
    tn_channel_put_text (channel, why, why ? strnlen (why, TN_WHY_SIZE) : 0);
}

static void
answer_open (struct tn_channel *channel, const struct tn_filter *filter, struct kept_states *kept,
             uint64_t number)
{
    struct tenon_coding coding = { .struct_size = sizeof coding };
    tenon_status status = TENON_E_MEMORY;
    void *state = NULL;
    coding.memory = filter->limits[TENON_LIMIT_MEMORY];
    coding.setup_size = tn_channel_get_u64 (channel);
    TN_FREE uint8_t *setup = receive_bytes (channel, coding.setup_size);
    coding.setup = coding.setup_size > 0 ? setup : NULL;
    if (setup && tn_grow (&kept->entries, &kept->room, kept->count, sizeof *kept->entries))
        status = filter->table.open (&coding, &state);
    if (status == TENON_OK && !state)
        status = TENON_E_MISUSE;
    if (status == TENON_OK)
        kept->entries[kept->count++] = (struct kept_state){ number, filter, state };
    tn_channel_put_u32 (channel, (uint32_t) status);
}

/* What is handed to a plugin to be filled is zeroed: bytes that it leaves out must not show others. */
static void
answer_decode (struct tn_channel *channel, const struct tn_filter *filter, void *state)
{
    uint32_t last = tn_channel_get_u32 (channel);
    uint64_t stored = tn_channel_get_u64 (channel), size = tn_channel_get_u64 (channel);
    TN_FREE uint8_t *from = receive_bytes (channel, stored);
    TN_FREE uint8_t *to = calloc (1, size + 1);
    tenon_status status =
        state && from && to ? filter->table.decode (state, last, from, stored, to, size) : TENON_E_MEMORY;
    answer_status (channel, filter, state, status);
    if (status == TENON_OK)
        tn_channel_put (channel, to, size);
}

static void
answer_step (struct tn_channel *channel, const struct tn_filter *filter, void *state)
{
    uint64_t stored = tn_channel_get_u64 (channel), room = tn_channel_get_u64 (channel), taken = 0, made = 0;
    TN_FREE uint8_t *from = receive_bytes (channel, stored);
    TN_FREE uint8_t *to = calloc (1, room + 1);
    int32_t result = state && from && to ? filter->table.step (state, from, stored, &taken, to, room, &made)
                                         : TENON_E_MEMORY;
    if (taken > stored || made > room)
        result = TENON_E_MALFORMED;
    answer_status (channel, filter, state, result);
    if (result < 0)
        return;
    tn_channel_put_u64 (channel, taken);
    tn_channel_put_u64 (channel, made);
    tn_channel_put (channel, to, made);
}

static void
answer_unpack (struct tn_channel *channel, const struct tn_filter *filter, void *state)
{
    uint64_t stored = tn_channel_get_u64 (channel), room = tn_channel_get_u64 (channel);
    TN_FREE uint8_t *from = receive_bytes (channel, stored);
    TN_FREE uint8_t *to = calloc (1, room + 1);
    int64_t made =
        state && from && to ? filter->table.unpack (state, from, stored, to, room) : TENON_E_MEMORY;
    tn_channel_put_u64 (channel, (uint64_t) made);
    if (made >= 0 && (uint64_t) made <= room)
        tn_channel_put (channel, to, (uint64_t) made);
}

static void
run_filter (const tenon_context *context, struct tn_channel *channel, uint32_t order,
            struct kept_states *kept)
{
    const struct tn_filter *filter = context->registry.filters[tn_channel_get_u64 (channel)];
    uint64_t number = tn_channel_get_u64 (channel);
    if (order == TN_APART_CLOSE) {
        close_kept (kept, number);
        return;
    }
    if (order == TN_APART_OPEN) {
        answer_open (channel, filter, kept, number);
        return;
    }
    const struct kept_state *found = find_kept (kept, number);
    void *state = found ? found->state : NULL;
    if (order == TN_APART_DECODE)
        answer_decode (channel, filter, state);
    else if (order == TN_APART_STEP)
        answer_step (channel, filter, state);
    else if (order == TN_APART_UNPACK)
        answer_unpack (channel, filter, state);
    else
        answer_status (channel, filter, state, state ? filter->table.reset (state) : TENON_E_MEMORY);
}

static void
run_dtype (const tenon_context *context, struct tn_channel *channel, uint32_t order)
{
    const struct tenon_dtype *dtype = tn_dtype_get (context, tn_channel_get_u32 (channel));
    uint64_t count = tn_channel_get_u64 (channel), size = count * dtype->block_items * sizeof (float);
    TN_FREE uint8_t *blocks = receive_bytes (channel, count * dtype->block_bytes);
    TN_FREE float *items = order == TN_APART_BLOCKS ? calloc (1, size + 1) : NULL;
    tenon_status status = TENON_OK;
    uint64_t bad = 0;
    if (!blocks || (order == TN_APART_BLOCKS && !items))
        status = TENON_E_MEMORY;
    else if (order == TN_APART_BLOCKS)
        status = dtype->decode (blocks, items, count);
    else
        bad = dtype->check (blocks, count);
    tn_channel_put_u32 (channel, (uint32_t) status);
    if (order == TN_APART_CHECK)
        tn_channel_put_u64 (channel, bad);
    else if (status == TENON_OK)
        tn_channel_put (channel, items, size);
}

void
tn_apart_main (void *user, struct tn_channel *channel, atomic_uint *running)
{
    const tenon_context *context = user;
    struct kept_states kept = { 0 };
    (void) running; /* the program knows what it asked for */
    for (;;) {
        uint32_t order = tn_channel_get_u32 (channel);
        if (channel->end != TN_CHANNEL_OPEN)
            return;
        if (order == TN_APART_BLOCKS || order == TN_APART_CHECK)
            run_dtype (context, channel, order);
        else
            run_filter (context, channel, order, &kept);
        if (order != TN_APART_CLOSE && !tn_channel_flush (channel))
            return;
    }
}
