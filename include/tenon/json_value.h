/* SPDX-License-Identifier: MIT */
/* tenon/json_value.h - metadata values as JSON and back, bit for bit, for formats that have no types of their
 * own for them. In libtenonplugin.a, like <tenon/json.h>, which this includes.
 *
 *     bool                true, false
 *     u8 … u64, i8 … i64  -128, 18446744073709551615: decimal, no fraction, no exponent
 *     f32, f64            0.1, -0.0, 1e+300: a short decimal that reads as the same number;
 *                         {"bits":9221120237041090560} is an infinity or a NaN, as the bits of a double
 *     string              "text"; {"hex":"ff00"} if it is not UTF-8
 *     null                null
 *     array               [1,2]; of arrays, each item is {"type":"array","items":"u8","value":[1,2]};
 *                         a mixed one likewise: [{"type":"null","value":null},{"type":"u8","value":1}]
 *     map                 {"a":{"type":"u8","value":1}}
 *
 * The type of a value stands beside it, in words of the caller's, or as members of an object in this order:
 *
 *     "type":"u32","value":7
 *     "type":"array","items":"string","value":["a","b"]
 *
 * The words are null, bool, u8 … u64, i8 … i64, f32, f64, string, array and map; items have any of them but
 * null and map, or mixed.
 *
 * Reading trusts nothing: it refuses a value that is not exactly in this form and of the announced type. */
#ifndef TENON_JSON_VALUE_H
#define TENON_JSON_VALUE_H

#include <tenon/json.h>
#include <tenon/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(hidden)

/* The deepest nesting of arrays and maps in each other. Each takes two levels of JSON, of TENON_JSON_DEPTH:
 * three are left for a document around the value. */
#define TENON_JSON_VALUE_DEPTH 30u

/* ---- types ------------------------------------------------------------------------------------------- */

/* The word for a type, a constant; NULL if values have no such type. */
const char *tenon_json_type_name (uint32_t type);

/* The type that the last string of the parser names; -1 if it names none. */
int32_t tenon_json_type (const struct tenon_json *json);

/* ---- writing ----------------------------------------------------------------------------------------- */

/* The destination of values. It begins as zero, with `call` and `out`. */
struct tenon_json_values {
    struct tenon_call *call;
    struct tenon_json_out *out;
};

/* Both return out->status, or the failure of a service, which the host has recorded: reading items,
 * TENON_E_LIMIT if arrays or maps nest too deep, TENON_E_UNSUPPORTED for a type without a word. */

/* A value without its type. */
tenon_status tenon_json_put_value (struct tenon_json_values *values, const struct tenon_value *value);

/* "type":…,"value":… or "type":"array","items":…,"value":…; the caller writes the braces. */
tenon_status tenon_json_put_typed (struct tenon_json_values *values, const struct tenon_value *value);

/* ---- reading ----------------------------------------------------------------------------------------- */

/* The functions below return 0; or this, if the text is not in the form that is expected: then no failure is
 * recorded, json->text is the place, and json->error the cause if the text is not even JSON. They return a
 * negative status for a failure that the host has recorded, which is TENON_E_MEMORY. */
#define TENON_JSON_OTHER 1

/* The next value, of value->type and value->item_type, which the caller sets; all else is zero. Strings and
 * arrays are in scratch memory and live as long as the call. */
int32_t tenon_json_take_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value);

/* The members that tenon_json_put_typed writes, and the } behind them. */
int32_t tenon_json_take_typed (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value);

/* A document that lists metadata, for formats that keep them in a text of their own:
 *
 *     {"tenon":1,"metadata":[{"key":"name","type":"string","value":"…"},…]}
 *
 * Keys are neither empty nor longer than UINT32_MAX bytes, and hold no NUL. One may occur twice. */
struct tenon_json_entry {
    struct tenon_json_entry *next;
    const char *key; /* with a NUL behind it */
    uint64_t key_length;
    struct tenon_value value;
};
struct tenon_json_list {
    struct tenon_json_entry *first; /* in scratch memory, in their order */
    uint64_t count;
};

/* All of the parser's text, as such a document. The list may be used only if it returns 0. */
int32_t tenon_json_take_list (struct tenon_call *call, struct tenon_json *json, struct tenon_json_list *list);

/* The next string, as the word for a type. */
int32_t tenon_json_take_type (struct tenon_json *json, uint32_t *type);

/* The last string or key of the parser without its escapes, in scratch memory, with a NUL behind its *length
 * bytes. NULL: the host has recorded the failure. */
char *tenon_json_take_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length);

/* True if the next token is this one. */
static inline int32_t
tenon_json_take (struct tenon_json *json, int32_t token)
{
    return tenon_json_next (json) == token;
}

/* True if the next token is this key. */
static inline int32_t
tenon_json_take_key (struct tenon_json *json, const char *key)
{
    return tenon_json_take (json, TENON_JSON_KEY) && tenon_json_is (json, key);
}

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
