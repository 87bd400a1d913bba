/* SPDX-License-Identifier: MIT */
/* coder.c - the filters of the plugin that is checked. */
#include "check/coder.h"
#include "memory.h"
#include <dlfcn.h>
#include <tenon/plugin.h>

#define TEXT_OF(name) TEXT_OF_1 (name)
#define TEXT_OF_1(name) #name
#define MARK 0xa5 /* the bytes behind memory that a filter may fill */

static const void *
no_extension (const struct tenon_host *host, const char *id)
{
    (void) host, (void) id;
    return NULL;
}

const struct tenon_filter *const *
coder_filters (const char *file)
{
    /* A filter is no codec: it has no call, and so no use for services. */
    static const struct tenon_host host = { .struct_size = sizeof host,
                                            .abi_minor = TENON_ABI_MINOR,
                                            .version = "0",
                                            .get_extension = no_extension };
    const struct tenon_plugin *(*entry) (const struct tenon_host *) = NULL;
    void *handle = file ? dlopen (file, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *symbol = handle ? dlsym (handle, TEXT_OF (TENON_PLUGIN_SYMBOL)) : NULL;
    memcpy (&entry, &symbol, sizeof entry); /* ISO C has no cast from an object to a function */
    const struct tenon_plugin *plugin = entry ? entry (&host) : NULL;
    return plugin ? plugin->filters : NULL;
}

/* ---- states ---- */

static tenon_status
open_state (const struct coder *coder, bool encode, void **state)
{
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .encode = encode,
                                   .level = coder->level,
                                   .setup = coder->setup,
                                   .setup_size = coder->setup_size };
    *state = NULL;
    return coder->filter->open (&coding, state);
}

bool
coder_works (const struct coder *coder)
{
    for (unsigned encode = 0; encode <= 1; encode++) {
        void *state;
        if (open_state (coder, encode, &state) < 0)
            return false;
        coder->filter->close (state);
    }
    return true;
}

static bool
is_marked (const uint8_t *bytes)
{
    for (unsigned i = 0; i < CODER_MARGIN; i++)
        if (bytes[i] != MARK)
            return false;
    return true;
}

int64_t
coder_encode (const struct coder *coder, uint32_t flags, const void *data, uint64_t size, uint8_t **encoded,
              uint64_t *bound)
{
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .encode = 1,
                                   .level = coder->level,
                                   .setup = coder->setup,
                                   .setup_size = coder->setup_size };
    void *state;
    tenon_status status = open_state (coder, true, &state);
    *encoded = NULL;
    if (status < 0)
        return status;
    *bound = coder->filter->bound (&coding, size);
    *encoded = get_memory (NULL, *bound + CODER_MARGIN, 1);
    memset (*encoded, MARK, *bound + CODER_MARGIN);
    int64_t stored = coder->filter->encode (state, flags, data, size, *encoded, *bound);
    coder->filter->close (state);
    if (stored > 0 && (uint64_t) stored > *bound)
        return CODER_SPILLS;
    return is_marked (*encoded + *bound) ? stored : CODER_SPILLS;
}

/* With step, all at once: as the library does it where there is no decode. */
static int32_t
decode_by_step (const struct coder *coder, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint64_t made;
    int32_t result = coder_step (coder, from, stored, UINT64_MAX / 4, to, size, &made);
    bool ended = result == TENON_STEP_END || result == TENON_STEP_MAY_END;
    if (ended && made == size)
        return TENON_OK;
    return result < 0 ? result : TENON_E_MALFORMED;
}

int32_t
coder_decode (const struct coder *coder, const void *from, uint64_t stored, void *to, uint64_t size)
{
    void *state;
    if (!coder->filter->decode)
        return decode_by_step (coder, from, stored, to, size);
    tenon_status status = open_state (coder, false, &state);
    if (status < 0)
        return status;
    memset ((uint8_t *) to + size, MARK, CODER_MARGIN);
    status = coder->filter->decode (state, 1, from, stored, to, size);
    coder->filter->close (state);
    return is_marked ((uint8_t *) to + size) ? status : CODER_SPILLS;
}

int64_t
coder_unpack (const struct coder *coder, const void *from, uint64_t stored, void *to, uint64_t room)
{
    void *state;
    if (!coder->filter->unpack)
        return TENON_E_UNSUPPORTED;
    tenon_status status = open_state (coder, false, &state);
    if (status < 0)
        return status;
    memset ((uint8_t *) to + room, MARK, CODER_MARGIN);
    int64_t size = coder->filter->unpack (state, from, stored, to, room);
    coder->filter->close (state);
    return is_marked ((uint8_t *) to + room) ? size : CODER_SPILLS;
}

/* ---- in pieces ---- */

struct stepping {
    const uint8_t *from;
    uint64_t stored, taken, made, room, piece, wide;
    uint8_t *to;
};

/* One call of step. *wide: the piece grows while nothing moves, since the filter may need more at once. */
static int32_t
step_once (const struct coder *coder, void *state, struct stepping *step)
{
    uint64_t left = step->stored - step->taken, free_room = step->room - step->made, taken = 0, made = 0;
    uint64_t input = left < step->wide ? left : step->wide;
    uint64_t output = free_room < step->wide ? free_room : step->wide;
    int32_t result = coder->filter->step (state, step->from + step->taken, input, &taken,
                                          step->to + step->made, output, &made);
    if (result < 0)
        return result;
    if (taken > input || made > output)
        return CODER_SPILLS;
    step->taken += taken;
    step->made += made;
    if (result == TENON_STEP_END || (result == TENON_STEP_MAY_END && step->taken == step->stored))
        return result;
    if (taken > 0 || made > 0)
        step->wide = step->piece;
    else if (input == left && output == free_room)
        return result == TENON_STEP_WRONG_SUM ? TENON_E_CHECKSUM : TENON_STEP_MORE;
    else
        step->wide *= 2;
    return INT32_MAX; /* it goes on */
}

int32_t
coder_step (const struct coder *coder, const void *from, uint64_t stored, uint64_t piece, void *to,
            uint64_t room, uint64_t *made)
{
    struct stepping step = {
        .from = from, .stored = stored, .room = room, .piece = piece, .wide = piece, .to = to
    };
    void *state;
    *made = 0;
    if (!coder->filter->step)
        return TENON_E_UNSUPPORTED;
    int32_t result = open_state (coder, false, &state);
    if (result < 0)
        return result;
    memset (step.to + room, MARK, CODER_MARGIN);
    result = coder->filter->reset (state);
    if (result == 0)
        result = INT32_MAX;
    while (result == INT32_MAX) /* each call takes, makes or is given more than the one before */
        result = step_once (coder, state, &step);
    coder->filter->close (state);
    *made = step.made;
    return is_marked (step.to + room) ? result : CODER_SPILLS;
}
