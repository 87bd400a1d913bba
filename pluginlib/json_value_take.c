/* SPDX-License-Identifier: MIT */
/* json_value_take.c - JSON to metadata values: the reading half of <tenon/json_value.h>. */
#include "json_value_type.h"
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
take_floating (struct tenon_json *json, int32_t token, struct tenon_value *value)
{
    uint64_t bits;
    float single;
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

/* A value of value->type, which is no array, that begins with `token`. */
static int32_t
take_scalar (struct tenon_call *call, struct tenon_json *json, int32_t token, struct tenon_value *value)
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
        return take_floating (json, token, value);
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
take_packed (struct tenon_call *call, struct tenon_json *json, struct tenon_value *array, uint64_t bytes)
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
            outcome = take_scalar (call, json, tenon_json_next (json), &item);
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
tenon_json_take_type (struct tenon_json *json, uint32_t *type)
{
    int32_t found = tenon_json_take (json, TENON_JSON_STRING) ? tenon_json_type (json) : -1;
    *type = found < 0 ? 0 : (uint32_t) found;
    return found < 0 ? TENON_JSON_OTHER : TENON_OK;
}

/* What stands before a value's own text. */
static int32_t
take_type_members (struct tenon_json *json, struct tenon_value *value)
{
    memset (value, 0, sizeof *value);
    if (!tenon_json_take_key (json, "type") || tenon_json_take_type (json, &value->type))
        return TENON_JSON_OTHER;
    if (value->type == TENON_ARRAY
        && (!tenon_json_take_key (json, "items") || tenon_json_take_type (json, &value->item_type)
            || value->item_type == TENON_NONE))
        return TENON_JSON_OTHER;
    return tenon_json_take_key (json, "value") ? TENON_OK : TENON_JSON_OTHER;
}

/* An array without arrays in it, behind its [. */
static int32_t
take_flat_array (struct tenon_call *call, struct tenon_json *json, struct tenon_value *array)
{
    uint64_t bytes;
    int32_t outcome = count_items (json, &array->count, &bytes);
    if (outcome == TENON_OK)
        outcome = take_packed (call, json, array, bytes);
    if (outcome == TENON_OK && !tenon_json_take (json, TENON_JSON_END_ARRAY))
        outcome = TENON_JSON_OTHER;
    return outcome;
}

/* An array of arrays whose ] has not come yet. Its items are not counted first: that would pass over the
 * innermost ones once for each level. */
struct nested {
    struct tenon_value *array, *items;
    uint64_t room;
};

/* NULL: the host has recorded the failure. */
static struct tenon_value *
add_nested_item (struct tenon_call *call, struct nested *nested)
{
    struct tenon_value *more;
    if (nested->array->count == nested->room) {
        uint64_t room = nested->room ? 2 * nested->room : 2;
        if (!(more = (struct tenon_value *) call->host->scratch (call, room * sizeof *more)))
            return NULL;
        if (nested->items)
            memcpy (more, nested->items, (size_t) nested->array->count * sizeof *more);
        nested->items = more;
        nested->room = room;
    }
    return &nested->items[nested->array->count++];
}

/* Goes on to the next array that lies in another one: *item, with its type. NULL: all are complete. */
static int32_t
take_next_item (struct tenon_call *call, struct tenon_json *json, struct nested *level, uint32_t *depth,
                struct tenon_value **item)
{
    for (*item = NULL; *depth;) {
        struct nested *inner = &level[*depth - 1];
        int32_t token = tenon_json_next (json);
        if (token == TENON_JSON_BEGIN_OBJECT) {
            if (!(*item = add_nested_item (call, inner)))
                return TENON_E_MEMORY;
            return take_type_members (json, *item) || (*item)->type != TENON_ARRAY ? TENON_JSON_OTHER
                                                                                   : TENON_OK;
        }
        if (token != TENON_JSON_END_ARRAY)
            return TENON_JSON_OTHER;
        inner->array->as.items = inner->items;
        if (--*depth && !tenon_json_take (json, TENON_JSON_END_OBJECT))
            return TENON_JSON_OTHER;
    }
    return TENON_OK;
}

/* A value whose type is known, and the arrays in it. */
static int32_t
take_any_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value)
{
    struct nested level[TENON_JSON_VALUE_DEPTH + 1];
    uint32_t depth = 0;
    value->source = TENON_NO_SOURCE;
    if (value->type != TENON_ARRAY)
        return take_scalar (call, json, tenon_json_next (json), value);
    while (value) {
        int32_t outcome = TENON_OK;
        value->source = TENON_NO_SOURCE;
        if (depth > TENON_JSON_VALUE_DEPTH || !tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
            return TENON_JSON_OTHER;
        if (value->item_type == TENON_ARRAY) {
            level[depth].array = value;
            level[depth].items = NULL;
            level[depth++].room = 0;
        } else {
            outcome = take_flat_array (call, json, value);
            if (outcome == TENON_OK && depth && !tenon_json_take (json, TENON_JSON_END_OBJECT))
                outcome = TENON_JSON_OTHER;
        }
        if (outcome == TENON_OK)
            outcome = take_next_item (call, json, level, &depth, &value);
        if (outcome != TENON_OK)
            return outcome;
    }
    return TENON_OK;
}

int32_t
tenon_json_take_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value)
{
    return take_any_value (call, json, value);
}

int32_t
tenon_json_take_typed (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value)
{
    int32_t outcome = take_type_members (json, value);
    if (outcome == TENON_OK)
        outcome = take_any_value (call, json, value);
    if (outcome == TENON_OK && !tenon_json_take (json, TENON_JSON_END_OBJECT))
        outcome = TENON_JSON_OTHER;
    return outcome;
}
