/* SPDX-License-Identifier: MIT */
/* test_value.c - metadata values, and the names of a catalog. */
#include "catalog/catalog.h"
#include <check.h>
#include <stdio.h>
#include <tenon/plugin.h>

static tenon_context *context;
static struct tn_catalog *catalog;
static tenon_error error;

static void
set_up (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    catalog = tn_catalog_new (context);
}

static void
tear_down (void)
{
    tn_catalog_drop (catalog);
    tenon_context_free (context);
}

START_TEST (numbers_of_both_orders)
{
    /* -2 as i16, little and big; 1.5 as f32: 0x3fc00000 */
    static const uint8_t little[] = { 0xfe, 0xff, 0x01, 0x00 }, big[] = { 0xff, 0xfe, 0x00, 0x01 },
                         f32[] = { 0, 0, 0xc0, 0x3f };
    struct tenon_value items[2], array = {
        .type = TENON_ARRAY, .item_type = TENON_I16, .count = 2, .length = 4, .source = TENON_NO_SOURCE
    };
    array.as.memory = little;
    ck_assert_int_eq (tn_value_items (NULL, &array, 0, 2, items, NULL, UINT64_MAX, NULL, &error), TENON_OK);
    ck_assert (items[0].type == TENON_I16 && items[0].as.i == -2 && items[1].as.i == 1);
    array.as.memory = big;
    array.encoding = TENON_ENCODING_BIG;
    ck_assert_int_eq (tn_value_items (NULL, &array, 1, 1, items, NULL, UINT64_MAX, NULL, &error), TENON_OK);
    ck_assert_int_eq (items[0].as.i, 1);
    array.as.memory = f32;
    array.encoding = 0, array.item_type = TENON_F32, array.count = 1;
    ck_assert_int_eq (tn_value_items (NULL, &array, 0, 1, items, NULL, UINT64_MAX, NULL, &error), TENON_OK);
    ck_assert (items[0].as.f == 1.5);
}
END_TEST

/* 7f800001 is a signalling NaN and stays one. */
START_TEST (nans_keep_their_bits)
{
    static const uint8_t bits[] = { 1, 0, 0x80, 0x7f, 0x23, 0x01, 0xc0, 0xff };
    struct tenon_value items[2], array = {
        .type = TENON_ARRAY, .item_type = TENON_F32, .count = 2, .length = 8, .source = TENON_NO_SOURCE
    };
    array.as.memory = bits;
    ck_assert_int_eq (tn_value_items (NULL, &array, 0, 2, items, NULL, UINT64_MAX, NULL, &error), TENON_OK);
    ck_assert_uint_eq (items[0].as.u, 0x7ff0000020000000);
    ck_assert_uint_eq (items[1].as.u, 0xfff8002460000000);
    ck_assert_uint_eq (tenon_f32_of_f64 (items[0].as.f), 0x7f800001);
    ck_assert_uint_eq (tenon_f32_of_f64 (items[1].as.f), 0xffc00123);
    /* a NaN whose payload does not fit into a float stays a NaN */
    items[0].as.u = 0x7ff0000000000001;
    ck_assert_uint_eq (tenon_f32_of_f64 (items[0].as.f), 0x7fc00000);
}
END_TEST

START_TEST (strings_with_lengths)
{
    static const uint8_t bytes[] = { 2, 0, 0, 0, 'a', 0, 0, 0, 0, 0, 3, 0, 0, 0, 0xff, 'b', 'c' };
    struct tenon_value items[3], array = { .type = TENON_ARRAY,
                                           .item_type = TENON_STRING,
                                           .count = 3,
                                           .length = sizeof bytes,
                                           .encoding = TENON_STRINGS_32,
                                           .source = TENON_NO_SOURCE };
    struct tn_arena arena = { 0 };
    array.as.memory = bytes;
    ck_assert_int_eq (tn_value_items (NULL, &array, 0, 3, items, &arena, UINT64_MAX, NULL, &error), TENON_OK);
    ck_assert (items[0].count == 2 && memcmp (items[0].as.string, "a\0", 2) == 0 && items[1].count == 0);
    ck_assert (items[2].count == 3
               && memcmp (items[2].as.string,
                          "\xff"
                          "bc",
                          3)
                      == 0);
    /* the last string is longer than the rest */
    array.length--;
    ck_assert_int_eq (tn_value_items (NULL, &array, 0, 3, items, &arena, UINT64_MAX, NULL, &error),
                      TENON_E_MALFORMED);
    tn_arena_free (&arena);
}
END_TEST

