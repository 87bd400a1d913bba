/* SPDX-License-Identifier: MIT */
/* test_strides_wrong.c - strides that are refused: of hostile files, of codecs, of results and of arrays. */
#include "lay.h"

/* ---- hostile ---- */

static void
refuse_lay (const struct lay *lay, tenon_status status, const char *words)
{
    put_file (BARE, lay, 1);
    kit_open_fails ("f.toylay", NULL, NULL, status, words);
}

static void
spoil_lay (const struct lay *lay, tenon_status status, const char *words)
{
    tenon_file *file = open_one (BARE, lay);
    tenon_tensor_info info = kit_tensor (file, "t0");
    ck_assert_int_eq (info.unreadable, status);
    kit_said (info.why, words);
    kit_data_fails (file, "t0", "", status, words);
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), status, words);
    tenon_close (file);
}

START_TEST (hostile)
{
    use_plugins ("limits.inflated_bytes=1GiB limits.inflated_ratio=33000");
    make_pool (1000);
    const int64_t most = INT64_MAX, least = INT64_MIN;
    const uint64_t half = (uint64_t) 1 << 62;
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 1, 0, { 2 }, { least } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 1, 0, { 2 }, { most } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 1, 0, { 2 }, { most } }, TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 2, 2 }, { (int64_t) half, (int64_t) half } },
                TENON_E_MALFORMED, "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 2, 2 }, { most - 1, -most } }, TENON_E_MALFORMED,
                "2^63 bytes");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 1u << 31, 1u << 31 }, { 1, (int64_t) 1 << 33 } },
                TENON_E_MALFORMED, "2^63");
    refuse_lay (&(struct lay){ 4, TENON_U8, 0, 1, 0, { 200 }, { -1 } }, TENON_E_MALFORMED,
                "its strides reach 199 bytes before its offset, which is 80");
    refuse_lay (&(struct lay){ UINT64_MAX - 300, TENON_U8, 0, 1, 0, { 2 }, { 200 } }, TENON_E_MALFORMED,
                "where no file has any");
    refuse_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { half, half }, { 0, 0 } }, TENON_E_MALFORMED, "2^63");
    spoil_lay (&(struct lay){ 800, TENON_I32, 0, 1, 0, { 26 }, { 2 } }, TENON_E_TRUNCATED,
               "26 i32 needs 204 bytes at offset 876, the file ends at 1076");
    spoil_lay (&(struct lay){ 1204, TENON_U8, 0, 1, 0, { 6 }, { -40 } }, TENON_E_TRUNCATED,
               "needs 201 bytes");
    /* a file of a kilobyte does not become one of a mebibyte and more by repeating */
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { 1u << 20, 1000 }, { 0, 1 } }, TENON_E_LIMIT,
               "it would expand to 1048576000 bytes, more than 1100 times the 1092 that the file has");
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 2, 0, { (uint64_t) 1 << 40, 1000 }, { 0, 1 } }, TENON_E_LIMIT,
               "raise inflated_bytes in [limits]");
    spoil_lay (&(struct lay){ 0, TENON_U8, 0, 1, 0, { (uint64_t) 1 << 62 }, { 0 } }, TENON_E_LIMIT,
               "raise inflated_bytes in [limits]");
}
END_TEST

/* Together they are bounded, too. */
START_TEST (hostile_many)
{
    struct lay tensors[20];
    use_plugins ("limits.inflated_ratio=33000");
    make_pool (1000);
    for (unsigned i = 0; i < 20; i++)
        tensors[i] = (struct lay){ 0, TENON_U8, 0, 2, 0, { 200, 1000 }, { 0, 1 } };
    put_file (BARE, tensors, 20);
    tenon_file *file = kit_open ("f.toylay", NULL, NULL);
    ck_assert_int_eq (kit_tensor (file, "t0").unreadable, TENON_OK);
    ck_assert_int_eq (kit_tensor (file, "t19").unreadable, TENON_E_LIMIT);
    tenon_close (file);
}
END_TEST

START_TEST (misuse)
{
    use_plugins (NULL);
    make_pool (1000);
    refuse_lay (&(struct lay){ 0, TENON_I32, TENON_FORTRAN, 2, 0, { 2, 3 }, { 3, 1 } }, TENON_E_MISUSE,
                "the codec toylay: a tensor with strides must be TENON_EXTENT without TENON_FORTRAN");
    refuse_lay (&(struct lay){ 0, TENON_I32, 0, 2, 1, { 2, 3 }, { 3, 1 } }, TENON_E_MISUSE,
                "a tensor with strides must be TENON_EXTENT without TENON_FORTRAN");
    refuse_lay (&(struct lay){ 0, TENON_F4, 0, 1, 0, { 4 }, { 2 } }, TENON_E_UNSUPPORTED,
                "blocks of f4 cannot have strides");
}
END_TEST

