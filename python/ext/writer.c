/* SPDX-License-Identifier: MIT */
/* writer.c - tenon._core.Writer. The lock of its plan is also that of the writer. */
#include "saving.h"

PyTypeObject *tn_writer_type;

/* The plan owns the writer of the library, because the plan may live longer than the Writer. */
typedef struct tn_writer {
    PyObject_HEAD tn_plan *plan;
} tn_writer;

static tn_writer *
as_writer (PyObject *self)
{
    return (tn_writer *) (void *) self;
}

static tenon_writer *
enter_writer (PyObject *self)
{
    tn_plan *plan = as_writer (self)->plan;
    return tn_plan_enter (plan) ? plan->writer : NULL;
}

static PyObject *
leave_writer (PyObject *self, tenon_status status, const tenon_error *error)
{
    tn_plan_leave (as_writer (self)->plan);
    if (status < 0)
        tn_raise (error);
    return status < 0 ? NULL : Py_NewRef (Py_None);
}

/* ---- tensors ---- */

static PyObject *
writer_add (PyObject *self, PyObject *arguments)
{
    tn_arrays arrays;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = TENON_E_MISUSE;
    tenon_writer *writer = enter_writer (self);
    if (!writer)
        return NULL;
    PyObject *sequence = PyTuple_Pack (1, arguments);
    if (sequence && tn_arrays_of (sequence, &arrays) == 0) {
        Py_BEGIN_ALLOW_THREADS;
        status = tenon_writer_add (writer, arrays.items, &error);
        Py_END_ALLOW_THREADS;
    }
    if (sequence)
        tn_arrays_free (&arrays);
    Py_XDECREF (sequence);
    return leave_writer (self, status, &error);
}

/* The argument is a tuple (name, dtype, shape, store). */
static tenon_status
begin_tensor (tenon_writer *writer, const char *name, Py_ssize_t length, PyObject *dtype, PyObject *shape,
              uint32_t store, tenon_error *error)
{
    int64_t numbers[64];
    tn_arrays arrays = { .next = numbers, .end = numbers + 64 };
    tenon_array array = {
        .struct_size = sizeof array, .name = name, .name_length = (uint64_t) length, .as = store
    };
    tenon_status status = TENON_E_MISUSE;
    if (tn_arrays_set_dtype (&arrays, dtype, &array) == 0
        && tn_arrays_set_shape (&arrays, shape, true, &array) == 0)
        status = tenon_writer_begin (writer, &array, error);
    tn_arrays_free (&arrays);
    return status;
}

static PyObject *
writer_begin (PyObject *self, PyObject *arguments)
{
    const char *name;
    Py_ssize_t length;
    PyObject *dtype, *shape;
    unsigned store;
    tenon_error error = TENON_ERROR_INIT;
    if (!PyArg_ParseTuple (arguments, "s#OOI:begin", &name, &length, &dtype, &shape, &store))
        return NULL;
    tenon_writer *writer = enter_writer (self);
    if (!writer)
        return NULL;
    return leave_writer (self, begin_tensor (writer, name, length, dtype, shape, store, &error), &error);
}

static PyObject *
writer_put (PyObject *self, PyObject *data)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status;
    if (!PyArray_Check (data) || !PyArray_IS_C_CONTIGUOUS ((PyArrayObject *) data)) {
        PyErr_SetString (PyExc_TypeError, "the data must be an array in C order");
        return NULL;
    }
    tenon_writer *writer = enter_writer (self);
    if (!writer)
        return NULL;
    const void *bytes = PyArray_DATA ((PyArrayObject *) data);
    uint64_t size = (uint64_t) PyArray_NBYTES ((PyArrayObject *) data);
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_writer_put (writer, bytes, size, &error);
    Py_END_ALLOW_THREADS;
    return leave_writer (self, status, &error);
}

static PyObject *
writer_end (PyObject *self, PyObject *none)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_writer *writer = enter_writer (self);
    (void) none;
    return writer ? leave_writer (self, tenon_writer_end (writer, &error), &error) : NULL;
}

static PyObject *
writer_plan (PyObject *self, PyObject *none)
{
    (void) none;
    return Py_NewRef ((PyObject *) as_writer (self)->plan);
}

/* ---- the end ---- */

struct finish {
    tn_saving saving;
    tenon_writer *writer;
};

static tenon_status
finish_writer (void *argument, const tenon_progress *progress)
{
    struct finish *finish = argument;
    return tenon_writer_finish (finish->writer, &finish->saving.report, progress, &finish->saving.error);
}

