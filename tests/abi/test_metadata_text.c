/* SPDX-License-Identifier: MIT */
/* test_metadata_text.c - metadata of a plan set from text and removed; arrays of a file walked and mapped. */
#include "kit.h"
#include <float.h>
#include <locale.h>
#include <math.h>

static tenon_plan *
empty_plan (void)
{
    tenon_plan *plan;
    kit_plugins ("toyraw", NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    return plan;
}

static void
set_text (tenon_plan *plan, const char *key, const char *type, const char *text)
{
    tenon_status status = tenon_plan_set_metadata (plan, key, type, text, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

/* Saves the plan, frees it, and opens the file. */
static tenon_file *
save_and_open (tenon_plan *plan)
{
    tenon_status status = kit_write (plan, "f.toyraw", "toyraw", NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    return kit_open ("f.toyraw", NULL, NULL);
}

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
    tenon_plan *plan = empty_plan ();
    char key[16];
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        sprintf (key, "%u", i);
        set_text (plan, key, scalars[i].type, scalars[i].text);
    }
    set_text (plan, "nan", "f64", "nan");
    tenon_file *file = save_and_open (plan);
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
    tenon_plan *plan = empty_plan ();
    set_text (plan, "u8", "array:u8", " [ 0, 255 ] ");
    set_text (plan, "f32", "array:f32", "[1.5,\"NaN\",\"-Infinity\",-0.0]");
    set_text (plan, "u64", "array:u64", "[18446744073709551615]");
    set_text (plan, "bool", "array:bool", "[true,false]");
    set_text (plan, "strings", "array:string", "[\"\",\"a\\u00e9\\n\\\"\",\"b\"]");
    set_text (plan, "none", "array:i16", "[]");
    tenon_file *file = save_and_open (plan);
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
    tenon_plan *plan = empty_plan ();
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        kit_failed (tenon_plan_set_metadata (plan, "k", wrong[i].type, wrong[i].text, &kit_error),
                    wrong[i].status, wrong[i].words);
    kit_failed (tenon_plan_set_metadata (plan, "", NULL, "x", &kit_error), TENON_E_MISUSE, "not empty");
    kit_failed (tenon_plan_set_metadata (plan, "\xff", NULL, "x", &kit_error), TENON_E_MISUSE, "UTF-8");
    tenon_file *file = save_and_open (plan);
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
    tenon_plan *plan = empty_plan ();
    struct tenon_value null = { .type = TENON_NONE },
                       list = { .type = TENON_ARRAY, .item_type = TENON_ARRAY };
    list.source = TENON_NO_SOURCE;
    set_text (plan, "a", "u16", "1");
    set_text (plan, "b", "array:i8", "[1]");
    set_text (plan, "c", NULL, "1");
    set_text (plan, "a", NULL, "65535");
    kit_failed (tenon_plan_set_metadata (plan, "a", NULL, "65536", &kit_error), TENON_E_MALFORMED,
                "is no u16");
    set_text (plan, "b", NULL, "[-1,-2]");
    set_text (plan, "c", NULL, "[x");
    set_text (plan, "c", "f64", "2");
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "null", &null, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "nested", &list, &kit_error), TENON_OK);
    kit_failed (tenon_plan_set_metadata (plan, "null", NULL, "", &kit_error), TENON_E_UNSUPPORTED,
                "'null': values of its type, null, cannot be given as text");
    kit_failed (tenon_plan_set_metadata (plan, "nested", NULL, "[]", &kit_error), TENON_E_UNSUPPORTED,
                "an array of arrays");
    set_text (plan, "null", "string", "x");
    tenon_file *file = save_and_open (plan);
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
    tenon_plan *plan = empty_plan (), *more;
    set_text (plan, "a", "u8", "1");
    set_text (plan, "b", "u8", "2");
    set_text (plan, "c", "u8", "3");
    ck_assert_int_eq (tenon_plan_remove_metadata (plan, "a", &kit_error), TENON_OK);
    kit_failed (tenon_plan_remove_metadata (plan, "a", &kit_error), TENON_E_NOT_FOUND,
                "there is no metadata key 'a'");
    kit_failed (tenon_plan_remove_metadata (plan, "", &kit_error), TENON_E_NOT_FOUND, "");
    ck_assert_int_eq (tenon_plan_remove_metadata (plan, "c", &kit_error), TENON_OK);
    set_text (plan, "a", NULL, "new"); /* last, and without the type of the removed one */
    tenon_file *file = save_and_open (plan);
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
        set_text (more, key, "u8", "0");
        if (i % 2)
            ck_assert_int_eq (tenon_plan_remove_metadata (more, key, &kit_error), TENON_OK);
    }
    ck_assert_int_eq (tenon_plan_remove_metadata (more, "b", &kit_error), TENON_OK);
    file = save_and_open (more);
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
    set_text (plan, "a", "u8", "1");
    set_text (plan, "a", "u8", "2");
    kit_failed (tenon_plan_set_metadata (plan, "b", "u8", "3", &kit_error), TENON_E_LIMIT,
                "metadata_entries");
    tenon_file *file = save_and_open (plan);
    ck_assert_uint_eq (kit_value (file, "a").as.u, 2);
    tenon_close (file);
}
END_TEST

