/* SPDX-License-Identifier: MIT */
/* values.h - what values.c, values_plain.c and values_put.c share: metadata as objects, and objects as
 * metadata. */
#ifndef TENON_PYTHON_VALUES_H
#define TENON_PYTHON_VALUES_H
#include "core.h"

/* ---- values.c: the types of metadata ---- */

/* The number of NumPy's type with these items, or -1 if values of the type are no numbers. */
int tn_value_numpy (uint32_t type);
/* The type of metadata with the items of a dtype, in any byte order; TENON_NONE: there is none. */
uint32_t tn_value_type_of (PyArray_Descr *descr);
/* Bytes of a number. */
uint64_t tn_value_size (uint32_t type);
/* "u8", "array:u8", as tenon_plan_set_metadata names them; "null", "array:array". */
const char *tn_value_type_name (uint32_t type, uint32_t item_type);
bool tn_value_type_find (const char *name, uint32_t *type, uint32_t *item_type);

/* ---- one call of tn_metadata_put ---- */

typedef struct tn_put {
    PyObject *key;
    PyObject *keep; /* a list of objects that the tree points into */
    void *blocks;
} tn_put;

/* The type that the caller asks for. */
enum { TENON_NOT_ASKED = UINT32_MAX };
typedef struct tn_asked {
    uint32_t type, item_type;
} tn_asked;

/* ---- values_plain.c: what an object is ---- */

bool tn_is_bool (PyObject *object);
bool tn_is_integer (PyObject *object);
bool tn_is_real (PyObject *object);
bool tn_is_text (PyObject *object);
/* Raise an exception whose message begins with the key; always -1. `format` of tn_refuse_object has a %U for
 * the type of the object. */
int tn_refuse (const tn_put *p, PyObject *exception, const char *format, ...);
int tn_refuse_object (const tn_put *p, PyObject *object, const char *format);
int tn_refuse_descr (const tn_put *p, PyArray_Descr *descr);

/* A new reference to the object as None, str, bytes, bool, int, float, a scalar of NumPy, an array of NumPy
 * of at least one dim, a list or a tuple. */
PyObject *tn_plain (const tn_put *p, PyObject *object);
/* A list of the items, each of them plain. */
PyObject *tn_plain_list (const tn_put *p, PyObject *object);
/* The type that a plain object, or the items of a plain list, have as metadata. */
int tn_scalar_type (const tn_put *p, PyObject *object, uint32_t *type);
int tn_list_type (const tn_put *p, PyObject *list, uint32_t *type);

/* ---- values_put.c ---- */

int tn_value_of (tn_put *p, PyObject *object, tn_asked asked, struct tenon_value *value);
#endif
