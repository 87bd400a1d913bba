/* SPDX-License-Identifier: MIT */
/* view.h - where the axes of a request lie in the source and in the result. Steps of tn_request_make, in this
 * order. */
#ifndef TN_VIEW_H
#define TN_VIEW_H
#include "transfer/request.h"

/* Takes the strides of the result, in items, in the axes of the tensor; NULL: packed. */
tenon_status tn_view_set_result (struct tn_request *request, const int64_t *to, tenon_error *error);
/* Gives the axes, which count units by now, their strides in the source, and reverses them where the result
 * is in Fortran order. */
void tn_view_set_strides (struct tn_request *request);
/* Drops and joins axes as far as possible, and finds out in which order the units lie. The size of the result
 * is known. */
void tn_view_settle (struct tn_request *request);

#endif
