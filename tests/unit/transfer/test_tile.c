/* SPDX-License-Identifier: MIT */
/* test_tile.c - results that turn and are larger than the memory: written into a file tile by tile, or handed
 * out in order, through a temporary file or without one. The values are functions of their place. */
#include "sink/sink.h"
#include "source/spool_file.h"
#include "transfer/transfer.h"
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEAD 37u

static const struct form {
    uint32_t rank;
    uint64_t shape[22];
} forms[] = {
    { 2, { 700, 333 } },
    { 2, { 2, 200001 } },
    { 2, { 200001, 2 } },
    { 3, { 61, 67, 71 } },
    { 3, { 3, 2, 50021 } },
    { 3, { 50021, 2, 3 } },
    { 3, { 400, 2, 401 } },
    { 4, { 9, 1, 170, 181 } },
    { 7, { 5, 6, 5, 6, 5, 6, 11 } },
    { 18, { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 } },
};

static tenon_context *context;
static tenon_error error;
static struct tn_catalog *catalog;
static struct tn_tensor tensor;
static uint8_t *stored, *expected;
static uint64_t items, item_bytes;

static void
fresh_error (void)
{
    tenon_error none = TENON_ERROR_INIT;
    error = none;
}

static void
put_number (uint8_t *to, uint64_t number, uint64_t bytes, bool big)
{
    for (uint64_t i = 0; i < bytes; i++) {
        uint64_t place = big ? bytes - 1 - i : i;
        to[i] = place < 8 ? (uint8_t) (number >> 8 * place) : 0;
    }
}

/* The item at place i of the C order is i * 7 + 1, modulo its size. */
static void
make_bytes (const struct form *form, uint32_t flags)
{
    uint64_t index[22] = { 0 };
    for (uint64_t i = 0; i < items; i++) {
        uint64_t place = 0;
        for (uint32_t k = form->rank; k-- > 0;) /* the first dim is the fastest */
            place = place * form->shape[k] + index[k];
        put_number (stored + HEAD + place * item_bytes, i * 7 + 1, item_bytes, flags & TENON_BIG_ENDIAN);
        put_number (expected + i * item_bytes, i * 7 + 1, item_bytes, false);
        for (uint32_t k = form->rank; k-- > 0 && ++index[k] == form->shape[k];)
            index[k] = 0;
    }
}

