/* SPDX-License-Identifier: MIT */
/* json.c - the parser of <tenon/json.h>. */
#include "json_string.h"
#include "json_word.h"
#include <stddef.h>
#include <stdio.h>
#include <tenon/json.h>
#include <tenon/plugin.h>

/* tenon_json_own.state */
enum { AT_VALUE = 0, AT_FIRST = 1, AFTER_VALUE = 2, BROKEN = 3 };

/* Parts of tenon_json_next, which is fastest as one function. */
#define ALWAYS_INLINE __attribute__ ((always_inline)) inline

void
tenon_json_begin (struct tenon_json *json, const void *bytes, uint64_t length, uint32_t depth)
{
    memset (json, 0, offsetof (struct tenon_json, error)); /* a small document should not pay for the words */
    json->error[0] = 0;
    json->start = json->at = json->text = (const uint8_t *) bytes;
    json->end = json->own.ask = json->start + length;
    json->own.most_depth = depth < TENON_JSON_DEPTH ? depth : TENON_JSON_DEPTH;
}

/* The bytes between two questions, and the work that parsing a byte is. */
#define WATCHED ((ptrdiff_t) 65536)
#define BYTE_WORK 4

static void
move_question (struct tenon_json *json)
{
    json->own.ask = json->end - json->at > WATCHED ? json->at + WATCHED : json->end;
}

void
tenon_json_watch (struct tenon_json *json, struct tenon_call *call)
{
    json->own.call = call;
    move_question (json);
}

void
tenon_json_allow_nonfinite (struct tenon_json *json)
{
    json->own.nonfinite = 1;
}

/* False: the host refuses more work. */
__attribute__ ((cold, noinline)) static int
ask_host (struct tenon_json *json)
{
    struct tenon_call *call = json->own.call;
    if (TENON_HAS (call, work) ? call->host->work (call, BYTE_WORK * WATCHED) < 0
                               : call->host->cancelled (call) != 0) {
        json->own.state = BROKEN;
        json->error_at = (uint64_t) (json->at - json->start);
        snprintf (json->error, sizeof json->error, "reading it was stopped");
        return 0;
    }
    move_question (json);
    return 1;
}

/* Records what was found at `at` and what was expected there. */
__attribute__ ((cold, noinline)) static int32_t
fail_at (struct tenon_json *json, const uint8_t *at, const char *expected)
{
    char found[24] = "the end";
    if (at < json->end && ' ' < *at && *at < 0x7f)
        snprintf (found, sizeof found, *at == '\'' ? "\"%c\"" : "'%c'", *at);
    else if (at < json->end)
        snprintf (found, sizeof found, "byte 0x%02x", *at);
    json->error_at = (uint64_t) (at - json->start);
    json->own.state = BROKEN;
    snprintf (json->error, sizeof json->error, "found %s, expected %s", found, expected);
    return TENON_JSON_ERROR;
}

/* Spaces eight at a time: they indent each line of many documents. */
static inline const uint8_t *
skip_space (const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at <= ' ') {
        uint64_t others = end - at >= 8 ? json_word (at) ^ 0x2020202020202020u : 1;
        if ((others & 0xff) == 0)
            at += others ? __builtin_ctzll (others) >> 3 : 8;
        else if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
            at++;
        else
            break;
    }
    return at;
}

/* Passes over the escape at `at`, and its second half if it is a surrogate. NULL: the failure is recorded. */
static const uint8_t *
pass_escape (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end;
    json->escapes = 1;
    if (end - at >= 2 && at[1] != 'u') {
        if (at[1] && strchr ("\"\\/bfnrt", at[1]))
            return at + 2;
        fail_at (json, at + 1, "one of \"\\/bfnrtu behind the backslash");
        return NULL;
    }
    uint32_t unit = end - at >= 2 ? tenon_json_hex (at + 2, end) : 65536;
    if (unit > 65535)
        fail_at (json, end - at < 6 ? end : at, "four hexadecimal digits behind \\u");
    else if (unit < 0xd800 || unit > 0xdfff)
        return at + 6;
    else if (unit > 0xdbff)
        fail_at (json, at, "no second half of a surrogate pair");
    else if (end - at >= 12 && at[6] == '\\' && at[7] == 'u' && tenon_json_hex (at + 8, end) - 0xdc00 < 0x400)
        return at + 12;
    else
        fail_at (json, at, "a surrogate pair");
    return NULL;
}

