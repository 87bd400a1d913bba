/* SPDX-License-Identifier: MIT */
/* test_quine.c - an archive whose one member is, decoded, the archive itself, and archives that are deep in
 * each other: opening them ends at a limit, soon.
 *
 * The deflated member is the program of Russ Cox, "Zip Files All The Way Down". It consists of stored blocks,
 * L (n), whose n bytes follow, and of fixed blocks, R (n), that repeat the n bytes before; both take a unit
 * of 5 bytes. P and S are the bytes of the archive before and behind the program; p and s their number and a
 * unit:
 *
 *     L (p) P L (p)                writes  P L (p)
 *     R (p)                                P L (p)
 *     L (1) R (p)                          R (p)
 *     L (1) L (1)                          L (1)
 *     L (4) R (p) L (1) L (1) L (4)        R (p) L (1) L (1) L (4)
 *     R (4)                                R (p) L (1) L (1) L (4)
 *     L (4) R (4) L (4) R (4) L (4)        R (4) L (4) R (4) L (4)
 *     R (4)                                R (4) L (4) R (4) L (4)
 *     L (4) R (4) L (0) L (0) L (s)        R (4) L (0) L (0) L (s)
 *     R (4)                                R (4) L (0) L (0) L (s)
 *     L (0) L (0) L (s) R (s) S            R (s) S
 *     R (s)                                R (s) S
 *
 * where L (1) and the like count units. What is written is P, the program, and S. */
#include "archive.h"
#include <stdio.h>
#include <zlib.h>

/* With p and s between 68 and 115, R (p) and R (s) are a length of 11 bits, a distance of 10, and a literal
 * of 9, which is 5 bytes with the 3 that begin a block and the 7 that end it. */
#define NAME "the archive of itself, whole and true.npz"
enum { UNIT = 5, BEFORE = 30 + sizeof NAME - 1, BEHIND = 46 + sizeof NAME - 1 + 22 };

/* ---- bits ---- */

struct bits {
    uint64_t word;
    unsigned count;
};

static void
add_bits (struct bits *bits, unsigned value, unsigned count)
{
    bits->word |= (uint64_t) value << bits->count;
    bits->count += count;
}

/* Codes of Huffman begin with their highest bit. */
static void
add_code (struct bits *bits, unsigned code, unsigned count)
{
    while (count-- > 0)
        add_bits (bits, code >> count & 1, 1);
}

/* A literal of 144 … 255. */
static void
add_high_literal (struct bits *bits, unsigned literal)
{
    add_code (bits, 400 + literal - 144, 9);
}

/* `length` bytes from `length + 1` bytes before: lengths of 67 … 114, distances of 65 … 128. */
static void
add_match (struct bits *bits, unsigned length)
{
    unsigned step = (length - 67) / 16, far = length + 1 > 96;
    add_code (bits, 21 + step, 7); /* 277: 67 … 82, 278, 279 */
    add_bits (bits, (length - 67) % 16, 4);
    add_code (bits, 12 + far, 5); /* 12: 65 … 96; 13: 97 … 128 */
    add_bits (bits, length + 1 - (far ? 97 : 65), 5);
}

/* ---- units ---- */

static void
put_unit (struct buffer *to, struct bits *bits)
{
    add_code (bits, 0, 7);
    ck_assert_uint_eq (bits->count, 8 * UNIT);
    put_number (to, bits->word, UNIT);
}

static void
put_stored (struct buffer *to, unsigned size)
{
    put_number (to, 0, 1);
    put_number (to, size, 2);
    put_number (to, size ^ 0xffff, 2);
}

/* The last byte is the end of a unit L, 0xff. */
static void
repeat_before (struct buffer *to)
{
    struct bits bits = { 0 };
    add_bits (&bits, 0, 1);
    add_bits (&bits, 1, 2);
    add_match (&bits, BEFORE + UNIT - 1);
    add_high_literal (&bits, 0xff);
    put_unit (to, &bits);
}

/* The last block. Its first byte is the one that it writes first: 1, 01, and the 5 bits 11001 of its literal.
 */
static void
repeat_behind (struct buffer *to)
{
    struct bits bits = { 0 };
    add_bits (&bits, 1, 1);
    add_bits (&bits, 1, 2);
    add_high_literal (&bits, 0x9b);
    add_match (&bits, BEHIND + UNIT - 1);
    put_unit (to, &bits);
}

/* Twice 10 bytes (264) from 20 bytes before (8, and 3 more bits). */
static void
repeat_four (struct buffer *to)
{
    struct bits bits = { 0 };
    add_bits (&bits, 0, 1);
    add_bits (&bits, 1, 2);
    for (int i = 0; i < 2; i++) {
        add_code (&bits, 8, 7);
        add_code (&bits, 8, 5);
        add_bits (&bits, 3, 3);
    }
    put_unit (to, &bits);
}

static void
put_program (struct buffer *to, const uint8_t *before, const uint8_t *behind)
{
    const unsigned p = BEFORE + UNIT, s = BEHIND + UNIT;
    put_stored (to, p), put (to, before, BEFORE), put_stored (to, p);
    repeat_before (to);
    put_stored (to, UNIT), repeat_before (to);
    put_stored (to, UNIT), put_stored (to, UNIT);
    put_stored (to, 4 * UNIT), repeat_before (to), put_stored (to, UNIT), put_stored (to, UNIT);
    put_stored (to, 4 * UNIT);
    repeat_four (to);
    put_stored (to, 4 * UNIT), repeat_four (to), put_stored (to, 4 * UNIT), repeat_four (to);
    put_stored (to, 4 * UNIT);
    repeat_four (to);
    put_stored (to, 4 * UNIT), repeat_four (to), put_stored (to, 0), put_stored (to, 0), put_stored (to, s);
    repeat_four (to);
    put_stored (to, 0), put_stored (to, 0), put_stored (to, s), repeat_behind (to), put (to, behind, BEHIND);
    repeat_behind (to);
}

