/* SPDX-License-Identifier: MIT */
/* output.h - standard output. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H
#include "line.h"

/* Call it first. */
void output_start (void);
/* Writes bytes; false: they could not be written. */
bool output_write (const void *data, size_t size);
/* Writes a line and empties it. */
void output_line (struct line *line);
/* Writes a text that is formatted by format_shown. */
PRINTF_LIKE (1, 2) void output_shown (const char *format, ...);
/* True after a write that failed. Long lists check it, and stop early. */
bool output_broken (void);
/* Flushes and closes; false, after a message, when something could not be written. When the reader of a pipe
 * is gone, the program ends without a message. */
bool output_close (void);
#endif
