/* SPDX-License-Identifier: MIT */
/* expand.h - a template becomes a file: words are put in, lines are chosen, bytes are decoded. */
#ifndef SCAFFOLD_EXPAND_H
#define SCAFFOLD_EXPAND_H
#include "line.h"

/* @KEY@ becomes `value`. A row without a key ends the table. */
struct scaffold_word {
    const char *key, *value;
};

/* Adds a template's text with its words put in. The lines between "@if FLAG", "@else" and "@end", each alone
 * on its line, stay if FLAG is among `flags`, which have blanks around them: " c codec ". They may be nested.
 * A mistake in a template ends the program: tests expand them all. */
void expand_text (struct line *to, const char *text, const struct scaffold_word *words, const char *flags);
/* Adds the bytes that a text in hex stands for: pairs of digits, "text", and `pad N`, zeros up to a multiple
 * of N. '#' begins a comment. */
void expand_hex (struct line *to, const char *text);
#endif
