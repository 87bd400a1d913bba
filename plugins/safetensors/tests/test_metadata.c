/* SPDX-License-Identifier: MIT */
/* test_metadata.c - metadata of every type: the text of each value, and its way back bit for bit. */
#include "kit.h"

/* ---- one value, and its text ---- */

#define ONE(text, type) "{\"__metadata__\":{\"k\":\"" text "\",\"tenon.metadata\":\"" TYPES (type) "\"}}"
#define TYPES(type) "{\\\"version\\\":1,\\\"types\\\":{\\\"k\\\":" type "}}"
#define WORD(type) "\\\"" type "\\\""
#define BITS(number) "{\\\"bits\\\":" number "}"

/* Integers are decimal; floats are the shortest decimal that reads as the same number, as Python's repr has
 * it; infinities and NaNs are the bits of a double. The f32 values are given as doubles. */
static const struct {
    uint32_t type;
    uint64_t bits;
    const char *header;
} scalars[] = {
    { TENON_NONE, 0, ONE ("null", WORD ("null")) },
    { TENON_BOOL, 0, ONE ("false", WORD ("bool")) },
    { TENON_BOOL, 1, ONE ("true", WORD ("bool")) },
    { TENON_U8, 0, ONE ("0", WORD ("u8")) },
    { TENON_U8, 255, ONE ("255", WORD ("u8")) },
    { TENON_U16, 65535, ONE ("65535", WORD ("u16")) },
    { TENON_U32, 4294967295, ONE ("4294967295", WORD ("u32")) },
    { TENON_U64, 9007199254740993, ONE ("9007199254740993", WORD ("u64")) }, /* 2^53 + 1: no double */
    { TENON_U64, UINT64_MAX, ONE ("18446744073709551615", WORD ("u64")) },
    { TENON_I8, (uint64_t) -128, ONE ("-128", WORD ("i8")) },
    { TENON_I8, 127, ONE ("127", WORD ("i8")) },
    { TENON_I16, (uint64_t) -32768, ONE ("-32768", WORD ("i16")) },
    { TENON_I16, 32767, ONE ("32767", WORD ("i16")) },
    { TENON_I32, (uint64_t) -2147483648, ONE ("-2147483648", WORD ("i32")) },
    { TENON_I32, 2147483647, ONE ("2147483647", WORD ("i32")) },
    { TENON_I64, (uint64_t) INT64_MIN, ONE ("-9223372036854775808", WORD ("i64")) },
    { TENON_I64, INT64_MAX, ONE ("9223372036854775807", WORD ("i64")) },
    { TENON_F64, 0, ONE ("0.0", WORD ("f64")) },
    { TENON_F64, 0x8000000000000000, ONE ("-0.0", WORD ("f64")) },
    { TENON_F64, 0x3ff0000000000000, ONE ("1.0", WORD ("f64")) },
    { TENON_F64, 0x3fb999999999999a, ONE ("0.1", WORD ("f64")) },
    { TENON_F64, 0x4340000000000001, ONE ("9007199254740994.0", WORD ("f64")) },
    { TENON_F64, 1, ONE ("5e-324", WORD ("f64")) }, /* the least one */
    { TENON_F64, 0x000fffffffffffff, ONE ("2.225073858507201e-308", WORD ("f64")) },
    { TENON_F64, 0x7fefffffffffffff, ONE ("1.7976931348623157e+308", WORD ("f64")) },
    { TENON_F64, 0x7ff0000000000000, ONE (BITS ("9218868437227405312"), WORD ("f64")) },
    { TENON_F64, 0xfff0000000000000, ONE (BITS ("18442240474082181120"), WORD ("f64")) },
    { TENON_F64, 0x7ff8000000000000, ONE (BITS ("9221120237041090560"), WORD ("f64")) },
    { TENON_F64, 0xfff8000000000123, ONE (BITS ("18444492273895866659"), WORD ("f64")) },
    { TENON_F64, 0x7ff0000000000001, ONE (BITS ("9218868437227405313"), WORD ("f64")) }, /* signalling */
    { TENON_F32, 0, ONE ("0.0", WORD ("f32")) },
    { TENON_F32, 0x8000000000000000, ONE ("-0.0", WORD ("f32")) },
    { TENON_F32, 0x3fb99999a0000000, ONE ("0.1", WORD ("f32")) },
    { TENON_F32, 0x36a0000000000000, ONE ("1e-45", WORD ("f32")) }, /* 2^-149, the least one */
    { TENON_F32, 0x3810000000000000, ONE ("1.1754944e-38", WORD ("f32")) },
    { TENON_F32, 0x47efffffe0000000, ONE ("3.4028235e+38", WORD ("f32")) },
    { TENON_F32, 0x7ff0000000000000, ONE (BITS ("9218868437227405312"), WORD ("f32")) },
    { TENON_F32, 0x7ff8000020000000, ONE (BITS ("9221120237577961472"), WORD ("f32")) },  /* 7fc00001 */
    { TENON_F32, 0xfff0000020000000, ONE (BITS ("18442240474619052032"), WORD ("f32")) }, /* ff800001 */
};

