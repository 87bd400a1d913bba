/* SPDX-License-Identifier: MIT */
/* view.c - the axes of a request: their strides in the source and in the result. */
#include "transfer/view.h"

static uint64_t
size_of_stride (int64_t stride)
{
    return stride < 0 ? 0 - (uint64_t) stride : (uint64_t) stride;
}

/* ---- the result ---- */

/* The axes that are longer than 1, ordered by these strides, the longest first. Returns their number. */
static uint32_t
order_axes (const struct tn_request *request, const int64_t *stride, uint8_t *order)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < request->rank; i++) {
        if (request->axis[i].count <= 1)
            continue;
        uint32_t place = count++;
        for (; place > 0 && size_of_stride (stride[order[place - 1]]) < size_of_stride (stride[i]); place--)
            order[place] = order[place - 1];
        order[place] = (uint8_t) i;
    }
    return count;
}

/* Walks from the shortest stride to the longest: what all of them reach, and what lies before item 0 … 0. */
static tenon_status
measure_result (struct tn_request *request, const int64_t *to, tenon_error *error)
{
    uint8_t order[TN_MAX_RANK];
    uint64_t item = request->target->block_bytes, reach = item, most = (uint64_t) 1 << 62;
    uint32_t count = order_axes (request, to, order);
    request->low = 0;
    request->scattered = false;
    for (uint32_t i = count; i-- > 0;) {
        struct tn_axis *axis = &request->axis[order[i]];
        uint64_t step, further;
        if (tn_multiply (size_of_stride (to[order[i]]), item, &step)
            || tn_multiply (axis->count - 1, step, &further) || further >= most || reach + further >= most)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "with its strides the result would take 2^62 bytes or more");
        if (step < reach)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "a stride of %lld in dim %u lets items of the result overlap",
                            (long long) to[order[i]], order[i]);
        axis->to = to[order[i]] < 0 ? -(int64_t) step : (int64_t) step;
        request->low += to[order[i]] < 0 ? further : 0;
        /* packed: no gap before it, forwards, and in C order */
        request->scattered = request->scattered || step != reach || to[order[i]] < 0
                             || (i + 1 < count && order[i] > order[i + 1]);
        reach += further;
    }
    request->span = reach;
    return TENON_OK;
}

tenon_status
tn_view_set_result (struct tn_request *request, const int64_t *to, tenon_error *error)
{
    request->scattered = false;
    request->low = 0;
    request->to_first = 0;
    if (!to || request->elements == 0 || request->target->block_bytes == 0)
        return TENON_OK;
    if (request->target->block_items > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot have strides", request->target->name);
    return measure_result (request, to, error);
}

/* ---- the source ---- */

static void
reverse_axes (struct tn_request *request)
{
    for (uint32_t i = 0; i < request->rank / 2; i++) {
        struct tn_axis axis = request->axis[i];
        request->axis[i] = request->axis[request->rank - 1 - i];
        request->axis[request->rank - 1 - i] = axis;
    }
}

void
tn_view_set_strides (struct tn_request *request)
{
    const struct tn_tensor *tensor = request->tensor;
    const struct tn_remark *lay = tn_tensor_strides (request->catalog, tensor);
    bool fortran = (tensor->flags & TENON_FORTRAN) && tensor->rank > 1;
    uint64_t stride = request->unit_bytes;
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t at = fortran ? i : request->rank - 1 - i; /* the fastest one first */
        struct tn_axis *axis = &request->axis[at];
        uint64_t dim = tensor->rank > 0 && !tn_request_is_flat (request) ? tensor->shape[at] : axis->count;
        axis->stride = (int64_t) stride;
        stride *= at + 1u == request->rank && !tn_request_is_flat (request) ? dim / request->unit_items : dim;
        if (lay && dim > 1)
            axis->stride = lay->strides[at] * (int64_t) request->unit_bytes;
    }
    /* chunks are put into the order of the view */
    request->linear = request->grid || (!lay && fortran == request->reversed);
    if (request->reversed)
        reverse_axes (request);
}

/* ---- settling ---- */

static void
pack_result (struct tn_request *request)
{
    uint64_t to = request->target->block_items == 1 ? request->target->block_bytes : 0;
    request->span = request->size;
    for (uint32_t i = request->rank; i-- > 0; to *= request->axis[i].count)
        request->axis[i].to = (int64_t) to;
}