/* Strings across many buffers of the reader: 200,000 of them in a source. */
START_TEST (many_strings)
{
    uint64_t count = 200000, size = 0;
    uint8_t *bytes = malloc (count * 32);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *at = bytes + size;
        int length = sprintf ((char *) at + 8, "%llu", (unsigned long long) (i * i));
        memset (at, 0, 8);
        at[7] = (uint8_t) length;
        size += 8 + (uint64_t) length;
    }
    struct tn_source *source;
    ck_assert_int_eq (tn_source_memory (bytes, size, "x", &source, &error), TENON_OK);
    struct tenon_value array = { .type = TENON_ARRAY,
                                 .item_type = TENON_STRING,
                                 .count = count,
                                 .length = size,
                                 .encoding = TENON_STRINGS_64 | TENON_ENCODING_BIG };
    struct tenon_value *items = malloc (count * sizeof *items);
    struct tn_arena arena = { 0 };
    ck_assert_msg (tn_value_items (source, &array, 0, count, items, &arena, UINT64_MAX, NULL, &error)
                       == TENON_OK,
                   "%s", error.message);
    for (uint64_t i = 0; i < count; i += 777) {
        char text[32];
        sprintf (text, "%llu", (unsigned long long) (i * i));
        ck_assert_str_eq (items[i].as.string, text);
    }
    tn_arena_free (&arena);
    tn_source_free (source);
    free (items);
    free (bytes);
}
END_TEST

START_TEST (what_is_refused)
{
    static const uint8_t bytes[8] = { 0 };
    static const struct {
        struct tenon_value value;
        tenon_status status;
        const char *words;
    } cases[] = {
        { { .type = 99 }, TENON_E_MISUSE, "type 99" },
        { { .type = TENON_BOOL, .as.u = 2 }, TENON_E_MALFORMED, "neither 0 nor 1" },
        { { .type = TENON_U8, .as.u = 256 }, TENON_E_MALFORMED, "no number of 1 byte" },
        { { .type = TENON_U16, .as.u = 65536 }, TENON_E_MALFORMED, "no number of 2 bytes" },
        { { .type = TENON_U32, .as.u = (uint64_t) 1 << 32 }, TENON_E_MALFORMED, "no number of 4 bytes" },
        { { .type = TENON_I8, .as.i = 128 }, TENON_E_MALFORMED, "no number of 1 byte" },
        { { .type = TENON_I8, .as.i = -129 }, TENON_E_MALFORMED, "no number of 1 byte" },
        { { .type = TENON_I16, .as.i = 32768 }, TENON_E_MALFORMED, "no number of 2 bytes" },
        { { .type = TENON_I32, .as.i = -2147483649 }, TENON_E_MALFORMED, "no number of 4 bytes" },
        { { .type = TENON_F32, .as.f = 3.5e38 }, TENON_E_MALFORMED, "no number of 4 bytes" },
        { { .type = TENON_F32, .as.f = -1e300 }, TENON_E_MALFORMED, "no number of 4 bytes" },
        { { .type = TENON_STRING, .count = 1 }, TENON_E_MISUSE, "without its bytes" },
        { { .type = TENON_ARRAY, .item_type = TENON_U32, .count = 3, .length = 8, .as.memory = bytes },
          TENON_E_MALFORMED,
          "3 items" },
        { { .type = TENON_ARRAY,
            .item_type = TENON_U64,
            .count = (uint64_t) 1 << 61,
            .length = 0,
            .as.memory = bytes },
          TENON_E_MALFORMED,
          "items" },
        { { .type = TENON_ARRAY, .item_type = TENON_STRING, .count = 1, .length = 8, .as.memory = bytes },
          TENON_E_MISUSE,
          "encoding" },
        { { .type = TENON_ARRAY,
            .item_type = TENON_STRING,
            .count = 3,
            .length = 8,
            .encoding = TENON_STRINGS_32,
            .as.memory = bytes },
          TENON_E_MALFORMED,
          "3 items" },
        { { .type = TENON_ARRAY, .item_type = TENON_BF16, .count = 4, .length = 8, .as.memory = bytes },
          TENON_E_MISUSE,
          "encoding" },
        { { .type = TENON_ARRAY, .item_type = TENON_ARRAY, .count = 1 }, TENON_E_MISUSE, "no items" },
        { { .type = TENON_ARRAY, .item_type = TENON_BOOL, .count = 3, .length = 3, .as.memory = "\1\0\2" },
          TENON_E_MALFORMED,
          "neither 0 nor 1" },
    };
    struct tenon_value value = cases[_i].value;
    value.source = TENON_NO_SOURCE;
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "key", 3, &value, false, &error), cases[_i].status);
    ck_assert_msg (strstr (error.message, cases[_i].words) && (strstr (error.message, "'key'")), "%s",
                   error.message);
}
END_TEST

