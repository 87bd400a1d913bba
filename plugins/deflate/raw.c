/* SPDX-License-Identifier: MIT */
/* raw.c - the filter deflate: raw deflate (RFC 1951), by the best of three libraries for each task.
 *
 *     a stream in one piece      libdeflate, else ISA-L, else zlib
 *     a stream in pieces         ISA-L, else zlib
 *     a block of a stream        ISA-L, else zlib
 *     encoding                   see way_of
 *
 * libdeflate cannot stop at the end of a block that does not end its stream. Five bytes that end it (an empty
 * final block) could be appended to a copy of the block; but a hostile final block inside can take them for
 * its own data, and the result does not show it. So libdeflate is not used there. */
#include "filter.h"
#include "with_isal.h"
#include "with_zlib.h"
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

#define STORED_SIZE 65535u /* the most that a stored deflate block holds */
#define STORED_HEADER 5u
#define MIB ((uint64_t) 1 << 20)

struct state {
    int32_t level;
    struct deflate_zlib_encoder *zlib_encoder; /* these five are made on demand */
    struct deflate_zlib_decoder *zlib_decoder;
#ifdef HAVE_ISAL
    struct deflate_isal_encoder *isal_encoder;
    struct deflate_isal_decoder *isal_decoder;
#endif
#ifdef HAVE_LIBDEFLATE
    struct libdeflate_compressor *compressor;
    struct libdeflate_decompressor *decompressor;
#endif
};

static void
close_state (void *opaque)
{
    struct state *state = opaque;
    if (!state)
        return;
    if (state->zlib_encoder)
        deflate_zlib_encoder_free (state->zlib_encoder);
    if (state->zlib_decoder)
        deflate_zlib_decoder_free (state->zlib_decoder);
#ifdef HAVE_ISAL
    if (state->isal_encoder)
        deflate_isal_encoder_free (state->isal_encoder);
    if (state->isal_decoder)
        deflate_isal_decoder_free (state->isal_decoder);
#endif
#ifdef HAVE_LIBDEFLATE
    libdeflate_free_compressor (state->compressor);
    libdeflate_free_decompressor (state->decompressor);
#endif
    free (state);
}

static int32_t
level_of (int32_t level)
{
    return level < 0 ? DEFLATE_DEFAULT_LEVEL : DEFLATE_MIN (level, DEFLATE_LAST_LEVEL);
}

static tenon_status
new_state (const struct tenon_coding *coding, void **result)
{
    if (coding->setup_size > 0)
        return TENON_E_UNSUPPORTED;
    struct state *state = calloc (1, sizeof *state);
    if (state)
        state->level = level_of (coding->level);
    *result = state;
    return state ? TENON_OK : TENON_E_MEMORY;
}

/* ---- encoding ---- */

enum way { STORE, ISAL, LIBDEFLATE, ZLIB };

/* The library that encodes a block. libdeflate can only encode the last block of a stream. */
static enum way
way_of (int32_t level, bool last)
{
    if (level == 0)
        return STORE;
#ifdef HAVE_ISAL
    if (level <= DEFLATE_ISAL_LAST_LEVEL)
        return ISAL;
#endif
#ifdef HAVE_LIBDEFLATE
    if (last)
        return LIBDEFLATE;
#endif
    (void) last;
    return ZLIB;
}

/* A block that does not get smaller is stored, so the stored size is the bound for all ways, with an empty
 * stored block for the flush or the end. */
static uint64_t
encoded_bound (uint64_t size)
{
    return size + (size / STORED_SIZE + 2) * STORED_HEADER;
}

static uint8_t *
put_stored_header (uint8_t *to, bool last, uint32_t size)
{
    const uint8_t header[STORED_HEADER] = { last, (uint8_t) size, (uint8_t) (size >> 8), (uint8_t) ~size,
                                            (uint8_t) (~size >> 8) };
    memcpy (to, header, sizeof header);
    return to + sizeof header;
}

