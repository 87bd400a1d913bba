/* SPDX-License-Identifier: MIT */
/* test_grid_bad.c - chunks that are damaged, cannot be found, or come from nothing: what failures say, on one
 * thread and on several; files that take the address of another one; boxes that a codec makes. */
#include "catalog/file.h"
#include "grid_sample.h"

static const char *const threads[] = { "core.threads=1", "core.threads=4" };

static const struct sample damaged = {
    2, { 100, 70 }, { 10, 7 }, .dtype = TENON_U32, .steps = 1, .sums = true
};

/* Chunks 23, 57 and 91 of 100: other bytes, an entry that is not found, a wrong checksum. */
static void
damage_chunks (void)
{
    stored[chunks[23].offset] = 0xff; /* a block of type 3, which there is none of */
    chunks[23].key = "a/c/2/3";
    chunks[57].stored = UINT64_MAX;
    chunks[91].check_value ^= 1;
}

static tenon_status
read_all (uint8_t *to)
{
    struct tn_request request;
    struct tn_meter meter;
    fresh_error ();
    ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, NULL, TENON_NONE, 0, &error), TENON_OK);
    struct tn_transfer_job job = { .request = &request,
                                   .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                   .to = to };
    job.way.alone = false;
    tn_meter_begin (&meter, NULL, 0);
    tenon_status status = tn_transfer_read (context, &job, 1, &meter, &error);
    tn_meter_end (&meter);
    return status;
}

START_TEST (first_failure)
{
    open_sample (&damaged, threads[_i]);
    damage_chunks ();
    uint8_t *result = malloc (item_count * item_bytes);
    ck_assert_int_eq (read_all (result), TENON_E_MALFORMED);
    ck_assert_str_eq (error.tensor, "t");
    ck_assert_str_eq (error.file, "box");
    ck_assert_str_eq (error.message, "chunk [2,3] (key 'a/c/2/3'): its deflate data are damaged near decoded "
                                     "byte 0 of 280");
    ck_assert_uint_eq (error.offset, chunks[23].offset);
    chunks[23].missing = true;
    ck_assert_int_eq (read_all (result), TENON_E_MALFORMED);
    ck_assert_str_eq (error.message, "chunk [5,7]: its entry is damaged");
    ck_assert_uint_eq (error.offset, 40);
    chunks[57].missing = true;
    chunks[57].stored = 0;
    ck_assert_int_eq (read_all (result), TENON_E_CHECKSUM);
    ck_assert_ptr_nonnull (strstr (error.message, "chunk [9,1]: its data have the checksum"));
    free (result);
    close_sample ();
}
END_TEST

/* A chunk that is stored as it is has all its bytes. */
START_TEST (wrong_size)
{
    static const struct sample form = { 1, { 100 }, { 10 }, .dtype = TENON_U32 };
    uint8_t result[400];
    open_sample (&form, threads[_i]);
    chunks[4].stored -= 1;
    ck_assert_int_eq (read_all (result), TENON_E_MALFORMED);
    ck_assert_str_eq (error.message, "chunk [4]: it is stored in 39 bytes, and has 40");
    close_sample ();
}
END_TEST

/* ---- verifying ---- */

static tenon_status
verify (tenon_report **report)
{
    char path[] = "box.toy";
    tenon_file file = { .context = context, .catalog = catalog, .report = tn_report_new (), .path = path };
    struct tn_tensor *slot = tn_catalog_slot (catalog);
    if (catalog->count == 0) {
        *slot = tensor;
        slot->name_length = 1;
        ck_assert_int_eq (tn_catalog_commit (catalog, &error), TENON_OK);
    }
    fresh_error ();
    tenon_status status = tenon_verify (&file, report, NULL, &error);
    tenon_report_free (file.report);
    return status;
}

static uint64_t
count_entries (const tenon_report *report)
{
    tenon_report_entry entry = TENON_INIT (entry);
    uint64_t count = 0;
    while (tenon_report_get (report, count, &entry) == TENON_OK)
        count++;
    return count;
}

static tenon_status
begin_any (struct tn_catalog *of, const struct tn_tensor *which, struct tn_locator **locator,
           tenon_error *failure)
{
    (void) which;
    return begin_locator (of, &tensor, locator, failure);
}
static const struct tn_locating any_locating = { begin_any, find_chunk, end_locator, NULL };

