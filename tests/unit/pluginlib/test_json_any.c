/* SPDX-License-Identifier: MIT */
/* test_json_any.c - tenon/json_any.h: JSON becomes values by the natural rules, and the same JSON again. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/json_any.h>

/* ---- a host that has memory and reads arrays in memory ---- */

static void *blocks[4096];
static unsigned block_count;

static void *
make_scratch (struct tenon_call *call, uint64_t size)
{
    (void) call;
    ck_assert_uint_lt (block_count, 4096);
    return blocks[block_count++] = calloc (1, size);
}

static void
free_scratch (void)
{
    while (block_count > 0)
        free (blocks[--block_count]);
}

static void
read_item (const struct tenon_value *array, const uint8_t **at, struct tenon_value *item)
{
    uint64_t raw = array->item_type == TENON_BOOL || array->item_type == TENON_U8 ? **at : tenon_le64 (*at);
    memset (item, 0, sizeof *item);
    item->type = array->item_type;
    if (item->type == TENON_STRING) {
        item->count = raw;
        item->as.string = (const char *) *at + 8;
        *at += raw;
    } else
        memcpy (&item->as, &raw, 8);
    *at += item->type == TENON_BOOL || item->type == TENON_U8 ? 1 : 8;
}

static tenon_status
visit_items (struct tenon_call *call, const struct tenon_value *array,
             tenon_status (*visit) (void *user, const struct tenon_value *item), void *user)
{
    const uint8_t *at = (const uint8_t *) array->as.memory;
    tenon_status status = TENON_OK;
    (void) call;
    for (uint64_t i = 0; status == TENON_OK && i < array->count; i++) {
        struct tenon_value item;
        read_item (array, &at, &item);
        status = visit (user, &item);
    }
    ck_assert_ptr_eq (at, (const uint8_t *) array->as.memory + array->length);
    return status;
}

/* The worst of all hashes. */
static uint64_t
make_hash (struct tenon_call *call, const void *bytes, uint64_t length)
{
    (void) call, (void) bytes, (void) length;
    return 1;
}

static void
ignore_failure (struct tenon_call *call, int32_t status, uint32_t source, uint64_t offset,
                const char *message)
{
    (void) call, (void) status, (void) source, (void) offset, (void) message;
}

static const struct tenon_host host = {
    .struct_size = sizeof host, .scratch = make_scratch, .each_item = visit_items, .hash = make_hash
};

/* ---- values as text of the test ---- */

static void
show (char *text, const struct tenon_value *value)
{
    char *end = text + strlen (text);
    switch (value->type) {
    case TENON_NONE: strcpy (end, "null"); return;
    case TENON_BOOL: strcpy (end, value->as.u ? "bool:1" : "bool:0"); return;
    case TENON_U8: sprintf (end, "u8:%llu", (unsigned long long) value->as.u); return;
    case TENON_I64: sprintf (end, "i64:%lld", (long long) value->as.i); return;
    case TENON_U64: sprintf (end, "u64:%llu", (unsigned long long) value->as.u); return;
    case TENON_F64: sprintf (end, "f64:%g", value->as.f); return;
    case TENON_STRING: sprintf (end, "str:%.*s", (int) value->count, value->as.string); return;
    case TENON_MAP: strcpy (end, "map{"); break;
    default: ck_assert_uint_eq (value->type, TENON_ARRAY); strcpy (end, "[");
    }
    ck_assert_uint_eq (value->source, TENON_NO_SOURCE);
    const uint8_t *at = (const uint8_t *) value->as.memory;
    if (value->type == TENON_ARRAY)
        strcat (text, value->item_type == TENON_MIXED   ? "mixed "
                      : value->item_type == TENON_ARRAY ? "arrays "
                                                        : "packed ");
    for (uint64_t i = 0; i < value->count; i++) {
        struct tenon_value item;
        strcat (text, i ? "," : "");
        if (value->type == TENON_MAP)
            show (text, &value->as.items[2 * i]), strcat (text, "=");
        if (value->type == TENON_MAP)
            show (text, &value->as.items[2 * i + 1]);
        else if (value->item_type == TENON_MIXED || value->item_type == TENON_ARRAY)
            show (text, &value->as.items[i]);
        else
            read_item (value, &at, &item), show (text, &item);
    }
    strcat (text, value->type == TENON_MAP ? "}" : "]");
}

