/* SPDX-License-Identifier: MIT */
/* values_put.c - objects as metadata of a plan.
 *
 * An object becomes a tree of struct tenon_value, which the plan copies. The tree points to blocks that are
 * freed together, and to memory of objects that `keep` owns. */
#include "values.h"
#include <math.h>

typedef struct block {
    struct block *next;
    _Alignas(16) unsigned char bytes[];
} block;

static void *
block_new (tn_put *p, size_t count, size_t size)
{
    block *made = NULL;
    if (count <= (PY_SSIZE_T_MAX - sizeof *made) / size)
        made = PyMem_Malloc (sizeof *made + count * size);
    if (!made)
        return PyErr_NoMemory ();
    made->next = p->blocks;
    p->blocks = made;
    return made->bytes;
}

static void
free_blocks (tn_put *p)
{
    while (p->blocks) {
        block *next = ((block *) p->blocks)->next;
        PyMem_Free (p->blocks);
        p->blocks = next;
    }
}

/* Takes a reference over, for as long as the tree is needed. */
static PyObject *
keep_object (tn_put *p, PyObject *object)
{
    int failed = object ? PyList_Append (p->keep, object) : -1;
    Py_XDECREF (object);
    return failed ? NULL : object;
}

/* ---- numbers ---- */

static int
integer_of (const tn_put *p, PyObject *object, uint32_t type, struct tenon_value *value)
{
    bool is_signed = type >= TENON_I8;
    unsigned unused = 64 - (8u << (type - (is_signed ? TENON_I8 : TENON_U8)));
    if (!tn_is_integer (object))
        return tn_refuse_object (p, object, "a whole number is needed, and not an object of type %U");
    PyObject *number = PyNumber_Index (object);
    if (!number)
        return -1;
    int overflow = 0;
    bool fits;
    if (is_signed) {
        int64_t most = INT64_MAX >> unused;
        value->as.i = PyLong_AsLongLongAndOverflow (number, &overflow);
        fits = !overflow && value->as.i <= most && value->as.i >= -most - 1;
    } else {
        value->as.u = PyLong_AsUnsignedLongLong (number);
        overflow = PyErr_Occurred () && PyErr_ExceptionMatches (PyExc_OverflowError);
        if (overflow)
            PyErr_Clear ();
        fits = !overflow && value->as.u <= UINT64_MAX >> unused;
    }
    if (!fits && !PyErr_Occurred ())
        tn_refuse (p, PyExc_OverflowError, "%s cannot hold an integer as large or as small as this",
                   tn_value_type_name (type, TENON_NONE));
    Py_DECREF (number);
    return PyErr_Occurred () ? -1 : 0;
}

/* An integer among floats must be exact in f64: metadata are not rounded silently. */
static int
real_of_integer (const tn_put *p, PyObject *object, double *real)
{
    PyObject *number = PyNumber_Index (object);
    *real = number ? PyLong_AsDouble (number) : -1;
    bool failed = *real == -1 && PyErr_Occurred ();
    if (failed && number && PyErr_ExceptionMatches (PyExc_OverflowError)) {
        PyErr_Clear ();
        tn_refuse (p, PyExc_OverflowError, "f64 cannot hold an integer as large or as small as this");
    }
    PyObject *back = failed ? NULL : PyLong_FromDouble (*real);
    int same = back ? PyObject_RichCompareBool (number, back, Py_EQ) : -1;
    if (same == 0)
        tn_refuse (p, PyExc_ValueError, "f64 does not have the integer %S", number);
    Py_XDECREF (back);
    Py_XDECREF (number);
    return same == 1 ? 0 : -1;
}

