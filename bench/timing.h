/* SPDX-License-Identifier: MIT */
/* timing.h - shared by the measurements: a clock, and the median of some rounds. */
#ifndef TIMING_H
#define TIMING_H
#include <stdlib.h>
#include <time.h>

/* Seconds of a clock that only goes forward. */
static inline double
timing_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static inline int
timing_compare (const void *left, const void *right)
{
    double a = *(const double *) left, b = *(const double *) right;
    return (a > b) - (a < b);
}

/* Sorts the numbers. */
static inline double
timing_median (double *numbers, size_t count)
{
    qsort (numbers, count, sizeof *numbers, timing_compare);
    return numbers[count / 2];
}

#endif
