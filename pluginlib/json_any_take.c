/* SPDX-License-Identifier: MIT */
/* json_any_take.c - any JSON to metadata values: the reading half of <tenon/json_any.h>. */
#include "json_value_flat.h"
#include <tenon/json_any.h>

/* ---- scalars ---- */

/* The type of the last number, and whether it has a sign. */
static uint32_t
number_type (struct tenon_json *json, uint32_t *negative)
{
    const uint8_t *text = json->text;
    int64_t with;
    uint64_t without;
    *negative = text[0] == '-';
    for (uint64_t i = *negative; i < json->length; i++)
        if (text[i] < '0' || text[i] > '9')
            return TENON_F64;
    if (tenon_json_i64 (json, &with) == TENON_OK)
        return TENON_I64;
    return tenon_json_u64 (json, &without) == TENON_OK ? TENON_U64 : TENON_F64;
}

/* The last number as f64. The nearest double of a number that is too large is infinite. */
static double
take_double (struct tenon_json_any *any)
{
    struct tenon_json *json = any->json;
    uint32_t digits = 1, infinite;
    double number;
    infinite = tenon_json_f64 (json, &number) < 0;
    for (uint64_t i = json->text[0] == '-'; digits && i < json->length; i++)
        digits = json->text[i] >= '0' && json->text[i] <= '9';
    any->rounded += digits || infinite;
    return number;
}

/* The last string. Only one with escapes is copied. */
static int32_t
take_text (struct tenon_json_any *any, struct tenon_value *value)
{
    value->type = TENON_STRING;
    value->as.string = (const char *) any->json->text;
    value->count = any->json->length;
    if (!any->json->escapes)
        return TENON_OK;
    value->as.string = tenon_json_take_text (any->call, any->json, &value->count);
    return value->as.string ? TENON_OK : TENON_E_MEMORY;
}

/* A value that is neither an array nor an object. */
static int32_t
take_simple (struct tenon_json_any *any, int32_t token, struct tenon_value *value)
{
    uint32_t negative;
    switch (token) {
    case TENON_JSON_STRING: return take_text (any, value);
    case TENON_JSON_NULL: value->type = TENON_NONE; return TENON_OK;
    case TENON_JSON_TRUE:
    case TENON_JSON_FALSE:
        value->type = TENON_BOOL;
        value->as.u = token == TENON_JSON_TRUE;
        return TENON_OK;
    case TENON_JSON_NUMBER: break;
    default: return TENON_JSON_OTHER;
    }
    value->type = number_type (any->json, &negative);
    if (value->type == TENON_F64)
        value->as.f = take_double (any);
    else if (value->type == TENON_I64)
        tenon_json_i64 (any->json, &value->as.i);
    else
        tenon_json_u64 (any->json, &value->as.u);
    return TENON_OK;
}

/* ---- arrays of one type ---- */

/* The type that the items of an array have so far. */
struct item_scan {
    uint32_t type, negative; /* type: TENON_MIXED once they differ; negative: a whole number has a sign */
    uint64_t count;
};

static void
scan_item (struct item_scan *scan, struct tenon_json *json, int32_t token)
{
    uint32_t type = TENON_MIXED, negative = 0;
    if (token == TENON_JSON_NUMBER)
        type = number_type (json, &negative);
    else if (token == TENON_JSON_TRUE || token == TENON_JSON_FALSE)
        type = TENON_BOOL;
    else if (token == TENON_JSON_STRING)
        type = TENON_STRING;
    scan->negative |= negative && type == TENON_I64;
    if (scan->count++ == 0)
        scan->type = type;
    else if (scan->type + type == TENON_U64 + TENON_I64 && (type == TENON_U64 || type == TENON_I64))
        scan->type = TENON_U64;
    else if (scan->type != type)
        scan->type = TENON_MIXED;
    if (scan->type == TENON_U64 && scan->negative)
        scan->type = TENON_MIXED;
}

/* Behind [: the type of all items, up to the first that decides that the array is mixed. So each item of a
 * document is looked at twice at most, however deep it lies. The parser stays where it is. */
