/* SPDX-License-Identifier: MIT */
/* plan.c - tenon._core.Plan. */
#include "saving.h"
#include <string.h>

PyTypeObject *tn_plan_type;

/* ---- one thread at a time ---- */

tenon_plan *
tn_plan_enter (tn_plan *plan)
{
    if (atomic_exchange (&plan->busy, true))
        PyErr_SetString (PyExc_RuntimeError, "another thread uses the plan, or the writer");
    else if (plan->library)
        return plan->library;
    else {
        atomic_store (&plan->busy, false);
        PyErr_SetString (PyExc_ValueError, "the writer is closed");
    }
    return NULL;
}

void
tn_plan_leave (tn_plan *plan)
{
    atomic_store (&plan->busy, false);
}

/* None, or NULL with an exception. */
static PyObject *
leave_plan (PyObject *self, int result)
{
    tn_plan_leave ((tn_plan *) (void *) self);
    return result < 0 ? NULL : Py_NewRef (Py_None);
}

static tenon_plan *
enter_plan (PyObject *self)
{
    return tn_plan_enter ((tn_plan *) (void *) self);
}

/* ---- arrays ---- */

static int
keep_object (tn_plan *plan, PyObject *object)
{
    return PyList_Append (plan->keep, object);
}

static tenon_status
add_many (tenon_plan *plan, const tn_arrays *arrays, tenon_error *error)
{
    tenon_status status;
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_plan_add_many (plan, arrays->items, arrays->count, error);
    Py_END_ALLOW_THREADS;
    return status;
}

/* The plan owns the memory before it gets the arrays, so that it never has a dangling array. */
static int
add_arrays (tn_plan *plan, const tn_arrays *arrays)
{
    tenon_error error = TENON_ERROR_INIT;
    if (keep_object (plan, arrays->keep) < 0
        || (PyList_Size (arrays->copies) > 0 && keep_object (plan, arrays->copies) < 0))
        return -1;
    return add_many (plan->library, arrays, &error) < 0 ? tn_raise (&error) : 0;
}

int
tn_plan_add (tn_plan *plan, PyObject *sequence)
{
    tn_arrays arrays;
    int result = tn_arrays_of (sequence, &arrays);
    if (result == 0)
        result = add_arrays (plan, &arrays);
    tn_arrays_free (&arrays);
    return result;
}

static PyObject *
plan_add_arrays (PyObject *self, PyObject *sequence)
{
    return enter_plan (self) ? leave_plan (self, tn_plan_add ((tn_plan *) (void *) self, sequence)) : NULL;
}

/* ---- tensors of other libraries ---- */

#define VERSIONED "dltensor_versioned"
#define OLD "dltensor"

/* The new name of the capsule means that its tensor has another owner. */
static int
add_capsule (tenon_plan *plan, PyObject *capsule, const tenon_array *like)
{
    tenon_error error = TENON_ERROR_INIT;
    bool versioned = PyCapsule_IsValid (capsule, VERSIONED);
    void *tensor = PyCapsule_GetPointer (capsule, versioned ? VERSIONED : OLD);
    if (!tensor)
        return -1;
    tenon_status status = versioned ? tenon_plan_add_dlpack (plan, like, tensor, &error)
                                    : tenon_plan_add_dlpack_unversioned (plan, like, tensor, &error);
    return status < 0 ? tn_raise (&error)
                      : PyCapsule_SetName (capsule, versioned ? "used_" VERSIONED : "used_" OLD);
}

/* A name and its length; NULL for NULL and None. */
static int
name_of (PyObject *object, const char **name, Py_ssize_t *length)
{
    *name = NULL, *length = 0;
    if (!object || object == Py_None)
        return 0;
    return (*name = PyUnicode_AsUTF8AndSize (object, length)) ? 0 : -1;
}

static PyObject *
plan_add_dlpack (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "add_dlpack", "name", "capsule", "dtype", NULL };
    PyObject *values[3];
    Py_ssize_t length;
    tenon_array like = { .struct_size = sizeof like };
    if (tn_arguments (names, 2, given, count, keywords, values) < 0
        || name_of (values[0], &like.name, &length) < 0 || tn_u32_of (values[2], &like.as) < 0)
        return NULL;
    like.name_length = (uint64_t) length;
    tenon_plan *plan = enter_plan (self);
    return plan ? leave_plan (self, add_capsule (plan, values[1], &like)) : NULL;
}

/* ---- tensors of files ---- */

