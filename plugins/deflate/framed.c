/* SPDX-License-Identifier: MIT */
/* framed.c - the filters zlib (RFC 1950) and gzip (RFC 1952): raw deflate between a header and a sum.
 *
 * The sum of zlib is one over all bytes, so a stream cannot be made of blocks. A member of gzip is a stream,
 * and members joined are one, as in files that were made by many threads; zeros may stand behind a member, as
 * tapes have them. */
#include "filter.h"
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif
#ifdef HAVE_ISAL
#include <isa-l/crc.h>
#endif

enum framing { ZLIB, GZIP };

enum place {
    BETWEEN, /* before a member, behind another: gzip */
    HEADER,  /* bytes of the fixed header */
    EXTRA_LENGTH,
    EXTRA,
    NAME,
    COMMENT,
    HEADER_SUM,
    BODY,
    TRAILER,
    ENDED
};

/* gzip: the flags of a header */
enum { IS_TEXT = 1, HAS_SUM = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16, RESERVED = 0xe0 };

#define ZLIB_HEADER 2u
#define GZIP_HEADER 10u
#define ZLIB_TRAILER 4u
#define GZIP_TRAILER 8u

struct framed {
    enum framing framing;
    void *raw;
    int32_t level;
    const char *why;
    /* between two steps: */
    enum place place;
    uint8_t bytes[GZIP_HEADER]; /* of a header, a length or a trailer */
    uint32_t have, skip;        /* of them; bytes of the extra field that are left */
    uint8_t flags;
    uint32_t sum;  /* of the header so far, or of what is decoded */
    uint64_t size; /* decoded, of this member */
};

/* ---- sums ---- */

static uint32_t
sum_bytes (const struct framed *framed, uint32_t before, const void *bytes, uint64_t length)
{
    if (length == 0)
        return before;
#if defined(HAVE_ISAL)
    if (framed->framing == GZIP)
        return crc32_gzip_refl (before, bytes, length);
#endif
#if defined(HAVE_LIBDEFLATE)
    return framed->framing == GZIP ? libdeflate_crc32 (before, bytes, length)
                                   : libdeflate_adler32 (before, bytes, length);
#else
    return (uint32_t) (framed->framing == GZIP ? crc32_z (before, bytes, length)
                                               : adler32_z (before, bytes, length));
#endif
}

static uint32_t
first_sum (const struct framed *framed)
{
    return framed->framing == ZLIB; /* Adler-32 begins as 1 */
}

/* ---- states ---- */

static void
close_framed (void *opaque)
{
    struct framed *framed = opaque;
    if (framed && framed->raw)
        deflate_raw.close (framed->raw);
    free (framed);
}

static tenon_status
open_framed (const struct tenon_coding *coding, enum framing framing, void **state)
{
    struct framed *framed = calloc (1, sizeof *framed);
    if (!framed)
        return TENON_E_MEMORY;
    framed->framing = framing;
    framed->level = coding->level < 0 ? deflate_raw.default_level : coding->level;
    tenon_status status = deflate_raw.open (coding, &framed->raw);
    if (status == TENON_OK)
        *state = framed;
    else
        close_framed (framed);
    return status;
}

static tenon_status
open_zlib (const struct tenon_coding *coding, void **state)
{
    return open_framed (coding, ZLIB, state);
}

static tenon_status
open_gzip (const struct tenon_coding *coding, void **state)
{
    return open_framed (coding, GZIP, state);
}

static const char *
tell_why (void *opaque)
{
    return ((const struct framed *) opaque)->why;
}

/* ---- encoding ---- */

static uint64_t
framed_bound (const struct tenon_coding *coding, uint64_t size)
{
    return deflate_raw.bound (coding, size) + GZIP_HEADER + GZIP_TRAILER;
}

/* zlib tells the level in two bits, and the header is a multiple of 31. */
static uint32_t
put_header (const struct framed *framed, uint8_t *to)
{
    static const uint8_t gzip[GZIP_HEADER] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    uint32_t level = framed->level < 2 ? 0 : framed->level < 6 ? 1 : framed->level == 6 ? 2 : 3;
    if (framed->framing == GZIP) {
        memcpy (to, gzip, sizeof gzip);
        return GZIP_HEADER;
    }
    to[0] = 0x78;
    to[1] = (uint8_t) (level << 6);
    to[1] = (uint8_t) (to[1] + 31 - (to[0] * 256u + to[1]) % 31);
    return ZLIB_HEADER;
}

static uint32_t
put_trailer (const struct framed *framed, uint32_t sum, uint64_t size, uint8_t *to)
{
    if (framed->framing == ZLIB) {
        for (int i = 0; i < 4; i++)
            to[i] = (uint8_t) (sum >> (24 - 8 * i));
        return ZLIB_TRAILER;
    }
    tenon_put_le32 (to, sum);
    tenon_put_le32 (to + 4, (uint32_t) size);
    return GZIP_TRAILER;
}

