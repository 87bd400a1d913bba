/* SPDX-License-Identifier: MIT */
/* tenon/json_any.h - any JSON as metadata values, and metadata values as the JSON that other programs expect,
 * for formats whose metadata are JSON. In libtenonplugin.a, like <tenon/json.h>. The forms of
 * <tenon/json_value.h> are other ones: they keep each type beside its value.
 *
 *     number without fraction and exponent   i64; u64 above 9223372036854775807; beyond both f64, rounded
 *     other numbers, NaN, Infinity           f64
 *     true, false                            bool
 *     null                                   null
 *     "text"                                 string
 *     [1,2]                                  array of i64, or of u64 if one needs it and none is negative;
 *                                            likewise arrays of f64, of bools, of strings
 *     [[1,2],[]]                             array of arrays
 *     [], [1,2.5], [null], [{"a":1}]         mixed array
 *     {"a":1}                                map
 *
 * Writing puts these forms. A number of another type is put as one of JSON, which its type can take back
 * (tenon_json_take_as). Three forms go beyond: the strings "NaN", "Infinity" and "-Infinity" are the floats
 * of these names, {"bits":9221120237041090561} is a NaN of other bits than the quiet one, as those of a
 * double, and {"hex":"ff00"} is a string that is not UTF-8. */
#ifndef TENON_JSON_ANY_H
#define TENON_JSON_ANY_H

#include <tenon/json_value.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(hidden)

/* The deepest nesting of arrays and maps that is written. Some levels of TENON_JSON_DEPTH are left for the
 * document around the value. */
#define TENON_JSON_ANY_DEPTH 48u

/* ---- reading ----------------------------------------------------------------------------------------- */

/* Both return 0, TENON_JSON_OTHER, or the negative status of a failure that the host has recorded, like the
 * functions of <tenon/json_value.h>. `token` is the one that begins the value, which the caller has taken.
 * What the value points to is in scratch memory; strings without escapes are in the document, which must stay
 * as long. */

/* What the functions read from, and what they met. It begins as zero, with `call` and `json`. */
struct tenon_json_any {
    struct tenon_call *call;
    struct tenon_json *json;
    uint64_t rounded;  /* integers beyond 64 bits, which are rounded, and numbers too large for f64, which
                          become infinite */
    uint64_t repeated; /* keys that their object has had before: the last value counts, as in Python */
};

/* Any value. It fails only if the text is not JSON. */
int32_t tenon_json_take_any (struct tenon_json_any *any, int32_t token, struct tenon_value *value);

/* A value of value->type and value->item_type, which the caller sets, and which is no map, and no mixed or
 * nested array. TENON_JSON_OTHER: it is no such value. Then the parser may stand inside it. */
int32_t tenon_json_take_as (struct tenon_json_any *any, int32_t token, struct tenon_value *value);

/* ---- writing ----------------------------------------------------------------------------------------- */

/* A value. It returns like tenon_json_put_value; TENON_E_LIMIT if it nests deeper than TENON_JSON_ANY_DEPTH.
 */
tenon_status tenon_json_put_any (struct tenon_json_values *values, const struct tenon_value *value);

/* What tenon_json_put_any keeps of a value. Reads the items of arrays. A negative status: the host has
 * recorded the failure. */
enum {
    TENON_JSON_KEPT = 0,    /* tenon_json_take_any returns the same value */
    TENON_JSON_TYPED = 1,   /* tenon_json_take_as with its types returns the same value */
    TENON_JSON_CHANGED = 2, /* a value in it comes back with another type, or as JSON of another form */
    TENON_JSON_TOO_DEEP = 3 /* it cannot be written */
};
int32_t tenon_json_keeps (struct tenon_call *call, const struct tenon_value *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
