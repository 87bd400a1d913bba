/* SPDX-License-Identifier: MIT */
/* test_typed.c - metadata as numbers and strings of the program: exact, or refused. */
#include "kit.h"
#include <math.h>

static tenon_file *file;
static tenon_error *const e = &kit_error;

static void
begin (void)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    kit_set_text (plan, "u8", "u8", "200");
    kit_set_text (plan, "big", "u64", "18446744073709551615");
    kit_set_text (plan, "odd", "u64", "9007199254740993"); /* 2^53 + 1 */
    kit_set_text (plan, "low", "i64", "-9223372036854775808");
    kit_set_text (plan, "minus", "i8", "-1");
    kit_set_text (plan, "half", "f32", "0.5");
    kit_set_text (plan, "whole", "f64", "-128");
    kit_set_text (plan, "tenth", "f64", "0.1");
    kit_set_text (plan, "huge", "f64", "1e300");
    kit_set_text (plan, "nan", "f64", "nan");
    kit_set_text (plan, "inf", "f64", "-inf");
    kit_set_text (plan, "two64", "f64", "18446744073709551616");
    kit_set_text (plan, "yes", "bool", "true");
    kit_set_text (plan, "text", "string", "a tensor");
    kit_set_text (plan, "list", "array:i16", "[1,-2,300,4]");
    kit_set_text (plan, "words", "array:string", "[\"one\",\"\",\"three\",\"\xc3\xa4\"]");
    kit_set_text (plan, "none", "array:u32", "[]");
    file = kit_reopen (plan);
}

/* The number has these bytes. */
static void
is_number (const char *key, uint32_t type, const void *number, size_t size)
{
    uint8_t got[9];
    memset (got, 0xee, sizeof got);
    ck_assert_msg (tenon_metadata_number (file, key, TENON_NUL, type, got, e) == TENON_OK, "%s: %s", key,
                   e->message);
    ck_assert_mem_eq (got, number, size);
    ck_assert_uint_eq (got[size], 0xee);
}
#define IS(key, type, c_type, number) is_number (key, type, &(c_type){ number }, sizeof (c_type))

static void
is_none (const char *key, uint32_t type, const char *words)
{
    uint64_t got = 77;
    kit_failed (tenon_metadata_number (file, key, TENON_NUL, type, &got, e), TENON_E_UNSUPPORTED, words);
}

START_TEST (test_numbers)
{
    begin ();
    IS ("u8", TENON_U8, uint8_t, 200);
    IS ("u8", TENON_I64, int64_t, 200);
    IS ("u8", TENON_F32, float, 200);
    is_none ("u8", TENON_I8, "metadata 'u8': 200 is no i8");
    is_none ("u8", TENON_BOOL, "200 is no bool");
    IS ("big", TENON_U64, uint64_t, UINT64_MAX);
    is_none ("big", TENON_I64, "18446744073709551615 is no i64");
    is_none ("big", TENON_F64, "18446744073709551615 is no f64");
    is_none ("odd", TENON_F64, "9007199254740993 is no f64");
    IS ("odd", TENON_I64, int64_t, 9007199254740993);
    IS ("low", TENON_I64, int64_t, INT64_MIN);
    IS ("low", TENON_F32, float, -9223372036854775808.0f);
    is_none ("low", TENON_U64, "-9223372036854775808 is no u64");
    IS ("minus", TENON_I64, int64_t, -1);
    IS ("minus", TENON_F64, double, -1);
    is_none ("minus", TENON_U64, "-1 is no u64");
    IS ("half", TENON_F64, double, 0.5);
    is_none ("half", TENON_U8, "0.5 is no u8");
    IS ("whole", TENON_I8, int8_t, -128);
    is_none ("tenth", TENON_F32, "0.10000000000000001 is no f32");
    is_none ("huge", TENON_F32, "is no f32");
    is_none ("huge", TENON_I64, "is no i64");
    is_none ("two64", TENON_U64, "1.8446744073709552e+19 is no u64");
    is_none ("nan", TENON_I32, "nan is no i32");
    is_none ("inf", TENON_I64, "-inf is no i64");
    IS ("inf", TENON_F32, float, -INFINITY);
    IS ("yes", TENON_U8, uint8_t, 1);
    IS ("yes", TENON_BOOL, uint8_t, 1);
    float number;
    ck_assert_int_eq (tenon_metadata_number (file, "nanxyz", 3, TENON_F32, &number, e), TENON_OK);
    ck_assert (isnan (number));
    is_none ("text", TENON_F64, "metadata 'text': the value is no number, its type is string");
    is_none ("list", TENON_F64, "the value is no number, its type is array");
    tenon_close (file);
}
END_TEST

START_TEST (test_string)
{
    const char *text = (const char *) e;
    uint64_t length = 0;
    begin ();
    ck_assert_int_eq (tenon_metadata_string (file, "text", TENON_NUL, &text, &length, e), TENON_OK);
    ck_assert_uint_eq (length, 8);
    ck_assert_mem_eq (text, "a tensor", 8);
    kit_failed (tenon_metadata_string (file, "u8", 2, &text, &length, e), TENON_E_UNSUPPORTED,
                "metadata 'u8': the value is no string, its type is u8");
    ck_assert_ptr_null (text);
    kit_failed (tenon_metadata_string (file, "u8", 1, &text, &length, e), TENON_E_NOT_FOUND,
                "there is no metadata 'u'");
    tenon_close (file);
}
END_TEST

static struct tenon_value
value_of (const char *key)
{
    return kit_value (file, key);
}

