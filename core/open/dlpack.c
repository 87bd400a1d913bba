/* SPDX-License-Identifier: MIT */
/* dlpack.c - hands tensors of a file to other libraries. */
#include "base/dlpack.h"
#include "open/load.h"
#include "open/map.h"
#include "source/mapping.h"
#include <tenon/dlpack.h>

/* A tensor that was handed out, with what it needs. */
struct lent {
    union {
        struct DLManagedTensorVersioned versioned;
        struct DLManagedTensor old;
    } as; /* first: deleters get its address */
    struct tn_mapping *mapping;
    tenon_memory *memory;
    int64_t numbers[]; /* the shape, and the strides */
};

/* One call. */
struct lending {
    tenon_file *file;
    tenon_request request;
    uint32_t flags;
    const struct tn_tensor *tensor;
    struct lent *lent;
    uint8_t *data; /* item 0 … 0 of the result */
    int64_t *shape, *strides;
    bool read_only, copied;
};

static void
free_lent (struct lent *lent)
{
    if (!lent)
        return;
    tn_mapping_drop (lent->mapping);
    tenon_memory_free (lent->memory);
    free (lent);
}

static void
delete_versioned (struct DLManagedTensorVersioned *self)
{
    free_lent ((struct lent *) (void *) self);
}

static void
delete_old (struct DLManagedTensor *self)
{
    free_lent ((struct lent *) (void *) self);
}

/* ---- what is asked for ---- */

#define KNOWN_FLAGS ((uint32_t) (TENON_DLPACK_MAP | TENON_DLPACK_COPY | TENON_DLPACK_WRITABLE))

static tenon_status
check_lending (const struct lending *lending, tenon_error *error)
{
    uint32_t flags = lending->flags, unknown = flags & TENON_FLAGS_MUST_KNOW & ~KNOWN_FLAGS;
    if (unknown)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "flags %#x are not known to this version",
                        flags);
    if ((flags & TENON_DLPACK_MAP) && (flags & TENON_DLPACK_COPY))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "TENON_DLPACK_MAP excludes TENON_DLPACK_COPY");
    if (lending->request.flags & TENON_REQUEST_AS_STORED)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "TENON_REQUEST_AS_STORED has no meaning here: DLPack knows one byte order");
    return TENON_OK;
}

/* Checks the request, and makes the room for its answer. */
static TN_OWN_FRAME tenon_status
begin_lending (struct lending *lending, const tenon_request *theirs, tenon_error *error)
{
    struct tn_request made; /* for its checks */
    tenon_request *request = &lending->request;
    TN_TRY (tn_reading_request (lending->file, theirs, &made, error));
    tn_copy_struct (request, sizeof *request, theirs, TN_UP_TO (tenon_request, struct_size));
    request->struct_size = sizeof *request;
    TN_TRY (check_lending (lending, error));
    const struct tn_tensor *tensor = lending->tensor =
        tn_catalog_tensor (lending->file->catalog, request->index);
    uint32_t rank = tensor->rank, dtype = request->dtype ? request->dtype : tensor->dtype;
    tn_fail_in (error, NULL, tensor->name);
    if (tn_dlpack_type_of (dtype).bits == 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "DLPack has no dtype for %s",
                        tn_dtype_label (tn_catalog_dtype (lending->file->catalog, dtype)));
    struct lent *lent = lending->lent =
        calloc (1, sizeof *lent + 2 * (size_t) TN_MAX (rank, 1) * sizeof lent->numbers[0]);
    if (!lent)
        return tn_fail_memory (error);
    lending->shape = lent->numbers;
    lending->strides = lent->numbers + TN_MAX (rank, 1);
    for (uint32_t i = 0; i < rank; i++) {
        bool sliced = request->rank > 0;
        uint64_t start = sliced && request->start ? request->start[i] : 0;
        uint64_t step = sliced && request->step ? (uint64_t) request->step[i] : 1;
        uint64_t rest = tensor->shape[i] - start, all = rest / step + (rest % step > 0);
        lending->shape[i] = (int64_t) (sliced && request->count ? request->count[i] : all);
    }
    return TENON_OK;
}

