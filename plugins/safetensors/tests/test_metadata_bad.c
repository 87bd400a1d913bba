/* SPDX-License-Identifier: MIT */
/* test_metadata_bad.c - records of types that other programs made, changed or damaged: if anything in one is
 * wrong, all values are the strings of the file, and a note says what is wrong. */
#include "kit.h"

/* "tenon.metadata":"…" of this record, valid until the next call. */
static const char *
record_of (const char *text)
{
    static char room[4096];
    char *end = room + sprintf (room, "\"tenon.metadata\":\"");
    end = quoted (end, text);
    strcpy (end, "\"");
    return room;
}

static tenon_file *
open_with (const char *pairs, const char *record)
{
    char inside[8192];
    snprintf (inside, sizeof inside, "%s%s%s", pairs, pairs[0] ? "," : "", record_of (record));
    return open_metadata (inside);
}

static void
is_string (const tenon_file *file, const char *key, const char *text)
{
    struct tenon_value found = value_of (file, key), wanted = string_of (text, strlen (text));
    expect_same (&found, &wanted, text);
}

/* ---- records that are wrong ---- */

#define PAIRS "\"k\":\"7\",\"s\":\"text\""
#define AT "at byte "
static const struct {
    const char *record, *words;
} wrong[] = {
    { "", AT "0 of it: found the end" },
    { "no", AT "1 of it: found 'o'" },
    { "null", AT "0 of it is something unexpected" },
    { "[]", AT "0 of it is something unexpected" },
    { "{}", AT "1 of it is something unexpected" },
    { "{\"version\":1}", AT "12 of it is something unexpected" },
    { "{\"types\":{},\"version\":1}", AT "2 of it is something unexpected" },
    { "{\"version\":\"1\",\"types\":{}}", "is something unexpected" },
    { "{\"version\":null,\"types\":{}}", "is something unexpected" },
    { "{\"version\":1.0,\"types\":{}}", "whole number" },
    { "{\"version\":-1,\"types\":{}}", "whole number" },
    { "{\"version\":18446744073709551616,\"types\":{}}", "whole number" },
    { "{\"version\":0,\"types\":{}}", "it is of version 0, this program knows 1" },
    { "{\"version\":2,\"types\":{},\"news\":[]}", "it is of version 2, this program knows 1" },
    { "{\"version\":1,\"typen\":{}}", AT "14 of it is something unexpected" },
    { "{\"version\":1,\"types\":[]}", AT "21 of it is something unexpected" },
    { "{\"version\":1,\"types\":{\"k\":\"u8\"}", AT "31 of it: found the end" },
    { "{\"version\":1,\"types\":{\"k\":\"u8\",}}", "of it: found '}', expected a key" },
    { "{\"version\":1,\"types\":{\"x\":\"u8\"}}", "the key 'x' is not there" },
    { "{\"version\":1,\"types\":{\"\":\"u8\"}}", "the key '' is not there" },
    { "{\"version\":1,\"types\":{\"tenon.metadata\":\"u8\"}}", "it names itself" },
    { "{\"version\":1,\"types\":{\"k\":\"u8\",\"k\":\"u8\"}}", "the key 'k' has two types" },
    { "{\"version\":1,\"types\":{\"k\":\"u8\",\"\\u006b\":\"u16\"}}", "the key 'k' has two types" },
    { "{\"version\":1,\"types\":{\"k\":\"u9\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"U8\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"f16\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"array\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"mixed\"}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[\"map\"]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":\"map\"}}", "the key 'k' is no map" },
    { "{\"version\":1,\"types\":{\"k\":[\"mixed\"]}}", "the key 'k' is no array of mixed" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"mixed\",\"value\":[]}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"array\",\"items\":\"map\",\"value\":[]}}",
      "is something unexpected" },
    { "{\"version\":1,\"types\":{\"k\":1}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":null}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":{}}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[\"null\"]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[\"u9\"]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[8]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[[\"u8\"]]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":[\"u8\",\"u8\"]}}", "the key 'k' has no type" },
    { "{\"version\":1,\"types\":{\"k\":tru}}", "of it: found" },
    { "{\"version\":1,\"types\":{},\"order\":{}}", AT "32 of it is something unexpected" },
    { "{\"version\":1,\"types\":{},\"order\":[1]}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"order\":[\"k\",1]}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"order\":[\"x\"]}", "the key 'x' is not there" },
    { "{\"version\":1,\"types\":{},\"order\":[\"k\",\"s\",\"k\"]}", "the key 'k' is in its order twice" },
    { "{\"version\":1,\"types\":{},\"order\":[\"tenon.metadata\"]}", "its order names it" },
    { "{\"version\":1,\"types\":{},\"order\":[],\"order\":[]}", "is something unexpected" },
    { "{\"version\":1,\"order\":[],\"types\":{}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":1}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"u8\"}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"u8\",\"value\":256}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"value\":1,\"type\":\"u8\"}}", "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"u8\",\"value\":1,\"x\":1}}",
      "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"array\",\"items\":\"null\",\"value\":[]}}",
      "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"own\":{\"type\":\"u8\",\"value\":1},\"order\":[]}",
      "is something unexpected" },
    { "{\"version\":1,\"types\":{},\"more\":1}", "is something unexpected" },
    { "{\"version\":1,\"types\":{}} {}", "of it: found '{', expected the end" },
    { "{\"version\":1,\"types\":{}}]", "of it: found ']', expected the end" },
};

