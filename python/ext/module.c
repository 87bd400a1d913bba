/* SPDX-License-Identifier: MIT */
/* module.c - the module tenon._core. */
#define TENON_PYTHON_MODULE
#include "core.h"

static PyObject *
status_name (PyObject *module, PyObject *number)
{
    long status = PyLong_AsLong (number);
    (void) module;
    if (status == -1 && PyErr_Occurred ())
        return NULL;
    return PyUnicode_FromString (tenon_status_name ((tenon_status) status));
}

static PyMethodDef functions[] = { { "status_name", status_name, METH_O, NULL }, { NULL, NULL, 0, NULL } };

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "tenon._core", NULL, -1, functions, NULL, NULL, NULL, NULL
};

PyMODINIT_FUNC PyInit__core (void);

PyMODINIT_FUNC
PyInit__core (void)
{
    import_array ();
    PyObject *module = PyModule_Create (&definition);
    if (!module)
        return NULL;
    if (PyModule_AddStringConstant (module, "VERSION", TENON_VERSION_STRING) < 0) {
        Py_DECREF (module);
        return NULL;
    }
    return module;
}
