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
    if (!tenon_json_take_key (json, "type") || tenon_json_take_type (json, &value->type)
        || value->type == TENON_MIXED)
        return TENON_JSON_OTHER;
    if (value->type == TENON_ARRAY
        && (!tenon_json_take_key (json, "items") || tenon_json_take_type (json, &value->item_type)
            || value->item_type == TENON_NONE || value->item_type == TENON_MAP))
        return TENON_JSON_OTHER;
    return tenon_json_take_key (json, "value") ? TENON_OK : TENON_JSON_OTHER;
}

/* A map, or an array whose items are values, whose end has not come yet. Its values are not counted first:
 * that would pass over the innermost ones once for each level. */
struct nested {
    struct tenon_value *value, *items;
    uint64_t count, room;
};

/* NULL: the host has recorded the failure. */
static struct tenon_value *
add_nested_item (struct tenon_call *call, struct nested *nested)
{
    struct tenon_value *more;
    if (nested->count == nested->room) {
        uint64_t room = nested->room ? 2 * nested->room : 2;
        if (!(more = (struct tenon_value *) call->host->scratch (call, room * sizeof *more)))
            return NULL;
        if (nested->items)
            memcpy (more, nested->items, (size_t) nested->count * sizeof *more);
        nested->items = more;
        nested->room = room;
    }
    memset (&nested->items[nested->count], 0, sizeof *nested->items);
    return &nested->items[nested->count++];
}

/* The key that has come. */
static int32_t
take_map_key (struct tenon_call *call, struct tenon_json *json, struct nested *map)
{
    struct tenon_value *key = add_nested_item (call, map);
    if (!key)
        return TENON_E_MEMORY;
    key->type = TENON_STRING;
    key->source = TENON_NO_SOURCE;
    key->as.string = tenon_json_take_text (call, json, &key->count);
    return key->as.string ? TENON_OK : TENON_E_MEMORY;
}

/* The { and the type of the next value in it. */
static int32_t
take_item_type (struct tenon_call *call, struct tenon_json *json, struct nested *inner,
                struct tenon_value **item)
{
    if (!(*item = add_nested_item (call, inner)))
        return TENON_E_MEMORY;
    if (take_type_members (json, *item))
        return TENON_JSON_OTHER;
    return inner->value->item_type == TENON_ARRAY && (*item)->type != TENON_ARRAY ? TENON_JSON_OTHER
                                                                                  : TENON_OK;
}

/* What stands behind the last value of a map or an array. */
static int32_t
end_nested (struct tenon_call *call, struct nested *inner)
{
    struct tenon_value *value = inner->value;
    uint64_t entries = inner->count / 2;
    value->as.items = inner->items;
    value->count = inner->count;
    if (value->type != TENON_MAP)
        return TENON_OK;
    value->count = entries;
    int32_t outcome = tenon_json_join_keys (call, inner->items, &entries);
    return outcome == TENON_OK && entries != value->count ? TENON_JSON_OTHER : outcome;
}

/* Goes on to the next value that lies in another one: *item, with its type. NULL: all are complete. */
static int32_t
take_next_item (struct tenon_call *call, struct tenon_json *json, struct nested *level, uint32_t *depth,
                struct tenon_value **item)
{
    for (*item = NULL; *depth;) {
        struct nested *inner = &level[*depth - 1];
        int32_t token = tenon_json_next (json), outcome;
        if (token == TENON_JSON_KEY) {
            if ((outcome = take_map_key (call, json, inner)) != TENON_OK)
                return outcome;
            if ((token = tenon_json_next (json)) != TENON_JSON_BEGIN_OBJECT)
                return TENON_JSON_OTHER;
        }
        if (token == TENON_JSON_BEGIN_OBJECT)
            return take_item_type (call, json, inner, item);
        if (token != TENON_JSON_END_ARRAY && token != TENON_JSON_END_OBJECT)
            return TENON_JSON_OTHER;
        if ((outcome = end_nested (call, inner)) != TENON_OK)
            return outcome;
        if (--*depth && !tenon_json_take (json, TENON_JSON_END_OBJECT))
            return TENON_JSON_OTHER;
    }
    return TENON_OK;
}

/* A value whose type is known, and that lies in `depth` others; or its beginning, if values lie in it. */
static int32_t
take_one_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value,
                struct nested *level, uint32_t *depth)
{
    int32_t token = tenon_json_next (json), outcome;
    value->source = TENON_NO_SOURCE;
    if (value->type == TENON_ARRAY || value->type == TENON_MAP) {
        if (*depth > TENON_JSON_VALUE_DEPTH
            || token != (value->type == TENON_MAP ? TENON_JSON_BEGIN_OBJECT : TENON_JSON_BEGIN_ARRAY))
            return TENON_JSON_OTHER;
        if (tenon_json_has_values (value)) {
            level[(*depth)++] = (struct nested){ value, NULL, 0, 0 };
            return TENON_OK;
        }
        outcome = tenon_json_take_flat (call, json, 0, value);
    } else
        outcome = tenon_json_take_scalar (call, json, token, 0, value);
    if (outcome == TENON_OK && *depth && !tenon_json_take (json, TENON_JSON_END_OBJECT))
        outcome = TENON_JSON_OTHER;
    return outcome;
}

/* A value whose type is known, and the values in it. */
static int32_t
take_any_value (struct tenon_call *call, struct tenon_json *json, struct tenon_value *value)
{
    struct nested level[TENON_JSON_VALUE_DEPTH + 1];
    uint32_t depth = 0;
    while (value) {
        int32_t outcome = take_one_value (call, json, value, level, &depth);
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
