/* SPDX-License-Identifier: MIT */
/* into.c - reading tensors into arrays of the caller. */
#include "arrays.h"

/* The requests of one call. */
struct filling {
    tn_file *file;
    tenon_request *requests;
    int64_t *strides; /* TN_RANK of each */
    uint64_t count, bytes;
    tenon_error error;
};

static tenon_status
fill_work (void *argument, const tenon_progress *progress)
{
    struct filling *filling = argument;
    return tenon_read (filling->file->library, filling->requests, filling->count, progress, &filling->error);
}

static bool
same_shape (const tn_layout *layout, PyArrayObject *out)
{
    bool same = layout->rank == PyArray_NDIM (out);
    for (int i = 0; same && i < layout->rank; i++)
        same = layout->shape[i] == PyArray_DIM (out, i);
    return same;
}

/* Sets the strides, in items, and the size of a request. False: the library does not take them. */
static bool
request_strides (tenon_request *request, int64_t *strides, PyArrayObject *out)
{
    npy_intp item = PyArray_ITEMSIZE (out), span = item, reach;
    for (int i = 0; i < PyArray_NDIM (out); i++) {
        npy_intp stride = PyArray_STRIDE (out, i), dim = PyArray_DIM (out, i);
        if (item == 0 || stride % item != 0 || (stride == 0 && dim > 1))
            return false;
        strides[i] = stride / item;
        if (__builtin_mul_overflow (dim > 0 ? dim - 1 : 0, stride, &reach) || reach == NPY_MIN_INTP
            || __builtin_add_overflow (span, reach < 0 ? -reach : reach, &span))
            return false; /* strides that an object made up */
    }
    request->size = PyArray_SIZE (out) > 0 ? (uint64_t) span : 0;
    request->strides = PyArray_IS_C_CONTIGUOUS (out) ? NULL : strides;
    return true;
}

/* The items to write: of `dtype`, or of the array's dtype. If the library has no such dtype, the tensor must
 * have the same NumPy dtype. */
static int
items_for (tn_file *file, const tenon_tensor_info *info, PyArrayObject *out, uint32_t *dtype, tn_items *items)
{
    uint32_t flags;
    if (*dtype == TENON_NONE)
        *dtype = tn_dtype_of (PyArray_DESCR (out), &flags);
    if (tn_items_get (file, *dtype ? *dtype : info->dtype, items) < 0)
        return -1;
    if (*dtype != TENON_NONE || PyArray_EquivTypes (items->descr, PyArray_DESCR (out)))
        return 0;
    PyErr_Format (PyExc_TypeError, "tensor %s cannot be read as %R", info->name,
                  (PyObject *) PyArray_DESCR (out));
    return -1;
}

static int
check_array (const tenon_tensor_info *info, const tn_items *items, PyObject *object)
{
    tn_layout layout;
    PyArrayObject *out = (PyArrayObject *) object;
    if (!PyArray_Check (object))
        PyErr_Format (PyExc_TypeError, "the output for tensor %s is no array of NumPy", info->name);
    else if (!PyArray_ISWRITEABLE (out))
        PyErr_Format (PyExc_ValueError, "the array for tensor %s is read-only", info->name);
    else if (tn_layout_set (&layout, items, info->rank, info->shape, false) == 0
             && !same_shape (&layout, out))
        PyErr_Format (PyExc_ValueError, "the array for tensor %s has another shape", info->name);
    return PyErr_Occurred () ? -1 : 0;
}

/* Whether the library can write the items directly. Unsigned numbers may take the bits of floats of their
 * size. */
static bool
fits_array (const tn_items *items, bool asked, tenon_request *request, int64_t *strides, PyArrayObject *out)
{
    PyArray_Descr *descr = PyArray_DESCR (out);
    bool bits = asked && descr->kind == 'u' && PyDataType_ELSIZE (descr) == PyDataType_ELSIZE (items->descr);
    bool simple = items->rows || request->dtype == TENON_NONE;
    return (bits || PyArray_EquivTypes (descr, items->descr)) && PyArray_ISALIGNED (out)
           && PyArray_ISNBO (descr->byteorder) && (!simple || PyArray_IS_C_CONTIGUOUS (out))
           && request_strides (request, strides, out);
}

