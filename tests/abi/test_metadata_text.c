/* SPDX-License-Identifier: MIT */
/* test_metadata_text.c - metadata of a plan set from text and removed. */
#include "kit.h"
#include <locale.h>
#include <math.h>

/* ---- from text ---- */

/* The bits that IEEE 754 gives these decimals, by hand. 1.00000017881393432617187499 is a little less than
 * half way between the floats 3f800001 and 3f800002, but half way as the nearest double: rounded twice it
 * would be the even one. */
static const struct scalar {
    const char *type, *text;
    uint32_t number;
    uint64_t bits;
} scalars[] = {
    { "bool", "true", TENON_BOOL, 1 },
    { "bool", "false", TENON_BOOL, 0 },
    { "u8", "255", TENON_U8, 255 },
    { "u16", "65535", TENON_U16, 65535 },
    { "u32", "4294967295", TENON_U32, UINT32_MAX },
    { "u64", "18446744073709551615", TENON_U64, UINT64_MAX },
    { "i8", "-128", TENON_I8, (uint64_t) -128 },
    { "i8", "127", TENON_I8, 127 },
    { "i16", "-32768", TENON_I16, (uint64_t) -32768 },
    { "i32", "-2147483648", TENON_I32, (uint64_t) INT32_MIN },
    { "i64", "-9223372036854775808", TENON_I64, (uint64_t) INT64_MIN },
    { "i64", "9223372036854775807", TENON_I64, INT64_MAX },
    { "f64", "0.1", TENON_F64, UINT64_C (0x3fb999999999999a) },
    { "f64", "-0.0", TENON_F64, UINT64_C (0x8000000000000000) },
    { "f64", "5e-324", TENON_F64, 1 },
    { "f64", "1.7976931348623157e308", TENON_F64, UINT64_C (0x7fefffffffffffff) },
    { "f64", "inf", TENON_F64, UINT64_C (0x7ff0000000000000) },
    { "f32", "-inf", TENON_F32, UINT64_C (0xfff0000000000000) },
    { "f32", "0.1", TENON_F32, UINT64_C (0x3fb99999a0000000) },
    { "f32", "1.00000017881393432617187499", TENON_F32, UINT64_C (0x3ff0000020000000) },
    { "f32", "1e-45", TENON_F32, UINT64_C (0x36a0000000000000) },
};

static void
check_scalars (void)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    char key[16];
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        sprintf (key, "%u", i);
        kit_set_text (plan, key, scalars[i].type, scalars[i].text);
    }
    kit_set_text (plan, "nan", "f64", "nan");
    tenon_file *file = kit_reopen (plan);
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        sprintf (key, "%u", i);
        struct tenon_value value = kit_value (file, key);
        ck_assert_uint_eq (value.type, scalars[i].number);
        ck_assert_msg (value.as.u == scalars[i].bits, "%s %s", scalars[i].type, scalars[i].text);
    }
    ck_assert (isnan (kit_value (file, "nan").as.f));
    tenon_close (file);
}

START_TEST (test_scalars)
{
    check_scalars ();
    /* in a locale whose decimal point is a comma, if the machine has one */
    if (setlocale (LC_ALL, "de_DE.UTF-8") || setlocale (LC_ALL, "fr_FR.UTF-8") || setlocale (LC_ALL, "de_DE"))
        check_scalars ();
    setlocale (LC_ALL, "C");
}
END_TEST

START_TEST (test_arrays)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    kit_set_text (plan, "u8", "array:u8", " [ 0, 255 ] ");
    kit_set_text (plan, "f32", "array:f32", "[1.5,\"NaN\",\"-Infinity\",-0.0]");
    kit_set_text (plan, "u64", "array:u64", "[18446744073709551615]");
    kit_set_text (plan, "bool", "array:bool", "[true,false]");
    kit_set_text (plan, "strings", "array:string", "[\"\",\"a\\u00e9\\n\\\"\",\"b\"]");
    kit_set_text (plan, "none", "array:i16", "[]");
    tenon_file *file = kit_reopen (plan);
    struct tenon_value items[4], array;
    tenon_memory *memory = NULL;
    const void *data;
    uint64_t size;
    static const struct {
        const char *key, *bytes;
        uint32_t type;
        uint64_t size;
    } packed[] = { { "u8", "\x00\xff", TENON_U8, 2 },
                   { "f32", "\0\0\xc0\x3f\0\0\xc0\x7f\0\0\x80\xff\0\0\0\x80", TENON_F32, 16 },
                   { "u64", "\xff\xff\xff\xff\xff\xff\xff\xff", TENON_U64, 8 },
                   { "bool", "\1\0", TENON_BOOL, 2 },
                   { "none", "", TENON_I16, 0 } };
    for (unsigned i = 0; i < sizeof packed / sizeof packed[0]; i++) {
        array = kit_value (file, packed[i].key);
        ck_assert_uint_eq (array.item_type, packed[i].type);
        ck_assert_int_eq (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_OK);
        ck_assert_uint_eq (size, packed[i].size);
        ck_assert_int_eq (memcmp (data, packed[i].bytes, size), 0);
    }
    array = kit_value (file, "strings");
    ck_assert_uint_eq (array.count, 3);
    ck_assert_int_eq (tenon_value_items (file, &array, 0, 3, items, &memory, &kit_error), TENON_OK);
    ck_assert_str_eq (items[0].as.string, "");
    ck_assert_str_eq (items[1].as.string, "a\xc3\xa9\n\"");
    ck_assert_str_eq (items[2].as.string, "b");
    tenon_memory_free (memory);
    tenon_close (file);
}
END_TEST

