/* SPDX-License-Identifier: MIT */
/* message.c - messages on standard error. */
#include "message.h"
#include "memory.h"
#include "text.h"
#include "tool.h"

/* The names of the API that messages of the library speak of, and what stands for each in this command. */
static const struct {
    const char *theirs, *ours;
} words[] = {
    { "another dtype in tenon_plan_add_from", "--as DTYPE" },
    { "tenon_plan_add_from", "--only" },
    { "TENON_OPEN_SHARDS", "--shards" },
    { "TENON_OPEN_NO_INDEX", "--no-index" },
    { "TENON_SAVE_APPEND", "--append" },
    { "TENON_SAVE_CARRY", "--carry" },
    { "TENON_SAVE_SKIP_UNREADABLE", "--skip-unreadable" },
    { "tenon_context_report", "tenon formats -v" },
    { "tenon_why", "tenon why" },
};

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

static void
hint_shown (const char *text)
{
    CLEAN (text) char *line = shown_as (text, strlen (text), TEXT_MESSAGE);
    fprintf (stderr, "tenon: hint: %s\n", line);
    snprintf (last.advice, sizeof last.advice, "%s", line);
}

void
hint (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    CLEAN (text) char *text = format_shown (format, list);
    va_end (list);
    hint_shown (text);
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

char *
command_words (const char *text)
{
    char *result = copy_text (text, strlen (text));
    for (size_t i = 0; i < COUNT_OF (words); i++) {
        size_t theirs = strlen (words[i].theirs), ours = strlen (words[i].ours);
        for (char *at = result; (at = strstr (at, words[i].theirs));
             at += ours) { /* ours is the shorter one */
            memcpy (at, words[i].ours, ours);
            memmove (at + ours, at + theirs, strlen (at + theirs) + 1);
        }
    }
    return result;
}

static const char *
advice_of (const tenon_error *error)
{
    if (*error->advice)
        return error->advice;
    switch (error->status) {
    case TENON_E_EXISTS: return "without --new, the file is replaced";
    case TENON_E_LOSS: return "without --strict, the file is written, and the losses are told";
    case TENON_E_LIMIT: return "-o limits.NAME=NUMBER sets a limit for one command; tenon config lists them";
    case TENON_E_BUSY: return "--lock=wait waits for the other save";
    case TENON_E_CONFIG: return "tenon config --check lists all faults of the configuration";
    default: return "";
    }
}

char *
failure_advice (const tenon_error *error)
{
    return command_words (advice_of (error));
}

int
report_failure (const tenon_error *error)
{
    CLEAN (text)
    char *message = command_words (*error->message ? error->message : tenon_status_text (error->status));
    CLEAN (text) char *advice = failure_advice (error);
    complain_shown (message);
    last.status = error->status;
    last.system = error->system;
    if (*advice)
        hint_shown (advice);
    return EXIT_TROUBLE;
}
