/* SPDX-License-Identifier: MIT */
/* tenon/json.h - JSON for plugins: a pull parser over bytes in memory, and what it takes to write JSON.
 *
 * Headers of formats are JSON more often than not, and may be 100 MB of it. This reads them without a tree
 * and without an allocation, at the speed of the memory, and takes RFC 8259 at its word: no byte order mark,
 * comment, trailing comma, NaN, lone surrogate or ill-formed UTF-8 passes, and behind the one value comes the
 * end.
 *
 *     struct tenon_json json;
 *     tenon_json_begin (&json, bytes, length, 64);
 *     if (tenon_json_next (&json) != TENON_JSON_BEGIN_OBJECT)
 *         …
 *     while ((token = tenon_json_next (&json)) == TENON_JSON_KEY)
 *         if (tenon_json_is (&json, "shape"))
 *             …
 *         else if (tenon_json_skip (&json, tenon_json_next (&json)) < 0)
 *             break;
 *     if (token == TENON_JSON_ERROR)
 *         return tenon_fail (call, TENON_E_MALFORMED, start + json.error_at, "%s", json.error);
 *
 * Keys may repeat, as the RFC allows: whoever minds looks for himself. All is accepted only when
 * TENON_JSON_END has come: what is wrong behind a value is told by the next token.
 *
 * Functions of this header never read outside [start, end), and keep no state but the caller's. None of them
 * depends on the locale. */
#ifndef TENON_JSON_H
#define TENON_JSON_H

#include <stdio.h>
#include <string.h>
#include <tenon/json_number.h>
#include <tenon/json_out.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ----------------------------------------------------------------------------------------- */

/* What tenon_json_next comes across. */
enum {
    TENON_JSON_ERROR = -1, /* error and error_at say what and where; nothing else comes any more */
    TENON_JSON_END = 0,    /* the value is complete and nothing stands behind it */
    TENON_JSON_BEGIN_OBJECT = 1,
    TENON_JSON_END_OBJECT = 2,
    TENON_JSON_BEGIN_ARRAY = 3,
    TENON_JSON_END_ARRAY = 4,
    TENON_JSON_KEY = 5, /* of an object; the next token begins its value */
    TENON_JSON_STRING = 6,
    TENON_JSON_NUMBER = 7,
    TENON_JSON_TRUE = 8,
    TENON_JSON_FALSE = 9,
    TENON_JSON_NULL = 10
};

/* The deepest nesting that the parser keeps account of. */
#define TENON_JSON_DEPTH 64u

/* Parts of tenon_json_next, which is one function when it is fast. */
#define TENON_JSON_INLINE __attribute__ ((always_inline)) static inline

struct tenon_json {
    const uint8_t *start, *at, *end; /* the document; `at` is behind the token */
    const uint8_t *text;             /* the token; of a key or string what is between the quotes */
    uint64_t length;                 /* its bytes */
    uint32_t escapes;                /* key, string: there is a backslash in it */
    uint32_t state;                  /* the parser's own */
    uint32_t depth, most_depth;      /* arrays and objects that are open, and that may be */
    uint64_t objects;                /* a bit for each of them, the innermost lowest: 1, it is an object */
    uint64_t error_at;               /* bytes from the start */
    char error[96];                  /* "found ']', expected a value" */
};

enum { TENON_JSON_AT_VALUE = 0, TENON_JSON_AT_FIRST = 1, TENON_JSON_AFTER_VALUE = 2, TENON_JSON_BROKEN = 3 };

/* Begins with `length` bytes that hold one value, with at most `depth` ≤ TENON_JSON_DEPTH levels. */
static inline void
tenon_json_begin (struct tenon_json *json, const void *bytes, uint64_t length, uint32_t depth)
{
    memset (json, 0, sizeof *json);
    json->start = json->at = json->text = (const uint8_t *) bytes;
    json->end = json->start + length;
    json->most_depth = depth < TENON_JSON_DEPTH ? depth : TENON_JSON_DEPTH;
}

/* Records what is wrong at `at`. For callers as well: json->text is where the token begins. */
__attribute__ ((cold, noinline, unused)) static int32_t
tenon_json_fail (struct tenon_json *json, const uint8_t *at, const char *expected)
{
    char found[24] = "the end";
    if (at<json->end && * at> ' ' && *at < 0x7f)
        snprintf (found, sizeof found, *at == '\'' ? "\"%c\"" : "'%c'", *at);
    else if (at < json->end)
        snprintf (found, sizeof found, "byte 0x%02x", *at);
    json->error_at = (uint64_t) (at - json->start);
    json->state = TENON_JSON_BROKEN;
    snprintf (json->error, sizeof json->error, "found %s, expected %s", found, expected);
    return TENON_JSON_ERROR;
}

