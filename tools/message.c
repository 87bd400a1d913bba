/* SPDX-License-Identifier: MIT */
/* message.c - messages on standard error. */
#include "message.h"
#include "memory.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"

/* The last complaint, for output in JSON. What the command itself refuses is TENON_E_MISUSE. */
static tenon_error last;

const tenon_error *
last_complaint (void)
{
    return &last;
}

PRINTF_LIKE (1, 0)
static void
complain_list (const char *format, va_list list)
{
    char *text = NULL;
    fflush (stdout); /* keeps the order of the two on a terminal */
    if (vasprintf (&text, format, list) < 0)
        text = copy_text ("out of memory", strlen ("out of memory"));
    char *line = printable (text, strlen (text), !terminal_is_error ());
    fprintf (stderr, "tenon: %s\n", line);
    last = (tenon_error) TENON_ERROR_INIT;
    last.status = TENON_E_MISUSE;
    snprintf (last.message, sizeof last.message, "%s", text);
    free (line);
    free (text);
}

void
complain (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    complain_list (format, list);
    va_end (list);
}

int
trouble (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    complain_list (format, list);
    va_end (list);
    return EXIT_TROUBLE;
}

int
misuse (const char *format, ...)
{
    char *text = NULL;
    const char *command = tool.command ? tool.command : "";
    va_list list;
    va_start (list, format);
    if (vasprintf (&text, format, list) >= 0)
        complain ("%s%s%s (tenon%s%s --help tells more)", command, *command ? ": " : "", text,
                  *command ? " " : "", command);
    va_end (list);
    free (text);
    return EXIT_TROUBLE;
}

int
report_failure (const tenon_error *error)
{
    trouble ("%s", *error->message ? error->message : tenon_status_text (error->status));
    last.status = error->status;
    return EXIT_TROUBLE;
}
