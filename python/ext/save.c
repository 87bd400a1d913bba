/* SPDX-License-Identifier: MIT */
/* save.c - the saves of a plan: to a path, a descriptor, an object with write, and memory. */
#include "saving.h"

/* ---- a save and its report ---- */

/* Adds the entries of a report to the exception that is set. */
static void
attach_entries (PyObject *entries)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch (&type, &value, &trace);
    PyErr_NormalizeException (&type, &value, &trace);
    if (value && entries && PyObject_SetAttrString (value, "entries", entries) < 0)
        PyErr_Clear ();
    PyErr_Restore (type, value, trace);
}

/* Sets the exception of a reader of one of the plan's files, as tn_file_raise does. False: there is none. */
static bool
raise_reader (tn_plan *plan, const tenon_error *error)
{
    for (Py_ssize_t i = 0; i < PyList_Size (plan->keep); i++) {
        PyObject *kept = PyList_GetItem (plan->keep, i);
        tn_file *file = (tn_file *) (void *) kept;
        if (Py_TYPE (kept) == tn_file_type && atomic_load (&file->caught.exception)) {
            tn_file_raise (file, error);
            return true;
        }
    }
    return false;
}

static void
raise_failure (tn_plan *plan, tn_saving *saving, tn_target *target, PyObject *entries)
{
    if (PyErr_Occurred () || (target && tn_caught_raise (&target->caught))
        || raise_reader (plan, &saving->error))
        return;
    tn_raise (&saving->error);
    attach_entries (entries);
}

/* Whether a file of the plan has a reader that needs this thread. */
static bool
is_bound (const tn_plan *plan)
{
    for (Py_ssize_t i = 0; i < PyList_Size (plan->keep); i++) {
        PyObject *kept = PyList_GetItem (plan->keep, i);
        if (Py_TYPE (kept) == tn_file_type && ((tn_file *) (void *) kept)->one_thread)
            return true;
    }
    return false;
}

/* An estimate of the work of a save: a tensor costs more than its bytes. */
static uint64_t
count_bytes (const tenon_plan *plan)
{
    uint64_t count = tenon_plan_count (plan), bytes = count * 1024;
    tenon_tensor_info info = TENON_INIT (info);
    for (uint64_t i = 0; i < count && bytes < UINT64_MAX / 2; i++)
        if (tenon_plan_get (plan, i, &info) == TENON_OK)
            bytes += info.nbytes;
    return bytes;
}

PyObject *
tn_saving_run (tn_plan *plan, tn_saving *saving, PyObject *progress, tn_target *target, tn_work work,
               void *argument)
{
    bool here = target || is_bound (plan);
    tenon_status status = tn_run (progress, count_bytes (plan->library), here, work, argument);
    bool failed = status < 0 || PyErr_Occurred ();
    PyObject *type, *value, *trace;
    PyErr_Fetch (&type, &value, &trace);
    PyObject *entries = tn_report_list (saving->report);
    tenon_report_free (saving->report);
    saving->report = NULL;
    if (!failed)
        return entries;
    if (type)
        PyErr_Restore (type, value, trace);
    raise_failure (plan, saving, target, entries);
    Py_XDECREF (entries);
    return NULL;
}

/* ---- to a path, a descriptor, an object ---- */

struct save {
    tn_saving saving;
    tn_save_options options;
    tenon_plan *plan;
    const char *path; /* NULL: to the descriptor, or the target */
    int descriptor;
    tn_target *target;
    /* to memory */
    tenon_memory *memory;
    const void *data;
    uint64_t size;
};

static tenon_status
save_plan (void *argument, const tenon_progress *progress)
{
    struct save *save = argument;
    tenon_report **report = &save->saving.report;
    const tenon_save_options *options = &save->options.library;
    if (save->path)
        return tenon_save (save->plan, save->path, options, report, progress, &save->saving.error);
    if (save->target)
        return tenon_save_to (save->plan, &save->target->output, options, report, progress,
                              &save->saving.error);
    return tenon_save_fd (save->plan, save->descriptor, options, report, progress, &save->saving.error);
}

static PyObject *
save_path (tn_plan *plan, struct save *save, PyObject *target, PyObject *progress)
{
    PyObject *path;
    if (!PyUnicode_FSConverter (target, &path))
        return NULL;
    save->path = PyBytes_AsString (path);
    PyObject *entries = tn_saving_run (plan, &save->saving, progress, NULL, save_plan, save);
    Py_DECREF (path);
    return entries;
}

static PyObject *
save_object (tn_plan *plan, struct save *save, PyObject *object, PyObject *progress)
{
    tn_target target;
    PyObject *entries = NULL;
    if (tn_target_of (object, save->options.name, &target) == 0) {
        save->target = &target;
        entries = tn_saving_run (plan, &save->saving, progress, &target, save_plan, save);
    }
    tn_target_free (&target);
    return entries;
}

