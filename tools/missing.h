/* SPDX-License-Identifier: MIT */
/* missing.h - the nearest existing name for a file that does not exist. */
#ifndef TOOL_MISSING_H
#define TOOL_MISSING_H
#include "common.h"

/* Adds advice to the failure of opening a path that does not exist: the file in its folder whose name is
 * nearest. */
void missing_advise (const char *path, tenon_error *error);
#endif
