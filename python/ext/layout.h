/* SPDX-License-Identifier: MIT */
/* layout.h - the NumPy array that has the items of a tensor. */
#ifndef TENON_PYTHON_LAYOUT_H
#define TENON_PYTHON_LAYOUT_H
#include "core.h"

/* Dims that a tensor may have. */
#define TN_RANK 64

/* The items of a dtype as NumPy has them, found once for many tensors. */
typedef struct tn_items {
    uint32_t dtype;
    PyArray_Descr *descr; /* owned; of blocks and packed items u8 */
    PyArray_Descr *big;   /* owned: the same with the other byte order; NULL: not made yet */
    uint64_t block_items, block_bytes;
    bool rows; /* items are bytes of blocks */
} tn_items;
/* Makes *items those of a dtype of the file, unless they are. It begins with zeros. */
int tn_items_get (tn_file *file, uint32_t dtype, tn_items *items);
/* The dtype of NumPy with big-endian items, borrowed. */
PyArray_Descr *tn_items_big (tn_items *items);
void tn_items_free (tn_items *items);

/* Shape and distances of an array. */
typedef struct tn_layout {
    int rank;
    bool strided; /* strides are set; else the array is packed in C order */
    npy_intp shape[TN_RANK], strides[TN_RANK];
} tn_layout;
/* Those of items of a tensor of this shape, packed in C order, or with `fortran` in that order. */
int tn_layout_set (tn_layout *layout, const tn_items *items, uint32_t rank, const uint64_t *shape,
                   bool fortran);
/* The same with the strides that a tensor has in the file, in items. */
void tn_layout_strides (tn_layout *layout, const tn_items *items, const int64_t *strides);
/* An array of the layout over memory. It takes `base` over, also if it fails; NULL: `data` is NULL as well,
 * and NumPy allocates. */
PyObject *tn_layout_array (const tn_layout *layout, PyArray_Descr *descr, void *data, bool writable,
                           PyObject *base);
#endif