static PyObject *
save_target (tn_plan *plan, struct save *save, PyObject *target, PyObject *progress)
{
    if (PyUnicode_Check (target) || PyBytes_Check (target))
        return save_path (plan, save, target, progress);
    if (!PyLong_Check (target))
        return save_object (plan, save, target, progress);
    long number = PyLong_AsLong (target);
    if (PyErr_Occurred ())
        return NULL;
    if (number < 0 || number > INT32_MAX) {
        PyErr_Format (PyExc_ValueError, "there is no descriptor %ld", number);
        return NULL;
    }
    save->descriptor = (int) number;
    return tn_saving_run (plan, &save->saving, progress, NULL, save_plan, save);
}

PyObject *
tn_plan_save (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "save", "target", "options", "progress", NULL };
    PyObject *values[3], *entries = NULL;
    struct save save = { .saving = TN_SAVING_INIT };
    if (tn_arguments (names, 2, given, count, keywords, values) < 0)
        return NULL;
    if (!(save.plan = tn_plan_enter ((tn_plan *) (void *) plan)))
        return NULL;
    if (tn_save_options_of (values[1], &save.options) == 0)
        entries = save_target ((tn_plan *) (void *) plan, &save, values[0], values[2]);
    tn_save_options_free (&save.options);
    tn_plan_leave ((tn_plan *) (void *) plan);
    return entries;
}

/* ---- to memory ---- */

static tenon_status
save_in_memory (void *argument, const tenon_progress *progress)
{
    struct save *save = argument;
    return tenon_save_memory (save->plan, &save->options.library, &save->memory, &save->data, &save->size,
                              &save->saving.report, progress, &save->saving.error);
}

/* The bytes as an array that owns memory of the library. */
static PyObject *
wrap_bytes (struct save *save)
{
    npy_intp size = (npy_intp) save->size;
    PyObject *base = tn_memory_wrap (save->memory);
    save->memory = NULL;
    PyObject *array = base && size == 0 ? PyArray_SimpleNew (1, &size, NPY_UINT8)
                      : base
                          ? PyArray_SimpleNewFromData (1, &size, NPY_UINT8, (void *) (uintptr_t) save->data)
                          : NULL;
    if (!array || size == 0) {
        Py_XDECREF (base);
        return array;
    }
    if (PyArray_SetBaseObject ((PyArrayObject *) array, base) < 0)
        Py_CLEAR (array);
    return array;
}

static PyObject *
save_to_memory (tn_plan *plan, struct save *save, PyObject *progress)
{
    PyObject *entries = tn_saving_run (plan, &save->saving, progress, NULL, save_in_memory, save);
    if (!entries) {
        tenon_memory_free (save->memory);
        return NULL;
    }
    PyObject *bytes = wrap_bytes (save);
    PyObject *both = bytes ? PyTuple_Pack (2, bytes, entries) : NULL;
    Py_XDECREF (bytes);
    Py_DECREF (entries);
    return both;
}

PyObject *
tn_plan_save_memory (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "save_memory", "options", "progress", NULL };
    PyObject *values[2], *both = NULL;
    struct save save = { .saving = TN_SAVING_INIT };
    if (tn_arguments (names, 1, given, count, keywords, values) < 0)
        return NULL;
    if (!(save.plan = tn_plan_enter ((tn_plan *) (void *) plan)))
        return NULL;
    if (tn_save_options_of (values[0], &save.options) == 0)
        both = save_to_memory ((tn_plan *) (void *) plan, &save, values[1]);
    tn_save_options_free (&save.options);
    tn_plan_leave ((tn_plan *) (void *) plan);
    return both;
}

/* ---- its size ---- */

static PyObject *
measure_plan (tenon_plan *plan, PyObject *path, PyObject *dict)
{
    tn_save_options options;
    tenon_error error = TENON_ERROR_INIT;
    PyObject *bytes = NULL, *result = NULL;
    uint64_t size;
    if (tn_save_options_of (dict, &options) == 0
        && (path == Py_None || PyUnicode_FSConverter (path, &bytes))) {
        const char *text = bytes ? PyBytes_AsString (bytes) : NULL;
        tenon_status status;
        Py_BEGIN_ALLOW_THREADS;
        status = tenon_plan_size (plan, &options.library, text, &size, &error);
        Py_END_ALLOW_THREADS;
        if (status < 0)
            tn_raise (&error);
        else
            result = PyLong_FromUnsignedLongLong (size);
    }
    Py_XDECREF (bytes);
    tn_save_options_free (&options);
    return result;
}

PyObject *
tn_plan_size (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "size", "path", "options", NULL };
    PyObject *values[2];
    if (tn_arguments (names, 2, given, count, keywords, values) < 0)
        return NULL;
    tenon_plan *library = tn_plan_enter ((tn_plan *) (void *) plan);
    if (!library)
        return NULL;
    PyObject *size = measure_plan (library, values[0], values[1]);
    tn_plan_leave ((tn_plan *) (void *) plan);
    return size;
}
