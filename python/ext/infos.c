/* SPDX-License-Identifier: MIT */
/* infos.c - the tensors of a file: names and infos, many in one call. */
#include "core.h"

/* The infos of one call of the library: they fit on the stack and in the cache. */
#define MANY 128

/* Calls use (user, index, info) for the tensors first … first + count - 1. */
static int
each_info (tn_file *file, uint64_t first, uint64_t count,
           int (*use) (void *user, uint64_t index, const tenon_tensor_info *info), void *user)
{
    tenon_tensor_info infos[MANY];
    for (uint64_t done = 0; done < count;) {
        uint64_t some = count - done < MANY ? count - done : MANY;
        infos[0].struct_size = sizeof *infos;
        if (tenon_get_range (file->library, first + done, some, infos) < 0) {
            PyErr_SetString (PyExc_IndexError, "the file has fewer tensors");
            return -1;
        }
        for (uint64_t i = 0; i < some; i++)
            if (use (user, first + done + i, &infos[i]) < 0)
                return -1;
        done += some;
    }
    return 0;
}

/* ---- names and dtypes ---- */

static PyObject *
file_list (PyObject *self, int (*add) (void *list, uint64_t index, const tenon_tensor_info *info))
{
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    uint64_t count = tenon_count (file->library);
    PyObject *list = PyList_New ((Py_ssize_t) count);
    if (list && each_info (file, 0, count, add, list) < 0)
        Py_CLEAR (list);
    Py_DECREF (file);
    return list;
}

static int
add_name (void *list, uint64_t index, const tenon_tensor_info *info)
{
    PyObject *name = PyUnicode_DecodeUTF8 (info->name, (Py_ssize_t) info->name_length, "surrogateescape");
    return name ? PyList_SetItem (list, (Py_ssize_t) index, name) : -1;
}

PyObject *
tn_handle_names (PyObject *self, PyObject *none)
{
    (void) none;
    return file_list (self, add_name);
}

static int
add_dtype (void *list, uint64_t index, const tenon_tensor_info *info)
{
    PyObject *dtype = PyLong_FromUnsignedLong (info->dtype);
    return dtype ? PyList_SetItem (list, (Py_ssize_t) index, dtype) : -1;
}

PyObject *
tn_handle_dtypes (PyObject *self, PyObject *none)
{
    (void) none;
    return file_list (self, add_dtype);
}

/* ---- infos ---- */

/* Tensors share most texts, so each is created once. */
struct shared {
    const char *text;
    PyObject *object;
};
struct listing {
    PyObject *list;
    uint64_t first;
    struct shared dtype, source, filter;
};

static PyObject *
shared_text (struct shared *shared, const char *text)
{
    if (!shared->object || shared->text != text) {
        Py_XDECREF (shared->object);
        shared->text = text;
        shared->object = tn_text (text, TENON_NUL);
    }
    Py_XINCREF (shared->object);
    return shared->object;
}

/* `shape` NULL: None. */
static PyObject *
shape_tuple (const uint64_t *shape, uint32_t rank)
{
    if (!shape)
        Py_RETURN_NONE;
    PyObject *tuple = PyTuple_New ((Py_ssize_t) rank);
    for (uint32_t i = 0; tuple && i < rank; i++) {
        PyObject *dim = PyLong_FromUnsignedLongLong (shape[i]);
        if (!dim || PyTuple_SetItem (tuple, (Py_ssize_t) i, dim) < 0)
            Py_CLEAR (tuple);
    }
    return tuple;
}

static PyObject *
info_tuple (struct listing *listing, uint64_t index, const tenon_tensor_info *info)
{
    enum { FIELDS = 15 };
    static const uint64_t none[1] = { 0 }; /* rank 0 */
    const uint64_t *shape = info->flags & TENON_NO_SHAPE ? NULL : info->rank > 0 ? info->shape : none;
    PyObject *fields[FIELDS] = { PyLong_FromUnsignedLongLong (index),
                                 tn_text (info->name, info->name_length),
                                 PyLong_FromUnsignedLong (info->dtype),
                                 shared_text (&listing->dtype, info->dtype_name),
                                 shape_tuple (shape, info->rank),
                                 PyLong_FromUnsignedLong (info->flags),
                                 PyLong_FromUnsignedLongLong (info->nbytes),
                                 PyLong_FromUnsignedLong (info->storage),
                                 shared_text (&listing->source, info->source_name),
                                 PyLong_FromUnsignedLongLong (info->offset),
                                 PyLong_FromUnsignedLongLong (info->stored),
                                 shared_text (&listing->filter, info->filter),
                                 PyLong_FromLong (info->unreadable),
                                 tn_text (info->why, TENON_NUL),
                                 shape_tuple (info->chunk_shape, info->rank) };
    PyObject *tuple = PyTuple_New (FIELDS);
    for (int i = 0; i < FIELDS; i++) {
        if (!fields[i])
            Py_CLEAR (tuple);
        if (tuple)
            PyTuple_SetItem (tuple, i, fields[i]);
        else
            Py_XDECREF (fields[i]);
    }
    return tuple;
}