/* The open file of a File. The plan keeps a reference to it. NULL with an exception. */
static tn_file *
keep_file (tn_plan *plan, PyObject *handle)
{
    tn_file *file = tn_file_of (handle);
    if (!file)
        return NULL;
    Py_ssize_t count = PyList_Size (plan->keep);
    bool kept = count > 0 && PyList_GetItem (plan->keep, count - 1) == (PyObject *) file;
    kept = kept || keep_object (plan, (PyObject *) file) == 0;
    Py_DECREF ((PyObject *) file); /* the list has it */
    return kept ? file : NULL;
}

static int
add_from (tn_plan *plan, PyObject *handle, uint64_t index, const char *name, Py_ssize_t length,
          uint32_t dtype)
{
    tenon_error error = TENON_ERROR_INIT;
    tn_file *file = keep_file (plan, handle);
    if (!file)
        return -1;
    tenon_status status; /* it may read scales of packed weights, on any thread */
    Py_BEGIN_ALLOW_THREADS;
    status =
        tenon_plan_put_from (plan->library, file->library, index, name, (uint64_t) length, dtype, &error);
    Py_END_ALLOW_THREADS;
    return status < 0 ? tn_file_raise (file, &error) : 0;
}

static PyObject *
plan_add_from (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "add_from", "file", "index", "name", "dtype", NULL };
    PyObject *values[4];
    uint64_t index = 0;
    const char *name;
    Py_ssize_t length;
    uint32_t dtype = TENON_NONE;
    if (tn_arguments (names, 2, given, count, keywords, values) < 0 || tn_u64_of (values[1], &index) < 0
        || name_of (values[2], &name, &length) < 0 || tn_u32_of (values[3], &dtype) < 0 || !enter_plan (self))
        return NULL;
    return leave_plan (self, add_from ((tn_plan *) (void *) self, values[0], index, name, length, dtype));
}

/* A function of the library that takes a whole file. */
typedef tenon_status (*of_file) (tenon_plan *plan, tenon_file *file, tenon_error *error);

static int
add_whole (tn_plan *plan, PyObject *object, of_file function)
{
    tenon_status status;
    tenon_error error = TENON_ERROR_INIT;
    tn_file *file = keep_file (plan, object);
    if (!file)
        return -1;
    Py_BEGIN_ALLOW_THREADS;
    status = function (plan->library, file->library, &error);
    Py_END_ALLOW_THREADS;
    return status < 0 ? tn_file_raise (file, &error) : 0;
}

static PyObject *
take_file (PyObject *self, PyObject *file, of_file function)
{
    return enter_plan (self) ? leave_plan (self, add_whole ((tn_plan *) (void *) self, file, function))
                             : NULL;
}

static PyObject *
plan_add_file (PyObject *self, PyObject *file)
{
    return take_file (self, file, tenon_plan_add_file);
}

static PyObject *
plan_add_losses (PyObject *self, PyObject *file)
{
    return take_file (self, file, tenon_plan_add_losses);
}

static PyObject *
plan_add_metadata_from (PyObject *self, PyObject *file)
{
    return take_file (self, file, tenon_plan_add_metadata_from);
}

/* ---- metadata ---- */

static PyObject *
plan_put_metadata (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "put_metadata", "key", "value", "type", NULL };
    PyObject *values[3];
    const char *type = NULL;
    if (tn_arguments (names, 2, given, count, keywords, values) < 0 || tn_text_of (values[2], &type) < 0)
        return NULL;
    tenon_plan *plan = enter_plan (self);
    return plan ? leave_plan (self, tn_metadata_put (plan, values[0], values[1], type)) : NULL;
}

static int
remove_key (tenon_plan *plan, const char *key)
{
    tenon_error error = TENON_ERROR_INIT;
    return tenon_plan_remove_metadata (plan, key, &error) < 0 ? tn_raise (&error) : 0;
}

static PyObject *
plan_remove_metadata (PyObject *self, PyObject *key)
{
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize (key, &length);
    if (!text)
        return NULL;
    if (strlen (text) != (size_t) length) {
        PyErr_SetString (PyExc_ValueError, "a key contains a NUL character");
        return NULL;
    }
    tenon_plan *plan = enter_plan (self);
    return plan ? leave_plan (self, remove_key (plan, text)) : NULL;
}

/* ---- the type ---- */

static Py_ssize_t
plan_length (PyObject *self)
{
    tenon_plan *plan = enter_plan (self);
    if (!plan)
        return -1;
    uint64_t count = tenon_plan_count (plan);
    tn_plan_leave ((tn_plan *) (void *) self);
    return (Py_ssize_t) count;
}

