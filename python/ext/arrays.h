/* SPDX-License-Identifier: MIT */
/* arrays.h - tensors as arrays, mapped or read. */
#ifndef TENON_PYTHON_ARRAYS_H
#define TENON_PYTHON_ARRAYS_H
#include "layout.h"

/* The modes of _core.pyi. */
enum { TN_MAP_AUTO, TN_MAP_ONLY, TN_MAP_COPY, TN_MAP_PRIVATE, TN_MAP_TRY };

/* A box of a tensor. */
typedef struct tn_box {
    bool given; /* false: the whole tensor */
    uint64_t start[TN_RANK], count[TN_RANK];
    int64_t step[TN_RANK];
} tn_box;

/* A tensor on its way to an array. */
typedef struct tn_taken {
    void *data;
    tenon_memory *memory; /* owned; NULL: the pages of the file */
    uint64_t size;        /* of an array in memory of NumPy */
    bool mapped, fortran;
    bool copied; /* the array is a copy of mapped pages */
} tn_taken;

/* Tensors of a file that one call turns into arrays. */
typedef struct tn_taking {
    tn_file *file; /* a reference */
    uint32_t dtype, mode;
    const tn_box *box; /* of the only tensor */
    uint64_t count;
    uint64_t *indexes;        /* owned; NULL: those from 0 on */
    tenon_tensor_info *infos; /* owned */
    tn_taken *taken;          /* owned */
    tenon_error error;
} tn_taking;

/* Takes `indexes` and the file over, even if it fails. */
int tn_taking_begin (tn_taking *taking, tn_file *file, uint64_t *indexes, uint64_t count);
/* Maps or reads all tensors into `taken`. 1 without an exception: TN_MAP_TRY, and the tensor cannot be
 * mapped. */
int tn_taking_run (tn_taking *taking, PyObject *progress);
/* Whether the bytes in the file can be the result. */
bool tn_taking_may_map (const tn_taking *taking, const tenon_tensor_info *info);
/* Whether the read keeps Fortran order. */
bool tn_taking_keeps_fortran (const tn_taking *taking, const tenon_tensor_info *info);
/* The request that reads one tensor. In Fortran order it uses `rank` numbers of *strides and advances it. */
void tn_taking_request (const tn_taking *taking, uint64_t at, tenon_request *request, int64_t **strides);
/* Sets the error "out of memory", and returns its status. */
tenon_status tn_taking_no_memory (tn_taking *taking);

/* ---- small.c ---- */

/* Whether all tensors are small and readable, and none shall be mapped. */
bool tn_small_all (const tn_taking *taking);
/* A list of the arrays. */
PyObject *tn_small_arrays (tn_taking *taking, tn_items *items, PyObject *progress);

/* ---- arrays.c ---- */

/* The array of one tensor. It takes the memory over. */
PyObject *tn_taking_array (tn_taking *taking, uint64_t at, tn_items *items);
void tn_taking_end (tn_taking *taking);
#endif
