/* SPDX-License-Identifier: MIT */
/* dlpack.h - the layout of tensors that programs hand to each other, as version 1 of DLPack fixes it:
 * <dlpack/dlpack.h> of https://github.com/dmlc/dlpack, which is under the Apache License 2.0. This
 * header states the facts of that layout in words of our own, so that the build needs no other package. */
#ifndef TN_DLPACK_H
#define TN_DLPACK_H
#include <stddef.h>
#include <stdint.h>

/* The version that has these numbers. Another major version has another layout behind `flags`. */
#define TN_DLPACK_MAJOR 1u
#define TN_DLPACK_MINOR 1u

/* Devices: main memory only. */
#define TN_DLPACK_CPU 1

/* Codes of dtypes. Those of less than a byte are packed, the first item in the lowest bits. */
enum {
    TN_DLPACK_INT = 0,
    TN_DLPACK_UINT = 1,
    TN_DLPACK_FLOAT = 2,
    TN_DLPACK_BFLOAT = 4,
    TN_DLPACK_COMPLEX = 5,
    TN_DLPACK_BOOL = 6,
    TN_DLPACK_F8_E4M3FN = 10,
    TN_DLPACK_F8_E4M3FNUZ = 11,
    TN_DLPACK_F8_E5M2 = 12,
    TN_DLPACK_F8_E5M2FNUZ = 13,
    TN_DLPACK_F8_E8M0FNU = 14,
    TN_DLPACK_F6_E2M3FN = 15,
    TN_DLPACK_F6_E3M2FN = 16,
    TN_DLPACK_F4_E2M1FN = 17
};

/* Flags of a versioned tensor. */
#define TN_DLPACK_READ_ONLY ((uint64_t) 1)
#define TN_DLPACK_IS_COPIED ((uint64_t) 2)
#define TN_DLPACK_PADDED ((uint64_t) 4) /* items of less than a byte take one each */

struct tn_dlpack_type {
    uint8_t code, bits;
    uint16_t lanes;
};

struct tn_dlpack_tensor {
    void *data; /* NULL: it is empty */
    int32_t device, device_number;
    int32_t rank;
    struct tn_dlpack_type type;
    int64_t *shape;
    int64_t *strides;     /* in items; NULL, in older ones: packed, in C order */
    uint64_t byte_offset; /* of item 0 … 0 from `data` */
};

struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *manager;
    void (*deleter) (struct DLManagedTensorVersioned *self); /* may be NULL */
    uint64_t flags;
    struct tn_dlpack_tensor tensor;
};

struct DLManagedTensor {
    struct tn_dlpack_tensor tensor;
    void *manager;
    void (*deleter) (struct DLManagedTensor *self); /* may be NULL */
};

_Static_assert(sizeof (struct tn_dlpack_type) == 4, "DLDataType");
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof (struct tn_dlpack_tensor) == 48, "DLTensor");
_Static_assert(offsetof (struct tn_dlpack_tensor, shape) == 24, "DLTensor.shape");
_Static_assert(sizeof (struct DLManagedTensor) == 64, "DLManagedTensor");
_Static_assert(sizeof (struct DLManagedTensorVersioned) == 80, "DLManagedTensorVersioned");
_Static_assert(offsetof (struct DLManagedTensorVersioned, tensor) == 32,
               "DLManagedTensorVersioned.dl_tensor");
#endif

/* The type of a dtype with a fixed id; 0 bits: there is none. */
struct tn_dlpack_type tn_dlpack_type_of (uint32_t dtype);
/* The dtype of a type; TENON_NONE: there is none. */
uint32_t tn_dlpack_dtype_of (struct tn_dlpack_type type);

#endif