static int
add_info (void *user, uint64_t index, const tenon_tensor_info *info)
{
    struct listing *listing = user;
    PyObject *tuple = info_tuple (listing, index, info);
    return tuple ? PyList_SetItem (listing->list, (Py_ssize_t) (index - listing->first), tuple) : -1;
}

static PyObject *
infos_list (PyObject *self, uint64_t first, uint64_t count)
{
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    uint64_t all = tenon_count (file->library);
    struct listing listing = { .first = first };
    if (first > all || count > all - first)
        PyErr_SetString (PyExc_IndexError, "the file has fewer tensors");
    else
        listing.list = PyList_New ((Py_ssize_t) count);
    if (listing.list && each_info (file, first, count, add_info, &listing) < 0)
        Py_CLEAR (listing.list);
    Py_XDECREF (listing.dtype.object);
    Py_XDECREF (listing.source.object);
    Py_XDECREF (listing.filter.object);
    Py_DECREF (file);
    return listing.list;
}

PyObject *
tn_handle_infos (PyObject *self, PyObject *args)
{
    PyObject *first, *count;
    uint64_t from = 0, number = 0;
    if (!PyArg_ParseTuple (args, "OO:infos", &first, &count) || tn_u64_of (first, &from) < 0
        || tn_u64_of (count, &number) < 0)
        return NULL;
    return infos_list (self, from, number);
}

PyObject *
tn_handle_info (PyObject *self, PyObject *index)
{
    uint64_t number = 0;
    if (tn_u64_of (index, &number) < 0)
        return NULL;
    PyObject *list = infos_list (self, number, 1);
    PyObject *tuple = list ? Py_NewRef (PyList_GetItem (list, 0)) : NULL;
    Py_XDECREF (list);
    return tuple;
}

/* ---- dtypes ---- */

PyObject *
tn_handle_family (PyObject *self, PyObject *index)
{
    uint64_t number = 0;
    tenon_tensor_info info = TENON_INIT (info);
    struct tenon_dtype dtype = TENON_INIT (dtype);
    if (tn_u64_of (index, &number) < 0)
        return NULL;
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    PyObject *family = NULL;
    if (tenon_get (file->library, number, &info) < 0)
        PyErr_SetString (PyExc_IndexError, "the file has fewer tensors");
    else if (tenon_dtype_get (file->context->library, file->library, info.dtype, &dtype) == TENON_OK
             && dtype.kind == TENON_KIND_OPAQUE)
        family = tn_text (dtype.family ? dtype.family : "", TENON_NUL);
    else
        family = Py_NewRef (Py_None);
    Py_DECREF (file);
    return family;
}

/* ---- packed weights ---- */

PyObject *
tn_handle_packed (PyObject *self, PyObject *index)
{
    uint64_t number = 0;
    tenon_packed_info info = TENON_INIT (info);
    tenon_status status;
    if (tn_u64_of (index, &number) < 0)
        return NULL;
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    Py_BEGIN_ALLOW_THREADS; /* it may read the file */
    status = tenon_packed_get (file->library, number, &info);
    Py_END_ALLOW_THREADS;
    tn_file_forget (file);
    Py_DECREF (file);
    if (status < 0)
        Py_RETURN_NONE;
    return Py_BuildValue ("{sIsKsKsIsIsIsN}", "kind", (unsigned int) info.kind, "weight",
                          (unsigned long long) info.weight, "columns", (unsigned long long) info.columns,
                          "bits", (unsigned int) info.bits, "group", (unsigned int) info.group, "dtype",
                          (unsigned int) info.dtype, "words", tn_text (info.words, TENON_NUL));
}
