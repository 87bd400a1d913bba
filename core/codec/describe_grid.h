/* SPDX-License-Identifier: MIT */
/* describe_grid.h - how a described tensor is stored in chunks. */
#ifndef TN_DESCRIBE_GRID_H
#define TN_DESCRIBE_GRID_H
#include "codec/call.h"

/* Checks the chunks of a described tensor whose shape, dtype and storage have been checked, and copies them
 * into the catalog. *grid is NULL if it has none. TENON_E_UNSUPPORTED may be an answer: a filter is not in
 * use. The layout goes into `to`. */
tenon_status tn_call_copy_grid (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
                                const struct tenon_dtype *dtype, const struct tn_grid **grid);
/* A tensor whose chunks are larger than what may be decoded becomes unreadable. */
tenon_status tn_call_bound_chunks (struct tn_call *call, struct tn_tensor *tensor);

#endif
