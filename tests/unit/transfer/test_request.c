/* SPDX-License-Identifier: MIT */
/* test_request.c - boxes, orders, byte orders and casts, compared with a model that picks one item at a
 * time. */
#include "tests/draw.h"
#include "transfer/slab.h"
#include "transfer/transfer.h"
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static tenon_context *context;
static tenon_error error;

static void
set_up (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    static const char *settings[] = { "core.threads=3", "limits.memory=1MiB", NULL };
    options.settings = settings;
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
}

static void
tear_down (void)
{
    tenon_context_free (context);
}

/* A tensor of i32 numbered by its place in C order, laid out as flags say. */
struct model {
    struct tn_catalog *catalog;
    struct tn_tensor tensor;
    uint64_t shape[8], elements;
    uint8_t *bytes;
    char path[64];
};

static uint64_t
place_of (const struct model *m, const uint64_t *index, bool fortran)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < m->tensor.rank; i++) {
        uint32_t axis = fortran ? m->tensor.rank - 1u - i : i;
        at = at * m->shape[axis] + index[axis];
    }
    return at;
}

static void
model_begin (struct model *m, uint32_t rank, const uint64_t *shape, uint32_t flags, uint64_t lead,
             bool in_file)
{
    memset (m, 0, sizeof *m);
    m->elements = 1;
    for (uint32_t i = 0; i < rank; i++) {
        m->shape[i] = shape[i];
        m->elements *= shape[i];
    }
    m->tensor = (struct tn_tensor){ .name = "t",
                                    .name_length = 1,
                                    .shape = m->shape,
                                    .rank = (uint16_t) rank,
                                    .dtype = TENON_I32,
                                    .flags = (uint8_t) flags,
                                    .offset = lead,
                                    .length = m->elements * 4 };
    m->bytes = calloc (1, lead + m->elements * 4 + 16);
    uint64_t index[8] = { 0 };
    for (uint64_t n = 0; n < m->elements; n++) {
        uint8_t *to = m->bytes + lead + 4 * place_of (m, index, flags & TENON_FORTRAN);
        for (unsigned b = 0; b < 4; b++)
            to[flags & TENON_BIG_ENDIAN ? 3 - b : b] = (uint8_t) (n >> 8 * b);
        for (uint32_t i = rank; i-- > 0 && ++index[i] == m->shape[i];)
            index[i] = 0;
    }
    struct tn_source *source;
    m->catalog = tn_catalog_new (context);
    if (in_file) {
        snprintf (m->path, sizeof m->path, "test-want-%d.bin", (int) getpid ());
        int fd = open (m->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ck_assert_int_ge (fd, 0);
        ck_assert_int_eq (write (fd, m->bytes, lead + m->elements * 4), (ssize_t) (lead + m->elements * 4));
        close (fd);
        ck_assert_int_eq (tn_source_open (m->path, true, &source, &error), TENON_OK);
    } else
        ck_assert_int_eq (tn_source_memory (m->bytes, lead + m->elements * 4, "x", &source, &error),
                          TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (m->catalog, source, &error), TENON_OK);
}

static void
model_end (struct model *m)
{
    tn_catalog_drop (m->catalog);
    free (m->bytes);
    if (m->path[0])
        unlink (m->path);
}

struct collect {
    uint8_t *bytes;
    uint64_t size, room;
};

static tenon_status
take_piece (void *user, const void *bytes, uint64_t length, tenon_error *unused)
{
    struct collect *collect = user;
    (void) unused;
    ck_assert_uint_le (length, collect->room - collect->size);
    if (length > 0)
        memcpy (collect->bytes + collect->size, bytes, length);
    collect->size += length;
    return TENON_OK;
}

/* The k-th item of the result, in the order of the layout, is the item of the tensor at this C-order
 * number. */
static uint64_t
expected_item (const struct model *m, const struct tn_box *box, uint64_t k, bool fortran_out)
{
    uint32_t rank = m->tensor.rank;
    uint64_t index[8], n = 0;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t axis = fortran_out ? i : rank - 1 - i; /* fastest first */
        index[axis] = box->start[axis] + k % box->count[axis] * (uint64_t) box->step[axis];
        k /= box->count[axis];
    }
    for (uint32_t i = 0; i < rank; i++)
        n = n * m->shape[i] + index[i];
    return n;
}

static void
make_job (struct tn_transfer_job *job, struct tn_request *request, struct tn_catalog *catalog,
          const struct tn_tensor *tensor, const struct tn_box *box, uint32_t target, void *to)
{
    ck_assert_int_eq (tn_request_make (request, catalog, tensor, box, target, 0, &error), TENON_OK);
    *job = (struct tn_transfer_job){ .request = request,
                                     .way = tn_way_choose (request, TN_INTO_MEMORY),
                                     .to = to };
}