static int32_t
scan_items (struct tenon_json *json, struct item_scan *scan, uint64_t *bytes)
{
    struct tenon_json ahead = *json;
    int32_t token = TENON_JSON_END_ARRAY;
    *scan = (struct item_scan){ TENON_MIXED, 0, 0 };
    while ((scan->type != TENON_MIXED || scan->count == 0)
           && (token = tenon_json_next (&ahead)) != TENON_JSON_END_ARRAY) {
        if (token == TENON_JSON_ERROR) {
            *json = ahead;
            return TENON_JSON_OTHER;
        }
        scan_item (scan, &ahead, token);
    }
    *bytes = (uint64_t) (ahead.at - json->at);
    return TENON_OK;
}

/* The next item of a packed array to `to`. Returns its bytes. */
static uint64_t
pack_item (struct tenon_json_any *any, uint32_t type, uint8_t *to)
{
    struct tenon_json *json = any->json;
    int32_t token = tenon_json_next (json);
    union {
        uint64_t u;
        int64_t i;
        double f;
    } number = { 0 };
    if (type == TENON_BOOL) {
        *to = token == TENON_JSON_TRUE;
        return 1;
    }
    if (type == TENON_STRING)
        number.u = tenon_json_unescape (json->text, json->length, to + 8);
    else if (type == TENON_F64)
        number.f = take_double (any);
    else if (type == TENON_I64)
        tenon_json_i64 (json, &number.i);
    else
        tenon_json_u64 (json, &number.u);
    tenon_put_le64 (to, number.u);
    return type == TENON_STRING ? 8 + number.u : 8;
}

/* An array whose items the scan has found to be of one type. */
static int32_t
take_uniform (struct tenon_json_any *any, const struct item_scan *scan, uint64_t bytes,
              struct tenon_value *array)
{
    uint64_t width = scan->type == TENON_BOOL ? 1 : 8;
    uint8_t *memory = (uint8_t *) any->call->host->scratch (
        any->call, width * scan->count + (scan->type == TENON_STRING ? bytes : 0));
    if (!memory)
        return TENON_E_MEMORY;
    array->type = TENON_ARRAY;
    array->item_type = scan->type;
    array->count = scan->count;
    array->encoding = TENON_ENCODING_LITTLE | (scan->type == TENON_STRING ? TENON_STRINGS_64 : 0u);
    array->as.memory = memory;
    for (uint64_t i = 0; i < scan->count; i++)
        array->length += pack_item (any, scan->type, memory + array->length);
    return tenon_json_take (any->json, TENON_JSON_END_ARRAY) ? TENON_OK : TENON_JSON_OTHER;
}

/* ---- maps and other arrays ---- */

/* A map or an array whose end has not come yet. */
struct open_value {
    struct tenon_value *value, *items;
    uint64_t count, room;
    uint32_t arrays, reserved; /* 1: all items so far are arrays */
};

struct open_values {
    struct tenon_json_any *any;
    uint32_t depth, reserved;
    struct open_value level[TENON_JSON_DEPTH];
};

/* A new item of the innermost one. NULL: the host has recorded the failure. */
static struct tenon_value *
add_open_item (struct open_values *open)
{
    struct open_value *level = &open->level[open->depth - 1];
    struct tenon_call *call = open->any->call;
    if (level->count == level->room) {
        uint64_t room = level->room ? 2 * level->room : 2;
        struct tenon_value *more = (struct tenon_value *) call->host->scratch (call, room * sizeof *more);
        if (!more)
            return NULL;
        if (level->count > 0)
            memcpy (more, level->items, (size_t) level->count * sizeof *more);
        level->items = more;
        level->room = room;
    }
    struct tenon_value *item = &level->items[level->count++];
    memset (item, 0, sizeof *item);
    item->source = TENON_NO_SOURCE;
    return item;
}

