/* items.h - the items of a tensor as text. */
#ifndef TOOL_ITEMS_H
#define TOOL_ITEMS_H
#include "tool.h"

struct items {
    uint32_t dtype;
    uint64_t bytes;     /* of one item, or of one block that only its bytes can stand for */
    uint64_t row, left; /* items in a line, and left in this one */
    uint8_t *rest;      /* the beginning of an item whose end has not come yet */
    uint64_t kept;      /* its bytes */
};

/* Can it be printed as numbers? What can't is printed as hexadecimal bytes. */
bool items_printable (uint32_t dtype);
/* `last`: the dim whose items share a line. */
void items_start (struct items *items, uint32_t dtype, const struct tenon_dtype *about, uint64_t last);
/* Takes packed little-endian data in pieces of any size. */
void items_print (struct items *items, const void *data, uint64_t size);
void items_end (struct items *items);
#endif
