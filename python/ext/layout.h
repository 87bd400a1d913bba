/* SPDX-License-Identifier: MIT */
/* layout.h - the dtype, shape and strides of the NumPy array for a tensor. */
#ifndef TENON_PYTHON_LAYOUT_H
#define TENON_PYTHON_LAYOUT_H
#include "core.h"

/* The most dims of a tensor. */
#define TN_RANK 64

/* The items of a dtype in NumPy, found once for many tensors. */
typedef struct tn_items {
    uint32_t dtype;
    PyArray_Descr *descr; /* owned; u8 for blocks and packed items */
    PyArray_Descr *big;   /* owned: the big-endian dtype; NULL: not created yet */
    uint64_t block_items, block_bytes;
    bool rows; /* items are bytes of blocks */
} tn_items;
/* Sets *items for a dtype of the file, unless they are set. Zeros initialise *items. */
int tn_items_get (tn_file *file, uint32_t dtype, tn_items *items);
/* The dtype of NumPy with big-endian items, borrowed. */
PyArray_Descr *tn_items_big (tn_items *items);
void tn_items_free (tn_items *items);

/* The shape and strides of an array. */
typedef struct tn_layout {
    int rank;
    bool strided; /* strides are set; else the array is packed in C order */
    npy_intp shape[TN_RANK], strides[TN_RANK];
} tn_layout;
/* Sets the layout for a tensor of this shape, contiguous in C or Fortran order. */
int tn_layout_set (tn_layout *layout, const tn_items *items, uint32_t rank, const uint64_t *shape,
                   bool fortran);
/* Replaces the strides by those of the tensor in the file, in items. */
void tn_layout_strides (tn_layout *layout, const tn_items *items, const int64_t *strides);
/* An array of the layout over `data`. It takes `base` over, even if it fails. If both are NULL, NumPy
 * allocates. */
PyObject *tn_layout_array (const tn_layout *layout, PyArray_Descr *descr, void *data, bool writable,
                           PyObject *base);
#endif
