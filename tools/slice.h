/* SPDX-License-Identifier: MIT */
/* slice.h - a box of a tensor, as typed: "0:2,:,3". */
#ifndef TOOL_SLICE_H
#define TOOL_SLICE_H
#include "common.h"

#define MOST_DIMS 64

struct slice {
    uint32_t rank; /* 0: all of the tensor */
    uint64_t start[MOST_DIMS], count[MOST_DIMS];
    int64_t step[MOST_DIMS];
};

/* One part for each dim, ',' between; dims without a part are taken whole. A part is an index, or START:STOP
 * or START:STOP:STEP, in which any number may be missing. Negative numbers count from the end. As in Python a
 * range is cut to the dim, and an index must lie inside it. False after a message. */
bool slice_parse (const char *text, const uint64_t *shape, uint32_t rank, struct slice *slice);
#endif
