/* SPDX-License-Identifier: MIT */
/* test_json.c - tenon/json.h: the grammar of RFC 8259, and strings; compared with json-c. */
#include "json_peer.h"
#include "tests/draw.h"
#include <check.h>
#include <stdio.h>

/* The tokens of a document as letters, "{kn}." for {"a":1}; up to the error, which is '!'. */
static void
list_tokens (struct tenon_json *json, const char *text, uint64_t length, uint32_t depth, char letters[80])
{
    static const char names[] = "!.{}[]ksntfz";
    uint8_t *copy = malloc (length + !length);
    int32_t token;
    uint32_t used = 0;
    memcpy (copy, text, length);
    tenon_json_begin (json, copy, length, depth);
    do {
        token = tenon_json_next (json);
        letters[used++] = names[token + 1];
    } while (token > TENON_JSON_END && used < 79);
    letters[used] = 0;
    if (token == TENON_JSON_ERROR) /* the error is permanent */
        ck_assert_int_eq (tenon_json_next (json), TENON_JSON_ERROR);
    free (copy);
}

static bool
accepts_text (const char *text, uint64_t length)
{
    struct tenon_json json;
    char letters[80];
    list_tokens (&json, text, length, 64, letters);
    return strchr (letters, '.') != NULL;
}

START_TEST (the_tokens_come_in_their_order)
{
    static const char *const table[][2] = {
        { "{}", "{}." },
        { "[]", "[]." },
        { " \t\r\n[ ]\n ", "[]." },
        { "{\"a\":1}", "{kn}." },
        { "{\"a\" : [1, -2.5e+10 ,\"x\"] , \"\":{} }", "{k[nns]k{}}." },
        { "[true,false,null]", "[tfz]." },
        { "[[[]],[]]", "[[[]][]]." },
        { "0", "n." },
        { "-0", "n." },
        { "1E400", "n." },
        { "\"\"", "s." },
        { "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\"", "s." },
        { "\"\x7f\"", "s." },
        { "{\"a\":1,\"a\":2}", "{knkn}." },
    };
    struct tenon_json json;
    char letters[80];
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        list_tokens (&json, table[i][0], strlen (table[i][0]), 64, letters);
        ck_assert_str_eq (letters, table[i][1]);
    }
}
END_TEST