static int64_t
encode_framed (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct framed *framed = opaque;
    uint8_t *out = to;
    if (!(flags & TENON_FILTER_LAST) || room < GZIP_HEADER + GZIP_TRAILER)
        return TENON_E_MISUSE;
    uint32_t header = put_header (framed, out);
    int64_t length = deflate_raw.encode (framed->raw, TENON_FILTER_LAST, from, size, out + header,
                                         room - GZIP_HEADER - GZIP_TRAILER);
    if (length < 0)
        return length;
    uint32_t sum = sum_bytes (framed, first_sum (framed), from, size);
    return header + length + put_trailer (framed, sum, size, out + header + length);
}

/* As raw deflate, for members that are joined. */
static uint64_t
gzip_block_size (const struct tenon_coding *coding, uint64_t size)
{
    return deflate_raw.block_size (coding, size);
}

/* ---- decoding in pieces ---- */

static tenon_status
reset_framed (void *opaque)
{
    struct framed *framed = opaque;
    framed->place = HEADER;
    framed->have = 0;
    framed->why = NULL;
    return TENON_OK;
}

static tenon_status
refuse (struct framed *framed, const char *why)
{
    framed->why = why;
    return TENON_E_UNSUPPORTED;
}

static tenon_status
begin_body (struct framed *framed)
{
    framed->place = BODY;
    framed->have = 0;
    framed->sum = first_sum (framed);
    framed->size = 0;
    return deflate_raw.reset (framed->raw);
}

/* The next part of gzip's header that is there, behind `place`. */
static tenon_status
next_field (struct framed *framed)
{
    static const struct {
        enum place place;
        uint8_t flag;
    } fields[] = {
        { EXTRA_LENGTH, HAS_EXTRA }, { NAME, HAS_NAME }, { COMMENT, HAS_COMMENT }, { HEADER_SUM, HAS_SUM }
    };
    framed->have = 0;
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].place > framed->place && (framed->flags & fields[i].flag)) {
            framed->place = fields[i].place;
            return TENON_OK;
        }
    return begin_body (framed);
}

static tenon_status
read_header (struct framed *framed)
{
    const uint8_t *bytes = framed->bytes;
    if (framed->framing == ZLIB) {
        if ((bytes[0] & 15) != 8 || bytes[0] >> 4 > 7 || (bytes[0] * 256u + bytes[1]) % 31 != 0)
            return TENON_E_MALFORMED;
        return bytes[1] & 32 ? refuse (framed, "they need a preset dictionary") : begin_body (framed);
    }
    if (bytes[0] != 0x1f || bytes[1] != 0x8b || bytes[2] != 8)
        return TENON_E_MALFORMED;
    framed->flags = bytes[3];
    return bytes[3] & RESERVED ? refuse (framed, "their header has flags that are reserved")
                               : next_field (framed);
}

static tenon_status
read_trailer (struct framed *framed)
{
    uint8_t wanted[GZIP_TRAILER];
    uint32_t length = put_trailer (framed, framed->sum, framed->size, wanted);
    framed->place = framed->framing == ZLIB ? ENDED : BETWEEN;
    framed->have = 0;
    return memcmp (framed->bytes, wanted, length) == 0 ? TENON_OK : TENON_E_MALFORMED;
}

/* How many bytes are collected before the place is left; 0: it goes byte by byte. */
static uint32_t
collected (const struct framed *framed)
{
    switch (framed->place) {
    case HEADER: return framed->framing == ZLIB ? ZLIB_HEADER : GZIP_HEADER;
    case EXTRA_LENGTH:
    case HEADER_SUM: return 2;
    case TRAILER: return framed->framing == ZLIB ? ZLIB_TRAILER : GZIP_TRAILER;
    default: return 0;
    }
}

static tenon_status
leave_place (struct framed *framed)
{
    switch (framed->place) {
    case HEADER: return read_header (framed);
    case EXTRA_LENGTH:
        framed->skip = tenon_le16 (framed->bytes);
        framed->place = EXTRA;
        framed->have = 0;
        return framed->skip > 0 ? TENON_OK : next_field (framed);
    case TRAILER: return read_trailer (framed);
    case HEADER_SUM:
        if (tenon_le16 (framed->bytes) != (uint16_t) framed->sum)
            return TENON_E_MALFORMED;
        return next_field (framed);
    default: return next_field (framed);
    }
}

/* Takes a byte of a header or trailer. *taken is false if it belongs to what comes next. */
static tenon_status
take_byte (struct framed *framed, uint8_t byte, bool *taken)
{
    uint32_t wanted = collected (framed);
    *taken = true;
    if (framed->place == HEADER && framed->have == 0)
        framed->sum = 0;
    if (framed->place >= HEADER && framed->place < HEADER_SUM)
        framed->sum = sum_bytes (framed, framed->sum, &byte, 1);
    if (wanted > 0) {
        framed->bytes[framed->have++] = byte;
        return framed->have < wanted ? TENON_OK : leave_place (framed);
    }
    if (framed->place == EXTRA)
        return --framed->skip > 0 ? TENON_OK : next_field (framed);
    if (framed->place == BETWEEN && byte != 0) {
        *taken = false;
        framed->place = HEADER;
        return TENON_OK;
    }
    return framed->place == BETWEEN || byte != 0 ? TENON_OK : next_field (framed);
}