static int32_t
take (struct tenon_call *call, const char *json_text, struct tenon_value *value, uint64_t *rounded)
{
    struct tenon_json json;
    struct tenon_json_any any = { call, &json, 0, 0 };
    tenon_json_begin (&json, json_text, strlen (json_text), TENON_JSON_DEPTH);
    tenon_json_allow_nonfinite (&json);
    int32_t outcome = tenon_json_take_any (&any, tenon_json_next (&json), value);
    if (outcome == TENON_OK && tenon_json_next (&json) != TENON_JSON_END)
        outcome = TENON_JSON_OTHER;
    *rounded = any.rounded;
    return outcome;
}

static const char *
put (struct tenon_call *call, const struct tenon_value *value)
{
    static char text[4096];
    struct tenon_json_out out = { .bytes = text, .room = sizeof text - 1 };
    struct tenon_json_values values = { call, &out };
    ck_assert_int_eq (tenon_json_put_any (&values, value), TENON_OK);
    text[out.length] = 0;
    return text;
}

/* JSON, and the value that it is. `kept`: the value becomes the same JSON. */
static const struct {
    const char *json, *value;
    int kept;
    unsigned rounded;
} samples[] = {
    { "1", "i64:1", 1, 0 },
    { "-9223372036854775808", "i64:-9223372036854775808", 1, 0 },
    { "9223372036854775808", "u64:9223372036854775808", 1, 0 },
    { "18446744073709551616", "f64:1.84467e+19", 0, 1 },
    { "-9223372036854775809", "f64:-9.22337e+18", 0, 1 },
    { "1e400", "f64:inf", 0, 1 },
    { "-0", "i64:0", 0, 0 },
    { "1.0", "f64:1", 1, 0 },
    { "0.1", "f64:0.1", 1, 0 },
    { "1E2", "f64:100", 0, 0 },
    { "-Infinity", "f64:-inf", 0, 0 },
    { "true", "bool:1", 1, 0 },
    { "null", "null", 1, 0 },
    { "\"a\\nb\"", "str:a\nb", 1, 0 },
    { "[]", "[mixed ]", 1, 0 },
    { "{}", "map{}", 1, 0 },
    { "[1,-2]", "[packed i64:1,i64:-2]", 1, 0 },
    { "[1,18446744073709551615,2]", "[packed u64:1,u64:18446744073709551615,u64:2]", 1, 0 },
    { "[18446744073709551615,-1]", "[mixed u64:18446744073709551615,i64:-1]", 1, 0 },
    { "[-1,18446744073709551615]", "[mixed i64:-1,u64:18446744073709551615]", 1, 0 },
    { "[18446744073709551615,-0]", "[mixed u64:18446744073709551615,i64:0]", 0, 0 },
    { "[1,2.5]", "[mixed i64:1,f64:2.5]", 1, 0 },
    { "[1.0,2.5]", "[packed f64:1,f64:2.5]", 1, 0 },
    { "[1.0,NaN]", "[packed f64:1,f64:nan]", 0, 0 },
    { "[1,18446744073709551616]", "[mixed i64:1,f64:1.84467e+19]", 0, 1 },
    { "[true,false]", "[packed bool:1,bool:0]", 1, 0 },
    { "[true,1]", "[mixed bool:1,i64:1]", 1, 0 },
    { "[\"a\",\"\",\"\\\"\"]", "[packed str:a,str:,str:\"]", 1, 0 },
    { "[null]", "[mixed null]", 1, 0 },
    { "[[1,2],[]]", "[arrays [packed i64:1,i64:2],[mixed ]]", 1, 0 },
    { "[[1],2]", "[mixed [packed i64:1],i64:2]", 1, 0 },
    { "[2,[1]]", "[mixed i64:2,[packed i64:1]]", 1, 0 },
    { "[{\"a\":1}]", "[mixed map{str:a=i64:1}]", 1, 0 },
    { "{\"a\":{\"b\":[1,null,{\"c\":[[\"x\"]]}]},\"\":true}",
      "map{str:a=map{str:b=[mixed i64:1,null,map{str:c=[arrays [packed str:x]]}]},str:=bool:1}", 1, 0 },
};

START_TEST (json_becomes_values_and_the_same_json)
{
    struct tenon_call call = { .host = &host };
    for (unsigned i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct tenon_value value;
        uint64_t rounded;
        char text[4096] = "";
        ck_assert_int_eq (take (&call, samples[i].json, &value, &rounded), TENON_OK);
        show (text, &value);
        ck_assert_str_eq (text, samples[i].value);
        ck_assert_uint_eq (rounded, samples[i].rounded);
        if (samples[i].kept) {
            ck_assert_str_eq (put (&call, &value), samples[i].json);
            ck_assert_int_eq (tenon_json_keeps (&call, &value), TENON_JSON_KEPT);
        }
        free_scratch ();
    }
}
END_TEST