static int32_t
close_value (struct open_values *open)
{
    const struct open_value *level = &open->level[--open->depth];
    struct tenon_value *value = level->value;
    uint64_t entries = level->count / 2;
    value->as.items = level->items;
    value->count = level->count;
    if (value->type == TENON_ARRAY) {
        value->item_type = level->arrays && level->count > 0 ? TENON_ARRAY : TENON_MIXED;
        return TENON_OK;
    }
    value->count = entries;
    int32_t outcome = tenon_json_join_keys (open->any->call, level->items, &value->count);
    open->any->repeated += entries - value->count;
    return outcome;
}

/* The value that begins with `token`, or its beginning. */
static int32_t
begin_value (struct open_values *open, int32_t token, struct tenon_value *value)
{
    struct item_scan scan;
    uint64_t bytes;
    if (open->depth > 0)
        open->level[open->depth - 1].arrays &= token == TENON_JSON_BEGIN_ARRAY;
    if (token != TENON_JSON_BEGIN_OBJECT && token != TENON_JSON_BEGIN_ARRAY)
        return take_simple (open->any, token, value);
    if (token == TENON_JSON_BEGIN_ARRAY) {
        int32_t outcome = scan_items (open->any->json, &scan, &bytes);
        if (outcome != TENON_OK || scan.type != TENON_MIXED)
            return outcome == TENON_OK ? take_uniform (open->any, &scan, bytes, value) : outcome;
    }
    value->type = token == TENON_JSON_BEGIN_OBJECT ? TENON_MAP : TENON_ARRAY;
    open->level[open->depth++] = (struct open_value){ value, NULL, 0, 0, 1, 0 };
    return TENON_OK;
}

/* The key that has come, and the token that begins its value. */
static int32_t
take_any_key (struct open_values *open, int32_t *token)
{
    struct tenon_value *key = add_open_item (open);
    int32_t outcome = key ? take_text (open->any, key) : TENON_E_MEMORY;
    *token = tenon_json_next (open->any->json);
    return outcome;
}

/* Goes on to the next value: its place and the token that begins it. NULL: all are complete. */
static int32_t
find_next_value (struct open_values *open, int32_t *token, struct tenon_value **value)
{
    for (*value = NULL; open->depth > 0;) {
        int32_t outcome = TENON_OK;
        *token = tenon_json_next (open->any->json);
        if (*token == TENON_JSON_END_OBJECT || *token == TENON_JSON_END_ARRAY) {
            if ((outcome = close_value (open)) != TENON_OK)
                return outcome;
            continue;
        }
        if (*token == TENON_JSON_KEY)
            outcome = take_any_key (open, token);
        if (outcome != TENON_OK || *token == TENON_JSON_ERROR)
            return outcome != TENON_OK ? outcome : TENON_JSON_OTHER;
        return (*value = add_open_item (open)) ? TENON_OK : TENON_E_MEMORY;
    }
    return TENON_OK;
}

int32_t
tenon_json_take_any (struct tenon_json_any *any, int32_t token, struct tenon_value *value)
{
    struct open_values open;
    open.any = any;
    open.depth = 0;
    memset (value, 0, sizeof *value);
    value->source = TENON_NO_SOURCE;
    while (value) {
        int32_t outcome = begin_value (&open, token, value);
        if (outcome == TENON_OK)
            outcome = find_next_value (&open, &token, &value);
        if (outcome != TENON_OK)
            return outcome;
    }
    return TENON_OK;
}

/* ---- values of a known type ---- */

int32_t
tenon_json_take_as (struct tenon_json_any *any, int32_t token, struct tenon_value *value)
{
    struct tenon_value made;
    memset (&made, 0, sizeof made);
    made.type = value->type;
    made.item_type = value->item_type;
    made.source = TENON_NO_SOURCE;
    *value = made;
    uint32_t type = value->type == TENON_ARRAY ? value->item_type : value->type;
    if (!tenon_json_type_name (type) || type == TENON_ARRAY || type == TENON_MAP || type == TENON_MIXED)
        return TENON_JSON_OTHER;
    if (value->type != TENON_ARRAY)
        return tenon_json_take_scalar (any->call, any->json, token, 1, value);
    if (token != TENON_JSON_BEGIN_ARRAY)
        return TENON_JSON_OTHER;
    return tenon_json_take_flat (any->call, any->json, 1, value);
}
