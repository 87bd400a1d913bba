/* SPDX-License-Identifier: MIT */
/* dlpack.c - adds tensors of other libraries to a plan. */
#include "base/dlpack.h"
#include "plan/arrays.h"
#include "plan/loans.h"
#include <tenon/dlpack.h>

/* More dims than a tensor of a plan may have. */
#define MOST_DIMS 64

static tenon_status
check_lent_tensor (const struct tn_dlpack_tensor *tensor, uint64_t flags, uint32_t dtype, tenon_error *error)
{
    if (tensor->device != TN_DLPACK_CPU)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the tensor lies on a device of type %d, and not in main memory",
                        (int) tensor->device);
    if (tensor->rank < 0 || tensor->rank > MOST_DIMS || (tensor->rank > 0 && !tensor->shape))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the tensor has %d dims, or no shape",
                        (int) tensor->rank);
    if (dtype == TENON_NONE || (flags & TN_DLPACK_PADDED))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "there is no dtype for items of the code %u with %u bits and %u lanes%s",
                        tensor->type.code, tensor->type.bits, tensor->type.lanes,
                        flags & TN_DLPACK_PADDED ? ", padded" : "");
    for (int32_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] < 0)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "dim %d of the tensor is %lld", (int) i,
                            (long long) tensor->shape[i]);
    return TENON_OK;
}

/* The array that a tensor is. `shape` has room for its dims. */
static tenon_status
see_array (tenon_plan *plan, const struct tn_dlpack_tensor *tensor, uint64_t flags, tenon_array *array,
           uint64_t *shape, tenon_error *error)
{
    uint64_t elements, low;
    uint32_t id = tn_dlpack_dtype_of (tensor->type);
    TN_TRY (check_lent_tensor (tensor, flags, id, error));
    const struct tenon_dtype *dtype = tn_catalog_dtype (plan->own, id);
    for (int32_t i = 0; i < tensor->rank; i++)
        shape[i] = (uint64_t) tensor->shape[i];
    array->dtype = id;
    array->rank = (uint32_t) tensor->rank;
    array->shape = shape;
    TN_TRY (tn_shape_bytes (dtype, array->rank, shape, &elements, &array->size, error));
    if (tensor->strides && elements > 0
        && tn_shape_lay (dtype->block_bytes, array->rank, shape, tensor->strides, &low, &array->size)
               != TN_LAY_C)
        array->strides = tensor->strides;
    else if (tensor->strides && elements > 0)
        TN_TRY (tn_shape_bytes (dtype, array->rank, shape, &elements, &array->size, error));
    if (!tensor->data && array->size > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the tensor has items, but no data");
    array->data = tensor->data ? (const char *) tensor->data + tensor->byte_offset : NULL;
    if (array->size == 0) /* data that are not NULL: it is no array without any */
        array->data = "";
    return TENON_OK;
}

static tenon_status
add_tensor (tenon_plan *plan, const tenon_array *like, const struct tn_dlpack_tensor *tensor, uint64_t flags,
            tenon_error *error)
{
    tenon_array given = { 0 };
    uint64_t shape[MOST_DIMS];
    if (like && !tn_copy_struct (&given, sizeof given, like, offsetof (tenon_array, shape)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_array has a wrong struct_size");
    tenon_array array = {
        .struct_size = sizeof array, .name = given.name, .name_length = given.name_length, .as = given.as
    };
    TN_TRY (tn_plan_expect_loan (plan, error));
    TN_TRY (see_array (plan, tensor, flags, &array, shape, error));
    return tn_plan_add_arrays (plan, &array, 1, error);
}

static void
give_back (void *object)
{
    struct DLManagedTensorVersioned *tensor = object;
    if (tensor->deleter)
        tensor->deleter (tensor);
}

TENON_API tenon_status
tenon_plan_add_dlpack (tenon_plan *plan, const tenon_array *like, struct DLManagedTensorVersioned *tensor,
                       tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, plan, "plan") || !TN_GIVEN (&mine, tensor, "tensor"))
        return tn_error_out (error, &mine);
    if (tensor->major != TN_DLPACK_MAJOR)
        tn_fail (&mine, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                 "the tensor is of version %u.%u of DLPack, which is not known", tensor->major,
                 tensor->minor);
    else if (add_tensor (plan, like, &tensor->tensor, tensor->flags, &mine) == TENON_OK)
        tn_plan_take_loan (plan, tensor, give_back);
    return tn_error_out (error, &mine);
}

static void
give_back_old (void *object)
{
    struct DLManagedTensor *tensor = object;
    if (tensor->deleter)
        tensor->deleter (tensor);
}

TENON_API tenon_status
tenon_plan_add_dlpack_unversioned (tenon_plan *plan, const tenon_array *like, struct DLManagedTensor *tensor,
                                   tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, tensor, "tensor")
        && add_tensor (plan, like, &tensor->tensor, 0, &mine) == TENON_OK)
        tn_plan_take_loan (plan, tensor, give_back_old);
    return tn_error_out (error, &mine);
}
