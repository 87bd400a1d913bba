/* SPDX-License-Identifier: MIT */
/* values.c - metadata of a file as objects. */
#include "values.h"

/* The types of metadata: the bytes of a number, its type in NumPy, and the names of the type and of arrays of
 * it. */
static const struct {
    uint32_t type;
    int numpy;
    char kind; /* of the dtype of NumPy */
    uint8_t size;
    const char *name, *array;
} value_types[] = {
    { TENON_BOOL, NPY_BOOL, 'b', 1, "bool", "array:bool" },
    { TENON_U8, NPY_UINT8, 'u', 1, "u8", "array:u8" },
    { TENON_U16, NPY_UINT16, 'u', 2, "u16", "array:u16" },
    { TENON_U32, NPY_UINT32, 'u', 4, "u32", "array:u32" },
    { TENON_U64, NPY_UINT64, 'u', 8, "u64", "array:u64" },
    { TENON_I8, NPY_INT8, 'i', 1, "i8", "array:i8" },
    { TENON_I16, NPY_INT16, 'i', 2, "i16", "array:i16" },
    { TENON_I32, NPY_INT32, 'i', 4, "i32", "array:i32" },
    { TENON_I64, NPY_INT64, 'i', 8, "i64", "array:i64" },
    { TENON_F32, NPY_FLOAT32, 'f', 4, "f32", "array:f32" },
    { TENON_F64, NPY_FLOAT64, 'f', 8, "f64", "array:f64" },
    { TENON_STRING, -1, 0, 0, "string", "array:string" },
    { TENON_ARRAY, -1, 0, 0, "array", "array:array" },
    { TENON_NONE, -1, 0, 0, "null", "array:null" },
    { TENON_MAP, -1, 0, 0, "map", "array:map" },
    { TENON_MIXED, -1, 0, 0, "mixed", "array:mixed" },
};
enum { VALUE_TYPES = sizeof value_types / sizeof *value_types };

int
tn_value_numpy (uint32_t type)
{
    for (int i = 0; i < VALUE_TYPES; i++)
        if (value_types[i].type == type)
            return value_types[i].numpy;
    return -1;
}

uint64_t
tn_value_size (uint32_t type)
{
    for (int i = 0; i < VALUE_TYPES; i++)
        if (value_types[i].type == type)
            return value_types[i].size;
    return 0;
}

uint32_t
tn_value_type_of (PyArray_Descr *descr)
{
    for (int i = 0; i < VALUE_TYPES; i++)
        if (value_types[i].kind && value_types[i].kind == descr->kind
            && value_types[i].size == PyDataType_ELSIZE (descr))
            return value_types[i].type;
    return TENON_NONE;
}

const char *
tn_value_type_name (uint32_t type, uint32_t item_type)
{
    bool array = type == TENON_ARRAY;
    for (int i = 0; i < VALUE_TYPES; i++)
        if (value_types[i].type == (array ? item_type : type))
            return array ? value_types[i].array : value_types[i].name;
    return "?";
}

bool
tn_value_type_find (const char *name, uint32_t *type, uint32_t *item_type)
{
    for (int i = 0; i < VALUE_TYPES; i++) {
        bool array = strcmp (name, value_types[i].array) == 0;
        const uint32_t found = value_types[i].type;
        if (array ? found == TENON_MAP : found == TENON_ARRAY || found == TENON_MIXED)
            continue;
        if (array || strcmp (name, value_types[i].name) == 0) {
            *type = array ? TENON_ARRAY : value_types[i].type;
            *item_type = array ? value_types[i].type : TENON_NONE;
            return true;
        }
    }
    return false;
}

void
tn_pack_number (const struct tenon_value *value, unsigned char *to, uint64_t index)
{
    float single = (float) value->as.f;
    uint8_t byte = (uint8_t) value->as.u;
    uint16_t half = (uint16_t) value->as.u;
    uint32_t word = (uint32_t) value->as.u;
    switch (value->type) {
    case TENON_F32: memcpy (to + index * 4, &single, 4); break;
    case TENON_BOOL:
    case TENON_U8:
    case TENON_I8: memcpy (to + index, &byte, 1); break;
    case TENON_U16:
    case TENON_I16: memcpy (to + index * 2, &half, 2); break;
    case TENON_U32:
    case TENON_I32: memcpy (to + index * 4, &word, 4); break;
    default: memcpy (to + index * 8, &value->as, 8); break;
    }
}

