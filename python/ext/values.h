/* SPDX-License-Identifier: MIT */
/* values.h - the declarations that values.c, values_plain.c and values_put.c share. */
#ifndef TENON_PYTHON_VALUES_H
#define TENON_PYTHON_VALUES_H
#include "core.h"

/* ---- values.c: the types of metadata ---- */

/* The type number of NumPy for a type of metadata; -1: its values are no numbers. */
int tn_value_numpy (uint32_t type);
/* The type of metadata for a NumPy dtype of any byte order; TENON_NONE: none. */
uint32_t tn_value_type_of (PyArray_Descr *descr);
/* The bytes of a number. */
uint64_t tn_value_size (uint32_t type);
/* Puts a number into an array, in the byte order of the machine. */
void tn_pack_number (const struct tenon_value *value, unsigned char *to, uint64_t index);
/* The name of a type: "u8", "array:u8" (as of tenon_plan_set_metadata), "null", "array:array". */
const char *tn_value_type_name (uint32_t type, uint32_t item_type);
bool tn_value_type_find (const char *name, uint32_t *type, uint32_t *item_type);

/* ---- one call of tn_metadata_put ---- */

typedef struct tn_put {
    PyObject *key;
    PyObject *keep; /* a list of the objects that own memory of the tree */
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
/* Set an exception whose message begins with the key, and return -1. `format` of tn_refuse_object has a %U
 * for the type of the object. */
int tn_refuse (const tn_put *p, PyObject *exception, const char *format, ...);
int tn_refuse_object (const tn_put *p, PyObject *object, const char *format);
int tn_refuse_descr (const tn_put *p, PyArray_Descr *descr);

/* A new reference to the object as None, str, bytes, bool, int, float, a NumPy scalar, a NumPy array of at
 * least one dim, a list, a tuple or a dict. */
PyObject *tn_plain (const tn_put *p, PyObject *object);
/* A list of the items, each converted by tn_plain. */
PyObject *tn_plain_list (const tn_put *p, PyObject *object);
/* The type of metadata of a plain object, and of the items of a plain list. */
int tn_scalar_type (const tn_put *p, PyObject *object, uint32_t *type);
int tn_list_type (const tn_put *p, PyObject *list, uint32_t *type);

/* ---- values_put.c ---- */

int tn_value_of (tn_put *p, PyObject *object, tn_asked asked, struct tenon_value *value);
#endif