/* What is cut away goes into the offset. */
static void
fold_axes (struct tn_request *request)
{
    for (uint32_t i = 0; i < request->rank; i++) {
        struct tn_axis *axis = &request->axis[i];
        request->offset += axis->start * (uint64_t) axis->stride; /* modulo 2^64 */
        *axis = (struct tn_axis){ .count = axis->count,
                                  .step = 1,
                                  .stride = axis->count > 1 ? axis->stride * (int64_t) axis->step
                                                            : (int64_t) request->unit_bytes,
                                  .to = axis->to };
    }
}

/* Items that go to places of their own may be taken in any order: in that of the result's memory, upwards. */
static TN_OWN_FRAME void
follow_result (struct tn_request *request)
{
    uint8_t order[TN_MAX_RANK];
    int64_t to[TN_MAX_RANK];
    struct tn_axis axes[TN_MAX_RANK];
    for (uint32_t i = 0; i < request->rank; i++)
        to[i] = request->axis[i].to;
    memcpy (axes, request->axis, request->rank * sizeof *axes);
    request->rank = order_axes (request, to, order);
    for (uint32_t i = 0; i < request->rank; i++) {
        struct tn_axis *axis = &request->axis[i];
        *axis = axes[order[i]];
        if (axis->to > 0)
            continue;
        request->to_first += (int64_t) (axis->count - 1) * axis->to;
        request->offset += (axis->count - 1) * (uint64_t) axis->stride;
        axis->to = -axis->to;
        axis->stride = -axis->stride;
    }
}

/* Axes of 1 go; two that are as one in the source and in the result become one. What is left of most reads is
 * one axis. */
static void
join_axes (struct tn_request *request)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < request->rank; i++) {
        struct tn_axis axis = request->axis[i], *before = out > 0 ? &request->axis[out - 1] : NULL;
        if (axis.count == 1)
            continue;
        if (before && before->stride == (int64_t) axis.count * axis.stride
            && before->to == (int64_t) axis.count * axis.to) {
            axis.count *= before->count;
            *before = axis;
        } else
            request->axis[out++] = axis;
    }
    if (out == 0)
        request->axis[out++] = (struct tn_axis){ 0, 1, 1, (int64_t) request->unit_bytes,
                                                 (int64_t) request->target->block_bytes };
    request->rank = out;
    if (out == 1 && request->axis[0].stride == (int64_t) request->unit_bytes && !request->scattered)
        request->linear = true;
}

/* True if each of these axes, the fastest one last, goes beyond all that those after it reach. */
static bool
rises_along (const struct tn_request *request, const uint8_t *order, uint32_t count)
{
    uint64_t reach = request->unit_bytes;
    for (uint32_t i = count; i-- > 0;) {
        const struct tn_axis *axis = &request->axis[order[i]];
        if (size_of_stride (axis->stride) < reach)
            return false;
        reach += (axis->count - 1) * size_of_stride (axis->stride);
    }
    return true;
}

/* Repeated axes are gathered once. */
static void
find_order (struct tn_request *request)
{
    uint8_t order[TN_MAX_RANK];
    int64_t stride[TN_MAX_RANK];
    bool forwards = true;
    for (uint32_t i = 0; i < request->rank; i++) {
        stride[i] = request->axis[i].stride;
        order[i] = (uint8_t) i;
        forwards = forwards && stride[i] > 0;
    }
    request->turns = !forwards || !rises_along (request, order, request->rank);
    uint32_t count = request->turns ? order_axes (request, stride, order) : 0;
    while (count > 0 && stride[order[count - 1]] == 0)
        count--;
    request->rewinds = !rises_along (request, order, count);
}

void
tn_view_settle (struct tn_request *request)
{
    request->turns = request->rewinds = false;
    if (!request->scattered)
        pack_result (request);
    if (request->grid)
        return;
    if (request->storage == TENON_SERVED)
        request->turns = request->reversed;
    if (request->storage == TENON_SERVED || request->decode || request->elements == 0)
        return;
    fold_axes (request);
    if (request->scattered)
        follow_result (request);
    request->linear = request->linear && !request->scattered;
    if (request->unit_items == 1)
        join_axes (request);
    find_order (request);
}
