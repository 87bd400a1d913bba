/* SPDX-License-Identifier: MIT */
/* gather.h - the stored units of a box, in the order in which they are stored, packed. */
#ifndef TN_GATHER_H
#define TN_GATHER_H
#include "transfer/request.h"
#include "transfer/worker.h"

/* Axes in the order of the source, the fastest one last. No stride is negative or 0, no count is 0. */
struct tn_gather {
    uint64_t offset; /* of the first unit in the source, bytes */
    uint64_t unit;   /* bytes */
    uint32_t rank;
    uint64_t count[TN_MAX_RANK];
    int64_t stride[TN_MAX_RANK]; /* bytes */
};
/* Axes of 1 go, and those that are as one are joined. */
void tn_gather_settle (struct tn_gather *box);
/* Fills `to` with the units of a box that was settled. */
tenon_status tn_gather (struct tn_source *source, const struct tn_gather *box, struct tn_worker *worker,
                        uint8_t *to, tenon_error *error);
/* The same box's bytes where they lie, when they lie in memory in one piece; else NULL. */
const uint8_t *tn_gather_in_place (const struct tn_source *source, const struct tn_gather *box);
/* Memory that the source lies in, from the source's byte 0; NULL: it must be read. */
const uint8_t *tn_gather_memory (const struct tn_source *source);

/* Proves the blocks of the source that the request's own depend on, on all threads, before these are gathered
 * one by one. Does nothing to a source without blocks. */
tenon_status tn_gather_prove (const struct tn_request *request, tenon_error *error);

#endif
