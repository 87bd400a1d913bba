/* SPDX-License-Identifier: MIT */
/* boxes.h - boxes of tensors, and what they hold by the arithmetic of indices. */
#ifndef CHECK_BOXES_H
#define CHECK_BOXES_H
#include "common.h"

/* As many dims as tensors have. */
#define BOX_DIMS 64

/* The items start + k × step in each dim, k < count. The last dim counts units, items that are encoded
 * together. */
struct box {
    uint32_t rank;
    uint64_t start[BOX_DIMS], count[BOX_DIMS];
    int64_t step[BOX_DIMS];
};
/* A tensor, all of it, in C order. */
struct box_tensor {
    uint32_t rank;
    uint64_t shape[BOX_DIMS]; /* the last dim in units */
    uint64_t unit;            /* bytes of a unit */
    uint64_t together;        /* items in a unit */
    const uint8_t *bytes;
};

/* The number of boxes that are worth a look: the edges of each dim, and random ones. */
uint64_t box_kinds (const struct box_tensor *tensor);
/* Box number `kind` of them. `seed` belongs to the tensor. `together` > 1: the last dim has steps of 1. */
void box_make (struct box *box, const struct box_tensor *tensor, uint64_t kind, uint64_t *seed);
/* The box of all of it. */
void box_all (struct box *box, const struct box_tensor *tensor);
/* Units in the box. */
uint64_t box_units (const struct box *box);
/* The unit of the tensor that is unit `number` of the box, in C order; `index`: `rank` numbers, of the items
 * in the tensor, in units; or NULL. */
uint64_t box_unit (const struct box *box, const struct box_tensor *tensor, uint64_t number, uint64_t *index);
/* The number of the first unit of the box that differs from that of the tensor; UINT64_MAX: none does.
 * `found` is packed. */
uint64_t box_differs (const struct box *box, const struct box_tensor *tensor, const uint8_t *found);
/* "[0:2,3:9:2]", in items; cut if it is longer than the room. */
void box_words (const struct box *box, const struct box_tensor *tensor, char *words, size_t room);
/* "item [0,5] is 0x00000001, expected 0x00000002", for unit `number`. */
void box_tell (const struct box *box, const struct box_tensor *tensor, uint64_t number, const uint8_t *found,
               char *words, size_t room);
#endif