static PyObject *
writer_finish (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "finish", "progress", NULL };
    PyObject *progress;
    struct finish finish = { .saving = TN_SAVING_INIT };
    if (tn_arguments (names, 0, given, count, keywords, &progress) < 0)
        return NULL;
    if (!(finish.writer = enter_writer (self)))
        return NULL;
    tn_plan *plan = as_writer (self)->plan;
    PyObject *entries = tn_saving_run (plan, &finish.saving, progress, NULL, finish_writer, &finish);
    tn_plan_leave (plan);
    return entries;
}

/* The plan may live on, but is closed. */
static void
free_library (tn_plan *plan)
{
    tenon_writer_free (plan->writer);
    plan->writer = NULL;
    plan->library = NULL;
}

static PyObject *
writer_close (PyObject *self, PyObject *none)
{
    (void) none;
    if (!as_writer (self)->plan->library)
        return Py_NewRef (Py_None);
    if (!enter_writer (self))
        return NULL;
    free_library (as_writer (self)->plan);
    return leave_writer (self, TENON_OK, NULL);
}

/* ---- the type ---- */

/* If another thread uses the plan, that thread frees the writer of the library afterwards. */
static void
writer_dealloc (PyObject *self)
{
    tn_plan *plan = as_writer (self)->plan;
    PyObject_GC_UnTrack (self);
    if (plan && !atomic_exchange (&plan->busy, true)) {
        if (plan->writer)
            free_library (plan);
        tn_plan_leave (plan);
    }
    Py_XDECREF ((PyObject *) plan);
    tn_object_free (self);
}

static int
writer_traverse (PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT (Py_TYPE (self));
    Py_VISIT ((PyObject *) as_writer (self)->plan);
    return 0;
}

/* Takes the writer of the library over, even if it fails. */
static PyObject *
wrap_writer (tn_context *context, tenon_writer *library)
{
    PyObject *plan = tn_plan_wrap (context, tenon_writer_plan (library), library);
    tn_writer *writer = plan ? PyObject_GC_New (tn_writer, tn_writer_type) : NULL;
    if (!writer) {
        Py_XDECREF (plan);
        return NULL;
    }
    writer->plan = (tn_plan *) (void *) plan;
    PyObject_GC_Track ((PyObject *) writer);
    return (PyObject *) writer;
}

static PyObject *
open_writer (tn_context *context, const char *path, PyObject *dict)
{
    tenon_error error = TENON_ERROR_INIT;
    tn_save_options options;
    tenon_writer *library;
    PyObject *writer = NULL;
    if (tn_save_options_of (dict, &options) == 0) {
        if (tenon_writer_new (context->library, path, &options.library, &library, &error) < 0)
            tn_raise (&error);
        else
            writer = wrap_writer (context, library);
    }
    tn_save_options_free (&options);
    return writer;
}

PyObject *
tn_context_writer (PyObject *self, PyObject *arguments)
{
    PyObject *bytes, *dict;
    if (!PyArg_ParseTuple (arguments, "O&O:writer", PyUnicode_FSConverter, &bytes, &dict))
        return NULL;
    PyObject *writer = open_writer ((tn_context *) (void *) self, PyBytes_AsString (bytes), dict);
    Py_DECREF (bytes);
    return writer;
}

static PyMethodDef methods[] = {
    { "add", writer_add, METH_VARARGS, NULL },
    { "begin", writer_begin, METH_VARARGS, NULL },
    { "put", writer_put, METH_O, NULL },
    { "end", writer_end, METH_NOARGS, NULL },
    { "plan", writer_plan, METH_NOARGS, NULL },
    { "finish", (PyCFunction) (void (*) (void)) writer_finish, METH_FASTCALL | METH_KEYWORDS, NULL },
    { "close", writer_close, METH_NOARGS, NULL },
    { NULL, NULL, 0, NULL },
};

int
tn_writer_init (PyObject *module)
{
    static PyType_Slot slots[] = { { Py_tp_methods, methods },
                                   { Py_tp_dealloc, (void *) writer_dealloc },
                                   { Py_tp_traverse, (void *) writer_traverse },
                                   { 0, NULL } };
    static PyType_Spec spec = { "tenon._core.Writer", sizeof (tn_writer), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                slots };
    tn_writer_type = tn_type_add (module, &spec);
    return tn_writer_type ? 0 : -1;
}
