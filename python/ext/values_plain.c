/* SPDX-License-Identifier: MIT */
/* values_plain.c - the type that an object has as metadata. */
#include "values.h"

/* ---- refusing ---- */

int
tn_refuse (const tn_put *p, PyObject *exception, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    PyObject *why = PyUnicode_FromFormatV (format, arguments);
    va_end (arguments);
    if (why)
        PyErr_Format (exception, "metadata %R: %U", p->key, why);
    Py_XDECREF (why);
    return -1;
}

int
tn_refuse_object (const tn_put *p, PyObject *object, const char *format)
{
    PyObject *name = PyObject_GetAttrString ((PyObject *) Py_TYPE (object), "__name__");
    PyObject *text = name ? PyObject_Str (name) : NULL; /* a metaclass may return any object */
    if (text)
        tn_refuse (p, PyExc_TypeError, format, text);
    Py_XDECREF (text);
    Py_XDECREF (name);
    return -1;
}

int
tn_refuse_descr (const tn_put *p, PyArray_Descr *descr)
{
    PyObject *why =
        PyUnicode_FromFormat ("metadata %R: metadata have no numbers of the type %S, only bool, i8 to i64, "
                              "u8 to u64, f32 and f64",
                              p->key, (PyObject *) descr);
    PyObject *bytes = why ? PyUnicode_AsUTF8String (why) : NULL;
    if (bytes)
        tn_raise_status (TENON_E_UNSUPPORTED, PyBytes_AsString (bytes));
    Py_XDECREF (bytes);
    Py_XDECREF (why);
    return -1;
}

/* Refuses numbers of other libraries that NumPy cannot take, such as bf16 of MLX. */
static PyObject *
refuse_array (const tn_put *p)
{
    if (!PyErr_ExceptionMatches (PyExc_Exception) || PyErr_ExceptionMatches (PyExc_MemoryError))
        return NULL;
    PyObject *type, *why, *trace;
    PyErr_Fetch (&type, &why, &trace);
    PyErr_NormalizeException (&type, &why, &trace);
    tn_refuse (p, PyExc_ValueError, "NumPy cannot take the array: %S", why ? why : Py_None);
    Py_XDECREF (type);
    Py_XDECREF (why);
    Py_XDECREF (trace);
    return NULL;
}

/* ---- one object ---- */

bool
tn_is_bool (PyObject *object)
{
    return PyBool_Check (object) || PyArray_IsScalar (object, Bool);
}

bool
tn_is_integer (PyObject *object)
{
    return (PyLong_Check (object) && !PyBool_Check (object)) || PyArray_IsScalar (object, Integer);
}

bool
tn_is_real (PyObject *object)
{
    return PyFloat_Check (object) || PyArray_IsScalar (object, Floating);
}

bool
tn_is_text (PyObject *object)
{
    return PyUnicode_Check (object) || PyBytes_Check (object);
}

static bool
is_plain (PyObject *object)
{
    return object == Py_None || tn_is_text (object) || PyLong_Check (object) || PyFloat_Check (object)
           || PyList_Check (object) || PyTuple_Check (object) || PyDict_Check (object)
           || PyArray_IsScalar (object, Generic);
}

/* PyObject_CheckBuffer is in the limited API only from 3.11 on. */
static bool
has_buffer (PyObject *object)
{
    PyObject *view = PyMemoryView_FromObject (object);
    if (!view)
        PyErr_Clear ();
    Py_XDECREF (view);
    return view != NULL;
}

/* 1 or 0; -1 with an exception. */
static int
has_array (PyObject *object)
{
    static const char *const names[] = { "__array_interface__", "__array__", "__dlpack__" };
    int has = 0;
    for (size_t i = 0; has == 0 && i < sizeof names / sizeof *names; i++)
        has = tn_attribute_has (object, names[i]);
    return has == 0 ? has_buffer (object) : has;
}

/* The array itself, unless it is 0-d or its items are objects or texts. */
static PyObject *
plain_array (const tn_put *p, PyArrayObject *array)
{
    const char kind = PyArray_DESCR (array)->kind;
    if (strchr ("OUST", kind) == NULL && PyArray_NDIM (array) > 0) {
        Py_INCREF (array);
        return (PyObject *) array;
    }
    if (strchr ("OUST", kind) == NULL)
        return PyArray_ToScalar (PyArray_DATA (array), array);
    PyObject *list = PyObject_CallMethod ((PyObject *) array, "tolist", NULL);
    if (!list || is_plain (list))
        return list;
    tn_refuse_object (p, list, "no type of metadata holds an object of type %U");
    Py_DECREF (list);
    return NULL;
}

