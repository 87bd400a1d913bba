/* SPDX-License-Identifier: MIT */
/* memory.c - memory, or the end of the program; texts, and lists of them. */
#include "memory.h"

void *
get_memory (void *old, size_t count, size_t size)
{
    size_t bytes;
    void *memory = __builtin_mul_overflow (count, size, &bytes) ? NULL : realloc (old, bytes ? bytes : 1);
    if (!memory) {
        fputs ("tenon: out of memory\n", stderr);
        exit (EXIT_TROUBLE);
    }
    return memory;
}

char *
copy_text (const char *text, size_t length)
{
    char *copy = get_memory (NULL, length + 1, 1);
    memcpy (copy, text, length);
    copy[length] = 0;
    return copy;
}

void
list_add (struct text_list *list, const char *item)
{
    if (list->count + 1 >= list->room) {
        list->room = list->room ? 2 * list->room : 8;
        list->items = get_memory (list->items, list->room, sizeof *list->items);
    }
    list->items[list->count++] = item;
    list->items[list->count] = NULL; /* the library takes such an array */
}

void
list_free (struct text_list *list)
{
    free (list->items);
    *list = (struct text_list){ 0 };
}

void
text_clean (char **text)
{
    free (*text);
}
