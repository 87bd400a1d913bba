/* SPDX-License-Identifier: MIT */
/* table.h - rows and columns, without keeping the rows. */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H
#include "line.h"
#include "terminal.h"

#define TABLE_COLUMNS 12

struct column {
    const char *title;
    bool right; /* aligned to the right, as numbers are */
    enum colour colour;
};
struct row {
    struct line cells[TABLE_COLUMNS]; /* each ends in NUL, unless it is empty */
    enum colour colour;               /* of the whole row, instead of the columns' */
};
/* Sets a cell, whose text is formatted by format_shown. */
PRINTF_LIKE (3, 4) void row_set (struct row *row, unsigned column, const char *format, ...);
/* Sets a cell to a name. */
void row_text (struct row *row, unsigned column, const char *text, size_t length);
void row_number (struct row *row, unsigned column, uint64_t number);
void row_shape (struct row *row, unsigned column, const uint64_t *shape, uint32_t rank);
/* Sets a cell to a text of the library, whose names are escaped already. */
void row_set_shown (struct row *row, unsigned column, const char *text);
/* Prints `rows` rows: on a terminal in columns under their titles, in which a cell is cut to the width of the
 * screen, elsewhere whole, without titles and with a tab between the cells. `fill` is called for each row in
 * order, on a terminal twice. */
void table_print (const struct column *columns, unsigned count, uint64_t rows,
                  void (*fill) (void *user, uint64_t index, struct row *row), void *user);
#endif
