/* SPDX-License-Identifier: MIT */
/* draw.h - numbers by chance, for tests: the same in each run. */
#ifndef DRAW_H
#define DRAW_H
#include <stdint.h>

static uint64_t seed = 1;

/* A number below `below`, or 0. */
static inline uint64_t
draw_number (uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return below ? (seed >> 33) % below : 0;
}

#endif
