/* SPDX-License-Identifier: MIT */
/* test_blocks.c - tables of blocks, true and false: what is read through one is what zlib reads in order, or
 * a failure; never other bytes. zlib makes the streams, and is the judge. */
#include "source/decoder.h"
#include "source/scan.h"
#include "tests/unit/deflate_filter.h"
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

#define BLOCK 1024u
#define MOST (40 * BLOCK)
#define ROOM (4 * MOST)
#define CUTS 512u

static struct tn_filter filter;
static tenon_context *context;
static struct tn_arena arena; /* holds the parts */
static tenon_error error;
static struct tn_source *root, *part;

static uint8_t plain[MOST], stored[ROOM];
static uint64_t plain_size, stored_size;
static uint8_t judged[MOST + BLOCK]; /* what zlib makes of `stored` … */
static uint64_t judged_size;         /* … so many bytes before it ends, or fails */
static uint64_t cuts[CUTS];          /* places in `stored` where a liar may let blocks end */
static unsigned cut_count;
static uint64_t ends[MOST / BLOCK + 1];

static uint32_t seed;

static uint32_t
next_random (uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t) (((uint64_t) seed * below) >> 32);
}

static void
fresh_error (void)
{
    tenon_error none = TENON_ERROR_INIT;
    error = none;
}

