/* SPDX-License-Identifier: MIT */
/* test_decoder.c - encoded sources: whole streams, blocks, checksums and damage. zlib makes the encoded
 * bytes. */
#include "source/decoder.h"
#include "tests/unit/deflate_filter.h"
#include <check.h>
#include <zlib.h>

#define SIZE 300000u

static struct tn_filter filter;
static uint8_t plain[SIZE], stored[2 * SIZE];
static uint64_t stored_size, ends[8];
static tenon_error error;
static struct tn_arena arena; /* holds the parts */

static void
set_up (void)
{
    uint32_t x = 1;
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    memset (&filter, 0, sizeof filter);
    filter.table = deflate_raw;
    for (uint32_t i = 0; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        plain[i] = (uint8_t) ((x >> 24) & 15);
    }
}

/* block 0: one stream. Else each block ends in a full flush, the last one ends the stream. */
static void
encode_blocks (uint64_t block)
{
    z_stream z = { 0 };
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = stored;
    z.avail_out = sizeof stored;
    uint64_t at = 0;
    for (unsigned i = 0; at < SIZE; i++) {
        uint64_t size = block ? TN_MIN (block, SIZE - at) : SIZE;
        z.next_in = plain + at;
        z.avail_in = (uInt) size;
        at += size;
        deflate (&z, at == SIZE ? Z_FINISH : Z_FULL_FLUSH);
        ends[i] = z.total_out;
    }
    stored_size = z.total_out;
    deflateEnd (&z);
}

static struct tn_source *root, *part;

static void
open_part (uint64_t size, uint64_t block, uint32_t check)
{
    struct tenon_part description = { .struct_size = sizeof description,
                                      .stored = stored_size,
                                      .size = size,
                                      .block_size = block,
                                      .block_ends = block ? ends : NULL,
                                      .check = TENON_CHECK_CRC32,
                                      .check_value = check,
                                      .name = "m",
                                      .name_length = 1 };
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

static uint32_t
right_sum (void)
{
    return (uint32_t) crc32 (0, plain, SIZE);
}

START_TEST (in_order_and_jumping)
{
    static const uint64_t blocks[] = { 0, 65536, 100000 };
    struct tn_decoder decoder = { 0 };
    uint8_t got[5000];
    encode_blocks (blocks[_i]);
    open_part (SIZE, blocks[_i], right_sum ());
    static const uint64_t places[] = { 0, 5000, 250000, 100, 99999, 65536, 65535, SIZE - 5000, 0 };
    for (unsigned i = 0; i < TN_COUNT (places); i++) {
        ck_assert_msg (tn_decoder_read (&decoder, part, places[i], got, sizeof got, &error) == TENON_OK, "%s",
                       error.message);
        ck_assert_mem_eq (got, plain + places[i], sizeof got);
    }
    ck_assert_int_eq (tn_decoder_finish (&decoder, part, &error), TENON_OK);
    ck_assert_int_eq (tn_decoder_read (&decoder, part, SIZE - 10, got, 11, &error), TENON_E_TRUNCATED);
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

START_TEST (wrong_checksum)
{
    struct tn_decoder decoder = { 0 };
    encode_blocks (0);
    open_part (SIZE, 0, right_sum () ^ 1);
    ck_assert_int_eq (tn_decoder_finish (&decoder, part, &error), TENON_E_CHECKSUM);
    ck_assert_str_eq (error.file, "box: member 'm'");
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

/* The announced size is more, or less, than the stream holds. */
START_TEST (wrong_size)
{
    struct tn_decoder decoder = { 0 };
    encode_blocks (0);
    open_part (SIZE + (uint64_t) (_i ? 1 : -1), 0, right_sum ());
    ck_assert_int_eq (tn_decoder_finish (&decoder, part, &error), TENON_E_MALFORMED);
    ck_assert_msg (strstr (error.message, _i ? "damaged" : "more than the 299999 bytes") != NULL, "%s",
                   error.message);
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

START_TEST (cut_off)
{
    encode_blocks (0);
    uint64_t whole = stored_size;
    for (uint64_t size = 0; size < whole; size += 1 + size / 40) {
        struct tn_decoder decoder = { 0 };
        tenon_error fresh = TENON_ERROR_INIT;
        error = fresh;
        stored_size = size;
        open_part (SIZE, 0, right_sum ());
        ck_assert_int_eq (tn_decoder_finish (&decoder, part, &error), TENON_E_MALFORMED);
        tn_decoder_free (&decoder);
        close_part ();
    }
}
END_TEST

START_TEST (bytes_behind)
{
    struct tn_decoder decoder = { 0 };
    encode_blocks (0);
    stored_size += 3;
    open_part (SIZE, 0, right_sum ());
    ck_assert_int_eq (tn_decoder_finish (&decoder, part, &error), TENON_E_MALFORMED);
    ck_assert_msg (strstr (error.message, "end 3 bytes before") != NULL, "%s", error.message);
    tn_decoder_free (&decoder);
    close_part ();
}
END_TEST

/* 1: by a filter that cannot work in pieces. */
START_TEST (whole_blocks)
{
    uint8_t *got = malloc (SIZE);
    if (_i == 1) {
        filter.table.step = NULL;
        filter.table.reset = NULL;
    }
    struct tn_decoder decoder = { 0 };
    bool good = false;
    encode_blocks (65536);
    open_part (SIZE, 65536, right_sum ());
    ck_assert_uint_eq (part->block_count, 5);
    ck_assert_int_eq (tn_decoder_blocks (&decoder, part, 1, 4, got, &good, &error), TENON_OK);
    ck_assert (good);
    ck_assert_mem_eq (got, plain + 65536, SIZE - 65536);
    /* a false table: the second block begins a byte too late */
    ++*(uint64_t *) (uintptr_t) &part->block_ends[0];
    ck_assert_int_eq (tn_decoder_blocks (&decoder, part, 0, 2, got, &good, &error), TENON_OK);
    ck_assert (!good && part->blocks_are_wrong);
    /* without the table it can still be read */
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 70000, got, 1000, &error), TENON_OK);
    ck_assert_mem_eq (got, plain + 70000, 1000);
    tn_decoder_free (&decoder);
    close_part ();
    free (got);
}
END_TEST

static int32_t
read_stored_later (void *user, uint64_t offset, void *to, uint64_t length)
{
    if ((*(int *) user)-- > 0)
        return TENON_E_IO;
    memcpy (to, stored + offset, length);
    return TENON_OK;
}

/* A read that fails leaves nothing behind that a later one takes for data. */
START_TEST (read_fails_once)
{
    static uint8_t got[1000];
    int failures = 1;
    struct tn_decoder decoder = { 0 };
    filter.table.step = NULL;
    filter.table.reset = NULL;
    encode_blocks (0);
    open_part (SIZE, 0, right_sum ());
    struct tn_source *memory = root;
    tenon_reader reader = {
        .struct_size = sizeof reader, .size = stored_size, .read_at = read_stored_later, .user = &failures
    };
    ck_assert_int_eq (tn_source_reader (&reader, "part", &root, &error), TENON_OK);
    part->parent = part->inside = root;
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 70000, got, sizeof got, &error), TENON_E_IO);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tn_decoder_read (&decoder, part, 70000, got, sizeof got, &error), TENON_OK);
    ck_assert_mem_eq (got, plain + 70000, sizeof got);
    tn_decoder_free (&decoder);
    tn_source_free (memory);
    close_part ();
}
END_TEST

