/* SPDX-License-Identifier: MIT */
/* slab.h - boxes of a request whose results lie one behind the other. */
#ifndef TN_SLAB_H
#define TN_SLAB_H
#include "transfer/make.h"

struct tn_slabs {
    uint64_t count;     /* how many */
    uint32_t axis;      /* axes before it are fixed in a slab, it is cut, those after it are whole */
    uint64_t rows;      /* of that axis in a slab, but for the last */
    uint64_t per_axis;  /* slabs along it */
    uint64_t row_units; /* units of one row of that axis */
};
/* Slabs whose results take about `bytes` each. */
void tn_slabs_plan (const struct tn_request *request, uint64_t bytes, struct tn_slabs *slabs);
/* TENON_E_LIMIT if a slab needs more memory than a conversion may hold, because an item is huge. *alone: no
 * more than one thread may make them. */
tenon_status tn_slabs_fit (const struct tn_request *request, const struct tn_slabs *slabs, bool *alone,
                           tenon_error *error);
/* Where the result of a slab begins, and its size, in bytes. */
void tn_slab_range (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                    uint64_t *begin, uint64_t *size);

void tn_slab_box (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                  struct tn_view_box *box);
/* From item 0 … 0 of the result to the first one of a slab, bytes. */
int64_t tn_slab_place (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab);
/* Makes the slab's result, whose first item is at `to`. */
tenon_status tn_slab_make (const struct tn_request *request, const struct tn_slabs *slabs, uint64_t slab,
                           struct tn_worker *worker, void *to, tenon_error *error);

#endif
