/* SPDX-License-Identifier: MIT */
/* line.c - text that grows at its end. */
#include "line.h"
#include "memory.h"

char *
line_room (struct line *line, size_t more)
{
    if (line->room - line->length < more) {
        line->room = 2 * (line->length + more) + 64;
        line->text = get_memory (line->text, line->room, 1);
    }
    return line->text + line->length;
}

void
line_number (struct line *line, uint64_t number)
{
    char digits[20], *begin = digits + sizeof digits;
    do
        *--begin = (char) ('0' + number % 10);
    while ((number /= 10) > 0);
    line_add (line, begin, (size_t) (digits + sizeof digits - begin));
}

void
line_integer (struct line *line, int64_t number)
{
    line_word (line, number < 0 ? "-" : "");
    line_number (line, number < 0 ? 0 - (uint64_t) number : (uint64_t) number);
}

void
line_shape (struct line *line, const uint64_t *shape, uint32_t rank)
{
    line_word (line, "[");
    for (uint32_t i = 0; i < rank; i++) {
        line_word (line, i > 0 ? "," : "");
        line_number (line, shape[i]);
    }
    line_word (line, "]");
}

void
line_clean (struct line *line)
{
    free (line->text);
}