static const struct {
    const char *type, *text;
    tenon_status status;
    const char *words;
} wrong[] = {
    { "u8", "256", TENON_E_MALFORMED,
      "metadata key 'k': '256' is no u8; expected is a whole number from 0 to 255" },
    { "u8", "-1", TENON_E_MALFORMED, "'-1' is no u8" },
    { "u8", "1.0", TENON_E_MALFORMED, "'1.0' is no u8" },
    { "u8", "1 2", TENON_E_MALFORMED, "'1 2' is no u8" },
    { "u8", "+1", TENON_E_MALFORMED, "'+1' is no u8" },
    { "u8", "", TENON_E_MALFORMED, "'' is no u8" },
    { "u8", "0x10", TENON_E_MALFORMED, "'0x10' is no u8" },
    { "u8", "[1]", TENON_E_MALFORMED, "'[1]' is no u8" },
    { "u64", "18446744073709551616", TENON_E_MALFORMED, "from 0 to 18446744073709551615" },
    { "i8", "128", TENON_E_MALFORMED, "expected is a whole number from -128 to 127" },
    { "i8", "-129", TENON_E_MALFORMED, "'-129' is no i8" },
    { "i64", "9223372036854775808", TENON_E_MALFORMED, "from -9223372036854775808 to 9223372036854775807" },
    { "i64", "-9223372036854775809", TENON_E_MALFORMED, "is no i64" },
    { "bool", "1", TENON_E_MALFORMED, "'1' is no bool; expected is true or false" },
    { "f32", "3.5e38", TENON_E_MALFORMED, "'3.5e38' is no f32; expected is a decimal number" },
    { "f64", "1e309", TENON_E_MALFORMED, "'1e309' is no f64" },
    { "f64", "1,5", TENON_E_MALFORMED, "'1,5' is no f64" },
    { "f64", "\"NaN\"", TENON_E_MALFORMED,
      "is no f64; expected is a decimal number that it can hold, nan, inf or -inf" },
    { "array:u8", "1", TENON_E_MALFORMED, "'1' is no array in JSON" },
    { "array:u8", "[1,2", TENON_E_MALFORMED, "'[1,2' is no array in JSON: found the end" },
    { "array:u8", "[1,2]]", TENON_E_MALFORMED, "is no array in JSON" },
    { "array:u8", "[1,,2]", TENON_E_MALFORMED, "found ','" },
    { "array:u8", "", TENON_E_MALFORMED, "is no array in JSON" },
    { "array:u8", "[1,2,300]", TENON_E_MALFORMED, "'300', item 3 of the array, is no u8" },
    { "array:u8", "[\"1\"]", TENON_E_MALFORMED, "item 1 of the array, is no u8" },
    { "array:f32", "[nan]", TENON_E_MALFORMED, "is no array in JSON" },
    { "array:f32", "[\"nan\"]", TENON_E_MALFORMED, "expected is a decimal number … \"NaN\"" },
    { "array:string", "[1]", TENON_E_MALFORMED,
      "'1', item 1 of the array, is no string; expected is a string in quotes" },
    { "array:string", "[[\"a\"]]", TENON_E_MALFORMED, "item 1 of the array, is no string" },
    { "u33", "1", TENON_E_NOT_FOUND, "metadata key 'k': there is no type 'u33'; expected is bool, u8," },
    { "f16", "1", TENON_E_NOT_FOUND, "there is no type 'f16'" },
    { "array", "[]", TENON_E_NOT_FOUND, "there is no type 'array'" },
    { "array:array", "[]", TENON_E_NOT_FOUND, "there is no type 'array:array'" },
    { "", "1", TENON_E_NOT_FOUND, "there is no type ''" },
};

START_TEST (test_refused)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        kit_failed (tenon_plan_set_metadata (plan, "k", wrong[i].type, wrong[i].text, &kit_error),
                    wrong[i].status, wrong[i].words);
    kit_failed (tenon_plan_set_metadata (plan, "", NULL, "x", &kit_error), TENON_E_MISUSE, "not empty");
    kit_failed (tenon_plan_set_metadata (plan, "\xff", NULL, "x", &kit_error), TENON_E_MISUSE, "UTF-8");
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (tenon_metadata_count (file), 0);
    tenon_close (file);
}
END_TEST

/* ---- what is there ---- */

