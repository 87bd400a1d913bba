/* SPDX-License-Identifier: MIT */
/* test_mlx.c - the library opens q4_0 as a triple of MLX by the option of one file, reads regions, casts and
 * saves. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <tenon/tenon.h>
#include <unistd.h>

#define ROWS 3u
#define BLOCK 18u

static tenon_context *context;
static tenon_error error;
static uint8_t file_bytes[160 + ROWS * BLOCK];
static uint64_t file_size;
static const char *const triple[] = { "gguf.mlx=triple", NULL };

static void
add_bytes (const void *bytes, uint64_t size)
{
    memcpy (file_bytes + file_size, bytes, size);
    file_size += size;
}

static void
add_number (uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        file_bytes[file_size++] = (uint8_t) (value >> 8 * i);
}

/* w.weight: q4_0 [3,32]. The scale of row r is 2^r; its bytes are 16 r + i: the low nibbles are i, the high
 * ones r. */
static void
make_file (void)
{
    memset (file_bytes, 0, sizeof file_bytes);
    file_size = 0;
    add_bytes ("GGUF", 4), add_number (3, 4), add_number (1, 8), add_number (0, 8);
    add_number (8, 8), add_bytes ("w.weight", 8), add_number (2, 4), add_number (32, 8), add_number (ROWS, 8),
        add_number (2, 4), add_number (0, 8);
    file_size = (file_size + 31) / 32 * 32;
    for (unsigned row = 0; row < ROWS; row++) {
        add_number (0x3c00 + 0x400 * row, 2);
        for (unsigned i = 0; i < 16; i++)
            add_number (16 * row + i, 1);
    }
}

static void
make_context (void)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES };
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    make_file ();
}

static void
free_context (void)
{
    tenon_context_free (context);
}

static tenon_file *
open_file (const char *const *settings)
{
    tenon_file *file;
    tenon_open_options options = { .struct_size = sizeof options, .settings = settings };
    tenon_status status = tenon_open_memory (context, file_bytes, file_size, &options, &file, &error);
    ck_assert_msg (status == TENON_OK, "%s", error.message);
    return file;
}

static uint64_t
find_tensor (tenon_file *file, const char *name)
{
    uint64_t index = 99;
    ck_assert_int_eq (tenon_find (file, name, &index), TENON_OK);
    return index;
}

static void
check_read (tenon_file *file, tenon_request request, const void *expected, uint64_t size)
{
    uint8_t data[256];
    ck_assert_uint_le (size, sizeof data);
    request.struct_size = sizeof request;
    request.data = data;
    request.size = sizeof data;
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (request.size, size);
    ck_assert_int_eq (memcmp (data, expected, size), 0);
}

/* The option affects only the file that is opened with it. */
START_TEST (one_file)
{
    tenon_file *plain = open_file (NULL), *file = open_file (triple);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_uint_eq (tenon_count (plain), 1);
    ck_assert_uint_eq (tenon_count (file), 3);
    ck_assert_int_eq (tenon_get (file, find_tensor (file, "w.weight"), &info), TENON_OK);
    ck_assert_uint_eq (info.dtype, TENON_U32);
    ck_assert (info.storage == 1 && info.rank == 2 && info.shape[0] == ROWS && info.shape[1] == 4);
    ck_assert_int_eq (tenon_get (file, find_tensor (file, "w.biases"), &info), TENON_OK);
    ck_assert_uint_eq (info.dtype, TENON_F16);
    ck_assert (info.rank == 2 && info.shape[0] == ROWS && info.shape[1] == 1);
    tenon_close (plain);
    tenon_close (file);
}
END_TEST

/* Low nibbles are 0 to 15, high ones the row. */
START_TEST (read_and_cast)
{
    tenon_file *file = open_file (triple);
    static const uint32_t words[] = {
        0x76543210, 0xfedcba98, 0x00000000, 0x00000000, 0x76543210, 0xfedcba98,
        0x11111111, 0x11111111, 0x76543210, 0xfedcba98, 0x22222222, 0x22222222
    };
    static const float scales[] = { 1, 2, 4 }, biases[] = { -8, -16, -32 };
    static const uint64_t start[] = { 0, 1 }, count[] = { 2, 2 };
    static const int64_t step[] = { 2, 2 };
    static const uint32_t part[] = { 0xfedcba98, 0x00000000, 0xfedcba98, 0x22222222 };
    uint64_t weight = find_tensor (file, "w.weight");
    check_read (file, (tenon_request){ .index = weight }, words, sizeof words);
    check_read (file,
                (tenon_request){ .index = weight, .rank = 2, .start = start, .count = count, .step = step },
                part, sizeof part);
    check_read (file, (tenon_request){ .index = find_tensor (file, "w.scales"), .dtype = TENON_F32 }, scales,
                sizeof scales);
    check_read (file, (tenon_request){ .index = find_tensor (file, "w.biases"), .dtype = TENON_F32 }, biases,
                sizeof biases);
    const void *data;
    uint64_t size;
    ck_assert_int_eq (tenon_map (file, weight, &data, &size, &error), TENON_E_NOT_MAPPABLE);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_OK);
    tenon_close (file);
}
END_TEST

/* The option of the save, not of the context, joins the triple. */
START_TEST (back)
{
    char path[64];
    tenon_file *file = open_file (triple);
    tenon_plan *plan;
    tenon_save_options save = { .struct_size = sizeof save, .settings = triple };
    static uint8_t found[sizeof file_bytes + 64];
    snprintf (path, sizeof path, "/tmp/tenon-mlx-%ld.gguf", (long) getpid ());
    ck_assert_int_eq (tenon_plan_new (context, &plan, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &error), TENON_OK);
    tenon_close (file);
    ck_assert_int_eq (tenon_save (plan, path, NULL, NULL, NULL, &error), TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, "tensor 'w.weight': the format gguf cannot hold u32") != NULL, "%s",
                   error.message);
    ck_assert_int_ne (access (path, F_OK), 0);
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_msg (tenon_save (plan, path, &save, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    FILE *stream = fopen (path, "rb");
    ck_assert_ptr_nonnull (stream);
    size_t size = fread (found, 1, sizeof found, stream);
    fclose (stream);
    unlink (path);
    ck_assert_uint_eq (size, (file_size + 31) / 32 * 32); /* tenon pads the last tensor */
    ck_assert_int_eq (memcmp (found, file_bytes, file_size), 0);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("mlx");
    TCase *tests = tcase_create ("mlx");
    tcase_add_checked_fixture (tests, make_context, free_context);
    tcase_add_test (tests, one_file);
    tcase_add_test (tests, read_and_cast);
    tcase_add_test (tests, back);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