START_TEST (scalar_as_text)
{
    struct tenon_value wanted = number_of (scalars[_i].type, scalars[_i].bits);
    tenon_plan *plan = plan_begin ();
    add (plan, "k", wanted);
    writes (plan, scalars[_i].header);
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "k");
    ck_assert (tenon_metadata_count (file) == 1 && !noted (file, NULL));
    expect_same (&found, &wanted, scalars[_i].header);
    tenon_close (file);
}
END_TEST

static const uint8_t numbers[] = { 1, 2, 3, 4, 5, 6, 7, 0xff };
/* -0.0, a NaN, an infinity */
static const uint8_t floats[] = { 0, 0, 0, 0x80, 1, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff };
static const uint8_t texts[] = { 0, 0, 0,   0, 0, 0, 0, 0, 1, 0, 0, 0,   0,    0,
                                 0, 0, 'a', 3, 0, 0, 0, 0, 0, 0, 0, '"', 0xc3, 0xa4 };
static const uint8_t odd[] = { 1, 0, 0, 0, 0, 0, 0, 0, 'a', 2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0 };

static const struct {
    uint32_t type, count;
    const void *bytes;
    uint32_t length;
    const char *header;
} arrays[] = {
    { TENON_U8, 8, numbers, 8, ONE ("[1,2,3,4,5,6,7,255]", "[\\\"u8\\\"]") },
    { TENON_I8, 8, numbers, 8, ONE ("[1,2,3,4,5,6,7,-1]", "[\\\"i8\\\"]") },
    { TENON_U16, 4, numbers, 8, ONE ("[513,1027,1541,65287]", "[\\\"u16\\\"]") },
    { TENON_I16, 4, numbers, 8, ONE ("[513,1027,1541,-249]", "[\\\"i16\\\"]") },
    { TENON_U32, 2, numbers, 8, ONE ("[67305985,4278650373]", "[\\\"u32\\\"]") },
    { TENON_I32, 2, numbers, 8, ONE ("[67305985,-16316923]", "[\\\"i32\\\"]") },
    { TENON_U64, 1, numbers, 8, ONE ("[18376663423120507393]", "[\\\"u64\\\"]") },
    { TENON_I64, 1, numbers, 8, ONE ("[-70080650589044223]", "[\\\"i64\\\"]") },
    { TENON_BOOL, 3, "\1\0\1", 3, ONE ("[true,false,true]", "[\\\"bool\\\"]") },
    { TENON_F32, 3, floats, 12,
      ONE ("[-0.0," BITS ("9221120237577961472") "," BITS ("18442240474082181120") "]", "[\\\"f32\\\"]") },
    { TENON_F64, 1, "\0\0\0\0\0\0\xf8\x3f", 8, ONE ("[1.5]", "[\\\"f64\\\"]") },
    { TENON_STRING, 3, texts, sizeof texts,
      ONE ("[\\\"\\\",\\\"a\\\",\\\"\\\\\\\"\xc3\xa4\\\"]", "[\\\"string\\\"]") },
    { TENON_STRING, 2, odd, sizeof odd, ONE ("[\\\"a\\\",{\\\"hex\\\":\\\"ff00\\\"}]", "[\\\"string\\\"]") },
    { TENON_U8, 0, NULL, 0, ONE ("[]", "[\\\"u8\\\"]") },
    { TENON_F64, 0, NULL, 0, ONE ("[]", "[\\\"f64\\\"]") },
    { TENON_STRING, 0, NULL, 0, ONE ("[]", "[\\\"string\\\"]") },
};

START_TEST (array_as_text)
{
    struct tenon_value wanted =
        array_of (arrays[_i].type, arrays[_i].count, arrays[_i].bytes, arrays[_i].length);
    tenon_plan *plan = plan_begin ();
    add (plan, "k", wanted);
    writes (plan, arrays[_i].header);
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "k");
    ck_assert (tenon_metadata_count (file) == 1 && !noted (file, NULL));
    expect_same (&found, &wanted, arrays[_i].header);
    tenon_close (file);
}
END_TEST