/* Eight bytes, the first one lowest. */
static inline uint64_t
tenon_json_word (const uint8_t *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64 (word);
#endif
    return word;
}

static inline const uint8_t *
tenon_json_space (const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The bytes of the well-formed UTF-8 sequence at `at`, 1 … 4; 0: it is none (Unicode 15, table 3-7). */
static inline uint32_t
tenon_json_utf8 (const uint8_t *at, const uint8_t *end)
{
    uint8_t lead = *at, least = 0x80, most = 0xbf;
    uint32_t length = lead < 0x80   ? 1
                      : lead < 0xc2 ? 0
                      : lead < 0xe0 ? 2
                      : lead < 0xf0 ? 3
                      : lead < 0xf5 ? 4
                                    : 0;
    if (length > (uint64_t) (end - at))
        return 0;
    if (lead == 0xe0)
        least = 0xa0; /* overlong */
    else if (lead == 0xed)
        most = 0x9f; /* surrogates */
    else if (lead == 0xf0)
        least = 0x90;
    else if (lead == 0xf4)
        most = 0x8f; /* behind U+10FFFF */
    for (uint32_t i = 1; i < length; i++) {
        if (at[i] < least || at[i] > most)
            return 0;
        least = 0x80;
        most = 0xbf;
    }
    return length;
}

/* The number of the four hexadecimal digits at `at`; 65536: there are none. */
static inline uint32_t
tenon_json_hex (const uint8_t *at, const uint8_t *end)
{
    uint32_t value = 0;
    if (end - at < 4)
        return 65536;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t digit = at[i], letter = (digit | 0x20) - 'a';
        if (digit - '0' < 10)
            value = value << 4 | (digit - '0');
        else if (letter < 6)
            value = value << 4 | (letter + 10);
        else
            return 65536;
    }
    return value;
}

/* Passes over the escape at `at`, and its second half when it is a surrogate. */
static inline const uint8_t *
tenon_json_escape (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end;
    json->escapes = 1;
    if (end - at >= 2 && at[1] != 'u') {
        if (at[1] && strchr ("\"\\/bfnrt", at[1]))
            return at + 2;
        tenon_json_fail (json, at + 1, "one of \"\\/bfnrtu behind the backslash");
        return NULL;
    }
    uint32_t unit = end - at >= 2 ? tenon_json_hex (at + 2, end) : 65536;
    if (unit > 65535)
        tenon_json_fail (json, end - at < 6 ? end : at, "four hexadecimal digits behind \\u");
    else if (unit < 0xd800 || unit > 0xdfff)
        return at + 6;
    else if (unit > 0xdbff)
        tenon_json_fail (json, at, "no second half of a surrogate pair");
    else if (end - at >= 12 && at[6] == '\\' && at[7] == 'u' && tenon_json_hex (at + 8, end) - 0xdc00 < 0x400)
        return at + 12;
    else
        tenon_json_fail (json, at, "a surrogate pair");
    return NULL;
}

/* Passes over what is no plain character: an escape, or characters of more than one byte. */
__attribute__ ((noinline, unused)) static const uint8_t *
tenon_json_odd (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end;
    if (at == end || *at < ' ') {
        tenon_json_fail (json, at,
                         at == end ? "the string's closing quote" : "no control character in a string");
        return NULL;
    }
    if (*at == '\\')
        return tenon_json_escape (json, at);
    while (at < end && *at >= 0x80) {
        uint32_t length = tenon_json_utf8 (at, end);
        if (length == 0) {
            tenon_json_fail (json, at, "UTF-8");
            return NULL;
        }
        at += length;
    }
    return at;
}

/* Reads a string from behind its quote; the result is behind the closing one, NULL: the failure is
 * recorded. Eight bytes at a time: the high bit of each byte of `odd` says that it is below ' ', a quote,
 * a backslash or above 0x7e; borrows can only make wrong what lies above a byte that is marked rightly.
 * */
TENON_JSON_INLINE const uint8_t *
tenon_json_string (struct tenon_json *json, const uint8_t *at)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    const uint8_t *end = json->end;
    json->text = at;
    json->escapes = 0;
    for (;;) {
        uint64_t odd = 0;
        while (end - at >= 8) {
            uint64_t word = tenon_json_word (at), quote = word ^ '"' * ones, backslash = word ^ '\\' * ones;
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
        if (!(at = tenon_json_odd (json, at)))
            return NULL;
    }
}