static void
check_box (struct model *m, const struct tn_box *box, uint32_t target, uint32_t layout, uint64_t slab)
{
    struct tn_request want;
    ck_assert_msg (tn_request_make (&want, m->catalog, &m->tensor, box, target, layout, &error) == TENON_OK,
                   "%s", error.message);
    uint64_t items = 1;
    for (uint32_t i = 0; i < m->tensor.rank; i++)
        items *= box->count[i];
    uint32_t width = target == TENON_F64 ? 8 : 4;
    ck_assert_uint_eq (want.size, items * width);
    struct collect collect = { calloc (1, want.size + 1), 0, want.size };
    if (slab) { /* slab by slab, the last one first: slabs are independent */
        struct tn_slabs slabs;
        struct tn_worker worker = { 0 };
        tn_slabs_plan (&want, slab, &slabs);
        for (uint64_t i = slabs.count; i-- > 0;) {
            uint64_t begin, size;
            tn_slab_range (&want, &slabs, i, &begin, &size);
            ck_assert_uint_le (begin + size, want.size);
            ck_assert_msg (tn_slab_make (&want, &slabs, i, &worker, collect.bytes + begin, &error)
                               == TENON_OK,
                           "%s", error.message);
            collect.size += size;
        }
        tn_worker_free (&worker);
    } else
        ck_assert_msg (tn_transfer_stream (context, &want, tn_way_choose (&want, TN_IN_ORDER), take_piece,
                                           &collect, NULL, &error)
                           == TENON_OK,
                       "%s", error.message);
    ck_assert_uint_eq (collect.size, want.size);
    for (uint64_t k = 0; k < items; k++) {
        uint64_t n = expected_item (m, box, k, layout & TENON_FORTRAN), got = 0;
        const uint8_t *bytes = collect.bytes + k * width;
        for (uint32_t b = 0; b < width; b++)
            got |= (uint64_t) bytes[layout & TENON_BIG_ENDIAN ? width - 1 - b : b] << 8 * b;
        if (target == TENON_F64) {
            double value;
            memcpy (&value, &got, 8);
            if (value != (double) n) /* Check writes a file at each assertion, passed or not */
                ck_abort_msg ("item %llu is %g, not %llu", (unsigned long long) k, value,
                              (unsigned long long) n);
        } else if (got != n)
            ck_abort_msg ("item %llu is %llu, not %llu", (unsigned long long) k, (unsigned long long) got,
                          (unsigned long long) n);
    }
    free (collect.bytes);
}

START_TEST (random_boxes)
{
    seed = (uint64_t) _i * 977 + 5;
    for (int round = 0; round < 40; round++) {
        struct model m;
        uint64_t shape[5], start[5], count[5];
        int64_t step[5];
        uint32_t rank = 1 + (uint32_t) draw_number (5);
        for (uint32_t i = 0; i < rank; i++)
            shape[i] = 1 + draw_number (rank > 3 ? 7 : 19);
        model_begin (&m, rank, shape, (uint32_t) draw_number (4), draw_number (70), draw_number (2));
        for (int cut = 0; cut < 8; cut++) {
            bool whole = draw_number (4) == 0;
            for (uint32_t i = 0; i < rank; i++) {
                start[i] = whole ? 0 : draw_number (shape[i]);
                step[i] = whole || draw_number (2) ? 1 : 1 + (int64_t) draw_number (4);
                uint64_t most = (shape[i] - start[i] - 1) / (uint64_t) step[i] + 1;
                count[i] = whole ? shape[i] : draw_number (3) ? most : 1 + draw_number (most);
            }
            struct tn_box box = { rank, start, count, step };
            static const uint32_t targets[] = { TENON_NONE, TENON_F64, TENON_U32 };
            check_box (&m, &box, targets[draw_number (3)], (uint32_t) draw_number (4),
                       draw_number (2) ? 0 : 1 + draw_number (600));
        }
        model_end (&m);
    }
}
END_TEST

/* Larger than a slab and than the buffer, so that threads share the work. */
START_TEST (large_boxes)
{
    static const uint64_t shapes[][3] = {
        { 3, 700, 311 }, { 601, 2, 503 }, { 70, 70, 130 }, { 1, 1, 600000 }, { 600000, 1, 1 }
    };
    static const int64_t step[3] = { 1, 1, 1 };
    for (unsigned i = 0; i < TN_COUNT (shapes); i++)
        for (uint32_t flags = 0; flags < 4; flags++)
            for (uint32_t layout = 0; layout < 4; layout++) {
                struct model m;
                static const uint64_t start[3] = { 0, 0, 0 };
                model_begin (&m, 3, shapes[i], flags, 13, i % 2);
                struct tn_box box = { 3, start, shapes[i], step };
                check_box (&m, &box, layout == 2 ? TENON_F64 : TENON_NONE, layout, 0);
                model_end (&m);
            }
}
END_TEST

