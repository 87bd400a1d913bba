/* SPDX-License-Identifier: MIT */
/* plan.h - what is to be saved. */
#ifndef TN_PLAN_H
#define TN_PLAN_H
#include "catalog/catalog.h"

/* Where a planned tensor comes from. What the codec sees of it (name, shape, dtype as it will be stored) is
 * the entry of the same number in the plan's own catalog. */
struct tn_planned {
    struct tn_catalog *catalog;     /* kept, when it is not the plan's own */
    const struct tn_tensor *tensor; /* in it */
    uint32_t target;                /* in that catalog's numbers; TENON_NONE: as stored */
    bool from_file;                 /* a change of layout is a loss */
};
static inline const struct tn_source *
tn_planned_source (const struct tn_planned *planned)
{
    return planned->catalog->sources[planned->tensor->source];
}

struct tenon_plan {
    tenon_context *context;
    struct tn_catalog *own; /* entries as they will be; metadata; sources of arrays */
    struct tn_planned *planned;
    uint64_t count, room;
    struct tn_source **borrowed; /* of files whose metadata were taken; numbered by the values */
    uint64_t borrowed_count, borrowed_room;
    uint64_t unnamed;         /* arrays that got a number for a name */
    struct tn_catalog **kept; /* catalogs that this plan holds on to */
    uint64_t kept_count, kept_room;
};

/* Adds a source of bytes that a function makes, called from one thread and at rising offsets, and `close` at
 * the end. */
tenon_status tn_plan_add_maker (tenon_plan *plan, const tenon_reader *maker, struct tn_source **source,
                                tenon_error *error);
/* Copies the metadata of a plan, which must outlive this one. Keys that are there already get the new value.
 */
tenon_status tn_plan_take_metadata (tenon_plan *plan, const tenon_plan *from, tenon_error *error);

#endif