static PyObject *inner_object (const tenon_file *file, const struct tenon_value *value);

/* A str, or bytes if the text is no UTF-8. */
static PyObject *
string_object (const char *bytes, uint64_t length)
{
    if (length > PY_SSIZE_T_MAX)
        return PyErr_NoMemory ();
    PyObject *text = PyUnicode_DecodeUTF8 (bytes, (Py_ssize_t) length, NULL);
    if (text || !PyErr_ExceptionMatches (PyExc_UnicodeDecodeError))
        return text;
    PyErr_Clear ();
    return PyBytes_FromStringAndSize (bytes, (Py_ssize_t) length);
}

static PyObject *
numbers_object (const tenon_file *file, const struct tenon_value *array, int numpy)
{
    if (array->count > PY_SSIZE_T_MAX / 8)
        return PyErr_NoMemory ();
    npy_intp count = (npy_intp) array->count;
    PyObject *made = PyArray_SimpleNew (1, &count, numpy);
    if (!made)
        return NULL;
    tenon_error error = TENON_ERROR_INIT;
    void *data = PyArray_DATA ((PyArrayObject *) made);
    tenon_status status;
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_metadata_numbers (file, array, array->item_type, 0, array->count, data, &error);
    Py_END_ALLOW_THREADS;
    if (status == TENON_OK)
        return made;
    tn_raise (&error);
    Py_DECREF (made);
    return NULL;
}

static int
append_items (PyObject *list, const tenon_file *file, const struct tenon_value *items, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        PyObject *object = inner_object (file, &items[i]);
        int failed = object ? PyList_Append (list, object) : -1;
        Py_XDECREF (object);
        if (failed)
            return -1;
    }
    return 0;
}

/* The most items to fetch at once: each is a struct of 64 bytes. */
enum { MOST_TAKEN = 8192 };

/* Fetches the next items of *rest. If a limit refuses them, it halves their number. Returns the number, or 0
 * with an exception. */
static uint64_t
take_items (const tenon_file *file, struct tenon_value *rest, struct tenon_value *items,
            tenon_memory **memory)
{
    uint64_t count = rest->count < MOST_TAKEN ? rest->count : MOST_TAKEN;
    for (;;) {
        tenon_error error = TENON_ERROR_INIT;
        tenon_status status;
        Py_BEGIN_ALLOW_THREADS;
        status = tenon_value_take (file, rest, count, items, memory, &error);
        Py_END_ALLOW_THREADS;
        if (status == TENON_OK)
            return count;
        if (status != TENON_E_LIMIT || count == 1) {
            tn_raise (&error);
            return 0;
        }
        count /= 2;
    }
}

/* A list of strings, of arrays, or of any values. The items are appended: other threads may see the list
 * while the GIL is released. */
static PyObject *
list_object (const tenon_file *file, const struct tenon_value *array)
{
    struct tenon_value rest = *array;
    uint64_t most = rest.count < MOST_TAKEN ? rest.count : MOST_TAKEN;
    PyObject *list = PyList_New (0);
    struct tenon_value *items = list ? PyMem_Malloc (most * sizeof *items) : NULL;
    int failed = items ? 0 : -1;
    if (list && !items)
        PyErr_NoMemory ();
    while (!failed && rest.count > 0) {
        tenon_memory *memory = NULL;
        uint64_t taken = take_items (file, &rest, items, &memory);
        failed = taken ? append_items (list, file, items, taken) : -1;
        tenon_memory_free (memory);
        if (!failed)
            failed = PyErr_CheckSignals (); /* a vocabulary of any length can be interrupted */
    }
    PyMem_Free (items);
    if (!failed)
        return list;
    Py_XDECREF (list);
    return NULL;
}

