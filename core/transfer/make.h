/* SPDX-License-Identifier: MIT */
/* make.h - the steps that make a box of a result: gather, swap, cast, put into order. */
#ifndef TN_MAKE_H
#define TN_MAKE_H
#include "transfer/request.h"
#include "transfer/worker.h"

/* A box of a view: what is counted on its axes. */
struct tn_view_box {
    uint64_t first[TN_MAX_RANK], count[TN_MAX_RANK];
};

/* Makes the box's result, whose first item is at `to`; the others lie as the axes of the request say. If the
 * target consists of blocks, the result is one piece. */
tenon_status tn_box_make (const struct tn_request *request, const struct tn_view_box *box,
                          struct tn_worker *worker, void *to, tenon_error *error);
/* Swaps a whole result that was read as it is stored. */
void tn_request_swap (const struct tn_request *request, void *data);

#endif
