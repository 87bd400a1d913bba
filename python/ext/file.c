/* SPDX-License-Identifier: MIT */
/* file.c - tenon._core.File, and the open file that it shares with arrays, calls and plans. */
#include "core.h"

PyTypeObject *tn_handle_type, *tn_file_type;

PyObject *
tn_handle_new (tn_file *file)
{
    tn_handle *self = PyObject_GC_New (tn_handle, tn_handle_type);
    if (!self) {
        Py_DECREF (file);
        return NULL;
    }
    self->file = file;
    PyObject_GC_Track ((PyObject *) self);
    return (PyObject *) self;
}

tn_file *
tn_file_of (PyObject *handle)
{
    tn_file *file;
    if (!PyObject_TypeCheck (handle, tn_handle_type)) {
        PyErr_SetString (PyExc_TypeError, "a tenon._core.File is needed");
        return NULL;
    }
    TN_LOCK (handle);
    file = ((tn_handle *) handle)->file;
    Py_XINCREF (file);
    TN_UNLOCK;
    if (!file)
        PyErr_SetString (PyExc_ValueError, "the file is closed");
    return file;
}

static PyObject *
handle_close (PyObject *self, PyObject *none)
{
    tn_file *file;
    (void) none;
    TN_LOCK (self);
    file = ((tn_handle *) self)->file;
    ((tn_handle *) self)->file = NULL;
    TN_UNLOCK;
    Py_XDECREF (file);
    Py_RETURN_NONE;
}

static void
handle_free (PyObject *self)
{
    PyObject_GC_UnTrack (self);
    Py_XDECREF (((tn_handle *) self)->file);
    tn_object_free (self);
}

/* An object that a File reads may refer to the File: the garbage collector breaks the cycle. */
static int
handle_traverse (PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT (Py_TYPE (self));
    Py_VISIT ((PyObject *) ((tn_handle *) self)->file);
    return 0;
}

static int
handle_clear (PyObject *self)
{
    tn_file *file = ((tn_handle *) self)->file;
    ((tn_handle *) self)->file = NULL;
    Py_XDECREF (file);
    return 0;
}

static int
file_traverse (PyObject *object, visitproc visit, void *arg)
{
    tn_file *self = (tn_file *) object;
    Py_VISIT (Py_TYPE (object));
    Py_VISIT ((PyObject *) self->context);
    Py_VISIT (self->source);
    PyObject *caught = atomic_load (&self->caught.exception);
    Py_VISIT (caught);
    return 0;
}

/* The last reference is gone. Closing may be slow, and may call the reader. */
static void
file_free (PyObject *object)
{
    tn_file *self = (tn_file *) object;
    PyObject_GC_UnTrack (object);
    if (self->library) {
        Py_BEGIN_ALLOW_THREADS;
        tenon_close (self->library);
        Py_END_ALLOW_THREADS;
    }
    Py_XDECREF (atomic_load (&self->caught.exception));
    Py_XDECREF (self->context);
    Py_XDECREF (self->source);
    tn_object_free (object);
}

/* ---- attributes ---- */

static PyObject *
handle_attribute (PyObject *self, void *name)
{
    tenon_file_info info = TENON_INIT (info);
    tn_file *file = tn_file_of (self);
    PyObject *result = NULL;
    if (!file)
        return NULL;
    tenon_file_get (file->library, &info);
    switch (*(const char *) name) {
    case 'p': result = tn_text (info.path, TENON_NUL); break;
    case 'f': result = tn_text (info.format, TENON_NUL); break;
    case 's': result = PyLong_FromUnsignedLongLong (info.size); break;
    case 'n': result = PyLong_FromUnsignedLongLong (info.nbytes); break;
    default: result = PyLong_FromUnsignedLongLong (info.unreadable);
    }
    Py_DECREF (file);
    return result;
}

static char attribute[] = "pfsnu";

static PyGetSetDef attributes[] = { { "path", handle_attribute, NULL, NULL, &attribute[0] },
                                    { "format", handle_attribute, NULL, NULL, &attribute[1] },
                                    { "size", handle_attribute, NULL, NULL, &attribute[2] },
                                    { "nbytes", handle_attribute, NULL, NULL, &attribute[3] },
                                    { "unreadable", handle_attribute, NULL, NULL, &attribute[4] },
                                    { NULL, NULL, NULL, NULL, NULL } };

static Py_ssize_t
handle_length (PyObject *self)
{
    tn_file *file = tn_file_of (self);
    if (!file)
        return -1;
    uint64_t count = tenon_count (file->library);
    Py_DECREF (file);
    return (Py_ssize_t) count;
}

/* ---- description ---- */

static PyObject *
handle_find (PyObject *self, PyObject *name)
{
    Py_ssize_t length;
    uint64_t index = 0;
    if (!PyUnicode_Check (name))
        return PyErr_Format (PyExc_TypeError, "the name must be a str");
    const char *text = PyUnicode_AsUTF8AndSize (name, &length);
    if (!text) { /* surrogates: no name has them */
        PyErr_Clear ();
        return PyLong_FromLong (-1);
    }
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    tenon_status status = tenon_find_name (file->library, text, (uint64_t) length, &index);
    Py_DECREF (file);
    return status < 0 ? PyLong_FromLong (-1) : PyLong_FromUnsignedLongLong (index);
}

