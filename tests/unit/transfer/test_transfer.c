/* SPDX-License-Identifier: MIT */
/* test_transfer.c - tensors in members of containers: stored, in one stream, in blocks, with false tables
 * of blocks; in memory and in files; whole and in part; read, loaded with their member, streamed; in every
 * order; with right and wrong checksums. zlib makes the encoded bytes; the values are functions of their
 * place. */
#include "sink/sink.h"
#include "source/scan.h"
#include "source/spool_file.h"
#include "transfer/transfer.h"
#include <check.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD 128u
#define TAIL 10u
#define ROWS 600u
#define COLUMNS 900u
#define ITEMS (ROWS * COLUMNS)
#define SIZE (HEAD + 4 * ITEMS + TAIL)
#define BLOCK 200000u
#define BLOCKS ((SIZE + BLOCK - 1) / BLOCK)

enum { STORED, STREAM, IN_BLOCKS, LYING, KINDS };

static tenon_context *context;
static tenon_error error;
static uint8_t *plain, *stored;
static uint64_t ends[BLOCKS];
static struct tn_catalog *catalog;
static struct tn_tensor tensor;
static struct tn_source *part;
static const uint64_t shape[2] = { ROWS, COLUMNS };

static void
fresh_error (void)
{
    tenon_error none = TENON_ERROR_INIT;
    error = none;
}

