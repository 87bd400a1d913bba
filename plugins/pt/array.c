/* SPDX-License-Identifier: MIT */
/* array.c - a call that stands for a tensor: its dtype, shape and place. */
#include "pt.h"

/* A call, after those that only wrap it. */
struct call_target {
    uint32_t meaning, arguments;
};
/* Calls in calls; torch makes two at most. */
#define MOST_WRAPS 8u

int
pt_is_array (const struct pt_machine *machine, uint32_t value)
{
    const struct pt_value *found = pt_at (machine, value);
    if (found->kind != PT_OBJECT)
        return found->kind == PT_STORAGE;
    uint32_t meaning = pt_global (machine, found->as.items[PT_CALLEE]);
    return (meaning >= PT_G_TENSOR && meaning <= PT_G_OLD_STORAGE) || meaning == PT_G_NUMPY_ARRAY
           || meaning == PT_G_NUMPY_BUFFER;
}

/* ---- shapes ---- */

/* True if the dims lie one behind the other, from number `first` on, which is the last or the first. */
static int
is_packed (const struct pt_array *array, int fortran)
{
    int64_t expected = 1;
    for (uint32_t i = 0; i < array->tensor.rank; i++) {
        uint32_t dim = fortran ? i : array->tensor.rank - 1 - i;
        if (array->shape[dim] != 1 && array->strides[dim] != expected)
            return 0;
        expected *= (int64_t) array->shape[dim];
    }
    return 1;
}

/* ---- places ---- */

/* The number of the last item that the shape and the strides reach, from the first on. 0: beyond all numbers.
 */
static int
find_reach (const struct pt_array *array, uint64_t *reach)
{
    *reach = 0;
    for (uint32_t i = 0; i < array->tensor.rank; i++) {
        uint64_t last;
        if (array->shape[i] == 0) {
            *reach = 0;
            return 1;
        }
        if (__builtin_mul_overflow (array->shape[i] - 1, (uint64_t) array->strides[i], &last)
            || __builtin_add_overflow (*reach, last, reach))
            return 0;
    }
    return 1;
}

static uint64_t
count_items (const struct pt_array *array)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < array->tensor.rank && items; i++)
        items *= array->shape[i];
    return items;
}

/* Where the items lie in memory: one behind the other in one of two orders, or by strides. */
static void
take_order (struct pt_reader *reader, struct pt_array *array, const struct pt_dtype *row,
            uint64_t storage_size)
{
    uint64_t items = count_items (array),
             ratio = reader->call->host->limit (reader->call, TENON_LIMIT_INFLATED_RATIO);
    if (items == 0 || is_packed (array, 0))
        return;
    if (is_packed (array, 1)) {
        array->tensor.flags |= TENON_FORTRAN;
        return;
    }
    if (row->dtype == TENON_F4)
        pt_spoil (array, TENON_E_UNSUPPORTED,
                  "its items are pairs of f4, and do not lie one behind the other");
    else if (items * row->size > 1u << 20 && items * row->size / ratio > storage_size)
        pt_spoil (array, TENON_E_LIMIT,
                  "its strides repeat %llu bytes, which makes %llu of them (inflated_ratio)",
                  (unsigned long long) storage_size, (unsigned long long) (items * row->size));
    else {
        array->tensor.strides = array->strides;
        array->tensor.flags |= TENON_ALIAS;
    }
}

/* The bytes of the storage that the persistent id speaks of: a range of those of its key. 0: it lies. */
static int
find_range (struct pt_reader *reader, struct pt_array *array, uint32_t id, const struct pt_dtype *row,
            uint64_t *begin, uint64_t *size)
{
    const struct pt_machine *machine = &reader->machine;
    const struct pt_value *count = pt_at (machine, pt_item (machine, id, 4));
    uint32_t view = pt_item (machine, id, 5);
    *begin = 0;
    if (pt_at (machine, view)->kind == PT_TUPLE) { /* of older files: (key, first item, count) */
        const struct pt_value *first = pt_at (machine, pt_item (machine, view, 1));
        count = pt_at (machine, pt_item (machine, view, 2));
        if (first->kind != PT_INT || first->as.i < 0
            || __builtin_mul_overflow ((uint64_t) first->as.i, (uint64_t) row->size, begin))
            pt_spoil (array, TENON_E_MALFORMED, "it lies in a view whose beginning is no number of items");
    }
    if (count->kind != PT_INT || count->as.i < 0
        || __builtin_mul_overflow ((uint64_t) count->as.i, (uint64_t) row->size, size)
        || *size > INT64_MAX / 2 || *begin > INT64_MAX / 2) {
        pt_spoil (array, TENON_E_MALFORMED, "its storage has an impossible number of items");
        return 0;
    }
    return array->fault.status == TENON_OK;
}