static int
real_of (const tn_put *p, PyObject *object, uint32_t type, struct tenon_value *value)
{
    double real;
    if (tn_is_integer (object)) {
        if (real_of_integer (p, object, &real) < 0)
            return -1;
    } else if (tn_is_real (object)) {
        real = PyFloat_AsDouble (object);
        if (real == -1 && PyErr_Occurred ())
            return -1;
    } else
        return tn_refuse_object (p, object, "a number is needed, and not an object of type %U");
    value->as.f = type == TENON_F32 ? (float) real : real;
    if (isinf (value->as.f) && !isinf (real))
        return tn_refuse (p, PyExc_OverflowError, "f32 cannot hold a number as large or as small as this");
    return 0;
}

static int
number_of (const tn_put *p, PyObject *object, uint32_t type, struct tenon_value *value)
{
    value->type = type;
    if (type == TENON_F32 || type == TENON_F64)
        return real_of (p, object, type, value);
    if (type != TENON_BOOL)
        return integer_of (p, object, type, value);
    if (!tn_is_bool (object))
        return tn_refuse_object (p, object, "a bool is needed, and not an object of type %U");
    int is_true = PyObject_IsTrue (object);
    value->as.u = is_true > 0;
    return is_true < 0 ? -1 : 0;
}

/* ---- arrays ---- */

static const uint32_t machine_order =
    __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? TENON_ENCODING_BIG : TENON_ENCODING_LITTLE;

static void
set_array (struct tenon_value *value, uint32_t item_type, Py_ssize_t count, const void *memory,
           uint64_t length)
{
    value->type = TENON_ARRAY;
    value->item_type = item_type;
    value->count = (uint64_t) count;
    value->encoding = machine_order;
    value->length = length;
    value->as.memory = memory;
}

static int
numbers_of_list (tn_put *p, PyObject *list, uint32_t type, struct tenon_value *value)
{
    Py_ssize_t count = PyList_Size (list);
    unsigned char *packed = block_new (p, (size_t) count, 8);
    struct tenon_value number = { .source = TENON_NO_SOURCE };
    if (!packed)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (number_of (p, PyList_GetItem (list, i), type, &number) < 0)
            return -1;
        tn_pack_number (&number, packed, (uint64_t) i);
    }
    set_array (value, type, count, packed, (uint64_t) count * tn_value_size (type));
    return 0;
}

/* A 1-d array of numbers of `type`, of any strides and byte order. */
static int
numbers_of_array (tn_put *p, PyArrayObject *array, uint32_t type, struct tenon_value *value)
{
    PyArray_Descr *descr = PyArray_DescrFromType (tn_value_numpy (type));
    PyObject *packed =
        descr ? keep_object (p, PyArray_FromAny ((PyObject *) array, descr, 1, 1, NPY_ARRAY_CARRAY_RO, NULL))
              : NULL;
    if (!packed)
        return -1;
    Py_ssize_t count = PyArray_DIM ((PyArrayObject *) packed, 0);
    set_array (value, type, count, PyArray_DATA ((PyArrayObject *) packed),
               (uint64_t) count * tn_value_size (type));
    return 0;
}

static int
text_of (PyObject *object, const char **text, Py_ssize_t *length)
{
    if (PyUnicode_Check (object)) {
        *text = PyUnicode_AsUTF8AndSize (object, length);
        return *text ? 0 : -1;
    }
    char *bytes;
    int failed = PyBytes_AsStringAndSize (object, &bytes, length);
    *text = failed ? NULL : bytes;
    return failed;
}

static int
strings_of_list (tn_put *p, PyObject *list, struct tenon_value *value)
{
    Py_ssize_t count = PyList_Size (list), length;
    const char *text;
    size_t size = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *object = PyList_GetItem (list, i);
        if (!tn_is_text (object))
            return tn_refuse_object (p, object, "a string is needed, and not an object of type %U");
        if (text_of (object, &text, &length) < 0)
            return -1;
        size += 8 + (size_t) length;
    }
    unsigned char *packed = block_new (p, size, 1), *to = packed;
    for (Py_ssize_t i = 0; packed && i < count; i++) {
        if (text_of (PyList_GetItem (list, i), &text, &length) < 0)
            return -1;
        uint64_t bytes = (uint64_t) length;
        memcpy (to, &bytes, 8);
        memcpy (to + 8, text, (size_t) length);
        to += 8 + length;
    }
    set_array (value, TENON_STRING, count, packed, size);
    value->encoding |= TENON_STRINGS_64;
    return packed ? 0 : -1;
}

