/* SPDX-License-Identifier: MIT */
/* test_describe.c - what documents say: data types in all their spellings, attributes as typed metadata,
 * names of dims, codecs that are known or may be ignored, paths. */
#include "kit.h"

/* A value in a document, and the tensor that is listed. */
struct spelled {
    const char *value, *listed;
};

static const struct spelled types3[] = {
    { "\"bool\"", "bool" },
    { "\"int8\"", "i8" },
    { "\"int16\"", "i16" },
    { "\"int32\"", "i32" },
    { "\"int64\"", "i64" },
    { "\"uint8\"", "u8" },
    { "\"uint16\"", "u16" },
    { "\"uint32\"", "u32" },
    { "\"uint64\"", "u64" },
    { "\"float16\"", "f16" },
    { "\"float32\"", "f32" },
    { "\"float64\"", "f64" },
    { "\"complex64\"", "c64" },
    { "\"complex128\"", "c128" },
    { "\"complex_float32\"", "c64" },
    { "\"bfloat16\"", "bf16" },
    { "\"float8_e4m3fn\"", "f8_e4m3" },
    { "\"float8_e5m2\"", "f8_e5m2" },
    { "\"float8_e4m3fnuz\"", "f8_e4m3fnuz" },
    { "\"float8_e5m2fnuz\"", "f8_e5m2fnuz" },
    { "\"float8_e8m0fnu\"", "f8_e8m0" },
    { "{\"name\":\"float32\"}", "f32" },
    { "\"r8\"", "|V1" },
    { "\"r24\"", "|V3" },
    { "{\"name\":\"raw_bytes\",\"configuration\":{\"length_bytes\":7}}", "|V7" },
    { "{\"name\":\"null_terminated_bytes\",\"configuration\":{\"length_bytes\":5}}", "|S5" },
    { "{\"name\":\"fixed_length_utf32\",\"configuration\":{\"length_bytes\":12}}", "<U3" },
    { "{\"name\":\"numpy.datetime64\",\"configuration\":{\"unit\":\"ns\",\"scale_factor\":1}}", "<M8[ns]" },
    { "{\"name\":\"numpy.datetime64\",\"configuration\":{\"unit\":\"s\",\"scale_factor\":25}}", "<M8[25s]" },
    { "{\"name\":\"numpy.timedelta64\",\"configuration\":{\"unit\":\"generic\",\"scale_factor\":1}}", "<m8" },
    { "{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"int32\"],[\"b'c\",\"uint8\"]]}}",
      "[('a', '<i4'), (\"b'c\", '|u1')]" },
    { "{\"name\":\"struct\",\"configuration\":{\"fields\":[{\"name\":\"a\",\"data_type\":{\"name\":"
      "\"structured\",\"configuration\":{\"fields\":[[\"x\",\"r16\"]]}}}]}}",
      "[('a', [('x', '|V2')])]" },
};

static const struct spelled types2[] = {
    { "\"|b1\"", "bool" },
    { "\"|i1\"", "i8" },
    { "\"<i2\"", "i16" },
    { "\">i2\"", "i16" },
    { "\"<u8\"", "u64" },
    { "\"<f2\"", "f16" },
    { "\">f8\"", "f64" },
    { "\"<c8\"", "c64" },
    { "\"<c16\"", "c128" },
    { "\"bfloat16\"", "bf16" },
    { "\"|S5\"", "|S5" },
    { "\"<U3\"", "<U3" },
    { "\">U3\"", ">U3" },
    { "\"|V9\"", "|V9" },
    { "\"<M8[ns]\"", "<M8[ns]" },
    { "\">m8[10us]\"", ">m8[10us]" },
    { "\"<M8[1D]\"", "<M8[D]" },
    { "\"<f16\"", "<f16" },
    { "[[\"a\",\"<f4\"],[\"b\",\"|u1\",[3]],[\"c\",[[\"d\",\"|S2\"]],[2,2]]]",
      "[('a', '<f4'), ('b', '|u1', (3,)), ('c', [('d', '|S2')], (2, 2))]" },
    { "[[\"q\\\"'\\n\",\"<f4\"]]", "[('q\"\\'\\n', '<f4')]" },
};

static void
check_listed (int version, const char *document, const char *expected)
{
    static char text[20000];
    snprintf (text, sizeof text, "\"x%s\":%s", version == 2 ? "/.zarray" : "", document);
    store_consolidated (version, text);
    tenon_file *file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s: %s", document, error.message);
    ck_assert_str_eq (listed (file), expected);
    store_close (file);
}

