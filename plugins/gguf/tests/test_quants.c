/* SPDX-License-Identifier: MIT */
/* test_quants.c - conversions of blocks through the whole library, against those of ggml (samples/quants). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define ROWS 4u
#define COLUMNS 512u
#define SIZE (ROWS * COLUMNS * sizeof (float))
#define TYPES 25u

static const struct type {
    const char *name;
    uint32_t count, bytes;
} encoded[] = {
    { "q4_0", 32, 18 },   { "q4_1", 32, 20 },     { "q5_0", 32, 22 },   { "q5_1", 32, 24 },
    { "q8_0", 32, 34 },   { "q1_0", 128, 18 },    { "q2_0", 64, 18 },   { "q2_k", 256, 84 },
    { "q3_k", 256, 110 }, { "q4_k", 256, 144 },   { "q5_k", 256, 176 }, { "q6_k", 256, 210 },
    { "tq1_0", 256, 54 }, { "tq2_0", 256, 66 },   { "mxfp4", 32, 17 },  { "nvfp4", 64, 36 },
    { "iq4_nl", 32, 18 }, { "iq4_xs", 256, 136 },
};

static tenon_context *context;
static tenon_error error;

static void
begin_context (void)
{
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&context, NULL, &error), TENON_OK);
}

static void
end_context (void)
{
    tenon_context_free (context);
}

static const char *
quants_path (const char *name)
{
    static char path[4096];
    const char *srcdir = getenv ("TENON_SRCDIR");
    snprintf (path, sizeof path, "%s/plugins/gguf/samples/quants/%s", srcdir ? srcdir : ".", name);
    return path;
}

static tenon_file *
open_quants (const char *name)
{
    tenon_file *file;
    ck_assert_msg (tenon_open (context, quants_path (name), NULL, &file, &error) == TENON_OK, "%s",
                   error.message);
    return file;
}

/* Opens a copy in memory at an odd address. */
static tenon_file *
open_unaligned (const char *name)
{
    static uint8_t bytes[1u << 18];
    tenon_file *file;
    FILE *stream = fopen (quants_path (name), "rb");
    ck_assert (stream);
    size_t size = fread (bytes + 1, 1, sizeof bytes - 1, stream);
    ck_assert (size > 0 && size < sizeof bytes - 1);
    fclose (stream);
    ck_assert_msg (tenon_open_memory (context, bytes + 1, size, NULL, &file, &error) == TENON_OK, "%s",
                   error.message);
    return file;
}

/* ---- to floats ---- */

static void
read_one (tenon_file *file, tenon_request request, uint64_t index, void *to, uint64_t size)
{
    request.struct_size = sizeof request;
    request.index = index;
    request.data = to;
    request.size = size;
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (request.size, size);
}

/* Reads the tensor whole, at an odd address, from memory, by regions, and as another dtype. */
static void
compare_tensor (tenon_file *quantised, tenon_file *in_memory, uint64_t index, const float *expected)
{
    static float whole[ROWS * COLUMNS], part[2 * 165];
    static double wide[ROWS * COLUMNS];
    static uint8_t odd[SIZE + 1];
    const uint64_t start[2] = { 1, 5 }, count[2] = { 2, 165 };
    const int64_t step[2] = { 2, 3 };
    read_one (quantised, (tenon_request){ .dtype = TENON_F32 }, index, whole, sizeof whole);
    ck_assert_mem_eq (whole, expected, SIZE);
    read_one (quantised, (tenon_request){ .dtype = TENON_F32 }, index, odd + 1, SIZE);
    ck_assert_mem_eq (odd + 1, expected, SIZE);
    read_one (in_memory, (tenon_request){ .dtype = TENON_F32 }, index, whole, sizeof whole);
    ck_assert_mem_eq (whole, expected, SIZE);
    read_one (quantised, (tenon_request){ .dtype = TENON_F64 }, index, wide, sizeof wide);
    for (uint32_t i = 0; i < ROWS * COLUMNS; i++)
        ck_assert (wide[i] == (double) expected[i]);
    tenon_request box = { .dtype = TENON_F32, .rank = 2, .start = start, .count = count, .step = step };
    read_one (quantised, box, index, part, sizeof part);
    for (uint32_t i = 0; i < COUNT (part); i++)
        ck_assert (part[i] == expected[(1 + i / 165 * 2) * COLUMNS + 5 + i % 165 * 3]);
}

