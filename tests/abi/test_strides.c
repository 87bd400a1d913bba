/* SPDX-License-Identifier: MIT */
/* test_strides.c - tensors with strides are read: any slice of any tensor, compared with arithmetic, out of
 * files, parts and filters. */
#include "lay.h"

/* ---- asking ---- */

static tenon_request
request_of (uint64_t number, const struct lay *lay, const struct box *box, bool cast)
{
    tenon_request request = { .struct_size = sizeof request,
                              .index = number,
                              .dtype = cast ? TENON_F64 : TENON_NONE,
                              .rank = lay->rank,
                              .start = box->start,
                              .count = box->count,
                              .step = box->step };
    return request;
}

static void
tell_wrong (const struct lay *lay, const struct box *box, const char *what)
{
    char text[600];
    int end = snprintf (text, sizeof text, "%s: seed %llu, dtype %u, offset %llu:", what,
                        (unsigned long long) seed, lay->dtype, (unsigned long long) lay->offset);
    for (uint32_t i = 0; i < lay->rank; i++)
        end += snprintf (text + end, sizeof text - (size_t) end, " %llu/%lld [%llu+%llu*%lld]",
                         (unsigned long long) lay->shape[i], (long long) lay->strides[i],
                         (unsigned long long) box->start[i], (unsigned long long) box->count[i],
                         (long long) box->step[i]);
    ck_abort_msg ("%s", text);
}

struct stream {
    const uint8_t *expected;
    uint64_t at, size;
    bool wrong;
};

static int
compare_piece (void *user, const void *data, uint64_t size)
{
    struct stream *stream = user;
    stream->wrong = stream->wrong || size > stream->size - stream->at
                    || memcmp (stream->expected + stream->at, data, size) != 0;
    stream->at += size;
    return stream->wrong;
}

static void
check_packed (tenon_file *file, uint64_t number, const struct lay *lay, const struct box *box, bool cast)
{
    tenon_request request = request_of (number, lay, box, cast);
    uint64_t size;
    uint8_t *expected = expect_box (lay, box, cast, &size), *found = calloc (size + 1, 1);
    request.data = found;
    request.size = size;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (request.size, size);
    if (memcmp (found, expected, size) != 0)
        tell_wrong (lay, box, "read");
    struct stream stream = { expected, 0, size, false };
    status = tenon_stream (file, &request, compare_piece, &stream, NULL, &kit_error);
    if (stream.wrong || stream.at != size)
        tell_wrong (lay, box, "stream");
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    free (found);
    free (expected);
}

/* Strides that take the axes in any order and direction, with gaps. Returns the items from the first to
 * behind the last. */
static uint64_t
draw_result (uint32_t rank, const uint64_t *count, int64_t *strides, uint64_t *low)
{
    uint32_t order[8];
    uint64_t reach = 1;
    *low = 0;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t place = (uint32_t) draw (i + 1);
        order[i] = order[place], order[place] = i;
    }
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t step = reach + (draw (3) ? 0 : draw (4)), others = count[order[i]] ? count[order[i]] - 1 : 0;
        bool back = draw (5) == 0;
        strides[order[i]] = back ? -(int64_t) step : (int64_t) step;
        *low += back ? others * step : 0;
        reach += others * step;
    }
    return reach;
}

