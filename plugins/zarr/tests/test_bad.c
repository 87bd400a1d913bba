/* SPDX-License-Identifier: MIT */
/* test_bad.c - documents of arrays with one fault each: the array cannot be read, with the status and words
 * here, and the arrays beside it can. Then stores that cannot be opened. */
#include "kit.h"

#define MALFORMED TENON_E_MALFORMED
#define UNSUPPORTED TENON_E_UNSUPPORTED

/* A part of the document, and what stands there instead. */
struct bad {
    const char *from, *to;
    tenon_status status;
    const char *words;
};

static const struct bad bads3[] = {
    /* shapes */
    { "\"shape\":[4]", "\"shape\":[-4]", MALFORMED, "\"shape\" has the number -4" },
    { "\"shape\":[4]", "\"shape\":[4.0]", MALFORMED, "\"shape\" has the number 4.0" },
    { "\"shape\":[4]", "\"shape\":[1e3]", MALFORMED, "\"shape\" has the number 1e3" },
    { "\"shape\":[4]", "\"shape\":[9223372036854775808]", MALFORMED, "expected 0 to 2^63 - 1" },
    { "\"shape\":[4]", "\"shape\":[\"4\"]", MALFORMED, "an item that is no number" },
    { "\"shape\":[4]", "\"shape\":4", MALFORMED, "\"shape\" is no array" },
    { "\"shape\":[4]", "\"shape\":[true]", MALFORMED, "no number" },
    { "\"shape\":[4]", "\"shape\":[[4]]", MALFORMED, "no number" },
    { "\"shape\":[4]", "\"shape\":[4,4]", MALFORMED, "\"chunk_shape\" has 1 dims, \"shape\" has 2" },
    { "\"shape\":[4]", "\"shape\":[]", MALFORMED, "\"chunk_shape\" has 1 dims, \"shape\" has 0" },
    { "\"shape\":[4],", "", MALFORMED, "has no \"shape\"" },
    { "\"shape\":[4]", "\"shape\":[4],\"shape\":[5]", MALFORMED, "the member \"shape\" twice" },
    { "\"shape\":[4]", "\"shape\":[-0]", MALFORMED, "\"shape\" has the number -0" },
    { "\"shape\":[4]", "\"shape\":[NaN]", MALFORMED, "\"shape\" has the number NaN" },
    { "\"shape\":[4]", "\"shape\":null", MALFORMED, "\"shape\" is no array" },
    /* chunks */
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[0]", MALFORMED, "\"chunk_shape\" has the dim 0" },
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[2,2]", MALFORMED, "has 2 dims, \"shape\" has 1" },
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[-2]", MALFORMED, "the number -2" },
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[9223372036854775807]", TENON_E_LIMIT, "inflated_bytes" },
    { "\"chunk_shape\":[2]", "\"chunk_shape\":[4611686018427387904]", TENON_E_LIMIT, "inflated_bytes" },
    { "\"chunk_shape\":[2]", "\"chunks\":[2]", MALFORMED, "has no \"chunk_shape\"" },
    { "\"name\":\"regular\"", "\"name\":\"rectilinear\"", UNSUPPORTED,
      "the chunk grid 'rectilinear' is not known" },
    { "\"name\":\"regular\"", "\"must_understand\":false,\"name\":\"other\"", UNSUPPORTED,
      "the chunk grid 'other' is not known" },
    { "\"name\":\"default\"", "\"name\":\"suffix\"", UNSUPPORTED,
      "the chunk key encoding 'suffix' is not known" },
    { "{\"name\":\"default\"}", "{\"name\":\"default\",\"configuration\":{\"separator\":\"-\"}}", MALFORMED,
      "the separator of keys" },
    { "{\"name\":\"default\"}", "{}", MALFORMED, "has no name" },
    { "{\"name\":\"default\"}", "7", MALFORMED, "\"chunk_key_encoding\" is no object" },
    /* types and fill values */
    { "\"uint8\"", "\"string\"", UNSUPPORTED, "the data type 'string'" },
    { "\"uint8\"", "\"int4\"", UNSUPPORTED, "the data type 'int4' is not known" },
    { "\"uint8\"", "\"r7\"", UNSUPPORTED, "the data type 'r7'" },
    { "\"uint8\"", "\"r0\"", UNSUPPORTED, "the data type 'r0'" },
    { "\"uint8\"", "7", MALFORMED, "\"data_type\" is no object" },
    { "\"uint8\"", "\"uint16\"", MALFORMED, "the codec 'bytes' has no \"endian\"" },
    { "\"uint8\"", "{\"name\":\"fixed_length_utf32\",\"configuration\":{\"length_bytes\":6}}", MALFORMED,
      "no multiple of 4" },
    { "\"uint8\"", "{\"name\":\"raw_bytes\",\"configuration\":{\"length_bytes\":4294967296}}", MALFORMED,
      "\"length_bytes\" of the data type" },
    { "\"uint8\"", "{\"name\":\"numpy.datetime64\",\"configuration\":{\"unit\":\"parsec\"}}", UNSUPPORTED,
      "'parsec' is no unit of time" },
    { "\"uint8\"", "{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"string\"]]}}",
      UNSUPPORTED, "the data type 'string'" },
    { "\"uint8\"", "{\"name\":\"structured\",\"configuration\":{\"fields\":[]}}", UNSUPPORTED,
      "items of 0 bytes" },
    { "\"fill_value\":7", "\"fill_value\":NaN", MALFORMED, "\"fill_value\" is NaN, expected a whole number" },
    { "\"fill_value\":7", "\"fill_value\":\"NaN\"", MALFORMED, "expected a whole number" },
    { "\"fill_value\":7", "\"fill_value\":256", MALFORMED, "\"fill_value\" is 256" },
    { "\"fill_value\":7", "\"fill_value\":-1", MALFORMED, "\"fill_value\" is -1" },
    { "\"fill_value\":7", "\"fill_value\":1.5", MALFORMED, "\"fill_value\" is 1.5" },
    { "\"fill_value\":7", "\"fill_value\":{}", MALFORMED, "\"fill_value\" is {}" },
    { "\"fill_value\":7", "\"fill_value\":1e300", MALFORMED, "\"fill_value\" is 1e300" },
    /* codecs */
    { "[{\"name\":\"bytes\"}]", "[]", MALFORMED, "has none that makes bytes" },
    { "[{\"name\":\"bytes\"}]", "{}", MALFORMED, "\"codecs\" is no array" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"zfpy\"}]", UNSUPPORTED, "the codec 'zfpy' is not known" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",{\"name\":\"numcodecs.pcodec\"}]", UNSUPPORTED,
      "the codec 'pcodec' is not known" },
    { "[{\"name\":\"bytes\"}]", "[\"vlen-utf8\"]", UNSUPPORTED, "the codec 'vlen-utf8' is not known" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",\"bytes\"]", MALFORMED, "two codecs make bytes" },
    { "[{\"name\":\"bytes\"}]", "[\"gzip\",\"bytes\"]", MALFORMED,
      "the codec 'gzip' stands before the one that makes bytes" },
    { "[{\"name\":\"bytes\"}]", "[\"bytes\",{\"name\":\"transpose\",\"configuration\":{\"order\":[0]}}]",
      MALFORMED, "'transpose' stands behind" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"transpose\",\"configuration\":{\"order\":[1]}},\"bytes\"]",
      MALFORMED, "does not name each dim once" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"transpose\",\"configuration\":{\"order\":[0,0]}},\"bytes\"]",
      MALFORMED, "'transpose' has 2 dims" },
    { "[{\"name\":\"bytes\"}]", "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"middle\"}}]", MALFORMED,
      "\"endian\" of the codec 'bytes'" },
    { "[{\"name\":\"bytes\"}]", "[7]", MALFORMED, "a codec is no object" },
    { "[{\"name\":\"bytes\"}]", "[{\"configuration\":{}}]", MALFORMED, "a codec has no name" },
    /* the rest */
    { "\"zarr_format\":3", "\"zarr_format\":4", UNSUPPORTED, "the \"zarr_format\" 4, expected 3" },
    { "\"zarr_format\":3,", "", MALFORMED, "has no \"zarr_format\"" },
    { "\"zarr_format\":3", "\"zarr_format\":\"3\"", MALFORMED, "\"zarr_format\" is no whole number" },
    { "\"node_type\":\"array\"", "\"node_type\":\"leaf\"", MALFORMED, "\"node_type\" is neither" },
    { "\"fill_value\":7", "\"fill_value\":7,\"new\":{\"a\":1}", UNSUPPORTED, "the member \"new\"" },
    { "\"fill_value\":7", "\"fill_value\":7,\"new\":{\"must_understand\":true}", UNSUPPORTED,
      "the member \"new\"" },
    { "\"fill_value\":7", "\"fill_value\":7,\"storage_transformers\":[{\"name\":\"cipher\"}]", UNSUPPORTED,
      "the storage transformer 'cipher' is not known" },
    { ARRAY3, "7", MALFORMED, "is no object" },
    { ARRAY3, "null", MALFORMED, "is no object" },
    { ARRAY3, "[]", MALFORMED, "is no object" },
};