/* Passes over a character that is not plain: an escape, or a run of characters of more than one byte. NULL:
 * the failure is recorded. */
__attribute__ ((noinline)) static const uint8_t *
pass_odd (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end;
    if (at == end || *at < ' ') {
        fail_at (json, at, at == end ? "the string's closing quote" : "no control character in a string");
        return NULL;
    }
    if (*at == '\\')
        return pass_escape (json, at);
    while (at < end && *at >= 0x80) {
        uint32_t length = tenon_json_utf8 (at, end);
        if (length == 0) {
            fail_at (json, at, "UTF-8");
            return NULL;
        }
        at += length;
    }
    return at;
}

/* Passes over a string, from behind its opening quote to behind the closing one. NULL: the failure is
 * recorded. It looks at eight bytes at a time: the high bit of a byte of `odd` is set if the byte is below '
 * ', a quote, a backslash, or above 0x7e. Only the lowest such bit is sure: a borrow may set those above. */
static ALWAYS_INLINE const uint8_t *
pass_string (struct tenon_json *json, const uint8_t *at)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    const uint8_t *end = json->end;
    json->text = at;
    json->escapes = 0;
    for (;;) {
        uint64_t odd = 0;
        while (end - at >= 8) {
            uint64_t word = json_word (at), quote = word ^ '"' * ones, backslash = word ^ '\\' * ones;
            odd = ((word - ' ' * ones) | (quote - ones) | (backslash - ones) | word) & high;
            if (odd)
                break;
            at += 8;
        }
        if (odd)
            at += __builtin_ctzll (odd) >> 3;
        else
            while (at < end && *at >= ' ' && *at < 0x80 && *at != '"' && *at != '\\')
                at++;
        if (at < end && *at == '"') {
            json->length = (uint64_t) (at - json->text);
            return at + 1;
        }
        if (!(at = pass_odd (json, at)))
            return NULL;
    }
}

static inline const uint8_t *
skip_digits (const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint32_t digits = json_count_digits (json_word (at));
        at += digits;
        if (digits < 8)
            return at;
    }
    while (at < end && (uint8_t) (*at - '0') < 10)
        at++;
    return at;
}

static int32_t
next_literal (struct tenon_json *json, const uint8_t *at, const char *word, int32_t token)
{
    uint64_t length = strlen (word);
    for (uint64_t i = 0; i < length; i++)
        if (at + i == json->end || at[i] != (uint8_t) word[i])
            return fail_at (json, at + i, word);
    json->text = at;
    json->length = length;
    json->at = at + length;
    json->own.state = AFTER_VALUE;
    return token;
}

/* What begins like no value of RFC 8259, or like a number that goes on without a digit. */
__attribute__ ((cold, noinline)) static int32_t
next_nonfinite (struct tenon_json *json, const uint8_t *at)
{
    uint32_t minus = at < json->end && *at == '-';
    uint8_t first = at + minus < json->end ? at[minus] : 0;
    if (json->own.nonfinite && first == 'I')
        return next_literal (json, at, minus ? "-Infinity" : "Infinity", TENON_JSON_NUMBER);
    if (json->own.nonfinite && first == 'N' && !minus)
        return next_literal (json, at, "NaN", TENON_JSON_NUMBER);
    return fail_at (json, at + minus, minus ? "a digit" : "a value");
}

static ALWAYS_INLINE int32_t
next_number (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end, *digits;
    json->text = at;
    at += *at == '-';
    digits = at;
    at = at < end && *at == '0' ? at + 1 : skip_digits (at, end);
    if (at == digits)
        return next_nonfinite (json, json->text);
    if (at < end && *at == '.') {
        digits = at + 1;
        if ((at = skip_digits (digits, end)) == digits)
            return fail_at (json, at, "a digit behind the point");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        if ((at = skip_digits (digits, end)) == digits)
            return fail_at (json, at, "a digit of the exponent");
    }
    json->length = (uint64_t) (at - json->text);
    json->at = at;
    json->own.state = AFTER_VALUE;
    return TENON_JSON_NUMBER;
}

