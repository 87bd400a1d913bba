/* SPDX-License-Identifier: MIT */
/* test_metadata.c - metadata of every type through the member __tenon__.npy, bit for bit. */
#include "../../../tests/values.h"
#include "archive.h"
#include <stdio.h>
#include <unistd.h>

static tenon_context *own;
static char path[64];

static void
begin_test (void)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES };
    setup ();
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&own, &options, &error), TENON_OK);
    snprintf (path, sizeof path, "/tmp/tenon-metadata-%ld.npz", (long) getpid ());
}

static void
end_test (void)
{
    unlink (path);
    tenon_context_free (own);
    teardown ();
}

/* ---- plans ---- */

static tenon_plan *
plan_begin (void)
{
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (own, &plan, &error), TENON_OK);
    return plan;
}

static void
add_value (tenon_plan *plan, const char *key, struct tenon_value value)
{
    ck_assert_msg (tenon_plan_add_metadata (plan, key, &value, &error) == TENON_OK, "%s: %s", key,
                   error.message);
}

static void
add_tensor (tenon_plan *plan, const char *name)
{
    static const uint64_t shape[] = { 4 };
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_U8,
                          .name = name,
                          .shape = shape,
                          .rank = 1,
                          .data = "\1\2\3\4",
                          .size = 4 };
    ck_assert_int_eq (tenon_plan_add (plan, &array, &error), TENON_OK);
}

static tenon_status
save_with (tenon_plan *plan, uint32_t flags, const char *setting)
{
    const char *const list[] = { setting, NULL };
    tenon_save_options options = { .struct_size = sizeof options,
                                   .flags = flags,
                                   .settings = setting ? list : NULL };
    error = (tenon_error) TENON_ERROR_INIT;
    return tenon_save (plan, path, &options, NULL, NULL, &error);
}

static tenon_file *
open_path (void)
{
    tenon_file *file;
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_msg (tenon_open (own, path, NULL, &file, &error) == TENON_OK, "%s", error.message);
    return file;
}

static tenon_file *
save_and_open (tenon_plan *plan)
{
    ck_assert_msg (save_with (plan, 0, "npz.metadata=member") == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    return open_path ();
}

/* ---- what comes back ---- */

static const struct {
    uint32_t type;
    uint64_t bits;
} scalars[] = {
    { TENON_NONE, 0 },
    { TENON_BOOL, 0 },
    { TENON_BOOL, 1 },
    { TENON_U8, 255 },
    { TENON_U16, 65535 },
    { TENON_U32, 32 },
    { TENON_U32, 4294967295 },
    { TENON_U64, 9007199254740993 }, /* 2^53 + 1: no double */
    { TENON_U64, UINT64_MAX },
    { TENON_I8, (uint64_t) -128 },
    { TENON_I16, (uint64_t) -32768 },
    { TENON_I32, (uint64_t) -2147483648 },
    { TENON_I64, (uint64_t) INT64_MIN },
    { TENON_I64, INT64_MAX },
    { TENON_F64, 0 },
    { TENON_F64, 0x8000000000000000 }, /* -0 */
    { TENON_F64, 1 },                  /* the least one */
    { TENON_F64, 0x000fffffffffffff },
    { TENON_F64, 0x7fefffffffffffff },
    { TENON_F64, 0x7ff0000000000000 },
    { TENON_F64, 0xfff0000000000000 },
    { TENON_F64, 0x7ff8000000000000 },
    { TENON_F64, 0xfff8000000000123 },
    { TENON_F64, 0x7ff0000000000001 }, /* signalling */
    { TENON_F64, 0x3fb999999999999a }, /* 0.1 */
    { TENON_F64, 0x4340000000000001 }, /* 2^53 + 2 */
    /* floats as doubles */
    { TENON_F32, 0x3fb99999a0000000 }, /* 0.1f */
    { TENON_F32, 0x8000000000000000 },
    { TENON_F32, 0x36a0000000000000 }, /* 2^-149, the least one */
    { TENON_F32, 0x47efffffe0000000 }, /* the largest */
    { TENON_F32, 0x7ff0000000000000 },
    { TENON_F32, 0x7ff8000020000000 }, /* the NaN 7fc00001 */
    { TENON_F32, 0xfff0000020000000 }, /* ff800001, signalling */
};

START_TEST (every_scalar)
{
    tenon_plan *plan = plan_begin ();
    char key[16];
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        snprintf (key, sizeof key, "%u", i);
        add_value (plan, key, (struct tenon_value){ .type = scalars[i].type, .as.u = scalars[i].bits });
    }
    tenon_file *file = save_and_open (plan);
    ck_assert_uint_eq (tenon_metadata_count (file), sizeof scalars / sizeof scalars[0]);
    ck_assert_uint_eq (tenon_count (file), 0);
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        struct tenon_value wanted = { .type = scalars[i].type, .as.u = scalars[i].bits };
        snprintf (key, sizeof key, "%u", i);
        ck_assert_int_eq (tenon_metadata_get (file, i, &info), TENON_OK);
        ck_assert_str_eq (info.key, key); /* the order is kept */
        expect_same (&info.value, &wanted, key);
    }
    tenon_close (file);
}
END_TEST