#define SHARDS "[{\"name\":\"sharding_indexed\",\"configuration\":{" SHAPE "," INNER "," INDEX "}}]"
#define SHAPE "\"chunk_shape\":[1]"
#define INNER "\"codecs\":[\"bytes\"]"
#define INDEX                                                                                                \
    "\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}},{\"name\":\"crc32c\"}" \
    "]"
static const struct bad bad_shards[] = {
    { SHAPE, "\"chunk_shape\":[0]", MALFORMED, "the dim 0, which does not divide 2" },
    { SHAPE, "\"chunk_shape\":[4]", MALFORMED, "the dim 4, which does not divide 2" },
    { SHAPE, "\"chunk_shape\":[1,1]", MALFORMED, "has 2 dims, the array has 1" },
    { SHAPE ",", "", MALFORMED, "has no \"chunk_shape\"" },
    { INNER ",", "", MALFORMED, "has no \"codecs\"" },
    { "," INDEX, "", MALFORMED, "has no \"index_codecs\"" },
    { INNER, "\"codecs\":[]", MALFORMED, "has none that makes bytes" },
    { "{\"name\":\"crc32c\"}", "{\"name\":\"gzip\"}", UNSUPPORTED,
      "the index of shards has the codec 'gzip'" },
    { "\"little\"", "\"none\"", MALFORMED, "\"endian\" of the codec 'bytes'" },
    { "\"index_codecs\":[", "\"index_codecs\":[\"crc32c\",", UNSUPPORTED,
      "the index of shards has the codec 'crc32c'" },
    { INDEX, "\"index_codecs\":[]", MALFORMED, "no bytes with an \"endian\"" },
    { INDEX, INDEX ",\"index_location\":\"middle\"", MALFORMED, "\"index_location\" of shards" },
    { "}}]", "}},\"gzip\"]", UNSUPPORTED, "shards are encoded as a whole" },
};