START_TEST (what_is_wrong_is_said_with_its_place)
{
    static const struct {
        const char *text;
        uint64_t at;
        const char *error;
    } table[] = {
        { "", 0, "found the end, expected a value" },
        { " ", 1, "found the end, expected a value" },
        { "\xef\xbb\xbf{}", 0, "found byte 0xef, expected a value" },
        { "{", 1, "found the end, expected a key or '}'" },
        { "{1:2}", 1, "found '1', expected a key or '}'" },
        { "{'a':2}", 1, "found \"'\", expected a key or '}'" },
        { "{\"a\"}", 4, "found '}', expected ':' behind the key" },
        { "{\"a\":}", 5, "found '}', expected a value" },
        { "{\"a\":1,}", 7, "found '}', expected a key" },
        { "{\"a\":1 \"b\":2}", 7, "found '\"', expected ',' or '}'" },
        { "[1,]", 3, "found ']', expected a value" },
        { "[,1]", 1, "found ',', expected a value" },
        { "[1 2]", 3, "found '2', expected ',' or ']'" },
        { "[1}", 2, "found '}', expected ',' or ']'" },
        { "[1]]", 3, "found ']', expected the end" },
        { "1 2", 2, "found '2', expected the end" },
        { "// x\n1", 0, "found '/', expected a value" },
        { "[1,/*x*/2]", 3, "found '/', expected a value" },
        { "\f1", 0, "found byte 0x0c, expected a value" },
        { "\v1", 0, "found byte 0x0b, expected a value" },
        { "\xc2\xa0", 0, "found byte 0xc2, expected a value" },
        { "True", 0, "found 'T', expected a value" },
        { "tru", 3, "found the end, expected true" },
        { "nul]", 3, "found ']', expected null" },
        { "falsE", 4, "found 'E', expected false" },
        { "truex", 4, "found 'x', expected the end" },
        { "NaN", 0, "found 'N', expected a value" },
        { "-Infinity", 1, "found 'I', expected a digit" },
        { "+1", 0, "found '+', expected a value" },
        { "-", 1, "found the end, expected a digit" },
        { "01", 1, "found '1', expected the end" },
        { "-01", 2, "found '1', expected the end" },
        { ".5", 0, "found '.', expected a value" },
        { "1.", 2, "found the end, expected a digit behind the point" },
        { "1.e5", 2, "found 'e', expected a digit behind the point" },
        { "1e", 2, "found the end, expected a digit of the exponent" },
        { "1e+", 3, "found the end, expected a digit of the exponent" },
        { "1e1.5", 3, "found '.', expected the end" },
        { "0x10", 1, "found 'x', expected the end" },
        { "\"a", 2, "found the end, expected the string's closing quote" },
        { "\"a\nb\"", 2, "found byte 0x0a, expected no control character in a string" },
        { "\"\\x41\"", 2, "found 'x', expected one of \"\\/bfnrtu behind the backslash" },
        { "\"\\'\"", 2, "found \"'\", expected one of \"\\/bfnrtu behind the backslash" },
        { "\"\\u12g4\"", 1, "found '\\', expected four hexadecimal digits behind \\u" },
        { "\"\\U0041\"", 2, "found 'U', expected one of \"\\/bfnrtu behind the backslash" },
        { "\"\\ud800\"", 1, "found '\\', expected a surrogate pair" },
        { "\"\\ud800\\ud800\"", 1, "found '\\', expected a surrogate pair" },
        { "\"\\ud800\\n12345\"", 1, "found '\\', expected a surrogate pair" },
        { "\"\\udc00\"", 1, "found '\\', expected no second half of a surrogate pair" },
        { "\"\x80\"", 1, "found byte 0x80, expected UTF-8" },
        { "\"\xc0\xaf\"", 1, "found byte 0xc0, expected UTF-8" },
        { "\"\xc1\xbf\"", 1, "found byte 0xc1, expected UTF-8" },
        { "\"ab\xe0\x9f\xbf\"", 3, "found byte 0xe0, expected UTF-8" },
        { "\"\xed\xa0\x80\"", 1, "found byte 0xed, expected UTF-8" },
        { "\"\xf0\x8f\xbf\xbf\"", 1, "found byte 0xf0, expected UTF-8" },
        { "\"\xf4\x90\x80\x80\"", 1, "found byte 0xf4, expected UTF-8" },
        { "\"\xf5\x80\x80\x80\"", 1, "found byte 0xf5, expected UTF-8" },
        { "\"\xe2\x82\"", 1, "found byte 0xe2, expected UTF-8" },
        { "\"\xc3\xa9\xc3\"", 3, "found byte 0xc3, expected UTF-8" },
    };
    struct tenon_json json;
    char letters[80];
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        list_tokens (&json, table[i].text, strlen (table[i].text), 64, letters);
        ck_assert_msg (strchr (letters, '!'), "%s was accepted", table[i].text);
        ck_assert_str_eq (json.error, table[i].error);
        ck_assert_msg (json.error_at == table[i].at, "%s: at %d", table[i].text, (int) json.error_at);
    }
    list_tokens (&json, "1\0", 2, 64, letters);
    ck_assert_str_eq (json.error, "found byte 0x00, expected the end");
}
END_TEST

/* Every byte at every position of a string, which begins at every position of a word of eight bytes. */
START_TEST (strings_are_looked_at_byte_by_byte)
{
    for (uint32_t length = 1; length < 20; length++)
        for (uint32_t at = 0; at < length; at++)
            for (uint32_t byte = 0; byte < 256; byte++) {
                char text[32] = "\"";
                memset (text + 1, 'a', length);
                text[at + 1] = (char) byte;
                text[length + 1] = '"';
                bool plain = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
                ck_assert_msg (accepts_text (text, length + 2) == plain, "byte %u at %u of %u", byte, at,
                               length);
            }
}
END_TEST

START_TEST (nesting_ends_where_the_caller_says)
{
    struct tenon_json json;
    char text[200], letters[200];
    for (uint32_t limit = 0; limit < 70; limit++)
        for (uint32_t depth = 1; depth < 70; depth++) {
            uint32_t most = limit < 64 ? limit : 64;
            int32_t token;
            for (uint32_t i = 0; i < depth; i++)
                text[i] = '[', text[depth + i] = ']';
            tenon_json_begin (&json, text, 2 * depth, limit);
            while ((token = tenon_json_next (&json)) > TENON_JSON_END)
                continue;
            ck_assert_int_eq (token, depth <= most ? TENON_JSON_END : TENON_JSON_ERROR);
            if (depth > most)
                ck_assert_uint_eq (json.error_at, most);
        }
    ck_assert_str_eq (json.error, "found '[', expected less nesting");
    list_tokens (&json, "5", 1, 0, letters);
    ck_assert_str_eq (letters, "n.");
}
END_TEST

