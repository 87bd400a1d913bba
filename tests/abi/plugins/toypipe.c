/* SPDX-License-Identifier: MIT */
/* toypipe.c - a codec whose one member goes through a pipeline, and filters of all kinds.
 *
 *     "TOYPIPE\n" · u64 size of the member, or all ones: not known · u32 checksum · u64 block size ·
 *     u32 blocks · u64 place of their ends · u64 stored bytes · u16 length of the steps · u16 kind of the
 *     checksum · the steps as text: "pshuffle:4 deflate", the first one encodes first, and what follows a ':'
 *     is the setup, as it is, or, behind an 'x', as hexadecimal digits
 *     the member · where its blocks end, u64 each
 *
 *     pshuffle  first bytes of all items, then second bytes …; the setup is a digit, the size of an item. It
 *               cannot work in pieces: one block
 *     prle      pairs of a count and a byte. It decodes what it does not know the size of by unpack
 *     pframe    frames of 'F', u32 length and bytes xored with 0x33: streams joined are one
 * and those that misbehave when they decode, and copy when they encode:
 *     pstuck    step takes ten bytes and then nothing, for ever
 *     pendless  step makes bytes out of nothing
 *     pmore     unpack always asks for one byte more
 *     pbound    makes one byte more than its bound when it encodes */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define MAGIC "TOYPIPE\n"
#define HEAD 52u
#define MOST_STEPS 17u
#define MOST_TEXT 1000u

/* ---- the codec ---- */

enum { STEPS, UNKNOWN, BLOCK_SIZE, BLOCKS, CHECK, LAST, OPTIONS };

struct steps {
    char text[MOST_TEXT + 1];
    struct tenon_step steps[MOST_STEPS];
    uint32_t count;
};

/* Turns digits into the bytes that they stand for, in place. Returns how many. */
static uint64_t
read_digits (char *text, const char *end)
{
    uint64_t count = 0;
    for (const char *at = text; end - at >= 2; at += 2) {
        char digits[3] = { at[0], at[1], 0 };
        text[count++] = (char) strtol (digits, NULL, 16);
    }
    return count;
}

/* Cuts the text in place. */
static void
cut_steps (struct steps *steps)
{
    char *next = steps->text;
    while (*next && steps->count < MOST_STEPS) {
        struct tenon_step *step = &steps->steps[steps->count++];
        size_t length = strcspn (next, " ");
        char *end = next + length, *colon = (char *) memchr (next, ':', length);
        memset (step, 0, sizeof *step);
        step->struct_size = sizeof *step;
        step->level = TENON_LEVEL_DEFAULT;
        step->filter = next;
        if (colon) {
            *colon = 0;
            step->setup = colon + 1;
            step->setup_size = (uint64_t) (end - colon - 1);
            if (colon[1] == 'x') {
                step->setup = colon + 2;
                step->setup_size = read_digits (colon + 2, end);
            }
        }
        next = *end ? end + 1 : end;
        *end = 0;
    }
}

static tenon_status
pipe_describe (struct tenon_call *call)
{
    uint8_t head[HEAD];
    uint32_t source;
    struct steps *steps = (struct steps *) call->host->scratch (call, sizeof *steps);
    if (!steps)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, 0, 0, head, HEAD));
    uint16_t length = tenon_le16 (head + 48);
    if (length > MOST_TEXT)
        return tenon_fail (call, TENON_E_MALFORMED, 48, "steps of %u bytes", length);
    TENON_TRY (call->host->read_at (call, 0, HEAD, steps->text, length));
    cut_steps (steps);
    struct tenon_part part = { .struct_size = sizeof part,
                               .offset = HEAD + (uint64_t) length,
                               .stored = tenon_le64 (head + 40),
                               .size = tenon_le64 (head + 8),
                               .steps = steps->steps,
                               .step_size = sizeof steps->steps[0],
                               .step_count = steps->count,
                               .block_size = tenon_le64 (head + 20),
                               .check = tenon_le16 (head + 50),
                               .check_value = tenon_le32 (head + 16),
                               .name = "member.toyraw",
                               .name_length = 13 };
    uint32_t blocks = tenon_le32 (head + 28);
    if (blocks > 0) {
        uint64_t *ends = (uint64_t *) call->host->scratch (call, blocks * (uint64_t) sizeof *ends);
        if (!ends)
            return TENON_E_MEMORY;
        TENON_TRY (call->host->read_at (call, 0, tenon_le64 (head + 32), ends, blocks * sizeof *ends));
        part.block_ends = ends; /* tests of blocks run on little-endian machines only */
    } else
        part.block_size = 0;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, NULL);
}