/* Writes stored blocks, then an empty one, which is the full flush or the end. */
static int64_t
store_block (bool last, const uint8_t *from, uint64_t size, uint8_t *to)
{
    uint8_t *start = to;
    while (size > 0) {
        uint32_t piece = (uint32_t) DEFLATE_MIN (size, STORED_SIZE);
        to = put_stored_header (to, false, piece);
        memcpy (to, from, piece);
        to += piece, from += piece, size -= piece;
    }
    return put_stored_header (to, last, 0) - start;
}

#ifdef HAVE_ISAL
static int64_t
encode_isal (struct state *state, bool last, const void *from, uint64_t size, void *to, uint64_t room)
{
    if (!state->isal_encoder && !(state->isal_encoder = deflate_isal_encoder_new (state->level)))
        return TENON_E_MEMORY;
    return deflate_isal_encode (state->isal_encoder, last, from, size, to, room);
}
#endif

#ifdef HAVE_LIBDEFLATE
static int64_t
encode_libdeflate (struct state *state, const void *from, uint64_t size, void *to, uint64_t room)
{
    if (!state->compressor && !(state->compressor = libdeflate_alloc_compressor (state->level)))
        return TENON_E_MEMORY;
    size_t length = libdeflate_deflate_compress (state->compressor, from, size, to, room);
    return length > 0 ? (int64_t) length : DEFLATE_NO_ROOM;
}
#endif

static int64_t
encode_zlib (struct state *state, bool last, const void *from, uint64_t size, void *to, uint64_t room)
{
    if (!state->zlib_encoder
        && !(state->zlib_encoder = deflate_zlib_encoder_new (DEFLATE_MIN (state->level, 9))))
        return TENON_E_MEMORY;
    return deflate_zlib_encode (state->zlib_encoder, last, from, size, to, room);
}

static int64_t
encode_at_once (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct state *state = opaque;
    bool last = flags & TENON_FILTER_LAST;
    uint64_t most = encoded_bound (size);
    int64_t length = DEFLATE_NO_ROOM;
    if (room < most)
        return TENON_E_MISUSE;
    /* `most`, not `room`: the result must not depend on the room */
    switch (way_of (state->level, last)) {
    case STORE: break;
#ifdef HAVE_ISAL
    case ISAL: length = encode_isal (state, last, from, size, to, most); break;
#endif
#ifdef HAVE_LIBDEFLATE
    case LIBDEFLATE: length = encode_libdeflate (state, from, size, to, most); break;
#endif
    default: length = encode_zlib (state, last, from, size, to, most);
    }
    return length == DEFLATE_NO_ROOM ? store_block (last, from, size, to) : length;
}

static uint64_t
bound_of (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return encoded_bound (size);
}

/* Independent blocks of 1 MiB cost 0.1 % of a bf16 file; at 2 MiB, the default level of ISA-L can afford
 * that. A member that libdeflate is to encode is one block, as long as that needs no more memory than a few
 * blocks on all threads: `size` is rounded up, so that a header beyond it makes no second block. */
static uint64_t
block_size (const struct tenon_coding *coding, uint64_t size)
{
    int32_t level = level_of (coding->level);
    if (way_of (level, true) == LIBDEFLATE && size <= 16 * MIB)
        return (size | 0xFFFF) + 1;
    return way_of (level, true) == ISAL && level == DEFLATE_DEFAULT_LEVEL ? 2 * MIB : MIB;
}

/* ---- decoding ---- */

static tenon_status
reset_state (void *opaque)
{
    struct state *state = opaque;
#ifdef HAVE_ISAL
    if (!state->isal_decoder && !(state->isal_decoder = deflate_isal_decoder_new ()))
        return TENON_E_MEMORY;
    deflate_isal_reset (state->isal_decoder);
#else
    if (!state->zlib_decoder && !(state->zlib_decoder = deflate_zlib_decoder_new ()))
        return TENON_E_MEMORY;
    deflate_zlib_reset (state->zlib_decoder);
#endif
    return TENON_OK;
}

static int32_t
inflate_step (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
              uint64_t *made)
{
    struct state *state = opaque;
#ifdef HAVE_ISAL
    return deflate_isal_step (state->isal_decoder, from, stored, taken, to, room, made);
#else
    return deflate_zlib_step (state->zlib_decoder, from, stored, taken, to, room, made);
#endif
}

