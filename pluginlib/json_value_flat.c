/* SPDX-License-Identifier: MIT */
/* json_value_flat.c - values of a known type without values in them, of <tenon/json_value.h> and
 * <tenon/json_any.h>. */
#include "json_value_flat.h"
#include <tenon/json_value.h>

char *
tenon_json_take_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length)
{
    char *text = (char *) call->host->scratch (call, json->length + 1);
    if (text)
        *length = tenon_json_unescape (json->text, json->length, text);
    return text;
}

/* "hex":"…"} behind {. `to` has room for half as many bytes as there are digits. */
static int32_t
take_hex (struct tenon_json *json, char *to, uint64_t *length)
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

/* "bits":…} behind {. */
static int32_t
take_bits (struct tenon_json *json, double *number)
{
    uint64_t bits;
    if (!tenon_json_take_key (json, "bits") || !tenon_json_take (json, TENON_JSON_NUMBER)
        || tenon_json_u64 (json, &bits) < 0 || !tenon_json_take (json, TENON_JSON_END_OBJECT))
        return TENON_JSON_OTHER;
    memcpy (number, &bits, sizeof bits);
    return *number - *number != 0 ? TENON_OK : TENON_JSON_OTHER;
}

/* The last string as a number that JSON has not. */
static int32_t
take_word (const struct tenon_json *json, double *number)
{
    if (tenon_json_is (json, "NaN"))
        *number = __builtin_nan ("");
    else if (tenon_json_is (json, "Infinity"))
        *number = __builtin_inf ();
    else if (tenon_json_is (json, "-Infinity"))
        *number = -__builtin_inf ();
    else
        return TENON_JSON_OTHER;
    return TENON_OK;
}

static int32_t
take_string (struct tenon_call *call, struct tenon_json *json, int32_t token, struct tenon_value *value)
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
        if (text && take_hex (json, text, &value->count))
            return TENON_JSON_OTHER;
    }
    return text ? TENON_OK : TENON_E_MEMORY;
}

static int32_t
take_floating (struct tenon_json *json, int32_t token, uint32_t words, struct tenon_value *value)
{
    uint64_t bits;
    float single;
    if (token == TENON_JSON_STRING && words)
        return take_word (json, &value->as.f);
    if (token == TENON_JSON_BEGIN_OBJECT) {
        if (take_bits (json, &value->as.f))
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

static int32_t
take_integer (struct tenon_json *json, int32_t token, struct tenon_value *value)
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

int32_t
tenon_json_take_scalar (struct tenon_call *call, struct tenon_json *json, int32_t token, uint32_t words,
                        struct tenon_value *value)
{
    if (value->type == TENON_NONE)
        return token == TENON_JSON_NULL ? TENON_OK : TENON_JSON_OTHER;
    if (value->type == TENON_BOOL) {
        value->as.u = token == TENON_JSON_TRUE;
        return token == TENON_JSON_TRUE || token == TENON_JSON_FALSE ? TENON_OK : TENON_JSON_OTHER;
    }
    if (value->type == TENON_STRING)
        return take_string (call, json, token, value);
    if (value->type == TENON_F32 || value->type == TENON_F64)
        return take_floating (json, token, words, value);
    return take_integer (json, token, value);
}

/* Behind [: the number of items, and the bytes of their text. The parser stays where it is. */
static int32_t
count_items (struct tenon_json *json, uint64_t *count, uint64_t *bytes)
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

/* The width of a packed number in bytes. */
static uint32_t
packed_width (uint32_t type)
{
    return type == TENON_F32 ? 4 : type == TENON_F64 ? 8 : tenon_json_integer_bits (type) / 8;
}

/* A number's bytes, little-endian. */
static void
pack_number (uint8_t *to, const struct tenon_value *value)
{
    uint32_t width = packed_width (value->type);
    uint64_t number = value->as.u;
    if (value->type == TENON_F32)
        number = tenon_f32_of_f64 (value->as.f);
    else if (value->type == TENON_F64)
        memcpy (&number, &value->as.f, sizeof number);
    for (uint32_t i = 0; i < width; i++)
        to[i] = (uint8_t) (number >> 8 * i);
}

/* The next string of an array to `to`: its length as u64, little-endian, and its bytes. */
static int32_t
take_packed_string (struct tenon_json *json, uint8_t *to, uint64_t *length)
{
    int32_t token = tenon_json_next (json);
    if (token == TENON_JSON_STRING)
        *length = tenon_json_unescape (json->text, json->length, to + 8);
    else if (token != TENON_JSON_BEGIN_OBJECT || take_hex (json, (char *) to + 8, length))
        return TENON_JSON_OTHER;
    tenon_put_le64 (to, *length);
    *length += 8;
    return TENON_OK;
}

/* An array of numbers or strings, packed one behind the other. `bytes` is the length of their text, which no
 * string exceeds when it is unescaped. */
static int32_t
take_packed (struct tenon_call *call, struct tenon_json *json, uint32_t words, struct tenon_value *array,
             uint64_t bytes)
{
    uint32_t is_string = array->item_type == TENON_STRING,
             width = is_string ? 8 : packed_width (array->item_type);
    uint8_t *memory =
        (uint8_t *) call->host->scratch (call, width * array->count + (is_string ? bytes : 0) + 8);
    if (!memory)
        return TENON_E_MEMORY;
    array->as.memory = memory;
    array->encoding = TENON_ENCODING_LITTLE | (is_string ? TENON_STRINGS_64 : 0);
    for (uint64_t i = 0; i < array->count; i++) {
        struct tenon_value item;
        uint64_t length = width;
        int32_t outcome;
        if (is_string)
            outcome = take_packed_string (json, memory + array->length, &length);
        else {
            memset (&item, 0, sizeof item);
            item.type = array->item_type;
            outcome = tenon_json_take_scalar (call, json, tenon_json_next (json), words, &item);
            if (outcome == TENON_OK)
                pack_number (memory + array->length, &item);
        }
        if (outcome != TENON_OK)
            return outcome;
        array->length += length;
    }
    return TENON_OK;
}

int32_t
tenon_json_take_flat (struct tenon_call *call, struct tenon_json *json, uint32_t words,
                      struct tenon_value *array)
{
    uint64_t bytes;
    int32_t outcome = count_items (json, &array->count, &bytes);
    if (outcome == TENON_OK)
        outcome = take_packed (call, json, words, array, bytes);
    if (outcome == TENON_OK && !tenon_json_take (json, TENON_JSON_END_ARRAY))
        outcome = TENON_JSON_OTHER;
    return outcome;
}
