/* SPDX-License-Identifier: MIT */
/* core.h - the declarations that the files of the extension tenon._core share.
 *
 * The extension converts objects to the structs of tenon.h and back, and releases the GIL while bytes move.
 * The rest is in Python, in the package. The caller of these functions holds the GIL. Functions that return
 * int return 0, or -1 with an exception set. */
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
#include <stdlib.h>
#include <tenon/tenon.h>

/* ---- module.c ---- */

/* The types. The initialisation of the module creates them. */
extern PyTypeObject *tn_context_type, *tn_handle_type, *tn_file_type, *tn_memory_type, *tn_plan_type,
    *tn_writer_type;
/* Creates a type from a spec, and adds it to the module unless its name begins with '_'. */
PyTypeObject *tn_type_add (PyObject *module, PyType_Spec *spec);
/* Each function creates the types and constants of its file. */
int tn_context_init (PyObject *module);
int tn_file_init (PyObject *module);
int tn_memory_init (PyObject *module);
int tn_dtypes_init (PyObject *module);
int tn_plan_init (PyObject *module);
int tn_writer_init (PyObject *module);
/* The deallocator of an object of a heap type. */
void tn_object_free (PyObject *self);

/* Locks an object in free-threaded interpreters. */
#ifdef Py_GIL_DISABLED
#define TN_LOCK(object) Py_BEGIN_CRITICAL_SECTION (object)
#define TN_UNLOCK Py_END_CRITICAL_SECTION ()
#else
#define TN_LOCK(object) {
#define TN_UNLOCK }
#endif

/* Flags of PyMemoryView_FromMemory, which the headers of the limited API before 3.11 lack. */
#ifndef PyBUF_READ
#define PyBUF_READ 0x100
#define PyBUF_WRITE 0x200
#endif

/* ---- args.c ---- */

/* Parses the arguments of a METH_FASTCALL | METH_KEYWORDS function. `names` has the name of the function,
 * those of its parameters, and NULL; the first `least` parameters are required. values[i] is borrowed, or
 * NULL if the argument is missing. */
int tn_arguments (const char *const *names, int least, PyObject *const *given, Py_ssize_t count,
                  PyObject *keywords, PyObject **values);
/* Convert an object; NULL leaves the default. They raise TypeError and OverflowError, as Python does. */
int tn_u64_of (PyObject *object, uint64_t *number);
int tn_u32_of (PyObject *object, uint32_t *number);
int tn_bool_of (PyObject *object, bool *flag);
/* The UTF-8 of a str without NUL; NULL and None leave the default. The object owns the text. */
int tn_text_of (PyObject *object, const char **text);
/* Whether the object has an attribute; -1 with an exception of the attribute that is no AttributeError. */
int tn_attribute_has (PyObject *object, const char *name);
/* Converts a sequence of up to `room` numbers; *count is -1 for NULL and None. */
int tn_numbers_of (PyObject *sequence, uint64_t *numbers, int room, int *count);
/* Converts a sequence of any length. PyMem_Free frees *numbers, which is NULL for NULL and None. */
int tn_indexes_of (PyObject *sequence, uint64_t **numbers, uint64_t *count);

/* ---- errors.c ---- */

/* Sets the exception that tenon._errors.make returns for a failure, unless a callback or a signal has set
 * one. Returns -1. */
int tn_raise (const tenon_error *error);
/* Like tn_raise, for a function that returns only a status. */
int tn_raise_status (tenon_status status, const char *message);
/* A list of tuples (kind, status, chosen, subject, file, message); empty for NULL. */
PyObject *tn_report_list (const tenon_report *report);
/* A str of `length` bytes of UTF-8 (or TENON_NUL), with surrogates for invalid bytes; None for NULL. */
PyObject *tn_text (const char *text, uint64_t length);

/* A NULL-terminated array of the UTF-8 of a sequence of str; NULL for None. */
typedef struct tn_texts {
    const char **texts;
    PyObject *keep;
} tn_texts;
int tn_texts_of (PyObject *sequence, tn_texts *texts);
void tn_texts_free (tn_texts *texts);

/* ---- progress.c ---- */

/* A long call of the library. It runs without the GIL, on any thread. */
typedef tenon_status (*tn_work) (void *argument, const tenon_progress *progress);
/* `bytes` of tn_run: unknown, and perhaps many. */
#define TN_MANY_BYTES UINT64_MAX
/* Releases the GIL, calls work (argument, progress), and returns its status. The calling thread calls the
 * callable (done, total) meanwhile; it may be NULL or None. Ctrl-C and an exception of the callable stop the
 * work: the exception is set, and the result is TENON_E_CANCELLED. That holds even if the work was complete
 * by then, so the caller must free the results. If the work moves more than 16 MiB (`bytes`), it runs on a
 * new thread. `here` prevents that: the work calls Python objects that need this thread (tenon_output,
 * TENON_READER_ONE_THREAD). */
tenon_status tn_run (PyObject *callable, uint64_t bytes, bool here, tn_work work, void *argument);

