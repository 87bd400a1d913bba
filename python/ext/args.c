/* SPDX-License-Identifier: MIT */
/* args.c - the arguments of functions. */
#include "core.h"
#include <string.h>

static int
parameter_named (const char *const *names, PyObject *keyword)
{
    for (int i = 1; names[i]; i++)
        if (PyUnicode_CompareWithASCIIString (keyword, names[i]) == 0)
            return i - 1;
    PyErr_Format (PyExc_TypeError, "%s() has no argument '%U'", names[0], keyword);
    return -1;
}

static int
take_keywords (const char *const *names, PyObject *const *given, PyObject *keywords, PyObject **values)
{
    Py_ssize_t count = PyTuple_Size (keywords);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *keyword = PyTuple_GetItem (keywords, i);
        int at = parameter_named (names, keyword);
        if (at < 0)
            return -1;
        if (values[at]) {
            PyErr_Format (PyExc_TypeError, "%s() got '%U' twice", names[0], keyword);
            return -1;
        }
        values[at] = given[i];
    }
    return 0;
}

int
tn_arguments (const char *const *names, int least, PyObject *const *given, Py_ssize_t count,
              PyObject *keywords, PyObject **values)
{
    int parameters = 0;
    while (names[1 + parameters])
        values[parameters++] = NULL;
    if (count > parameters) {
        PyErr_Format (PyExc_TypeError, "%s() takes %d arguments, %zd were given", names[0], parameters,
                      count);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        values[i] = given[i];
    if (keywords && take_keywords (names, given + count, keywords, values) < 0)
        return -1;
    for (int i = 0; i < least; i++)
        if (!values[i]) {
            PyErr_Format (PyExc_TypeError, "%s() needs '%s'", names[0], names[1 + i]);
            return -1;
        }
    return 0;
}

/* ---- single values ---- */

int
tn_u64_of (PyObject *object, uint64_t *number)
{
    if (!object)
        return 0;
    PyObject *index = PyNumber_Index (object);
    if (!index)
        return -1;
    unsigned long long value = PyLong_AsUnsignedLongLong (index);
    Py_DECREF (index);
    if (value == (unsigned long long) -1 && PyErr_Occurred ())
        return -1;
    *number = value;
    return 0;
}

int
tn_u32_of (PyObject *object, uint32_t *number)
{
    uint64_t value = *number;
    if (tn_u64_of (object, &value) < 0)
        return -1;
    if (value > UINT32_MAX) {
        PyErr_SetString (PyExc_OverflowError, "the number has more than 32 bits");
        return -1;
    }
    *number = (uint32_t) value;
    return 0;
}

int
tn_bool_of (PyObject *object, bool *flag)
{
    int truth = object ? PyObject_IsTrue (object) : *flag;
    if (truth < 0)
        return -1;
    *flag = truth;
    return 0;
}

int
tn_text_of (PyObject *object, const char **text)
{
    Py_ssize_t length;
    if (!object || object == Py_None)
        return 0;
    const char *bytes = PyUnicode_AsUTF8AndSize (object, &length);
    if (!bytes)
        return -1;
    if (strlen (bytes) != (size_t) length) {
        PyErr_SetString (PyExc_ValueError, "the text has a NUL character");
        return -1;
    }
    *text = bytes;
    return 0;
}

int
tn_attribute_has (PyObject *object, const char *name)
{
    PyObject *value = PyObject_GetAttrString (object, name);
    Py_XDECREF (value);
    if (value)
        return 1;
    if (!PyErr_ExceptionMatches (PyExc_AttributeError))
        return -1;
    PyErr_Clear ();
    return 0;
}

/* ---- sequences ---- */

/* The items of a sequence other than str, as a tuple. */
static PyObject *
sequence_tuple (PyObject *sequence)
{
    if (!PyUnicode_Check (sequence) && !PyBytes_Check (sequence))
        return PySequence_Tuple (sequence);
    PyErr_SetString (PyExc_TypeError, "a sequence is needed, a text was given");
    return NULL;
}

static int
numbers_fill (PyObject *tuple, uint64_t *numbers)
{
    Py_ssize_t count = PyTuple_Size (tuple);
    for (Py_ssize_t i = 0; i < count; i++)
        if (tn_u64_of (PyTuple_GetItem (tuple, i), &numbers[i]) < 0)
            return -1;
    return 0;
}

int
tn_numbers_of (PyObject *sequence, uint64_t *numbers, int room, int *count)
{
    *count = -1;
    if (!sequence || sequence == Py_None)
        return 0;
    PyObject *tuple = sequence_tuple (sequence);
    if (!tuple)
        return -1;
    int result = 0;
    if (PyTuple_Size (tuple) > room) {
        PyErr_Format (PyExc_ValueError, "%zd numbers were given, at most %d are possible",
                      PyTuple_Size (tuple), room);
        result = -1;
    } else {
        *count = (int) PyTuple_Size (tuple);
        result = numbers_fill (tuple, numbers);
    }
    Py_DECREF (tuple);
    return result;
}

int
tn_indexes_of (PyObject *sequence, uint64_t **numbers, uint64_t *count)
{
    *numbers = NULL;
    *count = 0;
    if (!sequence || sequence == Py_None)
        return 0;
    PyObject *tuple = sequence_tuple (sequence);
    if (!tuple)
        return -1;
    size_t size = (size_t) PyTuple_Size (tuple);
    int result = -1;
    *numbers = PyMem_Calloc (size ? size : 1, sizeof **numbers);
    if (!*numbers)
        PyErr_NoMemory ();
    else if (numbers_fill (tuple, *numbers) == 0)
        result = 0;
    if (result < 0) {
        PyMem_Free (*numbers);
        *numbers = NULL;
    }
    *count = size;
    Py_DECREF (tuple);
    return result;
}

int
tn_texts_of (PyObject *sequence, tn_texts *texts)
{
    *texts = (tn_texts){ NULL, NULL };
    if (!sequence || sequence == Py_None)
        return 0;
    texts->keep = sequence_tuple (sequence);
    if (!texts->keep)
        return -1;
    Py_ssize_t count = PyTuple_Size (texts->keep);
    texts->texts = PyMem_Calloc ((size_t) count + 1, sizeof *texts->texts);
    for (Py_ssize_t i = 0; texts->texts && i < count; i++) {
        PyObject *item = PyTuple_GetItem (texts->keep, i);
        if (!PyUnicode_Check (item))
            PyErr_Format (PyExc_TypeError, "item %zd is no str", i);
        else
            tn_text_of (item, &texts->texts[i]);
        if (!texts->texts[i]) {
            tn_texts_free (texts);
            return -1;
        }
    }
    if (texts->texts)
        return 0;
    tn_texts_free (texts);
    PyErr_NoMemory ();
    return -1;
}

void
tn_texts_free (tn_texts *texts)
{
    PyMem_Free (texts->texts);
    Py_XDECREF (texts->keep);
    *texts = (tn_texts){ NULL, NULL };
}
