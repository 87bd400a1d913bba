/* SPDX-License-Identifier: MIT */
/* config.c - the formats, filters, dtypes and settings of a context; casts in memory. */
#include "core.h"
#include <string.h>

static tenon_context *
library_of (PyObject *self)
{
    return ((tn_context *) self)->library;
}

/* Appends an object and takes it over; -1 with an exception, also for NULL. */
static int
list_take (PyObject *list, PyObject *item)
{
    int result = item ? PyList_Append (list, item) : -1;
    Py_XDECREF (item);
    return result;
}

static PyObject *
text_list (const char *const *texts)
{
    PyObject *list = PyList_New (0);
    for (; list && texts && *texts; texts++)
        if (list_take (list, tn_text (*texts, TENON_NUL)) < 0)
            Py_CLEAR (list);
    return list;
}

/* ---- formats ---- */

static PyObject *
option_object (const struct tenon_option *option, const struct tenon_setting *setting)
{
    return Py_BuildValue ("{sNsIsNsNsNsNsNsdsdsI}", "name", tn_text (option->name, TENON_NUL), "type",
                          (unsigned int) option->type, "value", tn_text (setting->text, TENON_NUL), "default",
                          tn_text (option->value, TENON_NUL), "origin", tn_text (setting->origin, TENON_NUL),
                          "choices", tn_text (option->choices, TENON_NUL), "help",
                          tn_text (option->help, TENON_NUL), "least", option->least, "most", option->most,
                          "flags", (unsigned int) option->flags);
}

static PyObject *
option_list (tenon_context *context, uint64_t codec, uint32_t count)
{
    PyObject *list = PyList_New (0);
    for (uint32_t i = 0; list && i < count; i++) {
        struct tenon_option option = TENON_INIT (option);
        struct tenon_setting setting = TENON_INIT (setting);
        if (tenon_codec_option (context, codec, i, &option, &setting) == TENON_OK
            && list_take (list, option_object (&option, &setting)) < 0)
            Py_CLEAR (list);
    }
    return list;
}

static PyObject *
format_object (tenon_context *context, uint64_t codec, const tenon_codec_info *info)
{
    return Py_BuildValue (
        "{sNsNsNsIsNsNsNsNsNsLsIsKsN}", "id", tn_text (info->id, TENON_NUL), "label",
        tn_text (info->label, TENON_NUL), "extensions", text_list (info->extensions), "can",
        (unsigned int) info->flags, "plugin", tn_text (info->plugin, TENON_NUL), "plugin_version",
        tn_text (info->plugin_version, TENON_NUL), "plugin_license",
        tn_text (info->plugin_license, TENON_NUL), "plugin_summary",
        tn_text (info->plugin_summary, TENON_NUL), "plugin_file", tn_text (info->plugin_file, TENON_NUL),
        "priority", (long long) info->priority, "metadata", (unsigned int) info->metadata, "max_tensors",
        (unsigned long long) info->max_tensors, "options", option_list (context, codec, info->option_count));
}

PyObject *
tn_context_formats (PyObject *self, PyObject *none)
{
    tenon_context *context = library_of (self);
    PyObject *list = PyList_New (0);
    (void) none;
    for (uint64_t i = 0; list && i < tenon_codec_count (context); i++) {
        tenon_codec_info info = TENON_INIT (info);
        if (tenon_codec_get (context, i, &info) == TENON_OK
            && list_take (list, format_object (context, i, &info)) < 0)
            Py_CLEAR (list);
    }
    return list;
}

PyObject *
tn_context_filters (PyObject *self, PyObject *none)
{
    tenon_context *context = library_of (self);
    PyObject *list = PyList_New (0);
    (void) none;
    for (uint64_t i = 0; list && i < tenon_filter_count (context); i++) {
        tenon_filter_info info = TENON_INIT (info);
        if (tenon_filter_get (context, i, &info) < 0)
            continue;
        PyObject *item = Py_BuildValue (
            "{sNsNsNsisisi}", "id", tn_text (info.id, TENON_NUL), "label", tn_text (info.label, TENON_NUL),
            "plugin", tn_text (info.plugin, TENON_NUL), "least_level", (int) info.least_level, "most_level",
            (int) info.most_level, "default_level", (int) info.default_level);
        if (list_take (list, item) < 0)
            Py_CLEAR (list);
    }
    return list;
}

