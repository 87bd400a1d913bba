/* SPDX-License-Identifier: MIT */
/* arrays.c - tensors of a file as arrays. */
#include "arrays.h"

/* ---- an array ---- */

/* The strides of the items of a tensor in the file, in bytes. */
static void
packed_strides (tn_layout *layout, const tn_items *items)
{
    npy_intp stride = (npy_intp) items->block_bytes;
    for (int i = layout->rank; !layout->strided && i-- > 0;) {
        layout->strides[i] = stride;
        stride *= layout->shape[i] > 0 ? layout->shape[i] : 1;
    }
    layout->strided = true;
}

/* Makes the layout of a mapped tensor, whose size was checked, that of a box; returns its first item. */
static char *
layout_cut (tn_layout *layout, const tn_items *items, const tn_box *box, char *data)
{
    packed_strides (layout, items);
    for (int i = 0; i < layout->rank; i++) {
        data += (npy_intp) box->start[i] * layout->strides[i];
        layout->shape[i] = (npy_intp) box->count[i];
        if (box->count[i] > 1) /* else the step may be any */
            layout->strides[i] *= (npy_intp) box->step[i];
    }
    return data;
}

static bool
is_empty (const tn_layout *layout)
{
    for (int i = 0; i < layout->rank; i++)
        if (layout->shape[i] == 0)
            return true;
    return false;
}

/* The object that owns the memory of an array. */
static PyObject *
taking_base (tn_taking *taking, tn_taken *taken)
{
    tenon_memory *memory = taken->memory;
    taken->memory = NULL;
    return memory ? tn_memory_wrap (memory) : Py_NewRef ((PyObject *) taking->file);
}

static PyObject *
array_make (tn_taking *taking, tn_taken *taken, const tn_layout *layout, PyArray_Descr *descr, char *data)
{
    bool writable = !taken->mapped || taking->mode == TN_MAP_PRIVATE;
    if (is_empty (layout)) /* NumPy allocates */
        return tn_layout_array (layout, descr, NULL, writable, NULL);
    PyObject *base = taking_base (taking, taken);
    PyObject *array = base ? tn_layout_array (layout, descr, data, writable, base) : NULL;
    if (!array || !taken->mapped || !taken->copied)
        return array;
    PyObject *copy = PyArray_NewCopy ((PyArrayObject *) array, NPY_KEEPORDER);
    Py_DECREF (array);
    return copy;
}

/* The dtype of the bytes in the file; NULL with an exception: NumPy has none. */
static PyArray_Descr *
mapped_descr (const tn_taking *taking, const tenon_tensor_info *info, tn_items *items)
{
    bool own = tn_dtype_plain (info->dtype);
    if (taking->dtype != TENON_NONE && taking->dtype != info->dtype)
        tn_raise_status (TENON_E_NOT_MAPPABLE, "the bytes in the file are of another dtype");
    else if (!(info->flags & TENON_BIG_ENDIAN))
        return items->descr;
    else if (own)
        return tn_items_big (items);
    else
        tn_raise_status (TENON_E_NOT_MAPPABLE, "NumPy has no such dtype with big-endian items");
    return NULL;
}

PyObject *
tn_taking_array (tn_taking *taking, uint64_t at, tn_items *items)
{
    const tenon_tensor_info *info = &taking->infos[at];
    tn_taken *taken = &taking->taken[at];
    const tn_box *box = taking->box;
    tn_layout layout;
    char *data = taken->data;
    if (tn_items_get (taking->file, taking->dtype ? taking->dtype : info->dtype, items) < 0
        || tn_layout_set (&layout, items, info->rank, box && !taken->mapped ? box->count : info->shape,
                          taken->fortran)
               < 0)
        return NULL;
    PyArray_Descr *descr = taken->mapped ? mapped_descr (taking, info, items) : items->descr;
    if (!descr)
        return NULL;
    if (taken->mapped && info->strides)
        tn_layout_strides (&layout, items, info->strides);
    if (box && taken->mapped)
        data = layout_cut (&layout, items, box, data);
    return array_make (taking, taken, &layout, descr, data);
}

/* ---- a box ---- */