START_TEST (the_last_value_of_a_key_counts)
{
    static const char text[] = "{\"a\":1,\"b\":{\"c\":1,\"c\":2,\"c\":3},\"a\":4,\"d\":5,\"b\":6}";
    struct tenon_call call = { .host = &host };
    struct tenon_json json;
    struct tenon_json_any any = { &call, &json, 0, 0 };
    struct tenon_value value;
    tenon_json_begin (&json, text, strlen (text), 8);
    ck_assert_int_eq (tenon_json_take_any (&any, tenon_json_next (&json), &value), TENON_OK);
    ck_assert_uint_eq (any.repeated, 4);
    ck_assert_str_eq (put (&call, &value), "{\"a\":4,\"b\":6,\"d\":5}");
    free_scratch ();
}
END_TEST

START_TEST (what_is_no_json_is_refused)
{
    static const char *const texts[] = { "[1,2",  "{\"a\"}",     "{\"a\":}", "[1,]",
                                         "[1 2]", "[[[1],[}]",   "[\"a]",    "{\"a\":1]",
                                         "",      "]",           "[tru",     "[1,2]]",
                                         "{1:2}", "[1.5,\"x\",", "[nul]",    "{\"a\":1,}" };
    struct tenon_call call = { .host = &host };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tenon_value value;
        uint64_t rounded;
        ck_assert_msg (take (&call, texts[i], &value, &rounded) == TENON_JSON_OTHER, "%s", texts[i]);
        free_scratch ();
    }
}
END_TEST

static struct tenon_value
packed (uint32_t type, uint64_t count, const void *memory, uint64_t length)
{
    return (struct tenon_value){ .type = TENON_ARRAY,
                                 .item_type = type,
                                 .count = count,
                                 .source = TENON_NO_SOURCE,
                                 .encoding = type == TENON_STRING ? TENON_STRINGS_64 : 0,
                                 .length = length,
                                 .as.memory = memory };
}

static struct tenon_value
with_items (uint32_t type, uint32_t item_type, uint64_t count, const struct tenon_value *items)
{
    return (struct tenon_value){
        .type = type, .item_type = item_type, .count = count, .source = TENON_NO_SOURCE, .as.items = items
    };
}

/* Writes the value, and takes it back with its types. */
static void
check_typed (struct tenon_call *call, const struct tenon_value *value, const char *json_text)
{
    struct tenon_value back = { .type = value->type, .item_type = value->item_type };
    struct tenon_json json;
    struct tenon_json_any any = { call, &json, 0, 0 };
    char before[256] = "", after[256] = "";
    ck_assert_int_eq (tenon_json_keeps (call, value), TENON_JSON_TYPED);
    ck_assert_str_eq (put (call, value), json_text);
    tenon_json_begin (&json, json_text, strlen (json_text), 8);
    ck_assert_int_eq (tenon_json_take_as (&any, tenon_json_next (&json), &back), TENON_OK);
    ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_END);
    show (before, value);
    show (after, &back);
    ck_assert_str_eq (before, after);
    free_scratch ();
}

START_TEST (types_that_json_lacks_come_back_by_their_name)
{
    struct tenon_call call = { .host = &host };
    static const double odd[] = { 1.5, (double) NAN, (double) INFINITY, -(double) INFINITY };
    static const uint64_t small[] = { 1, 2 };
    static const char bytes[] = "\2\0\0\0\0\0\0\0\xff\0";
    struct tenon_value u8 = { .type = TENON_U8, .source = TENON_NO_SOURCE, .as.u = 255 },
                       u64 = { .type = TENON_U64, .source = TENON_NO_SOURCE, .as.u = 7 },
                       nan = { .type = TENON_F64, .source = TENON_NO_SOURCE, .as.f = (double) NAN },
                       minus = { .type = TENON_F64, .source = TENON_NO_SOURCE, .as.f = -(double) INFINITY },
                       text = { .type = TENON_STRING,
                                .count = 2,
                                .source = TENON_NO_SOURCE,
                                .as.string = "\xff" },
                       floats = packed (TENON_F64, 4, odd, 32), u64s = packed (TENON_U64, 2, small, 16),
                       u8s = packed (TENON_U8, 2, "\0\7", 2), none = packed (TENON_I64, 0, "", 0),
                       texts = packed (TENON_STRING, 1, bytes, 10);
    check_typed (&call, &u8, "255");
    check_typed (&call, &u64, "7");
    check_typed (&call, &nan, "\"NaN\"");
    check_typed (&call, &minus, "\"-Infinity\"");
    check_typed (&call, &text, "{\"hex\":\"ff00\"}");
    check_typed (&call, &floats, "[1.5,\"NaN\",\"Infinity\",\"-Infinity\"]");
    check_typed (&call, &u64s, "[1,2]");
    check_typed (&call, &u8s, "[0,7]");
    check_typed (&call, &none, "[]");
    check_typed (&call, &texts, "[{\"hex\":\"ff00\"}]");
    uint64_t bits = UINT64_C (0x7ff8000000000001); /* a NaN with a payload, 9221120237041090561 */
    memcpy (&nan.as.f, &bits, sizeof bits);
    ck_assert_str_eq (put (&call, &nan), "{\"bits\":9221120237041090561}");
}
END_TEST

