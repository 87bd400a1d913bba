/* SPDX-License-Identifier: MIT */
/* stubs.c - what stands for functions of files that are still to come. */
#include "core.h"

#define WEAK __attribute__ ((weak))

WEAK PyTypeObject *tn_plan_type, *tn_writer_type;

static PyObject *
not_there (void)
{
    PyErr_SetString (PyExc_NotImplementedError, "this function is still to come");
    return NULL;
}

WEAK int
tn_plan_init (PyObject *module)
{
    (void) module;
    return 0;
}

WEAK int
tn_writer_init (PyObject *module)
{
    (void) module;
    return 0;
}

WEAK PyObject *
tn_context_plan (PyObject *self, PyObject *none)
{
    (void) self, (void) none;
    return not_there ();
}

WEAK PyObject *
tn_context_writer (PyObject *self, PyObject *args)
{
    (void) self, (void) args;
    return not_there ();
}
