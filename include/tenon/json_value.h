/* SPDX-License-Identifier: MIT */
/* tenon/json_value.h - metadata values as JSON and back, bit for bit: for plugins whose format has no types
 * of its own for them. A part of tenon/json.h that needs tenon/plugin.h as well.
 *
 *     bool                true, false
 *     u8 … u64, i8 … i64  -128, 18446744073709551615: decimal, no fraction, no exponent
 *     f32, f64            0.1, -0.0, 1e+300: the shortest decimal that reads as the same number;
 *                         {"bits":9221120237041090560} is an infinity or a NaN, as the bits of a double
 *     string              "text"; {"hex":"ff00"} when it is not UTF-8
 *     null                null
 *     array               [1,2]; of arrays, each item is {"type":"array","items":"u8","value":[1,2]}
 *
 * What type a value has stands beside it, in words of the caller's or as members of an object,
 *
 *     "type":"u32","value":7
 *     "type":"array","items":"string","value":["a","b"]
 *
 * in this order. The words are null, bool, u8 … u64, i8 … i64, f32, f64, string and array; items have any of
 * them but null.
 *
 * Reading trusts nothing: a value is just what is said here and of the type that was announced, or it is
 * refused. */
#ifndef TENON_JSON_VALUE_H
#define TENON_JSON_VALUE_H

#include <tenon/json.h>
#include <tenon/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays in an array, at most. Each takes two levels of JSON, of which TENON_JSON_DEPTH are known; what
 * stands around a value may take three. */
#define TENON_JSON_VALUE_DEPTH 30u
/* Numbers that are asked for at once. */
#define TENON_JSON_VALUE_ITEMS 512u

/* ---- types ------------------------------------------------------------------------------------------- */

