/* SPDX-License-Identifier: MIT */
/* boxes.h - containers of the codec toybox, laid out by hand. */
#ifndef BOXES_H
#define BOXES_H
#include "kit.h"

enum { STORED, DEFLATE, TOYXOR, TOYROT };

struct box {
    struct bytes file, directory;
    uint32_t members;
};

/* Items of the tensor of make_inner. */
#define ITEMS 1000u

/* Begins a file without members. */
void box_begin (struct box *box);
/* Adds a member of these stored bytes. `size` and `crc` are those of the decoded bytes. */
void box_add (struct box *box, const char *name, unsigned filter, const struct bytes *stored, uint64_t size,
              uint32_t crc, uint64_t block_size, unsigned blocks, const uint64_t *ends);
/* Adds the directory. */
void box_end (struct box *box);
/* Encodes by the rules of the filter, without its plugin: toyxor and toyrot here, deflate by zlib with a full
 * flush after each block. */
void encode_member (struct bytes *to, unsigned filter, const struct bytes *from, size_t block_size,
                    uint64_t *ends);
/* A toyraw file with one tensor of 1,000 u32: 0, 1, 2 … */
void make_inner (struct bytes *inner, const char *name);
/* The CRC-32. */
uint32_t sum_of (const struct bytes *bytes);
/* Adds a member that is such a file, with or without a table of its blocks. */
void add_inner (struct box *box, const char *name, const char *tensor, unsigned filter, size_t block_size,
                int with_table);
/* Reads the whole tensor, slices of it, and casts. */
void check_items (tenon_file *file, const char *name);

#endif
