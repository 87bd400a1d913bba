/* SPDX-License-Identifier: MIT */
/* badfilter.c - filters and a block dtype that misbehave where the data say so.
 *
 *     toyxor   under the name that toybox knows: u32 little-endian length (bit 31: the stream's last),
 *              then the bytes as they are. Streamed and blocked
 *     toyrot   the bytes as they are; no step, no reset
 *     tbad     4 items in 5 bytes: a letter, then 4 × u8. Any letter but those below is good
 *
 * The first "@XN" in the stored bytes that a state is handed says what happens at its N-th call from then on.
 * X is: c crash, l loop, s a forbidden system call, e exit, h heap overrun, m say that more was made
 * than there is room, t that more was taken than was given, M no memory, p a result that does not exist, u
 * refuse it for a reason, L refuse it as too much. In
 * the bytes that are encoded "@!!" is the same. The letter of a block: as above for decode, in upper case for
 * check; B: check names a block that is not there. Encoding items that begin with 7 gives a result that does
 * not exist. */
#include <stdlib.h>
#include <tenon/plugin.h>
#include <unistd.h>

#define HEAD 4u
#define LAST 0x80000000u

struct state {
    char deed;
    int calls, when;
    uint8_t head[HEAD];
    uint32_t have, left;
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

/* Does what a letter says, if it can be done anywhere. */
static void
misbehave (char deed)
{
    static volatile int forever = 1;
    static volatile int *volatile nowhere;
    switch (deed) {
    case 'c': *nowhere = 1; break;
    case 'l':
        while (forever)
            continue;
        break;
    case 's':
        if (chdir ("/") < 0) /* it does not come back */
            break;
        break;
    case 'e': _exit (0);
    case 'h': {
        volatile char *block = (volatile char *) malloc (16);
        for (size_t i = 0; block && i < (size_t) 1 << 30; i++)
            block[i] = 'x';
        break;
    }
    default: break;
    }
}

/* The deed of this call; 0: none. */
static char
look_for_deed (struct state *state, const void *from, uint64_t stored)
{
    const char *bytes = (const char *) from;
    for (uint64_t i = 0; !state->deed && i + 2 < stored; i++)
        if (bytes[i] == '@' && bytes[i + 2] >= '1' && bytes[i + 2] <= '9') {
            state->deed = bytes[i + 1];
            state->when = bytes[i + 2] - '0';
        }
    if (!state->deed || ++state->calls != state->when)
        return 0;
    misbehave (state->deed);
    return state->deed;
}

static uint64_t
bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size + HEAD;
}

static int64_t
encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) opaque;
    if (room < size + HEAD)
        return TENON_E_UNSUPPORTED;
    for (const char *at = (const char *) from; at + 2 < (const char *) from + size; at++)
        if (memcmp (at, "@!!", 3) == 0)
            return (int64_t) room + 1;
    tenon_put_le32 (to, (uint32_t) size | (flags & TENON_FILTER_LAST ? LAST : 0));
    memcpy ((char *) to + HEAD, from, size);
    return (int64_t) (size + HEAD);
}

static tenon_status
decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    char deed = look_for_deed ((struct state *) opaque, from, stored);
    if (deed == 'M')
        return TENON_E_MEMORY;
    if (deed == 'p')
        return 7;
    if (stored != size + HEAD || tenon_le32 (from) != ((uint32_t) size | (last ? LAST : 0)))
        return TENON_E_MALFORMED;
    memcpy (to, (const char *) from + HEAD, size);
    return TENON_OK;
}

static tenon_status
reset (void *opaque)
{
    struct state *state = (struct state *) opaque;
    state->have = state->left = 0;
    return TENON_OK;
}