/* The word for a type; NULL: values have no such type. */
__attribute__ ((unused)) static const char *
tenon_json_type_name (uint32_t type)
{
    static const char *const names[] = { "null", "bool", "u8",  "u16", "u32", "u64", "i8",
                                         "i16",  "i32",  "i64", NULL,  NULL,  "f32", "f64" };
    if (type == TENON_STRING || type == TENON_ARRAY)
        return type == TENON_STRING ? "string" : "array";
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

/* The type whose word is the string that was read last; -1: there is none. */
__attribute__ ((unused)) static int32_t
tenon_json_type (const struct tenon_json *json)
{
    for (uint32_t type = 0; type <= TENON_ARRAY; type++) {
        const char *name = tenon_json_type_name (type);
        if (name && tenon_json_is (json, name))
            return (int32_t) type;
    }
    return -1;
}

/* Bits of an integer type; of a bool 8. */
static inline uint32_t
tenon_json_integer_bits (uint32_t type)
{
    switch (type) {
    case TENON_U16:
    case TENON_I16: return 16;
    case TENON_U32:
    case TENON_I32: return 32;
    case TENON_U64:
    case TENON_I64: return 64;
    default: return 8;
    }
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Where values go, and memory that is used again for the items of one array after the other. It begins as
 * zero, with `call` and `out`. */
struct tenon_json_values {
    struct tenon_call *call;
    struct tenon_json_out *out;
    struct tenon_value *items;
    uint64_t room; /* items */
};

__attribute__ ((unused)) static void
tenon_json_put_bytes (struct tenon_json_out *out, const char *bytes, uint64_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (tenon_json_is_utf8 (bytes, length)) {
        tenon_json_put_string (out, bytes, length);
        return;
    }
    tenon_json_put_text (out, "{\"hex\":\"");
    for (uint64_t i = 0; i < length; i++) {
        const uint8_t byte = (uint8_t) bytes[i];
        const char pair[2] = { digits[byte >> 4], digits[byte & 15] };
        tenon_json_put (out, pair, 2);
    }
    tenon_json_put_text (out, "\"}");
}

__attribute__ ((unused)) static void
tenon_json_put_floating (struct tenon_json_out *out, const struct tenon_value *value)
{
    uint64_t bits;
    double number =
        value->type == TENON_F32 ? tenon_f64_of_f32 (tenon_f32_of_f64 (value->as.f)) : value->as.f;
    if (number - number == 0) {
        if (value->type == TENON_F32)
            tenon_json_put_f32 (out, (float) number);
        else
            tenon_json_put_f64 (out, number);
        return;
    }
    memcpy (&bits, &number, sizeof bits);
    tenon_json_put_text (out, "{\"bits\":");
    tenon_json_put_u64 (out, bits);
    tenon_json_put_text (out, "}");
}

/* Anything but an array. Of an integer just the bytes that its type has, as when it is written in binary. */
__attribute__ ((unused)) static void
tenon_json_put_scalar (struct tenon_json_out *out, const struct tenon_value *value)
{
    uint32_t unused = 64 - tenon_json_integer_bits (value->type);
    switch (value->type) {
    case TENON_NONE: tenon_json_put_text (out, "null"); break;
    case TENON_BOOL: tenon_json_put_text (out, value->as.u ? "true" : "false"); break;
    case TENON_STRING: tenon_json_put_bytes (out, value->as.string, value->count); break;
    case TENON_F32:
    case TENON_F64: tenon_json_put_floating (out, value); break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: tenon_json_put_i64 (out, (int64_t) (value->as.u << unused) >> unused); break;
    default: tenon_json_put_u64 (out, value->as.u << unused >> unused); break;
    }
}

static tenon_status tenon_json_put_typed (struct tenon_json_values *values, const struct tenon_value *value,
                                          uint32_t depth);

__attribute__ ((unused)) static tenon_status
tenon_json_put_items (struct tenon_json_values *values, const struct tenon_value *items, uint64_t count,
                      uint32_t begins, uint32_t depth)
{
    struct tenon_json_out *out = values->out;
    for (uint64_t i = 0; i < count; i++) {
        if (!begins || i > 0)
            tenon_json_put_text (out, ",");
        if (items[i].type != TENON_ARRAY) {
            tenon_json_put_scalar (out, &items[i]);
            continue;
        }
        tenon_json_put_text (out, "{");
        TENON_TRY (tenon_json_put_typed (values, &items[i], depth + 1));
        tenon_json_put_text (out, "}");
    }
    return out->status;
}

/* Strings are found by walking over those before them, so all of them are asked for at once. */
__attribute__ ((unused)) static tenon_status
tenon_json_put_array (struct tenon_json_values *values, const struct tenon_value *array, uint32_t depth)
{
    struct tenon_call *call = values->call;
    uint64_t at_once = array->item_type == TENON_STRING && array->count > TENON_JSON_VALUE_ITEMS
                           ? array->count
                           : TENON_JSON_VALUE_ITEMS;
    if (array->item_type == TENON_ARRAY)
        return tenon_json_put_items (values, array->as.items, array->count, 1, depth);
    if (at_once > values->room) {
        values->room = 0;
        if (at_once > UINT64_MAX / sizeof *values->items)
            return TENON_E_MEMORY;
        values->items = (struct tenon_value *) call->host->scratch (call, at_once * sizeof *values->items);
        if (!values->items)
            return TENON_E_MEMORY;
        values->room = at_once;
    }
    for (uint64_t first = 0; first < array->count; first += at_once) {
        uint64_t count = array->count - first < at_once ? array->count - first : at_once;
        TENON_TRY (call->host->items (call, array, first, count, values->items));
        TENON_TRY (tenon_json_put_items (values, values->items, count, first == 0, depth));
    }
    return TENON_OK;
}

/* A value without its type. `depth` is 0 for a caller's own. */
__attribute__ ((unused)) static tenon_status
tenon_json_put_value (struct tenon_json_values *values, const struct tenon_value *value, uint32_t depth)
{
    struct tenon_json_out *out = values->out;
    if (depth > TENON_JSON_VALUE_DEPTH)
        return tenon_fail (values->call, TENON_E_LIMIT, TENON_AUTO, "a metadata value nests %u deep", depth);
    if (value->type != TENON_ARRAY) {
        tenon_json_put_scalar (out, value);
        return out->status;
    }
    tenon_json_put_text (out, "[");
    TENON_TRY (tenon_json_put_array (values, value, depth));
    tenon_json_put_text (out, "]");
    return out->status;
}

/* "type":…,"value":… or "type":"array","items":…,"value":…; the braces are the caller's. */
__attribute__ ((unused)) static tenon_status
tenon_json_put_typed (struct tenon_json_values *values, const struct tenon_value *value, uint32_t depth)
{
    struct tenon_json_out *out = values->out;
    const char *type = tenon_json_type_name (value->type),
               *items = value->type == TENON_ARRAY ? tenon_json_type_name (value->item_type) : NULL;
    if (!type || (value->type == TENON_ARRAY && !items))
        return tenon_fail (values->call, TENON_E_UNSUPPORTED, TENON_AUTO, "a metadata value of type %u",
                           value->type);
    tenon_json_put_text (out, "\"type\":\"");
    tenon_json_put_text (out, type);
    if (items) {
        tenon_json_put_text (out, "\",\"items\":\"");
        tenon_json_put_text (out, items);
    }
    tenon_json_put_text (out, "\",\"value\":");
    return tenon_json_put_value (values, value, depth);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* What the functions below return when the text is not what it should be. No failure is recorded: json->error
 * says what is wrong, if it is no JSON, and json->text is where. Negative: a failure that the host has
 * recorded. */
#define TENON_JSON_OTHER 1

/* 1: the next token is this one. */
static inline int32_t
tenon_json_take (struct tenon_json *json, int32_t token)
{
    return tenon_json_next (json) == token;
}

static inline int32_t
tenon_json_take_key (struct tenon_json *json, const char *key)
{
    return tenon_json_take (json, TENON_JSON_KEY) && tenon_json_is (json, key);
}

/* The string or key that was read last, out of its escapes, in scratch memory with a NUL behind it. NULL: no
 * memory. */
__attribute__ ((unused)) static char *
tenon_json_take_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length)
{
    char *text = (char *) call->host->scratch (call, json->length + 1);
    if (text)
        *length = tenon_json_unescape (json->text, json->length, text);
    return text;
}

/* Behind {: "hex":"…"} into `to`, which has room for half the digits. */
__attribute__ ((unused)) static int32_t
tenon_json_take_hex (struct tenon_json *json, char *to, uint64_t *length)
{
    static const char digits[] = "0123456789abcdef";
    if (!tenon_json_take_key (json, "hex") || !tenon_json_take (json, TENON_JSON_STRING) || json->length % 2)
        return TENON_JSON_OTHER;
    for (uint64_t i = 0; i < json->length; i += 2) {
        const void *high = memchr (digits, json->text[i], 16), *low = memchr (digits, json->text[i + 1], 16);
        if (!high || !low)
            return TENON_JSON_OTHER;
        to[i / 2] = (char) (((const char *) high - digits) << 4 | ((const char *) low - digits));
    }
    *length = json->length / 2;
    return tenon_json_take (json, TENON_JSON_END_OBJECT) ? TENON_OK : TENON_JSON_OTHER;
}

__attribute__ ((unused)) static int32_t
tenon_json_take_bits (struct tenon_json *json, double *number)
{
    uint64_t bits;
    if (!tenon_json_take_key (json, "bits") || !tenon_json_take (json, TENON_JSON_NUMBER)
        || tenon_json_u64 (json, &bits) < 0 || !tenon_json_take (json, TENON_JSON_END_OBJECT))
        return TENON_JSON_OTHER;
    memcpy (number, &bits, sizeof bits);
    return *number - *number != 0 ? TENON_OK : TENON_JSON_OTHER;
}

__attribute__ ((unused)) static int32_t
tenon_json_take_string (struct tenon_call *call, struct tenon_json *json, int32_t token,
                        struct tenon_value *value)
{
    char *text;
    if (token == TENON_JSON_STRING)
        value->as.string = text = tenon_json_take_text (call, json, &value->count);
    else if (token != TENON_JSON_BEGIN_OBJECT)
        return TENON_JSON_OTHER;
    else {
        struct tenon_json ahead = *json;
        if (tenon_json_next (&ahead) != TENON_JSON_KEY || tenon_json_next (&ahead) != TENON_JSON_STRING) {
            *json = ahead;
            return TENON_JSON_OTHER;
        }
        value->as.string = text = (char *) call->host->scratch (call, ahead.length / 2 + 1);
        if (text && tenon_json_take_hex (json, text, &value->count))
            return TENON_JSON_OTHER;
    }
    return text ? TENON_OK : TENON_E_MEMORY;
}

__attribute__ ((unused)) static int32_t
tenon_json_take_floating (struct tenon_json *json, int32_t token, struct tenon_value *value)
{
    uint64_t bits;
    float single;
    if (token == TENON_JSON_BEGIN_OBJECT) {
        if (tenon_json_take_bits (json, &value->as.f))
            return TENON_JSON_OTHER;
        /* a NaN or an infinity of a float has nothing in the bits that only a double has */
        memcpy (&bits, &value->as.f, sizeof bits);
        return value->type == TENON_F32 && (bits & (((uint64_t) 1 << 29) - 1)) ? TENON_JSON_OTHER : TENON_OK;
    }
    if (token != TENON_JSON_NUMBER)
        return TENON_JSON_OTHER;
    if (value->type == TENON_F64)
        return tenon_json_f64 (json, &value->as.f) < 0 ? TENON_JSON_OTHER : TENON_OK;
    if (tenon_json_f32 (json, &single) < 0)
        return TENON_JSON_OTHER;
    value->as.f = (double) single;
    return TENON_OK;
}

__attribute__ ((unused)) static int32_t
tenon_json_take_integer (struct tenon_json *json, int32_t token, struct tenon_value *value)
{
    uint32_t bits = tenon_json_integer_bits (value->type);
    if (token != TENON_JSON_NUMBER)
        return TENON_JSON_OTHER;
    if (value->type >= TENON_I8) {
        int64_t most = INT64_MAX >> (64 - bits);
        return tenon_json_i64 (json, &value->as.i) < 0 || value->as.i > most || value->as.i < -most - 1
                   ? TENON_JSON_OTHER
                   : TENON_OK;
    }
    return tenon_json_u64 (json, &value->as.u) < 0 || value->as.u > UINT64_MAX >> (64 - bits)
               ? TENON_JSON_OTHER
               : TENON_OK;
}

/* A value of value->type, no array, that begins with this token. */
__attribute__ ((unused)) static int32_t
tenon_json_take_scalar (struct tenon_call *call, struct tenon_json *json, int32_t token,
                        struct tenon_value *value)
{
    if (value->type == TENON_NONE)
        return token == TENON_JSON_NULL ? TENON_OK : TENON_JSON_OTHER;
    if (value->type == TENON_BOOL) {
        value->as.u = token == TENON_JSON_TRUE;
        return token == TENON_JSON_TRUE || token == TENON_JSON_FALSE ? TENON_OK : TENON_JSON_OTHER;
    }
    if (value->type == TENON_STRING)
        return tenon_json_take_string (call, json, token, value);
    if (value->type == TENON_F32 || value->type == TENON_F64)
        return tenon_json_take_floating (json, token, value);
    return tenon_json_take_integer (json, token, value);
}

/* Behind [: how many items are there, and the bytes of their text. */
__attribute__ ((unused)) static int32_t
tenon_json_count_items (struct tenon_json *json, uint64_t *count, uint64_t *bytes)
{
    struct tenon_json ahead = *json;
    int32_t token;
    for (*count = 0; (token = tenon_json_next (&ahead)) != TENON_JSON_END_ARRAY; (*count)++)
        if (token == TENON_JSON_ERROR || tenon_json_skip (&ahead, token) < 0) {
            *json = ahead;
            return TENON_JSON_OTHER;
        }
    *bytes = (uint64_t) (ahead.at - json->at);
    return TENON_OK;
}

/* Bytes of a number among others. */
static inline uint32_t
tenon_json_packed_width (uint32_t type)
{
    return type == TENON_F32 ? 4 : type == TENON_F64 ? 8 : tenon_json_integer_bits (type) / 8;
}

/* A number's bytes, little-endian. */
static inline void
tenon_json_pack (uint8_t *to, const struct tenon_value *value)
{
    uint32_t width = tenon_json_packed_width (value->type);
    uint64_t number = value->as.u;
    if (value->type == TENON_F32)
        number = tenon_f32_of_f64 (value->as.f);
    else if (value->type == TENON_F64)
        memcpy (&number, &value->as.f, sizeof number);
    for (uint32_t i = 0; i < width; i++)
        to[i] = (uint8_t) (number >> 8 * i);
}

/* The next string of an array to `to`: its length as u64, little-endian, and its bytes. */
__attribute__ ((unused)) static int32_t
tenon_json_take_packed_string (struct tenon_json *json, uint8_t *to, uint64_t *length)
{
    int32_t token = tenon_json_next (json);
    if (token == TENON_JSON_STRING)
        *length = tenon_json_unescape (json->text, json->length, to + 8);
    else if (token != TENON_JSON_BEGIN_OBJECT || tenon_json_take_hex (json, (char *) to + 8, length))
        return TENON_JSON_OTHER;
    tenon_put_le64 (to, *length);
    *length += 8;
    return TENON_OK;
}

/* Numbers and strings, packed one behind the other. `bytes`: of their text, which strings are no longer than.
 */
__attribute__ ((unused)) static int32_t
tenon_json_take_packed (struct tenon_call *call, struct tenon_json *json, struct tenon_value *array,
                        uint64_t bytes)
{
    uint32_t is_string = array->item_type == TENON_STRING,
             width = is_string ? 8 : tenon_json_packed_width (array->item_type);
    uint8_t *memory =
        (uint8_t *) call->host->scratch (call, width * array->count + (is_string ? bytes : 0) + 8);
    if (!memory)
        return TENON_E_MEMORY;
    array->as.memory = memory;
    array->encoding = TENON_ENCODING_LITTLE | (is_string ? TENON_ENCODING_U64 : 0);
    for (uint64_t i = 0; i < array->count; i++) {
        struct tenon_value item;
        uint64_t length = width;
        int32_t outcome;
        if (is_string)
            outcome = tenon_json_take_packed_string (json, memory + array->length, &length);
        else {
            memset (&item, 0, sizeof item);
            item.type = array->item_type;
            outcome = tenon_json_take_scalar (call, json, tenon_json_next (json), &item);
            if (outcome == TENON_OK)
                tenon_json_pack (memory + array->length, &item);
        }
        if (outcome != TENON_OK)
            return outcome;
        array->length += length;
    }
    return TENON_OK;
}

static int32_t tenon_json_take_typed (struct tenon_call *call, struct tenon_json *json,
                                      struct tenon_value *value, uint32_t depth);

/* To behind its ]. The items are not counted first: what lies deep inside would be passed over at each level.
 */
__attribute__ ((unused)) static int32_t
tenon_json_take_nested (struct tenon_call *call, struct tenon_json *json, struct tenon_value *array,
                        uint32_t depth)
{
    struct tenon_value *items = NULL, *more;
    uint64_t room = 0;
    int32_t token, outcome;
    while ((token = tenon_json_next (json)) == TENON_JSON_BEGIN_OBJECT) {
        if (array->count == room) {
            room = room ? 2 * room : 2;
            if (!(more = (struct tenon_value *) call->host->scratch (call, room * sizeof *more)))
                return TENON_E_MEMORY;
            if (items)
                memcpy (more, items, (size_t) array->count * sizeof *items);
            items = more;
        }
        struct tenon_value *item = &items[array->count++];
        if ((outcome = tenon_json_take_typed (call, json, item, depth + 1)) != TENON_OK)
            return outcome;
        if (item->type != TENON_ARRAY)
            return TENON_JSON_OTHER;
    }
    array->as.items = items;
    return token == TENON_JSON_END_ARRAY ? TENON_OK : TENON_JSON_OTHER;
}

/* The next value, of value->type and value->item_type: all else is zero. Arrays get memory that lives as long
 * as the call. `depth` is 0 for a caller's own. */
__attribute__ ((unused)) static int32_t
tenon_json_take_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value,
                       uint32_t depth)
{
    uint64_t bytes;
    int32_t outcome;
    value->source = TENON_NO_SOURCE;
    if (value->type != TENON_ARRAY)
        return tenon_json_take_scalar (call, json, tenon_json_next (json), value);
    if (depth > TENON_JSON_VALUE_DEPTH || !tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
        return TENON_JSON_OTHER;
    if (value->item_type == TENON_ARRAY)
        return tenon_json_take_nested (call, json, value, depth);
    outcome = tenon_json_count_items (json, &value->count, &bytes);
    if (outcome == TENON_OK)
        outcome = tenon_json_take_packed (call, json, value, bytes);
    if (outcome == TENON_OK && !tenon_json_take (json, TENON_JSON_END_ARRAY))
        outcome = TENON_JSON_OTHER;
    return outcome;
}

/* The next string, as the word for a type. */
static inline int32_t
tenon_json_take_type (struct tenon_json *json, uint32_t *type)
{
    int32_t found = tenon_json_take (json, TENON_JSON_STRING) ? tenon_json_type (json) : -1;
    *type = found < 0 ? 0 : (uint32_t) found;
    return found < 0 ? TENON_JSON_OTHER : TENON_OK;
}

/* What tenon_json_put_typed writes, and the } behind it. */
__attribute__ ((unused)) static int32_t
tenon_json_take_typed (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value,
                       uint32_t depth)
{
    int32_t outcome;
    memset (value, 0, sizeof *value);
    if (!tenon_json_take_key (json, "type") || tenon_json_take_type (json, &value->type))
        return TENON_JSON_OTHER;
    if (value->type == TENON_ARRAY
        && (!tenon_json_take_key (json, "items") || tenon_json_take_type (json, &value->item_type)
            || value->item_type == TENON_NONE))
        return TENON_JSON_OTHER;
    if (!tenon_json_take_key (json, "value"))
        return TENON_JSON_OTHER;
    outcome = tenon_json_take_value (call, json, value, depth);
    if (outcome == TENON_OK && !tenon_json_take (json, TENON_JSON_END_OBJECT))
        outcome = TENON_JSON_OTHER;
    return outcome;
}

#ifdef __cplusplus
}
#endif
#endif
