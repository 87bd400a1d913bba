/* SPDX-License-Identifier: MIT */
/* test_grid.c - tensors in chunks: whole and in part, in every order, cast and swapped, into memory, in
 * order, into files and by ranges; which chunks are found, and how often. */
#include "grid_sample.h"
#include "kernels/cast.h"

static const struct sample samples[] = {
    { 2, { 100, 70 }, { 16, 9 }, .dtype = TENON_U32 },
    { 2, { 100, 70 }, { 16, 9 }, .dtype = TENON_U16, .steps = 1, .missing = 3, .in_file = true },
    { 2, { 64, 48 }, { 16, 48 }, .dtype = TENON_U64, .steps = 1, .flags = TENON_BIG_ENDIAN, .sums = true },
    { 3,
      { 20, 31, 17 },
      { 7, 8, 17 },
      { 2, 0, 1 },
      true,
      TENON_U32,
      .clipped = true,
      .steps = 2,
      .skipped = 3 },
    { 3,
      { 20, 31, 17 },
      { 7, 8, 5 },
      { 1, 2, 0 },
      true,
      TENON_U16,
      TENON_BIG_ENDIAN,
      .missing = 5,
      .in_file = true },
    { 3,
      { 9, 10, 11 },
      { 4, 3, 5 },
      .dtype = TENON_U32,
      .flags = TENON_FORTRAN,
      .clipped = true,
      .sums = true,
      .in_file = true,
      .backwards = true },
    { 2, { 40, 30 }, { 1, 1 }, .dtype = TENON_U32, .steps = 1, .missing = 2, .in_file = true, .apart = true },
    { 2, { 40, 30 }, { 100, 200 }, .dtype = TENON_U16 },
    { 2, { 40, 30 }, { 100, 200 }, .dtype = TENON_U16, .clipped = true, .steps = 1 },
    { 1, { 5000 }, { 128 }, .dtype = TENON_U32, .in_file = true, .missing = 4, .no_fill = true },
    { 0, .dtype = TENON_U32, .steps = 1 },
    { 0, .dtype = TENON_U32, .missing = 0 },
    { 3, { 4, 0, 5 }, { 2, 2, 2 }, .dtype = TENON_U32 },
    { 4, { 6, 5, 4, 8 }, { 2, 5, 3, 4 }, .dtype = TENON_U8, .steps = 1, .sums = true, .missing = 7 },
    /* less memory than the chunks have */
    { 2, { 300, 400 }, { 200, 300 }, .dtype = TENON_U32, .steps = 1, .memory = "64KiB", .in_file = true },
    { 2, { 300, 400 }, { 200, 300 }, .dtype = TENON_U32, .sums = true, .memory = "64KiB", .in_file = true },
    { 2,
      { 300, 400 },
      { 20, 30 },
      .dtype = TENON_U32,
      .steps = 1,
      .memory = "64KiB",
      .in_file = true,
      .missing = 11 },
    { 3, { 200, 20, 30 }, { 1, 20, 30 }, .dtype = TENON_U32, .steps = 2, .memory = "64KiB", .skipped = 2 },
};
#define SAMPLES ((int) TN_COUNT (samples))

/* ---- how a result is taken ---- */

static void
ask (struct tn_request *request, const struct tn_box *box, uint32_t dtype, uint32_t layout)
{
    fresh_error ();
    if (tn_request_make (request, catalog, &tensor, box, dtype, layout, &error) < 0)
        ck_abort_msg ("%s", error.message);
}

static void
pack_strides (const struct tn_request *request, uint32_t layout, const struct tn_box *box, int64_t *strides)
{
    int64_t stride = 1;
    (void) request;
    for (uint32_t k = 0; k < sample->rank; k++) {
        uint32_t d = layout & TENON_FORTRAN ? k : sample->rank - 1 - k;
        uint64_t start = box && box->start ? box->start[d] : 0;
        uint64_t step = box && box->step ? (uint64_t) box->step[d] : 1;
        uint64_t left = sample->shape[d] > start ? (sample->shape[d] - start - 1) / step + 1 : 0;
        strides[d] = stride;
        stride *= (int64_t) (box && box->count ? box->count[d] : left);
    }
}