static tenon_status
pipe_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

static tenon_status
pipe_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_member_result result = { .struct_size = sizeof result };
    struct tenon_setting text, unknown, block_size, blocks, check, last;
    uint8_t head[HEAD] = MAGIC;
    struct steps *steps = (struct steps *) call->host->scratch (call, sizeof *steps);
    if (!steps)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (pipe_option (call, STEPS, &text));
    TENON_TRY (pipe_option (call, UNKNOWN, &unknown));
    TENON_TRY (pipe_option (call, BLOCK_SIZE, &block_size));
    TENON_TRY (pipe_option (call, BLOCKS, &blocks));
    TENON_TRY (pipe_option (call, CHECK, &check));
    TENON_TRY (pipe_option (call, LAST, &last));
    int wanted = snprintf (steps->text, sizeof steps->text, "%s%s%s", text.text,
                           *text.text && last.integer ? " " : "", last.integer ? last.text : "");
    if (wanted < 0 || (unsigned) wanted > MOST_TEXT)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "too many steps");
    uint64_t length = (uint64_t) wanted;
    for (uint64_t i = 0; i < length; i++)
        if (steps->text[i] == ',')
            steps->text[i] = ' ';
    TENON_TRY (call->host->put (call, head, HEAD));
    TENON_TRY (call->host->put (call, steps->text, length));
    cut_steps (steps);
    struct tenon_member member = { .struct_size = sizeof member,
                                   .check = (uint32_t) check.integer,
                                   .count = plan.tensors,
                                   .codec = "toyraw",
                                   .steps = steps->steps,
                                   .step_size = sizeof steps->steps[0],
                                   .step_count = steps->count,
                                   .block_size = (uint64_t) block_size.integer };
    TENON_TRY (call->host->put_member (call, &member, &result));
    uint64_t count = blocks.integer ? result.block_count : 0, ends = call->host->tell (call);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t end[8];
        tenon_put_le64 (end, result.block_ends[i]);
        TENON_TRY (call->host->put (call, end, sizeof end));
    }
    tenon_put_le64 (head + 8, unknown.integer ? UINT64_MAX : result.size);
    tenon_put_le32 (head + 16, (uint32_t) result.check_value);
    tenon_put_le64 (head + 20, result.block_size);
    tenon_put_le32 (head + 28, (uint32_t) count);
    tenon_put_le64 (head + 32, ends);
    tenon_put_le64 (head + 40, result.stored);
    tenon_put_le16 (head + 48, (uint16_t) length);
    tenon_put_le16 (head + 50, (uint16_t) check.integer);
    return call->host->patch (call, 0, head, HEAD);
}

/* ---- what filters share ---- */

static uint64_t
same_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size;
}

static int64_t
copy_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) state, (void) flags;
    if (room < size)
        return TENON_E_MISUSE;
    if (size > 0)
        memcpy (to, from, size);
    return (int64_t) size;
}

static tenon_status
copy_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    return stored == size && copy_encode (state, 0, from, size, to, size) >= 0 ? TENON_OK : TENON_E_MALFORMED;
}

