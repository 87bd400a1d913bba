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
    tenon_status (*fill) (void *user, uint64_t offset, void *to,
                          uint64_t length); /* NULL: the tensor has a source */
    void *user;
};

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

/* Copies the metadata of a plan, which must outlive this one. Keys that are there already get the new value.
 */
tenon_status tn_plan_take_metadata (tenon_plan *plan, const tenon_plan *from, tenon_error *error);

#endif
