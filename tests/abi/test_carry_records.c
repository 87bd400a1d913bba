/* SPDX-License-Identifier: MIT */
/* test_carry_records.c - records of carried tensors that lie: the tensors stay as they are stored. */
#include "kit.h"
#include "tests/draw.h"
#include <stdbool.h>

static const uint8_t numbers[24] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
};

/* A file with t: u8 [18], f: f32 [1], and this record. */
static tenon_file *
with_record (const char *record, size_t length)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 2, 1, 8000);
    kit_raw_string (&file, "tenon.types", record, length);
    kit_raw_tensor (&file, "t", "u8", 0, 1, KIT_SHAPE (18), 0, 18);
    kit_raw_tensor (&file, "f", "f32", 0, 1, KIT_SHAPE (1), 20, 4);
    kit_pad (&file, 8000);
    kit_put (&file, numbers, 24);
    kit_file ("r.toyraw", &file);
    return kit_open ("r.toyraw", NULL, NULL);
}

static void
expect_bytes (const char *record, size_t length, const char *words)
{
    tenon_file *file = with_record (record, length);
    kit_is_shaped (file, "t", "u8", 1, KIT_SHAPE (18));
    kit_data (file, "t", "", numbers, 18);
    kit_data (file, "f", "", numbers + 20, 4);
    ck_assert_uint_eq (tenon_metadata_count (file), 1);
    ck_assert_uint_eq (kit_value (file, "tenon.types").count, length);
    tenon_report_entry entry;
    KIT_INIT (entry);
    ck_assert_uint_eq (tenon_report_count (tenon_file_report (file)), 1);
    ck_assert_int_eq (tenon_report_get (tenon_file_report (file), 0, &entry), TENON_OK);
    ck_assert_uint_eq (entry.kind, TENON_NOTE);
    kit_said (entry.message, words);
    tenon_close (file);
}

#define V "{\"version\":1,\"tensors\":"
#define T(entry) V "{\"t\":" entry "}}"
static const char good[] =
    "{\"version\":1,\"more\":[{}],\"tensors\":{\"gone\":{\"dtype\":\"x\",\"shape\":[1]},"
    "\"\\u0074\":{\"dtype\":\"tq8\",\"shape\":[2,8],\"new\":null}},"
    "\"order\":[\"f\",\"gone\",\"t\"],\"keys\":[]}";

START_TEST (test_records)
{
    static const char *const table[][2] = {
        { "", "is wrong, …found the end, expected a value" },
        { "not JSON", "found 'o', expected null" },
        { "[]", "is wrong, …it is no object" },
        { "{}", "is wrong, …no version or no tensors" },
        { "{\"tensors\":{}}", "is wrong, …no version or no tensors" },
        { "{\"version\":2,\"tensors\":{}}", "is wrong, …its version is not 1" },
        { "{\"version\":1.0,\"tensors\":{}}", "is wrong, …its version is not 1" },
        { "{\"version\":1,\"version\":1,\"tensors\":{}}", "is wrong, …a key twice" },
        { V "{}} x", "is wrong, …found 'x', expected the end" },
        { V "[]}", "is wrong, …no object" },
        { T ("7"), "is wrong, …no object" },
        { T ("{}"), "is wrong, …no dtype or no shape" },
        { T ("{\"dtype\":\"tq8\"}"), "is wrong, …no dtype or no shape" },
        { T ("{\"shape\":[16]}"), "is wrong, …no dtype or no shape" },
        { T ("{\"dtype\":7,\"shape\":[16]}"), "is wrong, …string or number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":7}"), "is wrong, …no array" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[-16]}"), "is wrong, …no whole number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[16.0]}"), "is wrong, …no whole number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[\"16\"]}"), "is wrong, …no array of numbers" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[18446744073709551616]}"), "is wrong, …no whole number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[16]},\"t\":{\"dtype\":\"tq8\",\"shape\":[16]}"),
          "is wrong, …twice" },
        { T ("{\"dtype\":\"tq\\u00008\",\"shape\":[16]}"), "is wrong, …string or number" },
        { V "{\"t\\u0000\":{}}}", "is wrong, …NUL" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[[[[[[[[[]]]]]]]]]}"), "is wrong, …" },
        { "{\"version\":1,\"x\":[[[[[[[[[]]]]]]]]],\"tensors\":{}}", "is wrong, …less nesting" },
        { V "{},\"order\":{}}", "is wrong, …no array" },
        { V "{},\"order\":[1]}", "is wrong, …no array of strings" },
        { V "{},\"order\":[\"t\",\"t\"]}", "is wrong, …twice" },
        { V "{},\"keys\":[\"tenon.types\",\"tenon.types\"]}", "is wrong, …twice" },
        /* well-formed, but false for this tensor */
        { T ("{\"dtype\":\"tq8\",\"shape\":[8]}"), "of another number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[17]}"), "of another number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[4294967296,4294967296,16]}"), "of another number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[18446744073709551615]}"), "of another number" },
        { T ("{\"dtype\":\"tq8\",\"shape\":[0,16]}"), "of another number" },
        { T ("{\"dtype\":\"q9_z\",\"shape\":[16]}"), "no plugin in use has the dtype that it had: q9_z" },
        { T ("{\"dtype\":\"\",\"shape\":[16]}"), "no plugin in use has the dtype" },
        { T ("{\"family\":\"toy\",\"text\":\"d\",\"size\":18446744073709551615,\"shape\":[2]}"),
          "no plugin in use has" },
        { T ("{\"family\":\"\",\"text\":\"d\",\"size\":18,\"shape\":[1]}"), "no plugin in use has" },
        { T ("{\"family\":\"toy\",\"text\":\"d\",\"size\":18,\"alignment\":3,\"shape\":[1]}"),
          "no plugin in use has" },
        { T ("{\"family\":\"toy\",\"text\":\"d\",\"size\":17,\"shape\":[1]}"), "of another number" },
        { V "{\"f\":{\"dtype\":\"i32\",\"shape\":[1]}}}", "it is neither u8 nor i8" },
    };
    kit_plugins ("toyraw toyblock", NULL);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
        expect_bytes (table[i][0], strlen (table[i][0]), table[i][1]);
    for (size_t length = 0; length < sizeof good - 1; length++)
        expect_bytes (good, length, "is wrong");
    char many[600] = T ("{\"dtype\":\"tq8\",\"shape\":[1");
    size_t end = strlen (V "{\"t\":{\"dtype\":\"tq8\",\"shape\":[1");
    for (unsigned i = 1; i < 65; i++, end += 2)
        memcpy (many + end, ",1", 2);
    strcpy (many + end, "]}}}");
    expect_bytes (many, strlen (many), "is wrong, …more than 64 dims");
}
END_TEST

