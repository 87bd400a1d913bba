/* SPDX-License-Identifier: MIT */
/* tenon/json.h - JSON for plugins: a pull parser over bytes in memory. Includes <tenon/json_out.h>, which
 * writes.
 *
 * The functions are in libtenonplugin.a, a static library that a plugin links into itself (pkg-config:
 * tenon-plugin). They need the C library only, and the plugin exports none of them. Headers and library are a
 * pair: take both from the same version of tenon.
 *
 * Headers of formats are often JSON, and may be 100 MB of it. The parser builds no tree and allocates
 * nothing. It accepts exactly RFC 8259: no byte order mark, comment, trailing comma, NaN, lone surrogate or
 * ill-formed UTF-8, and nothing but white space behind the one value. NaN and infinities are accepted on
 * request (tenon_json_allow_nonfinite).
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
 * Keys may repeat, as the RFC allows: a caller that objects must check. A document is valid only when
 * TENON_JSON_END has come: an error behind a value is reported by the next token.
 *
 * Memory: the document must stay unchanged while the parser is used; no function reads outside it. Threads: a
 * struct tenon_json belongs to one thread at a time; there is no other state. No function depends on the
 * locale. */
#ifndef TENON_JSON_H
#define TENON_JSON_H

#include <string.h>
#include <tenon/json_out.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tenon_call; /* of <tenon/plugin.h>; before the line below, since its visibility is not this library's
                    */

#pragma GCC visibility push(hidden)

/* ---- tokens ------------------------------------------------------------------------------------------ */

/* What tenon_json_next returns. */
enum {
    TENON_JSON_ERROR = -1, /* error and error_at tell the cause; every later call returns this as well */
    TENON_JSON_END = 0,    /* the value is complete and only white space follows it */
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

/* The deepest nesting that the parser supports, in levels. */
#define TENON_JSON_DEPTH 64u

/* What the parser keeps for itself: callers neither read nor change it. It differs from version to version.
 */
struct tenon_json_own {
    uint32_t state, most_depth, nonfinite, reserved;
    uint64_t objects;        /* a bit for each open one, the innermost lowest: 1 if an object */
    struct tenon_call *call; /* of tenon_json_watch; NULL: none */
    const uint8_t *ask;      /* behind this byte it is asked */
};

/* A parser. Callers read its fields and change none. A copy is a parser of its own that goes on from the same
 * place: a caller may look ahead with one. */
struct tenon_json {
    const uint8_t *start, *at, *end; /* the document; `at` is the byte behind the token */
    const uint8_t *text;             /* the token; of a key or string the bytes between the quotes */
    uint64_t length;                 /* of the token, bytes */
    uint32_t escapes;                /* key, string: 1 if it contains a backslash */
    uint32_t depth;                  /* open arrays and objects */
    struct tenon_json_own own;
    uint64_t error_at; /* bytes from `start` */
    char error[96];    /* "found ']', expected a value" */
};

/* Begins a document of `length` bytes that holds one value, nested at most `depth` levels; a depth above
 * TENON_JSON_DEPTH counts as TENON_JSON_DEPTH. */
void tenon_json_begin (struct tenon_json *json, const void *bytes, uint64_t length, uint32_t depth);

/* From now on the parser draws the work of parsing from a call of the codec, and fails with TENON_JSON_ERROR
 * once the host refuses it, because the program asked to stop or a limit is met. The host has then recorded
 * the failure, so that whatever the codec makes of it changes nothing. Cheap: it asks every 64 KiB. */
void tenon_json_watch (struct tenon_json *json, struct tenon_call *call);

/* From now on NaN, Infinity and -Infinity are numbers, in exactly these spellings: Python's json module and
 * JavaScript's programs write them, though RFC 8259 has none. tenon_json_f64 and tenon_json_f32 return them;
 * NaN is the quiet one without a sign. For whole numbers they are refused like any fraction. */
void tenon_json_allow_nonfinite (struct tenon_json *json);

/* The next token: TENON_JSON_*. */
int32_t tenon_json_next (struct tenon_json *json);

/* True if the document is malformed, that is, if TENON_JSON_ERROR has come. */
int32_t tenon_json_failed (const struct tenon_json *json);

/* Passes over the rest of the value that began with `token`. Returns a negative number if that failed. */
int32_t tenon_json_skip (struct tenon_json *json, int32_t token);

/* For a caller that knows the usual form of a value: after TENON_JSON_KEY the value begins at json->at, and
 * the caller may parse it itself, strictly, instead of calling tenon_json_next. `end`: just after it. */
void tenon_json_took (struct tenon_json *json, const uint8_t *end);

/* ---- strings ----------------------------------------------------------------------------------------- */

/* True if the last key or string means the `length` bytes at `literal`, written with escapes or without. */
int32_t tenon_json_equals (const struct tenon_json *json, const char *literal, uint64_t length);

/* The same for a literal that ends in NUL. Inline, since the compiler knows the length of most. */
static inline int32_t
tenon_json_is (const struct tenon_json *json, const char *literal)
{
    if (json->escapes)
        return tenon_json_equals (json, literal, strlen (literal));
    return json->length == strlen (literal) && memcmp (json->text, literal, strlen (literal)) == 0;
}

/* Resolves the escapes of a key or string that the parser accepted. `to` has room for `length` bytes, which
 * is always enough, and may be `text` itself. Returns the number of bytes written; \u0000 becomes a NUL among
 * them. */
uint64_t tenon_json_unescape (const void *text, uint64_t length, void *to);

/* True if all of the text is UTF-8 (Unicode 15, table 3-7), as every JSON text must be. */
int32_t tenon_json_is_utf8 (const void *text, uint64_t length);

/* ---- numbers ----------------------------------------------------------------------------------------- */

/* Each reads the last TENON_JSON_NUMBER. On failure it returns TENON_E_MALFORMED and sets error and error_at;
 * *value is then 0, or infinite for f64 and f32. The parser may go on. */

/* Whole numbers: fractions and exponents are refused, also 1.0 and 1e2. u64 refuses -0, which has a sign. */
tenon_status tenon_json_u64 (struct tenon_json *json, uint64_t *value);
tenon_status tenon_json_i64 (struct tenon_json *json, int64_t *value);

/* The nearest double, or float, ties to even. Numbers beyond the largest are refused, but not the word
 * Infinity where it is allowed. The float is rounded once: it may differ from the float of the double, which
 * is rounded twice. */
tenon_status tenon_json_f64 (struct tenon_json *json, double *value);
tenon_status tenon_json_f32 (struct tenon_json *json, float *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