/* Into memory with strides: the bytes between stay as they are, or, if it was loaded, are 0. */
static void
check_scattered (tenon_file *file, uint64_t number, const struct lay *lay, const struct box *box, bool cast,
                 bool load)
{
    tenon_request request = request_of (number, lay, box, cast);
    int64_t strides[8] = { 0 };
    uint64_t size, low, item = cast ? 8 : size_of (lay), index[8], items = items_of (lay, box);
    uint64_t span = draw_result (lay->rank, box->count, strides, &low) * item;
    uint8_t *packed = expect_box (lay, box, cast, &size);
    uint8_t *expected = malloc (span), *found = malloc (span), bytes[12];
    memset (expected, load ? 0 : 0x5a, span);
    memset (found, 0x5a, span);
    for (uint64_t i = 0; i < items; i++) {
        int64_t at = (int64_t) (low * item);
        pick_item (lay, box, i, bytes, index);
        for (uint32_t k = 0; k < lay->rank; k++)
            at += (int64_t) index[k] * strides[k] * (int64_t) item;
        memcpy (expected + at, packed + i * item, item);
    }
    tenon_memory *memory = NULL;
    request.strides = strides;
    request.data = found + low * item;
    request.size = span;
    tenon_status status = load ? tenon_load (file, &request, 1, &memory, NULL, &kit_error)
                               : tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (request.size, items > 0 ? span : 0);
    if (items > 0 && memcmp ((uint8_t *) request.data - low * item, expected, span) != 0)
        tell_wrong (lay, box, load ? "load into strides" : "read into strides");
    tenon_memory_free (memory);
    free (packed);
    free (expected);
    free (found);
}

/* ---- any tensor, any slice ---- */

static struct box
draw_box (const struct lay *lay)
{
    struct box box = all_of (lay);
    for (uint32_t i = 0; i < lay->rank; i++) {
        if (draw (2) || lay->shape[i] == 0)
            continue;
        box.start[i] = draw (lay->shape[i]);
        box.step[i] = 1 + (int64_t) draw (3);
        uint64_t most = (lay->shape[i] - box.start[i] - 1) / (uint64_t) box.step[i] + 1;
        box.count[i] = draw (4) ? most : draw (most + 1);
    }
    return box;
}

static void
check_tensor (tenon_file *file, uint64_t number, const struct lay *lay)
{
    struct box all = all_of (lay), some = draw_box (lay);
    bool numbers = lay->dtype == TENON_U8 || lay->dtype == TENON_I16 || lay->dtype == TENON_I32;
    check_packed (file, number, lay, &all, false);
    check_packed (file, number, lay, &some, numbers && draw (2));
    check_scattered (file, number, lay, &some, numbers && draw (2), draw (2));
    if (numbers)
        check_packed (file, number, lay, &all, true);
    check_scattered (file, number, lay, &all, false, false);
}

static void
check_many (int kind, unsigned files, unsigned each, size_t data, uint64_t most)
{
    struct lay tensors[64];
    for (unsigned i = 0; i < files; i++) {
        make_pool (data - draw (1000));
        for (unsigned k = 0; k < each; k++)
            tensors[k] = draw_lay (most);
        put_file (kind, tensors, each);
        tenon_file *file = kit_open ("f.toylay", NULL, NULL);
        for (unsigned k = 0; k < each; k++)
            check_tensor (file, k, &tensors[k]);
        tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_close (file);
    }
}

START_TEST (any_slice)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 1;
    check_many (_i, 6, 40, 60000, 20000);
}
END_TEST

/* Large enough for tiles, windows and spools. */
START_TEST (any_large_slice)
{
    use_plugins ("core.threads=3 limits.memory=1MiB");
    seed = (uint64_t) _i + 100;
    check_many (_i, 2, 5, 3000000, 900000);
}
END_TEST

