/* SPDX-License-Identifier: MIT */
/* dlpack.c - tensors of a file as capsules of DLPack. */
#include "core.h"
#include <tenon/dlpack.h>

#define CAPSULE "dltensor_versioned"
#define OLD_CAPSULE "dltensor"

/* The struct of <dlpack/dlpack.h> before version 1.0. */
struct managed_old {
    void *data;
    int32_t device, device_id, rank;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t *shape, *strides;
    uint64_t byte_offset;
    void *manager;
    void (*deleter) (struct managed_old *self);
};

/* The beginning of the struct of version 1.0. */
struct managed {
    uint32_t major, minor;
    void *manager;
    void (*deleter) (struct managed *self);
    uint64_t flags;
    void *data;
};

struct lending {
    tn_file *file;
    tenon_request request;
    uint32_t flags;
    bool old; /* for libraries without the struct of version 1.0 */
    struct DLManagedTensorVersioned *tensor;
    struct DLManagedTensor *old_tensor;
    tenon_error error;
};

static tenon_status
lend_work (void *argument, const tenon_progress *progress)
{
    struct lending *lending = argument;
    if (lending->old)
        return tenon_dlpack_get_unversioned (lending->file->library, &lending->request, lending->flags,
                                             &lending->old_tensor, progress, &lending->error);
    return tenon_dlpack_get (lending->file->library, &lending->request, lending->flags, &lending->tensor,
                             progress, &lending->error);
}

void *
tn_lent_data (const void *tensor)
{
    return ((const struct managed *) tensor)->data;
}

void
tn_lent_free (void *tensor)
{
    struct managed *managed = tensor;
    if (managed && managed->deleter)
        managed->deleter (managed);
}

static void
old_free (void *tensor)
{
    struct managed_old *managed = tensor;
    if (managed && managed->deleter)
        managed->deleter (managed);
}

static void
old_capsule_free (PyObject *capsule)
{
    if (PyCapsule_IsValid (capsule, OLD_CAPSULE))
        old_free (PyCapsule_GetPointer (capsule, OLD_CAPSULE));
}

/* The destructor of a capsule. A consumer has renamed the capsules that it took. */
static void
capsule_free (PyObject *capsule)
{
    if (PyCapsule_IsValid (capsule, CAPSULE))
        tn_lent_free (PyCapsule_GetPointer (capsule, CAPSULE));
}

/* Tensors cannot own the array that the file was opened from, so they are copies of its memory. */
static void
own_memory (struct lending *lending)
{
    if (lending->file->source && PyArray_Check (lending->file->source)
        && !(lending->flags & TENON_DLPACK_MAP))
        lending->flags |= TENON_DLPACK_COPY;
}

/* The capsule of the lent tensor. If an exception is set, the tensor is freed. */
static PyObject *
capsule_make (struct lending *lending)
{
    PyObject *capsule = NULL;
    if (!PyErr_Occurred ())
        capsule = lending->old ? PyCapsule_New (lending->old_tensor, OLD_CAPSULE, old_capsule_free)
                               : PyCapsule_New (lending->tensor, CAPSULE, capsule_free);
    if (!capsule) {
        tn_lent_free (lending->tensor);
        old_free (lending->old_tensor);
    }
    return capsule;
}

PyObject *
tn_handle_dlpack (PyObject *self, PyObject *const *given, Py_ssize_t count, PyObject *keywords)
{
    static const char *const names[] = { "dlpack", "index", "dtype", "flags", "progress", "old", NULL };
    PyObject *values[5];
    struct lending lending = { .request = TENON_INIT (lending.request), .error = TENON_ERROR_INIT };
    if (tn_arguments (names, 1, given, count, keywords, values) < 0
        || tn_u64_of (values[0], &lending.request.index) < 0
        || tn_u32_of (values[1], &lending.request.dtype) < 0 || tn_u32_of (values[2], &lending.flags) < 0
        || tn_bool_of (values[4], &lending.old) < 0)
        return NULL;
    lending.file = tn_file_of (self);
    if (!lending.file)
        return NULL;
    own_memory (&lending);
    tenon_tensor_info info = TENON_INIT (info);
    tenon_get (lending.file->library, lending.request.index, &info);
    if (tn_run (values[3], info.nbytes, lending.file->one_thread, lend_work, &lending) < 0)
        tn_file_raise (lending.file, &lending.error);
    PyObject *capsule = capsule_make (&lending);
    Py_DECREF ((PyObject *) lending.file);
    return capsule;
}
