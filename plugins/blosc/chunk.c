/* SPDX-License-Identifier: MIT */
/* chunk.c - one chunk of Blosc, in the format of c-blosc 1, which numcodecs and HDF5 use.
 *
 * c-blosc trusts much of a header, so that all of it is checked here first. The functions "ctx" use none of
 * the global state of c-blosc and make no threads. */
#include "blosc_filter.h"
#include <blosc.h>
#include <stdlib.h>

/* ---- the setup ---- */

static const char *const compressors[] = { BLOSC_BLOSCLZ_COMPNAME, BLOSC_LZ4_COMPNAME,  BLOSC_LZ4HC_COMPNAME,
                                           BLOSC_SNAPPY_COMPNAME,  BLOSC_ZLIB_COMPNAME, BLOSC_ZSTD_COMPNAME };
#define COMPRESSORS (sizeof compressors / sizeof compressors[0])
#define SETUP_SIZE 16u

struct blosc_state {
    int32_t level;
    uint32_t type_size, shuffle, block_size;
    const char *compressor;
    uint64_t memory; /* that decoding may take; 0: any number */
    char why[128];
};

static tenon_status
read_setup (struct blosc_state *state, const struct tenon_coding *coding)
{
    const uint8_t *setup = (const uint8_t *) coding->setup;
    if (coding->setup_size == 0) {
        state->type_size = 1;
        state->compressor = BLOSC_LZ4_COMPNAME;
        return TENON_OK;
    }
    if (coding->setup_size != SETUP_SIZE)
        return TENON_E_MALFORMED;
    uint32_t compressor = tenon_le32 (setup + 12);
    state->type_size = tenon_le32 (setup);
    state->shuffle = tenon_le32 (setup + 4);
    state->block_size = tenon_le32 (setup + 8);
    if (state->type_size == 0 || state->shuffle > BLOSC_BITSHUFFLE || state->block_size > INT32_MAX)
        return TENON_E_MALFORMED;
    if (compressor >= COMPRESSORS || blosc_compname_to_compcode (compressors[compressor]) < 0)
        return TENON_E_UNSUPPORTED;
    state->compressor = compressors[compressor];
    return TENON_OK;
}

static tenon_status
open_blosc (const struct tenon_coding *coding, void **result)
{
    struct blosc_state *state = calloc (1, sizeof *state);
    tenon_status status = TENON_OK;
    if (!state)
        return TENON_E_MEMORY;
    state->level = coding->level;
    state->memory = coding->memory;
    if (coding->encode) /* a chunk states all that decoding needs */
        status = read_setup (state, coding);
    if (status == TENON_OK)
        *result = state;
    else
        free (state);
    return status;
}

static void
close_blosc (void *opaque)
{
    free (opaque);
}

static const char *
explain_blosc (void *opaque)
{
    const struct blosc_state *state = (const struct blosc_state *) opaque;
    return state->why[0] ? state->why : NULL;
}

/* ---- encoding ---- */

static uint64_t
bound_blosc (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size <= BLOSC_MAX_BUFFERSIZE ? size + BLOSC_MAX_OVERHEAD : UINT64_MAX;
}

static int64_t
encode_blosc (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    const struct blosc_state *state = (const struct blosc_state *) opaque;
    (void) flags; /* all is one chunk */
    if (size > BLOSC_MAX_BUFFERSIZE)
        return TENON_E_UNSUPPORTED;
    int length =
        blosc_compress_ctx (state->level, (int) state->shuffle, state->type_size, (size_t) size,
                            size ? from : "", to, (size_t) room, state->compressor, state->block_size, 1);
    return length > 0 ? length : TENON_E_MISUSE;
}

/* ---- headers ---- */

enum {
    HEAD = BLOSC_MIN_HEADER_LENGTH,
    COPIED = BLOSC_MEMCPYED, /* flags */
    RESERVED = 8,
    FORMATS = 5 /* how streams are compressed: the upper three bits of the flags */
};

struct header {
    uint32_t version, flags, format, type_size;
    uint64_t size, block_size, stored, blocks;
};

static const char *const decoders[FORMATS] = { BLOSC_BLOSCLZ_COMPNAME, BLOSC_LZ4_COMPNAME,
                                               BLOSC_SNAPPY_COMPNAME, BLOSC_ZLIB_COMPNAME,
                                               BLOSC_ZSTD_COMPNAME };

static tenon_status
check_version (struct blosc_state *state, const struct header *header)
{
    if (header->version == BLOSC_VERSION_FORMAT && !(header->flags & RESERVED))
        return TENON_OK;
    if (header->version <= BLOSC_VERSION_FORMAT)
        return TENON_E_MALFORMED;
    snprintf (state->why, sizeof state->why, "they have version %u of the format, as c-blosc2 writes",
              header->version);
    return TENON_E_UNSUPPORTED;
}