START_TEST (wrong_record)
{
    tenon_file *file = open_with (PAIRS, wrong[_i].record);
    ck_assert_msg (file != NULL, "%s: %s", wrong[_i].record, error.message);
    ck_assert_msg (noted (file, "this record of the types of metadata is wrong, and all values are strings")
                       && noted (file, wrong[_i].words),
                   "%s: no note has the words '%s'", wrong[_i].record, wrong[_i].words);
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    is_string (file, "k", "7");
    is_string (file, "s", "text");
    is_string (file, "tenon.metadata", wrong[_i].record);
    ck_assert_str_eq (key_at (file, 0), "k");
    close_file (file);
}
END_TEST

/* ---- values that are not of their types ---- */

static const struct {
    const char *type, *text, *words;
} misfits[] = {
    { "\"map\"", "[]", "is no map" },
    { "\"map\"", "{\"a\":1}", "is no map" },
    { "\"map\"", "{\"a\":{\"type\":\"u8\",\"value\":1}", "is no map: found the end" },
    { "\"map\"", "{\"a\":{\"type\":\"u8\",\"value\":256}}", "is no map" },
    { "\"map\"", "{\"a\":{\"type\":\"mixed\",\"value\":[]}}", "is no map" },
    { "\"map\"", "{\"a\":{\"type\":\"null\",\"value\":null},\"\\u0061\":{\"type\":\"null\",\"value\":null}}",
      "is no map" },
    { "[\"mixed\"]", "{}", "is no array of mixed" },
    { "[\"mixed\"]", "[1]", "is no array of mixed" },
    { "[\"array\"]", "[{\"type\":\"map\",\"value\":{}}]", "is no array of array" },
    { "\"u8\"", "", "is no u8: found the end" },
    { "\"u8\"", "seven", "is no u8: found 's'" },
    { "\"u8\"", "256", "is no u8" },
    { "\"u8\"", "-1", "is no u8: " },
    { "\"u8\"", "1.0", "is no u8: " },
    { "\"u8\"", "1e0", "is no u8: " },
    { "\"u8\"", "01", "is no u8: " },
    { "\"u8\"", "+1", "is no u8: " },
    { "\"u8\"", "0x1", "is no u8: " },
    { "\"u8\"", "1 2", "is no u8: " },
    { "\"u8\"", "true", "is no u8" },
    { "\"u8\"", "\"1\"", "is no u8" },
    { "\"u8\"", "null", "is no u8" },
    { "\"u8\"", "[1]", "is no u8" },
    { "\"u16\"", "65536", "is no u16" },
    { "\"u32\"", "4294967296", "is no u32" },
    { "\"u64\"", "18446744073709551616", "is no u64: " },
    { "\"i8\"", "128", "is no i8" },
    { "\"i8\"", "-129", "is no i8" },
    { "\"i16\"", "32768", "is no i16" },
    { "\"i32\"", "-2147483649", "is no i32" },
    { "\"i64\"", "9223372036854775808", "is no i64: " },
    { "\"i64\"", "-9223372036854775809", "is no i64: " },
    { "\"bool\"", "1", "is no bool" },
    { "\"bool\"", "True", "is no bool: found 'T'" },
    { "\"bool\"", "null", "is no bool" },
    { "\"null\"", "0", "is no null" },
    { "\"f32\"", "3.5e38", "is no f32" },
    { "\"f32\"", "\"1\"", "is no f32" },
    { "\"f32\"", "NaN", "is no f32: " },
    { "\"f32\"", "{\"bits\":0}", "is no f32" },
    { "\"f32\"", "{\"bits\":9221120237041090561}", "is no f32" }, /* bits that only a double has */
    { "\"f64\"", "1e999", "is no f64: " },
    { "\"f64\"", "{\"bits\":4607182418800017408}", "is no f64" }, /* 1.0 */
    { "\"f64\"", "{\"bits\":9221120237041090560,\"x\":1}", "is no f64" },
    { "\"f64\"", "{\"bits\":\"9221120237041090560\"}", "is no f64" },
    { "\"f64\"", "{}", "is no f64" },
    { "\"string\"", "text", "is no string: " },
    { "\"string\"", "1", "is no string" },
    { "\"string\"", "{}", "is no string" },
    { "\"string\"", "{\"hex\":\"f\"}", "is no string" },
    { "\"string\"", "{\"hex\":\"FF\"}", "is no string" },
    { "\"string\"", "{\"hex\":\"ff\",\"x\":1}", "is no string" },
    { "[\"u8\"]", "1", "is no array of u8" },
    { "[\"u8\"]", "{}", "is no array of u8" },
    { "[\"u8\"]", "[1,256]", "is no array of u8" },
    { "[\"u8\"]", "[1,", "is no array of u8: found the end" },
    { "[\"u8\"]", "[1] ]", "is no array of u8: " },
    { "[\"u8\"]", "[[1]]", "is no array of u8" },
    { "[\"string\"]", "[\"a\",1]", "is no array of string" },
    { "[\"f32\"]", "[1,{\"bits\":1}]", "is no array of f32" },
    { "[\"bool\"]", "[true,0]", "is no array of bool" },
    { "[\"array\"]", "[[]]", "is no array of array" },
    { "[\"array\"]", "[{\"type\":\"u8\",\"value\":1}]", "is no array of array" },
    { "[\"array\"]", "[{\"type\":\"array\",\"items\":\"u8\",\"value\":[-1]}]", "is no array of array" },
};