START_TEST (ends_of_ranges)
{
    static const struct tenon_value cases[] = {
        { .type = TENON_U8, .as.u = 255 },          { .type = TENON_I8, .as.i = 127 },
        { .type = TENON_I8, .as.i = -128 },         { .type = TENON_U16, .as.u = 65535 },
        { .type = TENON_I16, .as.i = -32768 },      { .type = TENON_U32, .as.u = 4294967295 },
        { .type = TENON_I32, .as.i = -2147483648 }, { .type = TENON_U64, .as.u = UINT64_MAX },
        { .type = TENON_I64, .as.i = INT64_MIN },   { .type = TENON_F32, .as.f = 3.4028234663852886e38 },
        { .type = TENON_F32, .as.f = 0.1 },         { .type = TENON_F32, .as.f = -__builtin_inf () },
        { .type = TENON_F32, .as.f = 1e-300 },      { .type = TENON_F64, .as.f = 1e300 },
    };
    struct tenon_value value = cases[_i];
    value.source = TENON_NO_SOURCE;
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "key", 3, &value, false, &error), TENON_OK);
}
END_TEST

START_TEST (nesting)
{
    struct tenon_value chain[80];
    static const uint8_t byte = 7;
    chain[0] = (struct tenon_value){ .type = TENON_ARRAY,
                                     .item_type = TENON_U8,
                                     .count = 1,
                                     .length = 1,
                                     .source = TENON_NO_SOURCE,
                                     .as.memory = &byte };
    for (unsigned i = 1; i < TN_COUNT (chain); i++)
        chain[i] = (struct tenon_value){ .type = TENON_ARRAY,
                                         .item_type = TENON_ARRAY,
                                         .count = 1,
                                         .source = TENON_NO_SOURCE,
                                         .as.items = &chain[i - 1] };
    uint64_t limit = context->limits[TENON_LIMIT_DEPTH];
    ck_assert_uint_eq (limit, 64);
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "deep", 4, &chain[limit - 1], false, &error),
                      TENON_OK);
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "deeper", 6, &chain[limit], false, &error),
                      TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "depth in [limits]") != NULL, "%s", error.message);
}
END_TEST

/* Each level names the one below twice: 2^40 values unless they are counted. */
START_TEST (sharing)
{
    static const uint8_t byte = 7;
    struct tenon_value levels[41][2];
    for (unsigned i = 0; i < 2; i++)
        levels[0][i] = (struct tenon_value){ .type = TENON_ARRAY,
                                             .item_type = TENON_U8,
                                             .count = 1,
                                             .length = 1,
                                             .source = TENON_NO_SOURCE,
                                             .as.memory = &byte };
    for (unsigned level = 1; level <= 40; level++)
        for (unsigned i = 0; i < 2; i++)
            levels[level][i] = (struct tenon_value){ .type = TENON_ARRAY,
                                                     .item_type = TENON_ARRAY,
                                                     .count = 2,
                                                     .source = TENON_NO_SOURCE,
                                                     .as.items = levels[level - 1] };
    context->limits[TENON_LIMIT_METADATA_BYTES] = 1 << 20;
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "bomb", 4, &levels[40][0], false, &error),
                      TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "more than 1048576 bytes of metadata") != NULL, "%s",
                   error.message);
    ck_assert_uint_le (catalog->arena.used, 2 << 20);
}
END_TEST

START_TEST (keys)
{
    struct tenon_value one = { .type = TENON_U8, .as.u = 1 }, two = { .type = TENON_U8, .as.u = 2 };
    uint64_t index = 9;
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "a", 1, &one, false, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "a", 1, &two, true, &error), TENON_OK);
    ck_assert (catalog->metadata_count == 1 && catalog->metadata[0].value.as.u == 2);
    ck_assert (tn_catalog_find_key (catalog, "a", 1, &index) && index == 0);
    ck_assert (!tn_catalog_find_key (catalog, "b", 1, &index));
    ck_assert_int_eq (tn_catalog_add_metadata (catalog, "a", 1, &two, false, &error), TENON_E_MALFORMED);
    ck_assert (strstr (error.message, "'a' occurs twice") != NULL);
}
END_TEST

