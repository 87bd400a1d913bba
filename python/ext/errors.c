/* SPDX-License-Identifier: MIT */
/* errors.c - failures as exceptions, reports as lists. */
#include "core.h"
#include <string.h>

PyObject *
tn_text (const char *text, uint64_t length)
{
    if (!text)
        Py_RETURN_NONE;
    size_t size = length == TENON_NUL ? strlen (text) : (size_t) length;
    if (size > (size_t) PY_SSIZE_T_MAX)
        return PyErr_NoMemory ();
    return PyUnicode_DecodeUTF8 (text, (Py_ssize_t) size, "surrogateescape");
}

static PyObject *
text_or_none (const char *text)
{
    return tn_text (*text ? text : NULL, TENON_NUL);
}

static PyObject *
error_offset (const tenon_error *error)
{
    if (error->offset == UINT64_MAX)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong (error->offset);
}

int
tn_raise (const tenon_error *error)
{
    if (PyErr_Occurred ())
        return -1;
    PyObject *module = PyImport_ImportModule ("tenon._errors");
    if (!module)
        return -1;
    PyObject *exception = PyObject_CallMethod (
        module, "make", "iNNNNiN", (int) error->status, tn_text (error->message, TENON_NUL),
        text_or_none (error->file), text_or_none (error->tensor), error_offset (error), (int) error->system,
        text_or_none (error->advice));
    if (exception)
        PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
    Py_XDECREF (exception);
    Py_DECREF (module);
    return -1;
}

int
tn_raise_status (tenon_status status, const char *message)
{
    tenon_error error = TENON_ERROR_INIT;
    error.status = status;
    size_t length = strlen (message);
    length = length < sizeof error.message ? length : sizeof error.message - 1;
    memcpy (error.message, message, length);
    return tn_raise (&error);
}

/* An exception of the reader is the reason of the failure only if the failure is one of reading: the library
 * continues after some failed reads, such as those of optional files. */
int
tn_file_raise (tn_file *file, const tenon_error *error)
{
    bool reading = error->status == TENON_E_IO || error->status == TENON_E_MISUSE;
    if (PyErr_Occurred ()) {
        tn_file_forget (file);
        return -1;
    }
    if (tn_caught_raise (&file->caught)) {
        if (reading || !PyErr_ExceptionMatches (PyExc_Exception))
            return -1;
        PyErr_Clear ();
    }
    return tn_raise (error);
}

void
tn_file_forget (tn_file *file)
{
    PyObject *exception = atomic_exchange (&file->caught.exception, NULL);
    Py_XDECREF (exception);
}

PyObject *
tn_report_list (const tenon_report *report)
{
    uint64_t count = report ? tenon_report_count (report) : 0;
    PyObject *list = PyList_New (0);
    for (uint64_t i = 0; list && i < count; i++) {
        tenon_report_entry entry = TENON_INIT (entry);
        if (tenon_report_get (report, i, &entry) < 0)
            break;
        PyObject *tuple = Py_BuildValue ("iiiNNN", (int) entry.kind, (int) entry.status, (int) entry.chosen,
                                         tn_text (entry.subject, TENON_NUL), tn_text (entry.file, TENON_NUL),
                                         tn_text (entry.message, TENON_NUL));
        if (!tuple || PyList_Append (list, tuple) < 0)
            Py_CLEAR (list);
        Py_XDECREF (tuple);
    }
    return list;
}
