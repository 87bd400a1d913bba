/* SPDX-License-Identifier: MIT */
/* text.h - text of files on its way to a terminal or a pipe. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H
#include "line.h"

enum text_kind {
    TEXT_NAME,    /* of a file or an argument, as it is: a backslash becomes two */
    TEXT_QUOTED,  /* likewise, and a backslash comes before each '"' */
    TEXT_MESSAGE, /* of the library, whose names are escaped already: backslashes stay */
    TEXT_DATA,    /* the data of a file: as a name, but with the joiners that some scripts are written with */
    TEXT_QUOTED_DATA
};
/* A copy in which bytes are escaped, as \n, \t, \r or \xNN, that are no UTF-8, that a terminal would
 * interpret or hide, or that would break a line or a column. Of a name it can be told from the copy of any
 * other. */
char *shown_as (const char *text, size_t length, enum text_kind kind);
/* Adds that copy to a line. */
void text_put (struct line *line, const char *text, size_t length, enum text_kind kind);
/* Of a name. */
char *shown (const char *text, size_t length);
/* Formats a message, for which each text of a file or an argument may be given as it is: those of %s, %.*s
 * and %c are escaped as names. Besides these it knows %d and %u, of int or (with l, ll or z) 64 bits. */
PRINTF_LIKE (1, 0) char *format_shown (const char *format, va_list list);
/* The same, added to a line. */
PRINTF_LIKE (2, 0) void text_format (struct line *line, const char *format, va_list list);
/* The bytes before the first that is no printable ASCII, a quote or a backslash. */
size_t text_plain_length (const char *text, size_t length);
/* The bytes before the first hidden code point, or byte that is no UTF-8. */
size_t text_shown_length (const char *text, size_t length);
/* Decodes the first code point, U+FFFD for a byte that is no UTF-8; returns its bytes. */
size_t text_first_point (const char *text, size_t length, uint32_t *point);
bool text_is_utf8 (const char *text, size_t length);
/* The columns that UTF-8 text takes on a terminal. */
size_t display_width (const char *text);
/* The bytes of the longest beginning that fits in so many columns. */
size_t display_fit (const char *text, size_t columns);
#endif