static const char *
key_of (tenon_file *file, uint64_t index)
{
    tenon_metadata_info info;
    KIT_INIT (info);
    return tenon_metadata_get (file, index, &info) == TENON_OK ? info.key : "";
}

START_TEST (test_keeps_the_type)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    struct tenon_value null = { .type = TENON_NONE },
                       list = { .type = TENON_ARRAY, .item_type = TENON_ARRAY };
    list.source = TENON_NO_SOURCE;
    kit_set_text (plan, "a", "u16", "1");
    kit_set_text (plan, "b", "array:i8", "[1]");
    kit_set_text (plan, "c", NULL, "1");
    kit_set_text (plan, "a", NULL, "65535");
    kit_failed (tenon_plan_set_metadata (plan, "a", NULL, "65536", &kit_error), TENON_E_MALFORMED,
                "is no u16");
    kit_set_text (plan, "b", NULL, "[-1,-2]");
    kit_set_text (plan, "c", NULL, "[x");
    kit_set_text (plan, "c", "f64", "2");
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "null", &null, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "nested", &list, &kit_error), TENON_OK);
    kit_failed (tenon_plan_set_metadata (plan, "null", NULL, "", &kit_error), TENON_E_UNSUPPORTED,
                "'null': values of its type, null, cannot be given as text");
    kit_failed (tenon_plan_set_metadata (plan, "nested", NULL, "[]", &kit_error), TENON_E_UNSUPPORTED,
                "an array of arrays");
    kit_set_text (plan, "null", "string", "x");
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (kit_value (file, "a").type, TENON_U16);
    ck_assert_uint_eq (kit_value (file, "a").as.u, 65535);
    ck_assert_uint_eq (kit_value (file, "b").count, 2);
    ck_assert_uint_eq (kit_value (file, "c").type, TENON_F64);
    ck_assert_uint_eq (kit_value (file, "null").type, TENON_STRING);
    ck_assert_str_eq (key_of (file, 0), "a"); /* a new value keeps the place of the old one */
    ck_assert_str_eq (key_of (file, 2), "c");
    tenon_close (file);
}
END_TEST

START_TEST (test_removed)
{
    tenon_plan *plan = kit_empty_plan ("toyraw"), *more;
    kit_set_text (plan, "a", "u8", "1");
    kit_set_text (plan, "b", "u8", "2");
    kit_set_text (plan, "c", "u8", "3");
    ck_assert_int_eq (tenon_plan_remove_metadata (plan, "a", &kit_error), TENON_OK);
    kit_failed (tenon_plan_remove_metadata (plan, "a", &kit_error), TENON_E_NOT_FOUND,
                "there is no metadata key 'a'");
    kit_failed (tenon_plan_remove_metadata (plan, "", &kit_error), TENON_E_NOT_FOUND, "");
    ck_assert_int_eq (tenon_plan_remove_metadata (plan, "c", &kit_error), TENON_OK);
    kit_set_text (plan, "a", NULL, "new"); /* last, and without the type of the removed one */
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (tenon_metadata_count (file), 2);
    ck_assert_str_eq (key_of (file, 0), "b");
    ck_assert_str_eq (key_of (file, 1), "a");
    ck_assert_uint_eq (kit_value (file, "a").type, TENON_STRING);
    /* also metadata of a file; the rest goes into a new plan */
    ck_assert_int_eq (tenon_plan_new (kit, &more, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata_from (more, file, &kit_error), TENON_OK);
    tenon_close (file);
    for (unsigned i = 0; i < 100; i++) {
        char key[16];
        sprintf (key, "k%u", i);
        kit_set_text (more, key, "u8", "0");
        if (i % 2)
            ck_assert_int_eq (tenon_plan_remove_metadata (more, key, &kit_error), TENON_OK);
    }
    ck_assert_int_eq (tenon_plan_remove_metadata (more, "b", &kit_error), TENON_OK);
    file = kit_reopen (more);
    ck_assert_uint_eq (tenon_metadata_count (file), 51);
    ck_assert_str_eq (key_of (file, 0), "a");
    ck_assert_str_eq (key_of (file, 50), "k98");
    tenon_close (file);
}
END_TEST

/* A new value replaces the old one and adds no entry. */
START_TEST (test_limit)
{
    tenon_plan *plan;
    kit_plugins ("toyraw", "limits.metadata_entries=1");
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_set_text (plan, "a", "u8", "1");
    kit_set_text (plan, "a", "u8", "2");
    kit_failed (tenon_plan_set_metadata (plan, "b", "u8", "3", &kit_error), TENON_E_LIMIT,
                "metadata_entries");
    tenon_file *file = kit_reopen (plan);
    ck_assert_uint_eq (kit_value (file, "a").as.u, 2);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "text");
    tcase_add_test (tests, test_scalars);
    tcase_add_test (tests, test_arrays);
    tcase_add_test (tests, test_refused);
    tcase_add_test (tests, test_keeps_the_type);
    tcase_add_test (tests, test_removed);
    tcase_add_test (tests, test_limit);
}

int
main (void)
{
    return kit_main ("metadata_text", fill_suite);
}
