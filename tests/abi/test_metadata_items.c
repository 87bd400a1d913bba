/* SPDX-License-Identifier: MIT */
/* test_metadata_items.c - items of arrays in metadata, set one by one; arrays of a file walked and mapped. */
#include "kit.h"

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
    tenon_plan *plan = kit_empty_plan ("toyraw");
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
    tenon_file *file = kit_reopen (plan);
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
    file = kit_reopen (plan);
    strings_are (file, "s32", "begin\n|longer|en|");
    strings_are (file, "s64", "y\xc3\xa9|");
    bytes_are (file, "u16b", "\1\0\1\2\xff\xff", 6);
    tenon_close (file);
}
END_TEST

START_TEST (test_items_refused)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    struct tenon_value list = { .type = TENON_ARRAY, .item_type = TENON_ARRAY, .source = TENON_NO_SOURCE };
    kit_set_text (plan, "a", "array:u8", "[1,2]");
    kit_set_text (plan, "s", "array:string", "[\"x\"]");
    kit_set_text (plan, "t", NULL, "text");
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
    tenon_file *file = kit_reopen (plan);
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
    tenon_plan *plan = kit_empty_plan ("toyraw");
    make_many (plan);
    kit_set_text (plan, "i16", "array:i16", "[1,-2,3]");
    kit_set_text (plan, "text", NULL, "x");
    tenon_file *file = kit_reopen (plan);
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
    tenon_plan *plan = kit_empty_plan ("toyraw");
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
    tenon_file *file = kit_reopen (plan);
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
    tenon_plan *plan = kit_empty_plan ("toyraw");
    const void *data;
    uint64_t size;
    kit_set_text (plan, "strings", "array:string", "[\"a\",\"\"]");
    kit_set_text (plan, "text", NULL, "x");
    tenon_file *file = kit_reopen (plan);
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
                "the array does not belong to this file");
    array.offset = 0, array.source = 77;
    kit_failed (tenon_value_map (file, &array, &data, &size, &kit_error), TENON_E_MISUSE,
                "the array does not belong to this file");
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
    TCase *tests = kit_case (suite, "items");
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
    return kit_main ("metadata_items", fill_suite);
}
