/* SPDX-License-Identifier: MIT */
/* tool.h - what the files of the tenon command share. The command knows the library by <tenon/tenon.h>
   alone, like any other * application. */
#ifndef TOOL_H
#define TOOL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define PRINTF_LIKE(text, first) __attribute__ ((format (printf, text, first)))
#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/* What the command exits with. */
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,     /* the question was understood, and the answer is no */
    EXIT_TROUBLE = 2 /* unreadable, recognised by no codec, bad usage */
};

/* ---- the command line (options.c) ---------------------------------------------------------------- */

struct text_list {
    const char **items;
    size_t count, room;
};

/* How an option takes its value, and what `target` points to. */
enum option_kind {
    OPTION_FLAG,         /* no value: bool */
    OPTION_TEXT,         /* const char * */
    OPTION_LIST,         /* may be repeated: struct text_list */
    OPTION_CHOICE,       /* one of the words in `argument`, '|' between: const char * */
    OPTION_MAYBE_CHOICE, /* likewise, or no value, which gives "": const char * */
    OPTION_PAIRS         /* a list of KEY=VALUE, no KEY empty: struct text_list */
};

/* One row of a table from which both the parsing and --help are made, so that they cannot differ. A row
   without name ends it. */
struct tool_option {
    const char *name;
    char letter; /* 0: it has none */
    enum option_kind kind;
    const char *argument; /* what --help calls the value */
    const char *help;     /* one line, or several with \n between */
    void *target;
};

struct command {
    const char *name;
    const char *arguments; /* as the usage line shows them */
    const char *summary;   /* one line */
    const char *details;   /* the last paragraphs of --help, or NULL */
    const struct tool_option *options;
    int least, most; /* how many arguments; most < 0: any number */
    bool json;       /* has an output in JSON */
    int (*run) (int count, char **arguments);
};
extern const struct command ls_command, cat_command, convert_command, verify_command, hash_command,
    formats_command, why_command, config_command, help_command;
extern const struct command *const commands[]; /* ends with NULL */

/* The options that every command has. */
struct tool {
    const char *plugin_path, *format, *color;
    struct text_list settings;
    bool json, no_map, shards, quiet, verbose, help, version;
    const struct command *command; /* NULL until it is known */
};
extern struct tool tool;

/* Parses the options of argv that the tables know, up to the first argument (own NULL: only the options
   of every command are known) or among all * arguments. Returns the index of the first argument, to which
   the others were moved, or -1 after a message. */
int options_parse (int argc, char **argv, const struct tool_option *own);
/* --help of one command; NULL: of the whole. */
void options_help (const struct command *command);
/* By name; NULL after a message with the nearest one. */
const struct command *command_find (const char *name);

/* ---- messages, memory, the library (common.c) ---------------------------------------------------- */

/* One line on stderr, "tenon: ...", hostile bytes escaped. */
PRINTF_LIKE (1, 2) void complain (const char *format, ...);
/* The same; returns EXIT_TROUBLE. */
PRINTF_LIKE (1, 2) int trouble (const char *format, ...);
/* The same, with a pointer to --help. */
PRINTF_LIKE (1, 2) int misuse (const char *format, ...);
/* A failure of the library as one such line. */
int report_failure (const tenon_error *error);
/* The last of these, as an error: TENON_E_MISUSE when it is not the library's. */
const tenon_error *last_complaint (void);
/* A file with thousands of tensors may have a note for each: without --verbose so many are told. */
#define MOST_NOTES 10
/* Notes and losses on stderr. Quiet hides the notes; what was lost is always said. */
void report_notes (const tenon_report *report);
/* The first entry of this kind from index on, which then is the one behind it; false: there is none. */
bool report_next (const tenon_report *report, uint32_t kind, uint64_t *index, tenon_report_entry *entry);