static int
go_on (void *user, uint64_t done, uint64_t total)
{
    (void) user;
    return done > total;
}
static const tenon_progress goes_on = { .struct_size = sizeof goes_on, .report = go_on };

static void
read_memory (const struct tn_request *asked, uint8_t *to)
{
    struct tn_request request;
    struct tn_meter meter;
    tn_request_copy (&request, asked);
    struct tn_transfer_job job = { .request = &request,
                                   .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                   .to = to };
    ck_assert_int_eq (job.way.kind, TN_WAY_GRID);
    tn_meter_begin (&meter, &goes_on, asked->size);
    if (tn_transfer_read (context, &job, 1, &meter, &error) < 0)
        ck_abort_msg ("%s", error.message);
    ck_assert_uint_eq (meter.done, asked->size);
    tn_meter_end (&meter);
}

struct taken {
    uint8_t *to;
    uint64_t length;
};

static tenon_status
take_bytes (void *user, const void *bytes, uint64_t length, tenon_error *failure)
{
    struct taken *taken = user;
    (void) failure;
    memcpy (taken->to + taken->length, bytes, length);
    taken->length += length;
    return TENON_OK;
}

static void
read_stream (const struct tn_request *asked, uint8_t *to)
{
    struct tn_request request;
    struct tn_meter meter;
    struct taken taken = { to, 0 };
    tn_request_copy (&request, asked);
    tn_meter_begin (&meter, &goes_on, asked->size);
    if (tn_transfer_stream (context, &request, tn_way_choose (&request, TN_IN_ORDER), take_bytes, &taken,
                            &meter, &error)
        < 0)
        ck_abort_msg ("%s", error.message);
    ck_assert_uint_eq (taken.length, asked->size);
    ck_assert_uint_eq (meter.done, asked->size);
    tn_meter_end (&meter);
}

static void
read_file (const struct tn_request *asked, uint8_t *to)
{
    struct tn_request request;
    struct tn_spool_file file;
    tn_request_copy (&request, asked);
    ck_assert_int_eq (tn_spool_file_open (context, asked->size + 5, &file, &error), TENON_OK);
    struct tn_place place = { file.fd, 5, "target" };
    if (tn_transfer_to_file (context, &request, tn_way_choose (&request, TN_TO_FILE), &place, NULL, &error)
            < 0
        || tn_read_all (file.fd, 5, to, asked->size, &error) < 0)
        ck_abort_msg ("%s", error.message);
    close (file.fd);
}

/* From the end to the beginning. */
static void
read_ranges (const struct tn_request *asked, uint8_t *to)
{
    struct tn_range_reader *reader = calloc (1, sizeof *reader);
    ck_assert_ptr_nonnull (reader);
    tn_request_copy (&reader->request, asked);
    ck_assert_int_eq (tn_range_reader_begin (reader, &error), TENON_OK);
    for (uint64_t end = asked->size, some; end > 0; end -= some) {
        some = TN_MIN (end, 1001 * asked->target->block_bytes);
        ck_assert_int_eq (tn_range_reader_read (reader, end - some, to + end - some, some, &error), TENON_OK);
    }
    tn_range_reader_free (reader);
}

/* A result in every way, each of which finds every chunk once. */
static void
check_result (const struct tn_box *box, uint32_t dtype, uint32_t layout)
{
    static void (*const ways[]) (const struct tn_request *, uint8_t *) = { read_memory, read_stream,
                                                                           read_file, read_ranges };
    struct tn_request request;
    int64_t strides[MOST_RANK];
    ask (&request, box, dtype, layout);
    uint8_t *result = malloc (request.size + 1);
    ck_assert_ptr_nonnull (result);
    pack_strides (&request, layout, box, strides);
    for (unsigned i = 0, before = 0; i < TN_COUNT (ways); i++) {
        memset (result, 0x5a, request.size + 1);
        finds = 0;
        ways[i](&request, result);
        check_items (result, &request, box, strides, layout);
        ck_assert_uint_eq (result[request.size], 0x5a);
        ck_assert (i == 0 || finds == before);
        before = finds;
    }
    free (result);
}

