/* SPDX-License-Identifier: MIT */
/* glob.h - patterns over names. */
#ifndef TN_GLOB_H
#define TN_GLOB_H
#include "base/base.h"

/* tenon_match in tenon/file.h: it explains patterns, and states the time that this takes. */
bool tn_glob_fits (const char *pattern, const char *name, uint64_t length);
/* True if the pattern fits no name but its own text. */
bool tn_glob_is_plain (const char *pattern);

#endif
