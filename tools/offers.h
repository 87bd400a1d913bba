/* SPDX-License-Identifier: MIT */
/* offers.h - what may stand at a place of the command line, for the completion of shells. The words by which
 * --help calls values and arguments (ID, GLOB, FILE ...) are the kinds of what is offered, so that a new
 * command or option needs nothing here unless it has a new word. */
#ifndef TOOL_OFFERS_H
#define TOOL_OFFERS_H
#include "command.h"
#include "memory.h"

/* A place of the command line. */
struct offers {
    const struct command *command; /* NULL: it is not named yet */
    const char *option;            /* whose value is completed; NULL: an argument, or a letter's value */
    struct text_list arguments;    /* of the command, before the place */
    struct text_list given;        /* the names of the options before the place */
    const char *from;              /* the format of the first file, or NULL */
    const char *typed;             /* the word that is completed, up to the cursor */
    size_t start;                  /* bytes of it before what is completed: those of "--format=" */
    bool begun;                    /* the first line was printed */
    tenon_context *context;        /* NULL until offers_context */
    tenon_file *file;              /* NULL until offers_file */
};

/* Prints the first line of the answer, if it was not printed: "words", and candidates follow; or "files" or
 * "folders", a tab and the bytes of the word before their name; or "unknown", a tab and the word. */
void offers_begin (struct offers *offers, const char *kind, const char *more, size_t length);
/* Prints a candidate and what is said about it (NULL: nothing), if the word begins so. One that ends with '='
 * goes on behind it. What a terminal would not show as it is, is not offered. */
void offer (struct offers *offers, const char *candidate, const char *about);
/* Offers each of "auto|always|never". */
void offer_choices (struct offers *offers, const char *choices);
void offer_commands (struct offers *offers);
/* Offers the options of the command, or those of every command. */
void offer_options (struct offers *offers);
void offers_clean (struct offers *offers);

/* ---- offers_file.c ---- */

/* A context; NULL after a message. */
tenon_context *offers_context (struct offers *offers);
/* The names of the tensors of the first file, with `tail` behind each; keys of its metadata likewise. */
void offer_tensors (struct offers *offers, const char *tail);
void offer_metadata (struct offers *offers, const char *tail);
/* The element types; those of metadata. */
void offer_dtypes (struct offers *offers);
void offer_value_types (struct offers *offers);
/* The formats; with `all` also those that are of use only inside others, and the filters. */
void offer_formats (struct offers *offers, bool all);
/* The keys of the configuration, with `tail` behind each. */
void offer_keys (struct offers *offers, const char *tail);
/* The values of such a key; false if it has no list of them. */
bool offer_settings (struct offers *offers, const char *key, size_t length);

/* ---- offers_kinds.c ---- */

/* Offers the values that --help calls by this word: "ID", "GLOB", "COMMAND|FORMAT". */
void offer_value (struct offers *offers, const char *words);
#endif