START_TEST (strings)
{
    char *longest = malloc (300000);
    memset (longest, 'x', 300000);
    longest[150000] = '"';
    const struct tenon_value values[] = {
        string_of ("", 0),
        string_of ("plain", 5),
        string_of ("a\0b", 3),
        string_of ("quo\"te \\ \n\t\x01\x7f", 12),
        string_of ("\xc3\xa4\xf0\x9f\x98\x80", 6),
        string_of ("\xff\xfe", 2),
        string_of ("\xed\xa0\x80", 3), /* a surrogate */
        string_of (longest, 300000),
    };
    tenon_plan *plan = plan_begin ();
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        char key[40];
        snprintf (key, sizeof key, "key \"%u\" \xe2\x82\xac\n", i);
        add_value (plan, key, values[i]);
    }
    tenon_file *file = save_and_open (plan);
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        char key[40];
        snprintf (key, sizeof key, "key \"%u\" \xe2\x82\xac\n", i);
        struct tenon_value found = value_of (file, key);
        expect_same (&found, &values[i], key);
    }
    tenon_close (file);
    free (longest);
}
END_TEST

static const uint8_t some_bytes[64] = { 0,    1,    0, 1, 0,    0,    0x80, 0x7f, 0xff, 0xff,
                                        0xff, 0x7f, 1, 2, 3,    4,    5,    0xc0, 0x7f, 0x80,
                                        0xff, 1,    0, 0, 0xf0, 0x7f, 9,    8,    7 };

START_TEST (arrays_of_numbers)
{
    static const struct {
        uint32_t type, width;
    } types[] = { { TENON_U8, 1 },  { TENON_U16, 2 }, { TENON_U32, 4 }, { TENON_U64, 8 }, { TENON_I8, 1 },
                  { TENON_I16, 2 }, { TENON_I32, 4 }, { TENON_I64, 8 }, { TENON_F64, 8 }, { TENON_BOOL, 1 } };
    tenon_plan *plan = plan_begin ();
    char key[16];
    for (unsigned i = 0; i < 10; i++) {
        uint64_t bytes = types[i].type == TENON_BOOL ? 4 : 64;
        snprintf (key, sizeof key, "%u", i);
        add_value (plan, key, array_of (types[i].type, bytes / types[i].width, some_bytes, bytes));
        snprintf (key, sizeof key, "none %u", i);
        add_value (plan, key, array_of (types[i].type, 0, NULL, 0));
    }
    tenon_file *file = save_and_open (plan);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t bytes = types[i].type == TENON_BOOL ? 4 : 64;
        struct tenon_value wanted = array_of (types[i].type, bytes / types[i].width, some_bytes, bytes);
        snprintf (key, sizeof key, "%u", i);
        struct tenon_value found = value_of (file, key);
        expect_same (&found, &wanted, key);
        snprintf (key, sizeof key, "none %u", i);
        found = value_of (file, key);
        wanted = array_of (types[i].type, 0, NULL, 0);
        expect_same (&found, &wanted, key);
    }
    tenon_close (file);
}
END_TEST

