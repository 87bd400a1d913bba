/* SPDX-License-Identifier: MIT */
/* json_value_put.c - metadata values to JSON: the writing half of <tenon/json_value.h>. */
#include "json_value_flat.h"
#include <tenon/json_value.h>

/* A string, in hexadecimal digits if it is not UTF-8. */
static void
put_bytes (struct tenon_json_out *out, const char *bytes, uint64_t length)
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

static void
put_floating (struct tenon_json_out *out, const struct tenon_value *value)
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

/* Any value but an array. Of an integer only the bits of its type count, as in binary formats. */
void
tenon_json_put_scalar (struct tenon_json_out *out, const struct tenon_value *value)
{
    uint32_t unused = 64 - tenon_json_integer_bits (value->type);
    switch (value->type) {
    case TENON_NONE: tenon_json_put_text (out, "null"); break;
    case TENON_BOOL: tenon_json_put_text (out, value->as.u ? "true" : "false"); break;
    case TENON_STRING: put_bytes (out, value->as.string, value->count); break;
    case TENON_F32:
    case TENON_F64: put_floating (out, value); break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: tenon_json_put_i64 (out, (int64_t) (value->as.u << unused) >> unused); break;
    default: tenon_json_put_u64 (out, value->as.u << unused >> unused); break;
    }
}

struct item_list {
    struct tenon_json_out *out;
    uint64_t put;
};

static tenon_status
put_next_item (void *user, const struct tenon_value *item)
{
    struct item_list *list = (struct item_list *) user;
    if (list->put++ > 0)
        tenon_json_put_text (list->out, ",");
    tenon_json_put_scalar (list->out, item);
    return list->out->status;
}

static tenon_status
put_flat_array (struct tenon_json_values *values, const struct tenon_value *array)
{
    struct item_list list = { values->out, 0 };
    return values->call->host->each_item (values->call, array, put_next_item, &list);
}

/* What stands before a value's own text. */
static tenon_status
put_type_members (struct tenon_json_values *values, const struct tenon_value *value)
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
    return TENON_OK;
}

/* A value that has no values in it. */
static tenon_status
put_flat_value (struct tenon_json_values *values, const struct tenon_value *value)
{
    struct tenon_json_out *out = values->out;
    if (value->type != TENON_ARRAY) {
        tenon_json_put_scalar (out, value);
        return out->status;
    }
    tenon_json_put_text (out, "[");
    TENON_TRY (put_flat_array (values, value));
    tenon_json_put_text (out, "]");
    return out->status;
}

/* A map, or an array whose items are values, and how much of it is written. */
struct typed_level {
    const struct tenon_value *items;
    uint64_t left; /* entries or items */
    uint32_t is_map, first;
};

/* Ends what is complete, and puts what stands before the next value, which it returns; its braces are open.
 * NULL: all are written. */
static const struct tenon_value *
next_typed (struct tenon_json_out *out, struct typed_level *levels, uint32_t *depth)
{
    while (*depth > 0 && levels[*depth - 1].left == 0) {
        tenon_json_put_text (out, levels[--*depth].is_map ? "}" : "]");
        tenon_json_put_text (out, *depth > 0 ? "}" : "");
    }
    if (*depth == 0)
        return NULL;
    struct typed_level *level = &levels[*depth - 1];
    tenon_json_put_text (out, level->first ? "" : ",");
    level->first = 0;
    level->left--;
    if (level->is_map) {
        tenon_json_put_string (out, level->items->as.string, level->items->count);
        tenon_json_put_text (out, ":");
        level->items++;
    }
    tenon_json_put_text (out, "{");
    return level->items++;
}

/* A value, and the values in it, each in braces with its type. */
static tenon_status
put_any_value (struct tenon_json_values *values, const struct tenon_value *value)
{
    struct tenon_json_out *out = values->out;
    struct typed_level levels[TENON_JSON_VALUE_DEPTH + 1];
    uint32_t depth = 0;
    for (;;) {
        uint32_t is_map = value->type == TENON_MAP;
        if (depth > TENON_JSON_VALUE_DEPTH && (is_map || value->type == TENON_ARRAY))
            return tenon_fail (values->call, TENON_E_LIMIT, TENON_AUTO, "a metadata value nests %u deep",
                               depth);
        if (tenon_json_has_values (value)) {
            tenon_json_put_text (out, is_map ? "{" : "[");
            levels[depth++] = (struct typed_level){ value->as.items, value->count, is_map, 1 };
        } else {
            TENON_TRY (put_flat_value (values, value));
            tenon_json_put_text (out, depth > 0 ? "}" : "");
        }
        if (!(value = next_typed (out, levels, &depth)))
            return out->status;
        TENON_TRY (put_type_members (values, value));
    }
}

tenon_status
tenon_json_put_value (struct tenon_json_values *values, const struct tenon_value *value)
{
    return put_any_value (values, value);
}

tenon_status
tenon_json_put_typed (struct tenon_json_values *values, const struct tenon_value *value)
{
    TENON_TRY (put_type_members (values, value));
    return put_any_value (values, value);
}