/* zlib reads the streams of the filter; blocks joined end to end are one stream. */
START_TEST (encoding)
{
    static uint8_t back[SIZE];
    uint64_t made = 0, room = sizeof stored;
    void *state = open_deflate (_i);
    ck_assert_ptr_nonnull (state);
    for (uint64_t at = 0; at < SIZE; at += 70000) {
        uint64_t size = TN_MIN (70000u, SIZE - at);
        ck_assert_uint_le (bound_deflate (_i, size), room - made);
        int64_t length = deflate_raw.encode (state, at + size == SIZE ? TENON_FILTER_LAST : 0, plain + at,
                                             size, stored + made, bound_deflate (_i, size));
        ck_assert_int_gt (length, 0);
        made += (uint64_t) length;
    }
    deflate_raw.close (state);
    z_stream z = { .next_in = stored, .avail_in = (uInt) made, .next_out = back, .avail_out = SIZE };
    ck_assert_int_eq (inflateInit2 (&z, -15), Z_OK);
    ck_assert_int_eq (inflate (&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq (z.total_out, SIZE);
    ck_assert_uint_eq (z.avail_in, 0);
    ck_assert_mem_eq (back, plain, SIZE);
    inflateEnd (&z);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("decoder");
    TCase *tests = tcase_create ("decoder");
    tcase_add_checked_fixture (tests, set_up, NULL);
    tcase_set_timeout (tests, 60);
    tcase_add_loop_test (tests, in_order_and_jumping, 0, 3);
    tcase_add_test (tests, wrong_checksum);
    tcase_add_loop_test (tests, wrong_size, 0, 2);
    tcase_add_test (tests, cut_off);
    tcase_add_test (tests, bytes_behind);
    tcase_add_loop_test (tests, whole_blocks, 0, 2);
    tcase_add_test (tests, read_fails_once);
    tcase_add_loop_test (tests, encoding, 0, 10);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