START_TEST (decoded)
{
    tenon_file *quantised = open_quants ("quants.gguf"),
               *floats = open_quants ("quants-dequantized-f32.gguf"),
               *in_memory = open_unaligned ("quants.gguf");
    ck_assert_uint_eq (tenon_count (quantised), TYPES);
    for (uint64_t i = 0; i < TYPES; i++) {
        static float expected[ROWS * COLUMNS];
        tenon_tensor_info info = TENON_INIT (info);
        uint64_t index;
        tenon_get (quantised, i, &info);
        ck_assert_int_eq (tenon_find (floats, info.name, &index), TENON_OK);
        read_one (floats, (tenon_request){ .dtype = TENON_NONE }, index, expected, sizeof expected);
        compare_tensor (quantised, in_memory, i, expected);
    }
    tenon_close (quantised);
    tenon_close (in_memory);
    tenon_close (floats);
}
END_TEST

/* ---- from floats ---- */

static uint8_t expected[SIZE], found[SIZE];

/* Reads a tensor as `dtype`, and returns its size. */
static uint64_t
read_as (tenon_file *file, const char *name, uint32_t dtype, uint8_t *to)
{
    tenon_request request = TENON_INIT (request);
    ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
    request.dtype = dtype, request.data = to, request.size = SIZE;
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s: %s", name, error.message);
    return request.size;
}

static uint32_t
dtype_of_tensor (tenon_file *file, const char *name)
{
    tenon_tensor_info info = TENON_INIT (info);
    uint64_t index;
    ck_assert_int_eq (tenon_find (file, name, &index), TENON_OK);
    tenon_get (file, index, &info);
    return info.dtype;
}

START_TEST (encoded_as_by_ggml)
{
    tenon_file *quantised = open_quants ("quants.gguf"), *floats = open_quants ("quants-source-f32.gguf"),
               *unaligned = open_unaligned ("quants-source-f32.gguf");
    for (uint32_t i = 0; i < COUNT (encoded); i++) {
        const char *name = encoded[i].name;
        uint32_t dtype = dtype_of_tensor (quantised, name);
        uint64_t size = ROWS * COLUMNS / encoded[i].count * encoded[i].bytes;
        ck_assert_uint_eq (read_as (quantised, name, TENON_NONE, expected), size);
        ck_assert_uint_eq (read_as (floats, name, dtype, found), size);
        ck_assert_msg (memcmp (found, expected, size) == 0, "%s", name);
        ck_assert_uint_eq (read_as (unaligned, name, dtype, found), size);
        ck_assert_msg (memcmp (found, expected, size) == 0, "%s, at an odd address", name);
    }
    tenon_close (quantised);
    tenon_close (floats);
    tenon_close (unaligned);
}
END_TEST

/* Converting blocks to other blocks equals converting their floats to these. */
START_TEST (blocks_of_blocks)
{
    tenon_file *quantised = open_quants ("quants.gguf"),
               *floats = open_quants ("quants-dequantized-f32.gguf");
    for (uint32_t i = 0; i < COUNT (encoded); i++)
        for (uint32_t j = 0; j < COUNT (encoded); j += COUNT (encoded) - 1) {
            const char *name = encoded[i].name, *to = encoded[j].name;
            uint32_t dtype = dtype_of_tensor (quantised, to);
            if (i == j)
                continue;
            uint64_t size = read_as (floats, name, dtype, expected);
            ck_assert_uint_eq (read_as (quantised, name, dtype, found), size);
            ck_assert_msg (memcmp (found, expected, size) == 0, "%s to %s", name, to);
        }
    tenon_close (quantised);
    tenon_close (floats);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("quants");
    TCase *tests = tcase_create ("quants");
    tcase_set_timeout (tests, 120);
    tcase_add_checked_fixture (tests, begin_context, end_context);
    tcase_add_test (tests, decoded);
    tcase_add_test (tests, encoded_as_by_ggml);
    tcase_add_test (tests, blocks_of_blocks);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
