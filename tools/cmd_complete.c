/* SPDX-License-Identifier: MIT */
/* cmd_complete.c - tenon complete: what the files in tools/completion ask. They give the words of a command
 * line after "tenon", up to the cursor, and get what the last one may become. All that is offered comes from
 * the tables of options and commands that the command itself works by. */
#include "command.h"
#include "library.h"
#include "offers.h"
#include "tool.h"

static const struct tool_option complete_options[] = { { 0 } };

/* The words before the one that is completed. */
struct walk {
    struct offers *offers;
    const struct tool_option *rows[OPTIONS_MOST];
    size_t row_count;
    const struct tool_option *waits; /* its value is the next word; or NULL */
    bool arguments_only;             /* "--" came */
    bool lost;                       /* there is no such command */
};

static void
rows_choose (struct walk *walk)
{
    const struct command *command = walk->offers->command;
    walk->row_count = options_rows (command ? command->options : NULL, walk->rows);
}

/* The row of --NAME, or the only one of --NAM; NULL: there is none. */
static const struct tool_option *
row_named (const struct walk *walk, const char *name, size_t length)
{
    const struct tool_option *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < walk->row_count; i++) {
        const struct tool_option *row = walk->rows[i];
        if (!row->name || strncmp (row->name, name, length) != 0)
            continue;
        if (!row->name[length])
            return row;
        found = row;
        count++;
    }
    return count == 1 ? found : NULL;
}

/* The first letter of "-qo..." that takes a value, and behind it; NULL: none does. */
static const struct tool_option *
row_lettered (const struct walk *walk, const char *word, const char **value)
{
    for (const char *letter = word + 1; *letter; letter++)
        for (size_t i = 0; i < walk->row_count; i++)
            if (walk->rows[i]->letter == *letter && walk->rows[i]->kind != OPTION_FLAG) {
                *value = letter + 1;
                return walk->rows[i];
            }
    return NULL;
}

/* Takes what the word means for what is offered: with which plugins, and in which format the file is. */
static void
option_given (struct walk *walk, const struct tool_option *row, const char *value)
{
    if (row->name)
        list_add (&walk->offers->given, row->name);
    if (row->name && strcmp (row->name, "from") == 0)
        walk->offers->from = value;
    else if (row->kind == OPTION_FLAG)
        *(bool *) row->target = true;
    else if (row->kind == OPTION_TEXT)
        *(const char **) row->target = value;
}

static void
walk_option (struct walk *walk, const char *word)
{
    const char *value = NULL;
    const struct tool_option *row;
    if (word[1] == '-') {
        size_t length = strcspn (word + 2, "=");
        row = row_named (walk, word + 2, length);
        value = word[2 + length] ? word + 3 + length : NULL;
    } else {
        row = row_lettered (walk, word, &value);
        value = value && *value ? value : NULL;
    }
    if (!row)
        return;
    if (row->kind != OPTION_FLAG && row->kind != OPTION_MAYBE_CHOICE && !value)
        walk->waits = row;
    else
        option_given (walk, row, value);
}

static void
walk_word (struct walk *walk, const char *word)
{
    struct offers *offers = walk->offers;
    if (walk->waits) {
        option_given (walk, walk->waits, word);
        walk->waits = NULL;
    } else if (!walk->arguments_only && strcmp (word, "--") == 0) {
        walk->arguments_only = true;
    } else if (!walk->arguments_only && word[0] == '-' && word[1]) {
        walk_option (walk, word);
    } else if (offers->command) {
        list_add (&offers->arguments, word);
    } else {
        offers->command = command_find (word);
        walk->lost |= !offers->command;
        rows_choose (walk);
    }
}

/* ---- the word that is completed ------------------------------------------------------------------- */

static void
complete_value (struct walk *walk, const struct tool_option *row)
{
    walk->offers->option = row->name;
    if (row->kind == OPTION_CHOICE || row->kind == OPTION_MAYBE_CHOICE)
        offer_choices (walk->offers, row->argument);
    else if (row->argument)
        offer_value (walk->offers, row->argument);
}

static bool
was_given (const struct offers *offers, const char *name, size_t length)
{
    for (size_t i = 0; i < offers->given.count; i++)
        if (strlen (offers->given.items[i]) == length && memcmp (offers->given.items[i], name, length) == 0)
            return true;
    return false;
}

/* Of "[KEY | --check [FILE...]]" the part that holds: behind the option if it was given, else before it. */
static char *
usage_part (const struct offers *offers)
{
    const char *usage = offers->command->arguments, *bar = strstr (usage, " | --");
    if (!bar)
        return copy_text (usage, strlen (usage));
    const char *name = bar + strlen (" | --");
    size_t length = strcspn (name, " ]");
    if (!was_given (offers, name, length))
        return copy_text (usage, (size_t) (bar - usage));
    return copy_text (name + length, strlen (name + length));
}

/* The argument as the usage line calls it: the last word of "FILE..." goes for all that follow. */
static void
complete_argument (struct offers *offers)
{
    CLEAN (text) char *usage = usage_part (offers);
    size_t number = 0;
    for (char *rest = usage, *word; (word = strtok_r (rest, " ", &rest)); number++) {
        bool repeated = strstr (word, "...");
        if (number < offers->arguments.count && !repeated)
            continue;
        word += *word == '[';
        word[strcspn (word, "]")] = 0;
        if (repeated)
            *strstr (word, "...") = 0;
        offer_value (offers, word);
        return;
    }
}

static void
complete_word (struct walk *walk, const char *word)
{
    struct offers *offers = walk->offers;
    const struct tool_option *row = NULL;
    const char *value = NULL;
    bool option = word[0] == '-' && !walk->arguments_only;
    if (option && word[1] == '-' && strchr (word, '=')) {
        row = row_named (walk, word + 2, strcspn (word + 2, "="));
        value = strchr (word, '=') + 1;
    } else if (option && word[1] && word[1] != '-') {
        row = row_lettered (walk, word, &value);
    }
    if (walk->waits) {
        complete_value (walk, walk->waits);
    } else if (row && *value) {
        offers->start = (size_t) (value - word) + (row->kind == OPTION_MAYBE_CHOICE && *value == '=');
        complete_value (walk, row);
    } else if (row && word[1] == '-') {
        offers->start = (size_t) (value - word);
        complete_value (walk, row);
    } else if (option && word[1] && word[1] != '-') {
        offer (offers, word, NULL); /* letters are not offered, but end here */
    } else if (option) {
        offer_options (offers);
    } else if (!offers->command) {
        offer_commands (offers);
    } else {
        complete_argument (offers);
    }
}

static int
run_complete (int count, char **words)
{
    struct offers offers = { .typed = words[count - 1] };
    struct walk walk = { .offers = &offers };
    rows_choose (&walk);
    for (int i = 0; i < count - 1; i++)
        walk_word (&walk, words[i]);
    if (!offers.from && !row_named (&walk, "from", 4))
        offers.from = tool.format;
    if (!walk.lost)
        complete_word (&walk, words[count - 1]);
    offers_begin (&offers, "words", NULL, 0);
    offers_clean (&offers);
    return EXIT_DONE;
}

const struct command complete_command = {
    .name = "complete",
    .arguments = "-- WORD...",
    .summary = "prints what the last word of a command line may become, for the completion of shells",
    .options = complete_options,
    .least = 1,
    .most = -1,
    .hidden = true,
    .run = run_complete,
};