START_TEST (test_a_good_record)
{
    tenon_tensor_info info;
    kit_plugins ("toyraw toyblock", NULL);
    tenon_file *file = with_record (good, sizeof good - 1);
    kit_is_shaped (file, "t", "tq8", 2, KIT_SHAPE (2, 8));
    kit_data (file, "t", "", numbers, 18);
    KIT_INIT (info);
    ck_assert_int_eq (tenon_get (file, 0, &info), TENON_OK);
    ck_assert_str_eq (info.name, "f");
    ck_assert_uint_eq (tenon_metadata_count (file), 0);
    tenon_file_info all;
    KIT_INIT (all);
    ck_assert_int_eq (tenon_file_get (file, &all), TENON_OK);
    ck_assert_uint_eq (all.elements, 17);
    tenon_close (file);
}
END_TEST

/* No record gives t other bytes than its 18. */
START_TEST (test_spoilt_records)
{
    static const char alphabet[] = "{}[]\",:\\u0123456789tfq8-.eE \n\xff";
    uint64_t restored = 0;
    kit_plugins ("toyraw toyblock", NULL);
    for (unsigned i = 0; i < 20000; i++) {
        struct bytes file = { .size = 0 };
        char record[sizeof good];
        size_t length = sizeof good - 1;
        tenon_file *open;
        memcpy (record, good, sizeof good);
        for (unsigned n = 0; n <= i % 3; n++)
            record[draw_number (length)] = alphabet[draw_number (sizeof alphabet - 1)];
        kit_raw_head (&file, 2, 1, 1000);
        kit_raw_string (&file, "tenon.types", record, length);
        kit_raw_tensor (&file, "t", "u8", 0, 1, KIT_SHAPE (18), 0, 18);
        kit_raw_tensor (&file, "f", "f32", 0, 1, KIT_SHAPE (1), 20, 4);
        kit_pad (&file, 1000);
        kit_put (&file, numbers, 24);
        ck_assert_int_eq (tenon_open_memory (kit, file.data, file.size, NULL, &open, &kit_error), TENON_OK);
        ck_assert_uint_eq (kit_tensor (open, "t").nbytes, 18);
        kit_data (open, "t", "", numbers, 18);
        bool is_back = strcmp (kit_tensor (open, "t").dtype_name, "tq8") == 0;
        restored += is_back;
        if (is_back)
            ck_assert_uint_eq (tenon_metadata_count (open), 0);
        tenon_close (open);
    }
    ck_assert_uint_gt (restored, 1000);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "records");
    tcase_add_test (tests, test_records);
    tcase_add_test (tests, test_a_good_record);
    tcase_add_test (tests, test_spoilt_records);
}

int
main (void)
{
    return kit_main ("carry_records", fill_suite);
}
