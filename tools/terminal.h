/* SPDX-License-Identifier: MIT */
/* terminal.h - whether there is a terminal, its width and its colours. */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H
#include "common.h"

enum colour { COLOUR_NONE, COLOUR_TITLE, COLOUR_DTYPE, COLOUR_GOOD, COLOUR_BAD, COLOUR_FAINT };

/* Looks at standard output, standard error, NO_COLOR and --color. Call it when the options are known. */
void terminal_start (void);
bool terminal_is_output (void); /* standard output is a terminal */
bool terminal_is_error (void);  /* standard error is one */
size_t terminal_columns (int descriptor);
/* The sequence that begins a colour on standard output, and the one that ends it; "" without colours. */
const char *colour_on (enum colour colour);
const char *colour_off (enum colour colour);
#endif