static bool
at_boundary (const struct state *state)
{
#ifdef HAVE_ISAL
    return deflate_isal_at_boundary (state->isal_decoder);
#else
    return deflate_zlib_at_boundary (state->zlib_decoder);
#endif
}

/* Steps until the stream ends or makes no progress; input and output must then be used up. *ended: the stream
 * ended. */
static tenon_status
decode_steps (struct state *state, const uint8_t *from, uint64_t stored, uint8_t *to, uint64_t size,
              bool *ended)
{
    uint64_t taken, made;
    uint8_t beyond[1];
    TENON_TRY (reset_state (state));
    do {
        int32_t result = inflate_step (state, from, stored, &taken, size > 0 ? to : beyond,
                                       size > 0 ? size : sizeof beyond, &made);
        if (result < 0)
            return result;
        if (made > size)
            return TENON_E_MALFORMED;
        *ended = result > 0;
        from += taken, stored -= taken;
        to += made, size -= made;
    } while (!*ended && (taken > 0 || made > 0));
    return stored == 0 && size == 0 ? TENON_OK : TENON_E_MALFORMED;
}

/* A block in the middle ends in a full flush: an empty stored block. */
static tenon_status
decode_block (struct state *state, const uint8_t *from, uint64_t stored, void *to, uint64_t size)
{
    static const uint8_t flush[4] = { 0, 0, 0xFF, 0xFF };
    bool ended;
    if (stored < STORED_HEADER || memcmp (from + stored - sizeof flush, flush, sizeof flush) != 0)
        return TENON_E_MALFORMED;
    TENON_TRY (decode_steps (state, from, stored, to, size, &ended));
    return !ended && at_boundary (state) ? TENON_OK : TENON_E_MALFORMED;
}

#ifdef HAVE_LIBDEFLATE
static tenon_status
inflate_whole (struct state *state, const void *from, uint64_t stored, void *to, uint64_t size)
{
    size_t taken = 0, made = 0;
    if (!state->decompressor && !(state->decompressor = libdeflate_alloc_decompressor ()))
        return TENON_E_MEMORY;
    enum libdeflate_result result =
        libdeflate_deflate_decompress_ex (state->decompressor, from, stored, to, size, &taken, &made);
    return result == LIBDEFLATE_SUCCESS && taken == stored && made == size ? TENON_OK : TENON_E_MALFORMED;
}
#else
static tenon_status
inflate_whole (struct state *state, const void *from, uint64_t stored, void *to, uint64_t size)
{
    bool ended;
    TENON_TRY (decode_steps (state, from, stored, to, size, &ended));
    return ended ? TENON_OK : TENON_E_MALFORMED;
}
#endif

static tenon_status
decode_at_once (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    return last ? inflate_whole (opaque, from, stored, to, size)
                : decode_block (opaque, from, stored, to, size);
}

#if defined(HAVE_ISAL) && defined(HAVE_LIBDEFLATE)
#define LEVELS                                                                                               \
    "levels 1-3 ISA-L's; 4-12 libdeflate's for what is one block, else zlib's up to 9; ISA-L and "           \
    "libdeflate decode"
#elif defined(HAVE_ISAL)
#define LEVELS "levels 1-3 ISA-L's, 4-9 zlib's, above as 9; ISA-L decodes"
#elif defined(HAVE_LIBDEFLATE)
#define LEVELS                                                                                               \
    "levels 1-12 libdeflate's for what is one block, else zlib's up to 9; libdeflate and zlib decode"
#else
#define LEVELS "levels 1-9 zlib's, above as 9; zlib decodes"
#endif

const struct tenon_filter deflate_raw = {
    .struct_size = sizeof deflate_raw,
    .flags = TENON_FILTER_JOINS,
    .id = "deflate",
    .label = "deflate (RFC 1951); level 0 stores, " LEVELS,
    .least_level = 0,
    .most_level = DEFLATE_LAST_LEVEL,
    .default_level = DEFLATE_DEFAULT_LEVEL,
    .bound = bound_of,
    .open = new_state,
    .close = close_state,
    .encode = encode_at_once,
    .decode = decode_at_once,
    .reset = reset_state,
    .step = inflate_step,
    .block_size = block_size,
};
