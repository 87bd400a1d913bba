/* SPDX-License-Identifier: MIT */
/* saving.h - the declarations of the files that save:
 *
 *     given.c    arrays of NumPy as arrays of the library
 *     options.c  a dict as tenon_save_options
 *     target.c   an object with write and patch as tenon_output
 *     save.c     the saves of a plan
 *     plan.c     tenon._core.Plan
 *     writer.c   tenon._core.Writer
 *
 * Functions that return int return 0, or -1 with an exception set. */
#ifndef TENON_PYTHON_SAVING_H
#define TENON_PYTHON_SAVING_H
#include "core.h"

/* ---- given.c ---- */

/* Arrays for tenon_plan_add_many. */
typedef struct tn_arrays {
    tenon_array *items;
    uint64_t count;
    int64_t *numbers, *next, *end; /* room for shapes and strides */
    struct tn_opaque *opaque;      /* a list of the dtypes that only NumPy has */
    PyObject *keep;                /* owns the memory of the items: the tuples, and a list of copies */
    PyObject *copies;
} tn_arrays;
/* Converts the sequence of Plan.add_arrays in _core.pyi. The caller calls tn_arrays_free even if it fails. */
int tn_arrays_of (PyObject *sequence, tn_arrays *arrays);
void tn_arrays_free (tn_arrays *arrays);
/* Sets the dtype of an array from a number or a NumPy dtype. */
int tn_arrays_set_dtype (tn_arrays *arrays, PyObject *dtype, tenon_array *array);
/* Sets the shape of an array from a sequence. `unknown`: -1 as the first dim is TENON_UNKNOWN_DIM. */
int tn_arrays_set_shape (tn_arrays *arrays, PyObject *shape, bool unknown, tenon_array *array);

/* ---- options.c ---- */

typedef struct tn_save_options {
    tenon_save_options library;
    const char *name; /* NULL: none */
    tn_texts settings;
} tn_save_options;
/* The texts live as long as the dict. */
int tn_save_options_of (PyObject *dict, tn_save_options *options);
void tn_save_options_free (tn_save_options *options);

/* ---- target.c ---- */

typedef struct tn_target {
    tenon_output output;
    PyObject *write, *patch; /* patch NULL: there is none */
    tn_caught caught;
} tn_target;
int tn_target_of (PyObject *object, const char *name, tn_target *target);
void tn_target_free (tn_target *target);

/* ---- plan.c ---- */

/* tenon._core.Plan. It owns references to all arrays and files that were added. */
typedef struct tn_plan {
    PyObject_HEAD tenon_plan *library; /* NULL: the plan of a closed writer */
    tenon_writer *writer;              /* which has the plan; NULL: none */
    tn_context *context;
    PyObject *keep; /* a list */
    atomic_bool busy;
} tn_plan;
/* Begins the use of the plan by this thread. NULL with an exception: another thread uses it. */
tenon_plan *tn_plan_enter (tn_plan *plan);
void tn_plan_leave (tn_plan *plan);
/* A plan, which it takes over, also if it fails; with the writer that it belongs to. */
PyObject *tn_plan_wrap (tn_context *context, tenon_plan *library, tenon_writer *writer);
int tn_plan_add (tn_plan *plan, PyObject *sequence);

/* ---- save.c ---- */

PyObject *tn_plan_size (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_plan_save (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_plan_save_memory (PyObject *plan, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
/* A save, which `work` does: calls it, and returns the entries of its report. With an exception these are its
 * attribute `entries`. */
typedef struct tn_saving {
    tenon_report *report;
    tenon_error error;
} tn_saving;
#define TN_SAVING_INIT                                                                                       \
    {                                                                                                        \
        NULL, TENON_ERROR_INIT                                                                               \
    }
PyObject *tn_saving_run (tn_plan *plan, tn_saving *saving, PyObject *progress, tn_target *target,
                         tn_work work, void *argument);
#endif