START_TEST (what_changes_inside_a_value_is_found)
{
    struct tenon_call call = { .host = &host };
    struct tenon_value key = { .type = TENON_STRING, .count = 1, .as.string = "k" },
                       u8 = { .type = TENON_U8, .as.u = 1 }, i64 = { .type = TENON_I64, .as.i = 1 },
                       null = { 0 }, f64 = { .type = TENON_F64, .as.f = 1 }, entry[2] = { key, u8 },
                       alike[2] = { i64, i64 }, different[2] = { i64, f64 }, nulls[2] = { null, null },
                       maps[1] = { with_items (TENON_MAP, TENON_NONE, 1, entry) },
                       arrays[1] = { packed (TENON_BOOL, 1, "\1", 1) },
                       empty[1] = { packed (TENON_BOOL, 0, "", 0) };
    const struct {
        struct tenon_value value;
        int32_t kept;
    } cases[] = { { with_items (TENON_MAP, TENON_NONE, 1, entry), TENON_JSON_CHANGED },
                  { with_items (TENON_ARRAY, TENON_MIXED, 2, alike), TENON_JSON_CHANGED },
                  { with_items (TENON_ARRAY, TENON_MIXED, 2, different), TENON_JSON_KEPT },
                  { with_items (TENON_ARRAY, TENON_MIXED, 2, nulls), TENON_JSON_KEPT },
                  { with_items (TENON_ARRAY, TENON_MIXED, 1, maps), TENON_JSON_CHANGED },
                  { with_items (TENON_ARRAY, TENON_MIXED, 1, arrays), TENON_JSON_CHANGED },
                  { with_items (TENON_ARRAY, TENON_ARRAY, 1, arrays), TENON_JSON_KEPT },
                  { with_items (TENON_ARRAY, TENON_ARRAY, 1, empty), TENON_JSON_CHANGED },
                  { with_items (TENON_ARRAY, TENON_ARRAY, 0, NULL), TENON_JSON_CHANGED } };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq (tenon_json_keeps (&call, &cases[i].value), cases[i].kept);
}
END_TEST

START_TEST (what_is_too_deep_is_not_written)
{
    struct tenon_host failing = host;
    struct tenon_call call = { .host = &failing };
    struct tenon_value chain[TENON_JSON_ANY_DEPTH + 1];
    char text[256];
    struct tenon_json_out out = { .bytes = text, .room = sizeof text };
    struct tenon_json_values values = { &call, &out };
    failing.fail = ignore_failure;
    chain[0] = with_items (TENON_ARRAY, TENON_MIXED, 0, NULL);
    for (unsigned i = 1; i <= TENON_JSON_ANY_DEPTH; i++)
        chain[i] = with_items (TENON_ARRAY, TENON_ARRAY, 1, &chain[i - 1]);
    ck_assert_int_eq (tenon_json_keeps (&call, &chain[TENON_JSON_ANY_DEPTH - 1]), TENON_JSON_KEPT);
    ck_assert_int_eq (tenon_json_keeps (&call, &chain[TENON_JSON_ANY_DEPTH]), TENON_JSON_TOO_DEEP);
    ck_assert_int_eq (tenon_json_put_any (&values, &chain[TENON_JSON_ANY_DEPTH - 1]), TENON_OK);
    ck_assert_int_eq (tenon_json_put_any (&values, &chain[TENON_JSON_ANY_DEPTH]), TENON_E_LIMIT);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("json_any");
    TCase *all = tcase_create ("all");
    tcase_add_test (all, json_becomes_values_and_the_same_json);
    tcase_add_test (all, the_last_value_of_a_key_counts);
    tcase_add_test (all, what_is_no_json_is_refused);
    tcase_add_test (all, types_that_json_lacks_come_back_by_their_name);
    tcase_add_test (all, what_changes_inside_a_value_is_found);
    tcase_add_test (all, what_is_too_deep_is_not_written);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