static const struct bad bads2[] = {
    { "\"shape\":[4]", "\"shape\":[4,4]", MALFORMED, "\"chunks\" has 1 dims, \"shape\" has 2" },
    { "\"chunks\":[2]", "\"chunks\":[0]", MALFORMED, "\"chunks\" has the dim 0" },
    { "\"chunks\":[2]", "\"chunks\":[2.0]", MALFORMED, "\"chunks\" has the number 2.0" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"|O\"", UNSUPPORTED, "'|O' is objects of Python" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"<u3\"", UNSUPPORTED, "the data type '<u3' is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"\"", UNSUPPORTED, "the data type '' is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"<U\"", UNSUPPORTED, "the data type '<U' is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"|S0\"", UNSUPPORTED, "the data type '|S0' is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"|V99999999999999999999\"", UNSUPPORTED, "is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":\"<M8[parsec]\"", UNSUPPORTED, "is not known" },
    { "\"dtype\":\"|u1\"", "\"dtype\":[[\"a\"]]", MALFORMED, "a field of the data type has no name" },
    { "\"dtype\":\"|u1\"", "\"dtype\":[[\"a\",\"<f4\",[2,0],1]]", MALFORMED, "has too many items" },
    { "\"dtype\":\"|u1\"", "\"dtype\":[[\"a\",\"<f4\",[65536,65536]]]", MALFORMED, "more than 2^31 - 1" },
    { "\"dtype\":\"|u1\"", "\"dtype\":7", MALFORMED, "the data type is no string" },
    { "\"order\":\"C\"", "\"order\":\"A\"", MALFORMED, "\"order\" is neither" },
    { "\"order\":\"C\"", "\"order\":\"C\",\"dimension_separator\":\"-\"", MALFORMED,
      "\"dimension_separator\" is neither" },
    { "\"compressor\":null", "\"compressor\":{\"id\":\"zfpy\"}", UNSUPPORTED,
      "the codec 'zfpy' is not known" },
    { "\"compressor\":null", "\"compressor\":{}", MALFORMED, "a codec has no \"id\"" },
    { "\"compressor\":null", "\"compressor\":\"zlib\"", MALFORMED, "a codec is no object" },
    { "\"compressor\":null", "\"compressor\":{\"id\":\"lzma\",\"format\":3}", UNSUPPORTED,
      "the codec 'lzma' has the format 3" },
    { "\"compressor\":null", "\"compressor\":{\"id\":\"crc32\",\"location\":\"middle\"}", MALFORMED,
      "the \"location\" of a checksum" },
    { "\"filters\":null", "\"filters\":[{\"id\":\"vlen-utf8\"}]", UNSUPPORTED, "the codec 'vlen-utf8'" },
    { "\"filters\":null", "\"filters\":{}", MALFORMED, "\"filters\" is no array" },
    { "\"filters\":null", "\"filters\":[{\"id\":\"delta\",\"dtype\":\"|S3\"}]", UNSUPPORTED,
      "'delta' has a type of no numbers" },
    { "\"filters\":null", "\"filters\":[{\"id\":\"delta\",\"dtype\":\"<i4\",\"astype\":\">i2\"}]",
      UNSUPPORTED, "types of two byte orders" },
    { "\"filters\":null", "\"filters\":[{\"id\":\"quantize\",\"dtype\":\"<f4\",\"astype\":\"<f2\"}]",
      UNSUPPORTED, "the codec 'quantize' stores another type" },
    { "\"fill_value\":7", "\"fill_value\":\"Infinity\"", MALFORMED, "expected a whole number" },
    { "\"zarr_format\":2", "\"zarr_format\":1", UNSUPPORTED, "the \"zarr_format\" 1, expected 2" },
};