static void
set_up (void)
{
    static const char *settings[] = { "core.threads=2", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    fresh_error ();
    memset (&filter, 0, sizeof filter);
    filter.table = deflate_raw;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

static void
tear_down (void)
{
    tenon_context_free (context);
}

static void
open_part (uint64_t size)
{
    struct tenon_part description = { .struct_size = sizeof description,
                                      .stored = stored_size,
                                      .size = size,
                                      .block_size = BLOCK,
                                      .block_ends = ends };
    fresh_error ();
    ck_assert_int_eq (tn_source_memory (stored, stored_size, "box", &root, &error), TENON_OK);
    ck_assert_int_eq (
        tn_source_part (&arena, root, &description, NULL, deflate_pipeline (&filter), &part, &error),
        TENON_OK);
}

static void
close_part (void)
{
    tn_arena_free (&arena);
    tn_source_free (root);
}

/* ---- streams ---- */

static void
add_cut (uint64_t at)
{
    if (cut_count < CUTS)
        cuts[cut_count++] = at;
}

/* Encodes `size` bytes behind `to`, flushed or ended. */
static uint64_t
encode_piece (uint8_t *to, uint64_t room, const uint8_t *from, uint64_t size, int flush)
{
    z_stream z = { .next_in = (Bytef *) (uintptr_t) from, .avail_in = (uInt) size };
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = to;
    z.avail_out = (uInt) room;
    deflate (&z, flush);
    uint64_t made = z.total_out;
    deflateEnd (&z);
    return made;
}

/* A block's worth of bytes that are in no stream but the embedded ones. */
static uint64_t
encode_fake (uint8_t *to, uint64_t room, uint64_t size, int flush)
{
    uint8_t fake[BLOCK];
    memset (fake, 0xF0 + (int) next_random (16), sizeof fake);
    return encode_piece (to, room, fake, size, flush);
}

/* Random bytes, text, old bytes again, and streams of fake blocks, one behind the other. */
static void
make_plain (uint64_t size)
{
    static const int flushes[] = { Z_FULL_FLUSH, Z_FULL_FLUSH, Z_FINISH };
    plain_size = size;
    for (uint64_t at = 0; at < size;) {
        uint8_t piece[4 * BLOCK];
        uint64_t length = 1 + next_random (2 * BLOCK);
        switch (next_random (4)) {
        case 0:
            for (uint64_t i = 0; i < length; i++)
                piece[i] = (uint8_t) next_random (256);
            break;
        case 1: memset (piece, 'a' + (int) next_random (3), length); break;
        case 2:
            for (uint64_t i = 0; i < length; i++)
                piece[i] = at > 0 ? plain[(at / 2 + i) % at] : 'x';
            break;
        default:
            length = 0;
            for (unsigned i = 0; i < 8; i++)
                length += encode_fake (piece + length, sizeof piece - length, BLOCK,
                                       flushes[next_random (TN_COUNT (flushes))]);
        }
        length = TN_MIN (length, size - at);
        memcpy (plain + at, piece, length);
        at += length;
    }
}

/* Encodes `plain`, with a flush at every end of a block, or anywhere. */
static void
make_stored (bool blocks, int flush)
{
    z_stream z = { 0 };
    cut_count = 0;
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = stored;
    z.avail_out = ROOM;
    for (uint64_t at = 0, i = 0; at < plain_size; i++) {
        uint64_t size = blocks ? BLOCK : 1 + next_random (2 * BLOCK);
        size = TN_MIN (size, plain_size - at);
        deflateParams (&z, next_random (3) ? 0 : 6, Z_DEFAULT_STRATEGY);
        z.next_in = plain + at;
        z.avail_in = (uInt) size;
        at += size;
        deflate (&z, at == plain_size ? Z_FINISH : flush);
        if (blocks)
            ends[i] = z.total_out;
        add_cut (z.total_out);
    }
    stored_size = z.total_out;
    deflateEnd (&z);
    for (uint64_t i = 1; i + 4 < stored_size; i++) /* where embedded streams may end */
        if (memcmp (stored + i, "\0\0\xFF\xFF", 4) == 0)
            add_cut (i + 4);
}

/* What every other reader gets. */
static void
judge (void)
{
    z_stream z = { .next_in = stored, .avail_in = (uInt) stored_size };
    ck_assert_int_eq (inflateInit2 (&z, -15), Z_OK);
    z.next_out = judged;
    z.avail_out = sizeof judged;
    inflate (&z, Z_SYNC_FLUSH);
    judged_size = z.total_out;
    inflateEnd (&z);
}

/* ---- tables ---- */

static int
compare_numbers (const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return left < right ? -1 : left > right;
}

/* Ends that rise, the last one where the stream does, as tn_host_add_part makes sure. */
static void
make_legal (uint64_t count)
{
    qsort (ends, count, sizeof *ends, compare_numbers);
    for (uint64_t i = 0; i < count; i++)
        ends[i] = TN_MIN (TN_MAX (ends[i], i > 0 ? ends[i - 1] + 1 : 1), stored_size - (count - 1 - i));
    ends[count - 1] = stored_size;
}

static void
lie (uint64_t count, unsigned kind)
{
    uint64_t at = next_random ((uint32_t) count);
    switch (kind) {
    case 0: return;
    case 1: ends[at] += next_random (2) ? 1 : (uint64_t) -1; break;
    case 2: ends[at] = 1 + next_random ((uint32_t) stored_size); break;
    case 3: ends[at] = cuts[next_random (cut_count)]; break;
    default:
        for (uint64_t i = kind == 4 ? at : 0; i < count; i++)
            ends[i] = cuts[next_random (cut_count)];
    }
    make_legal (count);
}

/* ---- reading ---- */

/* A result is that of zlib, or a failure. `must`: it has to be a result. `lenient`: libdeflate decoded all at
 * once, and may go on where zlib refuses a word of an incomplete code. */
static void
check_result (tenon_status status, const uint8_t *got, uint64_t offset, uint64_t length, bool must,
              bool lenient)
{
    if (must)
        ck_assert_msg (status == TENON_OK, "%llu at %llu: %s", (unsigned long long) length,
                       (unsigned long long) offset, error.message);
    if (status < 0)
        return;
    if (lenient)
        length = TN_MIN (length, judged_size);
    ck_assert_uint_le (offset + length, judged_size);
    ck_assert_mem_eq (got, judged + offset, length);
}

static void
read_anywhere (uint64_t size, bool must)
{
    static uint8_t got[MOST];
    struct tn_decoder decoders[2];
    memset (decoders, 0, sizeof decoders);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t offset = next_random ((uint32_t) size), length = 1 + next_random (3 * BLOCK);
        struct tn_scan *scan = NULL;
        length = TN_MIN (length, size - offset);
        fresh_error ();
        tenon_status status;
        bool whole = false;
        switch (next_random (6)) {
        case 0:
            status = tn_scan_new (context, part, offset, &scan, &error);
            ck_assert_int_eq (status, TENON_OK);
            status = tn_scan_read (scan, got, length, NULL, &error);
            tn_scan_free (scan);
            break;
        case 1:
            status = tn_decoder_whole (&decoders[0], part, got, &error);
            offset = 0, length = size, whole = true;
            break;
        default: status = tn_decoder_read (&decoders[i & 1], part, offset, got, length, &error);
        }
        check_result (status, got, offset, length, must, whole && !must);
    }
    tn_decoder_free (&decoders[0]);
    tn_decoder_free (&decoders[1]);
}

/* ---- tests ---- */

/* Blocks 1 and 2 of the table lie inside a stored block of the stream, and are streams themselves. */
START_TEST (inside_of_a_stored_block)
{
    uint8_t got[BLOCK];
    uint8_t inner[2 * BLOCK];
    struct tn_decoder decoder = { 0 };
    uint64_t first = encode_fake (inner, sizeof inner, BLOCK, Z_FULL_FLUSH);
    uint64_t both = first + encode_fake (inner + first, sizeof inner - first, BLOCK, Z_FULL_FLUSH);
    plain_size = 4 * BLOCK;
    for (uint64_t i = 0; i < plain_size; i++)
        plain[i] = (uint8_t) next_random (256);
    memcpy (plain + BLOCK, inner, both);
    void *state = open_deflate (0);
    stored_size = (uint64_t) deflate_raw.encode (state, TENON_FILTER_LAST, plain, plain_size, stored, ROOM);
    deflate_raw.close (state);
    judge ();
    ck_assert_uint_eq (judged_size, plain_size);
    uint64_t begin = 5 + BLOCK; /* behind the header of the stored block */
    ends[0] = begin, ends[1] = begin + first, ends[2] = begin + both, ends[3] = stored_size;
    open_part (plain_size);
    fresh_error ();
    ck_assert_int_eq (tn_decoder_read (&decoder, part, BLOCK, got, BLOCK, &error), TENON_OK);
    ck_assert_mem_eq (got, plain + BLOCK, BLOCK);
    ck_assert (atomic_load (&part->blocks_are_wrong));
    tn_decoder_free (&decoder);
    close_part ();
    /* with the first block right, and the second behind a gap of the stream */
    open_part (plain_size);
    struct tn_scan *scan;
    ck_assert_int_eq (tn_scan_new (context, part, 2 * BLOCK, &scan, &error), TENON_OK);
    ck_assert_int_eq (tn_scan_read (scan, got, BLOCK, NULL, &error), TENON_OK);
    ck_assert_mem_eq (got, plain + 2 * BLOCK, BLOCK);
    ck_assert (atomic_load (&part->blocks_are_wrong));
    tn_scan_free (scan);
    close_part ();
}
END_TEST

/* What was proven is decoded once: the blocks before a slice count only at first. */
static unsigned decoded;
static int32_t
count_decode (void *state, uint32_t last, const void *from, uint64_t length, void *to, uint64_t size)
{
    decoded++;
    return deflate_raw.decode (state, last, from, length, to, size);
}

START_TEST (proven_once)
{
    uint8_t got[10];
    struct tn_decoder decoder = { 0 };
    seed = 1;
    make_plain (20 * BLOCK);
    make_stored (true, Z_FULL_FLUSH);
    filter.table.decode = count_decode;
    open_part (plain_size);
    decoded = 0;
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 9 * BLOCK, got, sizeof got, &error), TENON_OK);
    ck_assert_uint_eq (decoded, 10);
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 9 * BLOCK + 100, got, sizeof got, &error), TENON_OK);
    ck_assert_uint_eq (decoded, 10);
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 3 * BLOCK, got, sizeof got, &error), TENON_OK);
    ck_assert_uint_eq (decoded, 11);
    ck_assert_int_eq (tn_scan_prove (context, part, 15, &error), TENON_OK);
    ck_assert_uint_eq (decoded, 16);
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 15 * BLOCK, got, sizeof got, &error), TENON_OK);
    ck_assert_uint_eq (decoded, 17);
    ck_assert_uint_eq (atomic_load (&part->blocks_proven), 16);
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

