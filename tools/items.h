/* SPDX-License-Identifier: MIT */
/* items.h - the items of a tensor as text or JSON. */
#ifndef TOOL_ITEMS_H
#define TOOL_ITEMS_H
#include "fields.h"

struct items {
    uint32_t dtype;  /* of the data */
    uint32_t digits; /* the dtype whose digits are printed: the one that an f32 was cast from, or `dtype` */
    const struct fields *fields; /* the type in words of NumPy, or NULL */
    size_t field;                /* of it */
    bool json;
    uint64_t bytes;    /* of one unit: an item, or a few that share bytes */
    uint64_t together; /* items in a unit that are printed one by one */
    uint64_t *shape;   /* of what is printed */
    uint32_t rank;
    uint64_t row, left; /* items in a line, and left in this one */
    uint64_t done;      /* items that were printed */
    uint8_t *rest;      /* the beginning of a unit whose end has not come yet */
    uint64_t kept;      /* its bytes */
};

/* `dtype` and `about` are those of the data. The caller sets digits, fields, field and json as need be, and
 * bytes for a field of records; then items_shape. */
void items_start (struct items *items, uint32_t dtype, const struct tenon_dtype *about);
/* The dims of the data in items, and more that a field has. Begins the output. */
void items_shape (struct items *items, const struct tenon_dtype *about, const uint64_t *shape, uint32_t rank,
                  const uint64_t *more, uint32_t more_rank);
/* Takes packed little-endian data in pieces of any size. */
void items_print (struct items *items, const void *data, uint64_t size);
/* Ends a line, or closes all brackets: also after a failure JSON is complete. */
void items_end (struct items *items);
#endif
