/* SPDX-License-Identifier: MIT */
/* gather.h - the stored units of a box, in the order in which they are stored, packed. */
#ifndef TN_GATHER_H
#define TN_GATHER_H
#include "transfer/request.h"
#include "transfer/worker.h"

struct tn_gather {
    uint64_t start[TN_MAX_RANK], count[TN_MAX_RANK];
};
tenon_status tn_gather (const struct tn_request *request, const struct tn_gather *box,
                        struct tn_worker *worker, uint8_t *to, tenon_error *error);
/* The box's bytes where they lie, when they lie in memory in one piece; else NULL. */
const uint8_t *tn_gather_in_place (const struct tn_request *request, const struct tn_gather *box);

/* Proves the blocks of the source that the request's own depend on, on all threads, before these are gathered
 * one by one. Does nothing to a source without blocks. */
tenon_status tn_gather_prove (const struct tn_request *request, tenon_error *error);

#endif
