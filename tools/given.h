/* SPDX-License-Identifier: MIT */
/* given.h - the value of an option: the text itself, or with @FILE what a file holds. */
#ifndef TOOL_GIVEN_H
#define TOOL_GIVEN_H
#include "memory.h"

struct given {
    const char *text; /* in `memory`, or borrowed */
    uint64_t length;
    char *memory;
};
/* "@FILE" is all bytes of the file, as they are; "@-" those of standard input, once; "@@X" is "@X". `what`
 * begins messages. False after one. */
bool given_take (const char *what, const char *value, bool *input_taken, struct given *given);
void given_clean (struct given *given);
#endif
