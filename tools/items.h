/* SPDX-License-Identifier: MIT */
/* items.h - the items of a tensor as text. */
#ifndef TOOL_ITEMS_H
#define TOOL_ITEMS_H
#include "common.h"

struct items {
    uint32_t dtype;    /* of the data */
    uint32_t digits;   /* the dtype whose digits are printed: the one that an f32 was cast from, or `dtype` */
    uint64_t bytes;    /* of one unit: an item, or a few that share bytes */
    uint64_t together; /* items in a unit that are printed one by one */
    uint64_t row, left; /* items in a line, and left in this one */
    uint8_t *rest;      /* the beginning of a unit whose end has not come yet */
    uint64_t kept;      /* its bytes */
};

/* True if the dtype is printed as numbers. Other items are printed as hexadecimal bytes. */
bool items_printable (uint32_t dtype);
/* `last`: the length of the last dim, whose items share a line. `digits`: as in the struct. */
void items_start (struct items *items, uint32_t dtype, const struct tenon_dtype *about, uint64_t last,
                  uint32_t digits);
/* Takes packed little-endian data in pieces of any size. */
void items_print (struct items *items, const void *data, uint64_t size);
void items_end (struct items *items);
#endif