/* With little memory, members are read as streams and spooled; with more, they are decoded in one piece. */
static void
open_context (bool little)
{
    const char *settings[] = { "core.threads=3", little ? "limits.memory=1MiB" : "limits.memory=32MiB",
                               NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    fresh_error ();
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

static void
set_up (void)
{
    plain = malloc (SIZE);
    stored = calloc (1, SIZE + SIZE / 2);
    ck_assert (plain && stored);
}

static void
tear_down (void)
{
    free (plain);
    free (stored);
}

static void
make_plain (uint32_t flags)
{
    memset (plain, 'h', HEAD);
    memset (plain + SIZE - TAIL, 't', TAIL);
    for (uint32_t row = 0; row < ROWS; row++)
        for (uint32_t column = 0; column < COLUMNS; column++) {
            uint32_t place = flags & TENON_FORTRAN ? column * ROWS + row : row * COLUMNS + column;
            uint32_t value = row * COLUMNS + column;
            if (flags & TENON_BIG_ENDIAN)
                value = __builtin_bswap32 (value);
            memcpy (plain + HEAD + 4 * (uint64_t) place, &value, 4);
        }
}

static uint64_t
encode_blocks (uint64_t block)
{
    z_stream z = { 0 };
    ck_assert_int_eq (deflateInit2 (&z, 1, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = stored;
    z.avail_out = SIZE + SIZE / 2;
    for (uint64_t at = 0, i = 0; at < SIZE; i++) {
        uint64_t size = TN_MIN (block, SIZE - at);
        z.next_in = plain + at;
        z.avail_in = (uInt) size;
        at += size;
        deflate (&z, at == SIZE ? Z_FINISH : Z_FULL_FLUSH);
        if (block < SIZE)
            ends[i] = z.total_out;
    }
    uint64_t made = z.total_out;
    deflateEnd (&z);
    return made;
}

/* A file, or memory, that holds 7 bytes, the member, and 5 bytes. */
static void
open_member (int kind, uint32_t flags, bool in_file, uint32_t wrong)
{
    struct tn_source *root;
    open_context (!in_file);
    make_plain (flags);
    uint64_t length = kind == STORED ? SIZE : encode_blocks (kind == STREAM ? SIZE : BLOCK);
    if (kind == LYING)
        ends[2] += 3;
    if (kind == STORED)
        memcpy (stored, plain, SIZE);
    memmove (stored + 7, stored, length);
    catalog = tn_catalog_new (context);
    if (in_file) {
        struct tn_spool_file file;
        ck_assert_int_eq (tn_spool_file_open (context, length + 12, &file, &error), TENON_OK);
        int fd = file.fd;
        ck_assert_int_eq (tn_write_all (fd, 0, stored, length + 12, "box", &error), TENON_OK);
        ck_assert_int_eq (tn_source_open_fd (fd, "box", true, &root, &error), TENON_OK);
    } else
        ck_assert_int_eq (tn_source_memory (stored, length + 12, "box", &root, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, root, &error), TENON_OK);
    struct tenon_part description = { .struct_size = sizeof description,
                                      .offset = 7,
                                      .stored = length,
                                      .size = SIZE,
                                      .check = TENON_CHECK_CRC32,
                                      .check_value = crc32 (0, plain, SIZE) ^ wrong,
                                      .name = "member",
                                      .name_length = 6 };
    if (kind == IN_BLOCKS || kind == LYING) {
        description.block_size = BLOCK;
        description.block_ends = ends;
    }
    const struct tenon_step step = { .struct_size = sizeof step, .filter = "deflate" };
    const struct tn_pipeline *pipeline = NULL;
    const char *missing;
    if (kind != STORED)
        ck_assert_int_eq (
            tn_pipeline_make (context, &catalog->arena, &step, sizeof step, 1, &pipeline, &missing, &error),
            TENON_OK);
    ck_assert_int_eq (tn_source_part (&catalog->arena, root, &description, NULL, pipeline, &part, &error),
                      TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, part, &error), TENON_OK);
    tensor = (struct tn_tensor){ .name = "t",
                                 .shape = shape,
                                 .rank = 2,
                                 .dtype = TENON_U32,
                                 .flags = (uint8_t) flags,
                                 .offset = HEAD,
                                 .length = 4 * (uint64_t) ITEMS,
                                 .source = 1 };
}

static void
close_member (void)
{
    tn_catalog_drop (catalog);
    tenon_context_free (context);
}

static void
check_values (const void *data, uint32_t dtype)
{
    const uint32_t *numbers = data;
    const double *doubles = data;
    for (uint32_t i = 0; i < ITEMS; i++)
        if (dtype == TENON_F64 ? doubles[i] != (double) i : numbers[i] != i)
            ck_abort_msg ("item %u is %g", i, dtype == TENON_F64 ? doubles[i] : (double) numbers[i]);
}

static tenon_status
read_whole (uint32_t dtype, uint64_t before, uint64_t after, uint8_t **memory)
{
    uint64_t size = ITEMS * (dtype == TENON_F64 ? 8u : 4u);
    *memory = malloc (before + size + after);
    ck_assert_ptr_nonnull (*memory);
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    struct tn_request request;
    fresh_error ();
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, NULL, dtype, 0, &error), TENON_OK);
    ck_assert_uint_eq (request.size, size);
    struct tn_transfer_job job = { .request = &request,
                                   .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                   .to = *memory + before,
                                   .before = before,
                                   .after = after };
    tenon_status status = tn_transfer_read (context, &job, 1, &meter, &error);
    tn_meter_end (&meter);
    return status;
}

struct taken {
    uint8_t *bytes;
    uint64_t size;
};

static tenon_status
take_piece (void *user, const void *bytes, uint64_t length, tenon_error *ignored)
{
    struct taken *taken = user;
    (void) ignored;
    memcpy (taken->bytes + taken->size, bytes, length);
    taken->size += length;
    return TENON_OK;
}

static tenon_status
stream_whole (uint32_t dtype, struct taken *taken)
{
    struct tn_request want;
    struct tn_meter meter;
    taken->bytes = malloc (ITEMS * 8u);
    taken->size = 0;
    fresh_error ();
    ck_assert_int_eq (tn_request_make (&want, catalog, &tensor, NULL, dtype, 0, &error), TENON_OK);
    tn_meter_begin (&meter, NULL, 0);
    tenon_status status = tn_transfer_stream (context, &want, tn_way_choose (&want, TN_IN_ORDER), take_piece,
                                              taken, &meter, &error);
    tn_meter_end (&meter);
    return status;
}

static uint32_t
dtype_of (unsigned variant)
{
    return variant & 4 ? TENON_F64 : TENON_NONE;
}

/* variant: order, byte order, cast; memory or file */
START_TEST (right)
{
    unsigned kind = (unsigned) _i / 16, variant = (unsigned) _i % 16;
    uint8_t *memory;
    struct taken taken;
    open_member ((int) kind, variant & 3, variant & 8, 0);
    ck_assert_msg (read_whole (dtype_of (variant), 0, 0, &memory) == TENON_OK, "%s", error.message);
    check_values (memory, dtype_of (variant));
    free (memory);
    ck_assert_msg (read_whole (dtype_of (variant), HEAD, TAIL, &memory) == TENON_OK, "%s", error.message);
    check_values (memory + HEAD, dtype_of (variant));
    free (memory);
    ck_assert_msg (stream_whole (dtype_of (variant), &taken) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (taken.size, ITEMS * (variant & 4 ? 8u : 4u));
    check_values (taken.bytes, dtype_of (variant));
    free (taken.bytes);
    ck_assert (atomic_load (&part->blocks_are_wrong) == (kind == LYING));
    close_member ();
}
END_TEST

START_TEST (wrong_sum)
{
    unsigned kind = (unsigned) _i / 16, variant = (unsigned) _i % 16;
    uint8_t *memory;
    struct taken taken;
    open_member ((int) kind, variant & 3, variant & 8, 1);
    ck_assert_int_eq (read_whole (dtype_of (variant), 0, 0, &memory), TENON_E_CHECKSUM);
    free (memory);
    ck_assert_int_eq (read_whole (dtype_of (variant), HEAD, TAIL, &memory), TENON_E_CHECKSUM);
    free (memory);
    ck_assert_int_eq (stream_whole (dtype_of (variant), &taken), TENON_E_CHECKSUM);
    free (taken.bytes);
    close_member ();
}
END_TEST

/* A box is not summed up: 3 rows from the end, every fourth column. */
START_TEST (boxes)
{
    const uint64_t start[2] = { 590, 5 }, count[2] = { 3, 220 };
    const int64_t step[2] = { 3, 4 };
    struct tn_box box = { 2, start, count, step };
    unsigned kind = (unsigned) _i / 16, variant = (unsigned) _i % 16;
    open_member ((int) kind, variant & 3, variant & 8, 1);
    double doubles[660];
    uint32_t numbers[660];
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    struct tn_request request;
    fresh_error ();
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, &box, dtype_of (variant), 0, &error),
                      TENON_OK);
    struct tn_transfer_job job = { .request = &request,
                                   .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                   .to = variant & 4 ? (void *) doubles : numbers };
    ck_assert_msg (tn_transfer_read (context, &job, 1, &meter, &error) == TENON_OK, "%s", error.message);
    tn_meter_end (&meter);
    for (uint32_t i = 0; i < 660; i++) {
        uint32_t expected = (590 + i / 220 * 3) * COLUMNS + 5 + i % 220 * 4;
        ck_assert (variant & 4 ? doubles[i] == expected : numbers[i] == expected);
    }
    close_member ();
}
END_TEST

