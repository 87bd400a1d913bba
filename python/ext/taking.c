/* SPDX-License-Identifier: MIT */
/* taking.c - maps or reads many tensors, without the GIL. */
#include "arrays.h"
#include <tenon/dlpack.h>

/* ---- beginning and end ---- */

static int
taking_infos (tn_taking *taking)
{
    const tenon_file *library = taking->file->library;
    tenon_status status = TENON_OK;
    taking->infos->struct_size = sizeof *taking->infos;
    if (!taking->indexes)
        status = tenon_get_range (library, 0, taking->count, taking->infos);
    for (uint64_t i = 0; taking->indexes && status == TENON_OK && i < taking->count; i++) {
        taking->infos[i].struct_size = sizeof *taking->infos;
        status = tenon_get (library, taking->indexes[i], &taking->infos[i]);
    }
    if (status == TENON_OK)
        return 0;
    PyErr_SetString (PyExc_IndexError, "there is no such tensor");
    return -1;
}

int
tn_taking_begin (tn_taking *taking, tn_file *file, uint64_t *indexes, uint64_t count)
{
    taking->file = file;
    taking->indexes = indexes;
    taking->count = count;
    taking->error = (tenon_error) TENON_ERROR_INIT;
    size_t room = count ? (size_t) count : 1;
    taking->infos = PyMem_Calloc (room, sizeof *taking->infos);
    taking->taken = PyMem_Calloc (room, sizeof *taking->taken);
    if (taking->infos && taking->taken)
        return taking_infos (taking);
    PyErr_NoMemory ();
    return -1;
}

void
tn_taking_end (tn_taking *taking)
{
    for (uint64_t i = 0; taking->taken && i < taking->count; i++)
        tenon_memory_free (taking->taken[i].memory);
    PyMem_Free (taking->taken);
    PyMem_Free (taking->infos);
    PyMem_Free (taking->indexes);
    Py_DECREF ((PyObject *) taking->file);
}

static uint64_t
index_of (const tn_taking *taking, uint64_t at)
{
    return taking->indexes ? taking->indexes[at] : at;
}

/* ---- mapping ---- */

/* A private mapping below this size costs more than a copy, and a process can have some 65,000 mappings.
 * NumPy copies numbers. It would omit the padding of records, so these are read. */
#define LEAST_PRIVATE ((uint64_t) 1 << 16)

/* NumPy supports the other byte order for its own dtypes only. */
bool
tn_taking_may_map (const tn_taking *taking, const tenon_tensor_info *info)
{
    bool own = tn_dtype_plain (info->dtype);
    if (taking->mode == TN_MAP_ONLY || taking->mode == TN_MAP_TRY)
        return true;
    if (taking->mode == TN_MAP_COPY || (taking->dtype != TENON_NONE && taking->dtype != info->dtype))
        return false;
    return info->unreadable == TENON_OK && info->storage == 0 && !info->filter
           && !(taking->mode == TN_MAP_PRIVATE && (info->strides || (!own && info->nbytes < LEAST_PRIVATE)))
           && (own || !(info->flags & TENON_BIG_ENDIAN));
}

/* Finds the first item of a tensor with strides in the file, through DLPack: tenon_map has no strides. The
 * pages live as long as the file. */
static tenon_status
map_strided (tn_taking *taking, uint64_t at)
{
    struct DLManagedTensorVersioned *lent = NULL;
    tenon_request request = { .struct_size = sizeof request, .index = index_of (taking, at) };
    tenon_status status =
        tenon_dlpack_get (taking->file->library, &request, TENON_DLPACK_MAP, &lent, NULL, &taking->error);
    if (status < 0)
        return status;
    taking->taken[at].data = tn_lent_data (lent);
    tn_lent_free (lent);
    return TENON_OK;
}

/* `error` may be NULL, which saves a copy of 2 KiB for each tensor. */
static tenon_status
map_packed (tn_taking *taking, uint64_t at, tenon_error *error)
{
    tn_taken *taken = &taking->taken[at];
    tenon_file *library = taking->file->library;
    const void *data = NULL;
    uint64_t size;
    taken->copied = taking->mode == TN_MAP_PRIVATE && taking->infos[at].nbytes < LEAST_PRIVATE;
    if (taking->mode == TN_MAP_PRIVATE && !taken->copied)
        return tenon_map_private (library, index_of (taking, at), &taken->data, &size, &taken->memory, error);
    tenon_status status = tenon_map (library, index_of (taking, at), &data, &size, error);
    taken->data = (void *) (uintptr_t) data;
    return status;
}

static tenon_status
map_one (tn_taking *taking, uint64_t at)
{
    if (taking->infos[at].strides)
        return map_strided (taking, at);
    tenon_status status = map_packed (taking, at, NULL);
    bool fails = status < 0 && (status != TENON_E_NOT_MAPPABLE || taking->mode == TN_MAP_ONLY);
    return fails ? map_packed (taking, at, &taking->error) : status;
}