/* The same out of memory, and in the calling thread. */
START_TEST (out_of_memory)
{
    struct lay tensors[40];
    use_plugins ("core.threads=1");
    seed = 77;
    make_pool (50000);
    for (unsigned k = 0; k < 40; k++)
        tensors[k] = draw_lay (20000);
    put_file (BARE, tensors, 40);
    tenon_file *file = NULL;
    tenon_status status = tenon_open_memory (kit, whole, whole_size, NULL, &file, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    for (unsigned k = 0; k < 40; k++)
        check_tensor (file, k, &tensors[k]);
    tenon_close (file);
}
END_TEST

/* ---- by hand ---- */

START_TEST (matrix_by_hand)
{
    static const uint8_t bytes[] = { 10, 11, 12, 20, 21, 22 };
    use_plugins (NULL);
    make_pool (6);
    memcpy (pool, bytes, 6);
    const struct lay turned = { 0, TENON_U8, 0, 2, 0, { 3, 2 }, { 1, 3 } },
                     back = { 5, TENON_U8, 0, 1, 0, { 6 }, { -1 } },
                     again = { 1, TENON_U8, 0, 2, 0, { 2, 3 }, { 0, 2 } },
                     window = { 0, TENON_U8, 0, 2, 0, { 3, 4 }, { 1, 1 } };
    const struct lay all[] = { turned, back, again, window };
    put_file (BARE, all, 4);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    kit_data (file, "t0", "", "\12\24\13\25\14\26", 6);
    kit_data (file, "t1", "", "\26\25\24\14\13\12", 6);
    kit_data (file, "t2", "", "\13\24\26\13\24\26", 6);
    kit_data (file, "t3", "", "\12\13\14\24\13\14\24\25\14\24\25\26", 12);
    kit_data (file, "t1", "i16", "\26\0\25\0\24\0\14\0\13\0\12\0", 12);
    tenon_close (file);
}
END_TEST

/* Strides of a packed tensor are none. */
START_TEST (shown)
{
    use_plugins (NULL);
    make_pool (400);
    const struct lay all[] = { { 0, TENON_I32, 0, 2, 0, { 4, 5 }, { 5, 1 } },
                               { 0, TENON_I32, 0, 2, 0, { 4, 5 }, { 1, 4 } },
                               { 40, TENON_I32, 0, 2, 0, { 4, 5 }, { 7, -2 } },
                               { 0, TENON_I32, 0, 3, 0, { 1, 5, 1 }, { -3, 1, 99 } },
                               { 0, TENON_I32, 0, 2, 0, { 0, 5 }, { INT64_MIN, INT64_MAX } },
                               { 8, TENON_I32, 0, 0, 0, { 0 }, { 0 } },
                               { 4, TENON_I32, 0, 1, 0, { 3 }, { 0 } } };
    put_file (BARE, all, 7);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    const void *data;
    uint64_t size, head = whole_size - pool_size;
    ck_assert_ptr_null (kit_tensor (file, "t0").strides);
    ck_assert_uint_eq (kit_tensor (file, "t0").flags, TENON_ALIAS);
    ck_assert_ptr_null (kit_tensor (file, "t1").strides);
    ck_assert_uint_eq (kit_tensor (file, "t1").flags, TENON_ALIAS | TENON_FORTRAN);
    tenon_tensor_info info = kit_tensor (file, "t2");
    ck_assert (info.strides && info.strides[0] == 7 && info.strides[1] == -2);
    ck_assert_uint_eq (info.offset, head + 40);
    ck_assert_uint_eq (info.nbytes, 80);
    ck_assert_uint_eq (info.stored, (3 * 7 + 4 * 2 + 1) * 4);
    ck_assert_ptr_null (kit_tensor (file, "t3").strides);
    ck_assert_ptr_null (kit_tensor (file, "t4").strides);
    ck_assert_ptr_null (kit_tensor (file, "t5").strides);
    ck_assert_ptr_nonnull (kit_tensor (file, "t6").strides);
    ck_assert_uint_eq (kit_value (file, "shown").as.u, 2);
    ck_assert_int_eq (tenon_map (file, 0, &data, &size, &kit_error), TENON_OK);
    ck_assert_mem_eq (data, pool, 80);
    ck_assert_int_eq (tenon_map (file, 1, &data, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 80);
    kit_failed (tenon_map (file, 2, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE,
                "its items lie in strides, and not one behind the other");
    kit_data (file, "t6", "", "\14\217\22\225\14\217\22\225\14\217\22\225", 12);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *slices = kit_case (suite, "slices"), *rules = kit_case (suite, "rules");
    tcase_set_timeout (slices, 300);
    tcase_add_loop_test (slices, any_slice, 0, KINDS);
    tcase_add_loop_test (slices, any_large_slice, 0, KINDS);
    tcase_add_test (slices, out_of_memory);
    tcase_add_test (rules, matrix_by_hand);
    tcase_add_test (rules, shown);
}

int
main (void)
{
    return kit_main ("strides", fill_suite);
}