static PyObject *
array_object (const tenon_file *file, const struct tenon_value *array)
{
    int numpy = tn_value_numpy (array->item_type);
    if (numpy >= 0)
        return numbers_object (file, array, numpy);
    /* [limits] depth bounds the nesting of arrays, and may be any number. */
    if (Py_EnterRecursiveCall (" while metadata are read"))
        return NULL;
    PyObject *made = list_object (file, array);
    Py_LeaveRecursiveCall ();
    return made;
}

static int
set_entry (PyObject *dict, const tenon_file *file, const struct tenon_value *entry)
{
    PyObject *key = tn_text (entry[0].as.string, entry[0].count);
    PyObject *object = key ? inner_object (file, &entry[1]) : NULL;
    int failed = object ? PyDict_SetItem (dict, key, object) : -1;
    Py_XDECREF (key);
    Py_XDECREF (object);
    return failed;
}

static PyObject *
map_object (const tenon_file *file, const struct tenon_value *map)
{
    if (Py_EnterRecursiveCall (" while metadata are read"))
        return NULL;
    PyObject *dict = PyDict_New ();
    for (uint64_t i = 0; dict && i < map->count; i++)
        if (set_entry (dict, file, &map->as.items[2 * i]) < 0 || (i % 1024 == 0 && PyErr_CheckSignals ()))
            Py_CLEAR (dict);
    Py_LeaveRecursiveCall ();
    return dict;
}

static PyObject *
value_object (const tenon_file *file, const struct tenon_value *value)
{
    switch (value->type) {
    case TENON_NONE: Py_RETURN_NONE;
    case TENON_BOOL: return PyBool_FromLong (value->as.u != 0);
    case TENON_U8:
    case TENON_U16:
    case TENON_U32:
    case TENON_U64: return PyLong_FromUnsignedLongLong (value->as.u);
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: return PyLong_FromLongLong (value->as.i);
    case TENON_F32:
    case TENON_F64: return PyFloat_FromDouble (value->as.f);
    case TENON_STRING: return string_object (value->as.string, value->count);
    case TENON_ARRAY: return array_object (file, value);
    case TENON_MAP: return map_object (file, value);
    default:
        tn_raise_status (TENON_E_UNSUPPORTED, "metadata of a type that this version does not know");
        return NULL;
    }
}

/* A value in a map or a list. Its type has no other place than the object: so a number of another type than
 * bool, i64 and f64 is a scalar of NumPy. */
static PyObject *
inner_object (const tenon_file *file, const struct tenon_value *value)
{
    int numpy = tn_value_numpy (value->type);
    if (numpy < 0 || value->type == TENON_BOOL || value->type == TENON_I64 || value->type == TENON_F64)
        return value_object (file, value);
    unsigned char data[8];
    tn_pack_number (value, data, 0);
    PyArray_Descr *descr = PyArray_DescrFromType (numpy);
    PyObject *scalar = descr ? PyArray_Scalar (data, descr, NULL) : NULL;
    Py_XDECREF (descr);
    return scalar;
}

static PyObject *
type_object (const tenon_file *file, const struct tenon_value *value)
{
    (void) file;
    return PyUnicode_FromString (tn_value_type_name (value->type, value->item_type));
}

/* A dict with the result of `make` for each entry. */
static PyObject *
entries_object (tenon_file *file, PyObject *(*make) (const tenon_file *, const struct tenon_value *) )
{
    PyObject *dict = PyDict_New ();
    uint64_t count = tenon_metadata_count (file);
    for (uint64_t i = 0; dict && i < count; i++) {
        tenon_metadata_info info = TENON_INIT (info);
        tenon_status status = tenon_metadata_get (file, i, &info);
        if (status < 0)
            tn_raise_status (status, "an entry of the metadata is missing");
        PyObject *key = status < 0 ? NULL : tn_text (info.key, info.key_length);
        PyObject *object = key ? make (file, &info.value) : NULL;
        int failed = object ? PyDict_SetItem (dict, key, object) : -1;
        Py_XDECREF (key);
        Py_XDECREF (object);
        if (failed)
            Py_CLEAR (dict);
    }
    return dict;
}

PyObject *
tn_metadata (tenon_file *file)
{
    return entries_object (file, value_object);
}

PyObject *
tn_metadata_types (tenon_file *file)
{
    return entries_object (file, type_object);
}