/* How many of the word's first bytes are digits. Those above a byte that is none may be marked wrongly. */
static inline uint32_t
tenon_json_count_digits (uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t digits = word ^ '0' * ones, none = ((digits + 0x76 * ones) | digits) & 0x80 * ones;
    return none ? (uint32_t) __builtin_ctzll (none) >> 3 : 8;
}

static inline const uint8_t *
tenon_json_digits (const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint32_t digits = tenon_json_count_digits (tenon_json_word (at));
        at += digits;
        if (digits < 8)
            return at;
    }
    while (at < end && (uint8_t) (*at - '0') < 10)
        at++;
    return at;
}

TENON_JSON_INLINE int32_t
tenon_json_number (struct tenon_json *json, const uint8_t *at)
{
    const uint8_t *end = json->end, *digits;
    json->text = at;
    at += *at == '-';
    digits = at;
    at = at < end && *at == '0' ? at + 1 : tenon_json_digits (at, end);
    if (at == digits)
        return tenon_json_fail (json, at, "a digit");
    if (at < end && *at == '.') {
        digits = at + 1;
        if ((at = tenon_json_digits (digits, end)) == digits)
            return tenon_json_fail (json, at, "a digit behind the point");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        if ((at = tenon_json_digits (digits, end)) == digits)
            return tenon_json_fail (json, at, "a digit of the exponent");
    }
    json->length = (uint64_t) (at - json->text);
    json->at = at;
    json->state = TENON_JSON_AFTER_VALUE;
    return TENON_JSON_NUMBER;
}

static inline int32_t
tenon_json_literal (struct tenon_json *json, const uint8_t *at, const char *word, int32_t token)
{
    uint64_t length = strlen (word);
    for (uint64_t i = 0; i < length; i++)
        if (at + i == json->end || at[i] != (uint8_t) word[i])
            return tenon_json_fail (json, at + i, word);
    json->text = at;
    json->length = length;
    json->at = at + length;
    json->state = TENON_JSON_AFTER_VALUE;
    return token;
}

TENON_JSON_INLINE int32_t
tenon_json_open (struct tenon_json *json, const uint8_t *at, uint32_t object)
{
    if (json->depth >= json->most_depth)
        return tenon_json_fail (json, at, "less nesting");
    json->depth++;
    json->objects = json->objects << 1 | object;
    json->text = at;
    json->length = 1;
    json->at = at + 1;
    json->state = TENON_JSON_AT_FIRST;
    return object ? TENON_JSON_BEGIN_OBJECT : TENON_JSON_BEGIN_ARRAY;
}

TENON_JSON_INLINE int32_t
tenon_json_close (struct tenon_json *json, const uint8_t *at)
{
    int32_t token = json->objects & 1 ? TENON_JSON_END_OBJECT : TENON_JSON_END_ARRAY;
    json->depth--;
    json->objects >>= 1;
    json->text = at;
    json->length = 1;
    json->at = at + 1;
    json->state = TENON_JSON_AFTER_VALUE;
    return token;
}

TENON_JSON_INLINE int32_t
tenon_json_value (struct tenon_json *json, const uint8_t *at)
{
    switch (at < json->end ? *at : 0) {
    case '"':
        if (!(at = tenon_json_string (json, at + 1)))
            return TENON_JSON_ERROR;
        json->at = at;
        json->state = TENON_JSON_AFTER_VALUE;
        return TENON_JSON_STRING;
    case '{': return tenon_json_open (json, at, 1);
    case '[': return tenon_json_open (json, at, 0);
    case 't': return tenon_json_literal (json, at, "true", TENON_JSON_TRUE);
    case 'f': return tenon_json_literal (json, at, "false", TENON_JSON_FALSE);
    case 'n': return tenon_json_literal (json, at, "null", TENON_JSON_NULL);
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
    case '9': return tenon_json_number (json, at);
    default: return tenon_json_fail (json, at, "a value");
    }
}

TENON_JSON_INLINE int32_t
tenon_json_key (struct tenon_json *json, const uint8_t *at)
{
    if (at == json->end || *at != '"')
        return tenon_json_fail (json, at, json->state == TENON_JSON_AT_FIRST ? "a key or '}'" : "a key");
    if (!(at = tenon_json_string (json, at + 1)))
        return TENON_JSON_ERROR;
    at = tenon_json_space (at, json->end);
    if (at == json->end || *at != ':')
        return tenon_json_fail (json, at, "':' behind the key");
    json->at = at + 1;
    json->state = TENON_JSON_AT_VALUE;
    return TENON_JSON_KEY;
}

