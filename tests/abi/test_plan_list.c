/* SPDX-License-Identifier: MIT */
/* test_plan_list.c - looking at a plan, and metadata from the program's own numbers and texts. */
#include "kit.h"

static const uint8_t byte = 7;

static void
fails (tenon_status found, tenon_status expected, const char *words)
{
    kit_failed (found, expected, words);
    kit_error = (tenon_error) TENON_ERROR_INIT;
}

static void
works (tenon_status status)
{
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

/* ---- tensors ---- */

START_TEST (test_tensors)
{
    tenon_tensor_info info = TENON_INIT (info);
    const float items[4] = { 1, 2, 3, 4 };
    uint64_t index = 99;
    tenon_plan *plan = kit_empty_plan ("toyraw");
    ck_assert_uint_eq (tenon_plan_count (plan), 0);
    ck_assert_uint_eq (tenon_plan_count (NULL), 0);
    ck_assert_int_eq (tenon_plan_get (plan, 0, &info), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_plan_find (plan, "x", 1, &index), TENON_E_NOT_FOUND);
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_F32,
                          .name = "cast",
                          .shape = KIT_SHAPE (2, 2),
                          .rank = 2,
                          .flags = TENON_FORTRAN,
                          .data = items,
                          .size = 16,
                          .as = TENON_F16 };
    works (tenon_plan_add (plan, &array, &kit_error));
    struct tenon_dtype opaque = { .struct_size = sizeof opaque,
                                  .kind = TENON_KIND_OPAQUE,
                                  .block_bytes = 16,
                                  .family = "toy",
                                  .text = "quad" };
    tenon_array other = {
        .struct_size = sizeof other, .name = "opaque", .data = items, .size = 16, .opaque = &opaque
    };
    works (tenon_plan_add (plan, &other, &kit_error));
    kit_shard ("s.toyraw", "s", 5, 6);
    tenon_file *file = kit_open ("s.toyraw", NULL, NULL);
    works (tenon_plan_add_from (plan, file, 0, NULL, TENON_NONE, &kit_error));
    works (tenon_plan_put_from (plan, file, 0, "wide.", 4, TENON_F64, &kit_error));

    ck_assert_uint_eq (tenon_plan_count (plan), 4);
    works (tenon_plan_get (plan, 0, &info));
    ck_assert_str_eq (info.name, "cast");
    ck_assert_uint_eq (info.dtype, TENON_F16);
    ck_assert_str_eq (info.dtype_name, "f16");
    ck_assert_uint_eq (info.flags, TENON_FORTRAN | TENON_CONVERTED);
    ck_assert_uint_eq (info.nbytes, 8);
    ck_assert_uint_eq (info.elements, 4);
    ck_assert (info.rank == 2 && info.shape[0] == 2 && info.shape[1] == 2);
    ck_assert_str_eq (info.source_name, "");
    works (tenon_plan_get (plan, 1, &info));
    ck_assert_str_eq (info.dtype_name, "quad");
    ck_assert_uint_eq (info.nbytes, 16);
    works (tenon_plan_get (plan, 2, &info));
    ck_assert_str_eq (info.source_name, kit_path ("s.toyraw"));
    ck_assert_uint_eq (info.flags, 0);
    works (tenon_plan_get (plan, 3, &info));
    ck_assert_str_eq (info.name, "wide");
    ck_assert_uint_eq (info.name_length, 4);
    ck_assert_uint_eq (info.nbytes, 8);
    ck_assert_uint_eq (info.flags, TENON_CONVERTED);
    works (tenon_plan_find (plan, "wider", 4, &index));
    ck_assert_uint_eq (index, 3);
    works (tenon_plan_find (plan, "opaque", TENON_NUL, &index));
    ck_assert_uint_eq (index, 1);
    ck_assert_int_eq (tenon_plan_find (plan, "opaque", 7, &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_plan_find (plan, NULL, 0, &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_find (NULL, "x", 1, &index), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_get (NULL, 0, &info), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_get (plan, 0, NULL), TENON_E_MISUSE);
    info.struct_size = 0;
    ck_assert_int_eq (tenon_plan_get (plan, 0, &info), TENON_E_MISUSE);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* ---- metadata ---- */

START_TEST (test_numbers)
{
    static const uint8_t yes = 1, two = 2;
    static const int8_t minus8 = -8;
    static const int16_t minus16 = INT16_MIN;
    static const uint16_t most16 = UINT16_MAX;
    static const uint32_t most32 = UINT32_MAX;
    static const int32_t minus32 = INT32_MIN;
    static const uint64_t most64 = UINT64_MAX;
    static const int64_t minus64 = INT64_MIN;
    static const float third = 1.0f / 3;
    static const double tenth = 0.1;
    static const struct {
        const char *key;
        uint32_t type;
        const void *number;
    } numbers[] = {
        { "bool", TENON_BOOL, &yes },   { "u8", TENON_U8, &two },       { "u16", TENON_U16, &most16 },
        { "u32", TENON_U32, &most32 },  { "u64", TENON_U64, &most64 },  { "i8", TENON_I8, &minus8 },
        { "i16", TENON_I16, &minus16 }, { "i32", TENON_I32, &minus32 }, { "i64", TENON_I64, &minus64 },
        { "f32", TENON_F32, &third },   { "f64", TENON_F64, &tenth },
    };
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    tenon_plan *plan = kit_empty_plan ("toyraw");
    char unaligned[9];
    for (unsigned i = 0; i < NUMBERS; i++) {
        memcpy (unaligned + 1, numbers[i].number,
                numbers[i].type == TENON_BOOL || i == 1 || i == 5 ? 1
                : i == 2 || i == 6                                ? 2
                : i == 3 || i == 7 || i == 9                      ? 4
                                                                  : 8);
        works (tenon_plan_set_number (plan, numbers[i].key, TENON_NUL, numbers[i].type, unaligned + 1,
                                      &kit_error));
    }
    fails (tenon_plan_set_number (plan, "b", 1, TENON_BOOL, &two, &kit_error), TENON_E_MISUSE,
           "a bool of metadata is 0 or 1, and not 2");
    fails (tenon_plan_set_number (plan, "b", 1, TENON_F16, &two, &kit_error), TENON_E_MISUSE,
           "no numbers of the type 10");
    fails (tenon_plan_set_number (plan, "b", 1, TENON_STRING, &two, &kit_error), TENON_E_MISUSE,
           "no numbers of the type 62");
    fails (tenon_plan_set_number (plan, "b", 1, TENON_NONE, &two, &kit_error), TENON_E_MISUSE, "type 0");
    fails (tenon_plan_set_number (plan, "b", 1, TENON_U8, NULL, &kit_error), TENON_E_MISUSE, "number");
    fails (tenon_plan_set_number (plan, NULL, 1, TENON_U8, &two, &kit_error), TENON_E_MISUSE, "key");
    fails (tenon_plan_set_number (NULL, "b", 1, TENON_U8, &two, &kit_error), TENON_E_MISUSE, "plan");
    ck_assert_uint_eq (tenon_plan_metadata_count (plan), NUMBERS);
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (kit_value (file, "bool").as.u, 1);
    ck_assert_uint_eq (kit_value (file, "bool").type, TENON_BOOL);
    ck_assert_uint_eq (kit_value (file, "u8").as.u, 2);
    ck_assert_uint_eq (kit_value (file, "u16").as.u, UINT16_MAX);
    ck_assert_uint_eq (kit_value (file, "u32").as.u, UINT32_MAX);
    ck_assert_uint_eq (kit_value (file, "u64").as.u, UINT64_MAX);
    ck_assert_int_eq (kit_value (file, "i8").as.i, -8);
    ck_assert_int_eq (kit_value (file, "i16").as.i, INT16_MIN);
    ck_assert_int_eq (kit_value (file, "i32").as.i, INT32_MIN);
    ck_assert_int_eq (kit_value (file, "i64").as.i, INT64_MIN);
    ck_assert_uint_eq (kit_value (file, "i64").type, TENON_I64);
    ck_assert (kit_value (file, "f32").as.f == (double) third);
    ck_assert (kit_value (file, "f64").as.f == tenth);
    tenon_close (file);
}
END_TEST

START_TEST (test_arrays)
{
    static const int16_t numbers[3] = { 1, -2, 300 };
    static const uint8_t bools[3] = { 0, 1, 2 };
    static const char *const texts[3] = { "one", "t\0o", "three" };
    static const char *const more[3] = { "a", NULL, "b" };
    static const uint64_t lengths[3] = { 2, 3, TENON_NUL }, none[3] = { 1, 0, 1 };
    struct tenon_value items[3];
    tenon_memory *memory;
    tenon_plan *plan = kit_empty_plan ("toyraw");
    works (tenon_plan_set_numbers (plan, "i16s", TENON_NUL, TENON_I16, numbers, 3, &kit_error));
    works (tenon_plan_set_numbers (plan, "bools", TENON_NUL, TENON_BOOL, bools, 2, &kit_error));
    works (tenon_plan_set_numbers (plan, "nothing", TENON_NUL, TENON_F64, NULL, 0, &kit_error));
    works (tenon_plan_set_strings (plan, "texts", TENON_NUL, texts, lengths, 3, &kit_error));
    works (tenon_plan_set_strings (plan, "whole", TENON_NUL, texts, NULL, 3, &kit_error));
    works (tenon_plan_set_strings (plan, "null", TENON_NUL, more, none, 3, &kit_error));
    works (tenon_plan_set_strings (plan, "no strings", TENON_NUL, NULL, NULL, 0, &kit_error));
    works (tenon_plan_set_string (plan, "text", TENON_NUL, "a\0b", 3, &kit_error));
    works (tenon_plan_set_string (plan, "nul", TENON_NUL, "abc", TENON_NUL, &kit_error));
    works (tenon_plan_set_string (plan, "empty", TENON_NUL, NULL, 0, &kit_error));
    fails (tenon_plan_set_numbers (plan, "x", 1, TENON_BOOL, bools, 3, &kit_error), TENON_E_MISUSE,
           "and not 2");
    fails (tenon_plan_set_numbers (plan, "x", 1, TENON_I16, numbers, UINT64_MAX / 2 + 2, &kit_error),
           TENON_E_MISUSE, "more than any memory");
    fails (tenon_plan_set_numbers (plan, "x", 1, TENON_I16, numbers, UINT64_C (1) << 40, &kit_error),
           TENON_E_LIMIT, "bytes of metadata");
    fails (tenon_plan_set_numbers (plan, "x", 1, TENON_I16, NULL, 3, &kit_error), TENON_E_MISUSE, "numbers");
    fails (tenon_plan_set_string (plan, "x", 1, NULL, 3, &kit_error), TENON_E_MISUSE, "text");
    fails (tenon_plan_set_string (plan, "x", 1, "x", UINT64_C (1) << 62, &kit_error), TENON_E_LIMIT,
           "bytes of metadata");
    fails (tenon_plan_set_strings (plan, "x", 1, more, NULL, 3, &kit_error), TENON_E_MISUSE,
           "string 1 is NULL");
    fails (tenon_plan_set_strings (plan, "x", 1, NULL, NULL, 3, &kit_error), TENON_E_MISUSE, "texts");
    static const uint64_t huge[3] = { UINT64_MAX - 1, UINT64_MAX - 1, 1 };
    fails (tenon_plan_set_strings (plan, "x", 1, texts, huge, 3, &kit_error), TENON_E_LIMIT,
           "bytes of metadata");
    tenon_file *file = kit_reopen (plan);
    struct tenon_value found = kit_value (file, "i16s");
    ck_assert_uint_eq (found.item_type, TENON_I16);
    ck_assert_uint_eq (found.count, 3);
    works (tenon_value_items (file, &found, 0, 3, items, NULL, &kit_error));
    ck_assert (items[0].as.i == 1 && items[1].as.i == -2 && items[2].as.i == 300);
    found = kit_value (file, "bools");
    ck_assert (found.item_type == TENON_BOOL && found.count == 2);
    found = kit_value (file, "nothing");
    ck_assert (found.item_type == TENON_F64 && found.count == 0);
    found = kit_value (file, "no strings");
    ck_assert (found.item_type == TENON_STRING && found.count == 0);
    found = kit_value (file, "texts");
    works (tenon_value_items (file, &found, 0, 3, items, &memory, &kit_error));
    ck_assert (items[0].count == 2 && memcmp (items[0].as.string, "on", 2) == 0);
    ck_assert (items[1].count == 3 && memcmp (items[1].as.string, "t\0o", 3) == 0);
    ck_assert (items[2].count == 5 && memcmp (items[2].as.string, "three", 5) == 0);
    tenon_memory_free (memory);
    found = kit_value (file, "whole");
    works (tenon_value_items (file, &found, 0, 3, items, &memory, &kit_error));
    ck_assert (items[0].count == 3 && items[1].count == 1 && items[2].count == 5);
    tenon_memory_free (memory);
    found = kit_value (file, "null");
    works (tenon_value_items (file, &found, 0, 3, items, &memory, &kit_error));
    ck_assert (items[0].count == 1 && items[1].count == 0 && items[2].count == 1);
    tenon_memory_free (memory);
    ck_assert_uint_eq (kit_value (file, "text").count, 3);
    ck_assert_uint_eq (kit_value (file, "nul").count, 3);
    ck_assert_uint_eq (kit_value (file, "empty").count, 0);
    tenon_close (file);
}
END_TEST

START_TEST (test_keys)
{
    tenon_metadata_info info = TENON_INIT (info);
    struct tenon_value number = { .type = TENON_U8, .as.u = 3 };
    uint64_t index;
    char key[16];
    tenon_plan *plan = kit_empty_plan ("toyraw");
    works (tenon_plan_put_metadata (plan, "keys", 3, &number, &kit_error));
    fails (tenon_plan_put_metadata (plan, "a\0b", 3, &number, &kit_error), TENON_E_MISUSE,
           "a metadata key must be valid UTF-8, not empty and without NUL; it is 'a\\x00b'");
    fails (tenon_plan_put_metadata (plan, "ab", 0, &number, &kit_error), TENON_E_MISUSE, "it is ''");
    fails (tenon_plan_put_metadata (plan, "\xff", 1, &number, &kit_error), TENON_E_MISUSE, "it is '\\xff'");
    fails (tenon_plan_put_metadata (plan, "a", 1, NULL, &kit_error), TENON_E_MISUSE, "value");
    fails (tenon_plan_put_metadata (plan, NULL, 0, &number, &kit_error), TENON_E_MISUSE, "key");
    works (tenon_plan_metadata_find (plan, "key", TENON_NUL, &index));
    works (tenon_plan_metadata_get (plan, index, &info));
    ck_assert_str_eq (info.key, "key");
    ck_assert_uint_eq (info.key_length, 3);
    ck_assert_uint_eq (info.value.as.u, 3);
    /* entries that were removed do not count, and the others keep their order */
    for (unsigned i = 0; i < 100; i++) {
        snprintf (key, sizeof key, "k%u", i);
        works (tenon_plan_set_number (plan, key, TENON_NUL, TENON_U8, &byte, &kit_error));
    }
    for (unsigned i = 0; i < 100; i += 2) {
        snprintf (key, sizeof key, "k%u", i);
        works (tenon_plan_remove_metadata (plan, key, &kit_error));
    }
    ck_assert_uint_eq (tenon_plan_metadata_count (plan), 51);
    for (unsigned i = 0; i < 50; i++) {
        snprintf (key, sizeof key, "k%u", 2 * i + 1);
        works (tenon_plan_metadata_get (plan, i + 1, &info));
        ck_assert_str_eq (info.key, key);
        works (tenon_plan_metadata_find (plan, key, TENON_NUL, &index));
        ck_assert_uint_eq (index, i + 1);
    }
    ck_assert_int_eq (tenon_plan_metadata_find (plan, "k2", 2, &index), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_plan_metadata_get (plan, 51, &info), TENON_E_NOT_FOUND);
    works (tenon_plan_set_number (plan, "k2", 2, TENON_U8, &byte, &kit_error));
    works (tenon_plan_metadata_find (plan, "k2", 2, &index));
    ck_assert_uint_eq (index, 51);
    ck_assert_uint_eq (tenon_plan_metadata_count (NULL), 0);
    ck_assert_int_eq (tenon_plan_metadata_get (NULL, 0, &info), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_metadata_get (plan, 0, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_plan_metadata_find (plan, "k2", 2, NULL), TENON_E_MISUSE);
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (tenon_metadata_count (file), 52);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "a plan's list");
    tcase_add_test (tests, test_tensors);
    tcase_add_test (tests, test_numbers);
    tcase_add_test (tests, test_arrays);
    tcase_add_test (tests, test_keys);
}

int
main (void)
{
    return kit_main ("plan_list", fill_suite);
}
