/* SPDX-License-Identifier: MIT */
/* message.h - messages on standard error. */
#ifndef TOOL_MESSAGE_H
#define TOOL_MESSAGE_H
#include "common.h"

/* Prints one line, "tenon: ...", whose texts are formatted by format_shown. */
PRINTF_LIKE (1, 2) void complain (const char *format, ...);
/* Prints what helps against the last complaint, "tenon: hint: ...". */
PRINTF_LIKE (1, 2) void hint (const char *format, ...);
/* Like complain, and returns EXIT_TROUBLE. */
PRINTF_LIKE (1, 2) int trouble (const char *format, ...);
/* Likewise, with the name of the command and a pointer to --help. */
PRINTF_LIKE (1, 2) int misuse (const char *format, ...);
/* Prints a text of the library, whose names are escaped already, as such a line. */
void complain_shown (const char *text);
/* A text of the library in the words of this command: --shards for TENON_OPEN_SHARDS. The caller frees it. */
char *command_words (const char *text);
/* What helps against a failure: the library's advice in these words, or what this command knows of the
 * status; "" if it knows nothing. The caller frees it. */
char *failure_advice (const tenon_error *error);
/* Prints a failure of the library as such a line, its advice as a second one, "tenon: hint: ...", and returns
 * EXIT_TROUBLE. */
int report_failure (const tenon_error *error);
/* The last of these as an error: TENON_E_MISUSE when it is not the library's. */
const tenon_error *last_complaint (void);
#endif
