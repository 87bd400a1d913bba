/* SPDX-License-Identifier: MIT */
/* nearest.h - suggestions for misspelt words. */
#ifndef TN_NEAREST_H
#define TN_NEAREST_H
#include "base/base.h"

/* The candidate nearest to `word` by edit distance, or NULL when none is near. Candidates may be NULL. */
const char *tn_nearest (const char *word, const char *const *candidates, uint64_t count);
/* "; did you mean 'CANDIDATE'?", written to `room`, or "". */
#define TN_HINT_ROOM 120
const char *tn_hint (char room[TN_HINT_ROOM], const char *word, const char *const *candidates,
                     uint64_t count);

#endif