START_TEST (nested)
{
    struct tenon_value inner[2], outer[2], chain[31];
    inner[0] = array_of (TENON_U8, 2, numbers, 2);
    inner[1] = array_of (TENON_STRING, 1, texts + 8, 9);
    outer[0] = nested_of (inner, 2);
    outer[1] = nested_of (NULL, 0);
    struct tenon_value wanted = nested_of (outer, 2);
    tenon_plan *plan = plan_begin ();
    add (plan, "k", wanted);
    writes (plan,
            ONE ("[{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"array\\\",\\\"value\\\":["
                 "{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"u8\\\",\\\"value\\\":[1,2]},"
                 "{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"string\\\",\\\"value\\\":[\\\"a\\\"]}]},"
                 "{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"array\\\",\\\"value\\\":[]}]",
                 "[\\\"array\\\"]"));
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "k");
    expect_same (&found, &wanted, "nested");
    tenon_close (file);
    /* the deepest nesting, and one deeper */
    chain[0] = array_of (TENON_U8, 1, numbers, 1);
    for (unsigned i = 1; i < 31; i++)
        chain[i] = nested_of (&chain[i - 1], 1);
    plan = plan_begin ();
    add (plan, "k", chain[30]);
    file = saved (plan);
    found = value_of (file, "k");
    expect_same (&found, &chain[30], "deep");
    tenon_close (file);
    plan = plan_begin ();
    add (plan, "k", nested_of (&chain[30], 1));
    ck_assert_int_eq (save_with (plan, 0, NULL), TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "nests 31 deep"), "%s", error.message);
    tenon_plan_free (plan);
}
END_TEST

START_TEST (trees)
{
    struct tenon_value inner[] = { string_of ("b", 1), number_of (TENON_U8, 7) },
                       items[] = { number_of (TENON_NONE, 0), map_of (inner, 1) },
                       entries[] = { string_of ("a", 1), mixed_of (items, 2), string_of ("", 0),
                                     map_of (NULL, 0) },
                       map = map_of (entries, 2), tree = tree_of_all_kinds ();
    tenon_plan *plan = plan_begin ();
    add (plan, "k", map);
    writes (plan,
            ONE ("{\\\"a\\\":{\\\"type\\\":\\\"array\\\",\\\"items\\\":\\\"mixed\\\",\\\"value\\\":["
                 "{\\\"type\\\":\\\"null\\\",\\\"value\\\":null},{\\\"type\\\":\\\"map\\\",\\\"value\\\":"
                 "{\\\"b\\\":{\\\"type\\\":\\\"u8\\\",\\\"value\\\":7}}}]},"
                 "\\\"\\\":{\\\"type\\\":\\\"map\\\",\\\"value\\\":{}}}",
                 "\\\"map\\\""));
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "k");
    expect_same (&found, &map, "map");
    tenon_close (file);
    plan = plan_begin ();
    add (plan, "tree", tree);
    add (plan, "mixed", tree.as.items[1]);
    file = saved (plan);
    found = value_of (file, "tree");
    expect_same (&found, &tree, "tree");
    found = value_of (file, "mixed");
    expect_same (&found, &tree.as.items[1], "mixed");
    tenon_close (file);
}
END_TEST