static const uint32_t layouts[] = { 0, TENON_FORTRAN, TENON_BIG_ENDIAN, TENON_FORTRAN | TENON_BIG_ENDIAN };

START_TEST (whole)
{
    open_sample (&samples[_i], "core.threads=3");
    for (unsigned i = 0; i < TN_COUNT (layouts); i++) {
        check_result (NULL, TENON_NONE, layouts[i]);
        ck_assert_uint_eq (finds, chunk_count);
        check_result (NULL, TENON_F64, layouts[i]);
    }
    close_sample ();
}
END_TEST

START_TEST (slices)
{
    open_sample (&samples[_i], "core.threads=3");
    uint64_t start[MOST_RANK], count[MOST_RANK];
    int64_t step[MOST_RANK];
    for (unsigned k = 1; item_count > 0 && k < 24; k += 5) {
        uint64_t touched = 1;
        for (uint32_t d = 0; d < sample->rank; d++) {
            uint64_t last = UINT64_MAX, parts = 0;
            start[d] = k * (d + 3) % sample->shape[d];
            step[d] = (int64_t) (k * (2 * d + 1) % 13 + 1);
            count[d] = ((sample->shape[d] - start[d] - 1) / (uint64_t) step[d] + 1 + k % 3) / (k % 3 + 1);
            for (uint64_t i = 0; i < count[d]; i++) { /* one chunk after the other */
                uint64_t chunk = (start[d] + i * (uint64_t) step[d]) / sample->edge[d];
                parts += chunk != last;
                last = chunk;
            }
            touched *= parts;
        }
        struct tn_box box = { sample->rank, start, count, step, NULL };
        check_result (&box, TENON_NONE, layouts[k % TN_COUNT (layouts)]);
        ck_assert_uint_eq (finds, touched);
        check_result (&box, TENON_F64, layouts[(k + 1) % TN_COUNT (layouts)]);
    }
    close_sample ();
}
END_TEST

/* Results with gaps, backwards, and with the dims in another order. */
START_TEST (strided)
{
    open_sample (&samples[_i], "core.threads=2");
    int64_t strides[MOST_RANK], stride = 3, first = 0;
    for (uint32_t k = 0; k < sample->rank; k++) {
        uint32_t d = (k + 1) % sample->rank;
        strides[d] = k % 2 ? -stride : stride;
        first += k % 2 ? stride * (int64_t) (sample->shape[d] - 1) : 0;
        stride *= (int64_t) sample->shape[d] + 1;
    }
    if (item_count > 0) {
        struct tn_box box = { .to = strides };
        struct tn_request request;
        ask (&request, &box, TENON_U64, 0);
        uint8_t *result = malloc (request.span);
        ck_assert_ptr_nonnull (result);
        ck_assert_uint_eq (request.low, 8 * (uint64_t) first);
        memset (result, 0x5a, request.span);
        read_memory (&request, result + request.low);
        check_items (result + request.low, &request, NULL, strides, 0);
        uint64_t kept = 0;
        for (uint64_t i = 0; i < request.span / 8; i++)
            kept += number_of (result + 8 * i, TENON_U64, false) == 0x5a5a5a5a5a5a5a5a;
        ck_assert_uint_eq (kept, request.span / 8 - item_count);
        free (result);
    }
    close_sample ();
}
END_TEST

START_TEST (few_chunks)
{
    static const struct sample form = { 2, { 1000, 1000 }, { 100, 100 }, .dtype = TENON_U16, .steps = 1 };
    uint64_t start[] = { 5, 250 }, count[] = { 4, 2 };
    int64_t step[] = { 250, 120 };
    struct tn_box box = { 2, start, count, step, NULL };
    struct tn_request request;
    uint16_t result[8];
    open_sample (&form, "core.threads=1");
    ask (&request, &box, TENON_NONE, 0);
    read_memory (&request, (uint8_t *) result);
    /* rows 5, 255, 505, 755 lie in chunks 0, 2, 5, 7; columns 250 and 370 in chunks 2 and 3 */
    ck_assert_uint_eq (finds, 8);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq (result[i],
                           (uint16_t) (((5 + 250 * (i / 2)) * 1000 + 250 + 120 * (i % 2)) * 7 + 1));
    close_sample ();
}
END_TEST