static void
open_form (const struct form *form, uint32_t dtype, uint64_t bytes, uint32_t flags, bool in_file)
{
    const char *settings[] = { "core.threads=3", in_file ? "limits.memory=64KiB" : "limits.memory=200kB",
                               NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    struct tn_source *source;
    fresh_error ();
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    items = 1, item_bytes = bytes;
    for (uint32_t i = 0; i < form->rank; i++)
        items *= form->shape[i];
    uint64_t size = HEAD + items * bytes;
    stored = calloc (1, size), expected = malloc (items * bytes);
    ck_assert (stored && expected);
    make_bytes (form, flags);
    catalog = tn_catalog_new (context);
    if (in_file) {
        struct tn_spool_file file;
        ck_assert_int_eq (tn_spool_file_open (context, size, &file, &error), TENON_OK);
        ck_assert_int_eq (tn_write_all (file.fd, 0, stored, size, "box", &error), TENON_OK);
        ck_assert_int_eq (tn_source_open_fd (file.fd, "box", true, &source, &error), TENON_OK);
    } else
        ck_assert_int_eq (tn_source_memory (stored, size, "box", &source, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, source, &error), TENON_OK);
    tensor = (struct tn_tensor){ .name = "t",
                                 .shape = form->shape,
                                 .rank = (uint16_t) form->rank,
                                 .dtype = dtype,
                                 .flags = (uint8_t) (flags | TENON_FORTRAN),
                                 .offset = HEAD,
                                 .length = items * bytes };
}

static void
close_form (void)
{
    tn_catalog_drop (catalog);
    tenon_context_free (context);
    free (stored);
    free (expected);
}

static void
ask (struct tn_request *request, uint32_t dtype)
{
    fresh_error ();
    ck_assert_int_eq (tn_request_make (request, catalog, &tensor, NULL, dtype, 0, &error), TENON_OK);
    ck_assert (tn_transfer_scatters (request, tn_way_choose (request, TN_TO_FILE)));
}

static int
go_on (void *user, uint64_t done, uint64_t total)
{
    (void) user;
    return done > total;
}
static const tenon_progress goes_on = { .struct_size = sizeof goes_on, .report = go_on };

static tenon_status
write_to (int fd, uint64_t offset, uint32_t dtype, const tenon_progress *progress)
{
    struct tn_request request;
    struct tn_meter meter;
    struct tn_place place = { .fd = fd, .offset = offset, .name = "target" };
    ask (&request, dtype);
    tn_meter_begin (&meter, progress, request.size);
    tenon_status status =
        tn_transfer_to_file (context, &request, tn_way_choose (&request, TN_TO_FILE), &place, &meter, &error);
    ck_assert (status < 0 || meter.done == request.size);
    tn_meter_end (&meter);
    return status;
}

static int
new_file (void)
{
    struct tn_spool_file file;
    ck_assert_int_eq (tn_spool_file_open (context, 1, &file, &error), TENON_OK);
    return file.fd;
}

/* The file has the bytes, and none before or after them. */
static void
check_file (int fd, uint64_t offset, const void *bytes, uint64_t size)
{
    uint8_t *found = malloc (offset + size + 1);
    ck_assert_int_eq (lseek (fd, 0, SEEK_END), (off_t) (offset + size));
    ck_assert_int_eq (tn_read_all (fd, 0, found, offset + size, &error), TENON_OK);
    for (uint64_t i = 0; i < offset; i++)
        ck_assert_uint_eq (found[i], 0);
    ck_assert (memcmp (found + offset, bytes, size) == 0);
    free (found);
}

static const struct {
    uint32_t dtype, bytes, flags;
} kinds[] = { { TENON_U8, 1, 0 },
              { TENON_I16, 2, TENON_BIG_ENDIAN },
              { TENON_F32, 4, 0 },
              { TENON_U64, 8, TENON_BIG_ENDIAN },
              { TENON_C128, 16, 0 } };
#define RUNS (int) (2 * TN_COUNT (kinds) * TN_COUNT (forms))

static void
open_run (int run)
{
    unsigned kind = (unsigned) run / 2 % TN_COUNT (kinds), form = (unsigned) run / 2 / TN_COUNT (kinds);
    open_form (&forms[form], kinds[kind].dtype, kinds[kind].bytes, kinds[kind].flags, run & 1);
}

START_TEST (into_a_file)
{
    open_run (_i);
    int fd = new_file ();
    ck_assert_msg (write_to (fd, 1001, TENON_NONE, &goes_on) == TENON_OK, "%s", error.message);
    check_file (fd, 1001, expected, items * item_bytes);
    close (fd);
    close_form ();
}
END_TEST

START_TEST (into_a_file_cast)
{
    open_form (&forms[_i], TENON_U32, 4, _i & 1 ? TENON_BIG_ENDIAN : 0, _i & 2);
    int fd = new_file ();
    double *doubles = malloc (items * sizeof *doubles);
    for (uint64_t i = 0; i < items; i++)
        doubles[i] = (double) (i * 7 + 1);
    ck_assert_msg (write_to (fd, 0, TENON_F64, &goes_on) == TENON_OK, "%s", error.message);
    check_file (fd, 0, doubles, items * sizeof *doubles);
    free (doubles);
    close (fd);
    close_form ();
}
END_TEST

struct taken {
    uint8_t *bytes;
    uint64_t size, most; /* most: then it fails */
};

static tenon_status
take_piece (void *user, const void *bytes, uint64_t length, tenon_error *failure)
{
    struct taken *taken = user;
    if (length > taken->most - taken->size)
        return tn_fail (failure, TENON_E_IO, TN_NO_OFFSET, "it takes no more");
    memcpy (taken->bytes + taken->size, bytes, length);
    taken->size += length;
    return TENON_OK;
}

static tenon_status
stream (struct taken *taken)
{
    struct tn_request request;
    struct tn_meter meter;
    ask (&request, TENON_NONE);
    taken->size = 0;
    tn_meter_begin (&meter, NULL, 0);
    tenon_status status = tn_transfer_stream (context, &request, tn_way_choose (&request, TN_IN_ORDER),
                                              take_piece, taken, &meter, &error);
    tn_meter_end (&meter);
    return status;
}

/* Each form, with one of the kinds. */
START_TEST (in_order)
{
    int form = _i / 2, kinds_before = form * (int) TN_COUNT (kinds) + form % (int) TN_COUNT (kinds);
    open_run (2 * kinds_before + _i % 2);
    struct taken taken = { .bytes = malloc (items * item_bytes), .most = items * item_bytes };
    ck_assert_msg (stream (&taken) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (taken.size, items * item_bytes);
    ck_assert (memcmp (taken.bytes, expected, taken.size) == 0);
    taken.most = taken.size - 1; /* its failure is the stream's */
    ck_assert_int_eq (stream (&taken), TENON_E_IO);
    ck_assert_str_eq (error.message, "it takes no more");
    free (taken.bytes);
    close_form ();
}
END_TEST

/* Files may have no more than some bytes: what is written fails, and what is handed out needs no file. */
START_TEST (full)
{
    struct rlimit little = { 20000, RLIM_INFINITY }, before;
    signal (SIGXFSZ, SIG_IGN);
    ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
    open_form (&forms[_i], TENON_U32, 4, 0, true);
    struct taken taken = { .bytes = malloc (items * item_bytes), .most = items * item_bytes };
    int fd = new_file ();
    little.rlim_max = before.rlim_max;
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &little), 0);
    ck_assert_int_eq (write_to (fd, 0, TENON_NONE, &goes_on), TENON_E_IO);
    ck_assert_int_eq (error.system, EFBIG);
    ck_assert_msg (stream (&taken) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (taken.size, items * item_bytes);
    ck_assert (memcmp (taken.bytes, expected, taken.size) == 0);
    setrlimit (RLIMIT_FSIZE, &before);
    free (taken.bytes);
    close (fd);
    close_form ();
}
END_TEST

/* A file that was cut after it had been described. */
START_TEST (cut)
{
    open_form (&forms[_i], TENON_U32, 4, 0, true);
    struct taken taken = { .bytes = malloc (items * item_bytes), .most = items * item_bytes };
    int fd = new_file ();
    ck_assert_int_eq (ftruncate (catalog->sources[0]->fd, (off_t) (items * 2)), 0);
    ck_assert_int_eq (write_to (fd, 0, TENON_NONE, &goes_on), TENON_E_TRUNCATED);
    ck_assert_int_eq (stream (&taken), TENON_E_TRUNCATED);
    free (taken.bytes);
    close (fd);
    close_form ();
}
END_TEST

static int
stop_halfway (void *user, uint64_t done, uint64_t total)
{
    (void) user;
    return done > total / 2;
}

START_TEST (cancelled)
{
    const tenon_progress progress = { .struct_size = sizeof progress, .report = stop_halfway };
    open_form (&forms[_i], TENON_U32, 4, 0, true);
    int fd = new_file ();
    ck_assert_int_eq (write_to (fd, 0, TENON_NONE, &progress), TENON_E_CANCELLED);
    close (fd);
    close_form ();
}
END_TEST

/* What fits, what does not turn, and blocks are made as before. */
START_TEST (others)
{
    struct tn_request request;
    const struct form small = { 2, { 70, 80 } };
    open_form (&small, TENON_U32, 4, 0, false);
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, NULL, TENON_NONE, 0, &error), TENON_OK);
    ck_assert (!tn_transfer_scatters (&request, tn_way_choose (&request, TN_TO_FILE)));
    close_form ();
    open_form (&forms[0], TENON_U32, 4, 0, false);
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, NULL, TENON_NONE, TENON_FORTRAN, &error),
                      TENON_OK);
    ck_assert (!tn_transfer_scatters (&request, tn_way_choose (&request, TN_TO_FILE)));
    close_form ();
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("tile");
    TCase *tests = tcase_create ("tile");
    int count = (int) TN_COUNT (forms);
    tcase_add_loop_test (tests, into_a_file, 0, RUNS);
    tcase_add_loop_test (tests, into_a_file_cast, 0, count);
    tcase_add_loop_test (tests, in_order, 0, 2 * count);
    tcase_add_loop_test (tests, full, 0, count);
    tcase_add_loop_test (tests, cut, 0, count);
    tcase_add_loop_test (tests, cancelled, 0, count);
    tcase_add_test (tests, others);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
