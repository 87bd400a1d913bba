/* SPDX-License-Identifier: MIT */
/* json_any_keeps.c - what the JSON of <tenon/json_any.h> keeps of a value. */
#include "json_value_flat.h"
#include <tenon/json_any.h>

/* What the items of an array, or one scalar, have been so far. */
struct seen_items {
    uint32_t type;     /* that of all; TENON_MIXED if they differ */
    uint32_t negative; /* one is a negative integer */
    uint32_t large;    /* one is above all of i64 */
    uint32_t odd;      /* one has a type of its own, or is no number of JSON, or no UTF-8 */
    uint64_t count;
};

static void
see_item (struct seen_items *seen, const struct tenon_value *item)
{
    switch (item->type) {
    case TENON_NONE:
    case TENON_BOOL:
    case TENON_MAP:
    case TENON_ARRAY: break;
    case TENON_STRING: seen->odd |= !tenon_json_is_utf8 (item->as.string, item->count); break;
    case TENON_F64: seen->odd |= item->as.f - item->as.f != 0; break;
    case TENON_I64: seen->negative |= item->as.i < 0; break;
    case TENON_U64: seen->large |= item->as.u > INT64_MAX; break;
    default: seen->odd = 1;
    }
    if (seen->count++ == 0)
        seen->type = item->type;
    else if (seen->type != item->type)
        seen->type = TENON_MIXED;
}

static tenon_status
see_next_item (void *user, const struct tenon_value *item)
{
    see_item ((struct seen_items *) user, item);
    return TENON_OK;
}

/* True if reading makes an array of a mixed array's items that is not mixed. */
static int32_t
becomes_uniform (const struct tenon_value *mixed)
{
    struct seen_items seen = { 0, 0, 0, 0, 0 };
    uint32_t whole = 1;
    for (uint64_t i = 0; i < mixed->count; i++) {
        see_item (&seen, &mixed->as.items[i]);
        whole &= mixed->as.items[i].type == TENON_I64 || mixed->as.items[i].type == TENON_U64;
    }
    if (mixed->count == 0)
        return 0;
    if (whole)
        return !(seen.large && seen.negative);
    return seen.type != TENON_MIXED && seen.type != TENON_NONE && seen.type != TENON_MAP;
}

/* True if a value comes back as it is, whatever the values in it are. A negative status: a failure. */
static int32_t
keeps_one (struct tenon_call *call, const struct tenon_value *value)
{
    struct seen_items seen = { 0, 0, 0, 0, 0 };
    if (value->type == TENON_MAP)
        return 1;
    if (value->type != TENON_ARRAY) {
        see_item (&seen, value);
        return !seen.odd && (value->type != TENON_U64 || seen.large);
    }
    if (value->item_type == TENON_MIXED)
        return !becomes_uniform (value);
    if (value->item_type == TENON_ARRAY || value->count == 0)
        return value->count > 0;
    TENON_TRY (call->host->each_item (call, value, see_next_item, &seen));
    return !seen.odd && (seen.type != TENON_U64 || seen.large);
}

/* A map or an array, and how many of its values are still to be looked at. */
struct keep_level {
    const struct tenon_value *items;
    uint64_t left;
    uint64_t step; /* 2: each entry's key comes first */
};

int32_t
tenon_json_keeps (struct tenon_call *call, const struct tenon_value *value)
{
    struct keep_level levels[TENON_JSON_ANY_DEPTH];
    uint32_t depth = 0, changed = 0;
    int32_t kept = keeps_one (call, value);
    if (!tenon_json_has_values (value))
        return kept < 0 ? kept : kept ? TENON_JSON_KEPT : TENON_JSON_TYPED;
    while (kept >= 0) {
        changed |= kept == 0;
        if (tenon_json_has_values (value)) {
            if (depth == TENON_JSON_ANY_DEPTH)
                return TENON_JSON_TOO_DEEP;
            levels[depth].items = value->as.items;
            levels[depth].left = value->count;
            levels[depth++].step = value->type == TENON_MAP ? 2 : 1;
        }
        while (depth > 0 && levels[depth - 1].left == 0)
            depth--;
        if (depth == 0)
            return changed ? TENON_JSON_CHANGED : TENON_JSON_KEPT;
        struct keep_level *level = &levels[depth - 1];
        value = &level->items[level->step - 1];
        level->items += level->step;
        level->left--;
        kept = keeps_one (call, value);
    }
    return kept;
}
