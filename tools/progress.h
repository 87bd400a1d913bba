/* SPDX-License-Identifier: MIT */
/* progress.h - a bar on standard error with rate and time left, when that is a terminal and the work takes
 * more than a second. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H
#include "common.h"

struct bar {
    const char *label;
    double start, drawn_at; /* seconds */
    bool shown, wanted;
    tenon_progress progress;
};
/* The pointer to hand to the library. The bar must stay where it is until bar_end. */
const tenon_progress *bar_start (struct bar *bar, const char *label);
void bar_end (struct bar *bar);
#endif