START_TEST (a_value_is_passed_over_whole)
{
    static const char text[] = "{\"a\":[1,{\"b\":[]},[[]]],\"c\":{\"d\":\"]\"},\"e\":2}";
    struct tenon_json json;
    uint64_t two;
    tenon_json_begin (&json, text, strlen (text), 8);
    ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_BEGIN_OBJECT);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_KEY);
        ck_assert_int_gt (tenon_json_skip (&json, tenon_json_next (&json)), 0);
    }
    ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_KEY);
    ck_assert (tenon_json_is (&json, "e"));
    ck_assert_int_eq (tenon_json_skip (&json, tenon_json_next (&json)), TENON_JSON_NUMBER);
    ck_assert_int_eq (tenon_json_u64 (&json, &two), TENON_OK);
    ck_assert_uint_eq (two, 2);
    tenon_json_begin (&json, "[1,[2,}", 7, 8);
    ck_assert_int_eq (tenon_json_skip (&json, tenon_json_next (&json)), TENON_JSON_ERROR);
    ck_assert_uint_eq (json.error_at, 6);
}
END_TEST

/* Samples end with the character that completes them: no beginning of one is a document. */
static const char *const samples[] = {
    "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"
    "}",
    "[1,-2.5e3,0.001,1E+2,-0,18446744073709551615,-9223372036854775808,1e400,123456789012]",
    "{\"k\\u00e9y\":\"\\ud83d\\ude00 "
    "\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":[true,false,null,{}]}",
    " \t\r\n[ [ [ ] , { \"a\" : [ ] } ] , \"\" ]",
    "\"text of more than sixteen bytes without anything odd\"",
};
#define SAMPLES (sizeof samples / sizeof samples[0])

START_TEST (no_beginning_of_a_document_is_one)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        ck_assert (accepts_text (samples[i], strlen (samples[i])));
        for (uint64_t length = 0; length < strlen (samples[i]); length++)
            ck_assert_msg (!accepts_text (samples[i], length), "%.*s", (int) length, samples[i]);
    }
}
END_TEST

