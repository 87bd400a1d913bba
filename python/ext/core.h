/* SPDX-License-Identifier: MIT */
/* core.h - what the files of the extension tenon._core share.
 *
 * The extension turns objects into the structs of tenon.h and back, and releases the lock of the interpreter
 * while bytes move. What can be said in Python is in the package. The functions here need that lock; those
 * that return int return 0, or -1 with an exception set. */
#ifndef TENON_PYTHON_CORE_H
#define TENON_PYTHON_CORE_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL tenon_numpy
#ifndef TENON_PYTHON_MODULE
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <tenon/tenon.h>

/* ---- module.c --------------------------------------------------------------------------------------------
 */

/* The types, made once, when the module is loaded. */
extern PyTypeObject *tn_context_type, *tn_file_type, *tn_memory_type, *tn_plan_type, *tn_writer_type;

/* ---- errors.c --------------------------------------------------------------------------------------------
 */

/* Sets the exception that tenon._errors.make returns for a failure; always -1. An exception that is set
 * already (of a callback, or of a signal) stays. */
int tn_raise (const tenon_error *error);
/* The same for a function that returns no more than a status. */
int tn_raise_status (tenon_status status, const char *message);
/* The entries of a report: a list of tuples (kind, status, chosen, subject, file, message). NULL: an empty
 * list. */
PyObject *tn_report_list (const tenon_report *report);
/* A str of `length` bytes of UTF-8, or TENON_NUL, with surrogates for bytes that are none; None for NULL. */
PyObject *tn_text (const char *text, uint64_t length);

/* A NULL-terminated array of the texts of a sequence of str; NULL for None. */
typedef struct tn_texts {
    const char **texts;
    PyObject *keep;
} tn_texts;
int tn_texts_of (PyObject *sequence, tn_texts *texts);
void tn_texts_free (tn_texts *texts);

/* ---- progress.c ------------------------------------------------------------------------------------------
 */

/* What a call of the library does that may be long: without the lock of the interpreter, on any thread. */
typedef tenon_status (*tn_work) (void *argument, const tenon_progress *progress);
/* For `bytes` below: not known, and perhaps many. */
#define TN_MANY_BYTES UINT64_MAX
/* Releases the lock of the interpreter, calls work (argument, progress), and returns its status. Meanwhile
 * the callable (done, total), which may be NULL or None, is called on the calling thread, and Ctrl-C and what
 * the callable raises stop the work. Then an exception is set and the result is TENON_E_CANCELLED, also if
 * they came when the work was done already: so the caller frees what it has got. `bytes` that the work moves:
 * beyond 16 MiB the work runs on a thread of its own. `here`: never, since the work calls objects of Python
 * that must be called on this thread (tenon_output, TENON_READER_ONE_THREAD). */
tenon_status tn_run (PyObject *callable, uint64_t bytes, bool here, tn_work work, void *argument);

/* The exception of a callback, which may run on any thread, for the one that called the library. */
typedef struct tn_caught {
    _Atomic (PyObject *) exception; /* NULL: none */
} tn_caught;
/* Takes the exception that is set, unless it has one. */
void tn_caught_keep (tn_caught *caught);
/* Sets the exception again, which is then gone here, unless another one is set; false: there was none. */
bool tn_caught_raise (tn_caught *caught);

/* ---- context.c -------------------------------------------------------------------------------------------
 */

/* tenon._core.Context. Files, plans and writers keep it alive. */
typedef struct tn_context {
    PyObject_HEAD tenon_context *library;
} tn_context;

/* ---- file.c ----------------------------------------------------------------------------------------------
 */

/* tenon._core.File. It is closed when the last object that needs it is gone: each array that shares its
 * pages, and each plan that has its tensors, keeps a reference. */
typedef struct tn_file {
    PyObject_HEAD tenon_file *library;
    tn_context *context;
    PyObject *source; /* the array or the reader that it was opened from; NULL: none */
    bool one_thread;  /* the reader is called on the thread of the call alone: tn_run has to stay `here` */
    tn_caught caught; /* what the reader raised, for the calls that fail */
} tn_file;

/* tenon._core.Memory: memory of the library, the base of an array. */
typedef struct tn_memory {
    PyObject_HEAD tenon_memory *library;
} tn_memory;
/* Takes the memory over, also if it fails. */
PyObject *tn_memory_wrap (tenon_memory *memory);

/* ---- dtypes.c --------------------------------------------------------------------------------------------
 */

/* The NumPy dtype that has the items of a dtype of the library, a new reference; NULL without an exception:
 * there is none (blocks, packed items, or a dtype that Python did not set with _core.set_dtype). Opaque ones
 * of NumPy's own family are made of their text. */
PyArray_Descr *tn_descr_of (const tenon_context *context, const tenon_file *file, uint32_t dtype);
/* The dtype of the library that has the items of a NumPy dtype, and TENON_BIG_ENDIAN in *flags if they are
 * swapped; TENON_NONE without an exception: there is none. */
uint32_t tn_dtype_of (PyArray_Descr *descr, uint32_t *flags);

/* ---- values.c --------------------------------------------------------------------------------------------
 */

/* Metadata as a dict; as _core.pyi says at File.metadata. */
PyObject *tn_metadata (tenon_file *file);
/* Puts an entry into a plan; as _core.pyi says at Plan.put_metadata. */
int tn_metadata_put (tenon_plan *plan, PyObject *key, PyObject *value, const char *type);

/* ---- plan.c, writer.c -------------------------------------------------------------------------------------
 */

/* module.c makes the types of these. */
extern PyType_Spec tn_plan_spec, tn_writer_spec;

/* tenon._core.Plan. It keeps all arrays and files that were added. */
typedef struct tn_plan {
    PyObject_HEAD tenon_plan *library; /* NULL: that of a writer which is closed */
    tn_context *context;
    PyObject *keep; /* a list */
    atomic_bool busy;
} tn_plan;

/* Context.plan and Context.writer. */
PyObject *tn_plan_make (tn_context *context);
PyObject *tn_writer_make (tn_context *context, PyObject *path, PyObject *options);
#endif