/* ---- the archive ---- */

static uint8_t program_bytes[1000];

/* With a member of that program, whatever its bytes; 0: it has none yet. */
static void
archive_of (size_t size, uint32_t crc)
{
    struct buffer program = { program_bytes, size };
    archive_begin ();
    member_of (NAME, &program, 0);
    member.local.method = member.central.method = 8;
    member.local.crc = member.central.crc = crc;
    member.local.size = member.central.size = (uint32_t) (BEFORE + size + BEHIND);
    member_end ();
    archive_end ();
}

static void
quine_of (uint32_t crc)
{
    static const uint8_t zeros[BEFORE + BEHIND];
    static uint8_t first[2000];
    struct buffer program = { program_bytes, 0 };
    put_program (&program, zeros, zeros);
    const size_t size = program.size;
    archive_of (size, crc);
    ck_assert_uint_eq (archive.file.size, BEFORE + size + BEHIND);
    memcpy (first, archive.file.data, archive.file.size);
    program.size = 0;
    put_program (&program, first, first + BEFORE + size);
    archive_of (size, crc);
}

static uint32_t
sum_of (uint32_t crc)
{
    quine_of (crc);
    return (uint32_t) crc32 (0, archive.file.data, (uInt) archive.file.size);
}

/* The sum of the archive that states the sum x is A x + b, in bits; solves A x + b = x. */
static uint32_t
find_sum (void)
{
    uint32_t rows[32] = { 0 }, right = sum_of (0), solved = 0;
    for (unsigned column = 0; column < 32; column++) {
        uint32_t changed = sum_of (1u << column) ^ right ^ 1u << column;
        for (unsigned row = 0; row < 32; row++)
            rows[row] |= (changed >> row & 1) << column;
    }
    for (unsigned column = 0; column < 32; column++) {
        unsigned pivot = column;
        while (pivot < 32 && !(rows[pivot] >> column & 1))
            pivot++;
        ck_assert_uint_lt (pivot, 32); /* it can be solved */
        uint32_t other = rows[pivot], bit = right >> pivot & 1;
        rows[pivot] = rows[column], rows[column] = other;
        right = (right & ~(1u << pivot)) | (right >> column & 1) << pivot;
        right = (right & ~(1u << column)) | bit << column;
        for (unsigned row = 0; row < 32; row++)
            if (row != column && rows[row] >> column & 1)
                rows[row] ^= rows[column], right ^= bit << row;
    }
    solved = right;
    return solved;
}

static void
make_quine (void)
{
    quine_of (find_sum ());
}

/* Any unzip would unpack it for ever. */
START_TEST (quine_is_one)
{
    static uint8_t decoded[2000];
    z_stream z;
    memset (&z, 0, sizeof z);
    make_quine ();
    ck_assert_int_eq (inflateInit2 (&z, -15), Z_OK);
    z.next_in = program_bytes;
    z.avail_in = sizeof program_bytes;
    z.next_out = decoded;
    z.avail_out = sizeof decoded;
    ck_assert_int_eq (inflate (&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq (z.total_out, archive.file.size);
    ck_assert_int_eq (memcmp (decoded, archive.file.data, archive.file.size), 0);
    ck_assert_uint_eq (member.local.crc, crc32 (0, archive.file.data, (uInt) archive.file.size));
    inflateEnd (&z);
}
END_TEST

/* It opens, as one tensor that cannot be read, and verifying it fails. */
START_TEST (quine)
{
    static const char *const words[] = {
        "",
        "limits.encoded_depth=16",
        "limits.encoded_depth=1",
        "limits.depth=2",
        "limits.encoded_depth=16 limits.depth=100 limits.inflated_ratio=1000000",
        "core.isolate=yes"
    };
    make_quine ();
    settings (words[_i]);
    spoiled (TENON_E_LIMIT, "in [limits] to read");
    tenon_file *file = open_archive ();
    ck_assert (!noted (file, "cannot be read")); /* the failure tells it */
    close_archive (file);
}
END_TEST

/* ---- archives that are stored in each other ---- */

static void
nest (unsigned levels)
{
    static uint8_t inner[ROOM];
    one_member ("x.npy");
    for (unsigned i = 0; i < levels; i++) {
        struct buffer bytes = { inner, 0 };
        put (&bytes, archive.file.data, archive.file.size);
        archive_begin ();
        member_of ("in.npz", &bytes, 0);
        member_end ();
        archive_end ();
    }
}

START_TEST (depth)
{
    char name[200] = "";
    nest (18);
    for (int i = 0; i < 18; i++)
        strcat (name, "in.npz/");
    strcat (name, "x");
    accepted (name);
    nest (19);
    spoiled (TENON_E_LIMIT, "more than 20 deep, which no limit allows");
    nest (60);
    spoiled (TENON_E_LIMIT, "more than 20 deep, which no limit allows");
    settings ("limits.depth=3");
    nest (1);
    accepted ("in.npz/x");
    nest (4);
    spoiled (TENON_E_LIMIT, "raise depth in [limits] to read");
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, quine_is_one);
    tcase_add_loop_test (cases, quine, 0, 6);
    tcase_add_test (cases, depth);
}

int
main (void)
{
    return run_suite ("quine", add_tests);
}
