/* SPDX-License-Identifier: MIT */
/* header.c - formats a header as NumPy does.
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 *
 * Spaces follow, so that one dim may grow to 21 digits in place: the first in C order, the last in Fortran
 * order. Then come 1 to 64 spaces and a newline, so that the data begin at a multiple of 64. The header has
 * the oldest version that can hold it: 1.0 for up to 65,535 bytes of latin1, 2.0 for more, 3.0 for other
 * characters. MLX and others parse this text by counting bytes, so nothing in it may move. */
#include "npy.h"

#define ALIGNMENT 64u
#define GROWTH_DIGITS 21u
#define DIM_ROOM 22u /* 19 digits, ", ", NUL */

/* The text so far. Its room is computed before. */
struct builder {
    char *bytes;
    uint64_t length;
};

static void
append_bytes (struct builder *builder, const char *bytes, uint64_t length)
{
    memcpy (builder->bytes + builder->length, bytes, (size_t) length);
    builder->length += length;
}

static void
append_string (struct builder *builder, const char *text)
{
    append_bytes (builder, text, strlen (text));
}

/* Appends the repr of a dim, and returns its length. */
static uint64_t
append_dim (struct builder *builder, uint64_t dim)
{
    char digits[DIM_ROOM];
    uint64_t at = sizeof digits;
    do
        digits[--at] = (char) ('0' + dim % 10);
    while ((dim /= 10) > 0);
    append_bytes (builder, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static void
append_dictionary (struct builder *builder, struct npy_word descr, uint32_t is_fortran, const uint64_t *shape,
                   uint32_t rank)
{
    uint32_t growing = is_fortran && rank ? rank - 1 : 0;
    uint64_t growth = 0;
    append_string (builder, "{'descr': ");
    append_bytes (builder, descr.bytes, descr.length);
    append_string (builder, is_fortran ? ", 'fortran_order': True, 'shape': ("
                                       : ", 'fortran_order': False, 'shape': (");
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t digits = append_dim (builder, shape[i]);
        if (i == growing)
            growth = GROWTH_DIGITS - digits;
        append_string (builder, i + 1 < rank ? ", " : rank == 1 ? "," : "");
    }
    append_string (builder, "), }");
    memset (builder->bytes + builder->length, ' ', (size_t) growth);
    builder->length += growth;
}

/* Converts UTF-8 to latin1, in place. Returns 0, and changes nothing, if latin1 lacks a character. */
static int
make_latin1 (struct builder *builder)
{
    uint64_t to = 0;
    uint8_t all = 0;
    for (uint64_t i = 0; i < builder->length; i++)
        all |= (uint8_t) builder->bytes[i];
    if (all < 0x80) /* ASCII, as nearly always */
        return 1;
    /* In valid UTF-8 the lead bytes of U+0080 … U+00FF are c2 and c3; all later ones are above. */
    for (uint64_t i = 0; i < builder->length; i++)
        if ((uint8_t) builder->bytes[i] > 0xc3)
            return 0;
    for (uint64_t i = 0; i < builder->length; i++) {
        uint8_t byte = (uint8_t) builder->bytes[i];
        if (byte >= 0xc2)
            byte = (uint8_t) ((byte & 3u) << 6 | ((uint8_t) builder->bytes[++i] & 0x3fu));
        builder->bytes[to++] = (char) byte;
    }
    builder->length = to;
    return 1;
}

/* Spaces between a text of `length` bytes, after `prefix` bytes, and its newline. */
static uint64_t
padding_after (uint64_t prefix, uint64_t length)
{
    return ALIGNMENT - (prefix + length + 1) % ALIGNMENT;
}

tenon_status
npy_format_header (struct tenon_call *call, struct npy_word descr, uint32_t is_fortran, const uint64_t *shape,
                   uint32_t rank, const void **bytes, uint64_t *length)
{
    /* Keys, growth, padding and prefix are below 256. The text begins at 12, and the prefix ends there. */
    uint64_t room = 256 + descr.length + (uint64_t) rank * DIM_ROOM, padding;
    struct builder builder = { NULL, 0 };
    uint8_t major = 1, prefix = 10, *start = call->host->scratch (call, room);
    if (!start)
        return TENON_E_MEMORY;
    builder.bytes = (char *) start + 12;
    append_dictionary (&builder, descr, is_fortran, shape, rank);
    if (!make_latin1 (&builder))
        major = 3;
    else if (builder.length + 1 + padding_after (10, builder.length) > UINT16_MAX)
        major = 2;
    if (major > 1)
        prefix = 12;
    padding = padding_after (prefix, builder.length);
    if (builder.length + padding + 1 > UINT32_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "the header would take %llu bytes, npy's versions have 32 bits for that",
                           (unsigned long long) (builder.length + padding + 1));
    memset (builder.bytes + builder.length, ' ', (size_t) padding);
    builder.length += padding;
    append_bytes (&builder, "\n", 1);
    start += 12 - prefix;
    memcpy (start, NPY_MAGIC, NPY_MAGIC_LENGTH);
    start[6] = major;
    start[7] = 0;
    if (major == 1)
        tenon_put_le16 (start + 8, (uint16_t) builder.length);
    else
        tenon_put_le32 (start + 8, (uint32_t) builder.length);
    *bytes = start;
    *length = prefix + builder.length;
    return TENON_OK;
}
