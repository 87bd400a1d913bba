/* SPDX-License-Identifier: MIT */
/* toyxor.c - two filters.
 *
 *     toyxor   any number of blocks: u32 little-endian length (bit 31: the stream's last), then as many
 *              bytes, each xored with its place in the block (mod 256). Streamed and blocked.
 *     toyrot   all bytes, last first. It cannot work in pieces: no step, no reset. */
#include <stdlib.h>
#include <tenon/plugin.h>

#define HEAD 4u
#define LAST 0x80000000u

/* The state between two steps. */
struct state {
    uint8_t head[HEAD];
    uint32_t have;  /* bytes of head */
    uint32_t left;  /* bytes left in the block */
    uint32_t place; /* of the next byte in its block */
};

static tenon_status
open_state (const struct tenon_coding *coding, void **state)
{
    (void) coding;
    *state = calloc (1, sizeof (struct state));
    return *state ? TENON_OK : TENON_E_MEMORY;
}

static void
close_state (void *state)
{
    free (state);
}

static uint64_t
xor_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size + HEAD;
}

static int64_t
xor_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    (void) opaque;
    if (size >= LAST || room < size + HEAD)
        return TENON_E_UNSUPPORTED;
    tenon_put_le32 (out, (uint32_t) size | (flags & TENON_FILTER_LAST ? LAST : 0));
    for (uint64_t i = 0; i < size; i++)
        out[HEAD + i] = in[i] ^ (uint8_t) i;
    return (int64_t) (size + HEAD);
}

static tenon_status
xor_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    uint64_t at = 0, done = 0;
    uint32_t head = 0;
    (void) opaque;
    for (; stored - at >= HEAD && !(head & LAST); at += head & ~LAST) {
        head = tenon_le32 (in + at);
        at += HEAD;
        if ((head & ~LAST) > stored - at || (head & ~LAST) > size - done)
            return TENON_E_MALFORMED;
        for (uint64_t i = 0; i < (head & ~LAST); i++)
            out[done++] = in[at + i] ^ (uint8_t) i;
    }
    return at == stored && done == size && !(head & LAST) == !last ? TENON_OK : TENON_E_MALFORMED;
}

static tenon_status
xor_reset (void *opaque)
{
    memset (opaque, 0, sizeof (struct state));
    return TENON_OK;
}

static int32_t
xor_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
          uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    *taken = *made = 0;
    for (;;) {
        while (state->have < HEAD && *taken < stored) {
            state->head[state->have++] = in[(*taken)++];
            if (state->have == HEAD) {
                state->left = tenon_le32 (state->head) & ~LAST;
                state->place = 0;
            }
        }
        if (state->have < HEAD)
            return TENON_STEP_MORE;
        for (; state->left > 0 && *taken < stored && *made < room; state->left--)
            out[(*made)++] = in[(*taken)++] ^ (uint8_t) state->place++;
        if (state->left > 0)
            return TENON_STEP_MORE;
        if (tenon_le32 (state->head) & LAST)
            return TENON_STEP_END;
        state->have = 0;
    }
}

/* ---- toyrot ---- */

static uint64_t
rot_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size;
}

static int64_t
rot_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    (void) opaque, (void) flags;
    if (room < size)
        return TENON_E_MISUSE;
    for (uint64_t i = 0; i < size; i++)
        out[i] = in[size - 1 - i];
    return (int64_t) size;
}

static tenon_status
rot_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    return stored == size && rot_encode (opaque, 0, from, size, to, size) >= 0 ? TENON_OK : TENON_E_MALFORMED;
}

/* ---- the tables ---- */

static const struct tenon_filter toyxor = {
    .struct_size = sizeof toyxor,
    .flags = TENON_FILTER_JOINS,
    .id = "toyxor",
    .label = "bytes xored with their place",
    .most_level = 3,
    .default_level = 1,
    .bound = xor_bound,
    .open = open_state,
    .close = close_state,
    .encode = xor_encode,
    .decode = xor_decode,
    .reset = xor_reset,
    .step = xor_step,
};
static const struct tenon_filter toyrot = {
    .struct_size = sizeof toyrot,
    .id = "toyrot",
    .label = "last byte first",
    .bound = rot_bound,
    .open = open_state,
    .close = close_state,
    .encode = rot_encode,
    .decode = rot_decode,
};
static const struct tenon_filter *const filters[] = { &toyxor, &toyrot, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toyxor",
    .version = "1.0",
    .license = "MIT",
    .summary = "filters for the tests",
    .filters = filters,
};

TENON_PLUGIN (plugin)