START_TEST (misfit)
{
    char pairs[400], record[400], note[200];
    char *end = pairs + sprintf (pairs, "\"good\":\"5\",\"k\":\"");
    strcpy (quoted (end, misfits[_i].text), "\"");
    snprintf (record, sizeof record, "{\"version\":1,\"types\":{\"good\":\"u8\",\"k\":%s}}",
              misfits[_i].type);
    tenon_file *file = open_with (pairs, record);
    ck_assert_msg (file != NULL, "%s: %s", misfits[_i].text, error.message);
    snprintf (note, sizeof note, "the key 'k' %s", misfits[_i].words);
    ck_assert_msg (noted (file, note), "%s, %s: no note has the words '%s'", misfits[_i].type,
                   misfits[_i].text, note);
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    is_string (file, "good", "5"); /* all or none */
    is_string (file, "k", misfits[_i].text);
    close_file (file);
}
END_TEST

/* ---- what other programs may do ---- */

static const char types[] =
    "{\"version\":1,\"types\":{\"a\":\"u8\",\"b\":[\"f32\"]},\"order\":[\"b\",\"s\",\"a\"]}";

/* The format has no order of keys: with the record there is one. */
START_TEST (keys_in_another_order)
{
    tenon_file *file = open_with ("\"s\":\"text\",\"a\":\"7\",\"b\":\"[1]\"", types);
    ck_assert (file && tenon_metadata_count (file) == 3 && !noted (file, NULL));
    ck_assert_str_eq (key_at (file, 0), "b");
    ck_assert_str_eq (key_at (file, 1), "s");
    ck_assert_str_eq (key_at (file, 2), "a");
    close_file (file);
}
END_TEST

START_TEST (value_changed)
{
    static const uint8_t bytes[] = { 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40 };
    tenon_file *file = open_with ("\"a\":\" 255\\n\",\"b\":\"[ 1 , 2e0 ]\",\"s\":\"7\"", types);
    ck_assert (file && tenon_metadata_count (file) == 3 && !noted (file, NULL));
    struct tenon_value found = value_of (file, "a"), wanted = number_of (TENON_U8, 255);
    expect_same (&found, &wanted, "a");
    found = value_of (file, "b");
    wanted = array_of (TENON_F32, 2, bytes, 8);
    expect_same (&found, &wanted, "b");
    is_string (file, "s", "7");
    close_file (file);
}
END_TEST

