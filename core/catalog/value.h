/* SPDX-License-Identifier: MIT */
/* value.h - metadata values: copies, items of arrays, comparison. */
#ifndef TN_VALUE_H
#define TN_VALUE_H
#include "context/context.h"
#include <tenon/types.h>

struct tn_catalog;
struct tn_source;

/* A walk over a value and all that is nested in it: each array of arrays, then its items. What is nested
 * deeper than TN_MOST_DEPTH is left out. */
struct tn_value_walk {
    uint32_t depth; /* arrays around the value */
    struct {
        const struct tenon_value *items;
        uint64_t left;
    } level[TN_MOST_DEPTH];
};
/* Both return the value that comes next, and the second one NULL at the end. The first one is `value` itself.
 */
const struct tenon_value *tn_value_first (struct tn_value_walk *walk, const struct tenon_value *value);
const struct tenon_value *tn_value_next (struct tn_value_walk *walk, const struct tenon_value *value);

/* Bytes of one item of a scalar type in an array; 0: no scalar type of values. */
uint32_t tn_value_width (uint32_t type);
/* A deep copy into an arena, checked: types, counts against lengths, at most `depth` levels. *bytes
 * counts the memory that values take, and may not pass `most`. A range of a source stays one; the caller has
 * checked it against the source. */
tenon_status tn_value_copy (struct tn_arena *arena, const struct tenon_value *from, struct tenon_value *to,
                            uint64_t depth, uint64_t *bytes, uint64_t most, tenon_error *error);
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
 * numbers of the catalog's sources in `numbers`. Arrays in different encodings are not equal. Reads both. */
tenon_status tn_value_same (struct tn_catalog *catalog, const struct tenon_value *a,
                            const struct tenon_value *b, const uint32_t *numbers, uint32_t count, bool *same,
                            tenon_error *error);

#endif
