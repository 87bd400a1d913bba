/* SPDX-License-Identifier: MIT */
/* nearest.c - suggestions for misspelt words. */
#include "base/nearest.h"
#include <stdio.h>

/* No key is longer. */
#define LONGEST 64u

/* The least number of insertions, deletions, replacements and swaps of neighbours that turn one word into the
 * other (the restricted Damerau-Levenshtein distance). */
static unsigned
edit_distance (const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][LONGEST + 1]; /* the row before the last, the last, and the current one */
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b_length; j++)
        last[j] = before[j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = TN_MIN (TN_MIN (last[j], row[j - 1]) + 1, replaced);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = TN_MIN (row[j], before[j - 2] + 1);
        }
        unsigned *oldest = before;
        before = last, last = row, row = oldest;
    }
    return last[b_length];
}

const char *
tn_nearest (const char *word, const char *const *candidates, uint64_t count)
{
    size_t length = strlen (word);
    /* a third of the letters may be wrong, or one letter of a short word */
    unsigned nearest = (unsigned) TN_MAX (length / 3, 1) + 1;
    const char *found = NULL, *begun = NULL;
    if (length == 0 || length > LONGEST)
        return NULL;
    for (uint64_t i = 0; i < count; i++) {
        size_t size = candidates[i] ? strlen (candidates[i]) : 0;
        if (size == 0 || size > LONGEST)
            continue;
        unsigned steps = edit_distance (word, length, candidates[i], size);
        if (steps > 0 && steps < nearest && steps < size)
            nearest = steps, found = candidates[i];
        if (!begun && length >= 3 && length < size && strncmp (word, candidates[i], length) == 0)
            begun = candidates[i];
    }
    return found ? found : begun;
}

const char *
tn_hint (char room[TN_HINT_ROOM], const char *word, const char *const *candidates, uint64_t count)
{
    const char *found = tn_nearest (word, candidates, count);
    if (!found)
        return "";
    snprintf (room, TN_HINT_ROOM, "; did you mean '%s'?", found);
    return room;
}