/* `item_type`: TENON_ARRAY or TENON_MIXED. */
static int
values_of_list (tn_put *p, PyObject *list, uint32_t item_type, struct tenon_value *value)
{
    Py_ssize_t count = PyList_Size (list);
    struct tenon_value *items = block_new (p, (size_t) count, sizeof *items);
    tn_asked any = { TENON_NOT_ASKED, TENON_NONE };
    for (Py_ssize_t i = 0; items && i < count; i++) {
        PyObject *item = PyList_GetItem (list, i);
        if (tn_value_of (p, item, any, &items[i]) < 0)
            return -1;
        if (item_type == TENON_ARRAY && items[i].type != TENON_ARRAY)
            return tn_refuse_object (p, item, "a list is needed, and not an object of type %U");
    }
    set_array (value, item_type, count, items, 0);
    return items ? 0 : -1;
}

static int
array_of_list (tn_put *p, PyObject *object, uint32_t item_type, struct tenon_value *value)
{
    PyObject *list = keep_object (p, tn_plain_list (p, object));
    if (!list)
        return -1;
    if (item_type == TENON_NOT_ASKED && tn_list_type (p, list, &item_type) < 0)
        return -1;
    if (item_type == TENON_STRING)
        return strings_of_list (p, list, value);
    if (item_type == TENON_ARRAY || item_type == TENON_MIXED)
        return values_of_list (p, list, item_type, value);
    if (item_type == TENON_NONE)
        return tn_refuse (p, PyExc_ValueError, "an array has no items of type null");
    return numbers_of_list (p, list, item_type, value);
}

static int
array_of (tn_put *p, PyObject *object, uint32_t item_type, struct tenon_value *value)
{
    if (PyArray_Check (object)) {
        PyArrayObject *array = (PyArrayObject *) object;
        uint32_t type = tn_value_type_of (PyArray_DESCR (array));
        if (PyArray_NDIM (array) == 1 && type != TENON_NONE
            && (item_type == TENON_NOT_ASKED || item_type == type))
            return numbers_of_array (p, array, type, value);
        if (item_type == TENON_NOT_ASKED && type == TENON_NONE)
            return tn_refuse_descr (p, PyArray_DESCR (array));
        if (item_type == TENON_NOT_ASKED) /* of two dims or more, and perhaps empty */
            item_type = TENON_ARRAY;
    }
    if (Py_EnterRecursiveCall (" while metadata are put into a plan"))
        return -1;
    int result = array_of_list (p, object, item_type, value);
    Py_LeaveRecursiveCall ();
    return result;
}

/* ---- maps ---- */

static int
entries_of (tn_put *p, PyObject *items, struct tenon_value *value)
{
    Py_ssize_t count = PyList_Size (items);
    struct tenon_value *entries = block_new (p, (size_t) count, 2 * sizeof *entries);
    tn_asked any = { TENON_NOT_ASKED, TENON_NONE };
    for (Py_ssize_t i = 0; entries && i < count; i++) {
        PyObject *item = PyList_GetItem (items, i);
        PyObject *key = PyTuple_GetItem (item, 0), *object = PyTuple_GetItem (item, 1);
        if (!key || !object)
            return -1;
        if (!PyUnicode_Check (key))
            return tn_refuse_object (p, key, "a key of a dict is a str, and not an object of type %U");
        if (tn_value_of (p, key, any, &entries[2 * i]) < 0
            || tn_value_of (p, object, any, &entries[2 * i + 1]) < 0)
            return -1;
    }
    *value = (struct tenon_value){
        .type = TENON_MAP, .count = (uint64_t) count, .source = TENON_NO_SOURCE, .as.items = entries
    };
    return entries ? 0 : -1;
}

