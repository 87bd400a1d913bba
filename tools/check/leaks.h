/* SPDX-License-Identifier: MIT */
/* leaks.h - memory of the C library that opening a sample leaves behind. */
#ifndef CHECK_LEAKS_H
#define CHECK_LEAKS_H
#include "check/check.h"

/* False: this C library does not count its memory, or another one allocates in its place. */
bool leaks_are_counted (void);
/* Opens and closes a sample again and again. Returns the bytes that each time leaves, 0 if it does not open
 * or takes too long; *times: how often it was opened. */
uint64_t leaks_of (struct check *check, const struct check_sample *sample, unsigned *times);
#endif
