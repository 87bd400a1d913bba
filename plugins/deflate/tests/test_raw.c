/* SPDX-License-Identifier: MIT */
/* test_raw.c - the filter deflate against zlib: zlib reads its streams, it reads the streams of zlib,
 * and refuses the same ones as zlib. */
#include "context/context.h"
#include "kernels/checksum.h"
#include "tests/unit/deflate_filter.h"
#include <check.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define SIZE 140000u
#define ROOM (2 * SIZE + 65536)

enum { EMPTY, ONE, ZEROS, RANDOM, TEXT, NORMAL, BF16, TOKENS, INPUTS };

static uint8_t plain[SIZE], stored[ROOM], other[ROOM], back[SIZE + 16];
static uint32_t seed;
static uint8_t *fenced_end; /* the page behind this address is not accessible */

static uint32_t
next_random (void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void
fill_floats (bool as_bf16)
{
    for (uint32_t at = 0; at < SIZE; at += 4) {
        double u = (next_random () + 1) / 16777217.0, v = next_random () / 16777216.0;
        float value = (float) (0.02 * sqrt (-2 * log (u)) * cos (6.283185307179586 * v));
        uint32_t bits;
        memcpy (&bits, &value, 4);
        if (as_bf16)
            bits = (bits + 0x8000) & 0xFFFF0000;
        memcpy (plain + at, &bits, 4);
    }
}

/* Fills `plain`; returns the length of the input. */
static uint64_t
make_input (int which)
{
    static const char *const words[] = { "tensor ", "shape ", "of ",    "the ",
                                         "file\n",  "0.125 ", "layer.", "weight " };
    seed = 42;
    memset (plain, 0, SIZE);
    if (which == NORMAL || which == BF16)
        fill_floats (which == BF16);
    for (uint32_t at = 0; which == RANDOM && at < SIZE; at++)
        plain[at] = (uint8_t) next_random ();
    for (uint32_t at = 0; which == TEXT && at + 8 < SIZE;) {
        const char *word = words[next_random () >> 12 & 7];
        memcpy (plain + at, word, strlen (word));
        at += (uint32_t) strlen (word);
    }
    for (uint32_t at = 0; which == TOKENS && at < SIZE; at += 4) {
        uint32_t token = next_random () % 32000;
        memcpy (plain + at, &token, 4);
    }
    return which == EMPTY ? 0 : which == ONE ? 1 : SIZE;
}

static void
set_up (void)
{
    uint64_t page = (uint64_t) sysconf (_SC_PAGESIZE), size = (ROOM / page + 1) * page;
    uint8_t *fence = mmap (NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne (fence, MAP_FAILED);
    ck_assert_int_eq (mprotect (fence + size, page, PROT_NONE), 0);
    fenced_end = fence + size;
}

/* Asks zlib. NULL: the bytes are one stream of exactly `length` bytes; else the reason why not. */
static const char *
zlib_complains (const uint8_t *from, uint64_t length, uint64_t size, uint8_t *to)
{
    z_stream z = { .next_in = (Bytef *) (uintptr_t) from,
                   .avail_in = (uInt) length,
                   .next_out = to,
                   .avail_out = (uInt) size + 1 };
    ck_assert_int_eq (inflateInit2 (&z, -15), Z_OK);
    int result = inflate (&z, Z_FINISH);
    bool good = result == Z_STREAM_END && z.total_out == size && z.avail_in == 0;
    inflateEnd (&z);
    return good ? NULL : z.msg ? z.msg : "wrong size";
}

/* Writes one stream by zlib, flushed (`flush`) every `piece` bytes. */
static uint64_t
zlib_writes (int level, int strategy, int flush, uint64_t piece, uint64_t size, uint8_t *to)
{
    z_stream z = { .next_out = to, .avail_out = ROOM };
    ck_assert_int_eq (deflateInit2 (&z, level, Z_DEFLATED, -15, 8, strategy), Z_OK);
    z.next_in = plain;
    for (uint64_t at = 0; at + piece < size; at += piece) {
        z.avail_in = (uInt) piece;
        ck_assert_int_eq (deflate (&z, flush), Z_OK);
    }
    z.avail_in = (uInt) (plain + size - z.next_in);
    ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
    uint64_t length = z.total_out;
    deflateEnd (&z);
    return length;
}

/* ---- encoding ---- */

static uint64_t
encode_blocks (void *state, int level, uint64_t block, uint64_t size, uint8_t *to, uint64_t *ends)
{
    uint64_t made = 0, count = 0, at = 0;
    do {
        uint64_t piece = TN_MIN (block, size - at), room = bound_deflate (level, piece);
        bool last = at + piece == size;
        /* input and room end at the guard page */
        uint8_t *out = fenced_end - room;
        int64_t length =
            deflate_raw.encode (state, last ? TENON_FILTER_LAST : 0, plain + at, piece, out, room);
        ck_assert_int_gt (length, 0);
        ck_assert_uint_le ((uint64_t) length, room);
        ck_assert_uint_le (made + (uint64_t) length, ROOM);
        memcpy (to + made, out, (uint64_t) length);
        made += (uint64_t) length;
        at += piece;
        ends[count++] = made;
    } while (at < size);
    return made;
}

static void
decode_blocks (void *state, uint64_t block, uint64_t size, const uint64_t *ends)
{
    uint64_t begin = 0;
    memset (back, 0xA5, sizeof back);
    for (uint64_t at = 0, i = 0; at < size || i == 0; at += block, begin = ends[i++]) {
        uint64_t piece = TN_MIN (block, size - at);
        uint32_t last = at + piece == size;
        ck_assert_int_eq (deflate_raw.decode (state, last, stored + begin, ends[i] - begin, back + at, piece),
                          TENON_OK);
        /* the block is either the last one or not */
        ck_assert_int_eq (
            deflate_raw.decode (state, !last, stored + begin, ends[i] - begin, back + at, piece),
            TENON_E_MALFORMED);
    }
    ck_assert_mem_eq (back, plain, size);
    ck_assert_uint_eq (back[size], 0xA5);
}

START_TEST (round_trips)
{
    static const uint64_t blocks[] = { SIZE, 65537, 33333 };
    static uint64_t ends[8];
    void *encoder = open_deflate (_i), *decoder = open_deflate (0);
    for (int which = 0; which < INPUTS; which++)
        for (unsigned b = 0; b < TN_COUNT (blocks); b++) {
            uint64_t size = make_input (which);
            uint64_t length = encode_blocks (encoder, _i, blocks[b], size, stored, ends);
            ck_assert_ptr_null (zlib_complains (stored, length, size, back));
            ck_assert_mem_eq (back, plain, size);
            ck_assert_int_eq (deflate_raw.decode (decoder, 1, stored, length, back, size), TENON_OK);
            ck_assert_mem_eq (back, plain, size);
            decode_blocks (decoder, blocks[b], size, ends);
            /* the earlier use of the state does not matter */
            void *fresh = open_deflate (_i);
            ck_assert_uint_eq (encode_blocks (fresh, _i, blocks[b], size, other, ends), length);
            ck_assert_mem_eq (other, stored, length);
            deflate_raw.close (fresh);
        }
    deflate_raw.close (encoder);
    deflate_raw.close (decoder);
}
END_TEST

/* The bytes do not depend on the address of the state. Many first words are tried, since ISA-L once took an
 * address from them. */
START_TEST (same_bytes_anywhere)
{
    enum { STATES = 300, BLOCK = 4096, COUNT = 24 };
    static void *states[STATES];
    static uint8_t out[2 * BLOCK];
    for (uint32_t i = 0; i < COUNT * BLOCK / 4; i++) {
        uint32_t item = (uint32_t) ((i * 2654435761u) >> (i % 7 + 9)) % 1000;
        memcpy (plain + 4 * (size_t) i, &item, 4);
    }
    uint32_t sums[COUNT] = { 0 };
    for (int s = 0; s < STATES; s++) {
        ck_assert_ptr_nonnull (states[s] = open_deflate (_i));
        for (unsigned b = 0; b < COUNT; b++) {
            int64_t length =
                deflate_raw.encode (states[s], 0, plain + b * (size_t) BLOCK, BLOCK, out, sizeof out);
            ck_assert_int_gt (length, 0);
            uint32_t sum = tn_sum (TENON_CHECK_CRC32, out, (uint64_t) length);
            ck_assert_uint_eq (s == 0 ? (sums[b] = sum) : sums[b], sum);
        }
    }
    for (int s = 0; s < STATES; s++)
        deflate_raw.close (states[s]);
}
END_TEST

/* No larger than zlib's level 6, within the precision of 50,000 items. */
START_TEST (default_level_is_small)
{
    uint64_t ends[8], size = make_input (NORMAL + _i);
    void *state = open_deflate (-1);
    uint64_t ours = encode_blocks (state, -1, SIZE, size, stored, ends);
    uint64_t zlibs = zlib_writes (6, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, SIZE, size, other);
    ck_assert_uint_le (ours, zlibs + zlibs / 100);
    deflate_raw.close (state);
}
END_TEST

/* ---- decoding ---- */

/* One Check assertion writes to a pipe: too slow for each step. */
static void
check_steps (void *state, uint64_t length, uint64_t size, uint64_t in_piece, uint64_t out_piece)
{
    uint64_t at = 0, got = 0;
    int32_t result = 0;
    bool good = true;
    memset (back, 0, size + 1);
    ck_assert_int_eq (deflate_raw.reset (state), TENON_OK);
    while (result == 0 && good) {
        uint64_t in = TN_MIN (in_piece, length + 9 - at), out = TN_MIN (out_piece, size + 1 - got), taken,
                 made;
        uint8_t *to = fenced_end - out; /* the pieces end at the guard page */
        result = deflate_raw.step (state, stored + at, in, &taken, to, out, &made);
        good = result >= 0 && taken <= in && made <= out && got + made <= size
               && (result > 0 || taken > 0 || made > 0);
        if (good)
            memcpy (back + got, to, made);
        at += taken, got += made;
    }
    ck_assert (good);
    ck_assert_uint_eq (got, size);
    ck_assert_uint_eq (at, length); /* nothing behind the end */
    ck_assert_mem_eq (back, plain, size);
}

struct peer {
    int level, strategy, flush;
    uint64_t piece;
};
static const struct peer peers[] = {
    { 0, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, SIZE },
    { 1, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, SIZE },
    { 6, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, SIZE },
    { 9, Z_DEFAULT_STRATEGY, Z_NO_FLUSH, SIZE },
    { 6, Z_FIXED, Z_NO_FLUSH, SIZE },
    { 6, Z_DEFAULT_STRATEGY, Z_SYNC_FLUSH, 777 },
    { 6, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH, 50000 },
    { 6, Z_DEFAULT_STRATEGY, Z_PARTIAL_FLUSH, 4001 },
    { 6, Z_HUFFMAN_ONLY, Z_SYNC_FLUSH, 10 },
    { 6, Z_RLE, Z_BLOCK, 100 },
};

START_TEST (zlibs_streams)
{
    static const uint64_t in_pieces[] = { 1, 5, ROOM }, out_pieces[] = { 1, 7, 32768, SIZE + 1 };
    const struct peer *peer = &peers[_i];
    void *state = open_deflate (0);
    for (int which = 0; which < INPUTS; which++) {
        uint64_t size = TN_MIN (make_input (which), which & 1 ? 100000 : 3000);
        memset (stored, 0, sizeof stored);
        uint64_t length = zlib_writes (peer->level, peer->strategy, peer->flush, peer->piece, size, stored);
        memcpy (fenced_end - length, stored, length);
        ck_assert_int_eq (deflate_raw.decode (state, 1, fenced_end - length, length, back, size), TENON_OK);
        ck_assert_mem_eq (back, plain, size);
        memset (stored + length, 0x5A + which, 9);
        for (unsigned i = 0; i < TN_COUNT (in_pieces); i++)
            for (unsigned o = 0; o < TN_COUNT (out_pieces); o++)
                if (size <= 3000 || in_pieces[i] * out_pieces[o] > 1000) /* the rest takes too long */
                    check_steps (state, length, size, in_pieces[i], out_pieces[o]);
    }
    deflate_raw.close (state);
}
END_TEST

/* A damaged stream may still be a stream, of other bytes; then zlib must agree. Codes that RFC 1951, 3.2.7,
 * forbids, but that have a meaning, are not refused by every library: libdeflate cuts a repetition of code
 * lengths off at the end of the table, ISA-L accepts incomplete codes. Only a checksum finds those. */
static bool
is_odd_code (const char *complaint)
{
    static const char *const odd[] = { "invalid bit length repeat", "invalid distances set",
                                       "invalid literal/lengths set", "invalid code lengths set" };
    for (unsigned i = 0; i < TN_COUNT (odd); i++)
        if (strcmp (complaint, odd[i]) == 0)
            return true;
    return false;
}

static void
check_damaged (void *state, uint64_t length, uint8_t *to, uint64_t size)
{
    uint8_t *expected = other;
    const char *complaint = zlib_complains (stored, length, size, expected);
    if (deflate_raw.decode (state, 1, stored, length, to, size) < 0)
        ck_assert_ptr_nonnull (complaint);
    else if (complaint)
        ck_assert_msg (is_odd_code (complaint), "%s", complaint);
    else
        ck_assert_mem_eq (to, expected, size);
}

START_TEST (damage)
{
    const struct peer *peer = &peers[_i];
    void *state = open_deflate (0);
    uint64_t size = 600;
    uint8_t *to = fenced_end - size;
    for (int which = TEXT; which <= BF16; which++) {
        make_input (which);
        uint64_t length =
            zlib_writes (peer->level, peer->strategy, peer->flush, TN_MIN (peer->piece, 200), size, stored);
        for (uint64_t at = 0; at < length; at++) {
            uint8_t *cut = malloc (at + 1);
            memcpy (cut, stored, at);
            ck_assert_int_eq (deflate_raw.decode (state, 1, cut, at, to, size), TENON_E_MALFORMED);
            ck_assert_int_eq (deflate_raw.decode (state, 0, cut, at, to, size), TENON_E_MALFORMED);
            free (cut);
            for (int bit = 0; bit < 8; bit++) {
                stored[at] ^= (uint8_t) (1 << bit);
                check_damaged (state, length, to, size);
                stored[at] ^= (uint8_t) (1 << bit);
            }
        }
        ck_assert_int_eq (deflate_raw.decode (state, 1, stored, length, to, size), TENON_OK);
        ck_assert_int_eq (deflate_raw.decode (state, 1, stored, length, to, size - 1), TENON_E_MALFORMED);
        ck_assert_int_eq (deflate_raw.decode (state, 1, stored, length, to - 1, size + 1), TENON_E_MALFORMED);
        ck_assert_int_eq (deflate_raw.decode (state, 1, stored, length + 1, to, size), TENON_E_MALFORMED);
    }
    deflate_raw.close (state);
}
END_TEST

/* ---- blocks in the middle, laid out by hand ---- */

#define FLUSH "\0\0\0\xFF\xFF"
#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *what, *bytes;
    uint64_t length, size;
    tenon_status status;
} blocks[] = {
    { "only a flush", BYTES (FLUSH), 0, TENON_OK },
    { "two flushes", BYTES (FLUSH FLUSH), 0, TENON_OK },
    { "stored ab",
      BYTES ("\0\2\0\xFD\xFF"
             "ab" FLUSH),
      2, TENON_OK },
    { "fixed a, flush", BYTES ("\x4A\4" FLUSH), 1,
      TENON_OK }, /* 0 10, 10010001, 0000000, then 000 and padding */
    { "nothing", BYTES (""), 0, TENON_E_MALFORMED },
    { "stored without a flush",
      BYTES ("\0\2\0\xFD\xFF"
             "ab"),
      2, TENON_E_MALFORMED },
    { "cut in the flush",
      BYTES ("\0\2\0\xFD\xFF"
             "ab"
             "\0\0\0\xFF"),
      2, TENON_E_MALFORMED },
    { "flush of a wrong length",
      BYTES ("\0\2\0\xFD\xFF"
             "ab"
             "\0\0\0\xFF\xFE"),
      2, TENON_E_MALFORMED },
    { "a byte is left over",
      BYTES ("\0\2\0\xFD\xFF"
             "ab" FLUSH "\0"),
      2, TENON_E_MALFORMED },
    { "too few bytes",
      BYTES ("\0\2\0\xFD\xFF"
             "ab" FLUSH),
      3, TENON_E_MALFORMED },
    { "too many bytes",
      BYTES ("\0\2\0\xFD\xFF"
             "ab" FLUSH),
      1, TENON_E_MALFORMED },
    { "the flush is final",
      BYTES ("\0\2\0\xFD\xFF"
             "ab"
             "\1\0\0\xFF\xFF"),
      2, TENON_E_MALFORMED },
    { "a final block, then a flush",
      BYTES ("\1\2\0\xFD\xFF"
             "ab" FLUSH),
      2, TENON_E_MALFORMED },
    { "a final block, then as if a block",
      BYTES ("\1\0\0\xFF\xFF"
             "\0\2\0\xFD\xFF"
             "ab" FLUSH),
      2, TENON_E_MALFORMED },
    { "ends in a stored block",
      BYTES ("\0\x08\0\xF7\xFF"
             "ab"
             "\0\0\0\xFF\xFF"),
      7, TENON_E_MALFORMED },
    { "and has the size",
      BYTES ("\0\x08\0\xF7\xFF"
             "ab"
             "\0\0\0\xFF\xFF"),
      8, TENON_E_MALFORMED },
    /* an appended final block would be read as data */
    { "a final stored block of 5 more bytes", BYTES ("\1\x0A\0\xF5\xFF" FLUSH), 10, TENON_E_MALFORMED },
    { "a stored block of 5 more bytes", BYTES ("\0\x0A\0\xF5\xFF" FLUSH), 10, TENON_E_MALFORMED },
    { "ends in a header",
      BYTES ("\x05"
             "\0\0\xFF\xFF"),
      0, TENON_E_MALFORMED },
    { "a match before the begin", BYTES ("\x4A\4\x02\x02" FLUSH), 4, TENON_E_MALFORMED },
    { "block type 3", BYTES ("\6" FLUSH), 0, TENON_E_MALFORMED },
};

START_TEST (blocks_by_hand)
{
    uint8_t to[16];
    void *state = open_deflate (0);
    tenon_status status =
        deflate_raw.decode (state, 0, blocks[_i].bytes, blocks[_i].length, to, blocks[_i].size);
    ck_assert_msg (status == blocks[_i].status, "%s: %d", blocks[_i].what, status);
    /* the state still works */
    ck_assert_int_eq (deflate_raw.decode (state, 0, blocks[2].bytes, blocks[2].length, to, 2), TENON_OK);
    ck_assert_mem_eq (to, "ab", 2);
    deflate_raw.close (state);
}
END_TEST

/* Two blocks by zlib, divided at every place but the right one. */
START_TEST (blocks_cut_elsewhere)
{
    void *state = open_deflate (0);
    for (int which = TEXT; which <= TOKENS; which++) {
        make_input (which);
        uint64_t half = 1000, right = 0;
        uint64_t length = zlib_writes (6, Z_DEFAULT_STRATEGY, Z_FULL_FLUSH, half, 2 * half, stored);
        for (uint64_t at = 0; at <= length; at++)
            if (deflate_raw.decode (state, 0, stored, at, back, half) == TENON_OK) {
                ck_assert_uint_eq (right, 0);
                right = at;
            }
        ck_assert_uint_gt (right, 0);
        ck_assert_mem_eq (stored + right - 4, "\0\0\xFF\xFF", 4);
        ck_assert_mem_eq (back, plain, half);
        ck_assert_int_eq (deflate_raw.decode (state, 1, stored + right, length - right, back, half),
                          TENON_OK);
        ck_assert_mem_eq (back, plain + half, half);
    }
    deflate_raw.close (state);
}
END_TEST

START_TEST (block_sizes)
{
    for (int level = -1; level <= deflate_raw.most_level; level++)
        for (uint64_t size = 1; size < (uint64_t) 1 << 62; size *= 3) {
            uint64_t block = block_of_deflate (level, size);
            ck_assert_uint_ge (block, 65536);
            ck_assert_uint_le (block, ((uint64_t) 16 << 20) + 65536);
        }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("deflate");
    TCase *tests = tcase_create ("deflate");
    tcase_add_checked_fixture (tests, set_up, NULL);
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, round_trips, 0, 13);
    tcase_add_loop_test (tests, same_bytes_anywhere, 1, 4);
    tcase_add_loop_test (tests, default_level_is_small, 0, 3);
    tcase_add_loop_test (tests, zlibs_streams, 0, (int) TN_COUNT (peers));
    tcase_add_loop_test (tests, damage, 0, (int) TN_COUNT (peers));
    tcase_add_loop_test (tests, blocks_by_hand, 0, (int) TN_COUNT (blocks));
    tcase_add_test (tests, blocks_cut_elsewhere);
    tcase_add_test (tests, block_sizes);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
