/* SPDX-License-Identifier: MIT */
/* offers.c - what may stand at a place of the command line: the answer, and what the tables of the command
 * have. */
#include "offers.h"
#include "text.h"
#include "tool.h"

void
offers_begin (struct offers *offers, const char *kind, const char *more, size_t length)
{
    if (offers->begun)
        return;
    offers->begun = true;
    fputs (kind, stdout);
    if (more) {
        putchar ('\t');
        fwrite (more, 1, length, stdout);
    }
    putchar ('\n');
}

static void
begin_words (struct offers *offers)
{
    offers_begin (offers, "words", NULL, 0);
}

/* Prints a candidate, of which a shell takes the whole word: with the bytes before the value. */
void
offer (struct offers *offers, const char *candidate, const char *about)
{
    begin_words (offers);
    const char *beginning = offers->typed + offers->start;
    size_t length = strlen (candidate);
    if (strncmp (candidate, beginning, strlen (beginning)) != 0
        || text_shown_length (candidate, length) != length)
        return;
    CLEAN (text) char *printed = shown (about ? about : "", about ? strcspn (about, "\n") : 0);
    printf ("%.*s%s\t%s\n", (int) offers->start, offers->typed, candidate, printed);
}

void
offer_choices (struct offers *offers, const char *choices)
{
    begin_words (offers);
    for (size_t length; *choices; choices += length + (choices[length] == '|')) {
        length = strcspn (choices, "|");
        CLEAN (text) char *choice = copy_text (choices, length);
        offer (offers, choice, NULL);
    }
}

void
offer_commands (struct offers *offers)
{
    begin_words (offers);
    for (const struct command *const *each = tool.commands; *each; each++)
        if (!(*each)->hidden)
            offer (offers, (*each)->name, (*each)->summary);
}

void
offer_options (struct offers *offers)
{
    const struct tool_option *rows[OPTIONS_MOST];
    size_t count = options_rows (offers->command ? offers->command->options : NULL, rows);
    begin_words (offers);
    for (size_t i = 0; i < count; i++) {
        const struct tool_option *row = rows[i];
        if (row->target == &tool.json && offers->command && !offers->command->json)
            continue;
        char text[64];
        if (row->name)
            snprintf (text, sizeof text, "--%s", row->name);
        else
            snprintf (text, sizeof text, "-%c", row->letter);
        if (!row->name || row->kind == OPTION_FLAG || row->kind == OPTION_MAYBE_CHOICE)
            offer (offers, text, row->help);
        if (row->name && row->kind != OPTION_FLAG) {
            strcat (text, "=");
            offer (offers, text, row->help);
        }
    }
}

void
offers_clean (struct offers *offers)
{
    list_free (&offers->arguments);
    list_free (&offers->given);
    tenon_close (offers->file);
    tenon_context_free (offers->context);
}
