/* SPDX-License-Identifier: MIT */
/* context.c - tenon._core.Context: the configuration and its plugins. */
#include "core.h"

PyTypeObject *tn_context_type;

static int
context_make (tn_context *self, const tn_texts *settings, const char *plugin_path, uint32_t flags)
{
    tenon_context_options options = {
        .struct_size = sizeof options, .flags = flags, .settings = settings->texts, .plugin_path = plugin_path
    };
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status;
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_context_new (&self->library, &options, &error);
    Py_END_ALLOW_THREADS;
    return status < 0 ? tn_raise (&error) : 0;
}

static PyObject *
context_new (PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char settings_name[] = "settings", path_name[] = "plugin_path", flags_name[] = "flags";
    static char *names[] = { settings_name, path_name, flags_name, NULL };
    PyObject *sequence = NULL;
    const char *plugin_path = NULL;
    unsigned int flags = 0;
    tn_texts settings;
    if (!PyArg_ParseTupleAndKeywords (args, keywords, "|OzI:Context", names, &sequence, &plugin_path, &flags)
        || tn_texts_of (sequence, &settings) < 0)
        return NULL;
    allocfunc allocate = (allocfunc) PyType_GetSlot (type, Py_tp_alloc);
    PyObject *self = allocate (type, 0);
    if (self && context_make ((tn_context *) self, &settings, plugin_path, flags) < 0)
        Py_CLEAR (self);
    tn_texts_free (&settings);
    return self;
}

static void
context_free (PyObject *self)
{
    tenon_context_free (((tn_context *) self)->library);
    tn_object_free (self);
}

static PyObject *
context_report (PyObject *self, PyObject *none)
{
    (void) none;
    return tn_report_list (tenon_context_report (((tn_context *) self)->library));
}

/* The bids of all codecs. Only a file that cannot be opened raises: there is no report then. */
static PyObject *
context_why (PyObject *self, PyObject *args)
{
    PyObject *path = NULL, *list = NULL;
    tenon_open_options options = TENON_INIT (options);
    tenon_report *report = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status;
    if (!PyArg_ParseTuple (args, "O&|z:why", PyUnicode_FSConverter, &path, &options.format))
        return NULL;
    const char *text = PyBytes_AsString (path);
    Py_BEGIN_ALLOW_THREADS;
    status = tenon_why (((tn_context *) self)->library, text, &options, &report, &error);
    Py_END_ALLOW_THREADS;
    if (status < 0 && tenon_report_count (report) == 0)
        tn_raise (&error);
    else
        list = tn_report_list (report);
    tenon_report_free (report);
    Py_DECREF (path);
    return list;
}

static PyMethodDef methods[] = {
    { "open", (PyCFunction) (void (*) (void)) tn_context_open, METH_FASTCALL | METH_KEYWORDS, NULL },
    { "formats", tn_context_formats, METH_NOARGS, NULL },
    { "filters", tn_context_filters, METH_NOARGS, NULL },
    { "dtypes", tn_context_dtypes, METH_NOARGS, NULL },
    { "config", tn_context_config, METH_NOARGS, NULL },
    { "report", context_report, METH_NOARGS, NULL },
    { "castable", tn_context_castable, METH_VARARGS, NULL },
    { "cast", (PyCFunction) (void (*) (void)) tn_context_cast, METH_FASTCALL | METH_KEYWORDS, NULL },
    { "why", context_why, METH_VARARGS, NULL },
    { "plan", tn_context_plan, METH_NOARGS, NULL },
    { "writer", tn_context_writer, METH_VARARGS, NULL },
    { NULL, NULL, 0, NULL }
};

int
tn_context_init (PyObject *module)
{
    static PyType_Slot slots[] = {
        { Py_tp_new, context_new }, { Py_tp_dealloc, context_free }, { Py_tp_methods, methods }, { 0, NULL }
    };
    static PyType_Spec spec = { "tenon._core.Context", sizeof (tn_context), 0, Py_TPFLAGS_DEFAULT, slots };
    static const struct {
        const char *name;
        long value;
    } constants[] = {
        { "CONTEXT_NO_FILES", TENON_CONTEXT_NO_FILES },
        { "CONTEXT_NO_ENVIRONMENT", TENON_CONTEXT_NO_ENVIRONMENT },
        { "CONTEXT_ISOLATE", TENON_CONTEXT_ISOLATE },
        { "CONTEXT_ISOLATE_THIRD_PARTY", TENON_CONTEXT_ISOLATE_THIRD_PARTY },
        { "OPEN_NO_MAP", TENON_OPEN_NO_MAP },
        { "OPEN_UNALIGNED", TENON_OPEN_UNALIGNED },
        { "OPEN_SHARDS", TENON_OPEN_SHARDS },
        { "OPEN_NO_INDEX", TENON_OPEN_NO_INDEX },
        { "OPEN_ALONE", TENON_OPEN_ALONE },
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (PyModule_AddIntConstant (module, constants[i].name, constants[i].value) < 0)
            return -1;
    tn_context_type = tn_type_add (module, &spec);
    return tn_context_type ? 0 : -1;
}
