/* SPDX-License-Identifier: MIT */
/* memory.c - memory of the library as the base of arrays. */
#include "core.h"

PyTypeObject *tn_memory_type;

PyObject *
tn_memory_wrap (tenon_memory *memory)
{
    tn_memory *self = PyObject_New (tn_memory, tn_memory_type);
    if (self)
        self->library = memory;
    else
        tenon_memory_free (memory);
    return (PyObject *) self;
}

static void
memory_free (PyObject *self)
{
    tenon_memory_free (((tn_memory *) self)->library);
    tn_object_free (self);
}

int
tn_memory_init (PyObject *module)
{
    static PyType_Slot slots[] = { { Py_tp_dealloc, memory_free }, { 0, NULL } };
    static PyType_Spec spec = { "tenon._core._Memory", sizeof (tn_memory), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots };
    tn_memory_type = tn_type_add (module, &spec);
    return tn_memory_type ? 0 : -1;
}