START_TEST (strings_come_out_of_their_escapes)
{
    static const struct {
        const char *text, *meant;
        uint64_t length;
    } table[] = { { "\"\"", "", 0 },
                  { "\"plain\"", "plain", 5 },
                  { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
                  { "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 6 },
                  { "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4 },
                  { "\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", 4 },
                  { "\"\\ud836\\ude00\"", "\xf0\x9d\xa8\x80", 4 },
                  { "\"a\\u0000b\"", "a\0b", 3 },
                  { "\"\xc3\xa9\\n\"", "\xc3\xa9\n", 3 } };
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct tenon_json json;
        char text[64];
        tenon_json_begin (&json, table[i].text, strlen (table[i].text), 1);
        ck_assert_int_eq (tenon_json_next (&json), TENON_JSON_STRING);
        uint64_t length = tenon_json_unescape (json.text, json.length, text);
        ck_assert_uint_eq (length, table[i].length);
        ck_assert_mem_eq (text, table[i].meant, length);
        if (strlen (table[i].meant) == length) {
            ck_assert (tenon_json_is (&json, table[i].meant));
            text[length] = 'x', text[length + 1] = 0;
            ck_assert (!tenon_json_is (&json, text));
        }
        ck_assert (!tenon_json_is (&json, "other"));
    }
}
END_TEST

static tenon_status
flush_text (struct tenon_json_out *out, uint64_t more)
{
    char **all = out->user;
    if (more > out->room)
        return TENON_E_MEMORY;
    memcpy (*all, out->bytes, out->length);
    *all += out->length;
    out->length = 0;
    return TENON_OK;
}

static void
write_sample (struct tenon_json_out *out)
{
    tenon_json_put_text (out, "{");
    tenon_json_put_string (out, "\"\\\b\f\n\r\t\x01\x1f/\x7f\xc3\xa9\0z", 15);
    tenon_json_put_text (out, ":[");
    tenon_json_put_u64 (out, UINT64_MAX);
    tenon_json_put_text (out, ",");
    tenon_json_put_i64 (out, INT64_MIN);
    tenon_json_put_text (out, ",");
    tenon_json_put_u64 (out, 0);
    tenon_json_put_text (out, "]}");
}

START_TEST (what_is_written_is_as_agreed)
{
    static const char expected[] = "{\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/\x7f\xc3\xa9\\u0000z\":"
                                   "[18446744073709551615,-9223372036854775808,0]}";
    char text[200], all[200], *end = all;
    struct tenon_json_out out = { .bytes = text, .room = sizeof text };
    write_sample (&out);
    ck_assert_int_eq (out.status, TENON_OK);
    ck_assert_uint_eq (out.length, strlen (expected));
    ck_assert_mem_eq (text, expected, out.length);
    ck_assert (accepts_text (text, out.length));
    /* counting alone, and too little room */
    for (uint64_t room = 0; room < strlen (expected); room++) {
        struct tenon_json_out little = { .bytes = room ? text : NULL, .room = room };
        write_sample (&little);
        ck_assert_int_eq (little.status, TENON_E_LIMIT);
        ck_assert_uint_eq (little.length, strlen (expected));
    }
    /* in pieces, and a piece that is too large */
    struct tenon_json_out pieces = { .bytes = text, .room = 20, .grow = flush_text, .user = &end };
    write_sample (&pieces);
    flush_text (&pieces, 0);
    ck_assert_int_eq (pieces.status, TENON_OK);
    ck_assert_uint_eq ((uint64_t) (end - all), strlen (expected));
    ck_assert_mem_eq (all, expected, strlen (expected));
    struct tenon_json_out narrow = { .bytes = text, .room = 10, .grow = flush_text, .user = &end };
    end = all;
    write_sample (&narrow);
    ck_assert_int_eq (narrow.status, TENON_E_MEMORY);
}
END_TEST

/* ---- json-c ---- */

/* Errors of tenon/json.h in documents that json-c 0.16 accepts; '#' is any digit. */
static const char *const laxer[] = {
    "expected no control character in a string", /* line ends and the like in strings */
    "found byte 0x00, expected",                 /* json-c stops at a NUL */
    "expected a surrogate pair",                 /* halves become U+FFFD */
    "expected no second half of a surrogate pair",
    "expected a digit behind the point", /* 1. */
    "found '.', expected a digit",       /* -.5 */
    "found '#', expected ',' or",        /* 01 */
    "found '#', expected the end",
    "expected UTF-8", /* json-c counts bytes, and accepts overlong ones */
};

static bool
is_known_to_be_laxer (const char *error)
{
    char text[96];
    snprintf (text, sizeof text, "%s", error);
    if (strncmp (text, "found '", 7) == 0 && text[7] >= '0' && text[7] <= '9')
        text[7] = '#';
    for (unsigned i = 0; i < sizeof laxer / sizeof laxer[0]; i++)
        if (strstr (text, laxer[i]))
            return true;
    return false;
}

static uint64_t
mutate_text (char *text, uint64_t length)
{
    static const char alphabet[] =
        "{}[]\",:\\/ubfnrtesl0123456789+-.eE \t\n\r\v\f\x01\x80\xbf\xc2\xe0\xed\xa0\xf0\xf4\xff'dNI";
    uint64_t at = draw_number (length + 1), run = 1 + draw_number (20);
    char odd = draw_number (8) ? alphabet[draw_number (sizeof alphabet)] : (char) draw_number (256);
    switch (draw_number (4)) {
    case 0: text[at] = odd; return length + (at == length);
    case 1: memmove (text + at, text + at + 1, length - at); return length - (at < length);
    case 2:
        memmove (text + at + 1, text + at, length - at);
        text[at] = odd;
        return length + 1;
    default: /* a run twice */
        if (run > length - at)
            return at;
        memmove (text + at + run, text + at, length - at);
        return length + run;
    }
}

START_TEST (what_we_accept_json_c_accepts_with_the_same_values)
{
    uint64_t both = 0, neither = 0;
    for (int i = 0; i < 200000; i++) {
        struct tenon_json json;
        char text[512] = "";
        uint64_t sample = draw_number (SAMPLES), length = strlen (samples[sample]);
        memcpy (text, samples[sample], length);
        for (uint64_t n = 1 + draw_number (3); n > 0; n--)
            length = mutate_text (text, length);
        text[length] = 0;
        enum peer_verdict verdict = peer_compare (&json, text, length);
        both += verdict == PEER_BOTH;
        neither += verdict == PEER_NEITHER;
        ck_assert_msg (verdict != PEER_WE_ARE_LAXER && verdict != PEER_VALUES_DIFFER, "%d: %.*s",
                       (int) verdict, (int) length, text);
        ck_assert_msg (verdict != PEER_WE_ARE_STRICTER || is_known_to_be_laxer (json.error), "%s: %.*s",
                       json.error, (int) length, text);
    }
    ck_assert_uint_gt (both, 20000);
    ck_assert_uint_gt (neither, 20000);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("json");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, 120);
    tcase_add_test (all, the_tokens_come_in_their_order);
    tcase_add_test (all, what_is_wrong_is_said_with_its_place);
    tcase_add_test (all, strings_are_looked_at_byte_by_byte);
    tcase_add_test (all, nesting_ends_where_the_caller_says);
    tcase_add_test (all, a_value_is_passed_over_whole);
    tcase_add_test (all, no_beginning_of_a_document_is_one);
    tcase_add_test (all, strings_come_out_of_their_escapes);
    tcase_add_test (all, what_is_written_is_as_agreed);
    tcase_add_test (all, what_we_accept_json_c_accepts_with_the_same_values);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