/* The exception of a callback on any thread, for the thread that called the library. */
typedef struct tn_caught {
    _Atomic (PyObject *) exception; /* NULL: none */
} tn_caught;
/* Moves the current exception here, unless there is one already. */
void tn_caught_keep (tn_caught *caught);
/* Sets the kept exception, unless another one is set, and drops it here. False: there was none. */
bool tn_caught_raise (tn_caught *caught);

/* ---- context.c ---- */

/* tenon._core.Context. Files, plans and writers keep it alive. */
typedef struct tn_context {
    PyObject_HEAD tenon_context *library;
} tn_context;
/* Methods of Context that other files implement. */
PyObject *tn_context_open (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_context_formats (PyObject *self, PyObject *none);
PyObject *tn_context_filters (PyObject *self, PyObject *none);
PyObject *tn_context_dtypes (PyObject *self, PyObject *none);
PyObject *tn_context_config (PyObject *self, PyObject *none);
PyObject *tn_context_castable (PyObject *self, PyObject *args);
PyObject *tn_context_cast (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_context_plan (PyObject *self, PyObject *none);
PyObject *tn_context_writer (PyObject *self, PyObject *args);

/* ---- file.c ---- */

/* The open file of a tenon._core.File (a tn_handle). The File, each array that shares its pages, each running
 * call, and each plan with its tensors have a reference. The last reference closes it. */
typedef struct tn_file {
    PyObject_HEAD tenon_file *library;
    tn_context *context;
    PyObject *source; /* the array or reader of the source; NULL: none */
    bool one_thread;  /* the reader needs the calling thread: `here` of tn_run */
    tn_caught caught; /* the exception of the reader */
} tn_file;
typedef struct tn_handle {
    PyObject_HEAD tn_file *file; /* NULL: closed */
} tn_handle;
/* Methods of File that other files implement. */
PyObject *tn_handle_info (PyObject *self, PyObject *index);
PyObject *tn_handle_infos (PyObject *self, PyObject *args);
PyObject *tn_handle_names (PyObject *self, PyObject *none);
PyObject *tn_handle_dtypes (PyObject *self, PyObject *none);
PyObject *tn_handle_family (PyObject *self, PyObject *index);
PyObject *tn_handle_packed (PyObject *self, PyObject *index);
PyObject *tn_handle_array (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_handle_view (PyObject *self, PyObject *index);
PyObject *tn_handle_arrays (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_handle_read_into (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_handle_stream (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_handle_advise (PyObject *self, PyObject *args);
PyObject *tn_handle_dlpack (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
PyObject *tn_handle_verify (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords);
/* A new reference to the open file of a File. NULL with an exception: another type, or a closed File. */
tn_file *tn_file_of (PyObject *handle);
/* Sets the exception of the file's reader if there is one, else like tn_raise. Returns -1. */
int tn_file_raise (tn_file *file, const tenon_error *error);
/* Drops the exception of the file's reader. */
void tn_file_forget (tn_file *file);

/* Adds the constants MAP_* to the module. */
int tn_modes_init (PyObject *module);
/* A File of an open file. It takes the reference over, even if it fails. */
PyObject *tn_handle_new (tn_file *file);
/* A reader of a Python object. The object and *caught belong to a tn_file, and live until the library closes
 * the reader. The reader itself has no reference, because the garbage collector could not traverse it. */
int tn_reader_of (PyObject *object, tn_caught *caught, bool one_thread, tenon_reader *reader);

/* The address of the first item of a tensor of tenon_dlpack_get; and its deallocator. NULL has no effect. */
void *tn_lent_data (const void *tensor);
void tn_lent_free (void *tensor);

/* tenon._core.Memory: memory of the library. It is the base of arrays. */
typedef struct tn_memory {
    PyObject_HEAD tenon_memory *library;
} tn_memory;
/* Takes the memory over, even if it fails. */
PyObject *tn_memory_wrap (tenon_memory *memory);

/* ---- dtypes.c ---- */

/* The NumPy dtype for a dtype of the library, a new reference. NULL without an exception: none (blocks,
 * packed items, or a dtype that _core.set_dtype did not set). Opaque dtypes of the family "numpy" are parsed
 * from their text; other opaque dtypes become void. */
PyArray_Descr *tn_descr_of (const tn_file *file, uint32_t dtype);
/* The dtype of the library for a NumPy dtype, with TENON_BIG_ENDIAN in *flags for big-endian items.
 * TENON_NONE without an exception: none. */
uint32_t tn_dtype_of (PyArray_Descr *descr, uint32_t *flags);
/* Whether NumPy itself has the dtype, in both byte orders. It lacks bf16. */
static inline bool
tn_dtype_plain (uint32_t dtype)
{
    return dtype >= TENON_BOOL && dtype <= TENON_C128 && dtype != TENON_BF16;
}
/* _core.set_dtype. */
PyObject *tn_set_dtype (PyObject *module, PyObject *args);

/* ---- values.c ---- */

/* The metadata as a dict: see File.metadata in _core.pyi. */
PyObject *tn_metadata (tenon_file *file);
/* The type of each entry: see File.metadata_types in _core.pyi. */
PyObject *tn_metadata_types (tenon_file *file);
/* Adds an entry to a plan: see Plan.put_metadata in _core.pyi. */
int tn_metadata_put (tenon_plan *plan, PyObject *key, PyObject *value, const char *type);
#endif
