/* SPDX-License-Identifier: MIT */
/* slice.h - a box of a tensor, as it is typed: "0:2,:,3". */
#ifndef TOOL_SLICE_H
#define TOOL_SLICE_H
#include "common.h"

#define MOST_DIMS 64

struct slice {
    uint32_t rank; /* 0: all of the tensor */
    uint64_t start[MOST_DIMS], count[MOST_DIMS];
    int64_t step[MOST_DIMS];
};

/* One part a dim, ',' between; dims that are left out are taken whole. A part is an index, or START:STOP
   or START:STOP:STEP of which each may be missing. * Negative numbers count from the end; as in Python, a
   range is cut to what is there, and an index must be there. * False after a message. */
bool slice_parse (const char *text, const uint64_t *shape, uint32_t rank, struct slice *slice);
#endif
