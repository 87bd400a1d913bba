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
#include <stdlib.h>
#include <tenon/tenon.h>

/* ---- module.c ---- */

/* The types, made once, when the module is loaded. */
extern PyTypeObject *tn_context_type, *tn_handle_type, *tn_file_type, *tn_memory_type, *tn_plan_type,
    *tn_writer_type;
/* Makes a type of a spec, and puts it into the module unless its name begins with '_'. */
PyTypeObject *tn_type_add (PyObject *module, PyType_Spec *spec);
/* Each makes the types and constants of its file; plan.c and writer.c have their own. */
int tn_context_init (PyObject *module);
int tn_file_init (PyObject *module);
int tn_memory_init (PyObject *module);
int tn_dtypes_init (PyObject *module);
int tn_plan_init (PyObject *module);
int tn_writer_init (PyObject *module);
/* The deallocator of an object of a heap type. */
void tn_object_free (PyObject *self);

/* The lock of an object, where the interpreter has none. */
#ifdef Py_GIL_DISABLED
#define TN_LOCK(object) Py_BEGIN_CRITICAL_SECTION (object)
#define TN_UNLOCK Py_END_CRITICAL_SECTION ()
#else
#define TN_LOCK(object) {
#define TN_UNLOCK }
#endif

/* Of PyMemoryView_FromMemory: the headers of the limited API before 3.11 have the function alone. */
#ifndef PyBUF_READ
#define PyBUF_READ 0x100
#define PyBUF_WRITE 0x200
#endif

/* ---- args.c ---- */

/* The arguments of a function of METH_FASTCALL | METH_KEYWORDS. `names`: that of the function, then those of
 * its parameters, then NULL; the first `least` must be given. values[i] is borrowed; NULL: not given. */
int tn_arguments (const char *const *names, int least, PyObject *const *given, Py_ssize_t count,
                  PyObject *keywords, PyObject **values);
/* What the objects are; NULL leaves the default. TypeError and OverflowError as Python's own functions. */
int tn_u64_of (PyObject *object, uint64_t *number);
int tn_u32_of (PyObject *object, uint32_t *number);
int tn_bool_of (PyObject *object, bool *flag);
/* A str without NUL inside; NULL and None leave the default. It lives as long as the object. */
int tn_text_of (PyObject *object, const char **text);
/* A sequence of up to `room` numbers; *count is -1 for NULL and None. */
int tn_numbers_of (PyObject *sequence, uint64_t *numbers, int room, int *count);
/* A sequence of any length, of which PyMem_Free frees *numbers; NULL for NULL and None. */
int tn_indexes_of (PyObject *sequence, uint64_t **numbers, uint64_t *count);

/* ---- errors.c ---- */

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

/* ---- progress.c ---- */

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

/* ---- context.c ---- */

/* tenon._core.Context. Files, plans and writers keep it alive. */
typedef struct tn_context {
    PyObject_HEAD tenon_context *library;
} tn_context;
/* Methods of Context, in other files. */
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

/* What a tenon._core.File, which is a tn_handle, uses. It is closed when the last object that needs it is
 * gone: the File, each array that shares its pages, each call that runs, and each plan that has its tensors
 * keep a reference. */
typedef struct tn_file {
    PyObject_HEAD tenon_file *library;
    tn_context *context;
    PyObject *source; /* the array or the reader that it was opened from; NULL: none */
    bool one_thread;  /* the reader is called on the thread of the call alone: tn_run has to stay `here` */
    tn_caught caught; /* what the reader raised, for the calls that fail */
} tn_file;
typedef struct tn_handle {
    PyObject_HEAD tn_file *file; /* NULL: closed */
} tn_handle;
/* Methods of File, in infos.c, arrays.c, read.c, stream.c and dlpack.c. */
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
/* A new reference to what a File uses; NULL with an exception: it is none, or it is closed. */
tn_file *tn_file_of (PyObject *handle);
/* What the object raised that the file was opened from, as it is; else as tn_raise. Always -1. */
int tn_file_raise (tn_file *file, const tenon_error *error);
/* Forgets what the object raised. */
void tn_file_forget (tn_file *file);

/* Makes the modes MAP_* constants of the module. */
int tn_modes_init (PyObject *module);
/* A File of what the library opened, which it takes over, also if it fails. */
PyObject *tn_handle_new (tn_file *file);
/* The reader of an object of Python. The object and *caught must live until the library has closed it: they
 * are those of a tn_file. The reader has no reference, which the collector would not see. */
int tn_reader_of (PyObject *object, tn_caught *caught, bool one_thread, tenon_reader *reader);

/* Of a tensor of tenon_dlpack_get: the address of its first item; its end. NULL is fine. */
void *tn_lent_data (const void *tensor);
void tn_lent_free (void *tensor);

/* tenon._core.Memory: memory of the library, the base of an array. */
typedef struct tn_memory {
    PyObject_HEAD tenon_memory *library;
} tn_memory;
/* Takes the memory over, also if it fails. */
PyObject *tn_memory_wrap (tenon_memory *memory);

/* ---- dtypes.c ---- */

/* The NumPy dtype that has the items of a dtype of the library, a new reference; NULL without an exception:
 * there is none (blocks, packed items, or a dtype that Python did not set with _core.set_dtype). Opaque ones
 * of NumPy's own family are made of their text, others have items of void. */
PyArray_Descr *tn_descr_of (const tn_file *file, uint32_t dtype);
/* The dtype of the library that has the items of a NumPy dtype, and TENON_BIG_ENDIAN in *flags if they are
 * swapped; TENON_NONE without an exception: there is none. */
uint32_t tn_dtype_of (PyArray_Descr *descr, uint32_t *flags);
/* Whether NumPy itself has a dtype, in both byte orders; it has not bf16. */
static inline bool
tn_dtype_plain (uint32_t dtype)
{
    return dtype >= TENON_BOOL && dtype <= TENON_C128 && dtype != TENON_BF16;
}
/* _core.set_dtype. */
PyObject *tn_set_dtype (PyObject *module, PyObject *args);

/* ---- values.c ---- */

/* Metadata as a dict; as _core.pyi says at File.metadata. */
PyObject *tn_metadata (tenon_file *file);
/* The type of each entry; as _core.pyi says at File.metadata_types. */
PyObject *tn_metadata_types (tenon_file *file);
/* Puts an entry into a plan; as _core.pyi says at Plan.put_metadata. */
int tn_metadata_put (tenon_plan *plan, PyObject *key, PyObject *value, const char *type);
#endif