START_TEST (every_kind_of_float)
{
    uint8_t *bytes = floats_of_all_kinds ();
    struct tenon_value wanted = array_of (TENON_F32, VALUES_FLOATS, bytes, 4 * VALUES_FLOATS);
    tenon_plan *plan = plan_begin ();
    add_value (plan, "floats", wanted);
    tenon_file *file = save_and_open (plan);
    struct tenon_value found = value_of (file, "floats");
    expect_same (&found, &wanted, "floats");
    tenon_close (file);
    free (bytes);
}
END_TEST

/* Big-endian numbers, and strings with short big-endian lengths. */
START_TEST (other_encodings)
{
    static const uint8_t big[] = { 1, 2, 3, 4 }, little[] = { 2, 1, 4, 3 };
    static const uint8_t wide[] = { 2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i' }, narrow[] = { 0, 0, 0, 2, 'h', 'i' };
    tenon_plan *plan = plan_begin ();
    struct tenon_value numbers = array_of (TENON_U16, 2, big, 4),
                       words = array_of (TENON_STRING, 1, narrow, 6);
    numbers.encoding = TENON_ENCODING_BIG;
    words.encoding = TENON_ENCODING_BIG | TENON_STRINGS_32;
    add_value (plan, "numbers", numbers);
    add_value (plan, "words", words);
    tenon_file *file = save_and_open (plan);
    struct tenon_value found = value_of (file, "numbers"), wanted = array_of (TENON_U16, 2, little, 4);
    expect_same (&found, &wanted, "numbers");
    found = value_of (file, "words");
    wanted = array_of (TENON_STRING, 1, wide, 10);
    expect_same (&found, &wanted, "words");
    tenon_close (file);
}
END_TEST

START_TEST (arrays_of_strings_and_arrays)
{
    static const uint8_t texts[] = { 0, 0, 0,   0, 0, 0, 0, 0, 1, 0, 0, 0,   0,    0,
                                     0, 0, 'a', 3, 0, 0, 0, 0, 0, 0, 0, '"', 0xc3, 0xa4 };
    static const uint8_t odd[] = { 1, 0, 0, 0, 0, 0, 0, 0, 'a', 2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0 };
    struct tenon_value inner[3], outer[3], chain[31];
    inner[0] = array_of (TENON_U8, 3, some_bytes, 3);
    inner[1] = array_of (TENON_STRING, 3, texts, sizeof texts);
    inner[2] = array_of (TENON_STRING, 2, odd, sizeof odd);
    outer[0] = nested_of (inner, 3);
    outer[1] = nested_of (NULL, 0);
    outer[2] = array_of (TENON_F32, 0, NULL, 0);
    chain[0] = array_of (TENON_STRING, 0, NULL, 0);
    for (unsigned i = 1; i < 31; i++)
        chain[i] = nested_of (&chain[i - 1], 1);
    tenon_plan *plan = plan_begin ();
    const char *const keys[] = { "texts", "odd", "nested", "empty", "deep" };
    struct tenon_value values[] = { inner[1], inner[2], nested_of (outer, 3), outer[1], chain[30] };
    for (unsigned i = 0; i < 5; i++)
        add_value (plan, keys[i], values[i]);
    tenon_file *file = save_and_open (plan);
    for (unsigned i = 0; i < 5; i++) {
        struct tenon_value found = value_of (file, keys[i]);
        expect_same (&found, &values[i], keys[i]);
    }
    tenon_close (file);
}
END_TEST

START_TEST (trees)
{
    struct tenon_value some[] = { number_of (TENON_I64, 1),
                                  number_of (TENON_F64, UINT64_C (0x4004000000000000)), string_of ("x", 1) },
                       values[] = { tree_of_all_kinds (), mixed_of (some, 3), mixed_of (NULL, 0),
                                    map_of (NULL, 0) };
    const char *const keys[] = { "tree", "some", "no items", "no entries" };
    tenon_plan *plan = plan_begin ();
    for (unsigned i = 0; i < 4; i++)
        add_value (plan, keys[i], values[i]);
    tenon_file *file = save_and_open (plan);
    for (unsigned i = 0; i < 4; i++) {
        struct tenon_value found = value_of (file, keys[i]);
        expect_same (&found, &values[i], keys[i]);
    }
    /* items of a mixed array as numbers and strings of the program */
    struct tenon_value found = value_of (file, "some"), items[1];
    float numbers[2];
    const uint64_t *offsets;
    const char *bytes;
    tenon_memory *memory;
    ck_assert_int_eq (tenon_metadata_numbers (file, &found, TENON_F32, 0, 2, numbers, &error), TENON_OK);
    ck_assert (numbers[0] == 1 && numbers[1] == 2.5f);
    ck_assert_int_eq (tenon_metadata_numbers (file, &found, TENON_F32, 1, 2, numbers, &error),
                      TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, "item 2: the value is no number, its type is string"), "%s",
                   error.message);
    ck_assert_int_eq (tenon_metadata_strings (file, &found, 2, 1, &offsets, &bytes, &memory, &error),
                      TENON_OK);
    ck_assert (offsets[1] == 1 && *bytes == 'x');
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_metadata_strings (file, &found, 1, 2, &offsets, &bytes, &memory, &error),
                      TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, "item 1 is no string, its type is f64"), "%s", error.message);
    ck_assert_int_eq (tenon_value_items (file, &found, 2, 1, items, NULL, &error), TENON_OK);
    expect_same (&items[0], &some[2], "item 2");
    const void *data;
    uint64_t size;
    ck_assert_int_eq (tenon_value_map (file, &found, &data, &size, &error), TENON_E_NOT_MAPPABLE);
    found = value_of (file, "tree");
    ck_assert_int_eq (tenon_value_items (file, &found, 0, 1, items, NULL, &error), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_metadata_number (file, "tree", TENON_NUL, TENON_U8, numbers, &error),
                      TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, "its type is map"), "%s", error.message);
    tenon_close (file);
}
END_TEST

