/* SPDX-License-Identifier: MIT */
/* tenon/dlpack.h - tensors handed over in memory, to and from other libraries.
 *
 * NumPy, PyTorch, JAX and others hand tensors to each other by DLPack, without a copy. Its structs are those
 * of <dlpack/dlpack.h>, version 1, of https://github.com/dmlc/dlpack. This header only names them; a program
 * that looks into them includes that header, too. A binding for Python puts the pointer into a capsule
 * named "dltensor_versioned", or "dltensor" for the older struct. */
#ifndef TENON_DLPACK_H
#define TENON_DLPACK_H
#include <tenon/data.h>
#include <tenon/library.h>
#include <tenon/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensorVersioned;
struct DLManagedTensor;

enum {
    /* map the bytes of the file, without a copy, or fail with TENON_E_NOT_MAPPABLE and the reason. Without
     * this flag a tensor that cannot be mapped is read */
    TENON_DLPACK_MAP = 0x10000,
    TENON_DLPACK_COPY = 0x20000, /* always read, into memory of its own */
    /* the caller may write into the result: it has memory of its own, or pages of the file that are copied
     * when they are written. The file never changes */
    TENON_DLPACK_WRITABLE = 0x40000
};

/* A tensor, or a box of it, as the request asks for it; `data` and `size` of the request are ignored. `flags`
 * are TENON_DLPACK_*, or 0: then the tensor is mapped if its stored bytes are the result, and read otherwise,
 * for another dtype or byte order, or items that are not aligned. A mapped result is read-only without
 * TENON_DLPACK_WRITABLE, and its flags say so; the flags of a result that was read say that it is a copy. A
 * mapped result has the order of the file: Fortran order and steps become its strides. A result that was read
 * is packed, in C order, or has the strides of the request.
 *
 * The result belongs to the caller, who calls its deleter once, on any thread. It may outlive the file and
 * the context; the memory of tenon_open_memory must stay as long as tensors in it. About files that others
 * shrink see tenon_map. TENON_E_UNSUPPORTED: DLPack has no such dtype; ask for another one. */
TENON_API tenon_status tenon_dlpack_get (tenon_file *file, const tenon_request *request, uint32_t flags,
                                         struct DLManagedTensorVersioned **tensor,
                                         const tenon_progress *progress, tenon_error *error);
/* The same for libraries that know the older struct only. It cannot say that memory is read-only, so what is
 * mapped may always be written, as with TENON_DLPACK_WRITABLE. */
TENON_API tenon_status tenon_dlpack_get_unversioned (tenon_file *file, const tenon_request *request,
                                                     uint32_t flags, struct DLManagedTensor **tensor,
                                                     const tenon_progress *progress, tenon_error *error);

/* Adds a tensor of another library to a plan, in main memory, with its strides, without a copy: its memory
 * must not change until the last save. Of `like`, which may be NULL, only name, name_length and as count. The
 * plan calls the deleter when it is freed; after a failure the tensor is still the caller's. */
TENON_API tenon_status tenon_plan_add_dlpack (tenon_plan *plan, const tenon_array *like,
                                              struct DLManagedTensorVersioned *tensor, tenon_error *error);
TENON_API tenon_status tenon_plan_add_dlpack_unversioned (tenon_plan *plan, const tenon_array *like,
                                                          struct DLManagedTensor *tensor, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