/* These end the program when there is no memory. */
void *get_memory (void *old, size_t count, size_t size);
char *copy_text (const char *text, size_t length);
void list_add (struct text_list *list, const char *item);
void list_free (struct text_list *list);

/* Finds the candidate that somebody who typed `word` probably meant. `best` is NULL when none is near. */
struct nearest {
    const char *word, *best;
    size_t distance;
};
struct nearest nearest_start (const char *word);
void nearest_try (struct nearest *nearest, const char *candidate);
/* ", did you mean 'x'?" or "". The text lives until the next call. */
const char *nearest_hint (const struct nearest *nearest);

/* A context with the settings of the command line; NULL after a message. */
tenon_context *context_new (void);
/* Opens a path, or "-" for standard input, as the options say. `format` NULL: recognise it. */
tenon_status file_open (tenon_context *context, const char *path, const char *format, tenon_file **file,
                        tenon_error *error);
/* The index of a tensor; false after a message with the nearest name. */
bool tensor_find (const tenon_file *file, const char *path, const char *name, uint64_t *index);
tenon_tensor_info tensor_get (const tenon_file *file, uint64_t index);
tenon_file_info file_get (const tenon_file *file);
/* An element type by its name, in letters of either case; TENON_NONE after a message with the nearest. */
uint32_t dtype_find (const tenon_context *context, const char *name);
/* Binary data for stdout; false: it could not be written. */
bool output_write (const void *data, size_t size);
/* Did a write to stdout fail? Long lists ask, so as to stop early. */
bool output_broken (void);
/* The end of stdout; false, after a message, when something of it could not be written. A reader that
   went away ends the program * without a word. */
bool output_close (void);

void context_clean (tenon_context **context);
void file_clean (tenon_file **file);
void report_clean (tenon_report **report);
void plan_clean (tenon_plan **plan);
void memory_clean (tenon_memory **memory);
void text_clean (char **text);
#define CLEAN(how) __attribute__ ((cleanup (how##_clean)))

/* ---- patterns over names (globs.c) --------------------------------------------------------------- */

struct globs {
    const struct text_list *patterns;
    bool *matched; /* one each: it matched something */
};
struct globs globs_start (const struct text_list *patterns);
/* Does one of the patterns match? Marks all that do. */
bool globs_match (struct globs *globs, const char *name);
/* A pattern that never matched is an error: false after a message. */
bool globs_all_matched (const struct globs *globs, const char *option);
void globs_clean (struct globs *globs);

/* ---- element types by patterns (casts.c) ----------------------------------------------------------- */

struct cast {
    const char *text, *dtype_name;
    char *glob;
    uint32_t dtype;
    bool matched;
};
struct casts {
    struct cast *items;
    size_t count;
};
/* False after a message. */
bool casts_parse (const tenon_context *context, const struct text_list *texts, struct casts *casts);
void casts_clean (struct casts *casts);
/* The last one whose pattern matches; NULL: none. */
const struct cast *casts_find (struct casts *casts, const char *name);
bool casts_all_matched (const struct casts *casts);
/* Why this tensor cannot be cast so, or what helps. */
const char *cast_refusal (const tenon_context *context, const tenon_tensor_info *info,
                          const struct cast *cast);
/* Does the tensor keep its type by the rule for quantised ones? Then `why` says it. */
bool cast_leaves (const tenon_context *context, const struct cast *cast, const tenon_tensor_info *info,
                  char *why, size_t room);

/* ---- changes of metadata (metadata.c) --------------------------------------------------------------- */

struct edits {
    struct text_list set, types, unset; /* KEY=VALUE, KEY=TYPE, GLOB */
};
/* In a plan that has the file's metadata: what --unset names goes, then --set comes. False after a message.
 */
bool edits_apply (const struct edits *edits, const tenon_file *file, tenon_plan *plan);
void edits_free (struct edits *edits);

/* ---- the terminal (terminal.c) ------------------------------------------------------------------- */