static int32_t
step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
      uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    char deed = look_for_deed (state, from, stored);
    *taken = *made = 0;
    if (deed == 'M')
        return TENON_E_MEMORY;
    if (deed == 'p')
        return 7;
    if (deed == 'u' || deed == 'L')
        return deed == 'u' ? TENON_E_UNSUPPORTED : TENON_E_LIMIT;
    if (deed == 't' || deed == 'm') {
        *taken = stored + (deed == 't');
        *made = deed == 'm' ? UINT64_MAX - 5 : 0;
        return 0;
    }
    for (;;) {
        while (state->have < HEAD && *taken < stored) {
            state->head[state->have++] = in[(*taken)++];
            if (state->have == HEAD)
                state->left = tenon_le32 (state->head) & ~LAST;
        }
        if (state->have < HEAD)
            return 0;
        for (; state->left > 0 && *taken < stored && *made < room; state->left--)
            out[(*made)++] = in[(*taken)++];
        if (state->left > 0)
            return 0;
        if (tenon_le32 (state->head) & LAST)
            return 1;
        state->have = 0;
    }
}

static const char *
tell_why (void *opaque)
{
    return ((struct state *) opaque)->deed == 'u' ? "it needs the word \a" : NULL;
}

/* ---- toyrot ---- */

static int64_t
rot_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) opaque, (void) flags;
    if (room < size)
        return TENON_E_UNSUPPORTED;
    memcpy (to, from, size);
    return (int64_t) size;
}

static tenon_status
rot_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    look_for_deed ((struct state *) opaque, from, stored);
    if (stored != size)
        return TENON_E_MALFORMED;
    memcpy (to, from, size);
    return TENON_OK;
}

/* ---- tbad ---- */

#define ITEMS 4u
#define BYTES 5u

static int32_t
bad_decode (const void *blocks, float *items, uint64_t count)
{
    const uint8_t *block = (const uint8_t *) blocks;
    for (; count > 0; count--, block += BYTES) {
        if (block[0] == 'M')
            return TENON_E_MEMORY;
        if (block[0] == '-')
            return TENON_E_MALFORMED;
        if (block[0] == 'p')
            return 7;
        misbehave ((char) block[0]);
        for (unsigned i = 0; i < ITEMS; i++)
            *items++ = block[1 + i];
    }
    return TENON_OK;
}

static int32_t
bad_encode (const float *items, void *blocks, uint64_t count)
{
    memset (blocks, 0, count * BYTES);
    return items[0] == 7 ? 7 : TENON_OK;
}

static uint64_t
bad_check (const void *blocks, uint64_t count)
{
    const uint8_t *block = (const uint8_t *) blocks;
    for (uint64_t i = 0; i < count; i++, block += BYTES) {
        if (block[0] == 'B')
            return UINT64_MAX - 3;
        if (block[0] == '-')
            return i;
        if (block[0] >= 'A' && block[0] <= 'Z')
            misbehave ((char) (block[0] - 'A' + 'a'));
    }
    return count;
}

/* ---- the tables ---- */

static const struct tenon_filter toyxor = {
    .struct_size = sizeof toyxor,
    .flags = TENON_FILTER_JOINS,
    .id = "toyxor",
    .label = "bytes as they are, in blocks",
    .bound = bound,
    .open = open_state,
    .close = close_state,
    .encode = encode,
    .decode = decode,
    .reset = reset,
    .step = step,
    .why = tell_why,
};
static const struct tenon_filter toyrot = {
    .struct_size = sizeof toyrot,
    .id = "toyrot",
    .label = "bytes as they are",
    .bound = bound,
    .open = open_state,
    .close = close_state,
    .encode = rot_encode,
    .decode = rot_decode,
};
static const struct tenon_filter *const filters[] = { &toyxor, &toyrot, NULL };

static const struct tenon_dtype tbad = {
    .struct_size = sizeof tbad,
    .kind = TENON_KIND_BLOCK,
    .name = "tbad",
    .block_items = ITEMS,
    .block_bytes = BYTES,
    .decode = bad_decode,
    .encode = bad_encode,
    .check = bad_check,
};
static const struct tenon_dtype *const dtypes[] = { &tbad, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "badfilter",
    .version = "1.0",
    .license = "MIT",
    .summary = "filters and a dtype that misbehave, for the tests",
    .filters = filters,
    .dtypes = dtypes,
};

TENON_PLUGIN (plugin)