START_TEST (types)
{
    const char *codec = "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}";
    char base[2000];
    snprintf (base, sizeof base, "%s",
              replaced (replaced (ARRAY3, "{\"name\":\"bytes\"}", codec), "\"fill_value\":7",
                        "\"fill_value\":null"));
    char expected[200];
    for (size_t i = 0; i < sizeof types3 / sizeof types3[0]; i++) {
        snprintf (expected, sizeof expected, "x %s [4]", types3[i].listed);
        check_listed (3, replaced (base, "\"uint8\"", types3[i].value), expected);
    }
    snprintf (base, sizeof base, "%s", replaced (ARRAY2, "\"fill_value\":7", "\"fill_value\":null"));
    for (size_t i = 0; i < sizeof types2 / sizeof types2[0]; i++) {
        snprintf (expected, sizeof expected, "x %s [4]", types2[i].listed);
        check_listed (2, replaced (base, "\"|u1\"", types2[i].value), expected);
    }
    check_listed (3,
                  replaced (replaced (ARRAY3, "{\"name\":\"bytes\"}", replaced (codec, "little", "big")),
                            "\"uint8\"",
                            "{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"int32\"]]}}"),
                  "x !"); /* 7 is no item of it */
}
END_TEST

/* The byte order of a type is that of the codec bytes. */
START_TEST (byte_order)
{
    const char *big = "{\"name\":\"bytes\",\"configuration\":{\"endian\":\"big\"}}";
    const char *base =
        replaced (replaced (ARRAY3, "{\"name\":\"bytes\"}", big), "\"fill_value\":7", "\"fill_value\":null");
    check_listed (3,
                  replaced (base, "\"uint8\"",
                            "{\"name\":\"numpy.datetime64\",\"configuration\":{"
                            "\"unit\":\"s\",\"scale_factor\":1}}"),
                  "x >M8[s] [4]");
    check_listed (3,
                  replaced (base, "\"uint8\"",
                            "{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"int32\"]]}}"),
                  "x [('a', '>i4')] [4]");
    check_listed (3, replaced (base, "\"uint8\"", "\"int32\""), "x i32 [4]");
}
END_TEST

/* ---- what may be ignored ---- */

/* Replacements after which the array can be read. */
static const struct spelled fine3[] = {
    { "\"fill_value\":7", "\"fill_value\":7,\"new\":{\"must_understand\":false}" },
    { "\"fill_value\":7", "\"fill_value\":7,\"storage_transformers\":[]" },
    { "\"fill_value\":7",
      "\"fill_value\":7,\"storage_transformers\":[{\"name\":\"a\",\"must_understand\":false}]" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\"]" },
    { "[{\"name\":\"bytes\"}]", "[\"endian\"]" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",{\"name\":\"index\",\"must_understand\":false}]" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"bytes\",\"configuration\":{\"endian\":null}}]" },
    { "[{\"name\":\"bytes\"}]",
      "[{\"name\":\"numcodecs.bitround\",\"configuration\":{\"keepbits\":3}},\"bytes\"]" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",{\"name\":\"gzip\",\"configuration\":{\"level\":99}}]" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",{\"name\":\"gzip\",\"configuration\":{\"level\":\"high\"}}]" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"transpose\",\"configuration\":{\"order\":\"F\"}},\"bytes\"]" },
    { "\"fill_value\":7", "\"fill_value\":7,\"dimension_names\":null" },
    { "\"fill_value\":7", "\"fill_value\":7.0" },
    { "\"fill_value\":7", "\"fill_value\":\"7\"" },
    { "\"fill_value\":7", "\"fill_value\":null" },
    { "\"fill_value\":7,", "" },
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[100]" },
    { "{\"name\":\"default\"}", "\"default\"" },
};

START_TEST (ignored)
{
    for (size_t i = 0; i < sizeof fine3 / sizeof fine3[0]; i++)
        check_listed (3, replaced (ARRAY3, fine3[i].value, fine3[i].listed), "x u8 [4]");
    check_listed (2, replaced (ARRAY2, "\"filters\":null", "\"filters\":[]"), "x u8 [4]");
    check_listed (2, replaced (ARRAY2, ",\"filters\":null", ",\"other\":{}"), "x u8 [4]");
    check_listed (2, replaced (replaced (ARRAY2, "[4]", "[0]"), "[2]", "[0]"), "x u8 [0]");
    check_listed (2, replaced (replaced (ARRAY2, "[4]", "[]"), "[2]", "[]"), "x u8 []");
}
END_TEST

/* ---- metadata ---- */

