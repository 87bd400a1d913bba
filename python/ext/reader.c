/* SPDX-License-Identifier: MIT */
/* reader.c - Python objects as readers of the library. */
#include "core.h"

struct reader {
    PyObject *object; /* borrowed */
    tn_caught *caught;
};

/* The view is valid during the call: a later use by the object raises an exception. */
static tenon_status
read_into_view (const struct reader *reader, uint64_t offset, PyObject *view)
{
    PyObject *result =
        PyObject_CallMethod (reader->object, "read_at", "KO", (unsigned long long) offset, view);
    tenon_status status = result ? TENON_OK : TENON_E_IO;
    if (!result)
        tn_caught_keep (reader->caught);
    Py_XDECREF (result);
    result = PyObject_CallMethod (view, "release", NULL);
    if (!result) {
        tn_caught_keep (reader->caught);
        status = TENON_E_MISUSE;
    }
    Py_XDECREF (result);
    return status;
}

static tenon_status
read_at (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct reader *reader = user;
    tenon_status status = TENON_E_MEMORY;
    if (length > (uint64_t) PY_SSIZE_T_MAX)
        return TENON_E_LIMIT;
    PyGILState_STATE state = PyGILState_Ensure ();
    PyObject *view = PyMemoryView_FromMemory (to, (Py_ssize_t) length, PyBUF_WRITE);
    if (view)
        status = read_into_view (reader, offset, view);
    else
        tn_caught_keep (reader->caught);
    Py_XDECREF (view);
    PyGILState_Release (state);
    return status;
}

static void
close_reader (void *user)
{
    free (user);
}

int
tn_reader_of (PyObject *object, tn_caught *caught, bool one_thread, tenon_reader *reader)
{
    uint64_t size = 0;
    PyObject *number = PyObject_GetAttrString (object, "size");
    int result = number ? tn_u64_of (number, &size) : -1;
    Py_XDECREF (number);
    if (result < 0)
        return -1;
    struct reader *user = calloc (1, sizeof *user);
    if (!user) {
        PyErr_NoMemory ();
        return -1;
    }
    *user = (struct reader){ object, caught };
    *reader = (tenon_reader){ .struct_size = sizeof *reader,
                              .flags = one_thread ? TENON_READER_ONE_THREAD : 0,
                              .size = size,
                              .read_at = read_at,
                              .close = close_reader,
                              .user = user };
    return 0;
}
