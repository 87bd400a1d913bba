/* SPDX-License-Identifier: MIT */
/* text.h - text of files on its way to a terminal or a pipe. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H
#include "common.h"

/* A copy in which bytes are escaped, as \n, \t, \r or \xNN, that a terminal would interpret or that would
 * break a line or a column. For a pipe (`exact`) only control characters below 0x20 and DEL are. */
char *printable (const char *text, size_t length, bool exact);
/* Likewise, for standard output as it is. */
char *shown (const char *text, size_t length);
bool text_is_utf8 (const char *text, size_t length);
/* The columns that UTF-8 text takes on a terminal. */
size_t display_width (const char *text);
/* The bytes of the longest beginning that fits in so many columns. */
size_t display_fit (const char *text, size_t columns);
#endif