START_TEST (too_deep)
{
    struct tenon_value chain[33];
    chain[0] = array_of (TENON_U8, 1, some_bytes, 1);
    for (unsigned i = 1; i < 33; i++)
        chain[i] = nested_of (&chain[i - 1], 1);
    tenon_plan *plan = plan_begin ();
    add_value (plan, "deep", chain[31]);
    ck_assert_int_eq (save_with (plan, 0, "npz.metadata=member"), TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "nests 31 deep"), "%s", error.message);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (many_strings)
{
    uint8_t *bytes;
    struct tenon_value wanted = vocabulary (&bytes);
    tenon_plan *plan = plan_begin ();
    add_value (plan, "tokens", wanted);
    tenon_file *file = save_and_open (plan);
    struct tenon_value found = value_of (file, "tokens");
    expect_same (&found, &wanted, "tokens");
    tenon_close (file);
    free (bytes);
}
END_TEST

/* ---- saving ---- */

/* The member exists only if the option asks for it and there are metadata. */
START_TEST (only_when_asked)
{
    tenon_plan *plan = plan_begin ();
    add_tensor (plan, "x");
    ck_assert_int_eq (save_with (plan, 0, "npz.metadata=member"), TENON_OK);
    tenon_file *file = open_path ();
    ck_assert (tenon_count (file) == 1 && tenon_metadata_count (file) == 0);
    tenon_close (file);
    add_value (plan, "key", string_of ("v", 1));
    ck_assert_int_eq (save_with (plan, TENON_SAVE_STRICT, NULL), TENON_E_LOSS);
    ck_assert_int_eq (save_with (plan, TENON_SAVE_STRICT, "npz.metadata=member"), TENON_OK);
    file = open_path ();
    ck_assert (tenon_count (file) == 1 && tenon_metadata_count (file) == 1);
    tenon_close (file);
    add_tensor (plan, "__tenon__");
    ck_assert_int_eq (save_with (plan, 0, "npz.metadata=member"), TENON_E_UNSUPPORTED);
    ck_assert_msg (strstr (error.message, "the name '__tenon__', which is that of the metadata"), "%s",
                   error.message);
    ck_assert_int_eq (save_with (plan, 0, NULL), TENON_OK);
    tenon_plan_free (plan);
}
END_TEST

