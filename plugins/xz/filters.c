/* SPDX-License-Identifier: MIT */
/* filters.c - states, and the tables of the filters. */
#include "xz_filter.h"
#include <stdlib.h>

static tenon_status
open_state (const struct tenon_coding *coding, enum xz_framing framing, void **result)
{
    struct xz_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->framing = framing;
    state->level = coding->level;
    state->memory = coding->memory;
    *result = state;
    return TENON_OK;
}

/* Setups have a number of 32 bits, or none, which is 0. */
static tenon_status
read_setup (const struct tenon_coding *coding, uint32_t most, uint32_t *number)
{
    *number = 0;
    if (coding->setup_size != 0 && coding->setup_size != 4)
        return TENON_E_MALFORMED;
    if (coding->setup_size == 4)
        *number = tenon_le32 (coding->setup);
    return *number <= most ? TENON_OK : TENON_E_UNSUPPORTED;
}

static tenon_status
open_xz (const struct tenon_coding *coding, void **result)
{
    uint32_t number;
    TENON_TRY (read_setup (coding, 0, &number));
    return open_state (coding, XZ_STREAMS, result);
}

static tenon_status
open_lzma (const struct tenon_coding *coding, void **result)
{
    uint32_t number;
    TENON_TRY (read_setup (coding, 1, &number));
    return open_state (coding, number == 0 ? XZ_ZIP : XZ_ALONE, result);
}

static void
close_xz (void *opaque)
{
    struct xz_state *state = (struct xz_state *) opaque;
    lzma_end (&state->stream);
    free (state);
}

static const char *
explain_xz (void *opaque)
{
    const struct xz_state *state = (const struct xz_state *) opaque;
    return state->why[0] ? state->why : NULL;
}

const struct tenon_filter tenon_xz = {
    .struct_size = sizeof tenon_xz,
    .flags = TENON_FILTER_FRAMES,
    .id = "xz",
    .label = "xz",
    .least_level = 0,
    .most_level = 9,
    .default_level = LZMA_PRESET_DEFAULT,
    .bound = xz_bound,
    .open = open_xz,
    .close = close_xz,
    .encode = xz_encode,
    .decode = xz_decode,
    .reset = xz_reset,
    .step = xz_step,
    .block_size = xz_block_size,
    .why = explain_xz,
};

const struct tenon_filter tenon_lzma = {
    .struct_size = sizeof tenon_lzma,
    .id = "lzma",
    .label = "LZMA, framed as in zip archives or in .lzma files",
    .least_level = 0,
    .most_level = 9,
    .default_level = LZMA_PRESET_DEFAULT,
    .bound = xz_bound,
    .open = open_lzma,
    .close = close_xz,
    .encode = xz_encode,
    .decode = xz_decode,
    .reset = xz_reset,
    .step = xz_step,
    .why = explain_xz,
};
