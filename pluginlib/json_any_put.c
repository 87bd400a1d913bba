/* SPDX-License-Identifier: MIT */
/* json_any_put.c - metadata values to the JSON of other programs: the writing half of <tenon/json_any.h>. */
#include "json_value_flat.h"
#include <tenon/json_any.h>

/* A scalar or a string. JSON has no word for a float that is none. */
static void
put_simple (struct tenon_json_out *out, const struct tenon_value *value)
{
    const double quiet = __builtin_nan ("");
    double number = value->type == TENON_F32 || value->type == TENON_F64 ? value->as.f : 0;
    if (number - number == 0 || (number != number && memcmp (&number, &quiet, sizeof number) != 0))
        tenon_json_put_scalar (out, value);
    else
        tenon_json_put_text (out, number != number ? "\"NaN\""
                                  : number < 0     ? "\"-Infinity\""
                                                   : "\"Infinity\"");
}

struct simple_items {
    struct tenon_json_out *out;
    uint64_t put;
};

static tenon_status
put_simple_item (void *user, const struct tenon_value *item)
{
    struct simple_items *items = (struct simple_items *) user;
    if (items->put++ > 0)
        tenon_json_put_text (items->out, ",");
    put_simple (items->out, item);
    return items->out->status;
}

static tenon_status
put_simple_array (struct tenon_json_values *values, const struct tenon_value *array)
{
    struct simple_items items = { values->out, 0 };
    tenon_json_put_text (values->out, "[");
    TENON_TRY (values->call->host->each_item (values->call, array, put_simple_item, &items));
    tenon_json_put_text (values->out, "]");
    return values->out->status;
}

/* A map or an array whose end has not been written yet. */
struct put_level {
    const struct tenon_value *items;
    uint64_t left; /* entries or items */
    uint32_t is_map, first;
};

/* Ends what is complete, and puts what stands before the next value, which it returns. NULL: all are written.
 */
static const struct tenon_value *
next_to_put (struct tenon_json_out *out, struct put_level *levels, uint32_t *depth)
{
    while (*depth > 0 && levels[*depth - 1].left == 0)
        tenon_json_put_text (out, levels[--*depth].is_map ? "}" : "]");
    if (*depth == 0)
        return NULL;
    struct put_level *level = &levels[*depth - 1];
    if (!level->first)
        tenon_json_put_text (out, ",");
    level->first = 0;
    level->left--;
    if (level->is_map) {
        tenon_json_put_string (out, level->items->as.string, level->items->count);
        tenon_json_put_text (out, ":");
        level->items++;
    }
    return level->items++;
}

tenon_status
tenon_json_put_any (struct tenon_json_values *values, const struct tenon_value *value)
{
    struct tenon_json_out *out = values->out;
    struct put_level levels[TENON_JSON_ANY_DEPTH];
    uint32_t depth = 0;
    for (; value && out->status == TENON_OK; value = next_to_put (out, levels, &depth)) {
        uint32_t is_map = value->type == TENON_MAP;
        if (!tenon_json_has_values (value)) {
            if (value->type == TENON_ARRAY)
                TENON_TRY (put_simple_array (values, value));
            else
                put_simple (out, value);
            continue;
        }
        if (depth == TENON_JSON_ANY_DEPTH)
            return tenon_fail (values->call, TENON_E_LIMIT, TENON_AUTO,
                               "a metadata value nests deeper than %u levels", TENON_JSON_ANY_DEPTH);
        tenon_json_put_text (out, is_map ? "{" : "[");
        levels[depth++] = (struct put_level){ value->as.items, value->count, is_map, 1 };
    }
    return out->status;
}