/* Names across several segments and sizes of the hash table. */
START_TEST (many_names)
{
    char name[32];
    uint64_t index;
    for (unsigned i = 0; i < 100000; i++) {
        struct tn_tensor *slot = tn_catalog_slot (catalog);
        sprintf (name, "model.layers.%u.weight", i);
        slot->name = tn_arena_text (&catalog->arena, name, strlen (name));
        slot->name_length = (uint32_t) strlen (name);
        ck_assert_int_eq (tn_catalog_commit (catalog, &error), TENON_OK);
    }
    for (unsigned i = 0; i < 100000; i += 7) {
        sprintf (name, "model.layers.%u.weight", i);
        ck_assert (tn_catalog_find (catalog, name, strlen (name), &index) && index == i);
    }
    ck_assert (!tn_catalog_find (catalog, "model.layers.100000.weight", 26, &index));
    struct tn_tensor *slot = tn_catalog_slot (catalog);
    slot->name = "model.layers.5.weight";
    slot->name_length = 21;
    ck_assert_int_eq (tn_catalog_commit (catalog, &error), TENON_E_MALFORMED);
    ck_assert_str_eq (error.message, "the name occurs twice");
    ck_assert_uint_eq (catalog->count, 100000);
}
END_TEST

START_TEST (shapes)
{
    static const struct {
        uint32_t dtype, rank;
        uint64_t shape[3], bytes;
        const char *words;
    } cases[] = {
        { TENON_F32, 0, { 0 }, 4, NULL },
        { TENON_F32, 2, { 3, 4 }, 48, NULL },
        { TENON_U8, 2, { 0, INT64_MAX }, 0, NULL },
        { TENON_U8, 1, { (uint64_t) 1 << 63 }, 0, "not below 2^63" },
        { TENON_U8, 3, { 0, INT64_MAX, 3 }, 0, "2^63 or more" },
        { TENON_U8, 2, { 1u << 31, (uint64_t) 1 << 33 }, 0, "2^63 or more" },
        { TENON_F64, 1, { (uint64_t) 1 << 60 }, 0, "bytes is 2^63" },
        { TENON_F4, 1, { 3 }, 0, "no multiple of the 2" },
        { TENON_F4, 2, { 2, 3 }, 3, NULL },
        { TENON_F6_E2M3, 1, { 4 }, 3, NULL },
    };
    uint64_t elements, bytes = 77;
    tenon_status status = tn_shape_bytes (tn_catalog_dtype (catalog, cases[_i].dtype), cases[_i].rank,
                                          cases[_i].shape, &elements, &bytes, &error);
    if (cases[_i].words) {
        ck_assert_int_eq (status, TENON_E_MALFORMED);
        ck_assert_msg (strstr (error.message, cases[_i].words) != NULL, "%s", error.message);
    } else
        ck_assert (status == TENON_OK && bytes == cases[_i].bytes);
}
END_TEST

START_TEST (escaping)
{
    static const struct {
        const char *text;
        size_t length;
        const char *escaped;
    } cases[] = {
        { "plain ü €", 12, "plain ü €" },
        { "a\nb\x1b[31m", 8, "a\\nb\\x1b[31m" },
        { "\xff\xc0\x80", 3, "\\xff\\xc0\\x80" },
        { "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
        { "\xc2\x9b", 2, "\\xc2\\x9b" },
        { "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" },
        { "x\0y", 3, "x\\x00y" },
    };
    char to[64];
    tn_escape (to, sizeof to, cases[_i].text, cases[_i].length);
    ck_assert_str_eq (to, cases[_i].escaped);
    char small[6];
    tn_escape (small, sizeof small, "abcd\x01", 5);
    ck_assert_str_eq (small, "abcd"); /* an escape is never cut */
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("value");
    TCase *tests = tcase_create ("value");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 60);
    tcase_add_test (tests, numbers_of_both_orders);
    tcase_add_test (tests, nans_keep_their_bits);
    tcase_add_test (tests, strings_with_lengths);
    tcase_add_test (tests, many_strings);
    tcase_add_loop_test (tests, what_is_refused, 0, 19);
    tcase_add_loop_test (tests, ends_of_ranges, 0, 14);
    tcase_add_test (tests, nesting);
    tcase_add_test (tests, sharing);
    tcase_add_test (tests, keys);
    tcase_add_test (tests, many_names);
    tcase_add_loop_test (tests, shapes, 0, 10);
    tcase_add_loop_test (tests, escaping, 0, 7);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