/* ---- without a copy ---- */

/* Why the items as they lie in the file would not be the result. NULL: they would. */
static const char *
why_not_as_stored (const struct lending *lending)
{
    const tenon_request *request = &lending->request;
    const struct tn_tensor *tensor = lending->tensor;
    const struct tenon_dtype *dtype = tn_catalog_dtype (lending->file->catalog, tensor->dtype);
    if (request->dtype != TENON_NONE && request->dtype != tensor->dtype)
        return "it is stored as another dtype";
    if (request->strides)
        return "it has strides of its own in the file";
    if ((tensor->flags & TENON_BIG_ENDIAN) && dtype->swap_count > 0)
        return "its bytes are in the other order";
    if (dtype->block_items > 1 && request->rank > 0)
        return "items of less than a byte cannot be picked";
    return NULL;
}

/* Strides of all of the tensor, and then of the box. Moves `data` from its item 0 … 0 to that of the box. */
static void
lay_box (struct lending *lending)
{
    const struct tn_tensor *tensor = lending->tensor;
    const struct tn_catalog *catalog = lending->file->catalog;
    const struct tn_remark *lay = tn_tensor_strides (catalog, tensor);
    const tenon_request *request = &lending->request;
    int64_t item = (int64_t) tn_catalog_dtype (catalog, tensor->dtype)->block_bytes, stride = 1;
    bool fortran = tensor->flags & TENON_FORTRAN;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint32_t at = fortran ? i : tensor->rank - 1 - i;
        lending->strides[at] = lay ? lay->strides[at] : stride;
        stride *= (int64_t) TN_MAX (tensor->shape[at], 1);
    }
    for (uint32_t i = 0; i < tensor->rank && request->rank > 0; i++) {
        if (request->start && lending->shape[i] > 0)
            lending->data += (int64_t) request->start[i] * lending->strides[i] * item;
        if (request->step && lending->shape[i] > 1)
            lending->strides[i] *= request->step[i];
    }
}

/* A file that was opened with TENON_OPEN_UNALIGNED maps such items; DLPack does not know them. */
static tenon_status
check_place (struct lending *lending, tenon_error *error)
{
    const struct tenon_dtype *dtype = tn_catalog_dtype (lending->file->catalog, lending->tensor->dtype);
    if (dtype->swap_count == 0 || (uintptr_t) lending->data % dtype->swap[0].size == 0)
        return TENON_OK;
    tn_mapping_drop (lending->lent->mapping);
    tenon_memory_free (lending->lent->memory);
    lending->lent->mapping = NULL;
    lending->lent->memory = NULL;
    lending->read_only = false;
    return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "it does not lie at a multiple of %u",
                    dtype->swap[0].size);
}

static tenon_status
map_lent (struct lending *lending, tenon_error *error)
{
    const char *why = why_not_as_stored (lending);
    const uint8_t *shared;
    void *pages;
    uint64_t size;
    if (why)
        return tn_fail (error, TENON_E_NOT_MAPPABLE, TN_NO_OFFSET, "%s", why);
    if (lending->flags & TENON_DLPACK_WRITABLE) {
        TN_TRY (tn_map_private (lending->file, lending->request.index, &pages, &size, &lending->lent->memory,
                                error));
        lending->data = pages;
    } else {
        TN_TRY (
            tn_map_items (lending->file, lending->request.index, &shared, &lending->lent->mapping, error));
        lending->data = (uint8_t *) (uintptr_t) shared;
        lending->read_only = true;
    }
    TN_TRY (check_place (lending, error));
    lay_box (lending);
    return TENON_OK;
}

/* ---- with a copy ---- */