START_TEST (key_added)
{
    tenon_file *file = open_with ("\"0\":\"1\",\"a\":\"7\",\"b\":\"[1]\",\"s\":\"text\",\"z\":\"2\"", types);
    static const char *const keys[] = { "b", "s", "a", "0", "z" };
    ck_assert (file && tenon_metadata_count (file) == 5 && !noted (file, NULL));
    for (unsigned i = 0; i < 5; i++)
        ck_assert_str_eq (key_at (file, i), keys[i]);
    is_string (file, "0", "1");
    ck_assert_uint_eq (value_of (file, "a").type, TENON_U8);
    close_file (file);
}
END_TEST

START_TEST (key_removed)
{
    tenon_file *file = open_with ("\"b\":\"[1]\",\"s\":\"text\"", types);
    ck_assert (file && tenon_metadata_count (file) == 3 && noted (file, "the key 'a' is not there"));
    is_string (file, "b", "[1]");
    close_file (file);
    file = open_with ("\"a\":\"7\",\"b\":\"[1]\"", types); /* a string that the order alone names */
    ck_assert (file && tenon_metadata_count (file) == 3 && noted (file, "the key 's' is not there"));
    is_string (file, "a", "7");
    close_file (file);
    file = open_metadata ("\"a\":\"7\",\"b\":\"[1]\",\"s\":\"text\""); /* the record */
    ck_assert (file && tenon_metadata_count (file) == 3 && !noted (file, NULL));
    is_string (file, "a", "7");
    close_file (file);
}
END_TEST

/* A text of another program under that key is unchanged when it is written again. */
START_TEST (record_of_another)
{
    tenon_plan *plan;
    tenon_file *file = open_with (PAIRS, "my own"), *again;
    ck_assert (file && noted (file, "is wrong"));
    ck_assert_int_eq (tenon_plan_new (context, &plan, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &error), TENON_OK);
    again = saved (plan);
    ck_assert (tenon_metadata_count (again) == 3 && !noted (again, NULL));
    is_string (again, "tenon.metadata", "my own");
    is_string (again, "k", "7");
    tenon_close (again);
    close_file (file);
}
END_TEST

/* A violation of the format is refused, with a record and without. */
START_TEST (refused_with_a_record)
{
    static const struct {
        const char *pairs, *words;
    } cases[] = {
        { "\"k\":7", "the value of the metadata key 'k' is no string" },
        { "\"k\":null", "the value of the metadata key 'k' is no string" },
        { "\"k\":\"7\",\"k\":\"8\"", "'k'" },
        { "\"tenon.metadata\":\"x\"", "'tenon.metadata'" },
        { "\"\":\"7\"", "empty" },
        { "\"k\\u0000\":\"7\"", "NUL" },
        { "\"k\":\"7\",", "expected a value" },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tenon_file *file = open_with (cases[i].pairs, "{\"version\":1,\"types\":{}}");
        ck_assert_msg (!file, "%s opens", cases[i].pairs);
        ck_assert_msg (strstr (error.message, cases[i].words) || i == 6, "%s: %s", cases[i].pairs,
                       error.message);
    }
    ck_assert_ptr_null (open_metadata ("\"tenon.metadata\":{\"version\":1,\"types\":{}}"));
    ck_assert_msg (strstr (error.message, "'tenon.metadata' is no string"), "%s", error.message);
}
END_TEST

/* ---- limits ---- */

START_TEST (limits)
{
    set ("limits.metadata_entries=3");
    tenon_file *file = open_with ("\"k\":\"7\",\"s\":\"x\"", "{\"version\":1,\"types\":{\"k\":\"u8\"}}");
    ck_assert (file && tenon_metadata_count (file) == 2);
    close_file (file);
    set ("limits.metadata_entries=2");
    ck_assert_ptr_null (open_with ("\"k\":\"7\",\"s\":\"x\"", "{\"version\":1,\"types\":{\"k\":\"u8\"}}"));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
}
END_TEST