START_TEST (rank_64)
{
    struct sample form = { 64, .dtype = TENON_U8, .steps = 1, .missing = 3 };
    for (uint32_t d = 0; d < 64; d++)
        form.shape[d] = form.edge[d] = 1;
    form.shape[0] = 3, form.shape[20] = 4, form.edge[20] = 3, form.shape[63] = 5, form.edge[63] = 2;
    open_sample (&form, "core.threads=2");
    ck_assert_uint_eq (chunk_count, 3 * 2 * 3);
    for (unsigned i = 0; i < TN_COUNT (layouts); i++)
        check_result (NULL, i % 2 ? TENON_F64 : TENON_NONE, layouts[i]);
    close_sample ();
}
END_TEST

/* Two items of f4 in a byte are made of items in order. */
START_TEST (packed)
{
    static const struct sample form = { 2,          { 50, 64 },   { 7, 40 },      .dtype = TENON_U8,
                                        .steps = 1, .missing = 4, .in_file = true };
    uint8_t numbers[50 * 64], expected[50 * 32], result[3][50 * 32];
    struct tn_request request;
    open_sample (&form, "core.threads=2");
    for (uint64_t i = 0; i < sizeof numbers; i++)
        numbers[i] = (uint8_t) number_at ((uint64_t[]){ i / 64, i % 64 });
    tn_cast (TENON_F4, expected, TENON_U8, numbers, sizeof numbers);
    ask (&request, NULL, TENON_F4, 0);
    ck_assert_uint_eq (request.size, sizeof expected);
    read_memory (&request, result[0]);
    read_stream (&request, result[1]);
    read_ranges (&request, result[2]);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_mem_eq (result[i], expected, sizeof expected);
    close_sample ();
}
END_TEST

/* Many tensors of one read, small and large ones. */
START_TEST (many)
{
    static const struct sample form = { 2,          { 900, 500 }, { 64, 64 },     .dtype = TENON_U32,
                                        .steps = 1, .missing = 5, .in_file = true };
    enum { JOBS = 60 };
    static struct tn_request requests[JOBS];
    static struct tn_transfer_job jobs[JOBS];
    static uint64_t starts[JOBS][2], counts[JOBS][2];
    static struct tn_box boxes[JOBS];
    open_sample (&form, "core.threads=3");
    for (unsigned i = 0; i < JOBS; i++) {
        starts[i][0] = i, starts[i][1] = 5 * i;
        counts[i][0] = i % 20 ? 10 : 800, counts[i][1] = i % 20 ? 20 : 200;
        boxes[i] = (struct tn_box){ 2, starts[i], counts[i], NULL, NULL };
        ask (&requests[i], &boxes[i], TENON_U64, 0);
        jobs[i] = (struct tn_transfer_job){ .request = &requests[i],
                                            .way = tn_way_choose (&requests[i], TN_INTO_MEMORY),
                                            .to = malloc (requests[i].size) };
    }
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    ck_assert_int_eq (tn_transfer_read (context, jobs, JOBS, &meter, &error), TENON_OK);
    tn_meter_end (&meter);
    for (unsigned i = 0; i < JOBS; i++) {
        int64_t strides[MOST_RANK];
        pack_strides (&requests[i], 0, &boxes[i], strides);
        check_items (jobs[i].to, &requests[i], &boxes[i], strides, 0);
        free (jobs[i].to);
    }
    close_sample ();
}
END_TEST

static Suite *
grid_suite (void)
{
    Suite *suite = suite_create ("grid");
    TCase *tcase = tcase_create ("grid");
    tcase_set_timeout (tcase, 120);
    tcase_add_loop_test (tcase, whole, 0, SAMPLES);
    tcase_add_loop_test (tcase, slices, 0, SAMPLES);
    tcase_add_loop_test (tcase, strided, 0, SAMPLES);
    tcase_add_test (tcase, few_chunks);
    tcase_add_test (tcase, rank_64);
    tcase_add_test (tcase, packed);
    tcase_add_test (tcase, many);
    suite_add_tcase (suite, tcase);
    return suite;
}

int
main (void)
{
    SRunner *runner = srunner_create (grid_suite ());
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
