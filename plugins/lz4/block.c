/* SPDX-License-Identifier: MIT */
/* block.c - one LZ4 block behind the number of its decoded bytes, 32 bits, little-endian: the framing of
 * numcodecs. */
#include "lz4_filter.h"
#include <lz4.h>
#include <stdlib.h>

#define HEAD 4u
#define MOST_SIZE ((uint64_t) LZ4_MAX_INPUT_SIZE)
/* Levels are accelerations, and LZ4_compress_fast has no larger one. */
#define MOST_ACCELERATION 65537

enum { SIZE_IN_FRONT = 0 }; /* the setup: which framing */

struct lz4_state {
    void *tables; /* encoder */
    int32_t acceleration;
};

static uint64_t
bound_lz4 (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size <= MOST_SIZE ? HEAD + (uint64_t) LZ4_compressBound ((int) size) : UINT64_MAX;
}

static void
close_lz4 (void *opaque)
{
    struct lz4_state *state = (struct lz4_state *) opaque;
    free (state->tables);
    free (state);
}

static tenon_status
open_lz4 (const struct tenon_coding *coding, void **result)
{
    if (coding->setup_size != 0 && coding->setup_size != 4)
        return TENON_E_MALFORMED;
    if (coding->setup_size == 4 && tenon_le32 (coding->setup) != SIZE_IN_FRONT)
        return TENON_E_UNSUPPORTED;
    struct lz4_state *state = calloc (1, sizeof *state);
    if (!state)
        return TENON_E_MEMORY;
    state->acceleration = coding->level;
    if (coding->encode && !(state->tables = malloc ((size_t) LZ4_sizeofState ()))) {
        close_lz4 (state);
        return TENON_E_MEMORY;
    }
    *result = state;
    return TENON_OK;
}

static int64_t
encode_lz4 (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct lz4_state *state = (struct lz4_state *) opaque;
    (void) flags; /* all is one block */
    if (size > MOST_SIZE)
        return TENON_E_UNSUPPORTED;
    if (room < HEAD)
        return TENON_E_MISUSE;
    char *block = tenon_put_le32 (to, (uint32_t) size);
    room = room - HEAD < INT32_MAX ? room - HEAD : INT32_MAX;
    int length = LZ4_compress_fast_extState (state->tables, size ? (const char *) from : "", block,
                                             (int) size, (int) room, state->acceleration);
    return length > 0 ? (int64_t) HEAD + length : TENON_E_MISUSE;
}

/* The size that the stream states. */
static tenon_status
read_size (const void *from, uint64_t stored, uint64_t *size)
{
    if (stored < HEAD || stored - HEAD > INT32_MAX)
        return TENON_E_MALFORMED;
    *size = tenon_le32 (from);
    return *size <= MOST_SIZE ? TENON_OK : TENON_E_MALFORMED;
}

static tenon_status
decode_block (const void *from, uint64_t stored, void *to, uint64_t size)
{
    char none[1]; /* nothing may be written to `to` if it has no bytes */
    int made = LZ4_decompress_safe ((const char *) from + HEAD, size ? (char *) to : none,
                                    (int) (stored - HEAD), (int) size);
    return made >= 0 && (uint64_t) made == size ? TENON_OK : TENON_E_MALFORMED;
}

static tenon_status
decode_lz4 (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    uint64_t stated;
    (void) opaque, (void) last; /* it always is the last */
    TENON_TRY (read_size (from, stored, &stated));
    return stated == size ? decode_block (from, stored, to, size) : TENON_E_MALFORMED;
}

static int64_t
unpack_lz4 (void *opaque, const void *from, uint64_t stored, void *to, uint64_t room)
{
    uint64_t size;
    (void) opaque;
    TENON_TRY (read_size (from, stored, &size));
    if (size <= room)
        TENON_TRY (decode_block (from, stored, to, size));
    return (int64_t) size;
}

const struct tenon_filter tenon_lz4 = {
    .struct_size = sizeof tenon_lz4,
    .id = "lz4",
    .label = "an LZ4 block behind its size",
    .least_level = 1,
    .most_level = MOST_ACCELERATION,
    .default_level = 1,
    .bound = bound_lz4,
    .open = open_lz4,
    .close = close_lz4,
    .encode = encode_lz4,
    .decode = decode_lz4,
    .unpack = unpack_lz4,
};
