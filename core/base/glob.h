/* SPDX-License-Identifier: MIT */
/* glob.h - patterns over names. */
#ifndef TN_GLOB_H
#define TN_GLOB_H
#include "base/base.h"

/* True if the name, or all of it as the pattern describes it, is what the pattern stands for; tenon_match in
 * tenon/file.h explains patterns. Tries no more characters than the product of
 * both lengths. */
bool tn_glob_fits (const char *pattern, const char *name, uint64_t length);
/* True if the pattern fits no name but its own text. */
bool tn_glob_is_plain (const char *pattern);

#endif