/* A store of three arrays, the middle one bad. */
static void
check_bad (int version, const char *document, const struct bad *bad)
{
    static char text[30000];
    const char *suffix = version == 2 ? "/.zarray" : "", *good = version == 2 ? ARRAY2 : ARRAY3;
    snprintf (text, sizeof text, "\"a%s\":%s,\"b%s\":%s,\"c%s\":%s", suffix, good, suffix,
              replaced (document, bad->from, bad->to), suffix, good);
    store_consolidated (version, text);
    tenon_file *file = store_open (AS_ZIP);
    ck_assert_msg (file != NULL, "%s -> %s: %s", bad->from, bad->to, error.message);
    spoiled (file, "b", bad->status, bad->words);
    ck_assert_str_eq (listed (file), "a u8 [4];b !;c u8 [4]");
    store_close (file);
}

START_TEST (arrays_of_version_3)
{
    for (size_t i = 0; i < sizeof bads3 / sizeof bads3[0]; i++)
        check_bad (3, ARRAY3, &bads3[i]);
}
END_TEST

START_TEST (shards)
{
    for (size_t i = 0; i < sizeof bad_shards / sizeof bad_shards[0]; i++) {
        const char *codecs = replaced (SHARDS, bad_shards[i].from, bad_shards[i].to);
        check_bad (3, replaced (ARRAY3, "[{\"name\":\"bytes\"}]", codecs),
                   &(struct bad){ "", "", bad_shards[i].status, bad_shards[i].words });
    }
}
END_TEST

/* Shards in shards, five of them. */
START_TEST (shards_nest_too_deep)
{
    const char *codecs = "[\"bytes\"]";
    for (int i = 0; i < 5; i++)
        codecs = replaced (SHARDS, "[\"bytes\"]", codecs);
    check_bad (3, replaced (ARRAY3, "[{\"name\":\"bytes\"}]", codecs),
               &(struct bad){ "", "", UNSUPPORTED, "nested deeper than 4" });
}
END_TEST

