/* SPDX-License-Identifier: MIT */
/* module.c - the module tenon._core. */
#define TENON_PYTHON_MODULE
#include "core.h"
#include <string.h>

PyTypeObject *
tn_type_add (PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromSpec (spec);
    const char *name = strrchr (spec->name, '.') + 1;
    if (type && *name != '_' && PyModule_AddObjectRef (module, name, type) < 0)
        Py_CLEAR (type);
    return (PyTypeObject *) type;
}

void
tn_object_free (PyObject *self)
{
    PyTypeObject *type = Py_TYPE (self);
    freefunc release = (freefunc) PyType_GetSlot (type, Py_tp_free);
    release (self);
    Py_DECREF (type);
}

static PyObject *
status_name (PyObject *module, PyObject *number)
{
    long status = PyLong_AsLong (number);
    (void) module;
    if (status == -1 && PyErr_Occurred ())
        return NULL;
    return PyUnicode_FromString (tenon_status_name ((tenon_status) status));
}

static PyObject *
match_name (PyObject *module, PyObject *args)
{
    const char *pattern, *name;
    Py_ssize_t length;
    (void) module;
    if (!PyArg_ParseTuple (args, "ss#:match", &pattern, &name, &length))
        return NULL;
    return PyBool_FromLong (tenon_match (pattern, name, (uint64_t) length));
}

static PyMethodDef functions[] = { { "status_name", status_name, METH_O, NULL },
                                   { "match", match_name, METH_VARARGS, NULL },
                                   { "set_dtype", tn_set_dtype, METH_VARARGS, NULL },
                                   { NULL, NULL, 0, NULL } };

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "tenon._core", NULL, -1, functions, NULL, NULL, NULL, NULL
};

static int
module_fill (PyObject *module)
{
    if (PyModule_AddStringConstant (module, "VERSION", TENON_VERSION_STRING) < 0
        || tn_dtypes_init (module) < 0 || tn_memory_init (module) < 0 || tn_context_init (module) < 0
        || tn_file_init (module) < 0 || tn_plan_init (module) < 0 || tn_writer_init (module) < 0)
        return -1;
#ifdef Py_GIL_DISABLED
    return PyUnstable_Module_SetGIL (module, Py_MOD_GIL_NOT_USED);
#else
    return 0;
#endif
}

PyMODINIT_FUNC PyInit__core (void);

PyMODINIT_FUNC
PyInit__core (void)
{
    import_array ();
    PyObject *module = PyModule_Create (&definition);
    if (module && module_fill (module) < 0)
        Py_CLEAR (module);
    return module;
}
