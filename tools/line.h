/* SPDX-License-Identifier: MIT */
/* line.h - text that grows at its end. What is printed for each of many tensors is put together in one of
 * these and written at once, since a call of stdio for each piece costs more than the piece. */
#ifndef TOOL_LINE_H
#define TOOL_LINE_H
#include "common.h"

struct line {
    char *text; /* no NUL behind it; NULL: nothing was added yet */
    size_t length, room;
};
/* The functions below end the program when memory runs out. */
/* Room for `more` bytes at the end; the caller fills them and adds to the length. */
char *line_room (struct line *line, size_t more);
/* These two are inline, since most pieces are short words of a known length. */
static inline void
line_add (struct line *line, const char *text, size_t length)
{
    if (length >= line->room - line->length) /* one byte more, so that there is text, be it empty */
        line_room (line, length + 1);
    memcpy (line->text + line->length, text, length);
    line->length += length;
}
static inline void
line_word (struct line *line, const char *word)
{
    line_add (line, word, strlen (word));
}
void line_number (struct line *line, uint64_t number);
void line_integer (struct line *line, int64_t number);
/* "[2,3]" */
void line_shape (struct line *line, const uint64_t *shape, uint32_t rank);
void line_clean (struct line *line);
#endif