/* An array, or an object that a file reads, may refer to the plan. */
static int
plan_traverse (PyObject *self, visitproc visit, void *arg)
{
    tn_plan *plan = (tn_plan *) (void *) self;
    Py_VISIT (Py_TYPE (self));
    Py_VISIT (plan->keep);
    Py_VISIT ((PyObject *) plan->context);
    return 0;
}

/* The plan is freed before the memory that it points to. */
static int
plan_clear (PyObject *self)
{
    tn_plan *plan = (tn_plan *) (void *) self;
    if (plan->writer)
        tenon_writer_free (plan->writer); /* and its plan */
    else
        tenon_plan_free (plan->library);
    plan->writer = NULL;
    plan->library = NULL;
    Py_CLEAR (plan->keep);
    return 0;
}

static void
plan_dealloc (PyObject *self)
{
    tn_plan *plan = (tn_plan *) (void *) self;
    PyObject_GC_UnTrack (self);
    plan_clear (self);
    Py_XDECREF ((PyObject *) plan->context);
    tn_object_free (self);
}

PyObject *
tn_plan_wrap (tn_context *context, tenon_plan *library, tenon_writer *writer)
{
    tn_plan *plan = PyObject_GC_New (tn_plan, tn_plan_type);
    if (!plan) {
        if (writer)
            tenon_writer_free (writer);
        else
            tenon_plan_free (library);
        return NULL;
    }
    plan->library = library;
    plan->writer = writer;
    plan->context = (tn_context *) (void *) Py_NewRef ((PyObject *) context);
    atomic_init (&plan->busy, false);
    plan->keep = PyList_New (0);
    PyObject_GC_Track ((PyObject *) plan);
    if (!plan->keep)
        Py_CLEAR (plan);
    return (PyObject *) plan;
}

PyObject *
tn_context_plan (PyObject *self, PyObject *none)
{
    tn_context *context = (tn_context *) (void *) self;
    tenon_error error = TENON_ERROR_INIT;
    tenon_plan *library;
    (void) none;
    if (tenon_plan_new (context->library, &library, &error) < 0) {
        tn_raise (&error);
        return NULL;
    }
    return tn_plan_wrap (context, library, NULL);
}

#define METHOD(function) (PyCFunction) (void (*) (void)) (function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    { "add_arrays", plan_add_arrays, METH_O, NULL },
    { "add_dlpack", METHOD (plan_add_dlpack), NULL },
    { "add_from", METHOD (plan_add_from), NULL },
    { "add_file", plan_add_file, METH_O, NULL },
    { "add_losses", plan_add_losses, METH_O, NULL },
    { "add_metadata_from", plan_add_metadata_from, METH_O, NULL },
    { "put_metadata", METHOD (plan_put_metadata), NULL },
    { "remove_metadata", plan_remove_metadata, METH_O, NULL },
    { "size", METHOD (tn_plan_size), NULL },
    { "save", METHOD (tn_plan_save), NULL },
    { "save_memory", METHOD (tn_plan_save_memory), NULL },
    { NULL, NULL, 0, NULL },
};

int
tn_plan_init (PyObject *module)
{
    static PyType_Slot slots[] = { { Py_tp_methods, methods },
                                   { Py_tp_dealloc, (void *) plan_dealloc },
                                   { Py_tp_traverse, (void *) plan_traverse },
                                   { Py_tp_clear, (void *) plan_clear },
                                   { Py_mp_length, (void *) plan_length },
                                   { 0, NULL } };
    static PyType_Spec spec = { "tenon._core.Plan", sizeof (tn_plan), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                slots };
    static const struct {
        const char *name;
        long value;
    } constants[] = {
        { "SAVE_STRICT", TENON_SAVE_STRICT },
        { "SAVE_NEW", TENON_SAVE_NEW },
        { "SAVE_DRY_RUN", TENON_SAVE_DRY_RUN },
        { "SAVE_EXACT_NAME", TENON_SAVE_EXACT_NAME },
        { "SAVE_APPEND", TENON_SAVE_APPEND },
        { "SAVE_CARRY", TENON_SAVE_CARRY },
        { "SAVE_SKIP_UNREADABLE", TENON_SAVE_SKIP_UNREADABLE },
        { "SAVE_SATURATE", TENON_SAVE_SATURATE },
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (PyModule_AddIntConstant (module, constants[i].name, constants[i].value) < 0)
            return -1;
    tn_plan_type = tn_type_add (module, &spec);
    return tn_plan_type ? 0 : -1;
}