PyObject *
tn_context_dtypes (PyObject *self, PyObject *none)
{
    tenon_context *context = library_of (self);
    PyObject *list = PyList_New (0);
    (void) none;
    for (uint32_t id = TENON_NONE; list && (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct tenon_dtype info = TENON_INIT (info);
        if (tenon_dtype_get (context, NULL, id, &info) < 0)
            continue;
        PyObject *item = Py_BuildValue ("INIKK", (unsigned int) id, tn_text (info.name, TENON_NUL),
                                        (unsigned int) info.kind, (unsigned long long) info.block_items,
                                        (unsigned long long) info.block_bytes);
        if (list_take (list, item) < 0)
            Py_CLEAR (list);
    }
    return list;
}

PyObject *
tn_context_config (PyObject *self, PyObject *none)
{
    tenon_context *context = library_of (self);
    PyObject *list = PyList_New (0);
    (void) none;
    for (uint64_t i = 0; list && i < tenon_config_count (context); i++) {
        tenon_config_entry entry = TENON_INIT (entry);
        if (tenon_config_get (context, i, &entry) < 0)
            continue;
        PyObject *item =
            Py_BuildValue ("{sNsNsNsNsNsI}", "section", tn_text (entry.section, TENON_NUL), "key",
                           tn_text (entry.key, TENON_NUL), "value", tn_text (entry.value, TENON_NUL),
                           "origin", tn_text (entry.origin, TENON_NUL), "help",
                           tn_text (entry.help, TENON_NUL), "type", (unsigned int) entry.type);
        if (list_take (list, item) < 0)
            Py_CLEAR (list);
    }
    return list;
}

/* ---- casts ---- */

PyObject *
tn_context_castable (PyObject *self, PyObject *args)
{
    unsigned int of, to;
    if (!PyArg_ParseTuple (args, "II:castable", &of, &to))
        return NULL;
    return PyBool_FromLong (tenon_dtype_castable (library_of (self), of, to));
}

struct cast {
    tenon_context *context;
    uint32_t of, to, flags;
    const void *data;
    void *out;
    uint64_t size, out_size, items;
    tenon_error error;
};

static tenon_status
cast_work (void *argument, const tenon_progress *progress)
{
    struct cast *cast = argument;
    (void) progress;
    return tenon_cast (cast->context, cast->of, cast->data, cast->size, cast->to, cast->out, cast->out_size,
                       cast->items, cast->flags, &cast->error);
}

/* The bytes of a number of items. */
static int
cast_size (struct cast *cast)
{
    struct tenon_dtype to = TENON_INIT (to);
    if (tenon_dtype_get (cast->context, NULL, cast->to, &to) < 0)
        return tn_raise_status (TENON_E_NOT_FOUND, "there is no such dtype");
    uint64_t blocks = cast->items / to.block_items + (cast->items % to.block_items != 0);
    if (to.block_bytes > 0 && blocks > (uint64_t) NPY_MAX_INTP / to.block_bytes)
        return tn_raise_status (TENON_E_MEMORY, "the result is too large");
    cast->out_size = blocks * to.block_bytes;
    return 0;
}

PyObject *
tn_context_cast (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "cast", "of", "data", "to", "items", "saturate", NULL };
    PyObject *values[5];
    struct cast cast = { .context = library_of (self), .error = TENON_ERROR_INIT };
    bool saturate = false;
    if (tn_arguments (names, 4, given, count, keywords, values) < 0 || tn_u32_of (values[0], &cast.of) < 0
        || tn_u32_of (values[2], &cast.to) < 0 || tn_u64_of (values[3], &cast.items) < 0
        || tn_bool_of (values[4], &saturate) < 0 || cast_size (&cast) < 0)
        return NULL;
    PyArrayObject *data = (PyArrayObject *) values[1];
    if (!PyArray_Check (values[1]) || !PyArray_IS_C_CONTIGUOUS (data))
        return PyErr_Format (PyExc_TypeError, "data must be a C-contiguous array");
    npy_intp size = (npy_intp) cast.out_size;
    PyObject *out = PyArray_SimpleNew (1, &size, NPY_UINT8);
    if (!out)
        return NULL;
    cast.flags = saturate ? TENON_CAST_SATURATE : 0;
    cast.data = PyArray_DATA (data);
    cast.size = (uint64_t) PyArray_NBYTES (data);
    cast.out = PyArray_DATA ((PyArrayObject *) out);
    Py_INCREF (values[1]);
    if (tn_run (NULL, cast.size, false, cast_work, &cast) < 0) {
        tn_raise (&cast.error);
        Py_CLEAR (out);
    }
    Py_DECREF (values[1]);
    return out;
}
