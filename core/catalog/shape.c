/* SPDX-License-Identifier: MIT */
/* shape.c - how many bytes a shape takes, and shapes as text. */
#include "catalog/shape.h"
#include <stdio.h>

const char *
tn_dtype_label (const struct tenon_dtype *dtype)
{
    return dtype->kind == TENON_KIND_OPAQUE ? dtype->text : dtype->name;
}

tenon_status
tn_shape_bytes (const struct tenon_dtype *dtype, uint32_t rank, const uint64_t *shape, uint64_t *elements,
                uint64_t *bytes, tenon_error *error)
{
    uint64_t product = 1, zero = 0;
    /* the product of the other dims must fit even when one is zero: a caller that multiplies in another order
     * would overflow */
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] >= (uint64_t) 1 << 63)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "dim %u is %llu, which is not below 2^63",
                            i, (unsigned long long) shape[i]);
        if (shape[i] == 0)
            zero = 1;
        else if (tn_multiply (product, shape[i], &product) || product >= (uint64_t) 1 << 63)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                            "the product of its shape is 2^63 or more");
    }
    *elements = zero ? 0 : product;
    uint64_t items = dtype->block_items, size;
    if (items == 1) {
        if (tn_multiply (product, dtype->block_bytes, &size) || size >= (uint64_t) 1 << 63)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "its size in bytes is 2^63 or more");
        *bytes = zero ? 0 : size;
        return TENON_OK;
    }
    if (*elements % items != 0)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "%llu elements are no multiple of the %llu that a block of %s holds",
                        (unsigned long long) *elements, (unsigned long long) items, tn_dtype_label (dtype));
    if (dtype->kind == TENON_KIND_BLOCK && items > 1 && (rank == 0 || shape[rank - 1] % items != 0))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "rows of %llu elements are no multiple of the %llu that a block of %s holds",
                        (unsigned long long) (rank ? shape[rank - 1] : 1), (unsigned long long) items,
                        tn_dtype_label (dtype));
    if (tn_multiply (product / items + (product % items > 0), dtype->block_bytes, &size)
        || size >= (uint64_t) 1 << 63)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "its size in bytes is 2^63 or more");
    *bytes = zero ? 0 : size;
    return TENON_OK;
}

/* Dims of 1 take part in nothing. */
static bool
is_packed (uint32_t rank, const uint64_t *shape, const int64_t *strides, bool fortran)
{
    uint64_t reach = 1;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t axis = fortran ? i : rank - 1 - i;
        if (shape[axis] > 1 && (strides[axis] < 0 || (uint64_t) strides[axis] != reach))
            return false;
        reach *= shape[axis];
    }
    return true;
}

enum tn_lay
tn_shape_lay (uint64_t item, uint32_t rank, const uint64_t *shape, const int64_t *strides, uint64_t *low,
              uint64_t *span)
{
    uint64_t most = (uint64_t) 1 << 63, below = 0, above = 0;
    *low = *span = 0;
    for (uint32_t i = 0; i < rank; i++)
        if (shape[i] == 0)
            return TN_LAY_C;
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t step = strides[i] < 0 ? 0 - (uint64_t) strides[i] : (uint64_t) strides[i];
        uint64_t *side = strides[i] < 0 ? &below : &above;
        if (shape[i] == 1)
            continue;
        if (tn_multiply (step, item, &step) || tn_multiply (step, shape[i] - 1, &step)
            || step >= most - *side)
            return TN_LAY_WRONG;
        *side += step;
    }
    if (item >= most - below || above >= most - below - item)
        return TN_LAY_WRONG;
    *low = below;
    *span = below + above + item;
    return is_packed (rank, shape, strides, false)  ? TN_LAY_C
           : is_packed (rank, shape, strides, true) ? TN_LAY_FORTRAN
                                                    : TN_LAY_STRIDES;
}

bool
tn_shape_has_order (uint32_t rank, const uint64_t *shape)
{
    uint32_t longer = 0;
    for (uint32_t i = 0; i < rank; i++)
        longer += shape[i] > 1;
    return longer > 1;
}

void
tn_shape_text (char *to, size_t room, const struct tenon_dtype *dtype, uint32_t rank, const uint64_t *shape)
{
    size_t end = 0;
    to[0] = 0;
    for (uint32_t i = 0; i < rank && end + 40 < room; i++)
        end +=
            (size_t) snprintf (to + end, room - end, "%s%llu", i ? " × " : "", (unsigned long long) shape[i]);
    char label[64];
    tn_escape (label, sizeof label, tn_dtype_label (dtype), strlen (tn_dtype_label (dtype)));
    snprintf (to + end, room - end, "%s%s", rank ? " " : "scalar ", label);
}
