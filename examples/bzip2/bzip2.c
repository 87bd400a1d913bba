/* SPDX-License-Identifier: MIT */
/* bzip2.c - a filter outside the tree: bzip2 compression, by libbz2. Formats name it by its id. */
#include <bzlib.h>
#include <stdlib.h>
#include <tenon/plugin.h>

struct state {
    bz_stream stream;
    int32_t level, runs; /* of a stream that is being decoded: 1 */
};

static tenon_status
open_bzip2 (const struct tenon_coding *coding, void **result)
{
    struct state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->level = coding->level;
    *result = state;
    return TENON_OK;
}

/* Ends the stream, wherever it stands. The next step begins another one. */
static tenon_status
reset_bzip2 (void *opaque)
{
    struct state *state = (struct state *) opaque;
    if (state->runs)
        BZ2_bzDecompressEnd (&state->stream);
    state->runs = 0;
    return TENON_OK;
}

static void
close_bzip2 (void *opaque)
{
    reset_bzip2 (opaque);
    free (opaque);
}

static uint64_t
bound_bzip2 (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size < UINT32_MAX / 2 ? size + size / 100 + 600 : UINT64_MAX; /* as libbz2's manual says */
}

static int64_t
encode_bzip2 (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    unsigned length = room < UINT32_MAX ? (unsigned) room : UINT32_MAX;
    (void) flags; /* each block is a stream */
    int result = BZ2_bzBuffToBuffCompress (to, &length, (char *) (uintptr_t) from, (unsigned) size,
                                           ((struct state *) opaque)->level, 0, 0);
    return result == BZ_OK ? (int64_t) length : result == BZ_MEM_ERROR ? TENON_E_MEMORY : TENON_E_MISUSE;
}

/* Behind a stream there may be another one. */
static int32_t
step_bzip2 (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    struct state *state = (struct state *) opaque;
    bz_stream *stream = &state->stream;
    unsigned in = stored < UINT32_MAX ? (unsigned) stored : UINT32_MAX;
    unsigned out = room < UINT32_MAX ? (unsigned) room : UINT32_MAX;
    if (!state->runs && BZ2_bzDecompressInit (stream, 0, 0) != BZ_OK)
        return TENON_E_MEMORY;
    state->runs = 1;
    stream->next_in = (char *) (uintptr_t) from;
    stream->avail_in = in;
    stream->next_out = to;
    stream->avail_out = out;
    int result = BZ2_bzDecompress (stream);
    *taken = in - stream->avail_in;
    *made = out - stream->avail_out;
    if (result == BZ_STREAM_END)
        return reset_bzip2 (state), TENON_STEP_MAY_END;
    return result == BZ_OK ? TENON_STEP_MORE : result == BZ_MEM_ERROR ? TENON_E_MEMORY : TENON_E_MALFORMED;
}

static uint64_t
block_bzip2 (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding, (void) size;
    return 9 * 900000; /* bzip2 itself divides them by 900 kB */
}

/* clang-format off */
static const struct tenon_filter filter = {
    .struct_size = sizeof filter, .flags = TENON_FILTER_FRAMES, .id = "bzip2", .label = "bzip2",
    .least_level = 1, .most_level = 9, .default_level = 9, .bound = bound_bzip2, .open = open_bzip2,
    .close = close_bzip2, .encode = encode_bzip2, .reset = reset_bzip2, .step = step_bzip2, .block_size = block_bzip2
};
static const struct tenon_filter *const filters[] = { &filter, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .abi_minor = TENON_ABI_MINOR, .name = "bzip2", .version = "1.0", .license = "MIT",
    .summary = "bzip2 compression", .filters = filters
};
TENON_PLUGIN (plugin)
