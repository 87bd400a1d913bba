/* SPDX-License-Identifier: MIT */
/* tenon/dlpack.h - tensors handed over in memory, to and from other libraries.
 *
 * DLPack is how NumPy, PyTorch, JAX and others hand tensors to each other without a copy. Its structs are
 * those of <dlpack/dlpack.h>, version 1, of https://github.com/dmlc/dlpack; they are only named here, so a
 * program includes that header where it looks into them. A binding for Python puts the pointer into a capsule
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
    /* the bytes of the file without a copy, else TENON_E_NOT_MAPPABLE with the reason. Without this flag
     * what cannot be mapped is read */
    TENON_DLPACK_MAP = 0x10000,
    TENON_DLPACK_COPY = 0x20000, /* always read, into memory of its own */
    /* what may be written: memory of its own, or pages of the file that are copied when they are written.
     * What is written never gets into the file */
    TENON_DLPACK_WRITABLE = 0x40000
};

/* A tensor, or a box of it, as the request asks for it; its `data` and `size` are ignored. What is mapped is
 * read-only without TENON_DLPACK_WRITABLE, and says so; memory of its own says that it is a copy. Strides of
 * the request are those of a copy. Without them a mapping has the order of the file, so axes in Fortran order
 * and steps are strides of the result, and a copy is packed, in C order. Whatever is asked for is read where
 * mapping it would not be right: another dtype, another byte order, items that are not aligned.
 *
 * The result belongs to the caller, who calls its deleter once, on any thread. It may outlive the file and
 * the context; the memory of tenon_open_memory must stay as long as tensors in it. About files that others
 * shrink see tenon_map. TENON_E_UNSUPPORTED: DLPack has no such dtype; ask for another one. */
TENON_API tenon_status tenon_dlpack_get (tenon_file *file, const tenon_request *request, uint32_t flags,
                                         struct DLManagedTensorVersioned **tensor,
                                         const tenon_progress *progress, tenon_error *error);
/* The same for libraries that know the older struct only. It cannot say that memory is read-only, so what is
 * mapped may always be written, as with TENON_DLPACK_WRITABLE. */
TENON_API tenon_status tenon_dlpack_get_old (tenon_file *file, const tenon_request *request, uint32_t flags,
                                             struct DLManagedTensor **tensor, const tenon_progress *progress,
                                             tenon_error *error);

/* Adds a tensor of another library to a plan, in main memory, with its strides, without a copy: its memory
 * must not change until the last save. Of `like`, which may be NULL, only name, name_length and as count. The
 * plan calls the deleter when it is freed; after a failure the tensor is still the caller's. */
TENON_API tenon_status tenon_plan_add_dlpack (tenon_plan *plan, const tenon_array *like,
                                              struct DLManagedTensorVersioned *tensor, tenon_error *error);
TENON_API tenon_status tenon_plan_add_dlpack_old (tenon_plan *plan, const tenon_array *like,
                                                  struct DLManagedTensor *tensor, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
