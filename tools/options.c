/* SPDX-License-Identifier: MIT */
/* options.c - options of the command line: parsing them, and listing them for --help. */
#include "options.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "tool.h"
#include <getopt.h>

#define MOST_OPTIONS OPTIONS_MOST
#define FIRST_VALUE 256 /* what getopt_long returns for row 0: above every letter */

static const struct tool_option common_options[] = {
    { "format", 0, OPTION_TEXT, "ID", "the file is in this format, whatever it looks like", &tool.format },
    { "json", 0, OPTION_FLAG, NULL, "print JSON", &tool.json },
    { "quiet", 'q', OPTION_FLAG, NULL, "print less: no notes, no headings, no progress", &tool.quiet },
    { "verbose", 'v', OPTION_FLAG, NULL, "print more", &tool.verbose },
    { "color", 0, OPTION_CHOICE, "auto|always|never", "colours; auto: on a terminal, unless NO_COLOR is set",
      &tool.color },
    { NULL, 'o', OPTION_LIST, "CODEC.KEY=VALUE",
      "set an option of a codec, or core.KEY, limits.KEY, save.KEY", &tool.settings },
    { "no-config", 0, OPTION_FLAG, NULL, "read no configuration files", &tool.no_config },
    { "plugin-path", 0, OPTION_TEXT, "DIRS",
      "look for plugins in these folders first (absolute, ':' between)", &tool.plugin_path },
    { "no-map", 0, OPTION_FLAG, NULL, "never map files, always read them", &tool.no_map },
    { "shards", 0, OPTION_FLAG, NULL, "open all shards of the set to which the file belongs", &tool.shards },
    { "no-index", 0, OPTION_FLAG, NULL, "find the shards of a folder or an index by their names",
      &tool.no_index },
    { "help", 'h', OPTION_FLAG, NULL, "print this", &tool.help },
    { "version", 'V', OPTION_FLAG, NULL, "print the version", &tool.version },
    { 0 }
};

/* The options of a command and those of every command, and the same as getopt_long takes them. */
struct known {
    const struct tool_option *rows[MOST_OPTIONS];
    int count;
    struct option longs[MOST_OPTIONS + 1];
    char letters[3 * MOST_OPTIONS + 2];
};

bool
options_end (const struct tool_option *row)
{
    return !row->name && !row->letter;
}

static bool
same_name (const struct tool_option *a, const struct tool_option *b)
{
    return a->name && b->name && strcmp (a->name, b->name) == 0;
}

static void
known_add (struct known *known, const struct tool_option *row)
{
    /* a command's own row of a name comes first, and wins over the common one */
    for (int i = 0; i < known->count; i++)
        if (same_name (known->rows[i], row))
            return;
    if (known->count < MOST_OPTIONS)
        known->rows[known->count++] = row;
}

static void
known_make (struct known *known, const struct tool_option *own)
{
    memset (known, 0, sizeof *known);
    for (const struct tool_option *row = own; row && !options_end (row); row++)
        known_add (known, row);
    for (const struct tool_option *row = common_options; !options_end (row); row++)
        known_add (known, row);

    char *letter = known->letters;
    *letter++ = own ? ':' : '+'; /* '+': stops at the first argument, which is the command */
    if (!own)
        *letter++ = ':';
    struct option *next = known->longs;
    for (int i = 0; i < known->count; i++) {
        const struct tool_option *row = known->rows[i];
        int has_value = row->kind == OPTION_FLAG           ? no_argument
                        : row->kind == OPTION_MAYBE_CHOICE ? optional_argument
                                                           : required_argument;
        if (row->name)
            *next++ = (struct option){ row->name, has_value, NULL, FIRST_VALUE + i };
        if (row->letter) {
            *letter++ = row->letter;
            for (int colons = has_value; colons > 0; colons--)
                *letter++ = ':';
        }
    }
}

size_t
options_rows (const struct tool_option *own, const struct tool_option *rows[OPTIONS_MOST])
{
    struct known known;
    known_make (&known, own);
    memcpy (rows, known.rows, (size_t) known.count * sizeof *rows);
    return (size_t) known.count;
}

static const struct tool_option *
known_row (const struct known *known, int value)
{
    if (value >= FIRST_VALUE)
        return value - FIRST_VALUE < known->count ? known->rows[value - FIRST_VALUE] : NULL;
    for (int i = 0; i < known->count; i++)
        if (known->rows[i]->letter == value)
            return known->rows[i];
    return NULL;
}

/* "--name" or "-n", as a message calls it. */
static const char *
row_name (const struct tool_option *row)
{
    static char text[64];
    if (row->name)
        snprintf (text, sizeof text, "--%s", row->name);
    else
        snprintf (text, sizeof text, "-%c", row->letter);
    return text;
}

/* --set opened sets before it became an option for metadata alone; an old use of it fails with this hint. */
static const char *
shards_hint (const char *option)
{
    return strcmp (option, "--set") == 0 ? "; --shards opens all shards of a set" : "";
}

/* True if `word` is one of "a|b|c". */
static bool
choice_has (const char *choices, const char *word)
{
    size_t length = strlen (word);
    for (const char *choice = choices;; choice++) {
        size_t room = strcspn (choice, "|");
        if (room == length && memcmp (choice, word, length) == 0)
            return true;
        choice += room;
        if (!*choice)
            return false;
    }
}