/* Numbers that a file holds big-endian, and strings with short lengths, are the same values. */
START_TEST (other_encodings)
{
    static const uint8_t big[] = { 1, 2, 3, 4 }, little[] = { 2, 1, 4, 3 };
    static const uint8_t wide[] = { 2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i' }, narrow[] = { 0, 0, 0, 2, 'h', 'i' };
    struct tenon_value ids = array_of (TENON_U16, 2, big, 4), words = array_of (TENON_STRING, 1, narrow, 6);
    ids.encoding = TENON_ENCODING_BIG;
    words.encoding = TENON_ENCODING_BIG | TENON_STRINGS_32;
    tenon_plan *plan = plan_begin ();
    add (plan, "ids", ids);
    add (plan, "words", words);
    tenon_file *file = saved (plan);
    struct tenon_value found = value_of (file, "ids"), wanted = array_of (TENON_U16, 2, little, 4);
    expect_same (&found, &wanted, "ids");
    found = value_of (file, "words");
    wanted = array_of (TENON_STRING, 1, wide, 10);
    expect_same (&found, &wanted, "words");
    tenon_close (file);
}
END_TEST

START_TEST (every_kind_of_float)
{
    uint8_t *bytes = floats_of_all_kinds ();
    struct tenon_value wanted = array_of (TENON_F32, VALUES_FLOATS, bytes, 4 * VALUES_FLOATS);
    tenon_plan *plan = plan_begin ();
    add (plan, "floats", wanted);
    tenon_file *file = saved (plan);
    struct tenon_value found = value_of (file, "floats");
    expect_same (&found, &wanted, "floats");
    tenon_close (file);
    free (bytes);
}
END_TEST

/* ---- strings ---- */

/* A file of strings has the bytes that the reference writes. */
START_TEST (strings_alone)
{
    tenon_plan *plan = plan_begin ();
    add (plan, "z", string_of ("", 0));
    add (plan, "q\"\\", string_of ("a\"b\\c\n\x01", 7));
    add (plan, "a\xc3\xa4", string_of ("\xf0\x9f\x98\x80", 4));
    add (plan, "number", string_of ("1", 1));
    add_tensor (plan, "t");
    writes (plan, "{\"__metadata__\":{\"a\xc3\xa4\":\"\xf0\x9f\x98\x80\",\"number\":\"1\","
                  "\"q\\\"\\\\\":\"a\\\"b\\\\c\\n\\u0001\",\"z\":\"\"},"
                  "\"t\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}");
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "q\"\\"), wanted = string_of ("a\"b\\c\n\x01", 7);
    expect_same (&found, &wanted, "q");
    ck_assert_uint_eq (tenon_metadata_count (file), 4);
    ck_assert_str_eq (key_at (file, 0), "a\xc3\xa4");
    tenon_close (file);
}
END_TEST

/* A string that is not UTF-8 is no string of the format: it has a type, and hexadecimal digits. */
START_TEST (strings_that_are_bytes)
{
    tenon_plan *plan = plan_begin ();
    add (plan, "bytes", string_of ("\xff\0\xfe", 3));
    add (plan, "surrogate", string_of ("\xed\xa0\x80", 3));
    add (plan, "text", string_of ("a\0b", 3));
    writes (plan, "{\"__metadata__\":{\"bytes\":\"{\\\"hex\\\":\\\"ff00fe\\\"}\","
                  "\"surrogate\":\"{\\\"hex\\\":\\\"eda080\\\"}\","
                  "\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{\\\"bytes\\\":\\\"string\\\","
                  "\\\"surrogate\\\":\\\"string\\\"}}\",\"text\":\"a\\u0000b\"}}");
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "bytes"), wanted = string_of ("\xff\0\xfe", 3);
    expect_same (&found, &wanted, "bytes");
    found = value_of (file, "text");
    wanted = string_of ("a\0b", 3);
    expect_same (&found, &wanted, "text");
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    tenon_close (file);
}
END_TEST

/* ---- keys ---- */

START_TEST (order_is_kept)
{
    static const char *const keys[] = { "z", "tenon.metadatb", "a", "b\"", "Z" };
    tenon_plan *plan = plan_begin ();
    for (unsigned i = 0; i < 5; i++)
        add (plan, keys[i], i == 2 ? string_of ("text", 4) : number_of (TENON_U32, i));
    writes (plan, "{\"__metadata__\":{\"Z\":\"4\",\"a\":\"text\",\"b\\\"\":\"3\",\"tenon.metadata\":"
                  "\"{\\\"version\\\":1,\\\"types\\\":{\\\"Z\\\":\\\"u32\\\",\\\"b\\\\\\\"\\\":\\\"u32\\\","
                  "\\\"tenon.metadatb\\\":\\\"u32\\\",\\\"z\\\":\\\"u32\\\"},\\\"order\\\":[\\\"z\\\","
                  "\\\"tenon.metadatb\\\",\\\"a\\\",\\\"b\\\\\\\"\\\",\\\"Z\\\"]}\","
                  "\"tenon.metadatb\":\"1\",\"z\":\"0\"}}");
    tenon_file *file = open_path ();
    ck_assert_uint_eq (tenon_metadata_count (file), 5);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_str_eq (key_at (file, i), keys[i]);
    tenon_close (file);
}
END_TEST

