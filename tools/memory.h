/* SPDX-License-Identifier: MIT */
/* memory.h - memory, or the end of the program; texts, and lists of them. */
#ifndef TOOL_MEMORY_H
#define TOOL_MEMORY_H
#include "common.h"

/* Calls HOW_clean (&variable) when the variable goes out of scope. */
#define CLEAN(how) __attribute__ ((cleanup (how##_clean)))

struct text_list {
    const char **items; /* borrowed; a NULL follows the last one */
    size_t count, room;
};

/* These end the program when memory runs out. */
void *get_memory (void *old, size_t count, size_t size);
/* A copy with a NUL behind it. */
char *copy_text (const char *text, size_t length);
void list_add (struct text_list *list, const char *item);

void list_free (struct text_list *list);
void text_clean (char **text);
#endif