START_TEST (all_damage)
{
    static const char *const words[] = { "chunk [2,3] (key 'a/c/2/3'): its deflate data are damaged",
                                         "chunk [5,7]: its entry is damaged",
                                         "chunk [9,1]: its data have the checksum" };
    tenon_report *report;
    tenon_report_entry entry = TENON_INIT (entry);
    open_sample (&damaged, threads[_i]);
    catalog->locating = &any_locating;
    ck_assert_int_eq (verify (&report), TENON_OK);
    ck_assert_uint_eq (finds, 100);
    tenon_report_free (report);
    damage_chunks ();
    ck_assert_int_eq (verify (&report), TENON_E_MALFORMED);
    ck_assert_uint_eq (count_entries (report), 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        ck_assert_str_eq (entry.subject, "t");
        ck_assert_msg (strncmp (entry.message, words[i], strlen (words[i])) == 0, "%s", entry.message);
    }
    tenon_report_free (report);
    close_sample ();
}
END_TEST

/* Of many the first ones are reported, and the number of the others. */
START_TEST (much_damage)
{
    static const struct sample form = { 1, { 1000 }, { 1 }, .dtype = TENON_U16, .sums = true };
    tenon_report *report;
    tenon_report_entry entry = TENON_INIT (entry);
    open_sample (&form, threads[_i]);
    catalog->locating = &any_locating;
    for (unsigned i = 0; i < 1000; i++)
        chunks[i].check_value ^= 1;
    ck_assert_int_eq (verify (&report), TENON_E_CHECKSUM);
    ck_assert_uint_eq (count_entries (report), 257);
    ck_assert_int_eq (tenon_report_get (report, 255, &entry), TENON_OK);
    ck_assert_ptr_nonnull (strstr (entry.message, "chunk [255]:"));
    ck_assert_int_eq (tenon_report_get (report, 256, &entry), TENON_OK);
    ck_assert_str_eq (entry.message, "744 more of its chunks cannot be read");
    tenon_report_free (report);
    close_sample ();
}
END_TEST

/* ---- chunks that come from nothing ---- */

static tenon_status
find_nothing (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *failure)
{
    (void) locator, (void) chunk, (void) failure;
    found->missing = true;
    return TENON_OK;
}
static const struct tn_locating nothing = { begin_any, find_nothing, end_locator, NULL };

