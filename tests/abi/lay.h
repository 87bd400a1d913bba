/* SPDX-License-Identifier: MIT */
/* lay.h - tensors with strides for the tests of them: files of the codec toylay, and what any slice of a
 * tensor is by arithmetic. */
#ifndef LAY_H
#define LAY_H
#include "kit.h"
#include <stdbool.h>

enum { BARE, PART, CHECKED, FILTERED, IN_BLOCKS, KINDS };
enum { BLOCK = 4096, PACKED = 0x80, OPAQUE = 100 };

struct lay {
    uint64_t offset; /* in the data */
    uint8_t dtype, flags, rank, storage;
    uint64_t shape[8];
    int64_t strides[8];
};

extern uint8_t *whole; /* the file */
extern size_t whole_size;
extern uint8_t *pool; /* the data of the file, decoded */
extern size_t pool_size;
extern uint64_t seed; /* of draw */
/* A number below `below`, by chance. */
uint64_t draw (uint64_t below);
/* Makes data of this size. */
void make_pool (size_t size);
/* Writes f.toylay. The data begin behind the header. */
void put_file (int kind, const struct lay *tensors, uint32_t count);
/* Writes a file of one tensor, t0, and opens it. */
tenon_file *open_one (int kind, const struct lay *lay);
void use_plugins (const char *settings);
/* Axes in any order, with gaps, repeated, backwards, or sliding over each other, inside the data. */
struct lay draw_lay (uint64_t most);

/* ---- the model ---- */

struct box {
    uint64_t start[8], count[8];
    int64_t step[8];
};

uint64_t size_of (const struct lay *lay);
struct box all_of (const struct lay *lay);
uint64_t items_of (const struct lay *lay, const struct box *box);
/* Item number `position` of a box, in C order: its bytes, little-endian, and its place on each axis. */
void pick_item (const struct lay *lay, const struct box *box, uint64_t position, uint8_t *to,
                uint64_t *index);
/* The box, packed: as stored, or, of numbers, as f64. The caller frees it. */
uint8_t *expect_box (const struct lay *lay, const struct box *box, bool cast, uint64_t *size);

#endif
