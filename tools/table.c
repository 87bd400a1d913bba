/* SPDX-License-Identifier: MIT */
/* table.c - rows and columns, without keeping the rows. */
#include "table.h"
#include "memory.h"
#include "output.h"
#include "text.h"
#include "tool.h"
#include <unistd.h>

#define GAP 2        /* spaces between two columns */
#define AT_ONCE 4096 /* bytes of rows that are printed at a time */

static struct line *
begin_cell (struct row *row, unsigned column)
{
    row->cells[column].length = 0;
    return &row->cells[column];
}

/* The NUL is not part of the text. */
static void
end_cell (struct line *cell)
{
    line_add (cell, "", 1);
    cell->length--;
}

void
row_set (struct row *row, unsigned column, const char *format, ...)
{
    struct line *cell = begin_cell (row, column);
    va_list list;
    va_start (list, format);
    text_format (cell, format, list);
    va_end (list);
    end_cell (cell);
}

void
row_text (struct row *row, unsigned column, const char *text, size_t length)
{
    struct line *cell = begin_cell (row, column);
    text_put (cell, text, length, TEXT_NAME);
    end_cell (cell);
}

void
row_number (struct row *row, unsigned column, uint64_t number)
{
    struct line *cell = begin_cell (row, column);
    line_number (cell, number);
    end_cell (cell);
}

void
row_shape (struct row *row, unsigned column, const uint64_t *shape, uint32_t rank)
{
    struct line *cell = begin_cell (row, column);
    line_shape (cell, shape, rank);
    end_cell (cell);
}

void
row_set_shown (struct row *row, unsigned column, const char *text)
{
    struct line *cell = begin_cell (row, column);
    text_put (cell, text, strlen (text), TEXT_MESSAGE);
    end_cell (cell);
}

static const char *
cell_text (const struct row *row, unsigned column)
{
    return row->cells[column].text ? row->cells[column].text : "";
}

static void
print_spaces (size_t count)
{
    for (; count > 0; count--)
        putchar (' ');
}

/* The last cell of a row is not padded. A cell that is wider than its column pushes the others aside, but one
 * that is wider than the terminal is cut, unless -v asks for all. */
static void
print_cell (const char *text, size_t width, size_t screen, bool right, bool last, enum colour colour)
{
    size_t used = display_width (text), fill = used < width ? width - used : 0;
    bool cut = used > screen && !tool.verbose;
    if (right)
        print_spaces (fill);
    printf ("%s%.*s%s%s", colour_on (colour), (int) (cut ? display_fit (text, screen - 3) : strlen (text)),
            text, cut ? "..." : "", colour_off (colour));
    if (!last)
        print_spaces (GAP + (right ? 0 : fill));
}

static void
print_aligned (const struct column *columns, unsigned count, const size_t *widths, size_t screen,
               const struct row *row)
{
    for (unsigned i = 0; i < count; i++)
        print_cell (row ? cell_text (row, i) : columns[i].title, widths[i], screen, columns[i].right,
                    i + 1 == count,
                    !row          ? COLOUR_TITLE
                    : row->colour ? row->colour
                                  : columns[i].colour);
    putchar ('\n');
}

static void
print_tabbed (const struct column *columns, unsigned count, const struct row *row, struct line *line)
{
    for (unsigned i = 0; i < count; i++) {
        enum colour colour = row->colour ? row->colour : columns[i].colour;
        line_word (line, i ? "\t" : "");
        line_word (line, colour_on (colour));
        line_add (line, cell_text (row, i), row->cells[i].length);
        line_word (line, colour_off (colour));
    }
    line_word (line, "\n");
    if (line->length >= AT_ONCE)
        output_line (line);
}

void
table_print (const struct column *columns, unsigned count, uint64_t rows,
             void (*fill) (void *user, uint64_t index, struct row *row), void *user)
{
    struct row row = { 0 };
    CLEAN (line) struct line line = { 0 };
    size_t widths[TABLE_COLUMNS], screen = terminal_columns (STDOUT_FILENO), most = screen / 2;
    bool aligned = terminal_is_output ();
    for (unsigned i = 0; i < count; i++)
        widths[i] = strlen (columns[i].title);
    for (uint64_t r = 0; aligned && r < rows; r++) {
        fill (user, r, &row);
        for (unsigned i = 0; i < count; i++) {
            size_t width = display_width (cell_text (&row, i));
            /* one very long name must not push all rows off the screen */
            if (width > widths[i] && width <= most)
                widths[i] = width;
        }
    }
    if (aligned && rows > 0 && !tool.quiet)
        print_aligned (columns, count, widths, screen, NULL);
    for (uint64_t r = 0; r < rows && !output_broken (); r++) {
        fill (user, r, &row);
        if (aligned)
            print_aligned (columns, count, widths, screen, &row);
        else
            print_tabbed (columns, count, &row, &line);
    }
    output_line (&line);
    for (unsigned i = 0; i < TABLE_COLUMNS; i++) /* `fill` may set cells that this table does not show */
        line_clean (&row.cells[i]);
}
