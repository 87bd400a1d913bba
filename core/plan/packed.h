/* SPDX-License-Identifier: MIT */
/* packed.h - weights whose numbers are packed in integers that other tensors of the file complete. */
#ifndef TN_PACKED_H
#define TN_PACKED_H
#include "catalog/catalog.h"

struct tn_packed {
    struct tn_catalog *catalog;
    uint32_t kind;                  /* TENON_PACKED_* */
    uint64_t weight;                /* index of the tensor with the integers */
    const struct tn_tensor *scales; /* AFFINE, as are all below */
    const struct tn_tensor *biases;
    uint64_t product;     /* bits of a number, times the numbers of a group */
    uint32_t bits, group; /* 0: tn_packed_measure finds them out */
    uint64_t columns;     /* numbers in a row */
    char words[200];      /* what it is */
};

/* False: the tensor is no packed weight. Reads no data. */
bool tn_packed_find (struct tn_catalog *catalog, uint64_t index, struct tn_packed *packed);
/* Of an AFFINE one: scales and biases tell the width of the numbers, where shapes leave a choice. */
tenon_status tn_packed_measure (struct tn_packed *packed, tenon_error *error);
/* *fits: blocks of the dtype hold the numbers with their scales and biases as they are. Measured before. */
tenon_status tn_packed_fits (const struct tn_packed *packed, const struct tenon_dtype *dtype, bool *fits,
                             tenon_error *error);

#endif