enum colour {
    COLOUR_NONE,
    COLOUR_TITLE,
    COLOUR_DTYPE,
    COLOUR_GOOD,
    COLOUR_BAD,
    COLOUR_WARNING,
    COLOUR_FAINT
};

/* Looks at stdout, stderr, NO_COLOR and --color. Call it when the options are known. */
void terminal_start (void);
bool terminal_is_output (void); /* stdout is a terminal */
bool terminal_is_error (void);  /* stderr is one */
size_t terminal_columns (int descriptor);
/* The sequence that begins a colour on stdout, and the one that ends it; "" when there are to be none. */
const char *colour_on (enum colour colour);
const char *colour_off (enum colour colour);

/* A copy in which what a terminal would take for something else than text, and what would break a line or
   a column, is escaped as * \n, \t, \r or \xNN. For a pipe (`exact`) only control characters below 0x20
   and DEL are. */
char *printable (const char *text, size_t length, bool exact);
/* The same for stdout as it is. */
char *shown (const char *text, size_t length);
bool text_is_utf8 (const char *text, size_t length);
/* Columns that UTF-8 text takes on a terminal. */
size_t display_width (const char *text);
/* How much of the text fits in so many columns, in bytes. */
size_t display_fit (const char *text, size_t columns);

/* ---- numbers as text (number.c) ------------------------------------------------------------------ */

#define NUMBER_ROOM 40
/* The fewest digits that read back as the same number. The f32 one is for numbers that came from one. */
void number_double (char text[NUMBER_ROOM], double number);
void number_float (char text[NUMBER_ROOM], float number);
/* Bytes: "1.5 MiB" */
void number_human (char text[NUMBER_ROOM], uint64_t bytes);
/* Likewise, but exact when the output is no terminal or `exact` is set. */
void number_size (char text[NUMBER_ROOM], uint64_t bytes, bool exact);
/* "[2,3]" */
char *shape_text (const uint64_t *shape, uint32_t rank);
/* "tensor" or "tensors" */
const char *plural (uint64_t count, const char *one, const char *many);

/* ---- tables (table.c) ---------------------------------------------------------------------------- */

#define TABLE_COLUMNS 12
struct column {
    const char *title;
    bool right; /* numbers */
    enum colour colour;
};
struct row {
    char *cells[TABLE_COLUMNS];
    size_t rooms[TABLE_COLUMNS];
    enum colour colour; /* of the whole row, instead of the columns' */
};
/* Sets a cell. */
PRINTF_LIKE (3, 4) void row_set (struct row *row, unsigned column, const char *format, ...);
/* Prints `rows` rows: on a terminal in columns under their titles, else with a tab between the cells and
   nothing above. `fill` is called for * each row in order, on a terminal twice, so that no table is ever
   kept. */
void table_print (const struct column *columns, unsigned count, uint64_t rows,
                  void (*fill) (void *user, uint64_t index, struct row *row), void *user);

/* ---- progress (progress.c) ----------------------------------------------------------------------- */

/* A bar on stderr with rate and time left, when that is a terminal and the work takes more than a second. */
struct bar {
    const char *label;
    double start, drawn_at; /* seconds */
    bool shown, wanted;
    tenon_progress progress;
};
/* The pointer to hand to the library. The bar must stay where it is. */
const tenon_progress *bar_start (struct bar *bar, const char *label);
void bar_end (struct bar *bar);

/* ---- signals (signals.c) ------------------------------------------------------------------------- */

/* A reader of ours that goes away must not end a conversion in its middle: from now on writes to it fail
   instead. */
void signals_start (void);
/* Ends the program as SIGPIPE would have done. */
void signals_end_by_pipe (void) __attribute__ ((noreturn));
/* From now on the first SIGINT, SIGTERM or SIGHUP lets the library stop and clean up. */
void signals_defer (void);
bool signals_pending (void);
/* If there was one: ends the program by it. */
void signals_deliver (void);

#endif