/* All rows but the first: every block is decoded for them, so the checksum is compared. */
START_TEST (box_of_all_blocks)
{
    const uint64_t start[2] = { 1, 0 }, count[2] = { ROWS - 1, COLUMNS };
    struct tn_box box = { 2, start, count, NULL };
    open_member (IN_BLOCKS, 0, _i & 1, _i & 2 ? 1 : 0);
    uint32_t *numbers = malloc (4 * (uint64_t) ITEMS);
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    struct tn_request request;
    fresh_error ();
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, &box, TENON_NONE, 0, &error), TENON_OK);
    struct tn_transfer_job job = { .request = &request,
                                   .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                   .to = numbers };
    ck_assert_int_eq (tn_transfer_read (context, &job, 1, &meter, &error),
                      _i & 2 ? TENON_E_CHECKSUM : TENON_OK);
    tn_meter_end (&meter);
    for (uint32_t i = 0; !(_i & 2) && i < ITEMS - COLUMNS; i++)
        ck_assert_uint_eq (numbers[i], i + COLUMNS);
    free (numbers);
    close_member ();
}
END_TEST

/* A tensor without items reads nothing of its empty member, so nothing is compared. */
START_TEST (empty_member)
{
    const uint64_t none[2] = { 0, COLUMNS };
    struct tenon_part description = {
        .struct_size = sizeof description, .offset = 7, .check = TENON_CHECK_CRC32, .check_value = 1
    };
    open_member (STORED, 0, _i, 0);
    ck_assert_int_eq (tn_source_part (&catalog->arena, part->parent, &description, NULL, NULL, &part, &error),
                      TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, part, &error), TENON_OK);
    tensor.shape = none;
    tensor.offset = tensor.length = 0;
    tensor.source = part->number;
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    struct tn_request request;
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, NULL, TENON_NONE, 0, &error), TENON_OK);
    struct tn_transfer_job job = { .request = &request, .way = tn_way_choose (&request, TN_INTO_MEMORY) };
    ck_assert_msg (tn_transfer_read (context, &job, 1, &meter, &error) == TENON_OK, "%s", error.message);
    tn_meter_end (&meter);
    close_member ();
}
END_TEST