static TN_OWN_FRAME tenon_status
copy_lent (struct lending *lending, const tenon_progress *progress, tenon_error *error)
{
    tenon_request *request = &lending->request;
    struct tn_reading reading = { .file = lending->file, .requests = request, .count = 1 };
    tenon_status status = tn_load (&reading, &lending->lent->memory, progress, error);
    tn_reading_free (&reading);
    int64_t stride = 1;
    for (uint32_t i = lending->tensor->rank; i-- > 0; stride *= TN_MAX (lending->shape[i], 1))
        lending->strides[i] = request->strides ? request->strides[i] : stride;
    lending->data = request->data;
    lending->copied = true;
    return status;
}

/* Maps if that is right and possible, else reads. */
static TN_OWN_FRAME tenon_status
lend_tensor (struct lending *lending, const tenon_request *theirs, const tenon_progress *progress,
             tenon_error *error)
{
    tenon_error mapping = TENON_ERROR_INIT;
    TN_TRY (begin_lending (lending, theirs, error));
    if (lending->flags & TENON_DLPACK_COPY)
        return copy_lent (lending, progress, error);
    if (map_lent (lending, &mapping) == TENON_OK)
        return TENON_OK;
    if (mapping.status == TENON_E_NOT_MAPPABLE && !(lending->flags & TENON_DLPACK_MAP))
        return copy_lent (lending, progress, error);
    *error = mapping;
    tn_fail_in (error, NULL, lending->tensor->name);
    return error->status;
}

static struct tn_dlpack_tensor
tensor_of (const struct lending *lending)
{
    const tenon_request *request = &lending->request;
    bool empty = false;
    for (uint32_t i = 0; i < lending->tensor->rank; i++)
        empty = empty || lending->shape[i] == 0;
    return (struct tn_dlpack_tensor){
        .data = empty ? NULL : lending->data,
        .device = TN_DLPACK_CPU,
        .rank = lending->tensor->rank,
        .type = tn_dlpack_type_of (request->dtype ? request->dtype : lending->tensor->dtype),
        .shape = lending->shape,
        .strides = lending->strides,
    };
}

/* The part that both functions share. On success the caller has the tensor. */
static tenon_status
run_lending (struct lending *lending, const char *function, const tenon_request *request, bool out,
             const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN_TO (function, &mine, lending->file, "file")
        && TN_GIVEN_TO (function, &mine, request, "request") && TN_GIVEN_TO (function, &mine, out, "tensor"))
        lend_tensor (lending, request, progress, &mine);
    if (mine.status < 0)
        free_lent (lending->lent);
    return tn_reading_end (lending->file, error, &mine);
}

TENON_API tenon_status
tenon_dlpack_get (tenon_file *file, const tenon_request *request, uint32_t flags,
                  struct DLManagedTensorVersioned **tensor, const tenon_progress *progress,
                  tenon_error *error)
{
    struct lending lending = { .file = file, .flags = flags };
    if (tensor)
        *tensor = NULL;
    TN_TRY (run_lending (&lending, __func__, request, tensor, progress, error));
    lending.lent->as.versioned = (struct DLManagedTensorVersioned){
        .major = TN_DLPACK_MAJOR,
        .minor = TN_DLPACK_MINOR,
        .deleter = delete_versioned,
        .flags = (lending.read_only ? TN_DLPACK_READ_ONLY : 0) | (lending.copied ? TN_DLPACK_IS_COPIED : 0),
        .tensor = tensor_of (&lending),
    };
    *tensor = &lending.lent->as.versioned;
    return TENON_OK;
}

TENON_API tenon_status
tenon_dlpack_get_unversioned (tenon_file *file, const tenon_request *request, uint32_t flags,
                              struct DLManagedTensor **tensor, const tenon_progress *progress,
                              tenon_error *error)
{
    struct lending lending = { .file = file, .flags = flags | TENON_DLPACK_WRITABLE };
    if (tensor)
        *tensor = NULL;
    TN_TRY (run_lending (&lending, __func__, request, tensor, progress, error));
    lending.lent->as.old = (struct DLManagedTensor){ .tensor = tensor_of (&lending), .deleter = delete_old };
    *tensor = &lending.lent->as.old;
    return TENON_OK;
}
