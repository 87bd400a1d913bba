/* SPDX-License-Identifier: MIT */
/* plan_grid.h - the chunks that a tensor of a plan has in its file, or may get. */
#ifndef TN_PLAN_GRID_H
#define TN_PLAN_GRID_H
#include "codec/call.h"

/* Sets chunk_shape and grid of a tensor that plan_tensor shows. `index` is the writer's. */
tenon_status tn_plan_show_grid (struct tn_call *call, uint64_t index, struct tenon_tensor *theirs);
/* A shape of chunks of about 1 MiB for items of so many bytes: the last dims are whole, the one before them
 * is cut into equal parts, and those before that are 1. It depends on its arguments alone. */
void tn_suggest_chunks (uint64_t item, uint32_t rank, const uint64_t *shape, uint64_t *chunk_shape);

#endif
