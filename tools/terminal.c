/* SPDX-License-Identifier: MIT */
/* terminal.c - whether there is a terminal, its width and its colours. */
#include "terminal.h"
#include "tool.h"
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool output_is_terminal, error_is_terminal, colours;

void
terminal_start (void)
{
    output_is_terminal = isatty (STDOUT_FILENO) == 1;
    error_is_terminal = isatty (STDERR_FILENO) == 1;
    const char *when = tool.color ? tool.color : "auto";
    const char *none = getenv ("NO_COLOR"), *name = getenv ("TERM");
    bool dumb = !name || strcmp (name, "dumb") == 0;
    colours = strcmp (when, "always") == 0
              || (strcmp (when, "auto") == 0 && output_is_terminal && !dumb && !(none && *none));
    /* LC_CTYPE alone, for the letters in patterns: numbers are printed and read without the locale. */
    if (output_is_terminal || error_is_terminal)
        setlocale (LC_CTYPE, "");
}

bool
terminal_is_output (void)
{
    return output_is_terminal;
}

bool
terminal_is_error (void)
{
    return error_is_terminal;
}

size_t
terminal_columns (int descriptor)
{
    struct winsize size;
    const char *text = getenv ("COLUMNS");
    unsigned long columns = text ? strtoul (text, NULL, 10) : 0;
    if (columns == 0 && ioctl (descriptor, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    return columns == 0 ? 80 : columns < 20 ? 20 : columns < 4096 ? columns : 4096;
}

const char *
colour_on (enum colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",         [COLOUR_TITLE] = "\033[1m",  [COLOUR_DTYPE] = "\033[36m",
        [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[1;31m", [COLOUR_FAINT] = "\033[2m",
    };
    return colours ? sequences[colour] : "";
}

const char *
colour_off (enum colour colour)
{
    return colours && colour != COLOUR_NONE ? "\033[0m" : "";
}