/* Arrays in arrays, as many as a value may have, and one more. */
START_TEST (nested_too_deeply)
{
    for (unsigned depth = 30; depth <= 31; depth++) {
        char text[4096], pairs[8192], *end = text + sprintf (text, "[");
        for (unsigned i = 1; i < depth; i++)
            end += sprintf (end, "{\"type\":\"array\",\"items\":\"array\",\"value\":[");
        end += sprintf (end, "{\"type\":\"array\",\"items\":\"u8\",\"value\":[1]}");
        for (unsigned i = 1; i < depth; i++)
            end += sprintf (end, "]}");
        strcpy (end, "]");
        end = pairs + sprintf (pairs, "\"k\":\"");
        strcpy (quoted (end, text), "\"");
        tenon_file *file = open_with (pairs, "{\"version\":1,\"types\":{\"k\":[\"array\"]}}");
        ck_assert_msg (file != NULL, "%s", error.message);
        ck_assert (noted (file, "the key 'k' is no array of array") == (depth == 31));
        ck_assert_uint_eq (value_of (file, "k").type, depth == 31 ? TENON_STRING : TENON_ARRAY);
        close_file (file);
    }
}
END_TEST

/* ---- damage ---- */

static const char whole[] =
    "{\"__metadata__\":{\"a\":\"7\",\"b\":\"[1.5,{\\\"bits\\\":9221120237041090560}]\",\"h\":\"{\\\"hex\\\":"
    "\\\"ff\\\"}\","
    "\"n\":\"[{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"string\\\",\\\"value\\\":[\\\"x\\\"]}]\",\"s\":"
    "\"t\","
    "\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{\\\"a\\\":\\\"u8\\\",\\\"b\\\":[\\\"f32\\\"],"
    "\\\"h\\\":\\\"string\\\",\\\"n\\\":[\\\"array\\\"]},\\\"order\\\":[\\\"s\\\",\\\"b\\\",\\\"n\\\","
    "\\\"a\\\",\\\"h\\\"],"
    "\\\"own\\\":{\\\"type\\\":\\\"i64\\\",\\\"value\\\":-1}}\"}}";

START_TEST (cut_off)
{
    for (size_t length = 2; length < sizeof whole - 1; length++)
        ck_assert_ptr_null (open_header (whole, length));
}
END_TEST

/* With any byte changed: no crash, and either an error, or all keys with their types, or all as strings. */
START_TEST (every_byte_changed)
{
    unsigned typed = 0, plain = 0, refused = 0;
    size_t key = (size_t) (strstr (whole, "tenon.metadata") - whole);
    for (size_t i = 0; i < sizeof whole - 1; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            char changed[sizeof whole];
            memcpy (changed, whole, sizeof whole);
            changed[i] = (char) (changed[i] ^ 1 << bit);
            tenon_file *file = open_header (changed, sizeof whole - 1);
            if (!file) {
                refused++;
                continue;
            }
            unsigned strings = 0;
            for (uint64_t k = 0; k < tenon_metadata_count (file); k++)
                strings += value_of (file, key_at (file, k)).type == TENON_STRING;
            ck_assert_uint_eq (tenon_metadata_count (file), 6);
            ck_assert_msg (strings == 2 || strings == 6, "byte %zu, bit %u: %u strings", i, bit, strings);
            /* under another key it is no record */
            ck_assert (strings < 6 || noted (file, NULL)
                       || (i >= key && i < key + strlen ("tenon.metadata")));
            typed += strings < 6;
            plain += strings == 6;
            close_file (file);
        }
    ck_assert (typed > 0 && plain > 0 && refused > 0);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("metadata that are bad");
    TCase *cases = tcase_create ("metadata that are bad");
    tcase_add_checked_fixture (cases, setup, teardown);
    tcase_add_loop_test (cases, wrong_record, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_loop_test (cases, misfit, 0, sizeof misfits / sizeof misfits[0]);
    tcase_add_test (cases, keys_in_another_order);
    tcase_add_test (cases, value_changed);
    tcase_add_test (cases, key_added);
    tcase_add_test (cases, key_removed);
    tcase_add_test (cases, record_of_another);
    tcase_add_test (cases, refused_with_a_record);
    tcase_add_test (cases, limits);
    tcase_add_test (cases, nested_too_deeply);
    tcase_add_test (cases, cut_off);
    tcase_add_test (cases, every_byte_changed);
    suite_add_tcase (suite, cases);
    return run_suite (suite);
}
