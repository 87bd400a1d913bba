/* SPDX-License-Identifier: MIT */
/* nearest.h - the word that was probably meant. */
#ifndef TOOL_NEAREST_H
#define TOOL_NEAREST_H
#include "common.h"

/* Finds the candidate that is nearest to `word`. `best` is NULL when none is near. */
struct nearest {
    const char *word, *best;
    size_t distance;
};
struct nearest nearest_start (const char *word);
void nearest_try (struct nearest *nearest, const char *candidate);
/* ", did you mean 'x'?" or "". The text lives until the next call. */
const char *nearest_hint (const struct nearest *nearest);
#endif