/* Sets source, offset and length of a tensor that begins with item `first` of the storage. */
static tenon_status
take_place (struct pt_reader *reader, struct pt_array *array, uint32_t value, uint32_t first_item,
            const struct pt_dtype *row)
{
    struct pt_machine *machine = &reader->machine;
    const uint32_t *items = pt_at (machine, value)->as.items;
    const struct pt_dtype *stored = &pt_dtypes[pt_at (machine, pt_item (machine, items[0], 1))->detail];
    const struct pt_value *first = pt_at (machine, first_item);
    uint64_t begin, size, reach, at, end;
    struct pt_storage *storage = &machine->storages[items[1]];
    if (array->fault.status < 0 || !find_range (reader, array, items[0], stored, &begin, &size))
        return TENON_OK;
    if (first->kind != PT_INT || first->as.i < 0 || !find_reach (array, &reach)
        || __builtin_mul_overflow ((uint64_t) first->as.i, (uint64_t) row->size, &at)
        || __builtin_add_overflow (reach, (uint64_t) first->as.i + (count_items (array) > 0), &end)
        || __builtin_mul_overflow (end, (uint64_t) row->size, &end) || end > size) {
        pt_spoil (array, TENON_E_MALFORMED,
                  "its items lie beyond the end of its storage, which has %llu bytes",
                  (unsigned long long) size);
        return TENON_OK;
    }
    if (storage->state == PT_UNOPENED)
        TENON_TRY (reader->open (reader, storage));
    array->tensor.source = storage->state == PT_OPENED ? storage->source : reader->pickle_source;
    array->tensor.offset = storage->state == PT_OPENED ? storage->offset + begin + at : 0;
    array->tensor.flags |= storage->users > 1 ? TENON_ALIAS : 0;
    array->tensor.flags |= row->size > 1 ? reader->big_endian : 0;
    if (storage->state == PT_OPENED && begin + end > storage->size)
        pt_spoil (array, TENON_E_TRUNCATED, "its items end at byte %llu of its storage, which has %llu",
                  (unsigned long long) (begin + end), (unsigned long long) storage->size);
    if (storage->state == PT_MISSING && count_items (array) > 0) {
        char shown[PT_SHOWN];
        pt_show (storage->key, storage->key_length, shown);
        if (storage->why)
            pt_spoil (array, storage->status, "its storage '%s' cannot be read: %s", shown, storage->why);
        else
            pt_spoil (array, TENON_E_MALFORMED, "its bytes, the storage '%s', are not in the file", shown);
    }
    take_order (reader, array, row, size);
    return TENON_OK;
}

/* Two f4 are one item of torch. */
static void
split_pairs (struct pt_array *array)
{
    struct tenon_tensor *tensor = &array->tensor;
    if (tensor->rank == 0)
        pt_spoil (array, TENON_E_UNSUPPORTED, "it is one pair of f4, without a dim for them");
    else if (tensor->flags & TENON_FORTRAN)
        pt_spoil (array, TENON_E_UNSUPPORTED, "its pairs of f4 are in Fortran order");
    else if (array->shape[tensor->rank - 1] > INT64_MAX / 2)
        pt_spoil (array, TENON_E_UNSUPPORTED, "it has no items, and a dim of 2^63 or more");
    else
        array->shape[tensor->rank - 1] *= 2;
}

static void
take_dtype (struct pt_array *array, const struct pt_dtype *row)
{
    array->tensor.dtype = row->dtype;
    array->dtype_word = row->name;
    if (row->why)
        pt_spoil (array, TENON_E_UNSUPPORTED, "%s", row->why);
}

/* ---- calls ---- */

/* More than torch has; each tensor would look at all of them, and all tensors may have the same. */
#define MOST_BITS 32u

/* Values and arguments of the bits that torch applies when it reads items. */
static void
take_bits (struct pt_reader *reader, struct pt_array *array, uint32_t bits)
{
    const struct pt_machine *machine = &reader->machine;
    const struct pt_value *dict = pt_at (machine, bits);
    if (dict->kind == PT_DICT && dict->count > 2 * MOST_BITS) {
        pt_spoil (array, TENON_E_UNSUPPORTED,
                  "it has %u entries of bits that torch applies, at most %u are known", dict->count / 2,
                  MOST_BITS);
        return;
    }
    for (uint32_t i = 0; dict->kind == PT_DICT && i + 1 < dict->count; i += 2) {
        const struct pt_value *key = pt_at (machine, dict->as.items[i]);
        const struct pt_value *bit = pt_at (machine, dict->as.items[i + 1]);
        if (bit->kind != PT_BOOL || !bit->as.i)
            continue;
        if (pt_is (key, "conj"))
            pt_spoil (array, TENON_E_UNSUPPORTED, "its items are the conjugates of those in the file");
        else if (pt_is (key, "neg"))
            pt_spoil (array, TENON_E_UNSUPPORTED, "its items are those in the file with the other sign");
    }
}

