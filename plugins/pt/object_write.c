/* SPDX-License-Identifier: MIT */
/* object_write.c - data.pkl: the dicts of tensors and values, as torch.save has them. */
#include "pt.h"
#include "pt_write.h"

/* ---- a tensor ---- */

/* The persistent id that stands for a storage. */
static void
put_storage (struct pt_pickle *pickle, const struct tenon_tensor *tensor, uint64_t items, uint32_t number)
{
    struct pt_out *out = &pickle->out;
    const struct pt_dtype *type = pt_dtype_of (tensor->dtype);
    char key[16];
    snprintf (key, sizeof key, "%u", number);
    pt_put_byte (out, PT_OP_MARK);
    pt_put_shared (out, "storage", &pickle->storage);
    if (type->storage)
        pt_put_global (out, "torch", type->storage, &pickle->types[tensor->dtype]);
    else
        pt_put_global (out, "torch.storage", "UntypedStorage", &pickle->untyped);
    pt_put_shared (out, key, &pickle->keys[number]);
    pt_put_shared (out, "cpu", &pickle->cpu);
    pt_put_unsigned (out, type->storage ? items : tensor->length);
    pt_put_byte (out, PT_OP_TUPLE);
    pt_put_memo (out);
    pt_put_byte (out, PT_OP_PERSISTENT);
}

/* The items between neighbours in each dim. A dim of 0 counts as 1. */
static void
find_strides (uint64_t *strides, const uint64_t *shape, uint32_t rank, int fortran)
{
    uint64_t stride = 1;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t dim = fortran ? i : rank - 1 - i;
        strides[dim] = stride;
        stride *= shape[dim] > 0 ? shape[dim] : 1;
    }
}

tenon_status
pt_check_tensor (struct tenon_call *call, const struct tenon_tensor *tensor)
{
    if (!pt_dtype_of (tensor->dtype))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "tensor '%s': PyTorch has no such dtype",
                           tensor->name);
    if (tensor->dtype == TENON_F4 && (tensor->rank == 0 || tensor->shape[tensor->rank - 1] % 2 != 0))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "tensor '%s': PyTorch has f4 in pairs (float4_e2m1fn_x2), and its last dim is odd",
                           tensor->name);
    return TENON_OK;
}

int
pt_is_fortran (const struct tenon_tensor *tensor)
{
    return (tensor->flags & TENON_FORTRAN) && tensor->rank > 1 && tensor->dtype != TENON_F4;
}

/* _rebuild_tensor_v2 (storage, offset, size, stride, requires_grad, hooks), or _v3 with the dtype behind
 * these. */
static tenon_status
put_tensor (struct pt_pickle *pickle, uint64_t index)
{
    struct pt_out *out = &pickle->out;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    uint64_t shape[PT_MOST_RANK], strides[PT_MOST_RANK], items = 1;
    TENON_TRY (out->call->host->plan_tensor (out->call, index, &tensor));
    const struct pt_dtype *type = pt_dtype_of (tensor.dtype);
    uint32_t rank = tensor.rank < PT_MOST_RANK ? tensor.rank : PT_MOST_RANK;
    for (uint32_t i = 0; i < rank; i++) {
        items *= tensor.shape[i];
        shape[i] = tensor.shape[i];
    }
    if (tensor.dtype == TENON_F4)
        shape[rank - 1] /= 2;
    find_strides (strides, shape, rank, pt_is_fortran (&tensor));
    if (type->storage)
        pt_put_global (out, "torch._utils", "_rebuild_tensor_v2", &pickle->rebuild_2);
    else
        pt_put_global (out, "torch._utils", "_rebuild_tensor_v3", &pickle->rebuild_3);
    pt_put_byte (out, PT_OP_MARK);
    put_storage (pickle, &tensor, items, pickle->storages[index]);
    pt_put_unsigned (out, 0);
    pt_put_numbers (out, shape, rank);
    pt_put_numbers (out, strides, rank);
    pt_put_byte (out, PT_OP_FALSE);
    pt_put_global (out, "collections", "OrderedDict", &pickle->ordered);
    pt_put_byte (out, PT_OP_EMPTY_TUPLE);
    pt_put_byte (out, PT_OP_REDUCE);
    pt_put_memo (out);
    if (!type->storage)
        pt_put_global (out, "torch", type->name, &pickle->types[tensor.dtype]);
    pt_put_byte (out, PT_OP_TUPLE);
    pt_put_memo (out);
    pt_put_byte (out, PT_OP_REDUCE);
    pt_put_memo (out);
    return out->status;
}