/* A value of the plan under the record's own key lies in the record. */
START_TEST (own_value_of_that_key)
{
    tenon_plan *plan = plan_begin ();
    add (plan, "tenon.metadata", string_of ("mine\"", 5));
    writes (plan, "{\"__metadata__\":{\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{},\\\"own\\\":{"
                  "\\\"type\\\":\\\"string\\\",\\\"value\\\":\\\"mine\\\\\\\"\\\"}}\"}}");
    tenon_file *file = open_path ();
    struct tenon_value found = value_of (file, "tenon.metadata"), wanted = string_of ("mine\"", 5);
    ck_assert_uint_eq (tenon_metadata_count (file), 1);
    expect_same (&found, &wanted, "own");
    tenon_close (file);
    plan = plan_begin ();
    add (plan, "x", number_of (TENON_BOOL, 1));
    add (plan, "tenon.metadata", array_of (TENON_U8, 1, numbers, 1));
    writes (
        plan,
        "{\"__metadata__\":{\"tenon.metadata\":\"{\\\"version\\\":1,\\\"types\\\":{\\\"x\\\":\\\"bool\\\"},"
        "\\\"order\\\":[\\\"x\\\",\\\"tenon.metadata\\\"],\\\"own\\\":{\\\"type\\\":\\\"array\\\","
        "\\\"items\\\":\\\"u8\\\",\\\"value\\\":[1]}}\",\"x\":\"true\"}}");
    file = open_path ();
    found = value_of (file, "tenon.metadata");
    wanted = array_of (TENON_U8, 1, numbers, 1);
    ck_assert (tenon_metadata_count (file) == 2 && strcmp (key_at (file, 0), "x") == 0);
    expect_same (&found, &wanted, "own array");
    tenon_close (file);
}
END_TEST

/* Words with a meaning in the record, or in a header. */
START_TEST (keys_that_look_like_ours)
{
    static const char *const keys[] = { "__metadata__", "types",        "version",
                                        "order",        "own",          "tenon",
                                        "tenon.",       "k\n",          "tenon.metadata2",
                                        "\xe2\x82\xac", "data_offsets", "{\"a\":1" };
    unsigned count = sizeof keys / sizeof keys[0];
    tenon_plan *plan = plan_begin ();
    for (unsigned i = 0; i < count; i++)
        add (plan, keys[i], i % 2 ? number_of (TENON_U8, i) : string_of (keys[i], strlen (keys[i])));
    add_tensor (plan, "types");
    tenon_file *file = saved (plan);
    ck_assert (tenon_metadata_count (file) == count && tenon_count (file) == 1 && !noted (file, NULL));
    for (unsigned i = 0; i < count; i++) {
        struct tenon_value wanted = i % 2 ? number_of (TENON_U8, i) : string_of (keys[i], strlen (keys[i]));
        struct tenon_value found = value_of (file, keys[i]);
        ck_assert_str_eq (key_at (file, i), keys[i]);
        expect_same (&found, &wanted, keys[i]);
    }
    tenon_close (file);
}
END_TEST

/* ---- many: a quadratic step would run into the time limit ---- */

START_TEST (many_keys)
{
    unsigned count = 100000;
    char key[16];
    set ("limits.metadata_entries=200000");
    tenon_plan *plan = plan_begin ();
    for (unsigned i = count; i-- > 0;) {
        snprintf (key, sizeof key, "key.%u", i);
        add (plan, key, number_of (TENON_U32, i));
    }
    tenon_file *file = saved (plan);
    ck_assert_uint_eq (tenon_metadata_count (file), count);
    for (unsigned i = 0; i < count; i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_metadata_get (file, i, &info), TENON_OK);
        ck_assert (info.value.type == TENON_U32 && info.value.as.u == count - 1 - i);
    }
    tenon_close (file);
}
END_TEST

START_TEST (many_strings)
{
    uint8_t *bytes;
    struct tenon_value wanted = vocabulary (&bytes);
    tenon_plan *plan = plan_begin ();
    add (plan, "tokens", wanted);
    tenon_file *file = saved (plan);
    struct tenon_value found = value_of (file, "tokens");
    expect_same (&found, &wanted, "tokens");
    tenon_close (file);
    free (bytes);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("metadata");
    TCase *cases = tcase_create ("metadata");
    tcase_add_checked_fixture (cases, setup, teardown);
    tcase_set_timeout (cases, 60);
    tcase_add_loop_test (cases, scalar_as_text, 0, sizeof scalars / sizeof scalars[0]);
    tcase_add_loop_test (cases, array_as_text, 0, sizeof arrays / sizeof arrays[0]);
    tcase_add_test (cases, nested);
    tcase_add_test (cases, trees);
    tcase_add_test (cases, other_encodings);
    tcase_add_test (cases, every_kind_of_float);
    tcase_add_test (cases, strings_alone);
    tcase_add_test (cases, strings_that_are_bytes);
    tcase_add_test (cases, order_is_kept);
    tcase_add_test (cases, own_value_of_that_key);
    tcase_add_test (cases, keys_that_look_like_ours);
    tcase_add_test (cases, many_keys);
    tcase_add_test (cases, many_strings);
    suite_add_tcase (suite, cases);
    return run_suite (suite);
}