/* (storage, first item, shape, strides …) */
static tenon_status
read_dense (struct pt_reader *reader, const struct call_target *target, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    uint32_t storage = pt_item (machine, target->arguments, 0),
             dtype = pt_item (machine, target->arguments, 6);
    const struct pt_dtype *row = NULL;
    if (pt_at (machine, storage)->kind == PT_STORAGE)
        array->storage = pt_at (machine, storage)->as.items[1];
    if (reader->counting)
        return TENON_OK;
    if (target->meaning == PT_G_TENSOR_3) {
        if (pt_global (machine, dtype) == PT_G_DTYPE)
            row = &pt_dtypes[pt_at (machine, dtype)->detail];
        take_bits (reader, array, pt_item (machine, target->arguments, 7));
    } else if (pt_at (machine, storage)->kind == PT_STORAGE) {
        row =
            &pt_dtypes[pt_at (machine, pt_item (machine, pt_at (machine, storage)->as.items[0], 1))->detail];
        if (target->meaning == PT_G_TENSOR_2)
            take_bits (reader, array, dtype);
    }
    if (row)
        take_dtype (array, row);
    else
        pt_spoil (array, TENON_E_UNSUPPORTED, "its element type is not known");
    pt_take_shape (reader, array, pt_item (machine, target->arguments, 2),
                   pt_item (machine, target->arguments, 3));
    if (pt_item (machine, target->arguments, 3) == PT_V_NONE)
        pt_spoil (array, TENON_E_MALFORMED, "it has no strides");
    if (pt_at (machine, storage)->kind != PT_STORAGE)
        pt_spoil (array, TENON_E_UNSUPPORTED, "its storage is none of those that torch writes");
    else if (row) {
        TENON_TRY (take_place (reader, array, storage, pt_item (machine, target->arguments, 1), row));
        if (row->dtype == TENON_F4)
            split_pairs (array);
    }
    return TENON_OK;
}

/* A storage by itself: its items in one dim. */
static tenon_status
read_storage (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    struct pt_machine *machine = &reader->machine;
    uint32_t id = pt_at (machine, value)->as.items[0], view = pt_item (machine, id, 5);
    array->storage = pt_at (machine, value)->as.items[1];
    if (reader->counting)
        return TENON_OK;
    const struct pt_dtype *row = &pt_dtypes[pt_at (machine, pt_item (machine, id, 1))->detail];
    uint32_t size =
        pt_at (machine, view)->kind == PT_TUPLE ? pt_item (machine, view, 2) : pt_item (machine, id, 4);
    take_dtype (array, row);
    array->shape[0] = (uint64_t) pt_at (machine, size)->as.i;
    array->strides[0] = 1;
    array->tensor.rank = 1;
    array->tensor.shape = array->shape;
    if (pt_at (machine, size)->kind != PT_INT || pt_at (machine, size)->as.i < 0) {
        array->tensor.flags |= TENON_NO_SHAPE;
        pt_spoil (array, TENON_E_MALFORMED, "its storage has an impossible number of items");
    }
    return take_place (reader, array, value, PT_V_BYTE, row);
}

