/* SPDX-License-Identifier: MIT */
/* open.c - Context.open: of a path, a descriptor, memory, or an object that reads. */
#include "core.h"

/* The source and the options of an open call. */
struct opening {
    tn_file *file;
    tenon_open_options options;
    tn_texts settings;
    PyObject *path; /* bytes; NULL: none */
    int descriptor; /* -1: none */
    const void *memory;
    uint64_t size;
    tenon_reader reader; /* read_at NULL: none */
    tenon_error error;
};

static tenon_status
open_work (void *argument, const tenon_progress *progress)
{
    struct opening *opening = argument;
    tenon_context *context = opening->file->context->library;
    tenon_file **file = &opening->file->library;
    opening->options.progress = progress;
    if (opening->path)
        return tenon_open (context, PyBytes_AsString (opening->path), &opening->options, file,
                           &opening->error);
    if (opening->descriptor >= 0)
        return tenon_open_fd (context, opening->descriptor, &opening->options, file, &opening->error);
    if (opening->reader.read_at)
        return tenon_open_reader (context, &opening->reader, &opening->options, file, &opening->error);
    return tenon_open_memory (context, opening->memory, opening->size, &opening->options, file,
                              &opening->error);
}

static int
use_memory (struct opening *opening, PyObject *source)
{
    PyArrayObject *array = (PyArrayObject *) source;
    if (!PyArray_IS_C_CONTIGUOUS (array)) {
        PyErr_SetString (PyExc_ValueError, "the array must be C-contiguous");
        return -1;
    }
    opening->memory = PyArray_DATA (array);
    opening->size = (uint64_t) PyArray_NBYTES (array);
    opening->file->source = Py_NewRef (source);
    return 0;
}

static int
use_reader (struct opening *opening, PyObject *source)
{
    opening->file->source = Py_NewRef (source);
    return tn_reader_of (source, &opening->file->caught, opening->file->one_thread, &opening->reader);
}

static int
use_source (struct opening *opening, PyObject *source)
{
    if (PyLong_Check (source)) {
        long descriptor = PyLong_AsLong (source);
        if (descriptor < 0 || descriptor > INT32_MAX) {
            if (!PyErr_Occurred ())
                PyErr_Format (PyExc_ValueError, "%ld is no file descriptor", descriptor);
            return -1;
        }
        opening->descriptor = (int) descriptor;
        return 0;
    }
    if (PyArray_Check (source))
        return use_memory (opening, source);
    int reads = PyUnicode_Check (source) || PyBytes_Check (source) ? 0 : tn_attribute_has (source, "read_at");
    if (reads != 0)
        return reads < 0 ? -1 : use_reader (opening, source);
    return PyUnicode_FSConverter (source, &opening->path) ? 0 : -1;
}

static tn_file *
file_new (tn_context *context)
{
    tn_file *file = PyObject_GC_New (tn_file, tn_file_type);
    if (!file)
        return NULL;
    file->library = NULL;
    file->context = (tn_context *) Py_NewRef ((PyObject *) context);
    file->source = NULL;
    atomic_init (&file->caught.exception, NULL);
    file->one_thread = false;
    PyObject_GC_Track ((PyObject *) file);
    return file;
}

static int
open_run (struct opening *opening, PyObject *progress)
{
    opening->options.settings = opening->settings.texts;
    /* a pipe may be slow, and a reader may need other threads; other sources are fast */
    bool slow = opening->descriptor >= 0 || opening->reader.read_at;
    tenon_status status =
        tn_run (progress, slow ? TN_MANY_BYTES : 0, opening->file->one_thread, open_work, opening);
    return status < 0 ? tn_file_raise (opening->file, &opening->error) : 0;
}

PyObject *
tn_context_open (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "open",   "source", "format",     "settings", "name", "flags",
                                         "offset", "length", "one_thread", "progress", NULL };
    PyObject *values[9], *result = NULL;
    struct opening opening = { .options = TENON_INIT (opening.options),
                               .descriptor = -1,
                               .error = TENON_ERROR_INIT };
    if (tn_arguments (names, 1, given, count, keywords, values) < 0)
        return NULL;
    opening.file = file_new ((tn_context *) self);
    if (opening.file && tn_text_of (values[1], &opening.options.format) == 0
        && tn_texts_of (values[2], &opening.settings) == 0
        && tn_text_of (values[3], &opening.options.name) == 0
        && tn_u32_of (values[4], &opening.options.flags) == 0
        && tn_u64_of (values[5], &opening.options.offset) == 0
        && tn_u64_of (values[6], &opening.options.length) == 0
        && tn_bool_of (values[7], &opening.file->one_thread) == 0 && use_source (&opening, values[0]) == 0
        && open_run (&opening, values[8]) == 0)
        result = tn_handle_new ((tn_file *) Py_NewRef ((PyObject *) opening.file));
    tn_texts_free (&opening.settings);
    Py_XDECREF (opening.path);
    Py_XDECREF ((PyObject *) opening.file);
    return result;
}
