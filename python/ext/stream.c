/* SPDX-License-Identifier: MIT */
/* stream.c - streaming, verifying and advice. */
#include "core.h"

/* ---- streaming ---- */

struct streaming {
    tn_file *file;
    tenon_request request;
    PyObject *sink;
    tn_caught caught;
    tenon_error error;
};

static int
sink_call (void *user, const void *data, uint64_t size)
{
    struct streaming *streaming = user;
    PyGILState_STATE state = PyGILState_Ensure ();
    PyObject *view = PyMemoryView_FromMemory ((char *) (uintptr_t) data, (Py_ssize_t) size, PyBUF_READ);
    PyObject *result = view ? PyObject_CallFunctionObjArgs (streaming->sink, view, NULL) : NULL;
    if (!result)
        tn_caught_keep (&streaming->caught);
    PyObject *released = view ? PyObject_CallMethod (view, "release", NULL) : NULL;
    if (view && !released)
        tn_caught_keep (&streaming->caught);
    int stop = result && released ? 0 : 1;
    Py_XDECREF (view);
    Py_XDECREF (result);
    Py_XDECREF (released);
    PyGILState_Release (state);
    return stop;
}

static tenon_status
stream_work (void *argument, const tenon_progress *progress)
{
    struct streaming *streaming = argument;
    return tenon_stream (streaming->file->library, &streaming->request, sink_call, streaming, progress,
                         &streaming->error);
}

static PyObject *
stream_run (struct streaming *streaming, PyObject *progress)
{
    tenon_status status = tn_run (progress, TN_MANY_BYTES, true, stream_work, streaming);
    if (status < 0 && !PyErr_Occurred () && !tn_caught_raise (&streaming->caught))
        tn_file_raise (streaming->file, &streaming->error);
    Py_XDECREF (atomic_exchange (&streaming->caught.exception, NULL));
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *
tn_handle_stream (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "stream", "index", "sink", "dtype", "progress", NULL };
    PyObject *values[4], *result = NULL;
    struct streaming streaming = { .request = TENON_INIT (streaming.request), .error = TENON_ERROR_INIT };
    if (tn_arguments (names, 2, given, count, keywords, values) < 0
        || tn_u64_of (values[0], &streaming.request.index) < 0
        || tn_u32_of (values[2], &streaming.request.dtype) < 0)
        return NULL;
    streaming.file = tn_file_of (self);
    if (!streaming.file)
        return NULL;
    streaming.sink = values[1];
    result = stream_run (&streaming, values[3]);
    Py_DECREF ((PyObject *) streaming.file);
    return result;
}

/* ---- verifying ---- */

struct verifying {
    tn_file *file;
    tenon_report *report;
    tenon_error error;
};

static tenon_status
verify_work (void *argument, const tenon_progress *progress)
{
    struct verifying *verifying = argument;
    return tenon_verify (verifying->file->library, &verifying->report, progress, &verifying->error);
}

/* Faults of the data become entries of the report, not exceptions. */
PyObject *
tn_handle_verify (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "verify", "progress", NULL };
    PyObject *values[1], *list = NULL;
    struct verifying verifying = { .error = TENON_ERROR_INIT };
    if (tn_arguments (names, 0, given, count, keywords, values) < 0)
        return NULL;
    verifying.file = tn_file_of (self);
    if (!verifying.file)
        return NULL;
    tenon_status status =
        tn_run (values[0], TN_MANY_BYTES, verifying.file->one_thread, verify_work, &verifying);
    bool stopped = status == TENON_E_CANCELLED || status == TENON_E_MEMORY || !verifying.report;
    if (status < 0 && (stopped || PyErr_Occurred ()))
        tn_file_raise (verifying.file, &verifying.error);
    else
        list = tn_report_list (verifying.report);
    tenon_report_free (verifying.report);
    Py_DECREF ((PyObject *) verifying.file);
    return list;
}

/* ---- advice ---- */

PyObject *
tn_handle_advise (PyObject *self, PyObject *args)
{
    PyObject *sequence;
    unsigned int advice;
    uint64_t *indexes, count;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status;
    if (!PyArg_ParseTuple (args, "OI:advise", &sequence, &advice)
        || tn_indexes_of (sequence, &indexes, &count) < 0)
        return NULL;
    tn_file *file = tn_file_of (self);
    if (!file) {
        PyMem_Free (indexes);
        return NULL;
    }
    if (!indexes)
        count = tenon_count (file->library);
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_advise (file->library, indexes, count, advice, &error);
    Py_END_ALLOW_THREADS;
    if (status < 0)
        tn_file_raise (file, &error);
    PyMem_Free (indexes);
    Py_DECREF ((PyObject *) file);
    return status < 0 ? NULL : Py_NewRef (Py_None);
}