/* The next token: TENON_JSON_*. */
__attribute__ ((unused)) static int32_t
tenon_json_next (struct tenon_json *json)
{
    const uint8_t *end = json->end, *at = tenon_json_space (json->at, end);
    uint32_t object = json->objects & 1;
    if (json->state == TENON_JSON_AT_VALUE)
        return tenon_json_value (json, at);
    if (json->state == TENON_JSON_BROKEN)
        return TENON_JSON_ERROR;
    if (json->depth == 0) {
        if (at < end)
            return tenon_json_fail (json, at, "the end");
        json->at = json->text = at;
        json->length = 0;
        return TENON_JSON_END;
    }
    if (at < end && *at == (object ? '}' : ']'))
        return tenon_json_close (json, at);
    if (json->state == TENON_JSON_AFTER_VALUE) {
        if (at == end || *at != ',')
            return tenon_json_fail (json, at, object ? "',' or '}'" : "',' or ']'");
        at = tenon_json_space (at + 1, end);
    }
    return object ? tenon_json_key (json, at) : tenon_json_value (json, at);
}

/* For who knows what a value looks like most of the time: behind a TENON_JSON_KEY it begins at json->at, and
 * instead of tenon_json_next the caller may read it himself, strictly, and say where it ended. */
static inline void
tenon_json_took (struct tenon_json *json, const uint8_t *end)
{
    json->at = json->text = end;
    json->length = 0;
    json->state = TENON_JSON_AFTER_VALUE;
}

/* Passes over the rest of the value that began with `token`; the result is negative when that failed. */
__attribute__ ((unused)) static int32_t
tenon_json_skip (struct tenon_json *json, int32_t token)
{
    if (token != TENON_JSON_BEGIN_OBJECT && token != TENON_JSON_BEGIN_ARRAY)
        return token;
    for (uint32_t depth = json->depth; token >= 0 && json->depth >= depth;)
        token = tenon_json_next (json);
    return token;
}

/* ---- strings ----------------------------------------------------------------------------------------- */

static inline uint32_t
tenon_json_put_utf8 (uint32_t character, uint8_t *to)
{
    if (character < 0x80) {
        to[0] = (uint8_t) character;
        return 1;
    }
    uint32_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (uint32_t i = length - 1; i > 0; i--, character >>= 6)
        to[i] = (uint8_t) (0x80 | (character & 0x3f));
    to[0] = (uint8_t) (0xf00u >> length | character);
    return length;
}

/* Decodes what stands at *at in a string that the parser has passed, and steps over it: a byte, or what an
 * escape stands for. The result is the bytes in `to`, 1 … 4. */
static inline uint32_t
tenon_json_decode (const uint8_t **at, const uint8_t *end, uint8_t to[4])
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const uint8_t *from = *at;
    to[0] = *from;
    *at = from + 1;
    if (*from != '\\' || end - from < 2)
        return 1;
    *at = from + 2;
    if (from[1] != 'u') {
        const char *letter = (const char *) memchr (letters, from[1], 5);
        to[0] = letter ? (uint8_t) meant[letter - letters] : from[1];
        return 1;
    }
    uint32_t unit = tenon_json_hex (from + 2, end), low;
    *at = end - from < 6 ? end : from + 6;
    if (unit - 0xd800 < 0x400 && end - from >= 12
        && (low = tenon_json_hex (from + 8, end) - 0xdc00) < 0x400) {
        *at = from + 12;
        unit = 0x10000 + ((unit - 0xd800) << 10 | low);
    }
    return tenon_json_put_utf8 (unit, to);
}

/* Takes a key or string of the parser out of its escapes. `to` has room for `length` bytes, which is
 * always enough; it may be `text` itself. The result is the bytes there: they may be NUL, when \u0000 was
 * written. */
__attribute__ ((unused)) static uint64_t
tenon_json_unescape (const void *text, uint64_t length, void *to)
{
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    uint8_t *out = (uint8_t *) to, piece[4];
    while (at < end) {
        uint32_t bytes = tenon_json_decode (&at, end, piece);
        for (uint32_t i = 0; i < bytes; i++)
            *out++ = piece[i];
    }
    return (uint64_t) (out - (uint8_t *) to);
}

__attribute__ ((noinline, unused)) static int32_t
tenon_json_is_escaped (const struct tenon_json *json, const char *literal, uint64_t length)
{
    const uint8_t *at = json->text, *end = at + json->length;
    uint64_t used = 0;
    uint8_t piece[4];
    while (at < end) {
        uint32_t bytes = tenon_json_decode (&at, end, piece);
        if (bytes > length - used || memcmp (literal + used, piece, bytes) != 0)
            return 0;
        used += bytes;
    }
    return used == length;
}