/* Those that no dtype and shape describe: what is known of them, and why they cannot be read. */
static void
read_other (struct pt_reader *reader, const struct call_target *target, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    uint32_t arguments = target->arguments, dtype = pt_item (machine, arguments, 0),
             data = pt_item (machine, arguments, 1);
    array->tensor.flags |= TENON_NO_SHAPE;
    switch (target->meaning) {
    case PT_G_QUANTISED:
        if (pt_at (machine, dtype)->kind == PT_STORAGE)
            take_dtype (array,
                        &pt_dtypes[pt_at (machine, pt_item (machine, pt_at (machine, dtype)->as.items[0], 1))
                                       ->detail]);
        pt_take_shape (reader, array, pt_item (machine, arguments, 2), 0);
        pt_spoil (array, TENON_E_UNSUPPORTED, "it is quantised: its items have a scale and a zero point");
        break;
    case PT_G_SPARSE:
        array->dtype_word = "sparse";
        if (pt_at (machine, data)->kind == PT_TUPLE)
            pt_take_shape (reader, array, pt_item (machine, data, pt_at (machine, data)->count < 5 ? 2 : 3),
                           0);
        pt_spoil (array, TENON_E_UNSUPPORTED, "it is sparse: indices and values stand for it");
        break;
    case PT_G_META:
        if (pt_global (machine, dtype) == PT_G_DTYPE)
            take_dtype (array, &pt_dtypes[pt_at (machine, dtype)->detail]);
        pt_take_shape (reader, array, data, 0);
        pt_spoil (array, TENON_E_UNSUPPORTED, "it is on the device meta: the file has a shape and no items");
        break;
    case PT_G_NESTED: pt_spoil (array, TENON_E_UNSUPPORTED, "it is nested: tensors of many shapes"); break;
    case PT_G_WRAPPER:
        pt_spoil (array, TENON_E_UNSUPPORTED,
                  "it is of a class of its own, whose code says what its items are");
        break;
    case PT_G_OLD_STORAGE:
        pt_spoil (array, TENON_E_UNSUPPORTED,
                  "its storage is a separate file in the pickle, which torch.save does not write");
        break;
    default: pt_spoil (array, TENON_E_UNSUPPORTED, "its calls contain no tensor"); break;
    }
}

/* Sees through the calls that only wrap a tensor. */
static struct call_target
unwrap_call (struct pt_reader *reader, uint32_t *value, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    struct call_target target = { PT_G_UNKNOWN, PT_V_EMPTY };
    const uint32_t *slots = pt_at (machine, *value)->as.items;
    uint32_t callee = slots[PT_CALLEE];
    target.arguments = slots[PT_ARGUMENTS];
    array->state = slots[PT_STATE];
    for (unsigned i = 0; i < MOST_WRAPS; i++) {
        target.meaning = pt_global (machine, callee);
        if (target.meaning == PT_G_FROM_TYPE) {
            callee = pt_item (machine, target.arguments, 0);
            array->state = pt_item (machine, target.arguments, 3);
            target.arguments = pt_item (machine, target.arguments, 2);
            continue;
        }
        if (target.meaning != PT_G_PARAMETER && target.meaning != PT_G_FROM_DEVICE)
            return target;
        if (target.meaning == PT_G_PARAMETER && pt_item (machine, target.arguments, 3))
            array->state = pt_item (machine, target.arguments, 3);
        *value = pt_item (machine, target.arguments, 0);
        if (pt_at (machine, *value)->kind != PT_OBJECT)
            break;
        callee = pt_at (machine, *value)->as.items[PT_CALLEE];
        target.arguments = pt_at (machine, *value)->as.items[PT_ARGUMENTS];
    }
    target.meaning = PT_G_UNKNOWN;
    return target;
}

/* The host refuses a file in which the product of some dims leaves 63 bits, even if another dim is 0, which
 * torch allows. */
static tenon_status
check_empty (struct pt_reader *reader, struct pt_array *array)
{
    const struct tenon_tensor *tensor = &array->tensor;
    struct tenon_dtype info = TENON_INIT (info);
    if (array->fault.status < 0 || count_items (array) > 0)
        return TENON_OK;
    TENON_TRY (reader->call->host->dtype_info (reader->call, tensor->dtype, &info));
    int64_t bytes = (int64_t) info.block_bytes;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] > 0 && __builtin_mul_overflow (bytes, tensor->shape[i], &bytes)) {
            pt_spoil (array, TENON_E_UNSUPPORTED,
                      "it has no items, and the product of its other dims is 2^63 bytes or more");
            return TENON_OK;
        }
    return TENON_OK;
}

static tenon_status
read_any (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    if (pt_at (&reader->machine, value)->kind == PT_STORAGE)
        return read_storage (reader, value, array);
    struct call_target target = unwrap_call (reader, &value, array);
    if (target.meaning >= PT_G_TENSOR && target.meaning <= PT_G_TENSOR_3)
        return read_dense (reader, &target, array);
    if (target.meaning == PT_G_NUMPY_ARRAY || target.meaning == PT_G_NUMPY_BUFFER)
        return pt_read_numpy (reader, value, array);
    read_other (reader, &target, array);
    return TENON_OK;
}

tenon_status
pt_read_array (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    memset (array, 0, offsetof (struct pt_array, strides));
    array->fault.status = TENON_OK;
    array->tensor.struct_size = sizeof array->tensor;
    array->tensor.length = TENON_AUTO;
    array->tensor.source = reader->pickle_source;
    array->storage = PT_NO_SOURCE;
    TENON_TRY (read_any (reader, value, array));
    return reader->counting ? (tenon_status) TENON_OK : check_empty (reader, array);
}
