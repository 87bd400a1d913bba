/* SPDX-License-Identifier: MIT */
/* given.c - arrays of NumPy as arrays of the library, with their strides and without a copy. */
#include "saving.h"
#include <string.h>

/* A dtype that NumPy's text describes: records, strings, dates. */
struct tn_opaque {
    struct tn_opaque *next;
    PyArray_Descr *descr;
    PyObject *text;
    struct tenon_dtype dtype;
};

/* ---- dtypes ---- */

/* The description of a dtype as in the header of an .npy file. */
static PyObject *
describe_type (PyArray_Descr *descr)
{
    PyObject *format = PyImport_ImportModule ("numpy.lib.format");
    PyObject *described =
        format ? PyObject_CallMethod (format, "dtype_to_descr", "O", (PyObject *) descr) : NULL;
    PyObject *text = described && PyUnicode_Check (described) ? Py_NewRef (described)
                     : described                              ? PyObject_Repr (described)
                                                              : NULL;
    Py_XDECREF (described);
    Py_XDECREF (format);
    return text;
}

/* Whether items are references to objects. No file can hold them. */
static int
refuse_objects (PyArray_Descr *descr)
{
    if (!PyDataType_REFCHK (descr))
        return 0;
    PyErr_Format (PyExc_ValueError,
                  "arrays of objects (dtype %S) cannot be saved: their items are references",
                  (PyObject *) descr);
    return -1;
}

static struct tn_opaque *
make_opaque (PyArray_Descr *descr)
{
    const char *text;
    if (refuse_objects (descr) < 0)
        return NULL;
    struct tn_opaque *opaque = PyMem_Calloc (1, sizeof *opaque);
    if (!opaque) {
        PyErr_NoMemory ();
        return NULL;
    }
    opaque->descr = (PyArray_Descr *) Py_NewRef ((PyObject *) descr);
    opaque->text = describe_type (descr);
    if (!opaque->text || !(text = PyUnicode_AsUTF8AndSize (opaque->text, NULL)))
        return opaque;
    opaque->dtype = (struct tenon_dtype){ .struct_size = sizeof opaque->dtype,
                                          .kind = TENON_KIND_OPAQUE,
                                          .block_items = 1,
                                          .block_bytes = (uint64_t) PyDataType_ELSIZE (descr),
                                          .family = "numpy",
                                          .text = text };
    if (descr->kind == 'M' || descr->kind == 'm') {
        opaque->dtype.items_as = TENON_I64;
        opaque->dtype.items_flags = descr->byteorder == '>' ? TENON_BIG_ENDIAN : 0;
    }
    return opaque;
}

static int
set_opaque (tn_arrays *arrays, PyArray_Descr *descr, tenon_array *array)
{
    struct tn_opaque *opaque = arrays->opaque;
    while (opaque && opaque->descr != descr)
        opaque = opaque->next;
    if (!opaque) {
        if (!(opaque = make_opaque (descr)))
            return -1;
        opaque->next = arrays->opaque;
        arrays->opaque = opaque;
    }
    if (!opaque->dtype.text)
        return -1;
    array->opaque = &opaque->dtype;
    array->flags = 0; /* the text states the byte order */
    return 0;
}

static int
set_descr (tn_arrays *arrays, PyArray_Descr *descr, tenon_array *array)
{
    array->dtype = tn_dtype_of (descr, &array->flags);
    if (array->dtype != TENON_NONE)
        return 0;
    return PyErr_Occurred () ? -1 : set_opaque (arrays, descr, array);
}

int
tn_arrays_set_dtype (tn_arrays *arrays, PyObject *dtype, tenon_array *array)
{
    if (PyArray_DescrCheck (dtype))
        return set_descr (arrays, (PyArray_Descr *) dtype, array);
    unsigned long number = PyLong_AsUnsignedLong (dtype);
    if (PyErr_Occurred ())
        return -1;
    array->dtype = (uint32_t) number;
    return 0;
}

/* ---- dims ---- */

#define MOST_DIMS 64

/* NULL without an exception: there is no room. The length of a shape may change between calls. */
static int64_t *
take_numbers (tn_arrays *arrays, Py_ssize_t count)
{
    int64_t *numbers = arrays->next;
    if (count > arrays->end - numbers)
        return NULL;
    arrays->next += count;
    return numbers;
}