/* 2^40 items in chunks of one: verifying ends, with the limit that it met. */
START_TEST (from_nothing)
{
    static const struct sample form = { 2, { 1 << 20, 1 << 20 }, { 1, 1 }, .dtype = TENON_U32 };
    const char *settings[] = { threads[_i], "limits.inflated_bytes=100MiB", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    struct tn_source *source;
    tenon_report *report;
    sample = &form;
    fresh_error ();
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    catalog = tn_catalog_new (context);
    catalog->locating = &nothing;
    ck_assert_int_eq (tn_source_memory ("", 0, "box", &source, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, source, &error), TENON_OK);
    describe_grid ();
    ck_assert_int_eq (verify (&report), TENON_E_LIMIT);
    ck_assert_ptr_nonnull (
        strstr (error.message, "its missing and bad chunks come to more than 104857600 bytes"));
    ck_assert_ptr_nonnull (strstr (error.advice, "inflated_bytes"));
    tenon_report_free (report);
    close_sample ();
}
END_TEST

/* ---- files at the same address ---- */

/* Chunk i lies in a file of its own. Of those that were found the last 64 stay. */
static struct tn_source *held[TN_LOCATED_AT_ONCE];
static unsigned held_count;

static tenon_status
find_file (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *failure)
{
    struct tn_spool_file file;
    uint32_t items[4] = { 0 };
    struct tn_source **slot = &held[held_count++ % TN_LOCATED_AT_ONCE];
    (void) locator;
    for (uint32_t i = 0; i < 2; i++)
        items[i] = items[2 + i] = (uint32_t) (2 * chunk[0] + i) * 7 + 1;
    tn_source_free (*slot);
    *slot = NULL;
    ck_assert_int_eq (tn_spool_file_open (context, sizeof items, &file, failure), TENON_OK);
    ck_assert_int_eq (tn_write_all (file.fd, 0, items, sizeof items, "box", failure), TENON_OK);
    ck_assert_int_eq (tn_source_open_fd (file.fd, "box", true, slot, failure), TENON_OK);
    *found = (struct tn_chunk){ .source = *slot, .offset = 8 * (held_count % 2), .stored = 8, .key = "" };
    return TENON_OK;
}
static const struct tn_locating in_files = { begin_any, find_file, end_locator, NULL };

START_TEST (same_address)
{
    static const struct sample form = { 1, { 4000 }, { 2 }, .dtype = TENON_U32 };
    uint32_t result[4000];
    open_sample (&form, "core.threads=1");
    catalog->locating = &in_files;
    ck_assert_int_eq (read_all ((uint8_t *) result), TENON_OK);
    for (uint32_t i = 0; i < 4000; i++)
        ck_assert_uint_eq (result[i], 7 * i + 1);
    for (unsigned i = 0; i < TN_LOCATED_AT_ONCE; i++) {
        tn_source_free (held[i]);
        held[i] = NULL;
    }
    close_sample ();
}
END_TEST

/* ---- boxes that a codec makes ---- */

static atomic_uint boxes;

static tenon_status
serve_box (struct tn_catalog *of, const struct tn_tensor *which, const struct tenon_region *region, void *to,
           uint64_t size, tenon_error *failure)
{
    uint64_t index[MOST_RANK] = { 0 }, item[MOST_RANK];
    uint8_t *at = to;
    (void) of, (void) which, (void) size, (void) failure;
    boxes++;
    for (uint32_t d = 0; d < sample->rank; d++) /* inside one chunk */
        ck_assert_uint_eq (region->start[d] / sample->edge[d],
                           (region->start[d] + (region->count[d] - 1) * region->step[d]) / sample->edge[d]);
    do {
        for (uint32_t d = 0; d < sample->rank; d++)
            item[d] = region->start[d] + index[d] * region->step[d];
        put_number (at, place_in_shape (item) * 7 + 1, false);
        at += item_bytes;
    } while (next_index (sample->rank, region->count, index));
    return TENON_OK;
}

START_TEST (served)
{
    static const struct sample form = { 3, { 20, 31, 17 }, { 7, 8, 5 }, .dtype = TENON_U32 };
    static const uint64_t start[] = { 3, 1, 2 }, count[] = { 4, 10, 3 };
    static const int64_t step[] = { 4, 3, 5 }, packed[] = { 30, 3, 1 }, fortran[] = { 1, 20, 620 };
    struct tn_request request;
    struct tn_meter meter;
    uint8_t *result = malloc (20 * 31 * 17 * 8);
    open_sample (&form, threads[_i]);
    tensor.storage = TENON_SERVED;
    catalog->serve = serve_box;
    struct tn_box box = { 3, start, count, step, NULL };
    for (unsigned i = 0; i < 2; i++) {
        boxes = 0;
        fresh_error ();
        ck_assert_int_eq (tn_request_make (&request, catalog, &tensor, i ? NULL : &box,
                                           i ? TENON_F64 : TENON_NONE, i ? TENON_FORTRAN : 0, &error),
                          TENON_OK);
        struct tn_transfer_job job = { .request = &request,
                                       .way = tn_way_choose (&request, TN_INTO_MEMORY),
                                       .to = result };
        job.way.alone = false;
        tn_meter_begin (&meter, NULL, 0);
        ck_assert_int_eq (tn_transfer_read (context, &job, 1, &meter, &error), TENON_OK);
        tn_meter_end (&meter);
        check_items (result, &request, i ? NULL : &box, i ? fortran : packed, i ? TENON_FORTRAN : 0);
        /* rows 3, 7, 11, 15 lie in 3 chunks, columns 1 … 28 in 4, 2, 7, 12 in 3 */
        ck_assert_uint_eq (boxes, i ? 3 * 4 * 4 : 3 * 4 * 3);
    }
    free (result);
    close_sample ();
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("grid_bad");
    TCase *tests = tcase_create ("grid_bad");
    tcase_set_timeout (tests, 120);
    tcase_add_loop_test (tests, first_failure, 0, 2);
    tcase_add_loop_test (tests, wrong_size, 0, 2);
    tcase_add_loop_test (tests, all_damage, 0, 2);
    tcase_add_loop_test (tests, much_damage, 0, 2);
    tcase_add_loop_test (tests, from_nothing, 0, 2);
    tcase_add_test (tests, same_address);
    tcase_add_loop_test (tests, served, 0, 2);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