PyObject *
tn_plain (const tn_put *p, PyObject *object)
{
    if (is_plain (object)) {
        Py_INCREF (object);
        return object;
    }
    if (PyArray_Check (object))
        return plain_array (p, (PyArrayObject *) object);
    int has = has_array (object);
    if (has < 0)
        return NULL;
    if (has) {
        PyObject *array = PyArray_FromAny (object, NULL, 0, 0, 0, NULL);
        PyObject *plain = array ? plain_array (p, (PyArrayObject *) array) : refuse_array (p);
        Py_XDECREF (array);
        return plain;
    }
    if (PyIndex_Check (object))
        return PyNumber_Index (object);
    if (PySequence_Check (object))
        return PySequence_List (object);
    tn_refuse_object (p, object, "no type of metadata holds an object of type %U");
    return NULL;
}

/* The type of a NumPy scalar; TENON_NONE without an exception: metadata have no such type. */
static int
numpy_type (PyObject *object, uint32_t *type)
{
    PyArray_Descr *descr = PyArray_DescrFromScalar (object);
    *type = descr ? tn_value_type_of (descr) : TENON_NONE;
    Py_XDECREF (descr);
    return descr ? 0 : -1;
}

/* i64, or u64 for larger numbers. tn_value_of refuses still larger ones. */
static uint32_t
integer_type (PyObject *object)
{
    int overflow = 0;
    PyLong_AsLongLongAndOverflow (object, &overflow);
    return overflow > 0 ? TENON_U64 : TENON_I64;
}

int
tn_scalar_type (const tn_put *p, PyObject *object, uint32_t *type)
{
    *type = TENON_NONE;
    if (object == Py_None)
        return 0;
    if (tn_is_text (object))
        *type = TENON_STRING;
    else if (PyArray_IsScalar (object, Generic)) {
        if (numpy_type (object, type) < 0)
            return -1;
        if (*type == TENON_NONE) {
            PyArray_Descr *descr = PyArray_DescrFromScalar (object);
            if (descr)
                tn_refuse_descr (p, descr);
            Py_XDECREF (descr);
            return -1;
        }
    } else if (PyBool_Check (object))
        *type = TENON_BOOL;
    else
        *type = PyLong_Check (object) ? integer_type (object) : TENON_F64;
    return 0;
}

/* ---- a list ---- */

PyObject *
tn_plain_list (const tn_put *p, PyObject *object)
{
    PyObject *list = PySequence_List (object);
    Py_ssize_t count = list ? PyList_Size (list) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyList_GetItem (list, i);
        if (is_plain (item))
            continue;
        PyObject *plain = tn_plain (p, item);
        if (!plain || PyList_SetItem (list, i, plain) < 0) {
            Py_DECREF (list);
            return NULL;
        }
    }
    return list;
}

/* The kinds of the items of a list. */
enum { TEXTS = 1, BOOLS = 2, INTEGERS = 4, REALS = 8, ARRAYS = 16, OTHERS = 32 };

static unsigned
item_kind (PyObject *item)
{
    if (tn_is_text (item))
        return TEXTS;
    if (tn_is_bool (item))
        return BOOLS;
    if (tn_is_integer (item))
        return INTEGERS;
    if (tn_is_real (item))
        return REALS;
    return PyList_Check (item) || PyTuple_Check (item) || PyArray_Check (item) ? ARRAYS : OTHERS;
}

/* The type of a list of numbers: the common type of NumPy scalars; else f64 if an item is a float; else i64,
 * or u64 if an item is larger. */
static int
numbers_type (const tn_put *p, PyObject *list, unsigned kinds, uint32_t *type)
{
    Py_ssize_t count = PyList_Size (list);
    bool same = true, large = false;
    uint32_t first = TENON_NONE, own;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyList_GetItem (list, i);
        if (tn_scalar_type (p, item, &own) < 0)
            return -1;
        same &= PyArray_IsScalar (item, Generic) && (i == 0 || own == first);
        large |= own == TENON_U64;
        first = own;
    }
    *type = same ? first : kinds & REALS ? TENON_F64 : large ? TENON_U64 : TENON_I64;
    return 0;
}

int
tn_list_type (const tn_put *p, PyObject *list, uint32_t *type)
{
    Py_ssize_t count = PyList_Size (list);
    unsigned kinds = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        kinds |= item_kind (PyList_GetItem (list, i));
    switch (kinds) {
    case 0: /* as in MLX, whose lists have strings only */
    case TEXTS: *type = TENON_STRING; return 0;
    case BOOLS: *type = TENON_BOOL; return 0;
    case ARRAYS: *type = TENON_ARRAY; return 0;
    case INTEGERS:
    case REALS:
    case INTEGERS | REALS: return numbers_type (p, list, kinds, type);
    default: *type = TENON_MIXED; return 0;
    }
}