static bool
option_set (const struct tool_option *row, const char *value)
{
    switch (row->kind) {
    case OPTION_FLAG: *(bool *) row->target = true; return true;
    case OPTION_LIST: list_add (row->target, value); return true;
    case OPTION_PAIRS:
        if (*value == '=' || !strchr (value, '=')) {
            misuse ("%s takes %s, not '%s'%s", row_name (row), row->argument, value,
                    shards_hint (row_name (row)));
            return false;
        }
        list_add (row->target, value);
        return true;
    case OPTION_CHOICE:
    case OPTION_MAYBE_CHOICE:
        /* -m=full: --help shows "-m, --meta[=full]" */
        if (value && *value == '=')
            value++;
        if (value && !choice_has (row->argument, value)) {
            misuse ("%s takes %s, not '%s'", row_name (row), row->argument, value);
            return false;
        }
        break;
    case OPTION_TEXT: break;
    }
    *(const char **) row->target = value ? value : "";
    return true;
}

/* Says why getopt_long refused an option: it is in no table, or it has a value and takes none. */
static void
complain_unknown (const struct known *known, const char *word)
{
    const struct tool_option *row = optopt ? known_row (known, optopt) : NULL;
    if (row) {
        misuse ("%s takes no value", row_name (row));
        return;
    }
    if (optopt) {
        misuse ("unknown option '-%c'", optopt);
        return;
    }
    char *name = copy_text (word, strcspn (word, "="));
    struct nearest nearest = nearest_start (name);
    int beginnings = 0;
    for (const struct option *option = known->longs; option->name; option++) {
        char candidate[64];
        snprintf (candidate, sizeof candidate, "--%s", option->name);
        beginnings += strncmp (candidate, name, strlen (name)) == 0;
        size_t before = nearest.distance;
        nearest_try (&nearest, candidate);
        if (nearest.distance < before)
            nearest.best = option->name; /* outlives the candidate, which ends with this turn of the loop */
    }
    if (*shards_hint (name))
        misuse ("unknown option '%s'%s", name, shards_hint (name));
    else if (beginnings > 1)
        misuse ("'%s' may begin several options", name);
    else if (nearest.best)
        misuse ("unknown option '%s', did you mean '--%s'?", name, nearest.best);
    else
        misuse ("unknown option '%s'", name);
    free (name);
}

int
options_parse (int argc, char **argv, const struct tool_option *own)
{
    struct known known;
    known_make (&known, own);
    opterr = 0;
    optind = 0; /* getopt may have run before: starts again */
    int value;
    while ((value = getopt_long (argc, argv, known.letters, known.longs, NULL)) != -1) {
        if (value == '?') {
            complain_unknown (&known, argv[optind - 1]);
            return -1;
        }
        if (value == ':') {
            const struct tool_option *row = known_row (&known, optopt);
            const char *name = row ? row_name (row) : argv[optind - 1];
            misuse ("%s needs a value%s%s%s", name, row ? ": " : "", row ? row->argument : "",
                    shards_hint (name));
            return -1;
        }
        const struct tool_option *row = known_row (&known, value);
        if (!row || !option_set (row, optarg))
            return -1;
    }
    return optind;
}

/* ---- --help -------------------------------------------------------------------------------------- */

/* The left column: "  -l, --long=WHAT". */
static int
left_text (char *text, size_t room, const struct tool_option *row)
{
    char letter[8] = "    ";
    if (row->letter)
        snprintf (letter, sizeof letter, row->name ? "-%c, " : "-%c", row->letter);
    bool maybe = row->kind == OPTION_MAYBE_CHOICE;
    return snprintf (text, room, "  %s%s%s%s%s%s%s", letter, row->name ? "--" : "",
                     row->name ? row->name : "", maybe ? "[" : "",
                     !row->argument ? ""
                     : row->name    ? "="
                                    : " ",
                     row->argument ? row->argument : "", maybe ? "]" : "");
}

void
options_print (const struct tool_option *rows)
{
    const int help_column = 28;
    for (const struct tool_option *row = rows; !options_end (row); row++) {
        char left[96];
        if (left_text (left, sizeof left, row) > help_column - 2)
            printf ("%s\n%*s", left, help_column, "");
        else
            printf ("%-*s", help_column, left);
        for (const char *line = row->help; *line;) {
            size_t length = strcspn (line, "\n");
            printf ("%.*s\n", (int) length, line);
            line += length;
            if (*line)
                printf ("%*s", help_column, ""), line++;
        }
    }
}

void
options_print_common (const struct tool_option *own, bool json)
{
    struct tool_option rows[COUNT_OF (common_options)];
    size_t count = 0;
    for (const struct tool_option *row = common_options; !options_end (row); row++) {
        bool replaced = row->target == &tool.json && !json;
        for (const struct tool_option *other = own; other && !options_end (other); other++)
            replaced |= same_name (other, row);
        if (!replaced)
            rows[count++] = *row;
    }
    rows[count] = (struct tool_option){ 0 };
    options_print (rows);
}