/* ---- containers ---- */

static void
begin_container (struct pt_pickle *pickle, const struct pt_node *node)
{
    struct pt_out *out = &pickle->out;
    if (node->kind == PT_NODE_TUPLE) {
        pt_put_byte (out, PT_OP_MARK);
        return;
    }
    if (node->kind == PT_NODE_ORDERED) {
        pt_put_global (out, "collections", "OrderedDict", &pickle->ordered);
        pt_put_byte (out, PT_OP_EMPTY_TUPLE);
        pt_put_byte (out, PT_OP_REDUCE);
    } else
        pt_put_byte (out, node->kind == PT_NODE_LIST ? PT_OP_EMPTY_LIST : PT_OP_EMPTY_DICT);
    pt_put_memo (out);
    pt_begin_items (out, node->count);
}

/* Before a value that is an entry of this container. */
static void
put_key (struct pt_out *out, const struct pt_node *holder, const struct pt_node *node)
{
    int64_t number;
    if (holder->kind == PT_NODE_LIST || holder->kind == PT_NODE_TUPLE)
        return;
    if (holder->int_keys && pt_take_integer (node->key, node->key_length, &number))
        pt_put_integer (out, number);
    else
        pt_put_string (out, node->key, node->key_length);
}

static tenon_status
put_leaf (struct pt_pickle *pickle, const struct pt_node *node)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    if (node->kind == PT_NODE_TENSOR)
        return put_tensor (pickle, node->index);
    if (node->as_none) {
        pt_put_byte (&pickle->out, PT_OP_NONE);
        return pickle->out.status;
    }
    TENON_TRY (pickle->out.call->host->plan_metadata (pickle->out.call, node->index, &key, &length, &value));
    return pt_put_value (&pickle->out, &value, node->as_tuple);
}

/* After all of a node is written: what comes next, out of as many containers as end here. */
static uint32_t
leave_node (struct pt_pickle *pickle, uint32_t at)
{
    struct pt_node *nodes = pickle->tree->nodes;
    struct pt_out *out = &pickle->out;
    for (;;) {
        struct pt_node *node = &nodes[at], *holder = &nodes[node->parent];
        if (node->kind == PT_NODE_TUPLE) {
            pt_put_byte (out, PT_OP_TUPLE);
            pt_put_memo (out);
        }
        if (node->attributes && !node->begun) {
            node->begun = 1;
            at = node->attributes;
            begin_container (pickle, &nodes[at]);
            if (nodes[at].first != PT_NO_NODE)
                return nodes[at].first;
            continue;
        }
        if (at == 0)
            return PT_NO_NODE;
        if (holder->attributes == at)
            pt_put_byte (out, PT_OP_BUILD);
        else {
            holder->done++;
            if (holder->kind == PT_NODE_LIST)
                pt_end_item (out, holder->done, holder->count, PT_OP_APPEND, PT_OP_APPENDS);
            else if (holder->kind != PT_NODE_TUPLE)
                pt_end_item (out, holder->done, holder->count, PT_OP_SETITEM, PT_OP_SETITEMS);
            if (node->next != PT_NO_NODE)
                return node->next;
        }
        at = node->parent;
    }
}

static tenon_status
put_nodes (struct pt_pickle *pickle)
{
    const struct pt_node *nodes = pickle->tree->nodes;
    for (uint32_t at = 0; at != PT_NO_NODE && pickle->out.status == TENON_OK;) {
        const struct pt_node *node = &nodes[at];
        if (at > 0)
            put_key (&pickle->out, &nodes[node->parent], node);
        if (node->kind > PT_NODE_TUPLE)
            TENON_TRY (put_leaf (pickle, node));
        else {
            begin_container (pickle, node);
            if (node->first != PT_NO_NODE) {
                at = node->first;
                continue;
            }
        }
        at = leave_node (pickle, at);
    }
    return pickle->out.status;
}

tenon_status
pt_put_object (struct pt_pickle *pickle)
{
    static const uint8_t begin[] = { PT_OP_PROTOCOL, 2 };
    pt_put_bytes (&pickle->out, begin, sizeof begin);
    TENON_TRY (put_nodes (pickle));
    pt_put_byte (&pickle->out, PT_OP_STOP);
    return pt_flush_out (&pickle->out);
}
