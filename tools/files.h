/* SPDX-License-Identifier: MIT */
/* files.h - commands that take several files, one after the other. */
#ifndef TOOL_FILES_H
#define TOOL_FILES_H
#include "common.h"

/* Calls `each` for every path in order, and returns the worst exit status. With --json the objects that
 * `each` prints become one array when there are several paths; else an empty line stands between them when
 * `spaced`. */
int files_each (tenon_context *context, int count, char **paths, bool spaced,
                int (*each) (tenon_context *context, const char *path, void *user), void *user);
/* A file could not be opened: says so, with --json also as the file's object. Returns EXIT_TROUBLE. */
int files_failure (const char *path, const tenon_error *error);
#endif