int
tn_arrays_set_shape (tn_arrays *arrays, PyObject *shape, bool unknown, tenon_array *array)
{
    Py_ssize_t rank = PySequence_Size (shape);
    if (rank < 0)
        return -1;
    if (rank > MOST_DIMS) {
        PyErr_Format (PyExc_ValueError, "a shape has at most %d dims, and not %zd", MOST_DIMS, rank);
        return -1;
    }
    int64_t *dims = take_numbers (arrays, rank);
    if (!dims) {
        PyErr_SetString (PyExc_ValueError, "a shape has another number of dims than before");
        return -1;
    }
    for (Py_ssize_t i = 0; i < rank; i++) {
        PyObject *dim = PySequence_GetItem (shape, i);
        dims[i] = dim ? PyLong_AsLongLong (dim) : -1;
        Py_XDECREF (dim);
        if (PyErr_Occurred ())
            return -1;
        bool open = unknown && i == 0 && dims[i] == -1;
        if (dims[i] < 0 && !open) {
            PyErr_Format (PyExc_ValueError, "dim %zd of a shape is %lld", i, (long long) dims[i]);
            return -1;
        }
    }
    array->rank = (uint32_t) rank;
    array->shape = (const uint64_t *) dims; /* -1 is TENON_UNKNOWN_DIM */
    return 0;
}

/* ---- layout ---- */

/* Converts strides to items, and finds the bytes from the first item to the last. False: a stride is no whole
 * number of items. */
static bool
set_strides (tn_arrays *arrays, PyArrayObject *object, tenon_array *array)
{
    int rank = PyArray_NDIM (object);
    npy_intp item = PyArray_ITEMSIZE (object), span = item, reach;
    int64_t *strides = take_numbers (arrays, rank);
    if (!strides)
        return false;
    for (int i = 0; i < rank; i++) {
        npy_intp stride = PyArray_STRIDE (object, i);
        if (item == 0 || stride % item != 0)
            return false;
        strides[i] = stride / item;
        /* those that an object made up may reach beyond all memory */
        if (__builtin_mul_overflow (PyArray_DIM (object, i) - 1, stride, &reach) || reach == NPY_MIN_INTP
            || __builtin_add_overflow (span, reach < 0 ? -reach : reach, &span))
            return false;
    }
    array->strides = strides;
    array->size = (uint64_t) span;
    return true;
}

static PyArrayObject *
copy_packed (tn_arrays *arrays, PyArrayObject *object)
{
    PyArrayObject *copy = (PyArrayObject *) PyArray_NewCopy (object, NPY_CORDER);
    if (copy && PyList_Append (arrays->copies, (PyObject *) copy) < 0)
        Py_CLEAR (copy);
    Py_XDECREF (copy); /* the list owns it */
    return copy;
}

/* Sets the data and strides of an array. `packed`: the items are raw bytes. */
static int
set_layout (tn_arrays *arrays, PyArrayObject *object, bool packed, tenon_array *array)
{
    array->size = (uint64_t) PyArray_NBYTES (object);
    if (PyArray_IS_C_CONTIGUOUS (object) || array->size == 0)
        ;
    else if (!packed && PyArray_IS_F_CONTIGUOUS (object))
        array->flags |= TENON_FORTRAN;
    else if (packed || !set_strides (arrays, object, array)) {
        array->strides = NULL;
        array->size = (uint64_t) PyArray_NBYTES (object);
        if (!(object = copy_packed (arrays, object)))
            return -1;
    }
    array->data = PyArray_DATA (object);
    return 0;
}

/* ---- all arrays ---- */

static int
set_name (PyObject *name, tenon_array *array)
{
    Py_ssize_t length;
    if (name == Py_None)
        return 0;
    if (!PyUnicode_Check (name)) {
        PyErr_Format (PyExc_TypeError, "the name of an array is a str, and not %R", name);
        return -1;
    }
    if (!(array->name = PyUnicode_AsUTF8AndSize (name, &length)))
        return -1;
    array->name_length = (uint64_t) length;
    return 0;
}

static int
set_raw (tn_arrays *arrays, PyArrayObject *object, PyObject *dtype, PyObject *shape, tenon_array *array)
{
    if (PyArray_TYPE (object) != NPY_UINT8) {
        PyErr_SetString (PyExc_TypeError,
                         "the bytes of an array with a dtype of tenon are an array of uint8");
        return -1;
    }
    return tn_arrays_set_dtype (arrays, dtype, array) < 0
                   || tn_arrays_set_shape (arrays, shape, false, array) < 0
               ? -1
               : set_layout (arrays, object, true, array);
}

/* An array of a dtype that another package registered: tenon._inputs.unusual returns its bytes. */
static int
set_unusual (tn_arrays *arrays, PyArrayObject *object, tenon_array *array)
{
    PyObject *inputs = PyImport_ImportModule ("tenon._inputs"), *raw, *dtype, *shape;
    PyObject *made = inputs ? PyObject_CallMethod (inputs, "unusual", "O", (PyObject *) object) : NULL;
    int result =
        made && PyArg_ParseTuple (made, "O!OO!:unusual", &PyArray_Type, &raw, &dtype, &PyTuple_Type, &shape)
            ? PyList_Append (arrays->copies, made)
            : -1;
    if (result == 0)
        result = set_raw (arrays, (PyArrayObject *) raw, dtype, shape, array);
    Py_XDECREF (made);
    Py_XDECREF (inputs);
    return result;
}