/* Adding to an archive: one member has the old entries and the new ones. */
START_TEST (appended)
{
    tenon_plan *plan = plan_begin ();
    add_tensor (plan, "x");
    add_value (plan, "old", string_of ("o", 1));
    add_value (plan, "both", string_of ("1", 1));
    tenon_close (save_and_open (plan));
    plan = plan_begin ();
    add_tensor (plan, "y");
    add_value (plan, "both", string_of ("2", 1));
    add_value (plan, "new", string_of ("n", 1));
    ck_assert_msg (save_with (plan, TENON_SAVE_APPEND, NULL) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    tenon_file *file = open_path ();
    struct tenon_value wanted = string_of ("2", 1), found = value_of (file, "both");
    ck_assert (tenon_count (file) == 2 && tenon_metadata_count (file) == 3);
    expect_same (&found, &wanted, "both");
    tenon_close (file);
    /* a tensor of that name is in the way, and stays */
    plan = plan_begin ();
    add_tensor (plan, "__tenon__");
    ck_assert_int_eq (save_with (plan, 0, NULL), TENON_OK);
    tenon_plan_free (plan);
    plan = plan_begin ();
    add_tensor (plan, "y");
    add_value (plan, "new", string_of ("n", 1));
    ck_assert_int_eq (save_with (plan, TENON_SAVE_APPEND, "npz.metadata=member"), TENON_E_UNSUPPORTED);
    ck_assert_int_eq (save_with (plan, TENON_SAVE_APPEND, NULL), TENON_OK);
    tenon_plan_free (plan);
    file = open_path ();
    ck_assert (tenon_count (file) == 2 && tenon_metadata_count (file) == 0);
    tenon_close (file);
}
END_TEST

/* NumPy has no numbers of 4 or 6 bits: the record that restores them is kept without the option. */
START_TEST (carried)
{
    static const uint64_t shape[] = { 2, 4 };
    static const uint8_t bytes[] = { 0x21, 0x43, 0x65, 0x87, 0xa9, 0xcb };
    static const struct {
        const char *name;
        uint32_t dtype;
        uint64_t size;
    } cases[] = { { "four", TENON_F4, 4 }, { "six", TENON_F6_E2M3, 6 } };
    tenon_plan *plan = plan_begin ();
    for (unsigned i = 0; i < 2; i++) {
        tenon_array array = { .struct_size = sizeof array,
                              .dtype = cases[i].dtype,
                              .name = cases[i].name,
                              .shape = shape,
                              .rank = 2,
                              .data = bytes,
                              .size = cases[i].size };
        ck_assert_int_eq (tenon_plan_add (plan, &array, &error), TENON_OK);
    }
    ck_assert_int_eq (save_with (plan, 0, NULL), TENON_E_UNSUPPORTED);
    ck_assert_msg (save_with (plan, TENON_SAVE_CARRY, NULL) == TENON_OK, "%s", error.message);
    tenon_plan_free (plan);
    tenon_file *file = open_path ();
    ck_assert_uint_eq (tenon_count (file), 2);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t found[6] = { 0 };
        tenon_tensor_info info = { .struct_size = sizeof info };
        tenon_request request = {
            .struct_size = sizeof request, .index = i, .data = found, .size = sizeof found
        };
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        ck_assert_str_eq (info.name, cases[i].name);
        ck_assert (info.dtype == cases[i].dtype && info.rank == 2 && info.shape[0] == 2
                   && info.shape[1] == 4);
        ck_assert_int_eq (tenon_read (file, &request, 1, NULL, &error), TENON_OK);
        ck_assert_mem_eq (found, bytes, cases[i].size);
    }
    tenon_close (file);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("metadata");
    TCase *cases = tcase_create ("metadata");
    tcase_add_checked_fixture (cases, begin_test, end_test);
    tcase_add_test (cases, every_scalar);
    tcase_add_test (cases, strings);
    tcase_add_test (cases, arrays_of_numbers);
    tcase_add_test (cases, every_kind_of_float);
    tcase_add_test (cases, other_encodings);
    tcase_add_test (cases, arrays_of_strings_and_arrays);
    tcase_add_test (cases, trees);
    tcase_add_test (cases, too_deep);
    tcase_add_test (cases, many_strings);
    tcase_add_test (cases, only_when_asked);
    tcase_add_test (cases, appended);
    tcase_add_test (cases, carried);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
