/* SPDX-License-Identifier: MIT */
/* test_values.c - metadata of every type through a file, bit for bit. */
#include "../../../tests/values.h"
#include <stdio.h>
#include <unistd.h>

static tenon_context *context;
static tenon_error error;
static tenon_plan *plan;
static char path[64];

static void
make_plan (void)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES };
    error = (tenon_error) TENON_ERROR_INIT;
    snprintf (path, sizeof path, "/tmp/tenon-values-%ld.gguf", (long) getpid ());
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_new (context, &plan, &error), TENON_OK);
}

static void
free_plan (void)
{
    unlink (path);
    tenon_context_free (context);
}

static void
add_pair (const char *key, struct tenon_value value)
{
    ck_assert_msg (tenon_plan_add_metadata (plan, key, &value, &error) == TENON_OK, "%s: %s", key,
                   error.message);
}

/* Saves the plan with TENON_SAVE_STRICT, and opens the file. */
static tenon_file *
save_and_open (void)
{
    tenon_file *file;
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_STRICT };
    ck_assert_msg (tenon_save (plan, path, &options, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    ck_assert_msg (tenon_open (context, path, NULL, &file, &error) == TENON_OK, "%s", error.message);
    return file;
}

/* f32 values are doubles in struct tenon_value. */
static const struct {
    uint32_t type;
    uint64_t bits, wanted;
} scalars[] = {
    { TENON_BOOL, 1, 1 },
    { TENON_U8, 255, 255 },
    { TENON_U16, 65535, 65535 },
    { TENON_U32, 4294967295, 4294967295 },
    { TENON_U64, UINT64_MAX, UINT64_MAX },
    { TENON_I8, (uint64_t) -128, (uint64_t) -128 },
    { TENON_I16, (uint64_t) -32768, (uint64_t) -32768 },
    { TENON_I32, (uint64_t) -2147483648, (uint64_t) -2147483648 },
    { TENON_I64, (uint64_t) INT64_MIN, (uint64_t) INT64_MIN },
    { TENON_F64, 0x7ff0000000000001, 0x7ff0000000000001 },
    { TENON_F32, 0x8000000000000000, 0x8000000000000000 },
    { TENON_F32, 0x36a0000000000000, 0x36a0000000000000 }, /* 2^-149, the least f32 */
    { TENON_F32, 0xfff0000000000000, 0xfff0000000000000 },
    { TENON_F32, 0x7ff0000020000000, 0x7ff0000020000000 }, /* 7f800001, signalling */
    { TENON_F32, 0x3fb999999999999a, 0x3fb99999a0000000 }, /* 0.1 is not an f32: the nearest one is stored */
    { TENON_F32, 0xfff0000000000001,
      0xfff8000000000000 }, /* a NaN that is not an f32 does not become infinite */
};

START_TEST (scalar)
{
    struct tenon_value wanted = number_of (scalars[_i].type, scalars[_i].wanted);
    add_pair ("k", number_of (scalars[_i].type, scalars[_i].bits));
    tenon_file *file = save_and_open ();
    struct tenon_value found = value_of (file, "k");
    expect_same (&found, &wanted, "k");
    tenon_close (file);
}
END_TEST

/* The file has the bytes of the array, bit for bit. */
START_TEST (every_kind_of_float)
{
    uint8_t *bytes = floats_of_all_kinds ();
    const void *data;
    uint64_t size;
    add_pair ("floats", array_of (TENON_F32, VALUES_FLOATS, bytes, 4 * VALUES_FLOATS));
    tenon_file *file = save_and_open ();
    struct tenon_value found = value_of (file, "floats");
    ck_assert_msg (tenon_value_map (file, &found, &data, &size, &error) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (size, 4 * VALUES_FLOATS);
    ck_assert_int_eq (memcmp (data, bytes, size), 0);
    tenon_close (file);
    free (bytes);
}
END_TEST

/* ---- many strings, whose ends the reader has to find ---- */

static uint8_t *bytes;
static uint64_t length;

static void
put_number (uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        bytes[length++] = (uint8_t) (number >> 8 * i);
}

static void
put_text (const char *text)
{
    put_number (strlen (text), 8);
    memcpy (bytes + length, text, strlen (text));
    length += strlen (text);
}

/* The bytes of string `i`: of what kind, and how many of them. */
static uint64_t
fill_string (int kind, unsigned i, uint8_t *to)
{
    static const uint64_t lengths[] = { 7, 0, 255, 256, 20, 1, 8, 300, 16 };
    uint64_t count = kind == 0   ? (i * 2654435761u >> 7) % 40
                     : kind == 1 ? 0
                     : kind == 4 ? 70000 * (i % 1000 == 3)
                                 : lengths[i % 9];
    for (uint64_t k = 0; k < count; k++)
        to[k] = kind == 2   ? 0                         /* seems to be empty strings … */
                : kind == 3 ? (uint8_t) (k % 8 ? 0 : 8) /* … or strings of 8 bytes */
                            : (uint8_t) ('a' + k % 26);
    return count;
}

/* A file with an array of `count` strings, and a number behind it. Returns the bytes of the array. */
static uint64_t
make_strings (int kind, unsigned count)
{
    bytes = calloc (1, 4u << 20);
    length = 0;
    memcpy (bytes, "GGUF", 4);
    length = 4;
    put_number (3, 4); /* version, tensors, pairs */
    put_number (0, 8);
    put_number (2, 8);
    put_text ("strings");
    put_number (9, 4); /* an array of strings */
    put_number (8, 4);
    put_number (count, 8);
    uint64_t begin = length;
    for (unsigned i = 0; i < count; i++) {
        uint64_t size = fill_string (kind, i, bytes + length + 8);
        put_number (size, 8);
        length += size;
    }
    uint64_t taken = length - begin;
    put_text ("behind");
    put_number (4, 4); /* u32 */
    put_number (77, 4);
    return taken;
}

/* Counts that end in a window of the reader, on its border, and behind many. */
START_TEST (many_strings)
{
    static const unsigned counts[] = { 1, 63, 64, 65, 200, 3000, 8191, 9000 };
    tenon_plan_free (plan);
    for (unsigned c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        tenon_file *file;
        uint8_t text[70000];
        struct tenon_value items[9000];
        tenon_memory *memory;
        uint64_t taken = make_strings (_i, counts[c]);
        ck_assert_msg (tenon_open_memory (context, bytes, length, NULL, &file, &error) == TENON_OK, "%s",
                       error.message);
        struct tenon_value found = value_of (file, "strings");
        ck_assert_uint_eq (found.count, counts[c]);
        ck_assert_uint_eq (found.length, taken);
        ck_assert_uint_eq (value_of (file, "behind").as.u, 77);
        ck_assert_int_eq (tenon_value_take (file, &found, counts[c], items, &memory, &error), TENON_OK);
        for (unsigned i = 0; i < counts[c]; i++) {
            ck_assert_uint_eq (items[i].count, fill_string (_i, i, text));
            ck_assert_int_eq (memcmp (items[i].as.string, text, items[i].count), 0);
        }
        tenon_memory_free (memory);
        tenon_close (file);
        /* the last string is longer than the file */
        length -= 8 + strlen ("behind") + 8;
        memset (bytes + length - fill_string (_i, counts[c] - 1, text) - 8, 0x7f, 7);
        ck_assert_int_eq (tenon_open_memory (context, bytes, length, NULL, &file, &error), TENON_E_TRUNCATED);
        free (bytes);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("gguf values");
    TCase *tests = tcase_create ("values");
    tcase_add_checked_fixture (tests, make_plan, free_plan);
    tcase_add_loop_test (tests, scalar, 0, (int) (sizeof scalars / sizeof scalars[0]));
    tcase_add_test (tests, every_kind_of_float);
    tcase_add_loop_test (tests, many_strings, 0, 5);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
