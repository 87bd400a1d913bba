/* SPDX-License-Identifier: MIT */
/* options.c - a dict as the options of a save. */
#include "saving.h"

static int
read_number (PyObject *dict, const char *key, uint64_t most, uint64_t *number)
{
    PyObject *value = PyDict_GetItemString (dict, key);
    *number = 0;
    if (!value || value == Py_None)
        return 0;
    *number = PyLong_AsUnsignedLongLong (value);
    if (PyErr_Occurred ()) {
        if (PyErr_ExceptionMatches (PyExc_TypeError))
            PyErr_Format (PyExc_TypeError, "%s must be a whole number, and not %R", key, value);
        return -1;
    }
    if (*number <= most)
        return 0;
    PyErr_Format (PyExc_OverflowError, "the option %s of a save is too large", key);
    return -1;
}

static int
read_small (PyObject *dict, const char *key, uint32_t *number)
{
    uint64_t value;
    if (read_number (dict, key, UINT32_MAX, &value) < 0)
        return -1;
    *number = (uint32_t) value;
    return 0;
}

static int
read_text (PyObject *dict, const char *key, const char **text)
{
    *text = NULL;
    return tn_text_of (PyDict_GetItemString (dict, key), text);
}

int
tn_save_options_of (PyObject *dict, tn_save_options *options)
{
    *options = (tn_save_options){ .library = { .struct_size = sizeof options->library } };
    tenon_save_options *library = &options->library;
    if (!PyDict_Check (dict)) {
        PyErr_SetString (PyExc_TypeError, "the options of a save are a dict");
        return -1;
    }
    PyObject *settings = PyDict_GetItemString (dict, "settings");
    if (read_text (dict, "format", &library->format) < 0 || read_text (dict, "name", &options->name) < 0
        || read_small (dict, "flags", &library->flags) < 0 || read_small (dict, "lock", &library->lock) < 0
        || read_small (dict, "durable", &library->durable) < 0
        || read_small (dict, "threads", &library->threads) < 0
        || read_number (dict, "memory", UINT64_MAX, &library->memory) < 0
        || tn_texts_of (settings ? settings : Py_None, &options->settings) < 0)
        return -1;
    library->settings = options->settings.texts;
    return 0;
}

void
tn_save_options_free (tn_save_options *options)
{
    tn_texts_free (&options->settings);
}
