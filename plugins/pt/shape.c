/* SPDX-License-Identifier: MIT */
/* shape.c - the shape of a tensor, as the pickle has it, and its faults. */
#include "pt.h"

void
pt_spoil (struct pt_array *array, tenon_status status, const char *format, ...)
{
    va_list list;
    if (array->fault.status < 0)
        return;
    va_start (list, format);
    array->fault.status = status;
    vsnprintf (array->fault.words, sizeof array->fault.words, format, list);
    va_end (list);
}

/* The dims; 0 of them cannot be taken. */
static int
take_dims (const struct pt_machine *machine, struct pt_array *array, const struct pt_value *size)
{
    uint64_t items = 1;
    int empty = 0, many = 0;
    for (uint32_t i = 0; i < size->count; i++) {
        const struct pt_value *dim = pt_at (machine, size->as.items[i]);
        if (dim->kind != PT_INT || dim->as.i < 0) {
            pt_spoil (array, TENON_E_MALFORMED, "dim %u of its shape is no number of items", i);
            return 0;
        }
        array->shape[i] = (uint64_t) dim->as.i;
        empty |= dim->as.i == 0;
        many |= __builtin_mul_overflow (items, (uint64_t) dim->as.i, &items);
    }
    array->tensor.rank = size->count;
    array->tensor.shape = array->shape;
    array->tensor.flags &= ~(uint32_t) TENON_NO_SHAPE;
    if (!empty && (many || items > (uint64_t) 1 << 56))
        pt_spoil (array, TENON_E_MALFORMED, "its shape has more items than any file");
    return 1;
}

void
pt_take_shape (struct pt_reader *reader, struct pt_array *array, uint32_t size, uint32_t stride)
{
    const struct pt_machine *machine = &reader->machine;
    const struct pt_value *dims = pt_at (machine, size), *steps = pt_at (machine, stride);
    /* torch.Size is a tuple within a call */
    if (dims->kind == PT_OBJECT && pt_global (machine, dims->as.items[PT_CALLEE]) == PT_G_LIST)
        dims = pt_at (machine, pt_item (machine, dims->as.items[PT_ARGUMENTS], 0));
    array->tensor.flags |= TENON_NO_SHAPE;
    if (dims->kind != PT_TUPLE && dims->kind != PT_LIST)
        pt_spoil (array, TENON_E_MALFORMED, "its shape is no tuple");
    else if (dims->count > 64)
        pt_spoil (array, TENON_E_UNSUPPORTED, "it has %u dims, at most 64 are supported", dims->count);
    else if (take_dims (machine, array, dims) && stride) {
        if ((steps->kind != PT_TUPLE && steps->kind != PT_LIST) || steps->count != dims->count)
            pt_spoil (array, TENON_E_MALFORMED, "it has %u dims and %u strides", dims->count,
                      steps->kind == PT_TUPLE || steps->kind == PT_LIST ? steps->count : 0);
        for (uint32_t i = 0; i < dims->count && array->fault.status == TENON_OK; i++) {
            const struct pt_value *step = pt_at (machine, steps->as.items[i]);
            if (step->kind != PT_INT || step->as.i < 0)
                pt_spoil (array, TENON_E_MALFORMED, "the stride of dim %u is no number of items", i);
            array->strides[i] = step->as.i;
        }
    }
}