static PyObject *
handle_find_all (PyObject *self, PyObject *pattern)
{
    const char *text = NULL;
    if (!PyUnicode_Check (pattern))
        return PyErr_Format (PyExc_TypeError, "the pattern must be a str");
    if (tn_text_of (pattern, &text) < 0)
        return NULL;
    tn_file *file = tn_file_of (self);
    if (!file)
        return NULL;
    PyObject *list = PyList_New (0);
    for (uint64_t i = 0; list && tenon_find_next (file->library, text, &i) == TENON_OK; i++) {
        PyObject *number = PyLong_FromUnsignedLongLong (i);
        if (!number || PyList_Append (list, number) < 0)
            Py_CLEAR (list);
        Py_XDECREF (number);
    }
    Py_DECREF (file);
    return list;
}

static PyObject *
handle_report (PyObject *self, PyObject *none)
{
    tn_file *file = tn_file_of (self);
    (void) none;
    if (!file)
        return NULL;
    PyObject *list = tn_report_list (tenon_file_report (file->library));
    Py_DECREF (file);
    return list;
}

/* Reads metadata. An exception of the file's reader is raised unchanged. */
static PyObject *
metadata_of (tn_file *file, PyObject *(*read) (tenon_file *) )
{
    PyObject *result = read (file->library);
    if (!result && atomic_load (&file->caught.exception)) {
        PyErr_Clear ();
        tn_caught_raise (&file->caught);
    }
    return result;
}

static PyObject *
handle_metadata (PyObject *self, PyObject *none)
{
    tn_file *file = tn_file_of (self);
    (void) none;
    if (!file)
        return NULL;
    PyObject *result = metadata_of (file, tn_metadata);
    Py_DECREF (file);
    return result;
}

static PyObject *
handle_metadata_types (PyObject *self, PyObject *none)
{
    tn_file *file = tn_file_of (self);
    (void) none;
    if (!file)
        return NULL;
    PyObject *result = metadata_of (file, tn_metadata_types);
    Py_DECREF (file);
    return result;
}

/* ---- the types ---- */

#define FAST(function) (PyCFunction) (void (*) (void)) function, METH_FASTCALL | METH_KEYWORDS, NULL

static PyMethodDef methods[] = { { "names", tn_handle_names, METH_NOARGS, NULL },
                                 { "dtypes", tn_handle_dtypes, METH_NOARGS, NULL },
                                 { "info", tn_handle_info, METH_O, NULL },
                                 { "infos", tn_handle_infos, METH_VARARGS, NULL },
                                 { "find", handle_find, METH_O, NULL },
                                 { "find_all", handle_find_all, METH_O, NULL },
                                 { "array", FAST (tn_handle_array) },
                                 { "view", tn_handle_view, METH_O, NULL },
                                 { "arrays", FAST (tn_handle_arrays) },
                                 { "read_into", FAST (tn_handle_read_into) },
                                 { "stream", FAST (tn_handle_stream) },
                                 { "advise", tn_handle_advise, METH_VARARGS, NULL },
                                 { "dlpack", FAST (tn_handle_dlpack) },
                                 { "metadata", handle_metadata, METH_NOARGS, NULL },
                                 { "metadata_types", handle_metadata_types, METH_NOARGS, NULL },
                                 { "report", handle_report, METH_NOARGS, NULL },
                                 { "verify", FAST (tn_handle_verify) },
                                 { "family", tn_handle_family, METH_O, NULL },
                                 { "packed", tn_handle_packed, METH_O, NULL },
                                 { "close", handle_close, METH_NOARGS, NULL },
                                 { NULL, NULL, 0, NULL } };

static int
file_type_add (PyObject *module)
{
    static PyType_Slot slots[] = { { Py_tp_dealloc, file_free },
                                   { Py_tp_traverse, file_traverse },
                                   { 0, NULL } };
    static PyType_Spec spec = { "tenon._core._OpenFile", sizeof (tn_file), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                slots };
    tn_file_type = tn_type_add (module, &spec);
    return tn_file_type ? 0 : -1;
}

int
tn_file_init (PyObject *module)
{
    static PyType_Slot slots[] = { { Py_tp_dealloc, handle_free },
                                   { Py_tp_traverse, handle_traverse },
                                   { Py_tp_clear, handle_clear },
                                   { Py_tp_methods, methods },
                                   { Py_tp_getset, attributes },
                                   { Py_sq_length, handle_length },
                                   { 0, NULL } };
    static PyType_Spec spec = { "tenon._core.File", sizeof (tn_handle), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                slots };
    tn_handle_type = tn_type_add (module, &spec);
    return tn_handle_type && file_type_add (module) == 0 && tn_modes_init (module) == 0 ? 0 : -1;
}
