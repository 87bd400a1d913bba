/* SPDX-License-Identifier: MIT */
/* layout.c - the NumPy array that has the items of a tensor. */
#include "layout.h"

/* ---- items ---- */

void
tn_items_free (tn_items *items)
{
    Py_XDECREF ((PyObject *) items->descr);
    Py_XDECREF ((PyObject *) items->big);
    *items = (tn_items){ 0 };
}

/* Items without a NumPy dtype: the bytes of blocks, or unsigned numbers of the item's size. */
static int
items_of_bytes (tn_file *file, uint32_t dtype, tn_items *items)
{
    struct tenon_dtype info = TENON_INIT (info);
    if (tenon_dtype_get (file->context->library, file->library, dtype, &info) < 0 || info.block_items == 0
        || info.block_bytes == 0)
        return tn_raise_status (TENON_E_NOT_FOUND, "there is no such dtype");
    bool wide = info.block_items == 1 && info.block_bytes == 2;
    items->block_items = info.block_items;
    items->block_bytes = info.block_bytes;
    items->rows = !wide && info.block_items * info.block_bytes > 1;
    items->descr = PyArray_DescrFromType (wide ? NPY_UINT16 : NPY_UINT8);
    return items->descr ? 0 : -1;
}

int
tn_items_get (tn_file *file, uint32_t dtype, tn_items *items)
{
    if (items->descr && items->dtype == dtype)
        return 0;
    tn_items_free (items);
    items->dtype = dtype;
    items->descr = tn_descr_of (file, dtype);
    if (!items->descr)
        return PyErr_Occurred () ? -1 : items_of_bytes (file, dtype, items);
    items->block_items = 1;
    items->block_bytes = (uint64_t) PyDataType_ELSIZE (items->descr);
    return 0;
}

PyArray_Descr *
tn_items_big (tn_items *items)
{
    if (!items->big)
        items->big = PyArray_DescrNewByteorder (items->descr, NPY_BIG);
    return items->big;
}

/* ---- layouts ---- */

static int
too_large (void)
{
    PyErr_SetString (PyExc_ValueError, "the tensor is too large for an array of NumPy");
    return -1;
}

/* Blocks are along the last dim. If a row is no whole number of blocks, the array is 1-d. */
static int
layout_rows (tn_layout *layout, const tn_items *items)
{
    uint64_t items_in_all = 1, last = layout->rank ? (uint64_t) layout->shape[layout->rank - 1] : 1;
    if (layout->rank > 0 && last % items->block_items == 0) {
        last /= items->block_items;
        if (last > (uint64_t) NPY_MAX_INTP / items->block_bytes)
            return too_large ();
        layout->shape[layout->rank - 1] = (npy_intp) (last * items->block_bytes);
        return 0;
    }
    for (int i = 0; i < layout->rank; i++) {
        uint64_t dim = (uint64_t) layout->shape[i];
        if (dim > 0 && items_in_all > (uint64_t) NPY_MAX_INTP / dim)
            return too_large ();
        items_in_all *= dim;
    }
    uint64_t blocks = items_in_all / items->block_items + (items_in_all % items->block_items != 0);
    if (blocks > (uint64_t) NPY_MAX_INTP / items->block_bytes)
        return too_large ();
    layout->rank = 1;
    layout->shape[0] = (npy_intp) (blocks * items->block_bytes);
    return 0;
}

static int
layout_fortran (tn_layout *layout, const tn_items *items)
{
    uint64_t stride = items->block_bytes;
    layout->strided = true;
    for (int i = 0; i < layout->rank; i++) {
        uint64_t dim = layout->shape[i] > 0 ? (uint64_t) layout->shape[i] : 1;
        layout->strides[i] = (npy_intp) stride;
        if (dim > (uint64_t) NPY_MAX_INTP / stride)
            return too_large ();
        stride *= dim;
    }
    return 0;
}

int
tn_layout_set (tn_layout *layout, const tn_items *items, uint32_t rank, const uint64_t *shape, bool fortran)
{
    if (rank > TN_RANK)
        return too_large ();
    layout->rank = (int) rank;
    layout->strided = false;
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] > (uint64_t) NPY_MAX_INTP)
            return too_large ();
        layout->shape[i] = (npy_intp) shape[i];
    }
    if (items->rows)
        return layout_rows (layout, items);
    return fortran && rank > 1 && items->block_bytes > 0 ? layout_fortran (layout, items) : 0;
}

/* The library has checked that all items are in the file, so no product overflows. */
void
tn_layout_strides (tn_layout *layout, const tn_items *items, const int64_t *strides)
{
    layout->strided = true;
    for (int i = 0; i < layout->rank; i++)
        layout->strides[i] = layout->shape[i] > 1 ? (npy_intp) (strides[i] * (int64_t) items->block_bytes)
                                                  : (npy_intp) items->block_bytes;
}

/* Items of no bytes, as of "|S0": NumPy would make them larger in memory that it allocates. */
static PyObject *
array_of_nothing (const tn_layout *layout, PyArray_Descr *descr, int flags)
{
    static _Alignas(16) char nothing[16];
    PyObject *array =
        PyArray_NewFromDescr (&PyArray_Type, descr, layout->rank, (npy_intp *) (uintptr_t) layout->shape,
                              NULL, nothing, flags, NULL);
    if (!array || PyArray_ITEMSIZE ((PyArrayObject *) array) == 0)
        return array;
    Py_DECREF (array); /* an old NumPy does it in any memory; it has no others of no bytes than void */
    return PyArray_NewFromDescr (&PyArray_Type, PyArray_DescrNewFromType (NPY_VOID), layout->rank,
                                 (npy_intp *) (uintptr_t) layout->shape, NULL, nothing, flags, NULL);
}

PyObject *
tn_layout_array (const tn_layout *layout, PyArray_Descr *descr, void *data, bool writable, PyObject *base)
{
    /* The next function takes the reference over. Without data, any flag means Fortran order. */
    Py_INCREF ((PyObject *) descr);
    if (PyDataType_ELSIZE (descr) == 0) {
        Py_XDECREF (base);
        return array_of_nothing (layout, descr, writable ? NPY_ARRAY_WRITEABLE : 0);
    }
    PyObject *array =
        PyArray_NewFromDescr (&PyArray_Type, descr, layout->rank, (npy_intp *) (uintptr_t) layout->shape,
                              layout->strided ? (npy_intp *) (uintptr_t) layout->strides : NULL, data,
                              data && writable ? NPY_ARRAY_WRITEABLE : 0, NULL);
    if (!array || !data) {
        Py_XDECREF (base);
        if (array && !writable)
            PyArray_CLEARFLAGS ((PyArrayObject *) array, NPY_ARRAY_WRITEABLE);
        return array;
    }
    if (PyArray_SetBaseObject ((PyArrayObject *) array, base) < 0)
        Py_CLEAR (array);
    return array;
}