/* ---- items of arrays ---- */

static tenon_item_text
new_item (uint64_t index, const char *text)
{
    return (tenon_item_text){ sizeof (tenon_item_text), 0, index, text, strlen (text) };
}

static void
set_item (tenon_plan *plan, const char *key, uint64_t index, const char *text)
{
    tenon_item_text item = new_item (index, text);
    tenon_status status = tenon_plan_set_metadata_items (plan, key, &item, 1, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static void
item_refused (tenon_plan *plan, const char *key, uint64_t index, const char *text, tenon_status status,
              const char *words)
{
    tenon_item_text item = new_item (index, text);
    kit_failed (tenon_plan_set_metadata_items (plan, key, &item, 1, &kit_error), status, words);
}

static void
add_packed (tenon_plan *plan, const char *key, uint32_t type, uint64_t count, uint32_t encoding,
            const char *bytes, uint64_t length)
{
    struct tenon_value value = { .type = TENON_ARRAY,
                                 .item_type = type,
                                 .count = count,
                                 .encoding = encoding,
                                 .source = TENON_NO_SOURCE,
                                 .length = length,
                                 .as.memory = bytes };
    tenon_status status = tenon_plan_add_metadata (plan, key, &value, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

/* The strings of an array, each with a '|' behind it. */
static void
strings_are (tenon_file *file, const char *key, const char *expected)
{
    struct tenon_value array = kit_value (file, key), item;
    char found[200] = "";
    for (uint64_t i = 0; i < array.count; i++) {
        tenon_memory *memory = NULL;
        ck_assert_int_eq (tenon_value_items (file, &array, i, 1, &item, &memory, &kit_error), TENON_OK);
        strncat (strncat (found, item.as.string, (size_t) item.count), "|", 2);
        tenon_memory_free (memory);
    }
    ck_assert_str_eq (found, expected);
}

static void
bytes_are (tenon_file *file, const char *key, const char *expected, uint64_t length)
{
    struct tenon_value array = kit_value (file, key), item;
    for (uint64_t i = 0; i < array.count; i++) {
        ck_assert_int_eq (tenon_value_items (file, &array, i, 1, &item, NULL, &kit_error), TENON_OK);
        ck_assert_int_eq (memcmp (&item.as, expected + i * length / array.count, length / array.count), 0);
    }
}

/* Strings of both lengths and orders, in memory and then of a file; numbers of both orders; an f32 beside a
 * NaN with a payload, whose bits stay. */
START_TEST (test_items)
{
    tenon_plan *plan = empty_plan ();
    add_packed (plan, "s32", TENON_STRING, 3, TENON_STRINGS_32, "\1\0\0\0a\0\0\0\0\2\0\0\0bc", 15);
    add_packed (plan, "s32b", TENON_STRING, 2, TENON_STRINGS_32 | TENON_ENCODING_BIG, "\0\0\0\1a\0\0\0\1b",
                10);
    add_packed (plan, "s64", TENON_STRING, 1, TENON_STRINGS_64, "\1\0\0\0\0\0\0\0x", 9);
    add_packed (plan, "u16b", TENON_U16, 3, TENON_ENCODING_BIG, "\0\1\0\2\0\3", 6);
    add_packed (plan, "f32", TENON_F32, 2, 0, "\x01\x02\xc0\x7f\0\0\x80\x3f", 8);
    set_item (plan, "s32", 1, "longer");
    set_item (plan, "s32b", 1, "");
    set_item (plan, "s64", 0, "y\xc3\xa9");
    set_item (plan, "u16b", 1, "513");
    set_item (plan, "f32", 1, "-inf");
    tenon_file *file = save_and_open (plan);
    strings_are (file, "s32", "a|longer|bc|");
    strings_are (file, "s32b", "a||");
    strings_are (file, "s64", "y\xc3\xa9|");
    bytes_are (file, "u16b", "\1\0\1\2\3\0", 6);
    struct tenon_value array = kit_value (file, "f32");
    const void *data;
    uint64_t size;
    ck_assert_int_eq (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_OK);
    ck_assert_int_eq (memcmp (data, "\x01\x02\xc0\x7f\0\0\x80\xff", 8), 0);
    /* arrays that are ranges of a file; several at once, in any order, the last of one item counts */
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata_from (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    tenon_item_text items[] = { new_item (2, "end"), new_item (0, "no"), new_item (0, "begin\n") };
    items[0].length = 2;
    ck_assert_int_eq (tenon_plan_set_metadata_items (plan, "s32", items, 3, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_set_metadata_items (plan, "s64", items, 0, &kit_error), TENON_OK);
    set_item (plan, "u16b", 2, " 65535\n");
    file = save_and_open (plan);
    strings_are (file, "s32", "begin\n|longer|en|");
    strings_are (file, "s64", "y\xc3\xa9|");
    bytes_are (file, "u16b", "\1\0\1\2\xff\xff", 6);
    tenon_close (file);
}
END_TEST

START_TEST (test_items_refused)
{
    tenon_plan *plan = empty_plan ();
    struct tenon_value list = { .type = TENON_ARRAY, .item_type = TENON_ARRAY, .source = TENON_NO_SOURCE };
    set_text (plan, "a", "array:u8", "[1,2]");
    set_text (plan, "s", "array:string", "[\"x\"]");
    set_text (plan, "t", NULL, "text");
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "nested", &list, &kit_error), TENON_OK);
    item_refused (plan, "a", 2, "3", TENON_E_NOT_FOUND,
                  "metadata key 'a': there is no item 2, the array has 2, from 0 on");
    item_refused (plan, "a", UINT64_MAX, "3", TENON_E_NOT_FOUND, "there is no item 18446744073709551615");
    item_refused (plan, "a", 1, "256", TENON_E_MALFORMED,
                  "metadata key 'a': '256', the new item 1, is no u8; expected is a whole number");
    item_refused (plan, "a", 1, "", TENON_E_MALFORMED, "is no u8");
    item_refused (plan, "b", 0, "1", TENON_E_NOT_FOUND, "there is no metadata key 'b'");
    item_refused (plan, "t", 0, "1", TENON_E_UNSUPPORTED, "its value is no array");
    item_refused (plan, "nested", 0, "1", TENON_E_UNSUPPORTED, "an array of arrays");
    tenon_item_text items[] = { new_item (0, "7"), new_item (1, "x") };
    kit_failed (tenon_plan_set_metadata_items (plan, "a", items, 2, &kit_error), TENON_E_MALFORMED, "'x'");
    items[1].struct_size = 4;
    kit_failed (tenon_plan_set_metadata_items (plan, "a", items, 2, &kit_error), TENON_E_MISUSE,
                "struct_size");
    items[1] = (tenon_item_text){ sizeof items[1], 0, 1, NULL, 1 };
    kit_failed (tenon_plan_set_metadata_items (plan, "a", items, 2, &kit_error), TENON_E_MISUSE,
                "a tenon_item_text of 1 bytes has no text");
    items[0] = (tenon_item_text){ sizeof items[0], 0, 0, NULL, 0 };
    ck_assert_int_eq (tenon_plan_set_metadata_items (plan, "s", items, 1, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_remove_metadata (plan, "nested", &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_set_metadata_text (plan, "t", NULL, "a\0b", 3, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_set_metadata_text (plan, "n", "u8", "12", 1, &kit_error), TENON_OK);
    tenon_file *file = save_and_open (plan);
    bytes_are (file, "a", "\1\2", 2);
    ck_assert_uint_eq (kit_value (file, "t").count, 3);
    ck_assert_int_eq (memcmp (kit_value (file, "t").as.string, "a\0b", 3), 0);
    ck_assert_uint_eq (kit_value (file, "n").as.u, 1);
    strings_are (file, "s", "|");
    tenon_close (file);
}
END_TEST

/* ---- arrays of a file ---- */

#define STRINGS 100000u

static void
make_many (tenon_plan *plan)
{
    uint8_t *bytes = malloc (STRINGS * 16), *at = bytes;
    struct tenon_value value = { .type = TENON_ARRAY, .item_type = TENON_STRING, .source = TENON_NO_SOURCE };
    for (unsigned i = 0; i < STRINGS; i++) {
        int length = sprintf ((char *) at + 4, "%u", i);
        memcpy (at, &(uint8_t[4]){ (uint8_t) length }, 4);
        at += 4 + length;
    }
    value.count = STRINGS;
    value.encoding = TENON_STRINGS_32;
    value.length = (uint64_t) (at - bytes);
    value.as.memory = bytes;
    tenon_status status = tenon_plan_add_metadata (plan, "many", &value, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    free (bytes);
}

START_TEST (test_take)
{
    tenon_plan *plan = empty_plan ();
    make_many (plan);
    set_text (plan, "i16", "array:i16", "[1,-2,3]");
    set_text (plan, "text", NULL, "x");
    tenon_file *file = save_and_open (plan);
    struct tenon_value rest = kit_value (file, "many"), items[700], whole = rest;
    tenon_memory *memory = NULL;
    for (unsigned done = 0; rest.count > 0; done += 700) {
        uint64_t n = rest.count < 700 ? rest.count : 700;
        ck_assert_uint_eq (rest.count, STRINGS - done);
        ck_assert_int_eq (tenon_value_take (file, &rest, n, items, &memory, &kit_error), TENON_OK);
        ck_assert_uint_eq (strtoul (items[n - 1].as.string, NULL, 10), done + n - 1);
        tenon_memory_free (memory);
    }
    ck_assert_uint_eq (rest.length, 0);
    ck_assert_uint_eq (rest.offset, whole.offset + whole.length);
    kit_failed (tenon_value_take (file, &rest, 1, items, &memory, &kit_error), TENON_E_MISUSE, "");
    rest = kit_value (file, "i16");
    ck_assert_int_eq (tenon_value_take (file, &rest, 2, items, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (items[1].as.i, -2);
    kit_failed (tenon_value_take (file, &rest, 2, items, NULL, &kit_error), TENON_E_MISUSE, "items");
    ck_assert_int_eq (tenon_value_take (file, &rest, 1, items, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (items[0].as.i, 3);
    rest = kit_value (file, "text");
    kit_failed (tenon_value_take (file, &rest, 1, items, NULL, &kit_error), TENON_E_MISUSE, "");
    tenon_close (file);
}
END_TEST

START_TEST (test_take_nested)
{
    static const uint8_t one = 1;
    struct tenon_value inner[3], nested, items[2];
    tenon_plan *plan = empty_plan ();
    for (unsigned i = 0; i < 3; i++)
        inner[i] = (struct tenon_value){ .type = TENON_ARRAY,
                                         .item_type = TENON_U8,
                                         .count = i < 2,
                                         .length = i < 2,
                                         .source = TENON_NO_SOURCE,
                                         .as.memory = &one };
    nested = (struct tenon_value){ .type = TENON_ARRAY,
                                   .item_type = TENON_ARRAY,
                                   .count = 3,
                                   .source = TENON_NO_SOURCE,
                                   .as.items = inner };
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "k", &nested, &kit_error), TENON_OK);
    tenon_file *file = save_and_open (plan);
    nested = kit_value (file, "k");
    ck_assert_int_eq (tenon_value_take (file, &nested, 2, items, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (items[1].count, 1);
    ck_assert_int_eq (tenon_value_take (file, &nested, 1, items, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (items[0].count, 0);
    ck_assert_uint_eq (nested.count, 0);
    tenon_close (file);
}
END_TEST

START_TEST (test_map)
{
    tenon_plan *plan = empty_plan ();
    const void *data;
    uint64_t size;
    set_text (plan, "strings", "array:string", "[\"a\",\"\"]");
    set_text (plan, "text", NULL, "x");
    tenon_file *file = save_and_open (plan);
    struct tenon_value array = kit_value (file, "strings"), text = kit_value (file, "text");
    ck_assert_int_eq (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, array.length);
    ck_assert_uint_eq (array.encoding, TENON_STRINGS_32);
    ck_assert_uint_eq (size, 9);
    ck_assert_int_eq (memcmp (data, "\1\0\0\0a\0\0\0\0", 9), 0);
    kit_failed (tenon_value_map (file, &text, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE, "only arrays");
    ck_assert (!data && !size);
    array.offset = UINT64_MAX;
    kit_failed (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_E_MISUSE,
                "none of this file");
    array.offset = 0, array.source = 77;
    kit_failed (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_E_MISUSE,
                "none of this file");
    tenon_close (file);
    tenon_open_options options;
    KIT_INIT (options);
    options.flags = TENON_OPEN_NO_MAP;
    ck_assert_int_eq (tenon_open (kit, kit_path ("f.toyraw"), &options, &file, &kit_error), TENON_OK);
    array = kit_value (file, "strings");
    kit_failed (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE, "");
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
    tcase_add_test (tests, test_items);
    tcase_add_test (tests, test_items_refused);
    tests = kit_case (suite, "arrays");
    tcase_add_test (tests, test_take);
    tcase_add_test (tests, test_take_nested);
    tcase_add_test (tests, test_map);
}

int
main (void)
{
    return kit_main ("edit", fill_suite);
}
