/* SPDX-License-Identifier: MIT */
/* value.h - metadata values: copies, items of arrays, comparison. */
#ifndef TN_VALUE_H
#define TN_VALUE_H
#include "context/context.h"
#include <tenon/types.h>

struct tn_catalog;
struct tn_source;

/* True for a map, and for an array whose items are values, which is nested or mixed. */
static inline bool
tn_value_has_items (const struct tenon_value *value)
{
    return value->type == TENON_MAP
           || (value->type == TENON_ARRAY
               && (value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED));
}

/* True for an array whose items lie packed in memory or in a source. */
static inline bool
tn_value_is_packed (const struct tenon_value *value)
{
    return value->type == TENON_ARRAY && value->item_type != TENON_ARRAY && value->item_type != TENON_MIXED;
}

/* The number of values in as.items, if there are any: a map has a key and a value for each entry. False: it
 * is beyond 64 bits. */
static inline bool
tn_value_item_count (const struct tenon_value *value, uint64_t *count)
{
    return !tn_multiply (value->count, value->type == TENON_MAP ? 2 : 1, count);
}

/* A walk over a value and all that is nested in it: each map or array, then the values in it; of a map also
 * the keys. What is nested deeper than TN_MOST_DEPTH is left out. */
struct tn_value_walk {
    uint32_t depth; /* maps and arrays around the value */
    struct {
        const struct tenon_value *value; /* the map or array */
        uint64_t next;                   /* of the values in it */
    } level[TN_MOST_DEPTH];
};
/* Both return the value that comes next, and the second one NULL at the end. The first one is `value` itself.
 */
const struct tenon_value *tn_value_first (struct tn_value_walk *walk, const struct tenon_value *value);
const struct tenon_value *tn_value_next (struct tn_value_walk *walk, const struct tenon_value *value);

/* Bytes of one item of a scalar type in an array; 0: no scalar type of values. */
uint32_t tn_value_width (uint32_t type);
/* A deep copy into an arena, checked: types, counts against lengths, the keys of maps, and the limit on
 * nesting. *bytes counts the memory that values take, and may not pass the limit on metadata. A range of a
 * source stays one; the caller has checked it against the source. */
tenon_status tn_value_copy (struct tn_arena *arena, const struct tenon_value *from, struct tenon_value *to,
                            const tenon_context *context, uint64_t *bytes, tenon_error *error);
/* Checks the keys of a map: each is UTF-8, and none occurs twice. In linear time, whatever the keys are. */
tenon_status tn_value_check_keys (const struct tenon_value *map, const struct tn_hash_key *key,
                                  tenon_error *error);
/* True if there is a map or a mixed array in it, or if it is one. */
bool tn_value_is_tree (const struct tenon_value *value);
/* Items first … first + n - 1 of an array. `source` is the one that the array is a range of; NULL if it is
 * none. Strings are put into the arena, at most `most` bytes of them. What is read is drawn from the budget,
 * which may be NULL. */
tenon_status tn_value_items (struct tn_source *source, const struct tenon_value *array, uint64_t first,
                             uint64_t n, struct tenon_value *items, struct tn_arena *arena, uint64_t most,
                             struct tn_budget *budget, tenon_error *error);
/* The first n items, after which `array` is the array of the others. */
tenon_status tn_value_take (struct tn_source *source, struct tenon_value *array, uint64_t n,
                            struct tenon_value *items, struct tn_arena *arena, uint64_t most,
                            tenon_error *error);
/* Hands all items of an array to `visit`, until it returns a failure. A string is gone when the next one
 * comes; `most` bounds each. What is read is drawn from the budget, which may be NULL. */
typedef tenon_status tn_visit (void *user, const struct tenon_value *item);
tenon_status tn_value_each (struct tn_source *source, const struct tenon_value *array, tn_visit *visit,
                            void *user, uint64_t most, struct tn_budget *budget, tenon_error *error);
/* *same: true if both values are equal. The sources of `a` are the catalog's; those of `b` are the `count`
 * numbers of the catalog's sources in `numbers`. Arrays in different encodings are not equal,
 * nor are maps whose entries are in another order. Reads both. */
tenon_status tn_value_same (struct tn_catalog *catalog, const struct tenon_value *a,
                            const struct tenon_value *b, const uint32_t *numbers, uint32_t count, bool *same,
                            tenon_error *error);

#endif
