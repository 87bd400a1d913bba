/* SPDX-License-Identifier: MIT */
/* make_zip.c - archives (PKWARE's APPNOTE.TXT), deflated by zlib, with tables of blocks. */
#include "make.h"
#include <zlib.h>

#define BLOCK_LOG 16u
#define MOST_BLOCKS 8u

/* What both headers of a member say. */
struct member {
    char name[80];
    struct fuzz_buffer decoded, stored;
    uint64_t size, stored_size, crc, offset;
    uint32_t flags, method;
    uint32_t blocks; /* 0: no table */
    uint64_t ends[MOST_BLOCKS];
    bool wide; /* numbers in a zip64 field */
};

/* ---- deflate ---- */

static void
deflate_block (struct member *member, size_t from, size_t size, int level)
{
    static uint8_t room[1 << 17];
    z_stream z;
    bool last = from + size == member->decoded.size;
    memset (&z, 0, sizeof z);
    if (deflateInit2 (&z, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort ();
    z.next_in = member->decoded.data ? member->decoded.data + from : room;
    z.avail_in = (uInt) size;
    do {
        z.next_out = room;
        z.avail_out = sizeof room;
        deflate (&z, last ? Z_FINISH : Z_FULL_FLUSH);
        fuzz_put (&member->stored, room, sizeof room - z.avail_out);
    } while (z.avail_out == 0);
    deflateEnd (&z);
}

static void
deflate_member (struct member *member, struct fuzz_recipe *recipe)
{
    uint8_t choice = fuzz_byte (recipe);
    size_t size = member->decoded.size, step = choice & 1 ? (size_t) 1 << BLOCK_LOG : size, from = 0;
    do {
        size_t length = size - from < step ? size - from : step;
        deflate_block (member, from, length, choice / 16 % 10);
        from += length;
        if (choice & 1 && member->blocks < MOST_BLOCKS)
            member->ends[member->blocks++] = member->stored.size;
    } while (from < size);
    if (choice & 1 && fuzz_rarely (recipe, 4) && member->blocks > 1) /* a table that adds up, and lies */
        member->ends[0] += (uint64_t) fuzz_byte (recipe) - 100;
}

/* ---- members ---- */

static void
make_contents (struct member *member, struct fuzz_recipe *recipe, uint32_t number, unsigned depth)
{
    struct fuzz_safetensors plain = { .first_name = 10 * number };
    uint8_t kind = fuzz_byte (recipe);
    const char *extension = "npy";
    fuzz_make_name (member->name, recipe, number);
    if (kind < 0xc0)
        fuzz_make_npy (&member->decoded, recipe);
    else if (kind < 0xd0) {
        extension = "gguf";
        fuzz_make_gguf (&member->decoded, recipe);
    } else if (kind < 0xe0) {
        extension = "safetensors";
        fuzz_make_safetensors (&member->decoded, recipe, &plain);
    } else if (kind < 0xf0 && depth > 0) {
        extension = "npz";
        fuzz_make_zip (&member->decoded, recipe, depth - 1);
    } else if (kind < 0xf8) {
        extension = "txt";
        fuzz_put_pattern (&member->decoded, recipe, fuzz_byte (recipe));
    } else {
        member->name[0] = 0; /* a folder */
        extension = "/";
    }
    size_t length = strlen (member->name);
    snprintf (member->name + length, sizeof member->name - length, "%s%s", extension[0] == '/' ? "dir" : ".",
              extension);
}

static void
make_member (struct member *member, struct fuzz_recipe *recipe, uint32_t number, unsigned depth)
{
    make_contents (member, recipe, number, depth);
    uint8_t choice = fuzz_byte (recipe);
    member->method = choice & 1 ? 8 : 0;
    if (member->method)
        deflate_member (member, recipe);
    else
        fuzz_put (&member->stored, member->decoded.data, member->decoded.size);
    member->flags = (choice & 0x30) == 0x30 ? 8 : 0;
    member->flags |= choice & 4 ? 0x800 : 0;
    member->wide = (choice & 0xc0) == 0xc0;
    member->flags = (uint32_t) fuzz_lie (recipe, member->flags);
    member->method = (uint32_t) fuzz_lie (recipe, member->method);
    member->size = fuzz_lie (recipe, member->decoded.size);
    member->stored_size = fuzz_lie (recipe, member->stored.size);
    uint64_t crc = crc32 (0, member->decoded.data, (uInt) member->decoded.size);
    member->crc = fuzz_lie (recipe, member->decoded.data ? crc : 0);
}

/* ---- headers ---- */

/* From the flags to the length of the extra field. `after`: the numbers follow the data. */
static void
put_numbers (struct fuzz_buffer *to, struct fuzz_recipe *recipe, const struct member *member,
             size_t extra_size, bool after)
{
    fuzz_put_field (to, recipe, member->flags, 2);
    fuzz_put_field (to, recipe, member->method, 2);
    fuzz_put_number (to, 0x00210000, 4, false);
    fuzz_put_field (to, recipe, after ? 0 : member->crc, 4);
    fuzz_put_field (to, recipe, member->wide ? UINT32_MAX : after ? 0 : member->stored_size, 4);
    fuzz_put_field (to, recipe, member->wide ? UINT32_MAX : after ? 0 : member->size, 4);
    fuzz_put_field (to, recipe, strlen (member->name), 2);
    fuzz_put_field (to, recipe, extra_size, 2);
}

static void
put_local (struct fuzz_buffer *file, struct fuzz_recipe *recipe, struct member *member)
{
    bool after = member->flags & 8;
    member->offset = file->size;
    fuzz_put_number (file, 0x04034b50, 4, false);
    fuzz_put_number (file, 20, 2, false);
    put_numbers (file, recipe, member, member->wide ? 20 : 0, after);
    fuzz_put (file, member->name, strlen (member->name));
    if (member->wide) {
        fuzz_put_number (file, 0x00100001, 4, false);
        fuzz_put_field (file, recipe, after ? 0 : member->size, 8);
        fuzz_put_field (file, recipe, after ? 0 : member->stored_size, 8);
    }
    fuzz_put (file, member->stored.data, member->stored.size);
    if (after) {
        fuzz_put_number (file, 0x08074b50, 4, false);
        fuzz_put_field (file, recipe, member->crc, 4);
        fuzz_put_field (file, recipe, member->stored_size, member->wide ? 8 : 4);
        fuzz_put_field (file, recipe, member->size, member->wide ? 8 : 4);
    }
}

static void
put_table (struct fuzz_buffer *to, struct fuzz_recipe *recipe, const struct member *member)
{
    fuzz_put_number (to, 0x6e74, 2, false);
    fuzz_put_field (to, recipe, 4 + 4 * member->blocks, 2);
    fuzz_put_field (to, recipe, 1, 1);
    fuzz_put_field (to, recipe, BLOCK_LOG, 1);
    fuzz_put_field (to, recipe, 0, 2);
    for (uint32_t i = 0; i < member->blocks; i++)
        fuzz_put_field (to, recipe, member->ends[i] - (i > 0 ? member->ends[i - 1] : 0), 4);
}

static void
put_central (struct fuzz_buffer *to, struct fuzz_recipe *recipe, const struct member *member)
{
    struct fuzz_buffer extra = { 0 };
    if (member->wide) {
        fuzz_put_number (&extra, 0x00180001, 4, false);
        fuzz_put_field (&extra, recipe, member->size, 8);
        fuzz_put_field (&extra, recipe, member->stored_size, 8);
        fuzz_put_field (&extra, recipe, member->offset, 8);
    }
    if (member->blocks > 0)
        put_table (&extra, recipe, member);
    fuzz_put_number (to, 0x02014b50, 4, false);
    fuzz_put_number (to, 0x0014032d, 4, false);
    put_numbers (to, recipe, member, extra.size, false);
    fuzz_put_number (to, 0, 2, false);
    fuzz_put_field (to, recipe, 0, 2);
    fuzz_put_number (to, 0, 6, false);
    fuzz_put_field (to, recipe, member->wide ? UINT32_MAX : member->offset, 4);
    fuzz_put (to, member->name, strlen (member->name));
    fuzz_put (to, extra.data, extra.size);
    fuzz_free (&extra);
}

/* ---- the archive ---- */

static void
put_end (struct fuzz_buffer *file, struct fuzz_recipe *recipe, uint64_t count, uint64_t size, bool wide)
{
    uint64_t offset = file->size - size, place = file->size;
    if (wide) {
        fuzz_put_number (file, 0x06064b50, 4, false);
        fuzz_put_field (file, recipe, 44, 8);
        fuzz_put_number (file, 0x002d002d, 4, false);
        fuzz_put_number (file, 0, 8, false);
        fuzz_put_field (file, recipe, count, 8);
        fuzz_put_field (file, recipe, count, 8);
        fuzz_put_field (file, recipe, size, 8);
        fuzz_put_field (file, recipe, offset, 8);
        fuzz_put_number (file, 0x07064b50, 4, false);
        fuzz_put_field (file, recipe, 0, 4);
        fuzz_put_field (file, recipe, place, 8);
        fuzz_put_field (file, recipe, 1, 4);
    }
    fuzz_put_number (file, 0x06054b50, 4, false);
    fuzz_put_field (file, recipe, 0, 2);
    fuzz_put_field (file, recipe, 0, 2);
    fuzz_put_field (file, recipe, wide ? UINT16_MAX : count, 2);
    fuzz_put_field (file, recipe, wide ? UINT16_MAX : count, 2);
    fuzz_put_field (file, recipe, wide ? UINT32_MAX : size, 4);
    fuzz_put_field (file, recipe, wide ? UINT32_MAX : offset, 4);
    fuzz_put_field (file, recipe, 0, 2);
}

void
fuzz_make_zip (struct fuzz_buffer *file, struct fuzz_recipe *recipe, unsigned depth)
{
    struct fuzz_buffer directory = { 0 };
    uint32_t count = 1 + fuzz_below (recipe, 4);
    bool wide = fuzz_rarely (recipe, 8);
    for (uint32_t i = 0; i < count; i++) {
        struct member member;
        memset (&member, 0, sizeof member);
        make_member (&member, recipe, i, depth);
        put_local (file, recipe, &member);
        put_central (&directory, recipe, &member);
        fuzz_free (&member.decoded);
        fuzz_free (&member.stored);
    }
    fuzz_put (file, directory.data, directory.size);
    put_end (file, recipe, count, directory.size, wide);
    fuzz_free (&directory);
}