/* Steps the body; *moved: something happened. */
static tenon_status
step_body (struct framed *framed, const uint8_t *from, uint64_t stored, uint64_t *taken, uint8_t *to,
           uint64_t room, uint64_t *made, bool *moved)
{
    uint64_t used = 0, got = 0;
    int32_t result =
        deflate_raw.step (framed->raw, from + *taken, stored - *taken, &used, to + *made, room - *made, &got);
    if (result < 0)
        return result;
    framed->sum = sum_bytes (framed, framed->sum, to + *made, got);
    framed->size += got;
    *taken += used;
    *made += got;
    *moved = used > 0 || got > 0 || result == TENON_STEP_END;
    if (result == TENON_STEP_END)
        framed->place = TRAILER;
    return TENON_OK;
}

static int32_t
step_framed (void *opaque, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
             uint64_t *made)
{
    struct framed *framed = opaque;
    const uint8_t *in = from;
    bool moved = true;
    *taken = *made = 0;
    while (moved && framed->place != ENDED) {
        tenon_status status = TENON_OK;
        moved = false;
        if (framed->place == BODY)
            status = step_body (framed, in, stored, taken, to, room, made, &moved);
        else if (*taken < stored) {
            bool used;
            moved = true;
            status = take_byte (framed, in[*taken], &used);
            *taken += used;
        }
        if (status < 0)
            return status;
    }
    return framed->place == ENDED     ? TENON_STEP_END
           : framed->place == BETWEEN ? TENON_STEP_MAY_END
                                      : TENON_STEP_MORE;
}

/* ---- decoding at once ---- */

/* The length of the header of one member in memory; 0: it is not whole, or wrong. */
static uint64_t
header_length (struct framed *framed, const uint8_t *from, uint64_t stored)
{
    uint64_t at = 0;
    bool used;
    reset_framed (framed);
    while (at < stored && framed->place != BODY) {
        if (take_byte (framed, from[at], &used) < 0)
            return 0;
        at++;
    }
    return framed->place == BODY ? at : 0;
}

/* True if it is one member that decodes to all of `size`: by the way of raw deflate that is the fastest. */
static bool
decode_member (struct framed *framed, const uint8_t *from, uint64_t stored, void *to, uint64_t size)
{
    uint32_t trailer = framed->framing == ZLIB ? ZLIB_TRAILER : GZIP_TRAILER;
    uint8_t wanted[GZIP_TRAILER];
    uint64_t header = header_length (framed, from, stored);
    if (header == 0 || stored - header < trailer
        || (framed->framing == GZIP && tenon_le32 (from + stored - 4) != (uint32_t) size)
        || deflate_raw.decode (framed->raw, 1, from + header, stored - header - trailer, to, size) < 0)
        return false;
    put_trailer (framed, sum_bytes (framed, first_sum (framed), to, size), size, wanted);
    return memcmp (from + stored - trailer, wanted, trailer) == 0;
}

static tenon_status
decode_framed (void *opaque, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    struct framed *framed = opaque;
    const uint8_t *in = from;
    uint8_t *out = to, beyond[1];
    uint64_t taken, made;
    int32_t result;
    if (!last)
        return TENON_E_MALFORMED;
    if (decode_member (framed, in, stored, to, size))
        return TENON_OK;
    reset_framed (framed);
    do {
        result = step_framed (framed, in, stored, &taken, size > 0 ? out : beyond,
                              size > 0 ? size : sizeof beyond, &made);
        if (result < 0)
            return result;
        if (made > size)
            return TENON_E_MALFORMED;
        in += taken, stored -= taken;
        out += made, size -= made;
    } while (result != TENON_STEP_END && stored > 0 && (taken > 0 || made > 0));
    return stored == 0 && size == 0 && result != TENON_STEP_MORE ? TENON_OK : TENON_E_MALFORMED;
}

/* ---- the tables ---- */

const struct tenon_filter deflate_zlib = {
    .struct_size = sizeof deflate_zlib,
    .id = "zlib",
    .label = "zlib (RFC 1950): deflate with an Adler-32; levels as those of deflate",
    .least_level = 0,
    .most_level = DEFLATE_LAST_LEVEL,
    .default_level = DEFLATE_DEFAULT_LEVEL,
    .bound = framed_bound,
    .open = open_zlib,
    .close = close_framed,
    .encode = encode_framed,
    .decode = decode_framed,
    .reset = reset_framed,
    .step = step_framed,
    .why = tell_why,
};

const struct tenon_filter deflate_gzip = {
    .struct_size = sizeof deflate_gzip,
    .flags = TENON_FILTER_FRAMES,
    .id = "gzip",
    .label = "gzip (RFC 1952): members of deflate with a CRC-32; levels as those of deflate",
    .least_level = 0,
    .most_level = DEFLATE_LAST_LEVEL,
    .default_level = DEFLATE_DEFAULT_LEVEL,
    .bound = framed_bound,
    .open = open_gzip,
    .close = close_framed,
    .encode = encode_framed,
    .decode = decode_framed,
    .reset = reset_framed,
    .step = step_framed,
    .block_size = gzip_block_size,
    .why = tell_why,
};
