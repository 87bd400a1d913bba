/* SPDX-License-Identifier: MIT */
/* message.c - messages on standard error. */
#include "message.h"
#include "memory.h"
#include "text.h"
#include "tool.h"

/* The last complaint, for output in JSON. What the command itself refuses is TENON_E_MISUSE. */
static tenon_error last;

const tenon_error *
last_complaint (void)
{
    return &last;
}

void
complain_shown (const char *text)
{
    CLEAN (text) char *line = shown_as (text, strlen (text), TEXT_MESSAGE);
    fflush (stdout); /* keeps the order of the two on a terminal */
    fprintf (stderr, "tenon: %s\n", line);
    last = (tenon_error) TENON_ERROR_INIT;
    last.status = TENON_E_MISUSE;
    snprintf (last.message, sizeof last.message, "%s", line);
}

void
complain (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    CLEAN (text) char *text = format_shown (format, list);
    va_end (list);
    complain_shown (text);
}

int
trouble (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    CLEAN (text) char *text = format_shown (format, list);
    va_end (list);
    complain_shown (text);
    return EXIT_TROUBLE;
}

int
misuse (const char *format, ...)
{
    const char *command = tool.command ? tool.command : "";
    va_list list;
    va_start (list, format);
    CLEAN (text) char *text = format_shown (format, list);
    va_end (list);
    size_t room = strlen (text) + 2 * strlen (command) + 64;
    CLEAN (text) char *whole = get_memory (NULL, room, 1);
    snprintf (whole, room, "%s%s%s (tenon%s%s --help tells more)", command, *command ? ": " : "", text,
              *command ? " " : "", command);
    complain_shown (whole);
    return EXIT_TROUBLE;
}

int
report_failure (const tenon_error *error)
{
    complain_shown (*error->message ? error->message : tenon_status_text (error->status));
    last.status = error->status;
    return EXIT_TROUBLE;
}