struct state {
    uint64_t item; /* pshuffle */
    uint8_t head[5];
    uint32_t have, left; /* pframe; pstuck: what was taken */
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

static tenon_status
reset_state (void *opaque)
{
    struct state *state = (struct state *) opaque;
    state->have = state->left = 0;
    return TENON_OK;
}

/* ---- pshuffle ---- */

static tenon_status
shuffle_open (const struct tenon_coding *coding, void **state)
{
    const char *digit = (const char *) coding->setup;
    if (coding->setup_size == 0)
        return TENON_E_UNSUPPORTED;
    if (coding->setup_size != 1 || *digit < '1' || *digit > '9')
        return TENON_E_MALFORMED;
    TENON_TRY (open_state (coding, state));
    ((struct state *) *state)->item = (uint64_t) (*digit - '0');
    return TENON_OK;
}

static void
shuffle_bytes (const struct state *state, const uint8_t *from, uint64_t size, uint8_t *to, int back)
{
    uint64_t items = size / state->item, rest = items * state->item;
    for (uint64_t i = 0; i < items; i++)
        for (uint64_t k = 0; k < state->item; k++) {
            uint64_t a = i * state->item + k, b = k * items + i;
            if (back)
                to[a] = from[b];
            else
                to[b] = from[a];
        }
    for (; rest < size; rest++)
        to[rest] = from[rest];
}

static int64_t
shuffle_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) flags;
    if (room < size)
        return TENON_E_MISUSE;
    shuffle_bytes ((const struct state *) state, (const uint8_t *) from, size, (uint8_t *) to, 0);
    return (int64_t) size;
}

static tenon_status
shuffle_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    if (stored != size || !last)
        return TENON_E_MALFORMED;
    shuffle_bytes ((const struct state *) state, (const uint8_t *) from, size, (uint8_t *) to, 1);
    return TENON_OK;
}

static int64_t
shuffle_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room)
{
    if (stored <= room)
        shuffle_bytes ((const struct state *) state, (const uint8_t *) from, stored, (uint8_t *) to, 1);
    return (int64_t) stored; /* more than `room` says so */
}

/* ---- prle ---- */

static uint64_t
rle_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return 2 * size;
}

static int64_t
rle_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to, *start = out;
    (void) state, (void) flags;
    for (uint64_t i = 0, run; i < size; i += run) {
        for (run = 1; run < 255 && i + run < size && in[i + run] == in[i]; run++)
            continue;
        if (room < 2)
            return TENON_E_MISUSE;
        *out++ = (uint8_t) run, *out++ = in[i], room -= 2;
    }
    return out - start;
}

static int64_t
rle_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room)
{
    const uint8_t *in = (const uint8_t *) from;
    uint64_t made = 0;
    (void) state;
    if (stored % 2)
        return TENON_E_MALFORMED;
    for (; stored > 0; stored -= 2, in += 2) {
        if (in[0] == 0)
            return TENON_E_MALFORMED;
        if (in[0] > room - made)
            return TENON_E_LIMIT;
        memset ((char *) to + made, in[1], in[0]);
        made += in[0];
    }
    return (int64_t) made;
}

static tenon_status
rle_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    return rle_unpack (state, from, stored, to, size) == (int64_t) size ? TENON_OK : TENON_E_MALFORMED;
}

/* ---- pframe ---- */

static uint64_t
frame_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size + 5;
}

static int64_t
frame_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    uint8_t *out = (uint8_t *) to;
    (void) state;
    if (room < size + 5 || flags != (TENON_FILTER_FIRST | TENON_FILTER_LAST))
        return TENON_E_MISUSE;
    out[0] = 'F';
    tenon_put_le32 (out + 1, (uint32_t) size);
    for (uint64_t i = 0; i < size; i++)
        out[5 + i] = ((const uint8_t *) from)[i] ^ 0x33;
    return (int64_t) size + 5;
}

static int32_t
frame_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    const uint8_t *in = (const uint8_t *) from;
    uint8_t *out = (uint8_t *) to;
    *taken = *made = 0;
    while (state->have < 5) {
        if (*taken == stored)
            return TENON_STEP_MORE;
        state->head[state->have++] = in[(*taken)++];
        if (state->head[0] != 'F')
            return TENON_E_MALFORMED;
        state->left = state->have == 5 ? tenon_le32 (state->head + 1) : 0;
    }
    for (; state->left > 0 && *taken < stored && *made < room; state->left--)
        out[(*made)++] = in[(*taken)++] ^ 0x33;
    if (state->left > 0)
        return TENON_STEP_MORE;
    state->have = 0;
    return TENON_STEP_MAY_END;
}