static int
map_of (tn_put *p, PyObject *dict, struct tenon_value *value)
{
    PyObject *items = keep_object (p, PyDict_Items (dict));
    if (!items || Py_EnterRecursiveCall (" while metadata are put into a plan"))
        return -1;
    int result = entries_of (p, items, value);
    Py_LeaveRecursiveCall ();
    return result;
}

/* ---- values ---- */

static int
string_of (PyObject *object, struct tenon_value *value)
{
    Py_ssize_t length = 0;
    value->type = TENON_STRING;
    int failed = text_of (object, &value->as.string, &length);
    value->count = (uint64_t) length;
    return failed;
}

int
tn_value_of (tn_put *p, PyObject *object, tn_asked asked, struct tenon_value *value)
{
    *value = (struct tenon_value){ .source = TENON_NO_SOURCE };
    PyObject *plain = keep_object (p, tn_plain (p, object));
    if (!plain)
        return -1;
    bool any = asked.type == TENON_NOT_ASKED;
    bool is_array = PyArray_Check (plain) || PyList_Check (plain) || PyTuple_Check (plain);
    if (is_array && (any || asked.type == TENON_ARRAY))
        return array_of (p, plain, any ? TENON_NOT_ASKED : asked.item_type, value);
    if (PyDict_Check (plain) && (any || asked.type == TENON_MAP))
        return map_of (p, plain, value);
    if (!is_array && any && tn_scalar_type (p, plain, &asked.type) < 0)
        return -1;
    if (asked.type == TENON_STRING && tn_is_text (plain))
        return string_of (plain, value);
    if (asked.type == TENON_NONE && plain == Py_None)
        return 0;
    if (tn_value_numpy (asked.type) >= 0)
        return number_of (p, plain, asked.type, value);
    char format[80];
    PyOS_snprintf (format, sizeof format, "an object of type %%U is no %s",
                   tn_value_type_name (asked.type, asked.item_type));
    return tn_refuse_object (p, plain, format);
}

/* A value as text, as tenon_plan_set_metadata reads it. */
static int
put_text (tenon_plan *plan, const char *key, const char *type, PyObject *object)
{
    const char *text;
    Py_ssize_t length;
    tenon_error error = TENON_ERROR_INIT;
    if (text_of (object, &text, &length) < 0)
        return -1;
    if (tenon_plan_set_metadata_text (plan, key, type, text, (uint64_t) length, &error) < 0)
        return tn_raise (&error);
    return 0;
}

static int
put_value (tenon_plan *plan, tn_put *p, const char *key, Py_ssize_t length, PyObject *object, tn_asked asked)
{
    struct tenon_value value;
    tenon_error error = TENON_ERROR_INIT;
    if (tn_value_of (p, object, asked, &value) < 0)
        return -1;
    if (tenon_plan_put_metadata (plan, key, (uint64_t) length, &value, &error) < 0)
        return tn_raise (&error);
    return 0;
}

int
tn_metadata_put (tenon_plan *plan, PyObject *key, PyObject *object, const char *type)
{
    tn_put p = { .key = key };
    tn_asked asked = { TENON_NOT_ASKED, TENON_NONE };
    Py_ssize_t length;
    if (!PyUnicode_Check (key))
        return tn_refuse_object (&p, key, "a key is a str, and not an object of type %U");
    const char *name = PyUnicode_AsUTF8AndSize (key, &length);
    if (!name)
        return -1;
    if (type && !tn_value_type_find (type, &asked.type, &asked.item_type))
        return tn_refuse (&p, PyExc_ValueError, "there is no type %s", type);
    if (PyUnicode_Check (object) && type && asked.type != TENON_STRING && asked.type != TENON_NONE
        && strlen (name) == (size_t) length)
        return put_text (plan, name, type, object);
    p.keep = PyList_New (0);
    int result = p.keep ? put_value (plan, &p, name, length, object, asked) : -1;
    Py_XDECREF (p.keep);
    free_blocks (&p);
    return result;
}