/* 1: the key or string that was read last says `literal`, written with escapes or without. */
static inline int32_t
tenon_json_is (const struct tenon_json *json, const char *literal)
{
    uint64_t length = strlen (literal);
    if (json->escapes)
        return tenon_json_is_escaped (json, literal, length);
    return json->length == length && memcmp (json->text, literal, length) == 0;
}

/* 1: all of it is UTF-8, as every JSON text must be. */
__attribute__ ((unused)) static int32_t
tenon_json_is_utf8 (const void *text, uint64_t length)
{
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    while (at < end) {
        uint32_t bytes = tenon_json_utf8 (at, end);
        if (bytes == 0)
            return 0;
        at += bytes;
    }
    return 1;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

/* The whole numbers below refuse what has a fraction or an exponent, also 1.0 and 1e2, and what does not fit:
 * the result is TENON_E_MALFORMED, and error and error_at say why. The parser may go on. */
static inline tenon_status
tenon_json_no_number (struct tenon_json *json, const char *expected)
{
    int32_t shown = json->length < 32 ? (int32_t) json->length : 32;
    snprintf (json->error, sizeof json->error, "found %.*s%s, expected %s", (int) shown,
              (const char *) json->text, json->length > 32 ? "..." : "", expected);
    json->error_at = (uint64_t) (json->text - json->start);
    return TENON_E_MALFORMED;
}

/* The number of eight digits, the first one in the lowest byte: pairs, fours, eights. */
static inline uint32_t
tenon_json_eight_digits (uint64_t word)
{
    word = (word & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (uint32_t) ((word & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}

/* The last `count` ≤ 8 of the eight bytes before `end`, with '0' before them. */
static inline uint64_t
tenon_json_last_digits (const uint8_t *end, uint64_t count)
{
    uint64_t others = count < 8 ? UINT64_MAX >> (8 * count) : 0;
    return (tenon_json_word (end - 8) & ~others) | (0x3030303030303030u & others);
}

/* 1: the token is digits from `skipped` on, and *value their number. */
static inline int32_t
tenon_json_whole (const struct tenon_json *json, uint64_t skipped, uint64_t *value)
{
    const uint8_t *at = json->text + skipped, *end = json->text + json->length;
    uint64_t sum = 0, count = json->length - skipped;
    if (count == 0 || count > 20)
        return 0;
    if (count <= 16
        && end - json->start >= 16) { /* at once: lengths vary, and loops over them are guessed badly */
        uint64_t low = tenon_json_last_digits (end, count < 8 ? count : 8);
        uint64_t most = tenon_json_last_digits (end - 8, count < 8 ? 0 : count - 8);
        *value = tenon_json_eight_digits (most) * (uint64_t) 100000000 + tenon_json_eight_digits (low);
        return tenon_json_count_digits (low) + tenon_json_count_digits (most) == 16;
    }
    for (; at < end; at++) {
        uint8_t digit = (uint8_t) (*at - '0');
        if (digit > 9 || sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit)
            return 0;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 1;
}

/* The number that was read last. -0 is refused: it has a sign. */
static inline tenon_status
tenon_json_u64 (struct tenon_json *json, uint64_t *value)
{
    if (tenon_json_whole (json, 0, value))
        return TENON_OK;
    *value = 0;
    return tenon_json_no_number (json, "a whole number from 0 to 18446744073709551615");
}

static inline tenon_status
tenon_json_i64 (struct tenon_json *json, int64_t *value)
{
    uint64_t size = 0;
    uint32_t minus = json->length > 0 && json->text[0] == '-';
    *value = 0;
    if (!tenon_json_whole (json, minus, &size) || size > (uint64_t) INT64_MAX + minus)
        return tenon_json_no_number (json, "a whole number of 64 bits with a sign");
    *value = minus && size > 0 ? -(int64_t) (size - 1) - 1 : (int64_t) size;
    return TENON_OK;
}

/* The number that was read last. */
static inline tenon_status
tenon_json_f64 (struct tenon_json *json, double *value)
{
    if (tenon_json_to_f64 (json->text, json->length, value))
        return TENON_OK;
    return tenon_json_no_number (json, "a number that a double holds");
}

/* Not the same as the float of the double, which is rounded twice. */
static inline tenon_status
tenon_json_f32 (struct tenon_json *json, float *value)
{
    if (tenon_json_to_f32 (json->text, json->length, value))
        return TENON_OK;
    return tenon_json_no_number (json, "a number that a float holds");
}

#ifdef __cplusplus
}
#endif
#endif