/* Attributes of the root in version 2, and the metadata. */
static const struct spelled attributes[] = {
    { "{}", "" },
    { "{\"a\":1}", "a=1i64" },
    { "{\"a\":-9223372036854775808,\"b\":18446744073709551615}",
      "a=-9223372036854775808i64;b=18446744073709551615u64" },
    { "{\"a\":1.0,\"b\":1e2,\"c\":NaN,\"d\":-Infinity}", "a=1f64;b=100f64;c=nanf64;d=-inff64" },
    { "{\"a\":true,\"b\":null,\"c\":\"x\\u00e9\"}", "a=true;b=null;c=\"x\xc3\xa9\"" },
    { "{\"a\":[1,2],\"b\":[1.5],\"c\":[\"x\",\"\"],\"d\":[true,false]}",
      "a=[1i64,2i64];b=[1.5f64];c=[\"x\",\"\"];d=[true,false]" },
    { "{\"a\":[],\"b\":[1,2.5],\"c\":[null,\"x\"]}", "a=[]mixed;b=[1i64,2.5f64]mixed;c=[null,\"x\"]mixed" },
    { "{\"a\":[[1,2],[3]],\"b\":{\"c\":{\"d\":[{}]}}}",
      "a=[[1i64,2i64],[3i64]];b={\"c\":{\"d\":[{}]mixed}}" },
    { "{\"a\":1,\"a\":2}", "a=1i64;a#2=2i64" },
    { "{\"\":1,\"b\\u0000\":2,\"c\":3}", "c=3i64" },
    { "{\"a\":{\"x\":1,\"y\":2,\"x\":3},\"b\":1}", "a={\"x\":3i64,\"y\":2i64};b=1i64" },
    /* the record of types */
    { "{\"a\":1,\"b\":2,\"tenon_types\":{\"a\":\"u32\",\"b\":\"f32\"}}", "a=1u32;b=2f32" },
    { "{\"a\":\"NaN\",\"b\":[1,2],\"c\":300,\"tenon_types\":{\"a\":\"f64\",\"b\":\"[u8]\",\"c\":\"u8\"}}",
      "a=nanf64;b=[1u8,2u8];c=300i64" },
    { "{\"a\":1,\"tenon_types\":{\"a\":\"u33\"}}", "a=1i64" },
    { "{\"a\":1,\"tenon_types\":7}", "a=1i64;tenon_types=7i64" },
};

START_TEST (attributes_of_the_root)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        store_begin ();
        store_put (".zattrs", attributes[i].value);
        store_put (".zarray", ARRAY2);
        tenon_file *file = store_open (AS_ZIP);
        ck_assert_msg (file != NULL, "%s: %s", attributes[i].value, error.message);
        ck_assert_str_eq (metadata_of (file), attributes[i].listed);
        ck_assert_str_eq (listed (file), "store u8 [4]");
        store_close (file);
    }
}
END_TEST

START_TEST (attributes_of_nodes)
{
    store_consolidated (2, "\"a/.zattrs\":{\"units\":\"m\"},\"a/.zarray\":" ARRAY2 ",\"g/.zgroup\":" GROUP2
                           ",\"g/.zattrs\":{\"n\":1,\"m\":2},\".zattrs\":{\"title\":\"t\","
                           "\"g:m\":3,\"tenon_types\":{\"g:n\":\"i8\"}}");
    tenon_file *file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (metadata_of (file), "a:units=\"m\";g:n=1i8;g:m=2i64;title=\"t\";g:m#2=3i64");
    ck_assert (noted (file, "another attribute has the same name"));
    store_close (file);
    const char *array = replaced (ARRAY3, "\"fill_value\":7",
                                  "\"fill_value\":7,\"attributes\":{\"u\":{}},\"dimension_names\":[\"x\"]");
    const char *other = replaced (array, "[\"x\"]", "[null]");
    static char text[4000];
    snprintf (text, sizeof text, "\"g/a\":%s,\"b\":%s", array, other);
    store_consolidated (3, text);
    file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (metadata_of (file), "g/a:zarr.dimension_names=[\"x\"];g/a:u={};"
                                          "b:zarr.dimension_names=[null]mixed;b:u={}");
    store_close (file);
}
END_TEST

/* ---- stores ---- */

START_TEST (roots)
{
    store_put ("zarr.json", ARRAY3);
    tenon_file *file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (listed (file), "store u8 [4]");
    store_close (file);
    /* both versions: the third counts */
    store_begin ();
    store_put ("zarr.json", replaced (ARRAY3, "[4]", "[5]"));
    store_put (".zarray", ARRAY2);
    file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (listed (file), "store u8 [5]");
    ck_assert (noted (file, "those of version 3 count"));
    store_close (file);
    /* a byte order mark */
    store_begin ();
    store_put ("zarr.json", "\xef\xbb\xbf" ARRAY3);
    file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "byte order mark"));
    store_close (file);
    /* an array that cannot be read, at the root */
    store_begin ();
    store_put ("zarr.json", replaced (ARRAY3, "\"bytes\"", "\"zfpy\""));
    file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    spoiled (file, "store", TENON_E_UNSUPPORTED, "the codec 'zfpy'");
    store_close (file);
}
END_TEST

/* Consolidated metadata count: nodes that only have documents of their own are not listed. */
START_TEST (consolidated)
{
    store_consolidated (2, "\"a/.zarray\":" ARRAY2 ",\"a/.other\":7,\"other\":{}");
    store_put ("b/.zarray", ARRAY2);
    store_put ("a/.zarray", replaced (ARRAY2, "[4]", "[9]"));
    tenon_file *file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (listed (file), "a u8 [4]");
    store_close (file);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, types);
    tcase_add_test (cases, byte_order);
    tcase_add_test (cases, ignored);
    tcase_add_test (cases, attributes_of_the_root);
    tcase_add_test (cases, attributes_of_nodes);
    tcase_add_test (cases, roots);
    tcase_add_test (cases, consolidated);
}

int
main (void)
{
    return run_suite ("zarr_describe", add_tests);
}