/* In pieces of all sizes. */
START_TEST (scanning)
{
    struct tn_scan *scan;
    open_member (_i, 0, false, 0);
    uint8_t *back = malloc (SIZE);
    ck_assert_int_eq (tn_scan_new (context, part, 0, &scan, &error), TENON_OK);
    uint64_t at = 0;
    for (uint64_t piece = 1; at < SIZE; piece = piece * 3 + 1) {
        uint64_t length = TN_MIN (piece, SIZE - at);
        ck_assert_int_eq (tn_scan_read (scan, back + at, length, NULL, &error), TENON_OK);
        at += length;
    }
    ck_assert_mem_eq (back, plain, SIZE);
    ck_assert_int_eq (tn_scan_read (scan, back, 1, NULL, &error), TENON_E_TRUNCATED);
    tn_scan_free (scan);
    fresh_error ();
    ck_assert_int_eq (tn_scan_new (context, part, 0, &scan, &error), TENON_OK);
    ck_assert_int_eq (tn_scan_skip (scan, 3 * BLOCK - 1, &error), TENON_OK);
    ck_assert_int_eq (tn_scan_read (scan, back, 2 * BLOCK, NULL, &error), TENON_OK);
    ck_assert_mem_eq (back, plain + 3 * BLOCK - 1, 2 * BLOCK);
    tn_scan_free (scan);
    part->check_value ^= 1;
    /* from elsewhere than the first byte, nothing is compared */
    ck_assert_int_eq (tn_scan_new (context, part, BLOCK / 2, &scan, &error), TENON_OK);
    ck_assert_int_eq (tn_scan_read (scan, back, SIZE - BLOCK / 2, NULL, &error), TENON_OK);
    ck_assert_mem_eq (back, plain + BLOCK / 2, SIZE - BLOCK / 2);
    tn_scan_free (scan);
    ck_assert_int_eq (tn_scan_all (context, part, NULL, NULL, &error), TENON_E_CHECKSUM);
    free (back);
    close_member ();
}
END_TEST

/* Half of the stored bytes are gone. */
START_TEST (damaged)
{
    uint8_t *memory;
    struct taken taken;
    open_member (_i, 0, false, 0);
    memset (stored + part->stored / 2, 0xff, 1000);
    ck_assert_int_lt (read_whole (TENON_NONE, 0, 0, &memory), 0);
    free (memory);
    ck_assert_int_lt (read_whole (TENON_F64, 0, 0, &memory), 0);
    free (memory);
    ck_assert_int_lt (stream_whole (TENON_NONE, &taken), 0);
    free (taken.bytes);
    close_member ();
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("member");
    TCase *tests = tcase_create ("member");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, right, 0, 16 * KINDS);
    tcase_add_loop_test (tests, wrong_sum, 0, 16 * KINDS);
    tcase_add_loop_test (tests, boxes, 0, 16 * KINDS);
    tcase_add_loop_test (tests, box_of_all_blocks, 0, 4);
    tcase_add_loop_test (tests, empty_member, 0, 2);
    tcase_add_loop_test (tests, scanning, 0, KINDS);
    tcase_add_loop_test (tests, damaged, 0, KINDS);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