/* A block that is stored in far more bytes than it has is not even read. */
START_TEST (a_block_that_is_too_large)
{
    uint8_t got[10];
    struct tn_decoder decoder = { 0 };
    seed = 7;
    make_plain (MOST);
    z_stream z = { .next_in = plain, .avail_in = MOST, .next_out = stored, .avail_out = ROOM };
    ck_assert_int_eq (deflateInit2 (&z, 0, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (unsigned i = 0; i < 15000; i++)
        deflate (&z, i == 14999 ? Z_FINISH : Z_FULL_FLUSH), z.next_in = plain, z.avail_in = 0;
    stored_size = z.total_out;
    deflateEnd (&z);
    plain_size = BLOCK + 1;
    ends[0] = stored_size - 1, ends[1] = stored_size;
    filter.table.decode = count_decode;
    open_part (plain_size);
    decoded = 0;
    (void) tn_decoder_read (&decoder, part, BLOCK, got, 1, &error);
    ck_assert_uint_eq (decoded, stored_size > 2 * BLOCK + 65536 ? 0 : 1);
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

/* True tables, and tables with lies of all kinds, of streams of all kinds. */
START_TEST (any_table)
{
    static const int flushes[] = { Z_FULL_FLUSH, Z_FULL_FLUSH, Z_SYNC_FLUSH };
    for (unsigned round = 0; round < 60; round++) {
        seed = (uint32_t) _i * 1000 + round;
        next_random (2);
        bool blocks = next_random (4) > 0;
        int flush = flushes[next_random (3)];
        make_plain (2 * BLOCK + next_random (MOST - 2 * BLOCK));
        uint64_t count = (plain_size + BLOCK - 1) / BLOCK;
        make_stored (blocks, flush);
        judge ();
        ck_assert_uint_eq (judged_size, plain_size);
        unsigned kind = blocks ? next_random (6) : 5;
        lie (count, kind);
        open_part (plain_size);
        read_anywhere (plain_size, true);
        if (blocks && flush == Z_FULL_FLUSH && kind == 0)
            ck_assert (!atomic_load (&part->blocks_are_wrong));
        close_part ();
    }
}
END_TEST

/* The same of streams that are damaged, end too early, or have bytes behind their end. */
START_TEST (any_damage)
{
    for (unsigned round = 0; round < 60; round++) {
        seed = 5000000 + (uint32_t) _i * 1000 + round;
        next_random (2);
        make_plain (2 * BLOCK + next_random (MOST - 2 * BLOCK));
        uint64_t count = (plain_size + BLOCK - 1) / BLOCK;
        make_stored (true, next_random (3) ? Z_FULL_FLUSH : Z_SYNC_FLUSH);
        switch (next_random (3)) {
        case 0: stored[next_random ((uint32_t) stored_size)] ^= (uint8_t) (1 << next_random (8)); break;
        case 1: stored_size += 1 + next_random (3); break;
        default: stored[ends[next_random ((uint32_t) count)] - 5] |= 1; /* a final block in the middle */
        }
        ends[count - 1] = stored_size;
        judge ();
        lie (count, next_random (6));
        open_part (plain_size);
        read_anywhere (plain_size, false);
        close_part ();
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("blocks");
    TCase *tests = tcase_create ("blocks");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, inside_of_a_stored_block);
    tcase_add_test (tests, proven_once);
    tcase_add_test (tests, a_block_that_is_too_large);
    tcase_add_loop_test (tests, any_table, 0, 10);
    tcase_add_loop_test (tests, any_damage, 0, 10);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
