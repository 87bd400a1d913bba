/* deflate.c - the filter that the core brings along: raw deflate (RFC 1951). zlib does everything; a stream
 * that is decoded in one piece goes to libdeflate, when the build has it, at about three times the speed.
 * libdeflate cannot stop at the end of a block that does not end its stream, so blocks in the middle stay
 * with zlib. */
#include "context.h"
#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#define DECODER ", libdeflate for streams in one piece"
#else
#define DECODER ""
#endif

struct state {
    z_stream z;
    bool encode;
    bool opened;
#ifdef HAVE_LIBDEFLATE
    struct libdeflate_decompressor *whole;
#endif
};

static uint64_t
bound (int32_t level, uint64_t size)
{
    (void) level;
    /* zlib's own bound for any level and memory, and the five bytes of a full flush */
    return size + (size >> 3) + (size >> 8) + (size >> 9) + 64;
}

static void
close_state (void *opaque)
{
    struct state *state = opaque;
    if (!state)
        return;
    if (state->opened)
        (void) (state->encode ? deflateEnd (&state->z) : inflateEnd (&state->z));
#ifdef HAVE_LIBDEFLATE
    libdeflate_free_decompressor (state->whole);
#endif
    free (state);
}

static void *
open_state (int32_t level, int32_t encode)
{
    struct state *state = calloc (1, sizeof *state);
    if (!state)
        return NULL;
    state->encode = encode;
    int result = encode ? deflateInit2 (&state->z, level < 0 ? 6 : TN_MIN (level, 9), Z_DEFLATED, -15, 9,
                                        Z_DEFAULT_STRATEGY)
                        : inflateInit2 (&state->z, -15);
    state->opened = result == Z_OK;
    if (!state->opened) {
        close_state (state);
        return NULL;
    }
    return state;
}

/* zlib counts in 32 bits: both sides are handed over in pieces. */
#define PIECE ((uint64_t) 1 << 30)

static int64_t
encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct state *state = opaque;
    z_stream *z = &state->z;
    uint64_t left = size, free_room = room;
    int flush = Z_NO_FLUSH, result;
    deflateReset (z);
    z->next_in = (Bytef *) (uintptr_t) from;
    z->next_out = to;
    do {
        uInt in = (uInt) TN_MIN (left, PIECE), out = (uInt) TN_MIN (free_room, PIECE);
        z->avail_in = in;
        z->avail_out = out;
        /* a full flush ends the block at a byte and forgets its history: the next one stands by itself */
        flush = left > in ? Z_NO_FLUSH : flags & TENON_FILTER_LAST ? Z_FINISH : Z_FULL_FLUSH;
        result = deflate (z, flush);
        left -= in - z->avail_in;
        free_room -= out - z->avail_out;
        if (result < 0 && result != Z_BUF_ERROR)
            return result == Z_MEM_ERROR ? TENON_E_MEMORY : TENON_E_MISUSE;
        if (z->avail_in == 0 && left == 0
            && (result == Z_STREAM_END || (flush == Z_FULL_FLUSH && z->avail_out > 0)))
            return (int64_t) (room - free_room);
    } while (free_room > 0);
    return TENON_E_MISUSE; /* more than bound() said */
}

static tenon_status
reset (void *opaque)
{
    struct state *state = opaque;
    return inflateReset (&state->z) == Z_OK ? TENON_OK : TENON_E_MISUSE;
}

static int32_t
step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
      uint64_t *made)
{
    struct state *state = opaque;
    z_stream *z = &state->z;
    uInt in = (uInt) TN_MIN (stored, PIECE), out = (uInt) TN_MIN (room, PIECE);
    z->next_in = (Bytef *) (uintptr_t) from;
    z->avail_in = in;
    z->next_out = to;
    z->avail_out = out;
    int result = inflate (z, Z_NO_FLUSH);
    *taken = in - z->avail_in;
    *made = out - z->avail_out;
    return result == Z_STREAM_END                    ? 1
           : result == Z_OK || result == Z_BUF_ERROR ? 0
           : result == Z_MEM_ERROR                   ? TENON_E_MEMORY
                                                     : TENON_E_MALFORMED;
}

#ifdef HAVE_LIBDEFLATE
static tenon_status
decode_whole (struct state *state, const void *from, uint64_t stored, void *to, uint64_t size)
{
    size_t taken = 0, made = 0;
    if (!state->whole && !(state->whole = libdeflate_alloc_decompressor ()))
        return TENON_E_MEMORY;
    enum libdeflate_result result =
        libdeflate_deflate_decompress_ex (state->whole, from, stored, to, size, &taken, &made);
    return result == LIBDEFLATE_SUCCESS && taken == stored && made == size ? TENON_OK : TENON_E_MALFORMED;
}
#endif

static tenon_status
decode (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint8_t beyond[1];
#ifdef HAVE_LIBDEFLATE
    if (last)
        return decode_whole (opaque, from, stored, to, size);
#endif
    TN_TRY (reset (opaque));
    bool ended = false;
    while (!ended && (stored > 0 || size > 0)) {
        uint64_t taken = 0, made = 0;
        int32_t result =
            step (opaque, from, stored, &taken, size ? to : beyond, size ? size : sizeof beyond, &made);
        if (result < 0)
            return result;
        if (made > size || (taken == 0 && made == 0 && result == 0))
            return TENON_E_MALFORMED;
        from = (const uint8_t *) from + taken;
        to = (uint8_t *) to + made;
        stored -= taken, size -= made;
        ended = result > 0;
    }
    return stored == 0 && size == 0 && ended == (last != 0) ? TENON_OK : TENON_E_MALFORMED;
}

const struct tenon_filter tn_deflate = {
    .struct_size = sizeof tn_deflate,
    .id = "deflate",
    .label = "deflate (RFC 1951), zlib" DECODER,
    .least_level = 0,
    .most_level = 9,
    .default_level = 6,
    .bound = bound,
    .open = open_state,
    .close = close_state,
    .encode = encode,
    .decode = decode,
    .reset = reset,
    .step = step,
};