/* The library reads boxes of blocks. */
static int
box_settle (tn_taking *taking, tn_items *items)
{
    if (!taking->box || taking->infos->unreadable) /* whose dtype may not be known */
        return 0;
    if (tn_items_get (taking->file, taking->dtype ? taking->dtype : taking->infos->dtype, items) < 0)
        return -1;
    if (!items->rows)
        return 0;
    if (taking->mode == TN_MAP_ONLY || taking->mode == TN_MAP_TRY)
        return tn_raise_status (TENON_E_NOT_MAPPABLE, "a box of blocks has to be cut");
    taking->mode = TN_MAP_COPY;
    return 0;
}

static int
box_check (const tenon_tensor_info *info, const tn_box *box)
{
    for (uint32_t i = 0; i < info->rank; i++) {
        uint64_t dim = info->shape[i], step = (uint64_t) box->step[i];
        if (box->step[i] >= 1 && box->start[i] <= dim
            && (box->count[i] == 0
                || (box->start[i] < dim && (box->count[i] - 1) <= (dim - 1 - box->start[i]) / step)))
            continue;
        PyErr_Format (PyExc_IndexError, "the box is not within the tensor in dim %d", (int) i);
        return -1;
    }
    return 0;
}

static int
box_of (PyObject *const *values, const tenon_tensor_info *info, tn_box *box)
{
    int starts, counts, steps;
    uint64_t step[TN_RANK];
    if (tn_numbers_of (values[0], box->start, TN_RANK, &starts) < 0
        || tn_numbers_of (values[1], box->count, TN_RANK, &counts) < 0
        || tn_numbers_of (values[2], step, TN_RANK, &steps) < 0)
        return -1;
    box->given = starts >= 0;
    if (starts != counts || starts != steps || (box->given && (uint32_t) starts != info->rank)) {
        PyErr_SetString (PyExc_ValueError, "start, count and step must have a number for each dim, or be "
                                           "None together");
        return -1;
    }
    for (int i = 0; i < steps; i++)
        box->step[i] = step[i] > INT64_MAX ? INT64_MAX : (int64_t) step[i];
    return box->given ? box_check (info, box) : 0;
}

/* ---- methods ---- */

static int
mode_of (PyObject *object, uint32_t *mode)
{
    if (tn_u32_of (object, mode) < 0)
        return -1;
    if (*mode <= TN_MAP_PRIVATE)
        return 0;
    PyErr_Format (PyExc_ValueError, "there is no mode %d", (int) *mode);
    return -1;
}

/* Whether the infos exclude a mapping, so that no attempt is necessary. */
static bool
cannot_map (const tn_taking *taking)
{
    const tenon_tensor_info *info = taking->infos;
    bool order = (info->flags & TENON_BIG_ENDIAN) && !tn_dtype_plain (info->dtype);
    bool other = taking->dtype != TENON_NONE && taking->dtype != info->dtype;
    return !info->unreadable && (info->filter || info->storage != 0 || order || other);
}

/* The one array of small tensors. */
static PyObject *
take_small (tn_taking *taking, tn_items *items, PyObject *progress)
{
    PyObject *list = tn_small_arrays (taking, items, progress);
    PyObject *array = list ? Py_NewRef (PyList_GetItem (list, 0)) : NULL;
    Py_XDECREF (list);
    return array;
}

static PyObject *
take_settled (tn_taking *taking, tn_items *items, PyObject *progress)
{
    if (tn_small_all (taking))
        return take_small (taking, items, progress);
    int result = tn_taking_run (taking, progress);
    if (result == 0)
        return tn_taking_array (taking, 0, items);
    return result > 0 ? Py_NewRef (Py_None) : NULL;
}

static PyObject *
take_one (tn_taking *taking, PyObject *const *values)
{
    tn_box box;
    tn_items items = { 0 };
    if (box_of (values + 1, taking->infos, &box) < 0)
        return NULL;
    if (taking->mode == TN_MAP_TRY && cannot_map (taking))
        return Py_NewRef (Py_None);
    taking->box = box.given ? &box : NULL;
    PyObject *array = box_settle (taking, &items) == 0 ? take_settled (taking, &items, values[6]) : NULL;
    tn_items_free (&items);
    return array;
}

/* Takes one tensor by the arguments of tn_handle_array. */
static PyObject *
take_index (PyObject *self, tn_taking *taking, uint64_t index, PyObject *const *values)
{
    PyObject *array = NULL;
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    uint64_t *indexes = PyMem_Calloc (1, sizeof *indexes);
    if (!indexes) {
        Py_DECREF ((PyObject *) file);
        return PyErr_NoMemory ();
    }
    *indexes = index;
    if (tn_taking_begin (taking, file, indexes, 1) == 0)
        array = take_one (taking, values);
    tn_taking_end (taking);
    return array;
}