/* ---- results ---- */

static void
refuse_result (tenon_file *file, tenon_request request, tenon_status status, const char *words)
{
    uint8_t room[4096];
    request.struct_size = sizeof request;
    request.data = room + 2048;
    request.size = request.size ? request.size : 2048;
    kit_failed (tenon_read (file, &request, 1, NULL, &kit_error), status, words);
}

static int
take_nothing (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 1;
}

START_TEST (wrong_results)
{
    use_plugins (NULL);
    make_pool (1000);
    tenon_file *file = open_one (BARE, &(struct lay){ 0, TENON_I32, 0, 2, 0, { 3, 4 }, { 4, 1 } });
    const int64_t same[] = { 0, 1 }, over[] = { 3, 1 }, tie[] = { 1, 1 }, high[] = { INT64_MAX, 1 },
                  low[] = { INT64_MIN, 1 }, wide[] = { 10, 2 };
    refuse_result (file, (tenon_request){ .strides = same }, TENON_E_MISUSE,
                   "a stride of 0 in dim 0 lets items of the result overlap");
    refuse_result (file, (tenon_request){ .strides = over }, TENON_E_MISUSE, "a stride of 3 in dim 0");
    refuse_result (file, (tenon_request){ .strides = tie }, TENON_E_MISUSE, "overlap");
    refuse_result (file, (tenon_request){ .strides = high }, TENON_E_MISUSE, "2^62 bytes");
    refuse_result (file, (tenon_request){ .strides = low }, TENON_E_MISUSE, "2^62 bytes");
    refuse_result (file, (tenon_request){ .strides = wide, .dtype = TENON_F4 }, TENON_E_UNSUPPORTED,
                   "items of f4 are packed together and cannot have strides");
    refuse_result (file, (tenon_request){ .strides = wide, .size = 4 * 26 }, TENON_E_MISUSE,
                   "108 bytes are needed, there is room for 104");
    tenon_request request = { .struct_size = sizeof request, .strides = wide };
    kit_failed (tenon_stream (file, &request, take_nothing, NULL, NULL, &kit_error), TENON_E_MISUSE,
                "a stream is packed");
    uint64_t size = 0;
    ck_assert_int_eq (tenon_request_size (file, &request, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 4 * (2 * 10 + 3 * 2 + 1));
    tenon_close (file);
}
END_TEST

/* ---- arrays ---- */

static void
refuse_array (tenon_array array, tenon_status status, const char *words)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    array.struct_size = sizeof array;
    array.name = "a";
    kit_failed (tenon_plan_add (plan, &array, &kit_error), status, words);
    tenon_plan_free (plan);
}

static tenon_status
never_called (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) user, (void) offset, (void) to, (void) length;
    return TENON_E_IO;
}

START_TEST (wrong_arrays)
{
    static const uint64_t shape[] = { 3, 4 };
    static const int64_t strides[] = { 10, 2 }, high[] = { INT64_MAX, 1 }, low[] = { INT64_MIN, 1 };
    uint8_t data[128];
    use_plugins (NULL);
    tenon_array good = { .dtype = TENON_I32, .shape = shape, .rank = 2, .data = data, .size = 108 }, bad;
    bad = good, bad.strides = strides, bad.size = 48;
    refuse_array (bad, TENON_E_MISUSE, "its shape, strides and dtype need 108 bytes, 48 were given");
    bad = good, bad.strides = high;
    refuse_array (bad, TENON_E_MISUSE, "its strides reach over 2^63 bytes or more");
    bad = good, bad.strides = low;
    refuse_array (bad, TENON_E_MISUSE, "its strides reach over 2^63 bytes or more");
    bad = good, bad.strides = strides, bad.flags = TENON_FORTRAN;
    refuse_array (bad, TENON_E_MISUSE, "an array with strides needs no TENON_FORTRAN");
    bad = good, bad.strides = strides, bad.data = NULL, bad.fill = never_called;
    refuse_array (bad, TENON_E_MISUSE, "fill makes packed data");
    bad = good, bad.strides = strides, bad.dtype = TENON_F4;
    refuse_array (bad, TENON_E_UNSUPPORTED, "items of f4 are packed together and cannot have strides");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *rules = kit_case (suite, "rules");
    tcase_add_test (rules, hostile);
    tcase_add_test (rules, hostile_many);
    tcase_add_test (rules, misuse);
    tcase_add_test (rules, wrong_results);
    tcase_add_test (rules, wrong_arrays);
}

int
main (void)
{
    return kit_main ("strides_wrong", fill_suite);
}
