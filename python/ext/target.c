/* SPDX-License-Identifier: MIT */
/* target.c - a Python object with write and patch as the target of a save. */
#include "saving.h"

/* Calls method (before…, memory). The memory belongs to the library, and is valid during the call. */
static PyObject *
pass_bytes (PyObject *method, const unsigned long long *position, const char *bytes, Py_ssize_t length)
{
    PyObject *memory = PyMemoryView_FromMemory ((char *) (uintptr_t) bytes, length, PyBUF_READ);
    if (!memory)
        return NULL;
    PyObject *result = position ? PyObject_CallFunction (method, "KO", *position, memory)
                                : PyObject_CallFunctionObjArgs (method, memory, NULL);
    PyObject *type, *value, *trace;
    PyErr_Fetch (&type, &value, &trace); /* the traceback must not keep the view */
    PyObject *released = PyObject_CallMethod (memory, "release", NULL);
    if (!released)
        Py_CLEAR (result);
    if (type)
        PyErr_Restore (type, value, trace);
    Py_XDECREF (released);
    Py_DECREF (memory);
    return result;
}

/* The number of bytes that a raw file took; all of them if the result is no number. -1: none, or too many. */
static Py_ssize_t
count_taken (PyObject *result, Py_ssize_t length)
{
    Py_ssize_t taken = PyLong_Check (result) ? PyLong_AsSsize_t (result) : length;
    if (taken == -1 && PyErr_Occurred ())
        return -1;
    if (taken > 0 && taken <= length)
        return taken;
    PyErr_Format (PyExc_OSError, "write took %zd of %zd bytes", taken, length);
    return -1;
}

static int
write_all (tn_target *target, const char *bytes, Py_ssize_t length)
{
    while (length > 0) {
        PyObject *result = pass_bytes (target->write, NULL, bytes, length);
        Py_ssize_t taken = result ? count_taken (result, length) : -1;
        Py_XDECREF (result);
        if (taken < 0)
            return -1;
        bytes += taken;
        length -= taken;
    }
    return 0;
}

static int
patch_all (tn_target *target, uint64_t position, const char *bytes, Py_ssize_t length)
{
    unsigned long long at = position;
    PyObject *result = pass_bytes (target->patch, &at, bytes, length);
    Py_XDECREF (result);
    return result ? 0 : -1;
}

/* The caller holds the GIL. Methods in C run no bytecode, so signals are checked here. */
static tenon_status
end_call (tn_target *target, int result)
{
    if (result == 0 && PyErr_CheckSignals () == 0)
        return TENON_OK;
    tn_caught_keep (&target->caught);
    return TENON_E_IO;
}

static tenon_status
write_bytes (void *user, const void *bytes, uint64_t length)
{
    PyGILState_STATE state = PyGILState_Ensure ();
    tenon_status status = end_call (user, write_all (user, bytes, (Py_ssize_t) length));
    PyGILState_Release (state);
    return status;
}

static tenon_status
patch_bytes (void *user, uint64_t position, const void *bytes, uint64_t length)
{
    PyGILState_STATE state = PyGILState_Ensure ();
    tenon_status status = end_call (user, patch_all (user, position, bytes, (Py_ssize_t) length));
    PyGILState_Release (state);
    return status;
}

int
tn_target_of (PyObject *object, const char *name, tn_target *target)
{
    *target = (tn_target){ .write = PyObject_GetAttrString (object, "write") };
    if (!target->write)
        return -1;
    target->patch = PyObject_GetAttrString (object, "patch");
    if (!target->patch) {
        if (!PyErr_ExceptionMatches (PyExc_AttributeError))
            return -1;
        PyErr_Clear ();
    } else if (target->patch == Py_None)
        Py_CLEAR (target->patch);
    target->output = (tenon_output){ .struct_size = sizeof target->output,
                                     .write = write_bytes,
                                     .patch = target->patch ? patch_bytes : NULL,
                                     .name = name,
                                     .user = target };
    return 0;
}

void
tn_target_free (tn_target *target)
{
    Py_CLEAR (target->write);
    Py_CLEAR (target->patch);
    Py_XDECREF (atomic_exchange (&target->caught.exception, NULL));
}
