/* SPDX-License-Identifier: MIT */
/* dtypes.c - dtypes of the library and of NumPy. */
#include "core.h"
#include <string.h>

/* The NumPy dtypes of the fixed dtypes. They are never freed: threads read them without a lock. */
static _Atomic (PyArray_Descr *) fixed[TENON_DTYPE_FIXED];

/* Whether tenon._dtypes.register was called. It imports ml_dtypes, which is slow. */
static atomic_bool asked;

static const struct {
    uint32_t dtype;
    int numpy;
} known[] = {
    { TENON_BOOL, NPY_BOOL },   { TENON_U8, NPY_UINT8 },     { TENON_U16, NPY_UINT16 },
    { TENON_U32, NPY_UINT32 },  { TENON_U64, NPY_UINT64 },   { TENON_I8, NPY_INT8 },
    { TENON_I16, NPY_INT16 },   { TENON_I32, NPY_INT32 },    { TENON_I64, NPY_INT64 },
    { TENON_F16, NPY_FLOAT16 }, { TENON_F32, NPY_FLOAT32 },  { TENON_F64, NPY_FLOAT64 },
    { TENON_C64, NPY_CFLOAT },  { TENON_C128, NPY_CDOUBLE },
};

int
tn_dtypes_init (PyObject *module)
{
    (void) module;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        PyArray_Descr *descr = PyArray_DescrFromType (known[i].numpy);
        if (!descr)
            return -1;
        atomic_store (&fixed[known[i].dtype], descr);
    }
    return 0;
}

PyObject *
tn_set_dtype (PyObject *module, PyObject *args)
{
    unsigned long dtype;
    PyObject *descr;
    (void) module;
    if (!PyArg_ParseTuple (args, "kO", &dtype, &descr))
        return NULL;
    if (dtype == TENON_NONE || dtype >= TENON_DTYPE_FIXED || tn_dtype_plain ((uint32_t) dtype))
        return PyErr_Format (PyExc_ValueError, "the dtype %lu cannot be set", dtype);
    if (descr != Py_None && !PyArray_DescrCheck (descr))
        return PyErr_Format (PyExc_TypeError, "a numpy.dtype is needed");
    PyArray_Descr *new = descr == Py_None ? NULL : (PyArray_Descr *) descr;
    if (!new) /* and it must stay NULL */
        atomic_store (&asked, true);
    Py_XINCREF (new); /* the old dtype is never freed: a thread may be using it */
    atomic_store (&fixed[dtype], new);
    Py_RETURN_NONE;
}

/* tenon._dtypes.register sets the dtypes of ml_dtypes, if it is installed. */
static int
ask_once (void)
{
    if (atomic_load (&asked))
        return 0;
    PyObject *module = PyImport_ImportModule ("tenon._dtypes");
    PyObject *result = module ? PyObject_CallMethod (module, "register", NULL) : NULL;
    Py_XDECREF (module);
    Py_XDECREF (result);
    if (result)
        atomic_store (&asked, true);
    return result ? 0 : -1;
}

/* ---- to NumPy ---- */

/* The dtype that tenon._dtypes.opaque parses from NumPy's text. */
static PyArray_Descr *
descr_of_text (const char *text, uint64_t bytes)
{
    PyObject *module = PyImport_ImportModule ("tenon._dtypes");
    if (!module)
        return NULL;
    PyObject *descr = PyObject_CallMethod (module, "opaque", "sK", text, (unsigned long long) bytes);
    Py_DECREF (module);
    if (!descr || PyArray_DescrCheck (descr))
        return (PyArray_Descr *) descr;
    PyErr_SetString (PyExc_TypeError, "tenon._dtypes.opaque made no numpy.dtype");
    Py_DECREF (descr);
    return NULL;
}

static PyArray_Descr *
descr_of_void (uint64_t bytes)
{
    if (bytes > INT32_MAX) {
        PyErr_SetString (PyExc_ValueError, "the items are too large for NumPy");
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat ("V%d", (int) bytes);
    PyArray_Descr *descr = NULL;
    if (text && PyArray_DescrConverter (text, &descr) == NPY_FAIL)
        descr = NULL;
    Py_XDECREF (text);
    return descr;
}

PyArray_Descr *
tn_descr_of (const tn_file *file, uint32_t dtype)
{
    if (dtype < TENON_DTYPE_FIXED) {
        PyArray_Descr *descr = atomic_load (&fixed[dtype]);
        if (!descr && dtype != TENON_NONE && ask_once () == 0)
            descr = atomic_load (&fixed[dtype]);
        Py_XINCREF (descr);
        return descr;
    }
    struct tenon_dtype info = TENON_INIT (info);
    if (tenon_dtype_get (file->context->library, file->library, dtype, &info) < 0
        || info.kind != TENON_KIND_OPAQUE)
        return NULL;
    if (!info.family || strcmp (info.family, "numpy") != 0 || !info.text)
        return descr_of_void (info.block_bytes);
    PyArray_Descr *descr = descr_of_text (info.text, info.block_bytes);
    /* The text is from the file: pointers and another item size are refused. */
    if (!descr || (!PyDataType_REFCHK (descr) && (uint64_t) PyDataType_ELSIZE (descr) == info.block_bytes))
        return descr;
    Py_DECREF ((PyObject *) descr);
    return descr_of_void (info.block_bytes);
}

/* ---- from NumPy ---- */

/* NumPy has several types for some numbers, so kind and size decide. */
static uint32_t
dtype_of_number (char kind, npy_intp size)
{
    static const struct {
        char kind, size;
        uint8_t dtype;
    } numbers[] = {
        { 'b', 1, TENON_BOOL }, { 'u', 1, TENON_U8 },    { 'u', 2, TENON_U16 }, { 'u', 4, TENON_U32 },
        { 'u', 8, TENON_U64 },  { 'i', 1, TENON_I8 },    { 'i', 2, TENON_I16 }, { 'i', 4, TENON_I32 },
        { 'i', 8, TENON_I64 },  { 'f', 2, TENON_F16 },   { 'f', 4, TENON_F32 }, { 'f', 8, TENON_F64 },
        { 'c', 8, TENON_C64 },  { 'c', 16, TENON_C128 },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].kind == kind && numbers[i].size == size)
            return numbers[i].dtype;
    return TENON_NONE;
}

uint32_t
tn_dtype_of (PyArray_Descr *descr, uint32_t *flags)
{
    *flags = 0;
    if (PyTypeNum_ISUSERDEF (descr->type_num)) { /* dtypes of ml_dtypes */
        if (ask_once () < 0)
            PyErr_Clear ();
        for (uint32_t dtype = TENON_BF16; dtype < TENON_DTYPE_FIXED; dtype++) {
            PyArray_Descr *set = atomic_load (&fixed[dtype]);
            if (set && !tn_dtype_plain (dtype) && set->type_num == descr->type_num) {
                *flags = PyArray_ISNBO (descr->byteorder) ? 0 : TENON_BIG_ENDIAN;
                return dtype;
            }
        }
        return TENON_NONE;
    }
    if (!PyTypeNum_ISNUMBER (descr->type_num) && !PyTypeNum_ISBOOL (descr->type_num))
        return TENON_NONE;
    *flags = PyArray_ISNBO (descr->byteorder) ? 0 : TENON_BIG_ENDIAN;
    return dtype_of_number (descr->kind, PyDataType_ELSIZE (descr));
}