START_TEST (test_arrays)
{
    int16_t same[4];
    double doubles[2];
    uint8_t bytes[4];
    begin ();
    struct tenon_value list = value_of ("list"), none = value_of ("none"), words = value_of ("words");
    ck_assert_int_eq (tenon_metadata_numbers (file, &list, TENON_I16, 0, 4, same, e), TENON_OK);
    ck_assert_mem_eq (same, ((int16_t[]){ 1, -2, 300, 4 }), 8);
    ck_assert_int_eq (tenon_metadata_numbers (file, &list, TENON_F64, 1, 2, doubles, e), TENON_OK);
    ck_assert (doubles[0] == -2 && doubles[1] == 300);
    kit_failed (tenon_metadata_numbers (file, &list, TENON_U8, 2, 2, bytes, e), TENON_E_UNSUPPORTED,
                "item 2: 300 is no u8");
    ck_assert_int_eq (tenon_metadata_numbers (file, &none, TENON_U8, 0, 0, NULL, e), TENON_OK);
    kit_failed (tenon_metadata_numbers (file, &list, TENON_I16, 3, 2, same, e), TENON_E_NOT_FOUND,
                "the array has 4 items");
    kit_failed (tenon_metadata_numbers (file, &list, TENON_I16, 1, UINT64_MAX, same, e), TENON_E_NOT_FOUND,
                "the array has 4 items");
    kit_failed (tenon_metadata_numbers (file, &words, TENON_I16, 0, 1, same, e), TENON_E_UNSUPPORTED,
                "the items are no numbers, their type is string");
    tenon_close (file);
}
END_TEST

START_TEST (test_strings)
{
    const uint64_t *offsets = NULL;
    const char *bytes = NULL;
    tenon_memory *memory = NULL;
    begin ();
    struct tenon_value words = value_of ("words"), list = value_of ("list");
    ck_assert_int_eq (tenon_metadata_strings (file, &words, 0, 4, &offsets, &bytes, &memory, e), TENON_OK);
    ck_assert_mem_eq (offsets, ((uint64_t[]){ 0, 3, 3, 8, 10 }), 40);
    ck_assert_mem_eq (bytes, "onethree\xc3\xa4", 11);
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_metadata_strings (file, &words, 1, 2, &offsets, &bytes, &memory, e), TENON_OK);
    ck_assert_mem_eq (offsets, ((uint64_t[]){ 0, 0, 5 }), 24);
    ck_assert_mem_eq (bytes, "three", 6);
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_metadata_strings (file, &words, 4, 0, &offsets, &bytes, &memory, e), TENON_OK);
    ck_assert_uint_eq (offsets[0], 0);
    tenon_memory_free (memory);
    kit_failed (tenon_metadata_strings (file, &words, 4, 1, &offsets, &bytes, &memory, e), TENON_E_NOT_FOUND,
                "the array has 4 items");
    ck_assert (!memory && !offsets && !bytes);
    kit_failed (tenon_metadata_strings (file, &list, 0, 1, &offsets, &bytes, &memory, e), TENON_E_UNSUPPORTED,
                "the items are no strings, their type is i16");
    tenon_close (file);
}
END_TEST

START_TEST (test_wrong)
{
    uint64_t number = 0, length;
    const uint64_t *offsets;
    const char *text;
    tenon_memory *memory;
    begin ();
    struct tenon_value words = value_of ("words"), other = words;
    kit_failed (tenon_metadata_number (file, "u8", TENON_NUL, TENON_STRING, &number, e), TENON_E_MISUSE,
                "there is no type 62 of numbers");
    kit_failed (tenon_metadata_number (file, "u8", TENON_NUL, TENON_F16, &number, e), TENON_E_MISUSE,
                "there is no type 10 of numbers");
    kit_failed (tenon_metadata_number (NULL, "u8", 2, TENON_U8, &number, e), TENON_E_MISUSE,
                "'file' is NULL");
    kit_failed (tenon_metadata_number (file, NULL, 0, TENON_U8, &number, e), TENON_E_MISUSE, "'key' is NULL");
    kit_failed (tenon_metadata_number (file, "u8", 2, TENON_U8, NULL, e), TENON_E_MISUSE, "'number' is NULL");
    kit_failed (tenon_metadata_string (file, "u8", 2, NULL, &length, e), TENON_E_MISUSE, "'text' is NULL");
    kit_failed (tenon_metadata_string (file, "u8", 2, &text, NULL, e), TENON_E_MISUSE, "'length' is NULL");
    kit_failed (tenon_metadata_numbers (file, NULL, TENON_U8, 0, 1, &number, e), TENON_E_MISUSE,
                "'array' is NULL");
    kit_failed (tenon_metadata_numbers (file, &words, TENON_U8, 0, 1, NULL, e), TENON_E_MISUSE,
                "'numbers' is NULL");
    kit_failed (tenon_metadata_strings (file, &words, 0, 1, NULL, &text, &memory, e), TENON_E_MISUSE,
                "'offsets' is NULL");
    kit_failed (tenon_metadata_strings (file, &words, 0, 1, &offsets, &text, NULL, e), TENON_E_MISUSE,
                "'memory' is NULL");
    other.source = 77;
    kit_failed (tenon_metadata_strings (file, &other, 0, 1, &offsets, &text, &memory, e), TENON_E_MISUSE,
                "the array does not belong to this file");
    other = words;
    other.type = TENON_U8;
    kit_failed (tenon_metadata_strings (file, &other, 0, 0, &offsets, &text, &memory, e), TENON_E_UNSUPPORTED,
                "the value is no array, its type is u8");
    tenon_close (file);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "typed");
    tcase_add_test (tests, test_numbers);
    tcase_add_test (tests, test_string);
    tcase_add_test (tests, test_arrays);
    tcase_add_test (tests, test_strings);
    tcase_add_test (tests, test_wrong);
}

int
main (void)
{
    return kit_main ("typed", fill);
}