START_TEST (arrays_of_version_2)
{
    for (size_t i = 0; i < sizeof bads2 / sizeof bads2[0]; i++)
        check_bad (2, ARRAY2, &bads2[i]);
}
END_TEST

/* Numbers that are too many for one tensor. */
START_TEST (too_many)
{
    static char shape[400], chunk[400], codecs[4000];
    snprintf (shape, sizeof shape, "\"shape\":[4");
    snprintf (chunk, sizeof chunk, "\"chunk_shape\":[2");
    for (int i = 0; i < 64; i++) {
        strcat (shape, ",1");
        strcat (chunk, ",1");
    }
    strcat (shape, "]");
    strcat (chunk, "]");
    check_bad (3, replaced (replaced (ARRAY3, "\"shape\":[4]", shape), "\"chunk_shape\":[2]", chunk),
               &(struct bad){ "", "", UNSUPPORTED, "\"shape\" has 65 dims" });
    snprintf (codecs, sizeof codecs, "[\"bytes\"");
    for (int i = 0; i < 17; i++)
        strcat (codecs, ",\"gzip\"");
    strcat (codecs, "]");
    check_bad (3, replaced (ARRAY3, "[{\"name\":\"bytes\"}]", codecs),
               &(struct bad){ "", "", UNSUPPORTED, "more than 16 codecs" });
    const char *large = replaced (ARRAY3, "\"shape\":[4]", "\"shape\":[4294967296,4294967296]");
    check_bad (3, replaced (large, "\"chunk_shape\":[2]", "\"chunk_shape\":[2,2]"),
               &(struct bad){ "", "", UNSUPPORTED, "more than 2^63 - 1 bytes" });
    const char *empty = replaced (ARRAY3, "\"shape\":[4]", "\"shape\":[0,4294967296,4294967296]");
    check_bad (3, replaced (empty, "\"chunk_shape\":[2]", "\"chunk_shape\":[2,2,2]"),
               &(struct bad){ "", "", UNSUPPORTED, "more than 2^63 - 1 bytes" });
    const char *wide = replaced (ARRAY3, "\"shape\":[4]", "\"shape\":[4,4]");
    check_bad (3, replaced (wide, "\"chunk_shape\":[2]", "\"chunk_shape\":[4294967296,4294967296]"),
               &(struct bad){ "", "", UNSUPPORTED, "a chunk has more than 2^63 - 1 bytes" });
}
END_TEST

/* ---- stores ---- */

struct store {
    const char *key, *text;
    tenon_status status;
    const char *words;
    uint64_t offset; /* of the fault, in that key; UINT64_MAX: it is the library's */
};
static const struct store stores[] = {
    { "zarr.json", "", MALFORMED, "zarr.json is no JSON", 0 },
    { "zarr.json", "{", MALFORMED, "zarr.json is no JSON", 1 },
    { "zarr.json", "{}", MALFORMED, "has no \"zarr_format\"", 0 },
    { "zarr.json", "7", MALFORMED, "zarr.json is no object", 0 },
    { "zarr.json", GROUP3 "x", MALFORMED, "zarr.json is no JSON", sizeof GROUP3 - 1 },
    { "zarr.json", "{\"zarr_format\":3}", MALFORMED, "has no \"node_type\"", 0 },
    { "zarr.json", "{\"zarr_format\":2,\"node_type\":\"group\"}", UNSUPPORTED, "expected 3", 15 },
    { "zarr.json", "{\"zarr_format\":3,\"node_type\":\"group\",\"new\":1}", UNSUPPORTED,
      "the member of a group 'new' is not known", 37 },
    { "zarr.json", "{\"zarr_format\":3,\"node_type\":\"group\",\"a\":\"\xff\"}", MALFORMED, "is no JSON",
      42 },
    { ".zmetadata", "{", MALFORMED, ".zmetadata is no JSON", 1 },
    { ".zmetadata", "{}", MALFORMED, "no object \"metadata\"", 0 },
    { ".zmetadata", "{\"metadata\":7}", MALFORMED, "no object \"metadata\"", 12 },
    { ".zmetadata", "{\"metadata\":{\"/.zarray\":{}}}", MALFORMED, "the path '/.zarray'", 13 },
    { ".zmetadata", "{\"metadata\":{\"../.zarray\":{}}}", MALFORMED, "the path '../.zarray'", 13 },
    { ".zmetadata", "{\"metadata\":{\"a/../.zgroup\":{}}}", MALFORMED, "which no node can have", 13 },
    { ".zmetadata", "{\"metadata\":{\"a//b/.zattrs\":{}}}", MALFORMED, "which no node can have", 13 },
    { ".zmetadata", "{\"metadata\":{\"./.zarray\":{}}}", MALFORMED, "which no node can have", 13 },
    { ".zmetadata", "{\"metadata\":{\"a\\u0000/.zarray\":{}}}", MALFORMED, "which no node can have", 13 },
    { ".zmetadata", "{\"metadata\":{\"\xff/.zarray\":{}}}", MALFORMED, "is no JSON", 14 },
    { ".zmetadata", "{\"metadata\":{\"a/.zarray\":" ARRAY2 ",\"a/.zarray\":" ARRAY2 "}}", MALFORMED, "a",
      UINT64_MAX },
    { ".zattrs", "{", MALFORMED, ".zattrs is no JSON", 1 },
};