START_TEST (columns_far_apart)
{
    struct model m;
    const uint64_t shape[2] = { 300, 9000 }, start[2] = { 1, 8999 }, count[2] = { 299, 1 };
    const int64_t step[2] = { 1, 1 };
    struct tn_box box = { 2, start, count, step };
    for (uint32_t flags = 0; flags < 4; flags++) {
        model_begin (&m, 2, shape, flags, 0, true);
        check_box (&m, &box, TENON_NONE, 0, 0);
        model_end (&m);
    }
}
END_TEST

START_TEST (read_jobs)
{
    struct model m;
    const uint64_t shape[3] = { 90, 110, 60 };
    for (uint32_t flags = 0; flags < 4; flags++) {
        model_begin (&m, 3, shape, flags, 5, true);
        int32_t *to = calloc (m.elements, 4);
        double *cast = calloc (m.elements, 8);
        struct tn_meter meter;
        tn_meter_begin (&meter, NULL, 0);
        struct tn_request requests[2];
        struct tn_transfer_job jobs[2];
        make_job (&jobs[0], &requests[0], m.catalog, &m.tensor, NULL, TENON_NONE, to);
        make_job (&jobs[1], &requests[1], m.catalog, &m.tensor, NULL, TENON_F64, cast);
        ck_assert_int_eq (tn_transfer_read (context, jobs, 2, &meter, &error), TENON_OK);
        tn_meter_end (&meter);
        for (uint64_t n = 0; n < m.elements; n++)
            ck_assert (to[n] == (int32_t) n && cast[n] == (double) n);
        free (to);
        free (cast);
        model_end (&m);
    }
}
END_TEST

START_TEST (wrong_boxes)
{
    struct model m;
    struct tn_request want;
    const uint64_t shape[2] = { 3, 4 }, start[2] = { 0, 5 }, zero[2] = { 0, 0 }, many[2] = { 3, 5 };
    const int64_t back[2] = { 1, -1 };
    model_begin (&m, 2, shape, 0, 0, false);
    struct tn_box boxes[] = {
        { 2, start, NULL, NULL }, { 2, zero, many, NULL }, { 2, zero, NULL, back }, { 1, zero, NULL, NULL }
    };
    static const char *const words[] = { "leaves dim 1", "leaves dim 1", "step is -1",
                                         "1 dims, the tensor 2" };
    for (unsigned i = 0; i < TN_COUNT (boxes); i++) {
        tenon_error fresh = TENON_ERROR_INIT;
        error = fresh;
        ck_assert_int_eq (tn_request_make (&want, m.catalog, &m.tensor, &boxes[i], 0, 0, &error),
                          TENON_E_MISUSE);
        ck_assert_msg (strstr (error.message, words[i]) != NULL, "%s", error.message);
    }
    model_end (&m);
}
END_TEST

/* f4: two items in a byte. 0x21 is 0.5 (code 1) then 1.0 (code 2): OCP MX 1.0, table of E2M1. */
START_TEST (packed_items)
{
    static const uint8_t bytes[] = { 0x21, 0x43, 0x65, 0x70 }; /* .5 1 1.5 2 3 4 0 6 */
    static const float values[] = { .5f, 1, 1.5f, 2, 3, 4, 0, 6 };
    const uint64_t shape[2] = { 2, 4 }, start[2] = { 0, 1 }, count[2] = { 2, 2 };
    struct tn_catalog *catalog = tn_catalog_new (context);
    struct tn_source *source;
    ck_assert_int_eq (tn_source_memory (bytes, sizeof bytes, "x", &source, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, source, &error), TENON_OK);
    struct tn_tensor tensor = { .name = "t", .shape = shape, .rank = 2, .dtype = TENON_F4, .length = 4 };
    float to[8];
    struct tn_meter meter;
    tn_meter_begin (&meter, NULL, 0);
    struct tn_request request;
    struct tn_transfer_job job;
    make_job (&job, &request, catalog, &tensor, NULL, TENON_F32, to);
    ck_assert_int_eq (tn_transfer_read (context, &job, 1, &meter, &error), TENON_OK);
    ck_assert_mem_eq (to, values, sizeof to);
    struct tn_box box = { 2, start, count, NULL };
    make_job (&job, &request, catalog, &tensor, &box, TENON_F32, to);
    ck_assert_int_eq (tn_transfer_read (context, &job, 1, &meter, &error), TENON_OK);
    ck_assert (to[0] == 1 && to[1] == 1.5f && to[2] == 4 && to[3] == 0);
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, &box, TENON_NONE, 0, &error),
                      TENON_E_UNSUPPORTED);
    ck_assert (strstr (error.message, "multiples of 2") != NULL);
    tn_meter_end (&meter);
    tn_catalog_drop (catalog);
}
END_TEST