static tenon_status
frame_decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint8_t *out = (uint8_t *) to;
    int32_t result = TENON_STEP_MORE;
    const uint8_t *in = (const uint8_t *) from;
    if (!last || stored == 0)
        return TENON_E_MALFORMED;
    for (reset_state (opaque); stored > 0;) {
        uint64_t taken, made;
        result = frame_step (opaque, in, stored, &taken, out, size, &made);
        if (result < 0 || (taken == 0 && made == 0))
            return TENON_E_MALFORMED;
        in += taken, stored -= taken, out += made, size -= made;
    }
    return size == 0 && result == TENON_STEP_MAY_END ? TENON_OK : TENON_E_MALFORMED;
}

/* ---- filters that misbehave ---- */

static int32_t
stuck_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    uint64_t most = 10u - state->have;
    *taken = most < stored ? most : stored;
    *made = *taken = *taken < room ? *taken : room;
    memcpy (to, from, *taken);
    state->have += (uint32_t) *taken;
    return TENON_STEP_MORE;
}

static int32_t
endless_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
              uint64_t *made)
{
    (void) state, (void) from, (void) stored;
    *taken = 0;
    *made = room;
    memset (to, 1, room);
    return TENON_STEP_MORE;
}

static int64_t
more_unpack (void *state, const void *from, uint64_t stored, void *to, uint64_t room)
{
    (void) state, (void) from, (void) stored, (void) to;
    return (int64_t) room + 1;
}

static int64_t
bound_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    int64_t made = copy_encode (state, flags, from, size, to, room);
    return made < 0 ? made : made + 1;
}

/* ---- the tables ---- */

#define FILTER(name, of_flags, opens, bounds, encodes, decodes, resets, steps, unpacks)                      \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_filter), .flags = of_flags, .id = #name, .bound = bounds,        \
        .open = opens, .close = close_state, .encode = encodes, .decode = decodes, .reset = resets,          \
        .step = steps, .unpack = unpacks                                                                     \
    }
static const struct tenon_filter table[] = {
    FILTER (pshuffle, TENON_FILTER_FIXED, shuffle_open, same_bound, shuffle_encode, shuffle_decode, NULL,
            NULL, shuffle_unpack),
    FILTER (prle, 0, open_state, rle_bound, rle_encode, rle_decode, NULL, NULL, rle_unpack),
    FILTER (pframe, TENON_FILTER_FRAMES, open_state, frame_bound, frame_encode, frame_decode, reset_state,
            frame_step, NULL),
    FILTER (pstuck, 0, open_state, same_bound, copy_encode, NULL, reset_state, stuck_step, NULL),
    FILTER (pendless, 0, open_state, same_bound, copy_encode, NULL, reset_state, endless_step, NULL),
    FILTER (pmore, 0, open_state, same_bound, copy_encode, copy_decode, NULL, NULL, more_unpack),
    FILTER (pbound, 0, open_state, same_bound, bound_encode, copy_decode, NULL, NULL, NULL),
    FILTER (pwhole, 0, open_state, same_bound, copy_encode, copy_decode, NULL, NULL, NULL),
};
static const struct tenon_filter *const filters[] = { &table[0], &table[1], &table[2], &table[3], &table[4],
                                                      &table[5], &table[6], &table[7], NULL };

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "toypipe", NULL };
#define OPTION(type, name, value)                                                                            \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, NULL, NULL, 0, 0, TENON_OPTION_FOR_WRITING, 0       \
    }
static const struct tenon_option options[OPTIONS] = {
    [STEPS] = OPTION (TENON_OPTION_TEXT, "steps", ""),
    [UNKNOWN] = OPTION (TENON_OPTION_BOOL, "unknown", "no"),
    [BLOCK_SIZE] = OPTION (TENON_OPTION_SIZE, "block_size", "0"),
    [BLOCKS] = OPTION (TENON_OPTION_BOOL, "blocks", "no"),
    [CHECK] = OPTION (TENON_OPTION_INTEGER, "check", "1"),
    [LAST] = OPTION (TENON_OPTION_FILTER, "last", "none"),
};
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NEEDS_PATCH,
    .id = "toypipe",
    .label = "one member through a pipeline",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = OPTIONS,
    .describe = pipe_describe,
    .write = pipe_write,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toypipe",
    .version = "1.0",
    .license = "MIT",
    .summary = "pipelines of filters for the tests",
    .codecs = codecs,
    .filters = filters,
};

TENON_PLUGIN (plugin)
