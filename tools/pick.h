/* SPDX-License-Identifier: MIT */
/* pick.h - one field of the records of a tensor, out of their bytes. */
#ifndef TOOL_PICK_H
#define TOOL_PICK_H
#include "fields.h"

typedef int pick_sink (void *user, const void *data, uint64_t size);

struct pick {
    uint64_t unit;  /* bytes of a record */
    uint8_t *rest;  /* the beginning of a record whose end has not come yet */
    uint64_t kept;  /* its bytes */
    uint64_t from;  /* where the first piece lies in a record */
    uint64_t bytes; /* of a piece */
    uint64_t part;  /* numbers of so many bytes are turned around; 0: none */
    /* sub-arrays of records around the field, outermost first: a piece for each item */
    struct pick_loop {
        uint64_t count, stride, at;
    } * loops;
    unsigned loop_count;
    uint64_t *dims; /* that the field has besides those of the tensor */
    uint32_t rank;
    uint8_t *out;
    uint64_t used, room;
    pick_sink *sink;
    void *user;
};
/* The caller sets sink and user, which get the packed items of the field, numbers little-endian. */
void pick_start (struct pick *pick, const struct fields *fields, size_t field);
/* Takes records in pieces of any size; `pick` is a struct pick. */
int pick_data (void *pick, const void *data, uint64_t size);
/* Passes on what is left. */
int pick_end (struct pick *pick);
void pick_clean (struct pick *pick);
#endif