static tenon_status
check_decoder (struct blosc_state *state, const struct header *header)
{
    if (header->flags & COPIED)
        return TENON_OK;
    if (header->format >= FORMATS)
        return TENON_E_MALFORMED;
    if (blosc_compname_to_compcode (decoders[header->format]) >= 0)
        return TENON_OK;
    snprintf (state->why, sizeof state->why, "the library was built without %s", decoders[header->format]);
    return TENON_E_UNSUPPORTED;
}

/* The beginnings of blocks. The lengths of the streams in a block are checked by c-blosc. */
static tenon_status
check_blocks (const struct header *header, const uint8_t *from)
{
    if (header->flags & COPIED)
        return header->stored == header->size + HEAD ? TENON_OK : TENON_E_MALFORMED;
    if (header->blocks > (header->stored - HEAD) / 4)
        return TENON_E_MALFORMED;
    for (uint64_t i = 0; i < header->blocks; i++) {
        uint64_t begin = tenon_le32 (from + HEAD + 4 * i);
        if (begin < HEAD + 4 * header->blocks || begin > header->stored - 4)
            return TENON_E_MALFORMED;
    }
    return TENON_OK;
}

/* c-blosc allocates two blocks, and the lengths of a block's streams. */
static tenon_status
check_memory (struct blosc_state *state, const struct header *header)
{
    uint64_t needed = 2 * header->block_size + 4 * header->type_size;
    if (!state->memory || needed <= state->memory)
        return TENON_OK;
    snprintf (state->why, sizeof state->why, "they need %llu bytes of memory; raise memory in [limits]",
              (unsigned long long) needed);
    return TENON_E_LIMIT;
}

static tenon_status
read_header (struct blosc_state *state, const uint8_t *from, uint64_t stored, struct header *header)
{
    state->why[0] = 0;
    if (stored < HEAD)
        return TENON_E_MALFORMED;
    *header = (struct header){ .version = from[0],
                               .flags = from[2],
                               .format = from[2] >> 5,
                               .type_size = from[3],
                               .size = tenon_le32 (from + 4),
                               .block_size = tenon_le32 (from + 8),
                               .stored = tenon_le32 (from + 12) };
    TENON_TRY (check_version (state, header));
    if (header->stored != stored || header->size > BLOSC_MAX_BUFFERSIZE || header->type_size == 0)
        return TENON_E_MALFORMED;
    if (header->size == 0)
        return stored == HEAD ? TENON_OK : TENON_E_MALFORMED;
    if (header->block_size == 0 || header->block_size > header->size
        || header->block_size > BLOSC_MAX_BLOCKSIZE)
        return TENON_E_MALFORMED;
    header->blocks = (header->size + header->block_size - 1) / header->block_size;
    TENON_TRY (check_decoder (state, header));
    return check_memory (state, header);
}

/* ---- decoding ---- */

static tenon_status
decode_chunk (const struct header *header, const uint8_t *from, void *to)
{
    if (header->size == 0)
        return TENON_OK;
    TENON_TRY (check_blocks (header, from));
    int made = blosc_decompress_ctx (from, to, (size_t) header->size, 1);
    return made >= 0 && (uint64_t) made == header->size ? TENON_OK : TENON_E_MALFORMED;
}

static tenon_status
decode_blosc (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    struct header header;
    (void) last; /* it always is */
    TENON_TRY (read_header ((struct blosc_state *) opaque, (const uint8_t *) from, stored, &header));
    return header.size == size ? decode_chunk (&header, (const uint8_t *) from, to) : TENON_E_MALFORMED;
}

static int64_t
unpack_blosc (void *opaque, const void *from, uint64_t stored, void *to, uint64_t room)
{
    struct header header;
    TENON_TRY (read_header ((struct blosc_state *) opaque, (const uint8_t *) from, stored, &header));
    if (header.size <= room)
        TENON_TRY (decode_chunk (&header, (const uint8_t *) from, to));
    return (int64_t) header.size;
}

const struct tenon_filter tenon_blosc = {
    .struct_size = sizeof tenon_blosc,
    .id = "blosc",
    .label = "a chunk of Blosc",
    .least_level = 0,
    .most_level = 9,
    .default_level = 5,
    .bound = bound_blosc,
    .open = open_blosc,
    .close = close_blosc,
    .encode = encode_blosc,
    .decode = decode_blosc,
    .unpack = unpack_blosc,
    .why = explain_blosc,
};