/* Reads a tensor to temporary memory, and lets NumPy copy the items. */
static int
fill_by_copy (tn_file *file, const tenon_request *request, PyArrayObject *out)
{
    tn_taking taking = { .dtype = request->dtype, .mode = TN_MAP_COPY };
    tn_items items = { 0 };
    PyObject *array = NULL;
    uint64_t *indexes = PyMem_Calloc (1, sizeof *indexes);
    if (!indexes) {
        PyErr_NoMemory ();
        return -1;
    }
    *indexes = request->index;
    if (tn_taking_begin (&taking, (tn_file *) Py_NewRef ((PyObject *) file), indexes, 1) == 0
        && tn_taking_run (&taking, NULL) == 0)
        array = tn_taking_array (&taking, 0, &items);
    int result = array ? PyArray_CopyInto (out, (PyArrayObject *) array) : -1;
    Py_XDECREF (array);
    tn_items_free (&items);
    tn_taking_end (&taking);
    return result;
}

/* Adds the request for one array, or fills it at once. */
static int
fill_add (struct filling *filling, uint64_t index, PyObject *object, uint32_t dtype, tn_items *items)
{
    tenon_request *request = &filling->requests[filling->count];
    tenon_tensor_info info = TENON_INIT (info);
    PyArrayObject *out = (PyArrayObject *) object;
    bool asked = dtype != TENON_NONE;
    if (tenon_get (filling->file->library, index, &info) < 0) {
        PyErr_SetString (PyExc_IndexError, "there is no such tensor");
        return -1;
    }
    *request = (tenon_request){ .struct_size = sizeof *request, .index = index };
    if (info.unreadable && PyArray_Check (object)) /* the dtype may be unknown; the read tells why */
        return fill_by_copy (filling->file, request, out);
    if (PyArray_Check (object) && items_for (filling->file, &info, out, &dtype, items) < 0)
        return -1;
    if (check_array (&info, items, object) < 0)
        return -1;
    request->dtype = dtype;
    if (!fits_array (items, asked, request, filling->strides + filling->count * TN_RANK, out))
        return fill_by_copy (filling->file, request, out);
    request->data = PyArray_DATA (out);
    filling->bytes += request->size;
    filling->count++;
    return 0;
}

static int
fill_all (struct filling *filling, const uint64_t *indexes, PyObject *outs, uint32_t dtype,
          PyObject *progress)
{
    tn_items items = { 0 };
    Py_ssize_t count = PyTuple_Size (outs);
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < count; i++)
        result = fill_add (filling, indexes[i], PyTuple_GetItem (outs, i), dtype, &items);
    tn_items_free (&items);
    if (result < 0 || filling->count == 0)
        return result;
    tenon_status status = tn_run (progress, filling->bytes, filling->file->one_thread, fill_work, filling);
    return status < 0 ? tn_file_raise (filling->file, &filling->error) : 0;
}

static int
fill_arrays (tn_file *file, const uint64_t *indexes, uint64_t count, PyObject *outs, uint32_t dtype,
             PyObject *progress)
{
    struct filling filling = { .file = file, .error = TENON_ERROR_INIT };
    int result = -1;
    filling.requests = PyMem_Calloc ((size_t) count + 1, sizeof *filling.requests);
    filling.strides = PyMem_Calloc ((size_t) count + 1, TN_RANK * sizeof *filling.strides);
    if (!filling.requests || !filling.strides)
        PyErr_NoMemory ();
    else if ((uint64_t) PyTuple_Size (outs) != count)
        PyErr_SetString (PyExc_ValueError, "there must be an array for each tensor");
    else
        result = fill_all (&filling, indexes, outs, dtype, progress);
    PyMem_Free (filling.requests);
    PyMem_Free (filling.strides);
    return result;
}

PyObject *
tn_handle_read_into (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "read_into", "indexes", "outs", "dtype", "progress", NULL };
    PyObject *values[4];
    uint32_t dtype = TENON_NONE;
    uint64_t *indexes, tensors;
    int result = -1;
    if (tn_arguments (names, 2, given, count, keywords, values) < 0 || tn_u32_of (values[2], &dtype) < 0
        || tn_indexes_of (values[0], &indexes, &tensors) < 0)
        return NULL;
    PyObject *outs = PySequence_Tuple (values[1]);
    tn_file *file = outs ? tn_file_of (self) : NULL;
    if (file)
        result = fill_arrays (file, indexes, tensors, outs, dtype, values[3]);
    Py_XDECREF ((PyObject *) file);
    Py_XDECREF (outs);
    PyMem_Free (indexes);
    return result < 0 ? NULL : Py_NewRef (Py_None);
}
