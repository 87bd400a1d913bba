/* SPDX-License-Identifier: MIT */
/* zstd.c - a filter outside the tree: Zstandard compression (RFC 8878), by libzstd.
 *
 * Each block becomes a frame, and frames joined end to end are one stream (TENON_FILTER_FRAMES): so all
 * threads encode, and decode where the file says where the blocks end. tenon's own plugin zstd makes one
 * frame of all blocks, for readers that stop behind the first one; that takes three times as many lines. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>
#include <zstd.h>
#include <zstd_errors.h>

/* One for each thread that encodes or decodes: the only memory that a plugin allocates. */
struct state {
    ZSTD_CCtx *encoder; /* the other one is NULL */
    ZSTD_DCtx *decoder;
    int32_t level;
    uint64_t memory; /* bytes that a decoder may hold; 0: any number */
    char why[80];
};

static void
close_zstd (void *opaque)
{
    struct state *state = (struct state *) opaque;
    ZSTD_freeCCtx (state->encoder);
    ZSTD_freeDCtx (state->decoder);
    free (state);
}

static tenon_status
open_zstd (const struct tenon_coding *coding, void **result)
{
    ZSTD_bounds window = ZSTD_dParam_getBounds (ZSTD_d_windowLogMax);
    int most = window.upperBound;
    if (coding->setup_size > 0)
        return TENON_E_UNSUPPORTED; /* it has no parameters */
    struct state *state = (struct state *) calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    *result = state;
    state->level = coding->level;
    state->memory = coding->memory;
    if (coding->encode)
        state->encoder = ZSTD_createCCtx ();
    else
        state->decoder = ZSTD_createDCtx ();
    while (most > window.lowerBound && coding->memory && 1ull << most > coding->memory)
        most--; /* step refuses frames whose window is larger */
    if (state->encoder
        || (state->decoder
            && !ZSTD_isError (ZSTD_DCtx_setParameter (state->decoder, ZSTD_d_windowLogMax, most))))
        return TENON_OK;
    close_zstd (state);
    return TENON_E_MEMORY;
}

static uint64_t
bound_zstd (const struct tenon_coding *coding, uint64_t size)
{
    uint64_t bound = size < SIZE_MAX / 2 ? ZSTD_compressBound ((size_t) size) : 0;
    (void) coding;
    return bound == 0 || ZSTD_isError (bound) ? UINT64_MAX : bound;
}

/* A whole frame, whatever the flags say. */
static int64_t
encode_zstd (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct state *state = (struct state *) opaque;
    (void) flags;
    size_t made = ZSTD_compressCCtx (state->encoder, to, (size_t) room, from, (size_t) size, state->level);
    return ZSTD_isError (made) ? TENON_E_MEMORY : (int64_t) made;
}

/* The status of what libzstd refused, and for `why` the reason if the bytes are not damaged. */
static tenon_status
refuse (struct state *state, size_t result)
{
    switch (ZSTD_getErrorCode (result)) {
    case ZSTD_error_memory_allocation: return TENON_E_MEMORY;
    case ZSTD_error_checksum_wrong: return TENON_E_CHECKSUM;
    case ZSTD_error_dictionary_wrong:
        snprintf (state->why, sizeof state->why, "they need a dictionary, and there is none");
        return TENON_E_UNSUPPORTED;
    case ZSTD_error_frameParameter_windowTooLarge:
        snprintf (state->why, sizeof state->why, "they need a window of more than %llu bytes",
                  (unsigned long long) state->memory);
        return TENON_E_LIMIT;
    default: return TENON_E_MALFORMED;
    }
}

static const char *
why_zstd (void *opaque)
{
    struct state *state = (struct state *) opaque;
    return state->why[0] ? state->why : NULL;
}

/* A whole block, which is one frame or several: at once, straight into its place. */
static tenon_status
decode_zstd (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    struct state *state = (struct state *) opaque;
    (void) last; /* 1, since each block is a stream */
    state->why[0] = 0;
    size_t made = ZSTD_decompressDCtx (state->decoder, to, (size_t) size, from, (size_t) stored);
    return ZSTD_isError (made) ? refuse (state, made) : made == size ? TENON_OK : TENON_E_MALFORMED;
}

static tenon_status
reset_zstd (void *opaque)
{
    struct state *state = (struct state *) opaque;
    state->why[0] = 0;
    ZSTD_DCtx_reset (state->decoder, ZSTD_reset_session_only);
    return TENON_OK;
}

/* Behind a frame there may be another one. */
static int32_t
step_zstd (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
           uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    ZSTD_inBuffer in = { from, (size_t) stored, 0 };
    ZSTD_outBuffer out = { to, (size_t) room, 0 };
    size_t left = ZSTD_decompressStream (state->decoder, &out, &in);
    *taken = in.pos;
    *made = out.pos;
    if (ZSTD_isError (left))
        return refuse (state, left);
    return left == 0 ? TENON_STEP_MAY_END : TENON_STEP_MORE;
}

/* clang-format off */
static const struct tenon_filter filter = {
    .struct_size = sizeof filter, .flags = TENON_FILTER_FRAMES, .id = "zstd", .label = "Zstandard (RFC 8878)",
    .least_level = -7, .most_level = 19, .default_level = 3, .bound = bound_zstd, .open = open_zstd,
    .close = close_zstd, .encode = encode_zstd, .decode = decode_zstd, .reset = reset_zstd, .step = step_zstd,
    .why = why_zstd
};
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .abi_minor = TENON_ABI_MINOR, .name = "zstd", .version = "1.0", .license = "MIT",
    .summary = "Zstandard compression", .filters = filters
};
TENON_PLUGIN (plugin)
