/* SPDX-License-Identifier: MIT */
/* options.h - options of the command line. Parsing and --help are both made from tables, so that they cannot
 * differ. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H
#include "common.h"

/* How an option takes its value, and the type of `target`. */
enum option_kind {
    OPTION_FLAG,         /* no value: bool */
    OPTION_TEXT,         /* const char * */
    OPTION_LIST,         /* may be repeated: struct text_list */
    OPTION_PAIRS,        /* likewise, each KEY=VALUE, no KEY empty: struct text_list */
    OPTION_CHOICE,       /* one of the words in `argument`, '|' between: const char * */
    OPTION_MAYBE_CHOICE, /* likewise, or no value, which gives "": const char * */
};

/* One row of a table. A row with neither name nor letter ends the table. */
struct tool_option {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *argument; /* what --help calls the value */
    const char *help;     /* one line, or several with \n between */
    void *target;
};

/* Parses the options of argv that the command's own table and the common one know, and moves the arguments to
 * the end. With `own` NULL it stops at the first argument, which is the command. Returns the index of the
 * first argument, or -1 after a message. */
int options_parse (int argc, char **argv, const struct tool_option *own);
/* The rows of a table as --help shows them. */
void options_print (const struct tool_option *rows);
/* The options of every command, but for those that the command's own table (or NULL) replaces, and for --json
 * when the command has none. */
void options_print_common (const struct tool_option *own, bool json);
/* All rows that a command knows: its own, then the common ones that it does not replace. Returns their
 * number.
 */
#define OPTIONS_MOST 40
size_t options_rows (const struct tool_option *own, const struct tool_option *rows[OPTIONS_MOST]);
/* True if this row ends its table. */
bool options_end (const struct tool_option *row);
#endif