/* Whether the dtype is neither built into NumPy nor known by _core.set_dtype. */
static bool
is_unusual (PyArray_Descr *descr)
{
    uint32_t flags;
    return descr->type_num >= NPY_USERDEF && tn_dtype_of (descr, &flags) == TENON_NONE;
}

static int
set_array (tn_arrays *arrays, PyArrayObject *object, tenon_array *array)
{
    if (is_unusual (PyArray_DESCR (object)))
        return set_unusual (arrays, object, array);
    if (set_descr (arrays, PyArray_DESCR (object), array) < 0)
        return -1;
    array->rank = (uint32_t) PyArray_NDIM (object);
    array->shape = (const uint64_t *) PyArray_DIMS (object);
    return set_layout (arrays, object, false, array);
}

static int
fill_array (tn_arrays *arrays, PyObject *tuple, tenon_array *array)
{
    PyObject *object = PyTuple_GetItem (tuple, 1), *dtype = PyTuple_GetItem (tuple, 2);
    array->struct_size = sizeof *array;
    array->as = (uint32_t) PyLong_AsUnsignedLong (PyTuple_GetItem (tuple, 4));
    if (PyErr_Occurred () || set_name (PyTuple_GetItem (tuple, 0), array) < 0)
        return -1;
    if (!PyArray_Check (object)) {
        PyErr_Format (PyExc_TypeError, "a NumPy array is needed, and not %R", (PyObject *) Py_TYPE (object));
        return -1;
    }
    bool raw = !PyLong_Check (dtype) || PyObject_IsTrue (dtype);
    return raw ? set_raw (arrays, (PyArrayObject *) object, dtype, PyTuple_GetItem (tuple, 3), array)
               : set_array (arrays, (PyArrayObject *) object, array);
}

/* The room for the shape and strides of an array; -1: the tuple describes no array. */
static Py_ssize_t
count_numbers (PyObject *tuple)
{
    if (!PyTuple_Check (tuple) || PyTuple_Size (tuple) != 5) {
        PyErr_SetString (PyExc_TypeError, "an array is a tuple (name, array, dtype, shape, store)");
        return -1;
    }
    PyObject *object = PyTuple_GetItem (tuple, 1), *shape = PyTuple_GetItem (tuple, 3);
    if (shape != Py_None)
        return PySequence_Size (shape);
    return PyArray_Check (object) ? PyArray_NDIM ((PyArrayObject *) object) : 0;
}

static int
make_room (tn_arrays *arrays)
{
    size_t numbers = 1;
    for (uint64_t i = 0; i < arrays->count; i++) {
        Py_ssize_t more = count_numbers (PyTuple_GetItem (arrays->keep, (Py_ssize_t) i));
        if (more < 0)
            return -1;
        numbers += (size_t) more;
    }
    arrays->items = PyMem_Calloc (arrays->count + 1, sizeof *arrays->items);
    arrays->next = arrays->numbers = PyMem_Calloc (numbers, sizeof *arrays->numbers);
    arrays->end = arrays->numbers + (arrays->numbers ? numbers : 0);
    if (arrays->items && arrays->numbers)
        return 0;
    PyErr_NoMemory ();
    return -1;
}

int
tn_arrays_of (PyObject *sequence, tn_arrays *arrays)
{
    *arrays = (tn_arrays){ .keep = PySequence_Tuple (sequence), .copies = PyList_New (0) };
    if (!arrays->keep || !arrays->copies)
        return -1;
    arrays->count = (uint64_t) PyTuple_Size (arrays->keep);
    if (make_room (arrays) < 0)
        return -1;
    for (uint64_t i = 0; i < arrays->count; i++)
        if (fill_array (arrays, PyTuple_GetItem (arrays->keep, (Py_ssize_t) i), &arrays->items[i]) < 0)
            return -1;
    return 0;
}

void
tn_arrays_free (tn_arrays *arrays)
{
    for (struct tn_opaque *opaque = arrays->opaque, *next; opaque; opaque = next) {
        next = opaque->next;
        Py_XDECREF ((PyObject *) opaque->descr);
        Py_XDECREF (opaque->text);
        PyMem_Free (opaque);
    }
    PyMem_Free (arrays->items);
    PyMem_Free (arrays->numbers);
    Py_CLEAR (arrays->keep);
    Py_CLEAR (arrays->copies);
}