static tenon_status
map_all (tn_taking *taking)
{
    for (uint64_t i = 0; i < taking->count; i++) {
        if (!tn_taking_may_map (taking, &taking->infos[i]))
            continue;
        tenon_status status = map_one (taking, i);
        taking->taken[i].mapped = status == TENON_OK;
        bool only = taking->mode == TN_MAP_ONLY || taking->mode == TN_MAP_TRY;
        if (status < 0 && (status != TENON_E_NOT_MAPPABLE || only))
            return status;
    }
    return TENON_OK;
}

/* ---- reading ---- */

/* The requests for the tensors that were not mapped. */
struct requests {
    tenon_request *requests;
    tenon_memory **memories;
    int64_t *strides; /* of the tensors that keep Fortran order */
    uint64_t count;
};

/* Blocks and packed items have C order only, and so have tensors with strides in the file. */
bool
tn_taking_keeps_fortran (const tn_taking *taking, const tenon_tensor_info *info)
{
    uint32_t dtype = taking->dtype ? taking->dtype : info->dtype;
    if (!(info->flags & TENON_FORTRAN) || info->rank < 2 || info->rank > TN_RANK || info->strides)
        return false;
    struct tenon_dtype about = TENON_INIT (about);
    return dtype <= TENON_F8_E8M0
           || (tenon_dtype_get (taking->file->context->library, taking->file->library, dtype, &about)
                   == TENON_OK
               && about.kind == TENON_KIND_OPAQUE);
}

tenon_status
tn_taking_no_memory (tn_taking *taking)
{
    static const char text[] = "not enough memory for the requests of many tensors";
    taking->error.status = TENON_E_MEMORY;
    for (size_t i = 0; i < sizeof text; i++)
        taking->error.message[i] = text[i];
    return TENON_E_MEMORY;
}

void
tn_taking_request (const tn_taking *taking, uint64_t at, tenon_request *request, int64_t **strides)
{
    const tenon_tensor_info *info = &taking->infos[at];
    const tn_box *box = taking->box;
    *request = (tenon_request){ .struct_size = sizeof *request,
                                .dtype = taking->dtype,
                                .index = index_of (taking, at) };
    if (box) {
        request->rank = info->rank;
        request->start = box->start;
        request->count = box->count;
        request->step = box->step;
    }
    if (!taking->taken[at].fortran)
        return;
    int64_t stride = 1;
    request->strides = *strides;
    for (uint32_t i = 0; i < info->rank; i++) {
        uint64_t dim = box ? box->count[i] : info->shape[i];
        *(*strides)++ = stride;
        /* the library refuses sizes that overflow */
        if (dim > 1 && __builtin_mul_overflow (stride, (int64_t) dim, &stride))
            stride = INT64_MAX;
    }
}

static tenon_status
requests_run (tn_taking *taking, struct requests *requests, const tenon_progress *progress)
{
    int64_t *strides = requests->strides;
    for (uint64_t i = 0, n = 0; i < taking->count; i++)
        if (!taking->taken[i].mapped)
            tn_taking_request (taking, i, &requests->requests[n++], &strides);
    tenon_status status = tenon_load_each (taking->file->library, requests->requests, requests->count,
                                           requests->memories, progress, &taking->error);
    for (uint64_t i = 0, n = 0; status == TENON_OK && i < taking->count; i++)
        if (!taking->taken[i].mapped) {
            taking->taken[i].data = requests->requests[n].data;
            taking->taken[i].memory = requests->memories[n++];
        }
    return status;
}

static tenon_status
load_rest (tn_taking *taking, const tenon_progress *progress)
{
    struct requests requests = { NULL, NULL, NULL, 0 };
    size_t dims = 0;
    for (uint64_t i = 0; i < taking->count; i++) {
        tn_taken *taken = &taking->taken[i];
        taken->fortran = tn_taking_keeps_fortran (taking, &taking->infos[i]);
        requests.count += !taken->mapped;
        dims += taken->fortran ? taking->infos[i].rank : 0;
    }
    if (requests.count == 0)
        return TENON_OK;
    requests.requests = malloc ((size_t) requests.count * sizeof *requests.requests);
    requests.memories = calloc ((size_t) requests.count, sizeof *requests.memories);
    requests.strides = malloc ((dims + 1) * sizeof *requests.strides);
    tenon_status status = requests.requests && requests.memories && requests.strides
                              ? requests_run (taking, &requests, progress)
                              : tn_taking_no_memory (taking);
    free (requests.requests);
    free (requests.memories);
    free (requests.strides);
    return status;
}

static tenon_status
taking_work (void *argument, const tenon_progress *progress)
{
    tn_taking *taking = argument;
    tenon_status status = map_all (taking);
    return status < 0 ? status : load_rest (taking, progress);
}

int
tn_taking_run (tn_taking *taking, PyObject *progress)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < taking->count; i++)
        if (!tn_taking_may_map (taking, &taking->infos[i])
            && __builtin_add_overflow (bytes, taking->infos[i].nbytes, &bytes))
            bytes = TN_MANY_BYTES;
    tenon_status status = tn_run (progress, bytes, taking->file->one_thread, taking_work, taking);
    if (status == TENON_E_NOT_MAPPABLE && taking->mode == TN_MAP_TRY && !PyErr_Occurred ())
        return 1;
    return status < 0 ? tn_file_raise (taking->file, &taking->error) : 0;
}
