/* SPDX-License-Identifier: MIT */
/* json_value_take.c - JSON to metadata values: the reading half of <tenon/json_value.h>. */
#include "json_value_flat.h"
#include <tenon/json_value.h>

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
        return tenon_json_take_scalar (call, json, tenon_json_next (json), 0, value);
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
            outcome = tenon_json_take_flat (call, json, 0, value);
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
