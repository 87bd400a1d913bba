/* SPDX-License-Identifier: MIT */
/* small.c - reads small tensors to memory of NumPy. NumPy reuses such memory, so this is faster than memory
 * of the library with an object that owns it. */
#include "arrays.h"

/* The most bytes of a tensor that is read alone, and of one of many. */
#define MOST_ALONE ((uint64_t) 1 << 18)
#define MOST_OF_MANY ((uint64_t) 1 << 14)

/* The number of items to read; UINT64_MAX: very many. */
static uint64_t
items_of (const tn_taking *taking, const tenon_tensor_info *info)
{
    uint64_t count = 1;
    if (!taking->box)
        return info->elements;
    for (uint32_t i = 0; i < info->rank; i++)
        if (__builtin_mul_overflow (count, taking->box->count[i], &count))
            return UINT64_MAX;
    return count;
}

/* Whether these items take at most this number of bytes, by the stored dtype. */
static bool
is_small (const tn_taking *taking, const tenon_tensor_info *info, uint64_t most)
{
    bool stored = taking->dtype == TENON_NONE || taking->dtype == info->dtype;
    uint64_t size = !stored          ? 16 /* the largest numbers: c128 */
                    : info->elements ? info->nbytes / info->elements + 1
                                     : 1;
    return items_of (taking, info) <= most / size;
}

bool
tn_small_all (const tn_taking *taking)
{
    uint64_t most = taking->count == 1 ? MOST_ALONE : MOST_OF_MANY;
    for (uint64_t i = 0; i < taking->count; i++) {
        const tenon_tensor_info *info = &taking->infos[i];
        if (info->unreadable || tn_taking_may_map (taking, info) || !is_small (taking, info, most))
            return false;
    }
    return true;
}

static tenon_status
small_read (tn_taking *taking, tenon_request *requests, int64_t *strides, const tenon_progress *progress)
{
    for (uint64_t i = 0; i < taking->count; i++) {
        tn_taking_request (taking, i, &requests[i], &strides);
        requests[i].data = taking->taken[i].data;
        requests[i].size = taking->taken[i].size;
    }
    return tenon_read (taking->file->library, requests, taking->count, progress, &taking->error);
}

static tenon_status
small_work (void *argument, const tenon_progress *progress)
{
    tn_taking *taking = argument;
    size_t dims = 0;
    for (uint64_t i = 0; i < taking->count; i++)
        dims += taking->taken[i].fortran ? taking->infos[i].rank : 0;
    tenon_request *requests = malloc (((size_t) taking->count + 1) * sizeof *requests);
    int64_t *strides = malloc ((dims + 1) * sizeof *strides);
    tenon_status status =
        requests && strides ? small_read (taking, requests, strides, progress) : tn_taking_no_memory (taking);
    free (requests);
    free (strides);
    return status;
}

/* An uninitialised array for a tensor. */
static PyObject *
small_array (tn_taking *taking, uint64_t at, tn_items *items)
{
    const tenon_tensor_info *info = &taking->infos[at];
    tn_taken *taken = &taking->taken[at];
    tn_layout layout;
    taken->fortran = tn_taking_keeps_fortran (taking, info);
    if (tn_items_get (taking->file, taking->dtype ? taking->dtype : info->dtype, items) < 0
        || tn_layout_set (&layout, items, info->rank, taking->box ? taking->box->count : info->shape,
                          taken->fortran)
               < 0)
        return NULL;
    PyObject *array = tn_layout_array (&layout, items->descr, NULL, true, NULL);
    if (!array)
        return NULL;
    taken->data = PyArray_DATA ((PyArrayObject *) array);
    taken->size = (uint64_t) PyArray_NBYTES ((PyArrayObject *) array);
    return array;
}

PyObject *
tn_small_arrays (tn_taking *taking, tn_items *items, PyObject *progress)
{
    uint64_t bytes = 0;
    PyObject *list = PyList_New ((Py_ssize_t) taking->count);
    for (uint64_t i = 0; list && i < taking->count; i++) {
        PyObject *array = small_array (taking, i, items);
        if (!array || PyList_SetItem (list, (Py_ssize_t) i, array) < 0)
            Py_CLEAR (list);
        bytes += taking->taken[i].size;
    }
    if (list && tn_run (progress, bytes, taking->file->one_thread, small_work, taking) < 0) {
        tn_file_raise (taking->file, &taking->error);
        Py_CLEAR (list);
    }
    return list;
}