/* The last failure says the key and the byte in it. */
static void
check_place (const struct store *store)
{
    if (store->offset == UINT64_MAX)
        return;
    ck_assert_msg (error.offset == store->offset, "%s: byte %llu, not %llu: %s", store->text,
                   (unsigned long long) error.offset, (unsigned long long) store->offset, error.message);
    ck_assert_msg (strstr (error.file, store->key) != NULL, "'%s', not %s", error.file, store->key);
}

START_TEST (stores_that_do_not_open)
{
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        store_begin ();
        store_put (stores[i].key, stores[i].text);
        if (stores[i].key[0] == '.')
            store_put (".zgroup", GROUP2);
        refused (AS_ZIP, stores[i].status, stores[i].words);
        check_place (&stores[i]);
        refused (AS_FOLDER, stores[i].status, stores[i].words);
        check_place (&stores[i]);
    }
}
END_TEST

/* Paths of version 3: one of them is no member's own. */
START_TEST (paths_of_version_3)
{
    static const char *const paths[] = { "", "/", "/a", "a/", "a//b", "..", "a/..", ".", "a\\u0000b" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        static char text[2000];
        snprintf (text, sizeof text, "\"%s\":%s", paths[i], ARRAY3);
        store_consolidated (3, text);
        refused (AS_ZIP, MALFORMED, "which no node can have");
    }
}
END_TEST

/* A folder whose name is no UTF-8 is passed over with a note: no tensor can have the name. */
START_TEST (names_without_utf8)
{
    store_begin ();
    store_put ("zarr.json", GROUP3);
    store_put ("a/zarr.json", ARRAY3);
    store_put ("g/zarr.json", GROUP3);
    store_put ("g/b\xff/zarr.json", ARRAY3);
    store_put ("g/c/zarr.json", ARRAY3);
    tenon_file *file = store_open (AS_FOLDER);
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_str_eq (listed (file), "a u8 [4];g/c u8 [4]");
    ck_assert (noted (file, "no UTF-8"));
    store_close (file);
}
END_TEST

/* Documents that nest beyond the limit. */
START_TEST (nesting)
{
    static char text[1000];
    snprintf (text, sizeof text, "{\"zarr_format\":3,\"node_type\":\"group\",\"attributes\":{\"a\":");
    for (int i = 0; i < 70; i++)
        strcat (text, "[");
    for (int i = 0; i < 70; i++)
        strcat (text, "]");
    strcat (text, "}}");
    store_put ("zarr.json", text);
    refused (AS_ZIP, MALFORMED, "expected less nesting");
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, arrays_of_version_3);
    tcase_add_test (cases, shards);
    tcase_add_test (cases, shards_nest_too_deep);
    tcase_add_test (cases, arrays_of_version_2);
    tcase_add_test (cases, too_many);
    tcase_add_test (cases, stores_that_do_not_open);
    tcase_add_test (cases, paths_of_version_3);
    tcase_add_test (cases, names_without_utf8);
    tcase_add_test (cases, nesting);
}

int
main (void)
{
    return run_suite ("zarr_bad", add_tests);
}