/* Results are small, but the bytes to be read and decoded are many: slabs are bounded by both. */
START_TEST (bounded_slabs)
{
    static const uint8_t byte = 0;
    const uint64_t many[1] = { (uint64_t) 1 << 40 }, start[1] = { 0 }, count[1] = { 1000000 }, two[1] = { 2 };
    const int64_t step[1] = { 1000 };
    struct tn_catalog *catalog = tn_catalog_new (context);
    struct tn_source *source;
    struct tn_request want;
    struct tn_slabs slabs;
    ck_assert_int_eq (tn_source_memory (&byte, (uint64_t) 1 << 39, "x", &source, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, source, &error), TENON_OK);
    struct tn_tensor packed = {
        .name = "t", .shape = many, .rank = 1, .dtype = TENON_F4, .length = (uint64_t) 1 << 39
    };
    struct tn_box box = { 1, start, count, step };
    ck_assert_int_eq (tn_request_make (&want, catalog, &packed, &box, TENON_F32, 0, &error), TENON_OK);
    tn_slabs_plan (&want, 1 << 20, &slabs);
    ck_assert_uint_le (slabs.rows * 1000 * sizeof (float), 1 << 20);
    /* an item of 1 GiB that is not converted can be cut */
    struct tenon_dtype opaque = { .struct_size = sizeof opaque,
                                  .kind = TENON_KIND_OPAQUE,
                                  .block_items = 1,
                                  .block_bytes = 1 << 30,
                                  .family = "test",
                                  .text = "V1073741824" };
    struct tn_tensor huge = { .name = "t", .shape = two, .rank = 1, .length = (uint64_t) 2 << 30 };
    ck_assert_int_eq (tn_catalog_add_dtype (catalog, &opaque, &huge.dtype, &error), TENON_OK);
    ck_assert_int_eq (tn_request_make (&want, catalog, &huge, NULL, TENON_NONE, 0, &error), TENON_OK);
    ck_assert_uint_eq (want.size, (uint64_t) 2 << 30);
    tn_slabs_plan (&want, 1 << 20, &slabs);
    uint64_t begin, size;
    tn_slab_range (&want, &slabs, 5, &begin, &size);
    ck_assert (size == 1 << 20 && begin == 5 << 20);
    tn_catalog_drop (catalog);
}
END_TEST

/* Bytes in memory are summed up like others. The CRC-32 of "123456789" is cbf43926 (its check value in ISO
 * 3309's tables). */
START_TEST (sums_in_memory)
{
    static const uint64_t nine[1] = { 9 };
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        struct tn_catalog *catalog = tn_catalog_new (context);
        struct tn_source *root, *part;
        struct tenon_part description = { .struct_size = sizeof description,
                                          .stored = 9,
                                          .size = 9,
                                          .check = TENON_CHECK_CRC32,
                                          .check_value = 0xcbf43926u ^ wrong,
                                          .name = "m",
                                          .name_length = 1 };
        ck_assert_int_eq (tn_source_memory ("123456789", 9, "x", &root, &error), TENON_OK);
        ck_assert_int_eq (tn_catalog_add_source (catalog, root, &error), TENON_OK);
        ck_assert_int_eq (tn_source_part (&catalog->arena, root, &description, NULL, NULL, &part, &error),
                          TENON_OK);
        ck_assert_int_eq (tn_catalog_add_source (catalog, part, &error), TENON_OK);
        struct tn_tensor tensor = {
            .name = "t", .shape = nine, .rank = 1, .dtype = TENON_U8, .length = 9, .source = 1
        };
        uint8_t to[9];
        struct tn_meter meter;
        tn_meter_begin (&meter, NULL, 0);
        struct tn_request request;
        struct tn_transfer_job job;
        make_job (&job, &request, catalog, &tensor, NULL, TENON_NONE, to);
        ck_assert_int_eq (tn_transfer_read (context, &job, 1, &meter, &error),
                          wrong ? TENON_E_CHECKSUM : TENON_OK);
        tn_meter_end (&meter);
        tn_catalog_drop (catalog);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("want");
    TCase *tests = tcase_create ("want");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, random_boxes, 0, 12);
    tcase_add_test (tests, large_boxes);
    tcase_add_test (tests, columns_far_apart);
    tcase_add_test (tests, read_jobs);
    tcase_add_test (tests, wrong_boxes);
    tcase_add_test (tests, packed_items);
    tcase_add_test (tests, bounded_slabs);
    tcase_add_test (tests, sums_in_memory);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