PyObject *
tn_handle_array (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "array", "index", "start",    "count", "step",
                                         "dtype", "mode",  "progress", NULL };
    PyObject *values[7];
    tn_taking taking = { .dtype = TENON_NONE, .mode = TN_MAP_AUTO };
    uint64_t index = 0;
    if (tn_arguments (names, 1, given, count, keywords, values) < 0 || tn_u64_of (values[0], &index) < 0
        || tn_u32_of (values[4], &taking.dtype) < 0 || mode_of (values[5], &taking.mode) < 0)
        return NULL;
    return take_index (self, &taking, index, values);
}

PyObject *
tn_handle_view (PyObject *self, PyObject *number)
{
    PyObject *values[7] = { NULL };
    tn_taking taking = { .dtype = TENON_NONE, .mode = TN_MAP_TRY };
    uint64_t index = 0;
    return tn_u64_of (number, &index) < 0 ? NULL : take_index (self, &taking, index, values);
}

static PyObject *
take_all (tn_taking *taking, PyObject *progress)
{
    tn_items items = { 0 };
    bool small = tn_small_all (taking);
    if (!small && tn_taking_run (taking, progress) < 0)
        return NULL;
    PyObject *list =
        small ? tn_small_arrays (taking, &items, progress) : PyList_New ((Py_ssize_t) taking->count);
    for (uint64_t i = 0; list && !small && i < taking->count; i++) {
        PyObject *array = tn_taking_array (taking, i, &items);
        if (!array || PyList_SetItem (list, (Py_ssize_t) i, array) < 0)
            Py_CLEAR (list);
    }
    tn_items_free (&items);
    return list;
}

/* The indexes of the readable tensors; NULL: all are readable. */
static int
readable_indexes (tn_file *file, uint64_t **indexes, uint64_t *count)
{
    tenon_file_info about = TENON_INIT (about);
    *count = tenon_count (file->library);
    if (tenon_file_get (file->library, &about) == TENON_OK && about.unreadable == 0)
        return 0;
    *indexes = PyMem_Calloc ((size_t) *count + 1, sizeof **indexes);
    if (!*indexes) {
        PyErr_NoMemory ();
        return -1;
    }
    uint64_t all = *count;
    *count = 0;
    for (uint64_t i = 0; i < all; i++) {
        tenon_tensor_info info = TENON_INIT (info);
        if (tenon_get (file->library, i, &info) == TENON_OK && info.unreadable == TENON_OK)
            (*indexes)[(*count)++] = i;
    }
    return 0;
}

PyObject *
tn_handle_arrays (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "arrays", "indexes", "dtype", "mode", "progress", NULL };
    PyObject *values[4], *list = NULL;
    tn_taking taking = { .dtype = TENON_NONE, .mode = TN_MAP_AUTO };
    uint64_t *indexes, tensors;
    if (tn_arguments (names, 0, given, count, keywords, values) < 0
        || tn_u32_of (values[1], &taking.dtype) < 0 || mode_of (values[2], &taking.mode) < 0
        || tn_indexes_of (values[0], &indexes, &tensors) < 0)
        return NULL;
    tn_file *file = tn_file_of (self);
    if (!file || (!indexes && readable_indexes (file, &indexes, &tensors) < 0)) {
        PyMem_Free (indexes);
        Py_XDECREF ((PyObject *) file);
        return NULL;
    }
    if (tn_taking_begin (&taking, file, indexes, tensors) == 0)
        list = take_all (&taking, values[3]);
    tn_taking_end (&taking);
    return list;
}

int
tn_modes_init (PyObject *module)
{
    static const struct {
        const char *name;
        long mode;
    } modes[] = { { "MAP_AUTO", TN_MAP_AUTO },
                  { "MAP_ONLY", TN_MAP_ONLY },
                  { "MAP_COPY", TN_MAP_COPY },
                  { "MAP_PRIVATE", TN_MAP_PRIVATE } };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (PyModule_AddIntConstant (module, modes[i].name, modes[i].mode) < 0)
            return -1;
    return 0;
}