static ALWAYS_INLINE int32_t
open_nested (struct tenon_json *json, const uint8_t *at, uint32_t object)
{
    if (json->depth >= json->own.most_depth)
        return fail_at (json, at, "less nesting");
    json->depth++;
    json->own.objects = json->own.objects << 1 | object;
    json->text = at;
    json->length = 1;
    json->at = at + 1;
    json->own.state = AT_FIRST;
    return object ? TENON_JSON_BEGIN_OBJECT : TENON_JSON_BEGIN_ARRAY;
}

static ALWAYS_INLINE int32_t
close_nested (struct tenon_json *json, const uint8_t *at)
{
    int32_t token = json->own.objects & 1 ? TENON_JSON_END_OBJECT : TENON_JSON_END_ARRAY;
    json->depth--;
    json->own.objects >>= 1;
    json->text = at;
    json->length = 1;
    json->at = at + 1;
    json->own.state = AFTER_VALUE;
    return token;
}

static ALWAYS_INLINE int32_t
next_value (struct tenon_json *json, const uint8_t *at)
{
    switch (at < json->end ? *at : 0) {
    case '"':
        if (!(at = pass_string (json, at + 1)))
            return TENON_JSON_ERROR;
        json->at = at;
        json->own.state = AFTER_VALUE;
        return TENON_JSON_STRING;
    case '{': return open_nested (json, at, 1);
    case '[': return open_nested (json, at, 0);
    case 't': return next_literal (json, at, "true", TENON_JSON_TRUE);
    case 'f': return next_literal (json, at, "false", TENON_JSON_FALSE);
    case 'n': return next_literal (json, at, "null", TENON_JSON_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return next_number (json, at);
    default: return next_nonfinite (json, at);
    }
}

static ALWAYS_INLINE int32_t
next_key (struct tenon_json *json, const uint8_t *at)
{
    if (at == json->end || *at != '"')
        return fail_at (json, at, json->own.state == AT_FIRST ? "a key or '}'" : "a key");
    if (!(at = pass_string (json, at + 1)))
        return TENON_JSON_ERROR;
    at = skip_space (at, json->end);
    if (at == json->end || *at != ':')
        return fail_at (json, at, "':' behind the key");
    json->at = at + 1;
    json->own.state = AT_VALUE;
    return TENON_JSON_KEY;
}

int32_t
tenon_json_next (struct tenon_json *json)
{
    const uint8_t *end = json->end, *at = skip_space (json->at, end);
    uint32_t object = json->own.objects & 1;
    if (json->at > json->own.ask && !ask_host (json))
        return TENON_JSON_ERROR;
    if (json->own.state == AT_VALUE)
        return next_value (json, at);
    if (json->own.state == BROKEN)
        return TENON_JSON_ERROR;
    if (json->depth == 0) {
        if (at < end)
            return fail_at (json, at, "the end");
        json->at = json->text = at;
        json->length = 0;
        return TENON_JSON_END;
    }
    if (at < end && *at == (object ? '}' : ']'))
        return close_nested (json, at);
    if (json->own.state == AFTER_VALUE) {
        if (at == end || *at != ',')
            return fail_at (json, at, object ? "',' or '}'" : "',' or ']'");
        at = skip_space (at + 1, end);
    }
    return object ? next_key (json, at) : next_value (json, at);
}

void
tenon_json_took (struct tenon_json *json, const uint8_t *end)
{
    json->at = json->text = end;
    json->length = 0;
    json->own.state = AFTER_VALUE;
}

int32_t
tenon_json_failed (const struct tenon_json *json)
{
    return json->own.state == BROKEN;
}

int32_t
tenon_json_skip (struct tenon_json *json, int32_t token)
{
    if (token != TENON_JSON_BEGIN_OBJECT && token != TENON_JSON_BEGIN_ARRAY)
        return token;
    for (uint32_t depth = json->depth; token >= 0 && json->depth >= depth;)
        token = tenon_json_next (json);
    return token;
}
