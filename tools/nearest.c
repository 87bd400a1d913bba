/* SPDX-License-Identifier: MIT */
/* nearest.c - the word that was probably meant. */
#include "nearest.h"

#define MOST_LETTERS 64

/* The number of letters to insert, delete, replace, or swap with their neighbour, to turn one word into the
 * other: Damerau's distance, with each letter swapped at most once. */
static size_t
edit_distance (const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][MOST_LETTERS + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *oldest = before;
        before = last, last = row, row = oldest;
    }
    return last[b_length];
}

struct nearest
nearest_start (const char *word)
{
    size_t length = strlen (word);
    /* A third of the letters may differ. */
    return (struct nearest){ word, NULL, length / 3 + 2 };
}

void
nearest_try (struct nearest *nearest, const char *candidate)
{
    size_t a = strlen (nearest->word), b = strlen (candidate);
    if (a > MOST_LETTERS || b > MOST_LETTERS || (a > b ? a - b : b - a) >= nearest->distance)
        return;
    size_t distance = edit_distance (nearest->word, a, candidate, b);
    if (distance < nearest->distance)
        nearest->distance = distance, nearest->best = candidate;
}

const char *
nearest_hint (const struct nearest *nearest)
{
    static char text[128];
    text[0] = 0;
    if (nearest->best)
        snprintf (text, sizeof text, ", did you mean '%s'?", nearest->best);
    return text;
}
