/* SPDX-License-Identifier: MIT */
/* numpy.c - arrays and numbers of NumPy, whose bytes lie in the pickle itself. */
#include "pt.h"

struct numpy_type {
    uint32_t dtype, size, flags;
};

/* numpy.dtype ('f8', …), and its state, whose second item is the byte order. 0: it is not known. */
static int
find_type (const struct pt_machine *machine, uint32_t value, struct numpy_type *type)
{
    static const struct {
        char text[4];
        uint32_t dtype, size;
    } types[] = { { "b1", TENON_BOOL, 1 }, { "u1", TENON_U8, 1 },    { "u2", TENON_U16, 2 },
                  { "u4", TENON_U32, 4 },  { "u8", TENON_U64, 8 },   { "i1", TENON_I8, 1 },
                  { "i2", TENON_I16, 2 },  { "i4", TENON_I32, 4 },   { "i8", TENON_I64, 8 },
                  { "f2", TENON_F16, 2 },  { "f4", TENON_F32, 4 },   { "f8", TENON_F64, 8 },
                  { "c8", TENON_C64, 8 },  { "c16", TENON_C128, 16 } };
    const struct pt_value *object = pt_at (machine, value);
    if (object->kind != PT_OBJECT || pt_global (machine, object->as.items[PT_CALLEE]) != PT_G_NUMPY_DTYPE)
        return 0;
    const struct pt_value *text = pt_at (machine, pt_item (machine, object->as.items[PT_ARGUMENTS], 0));
    const struct pt_value *order = pt_at (machine, pt_item (machine, object->as.items[PT_STATE], 1));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (pt_is (text, types[i].text)) {
            type->dtype = types[i].dtype;
            type->size = types[i].size;
            type->flags = type->size > 1 && pt_is (order, ">") ? TENON_BIG_ENDIAN : 0;
            return 1;
        }
    return 0;
}

/* The text of a dtype that is not known. */
static void
show_type (const struct pt_machine *machine, uint32_t value, struct pt_array *array)
{
    const struct pt_value *object = pt_at (machine, value);
    const struct pt_value *text =
        pt_at (machine,
               object->kind == PT_OBJECT ? pt_item (machine, object->as.items[PT_ARGUMENTS], 0) : PT_V_NONE);
    array->dtype_word = text->kind == PT_STRING ? pt_show (text->as.bytes, text->count, array->word) : NULL;
    pt_spoil (array, TENON_E_UNSUPPORTED, "it is an array of NumPy of a type that is not read here");
}

static int
lies_in_pickle (const struct pt_machine *machine, const uint8_t *bytes)
{
    return bytes >= machine->bytes && bytes < machine->bytes + machine->size;
}

/* Bytes that are written as characters are decoded when they are read. */
static void
serve_text (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    const struct pt_value *text =
        pt_at (machine, pt_item (machine, pt_at (machine, value)->as.items[PT_ARGUMENTS], 0));
    struct tenon_tensor *tensor = &array->tensor;
    uint32_t complex = tensor->dtype == TENON_C64 || tensor->dtype == TENON_C128;
    if (!lies_in_pickle (machine, text->as.bytes)) {
        pt_spoil (array, TENON_E_UNSUPPORTED,
                  "it is an array of NumPy whose bytes are written as a text with escapes");
        return;
    }
    array->served.offset = reader->pickle_offset + (uint64_t) (text->as.bytes - machine->bytes);
    array->served.length = text->count;
    array->served.part = (uint8_t) (array->served.item >> complex);
    array->served.swap = (tensor->flags & TENON_BIG_ENDIAN) != 0;
    array->served.fortran = (tensor->flags & TENON_FORTRAN) != 0;
    tensor->flags &= ~(uint32_t) (TENON_BIG_ENDIAN | TENON_FORTRAN);
    tensor->storage = TENON_SERVED;
    tensor->state = &array->served;
    tensor->state_size = sizeof array->served;
}

/* Bytes that lie in the pickle as they are become a range of it. */
static tenon_status
take_bytes (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    const uint8_t *bytes;
    uint64_t count;
    int32_t found = pt_bytes_of (reader, value, &bytes, &count);
    if (found < 0)
        return found;
    if (!found || array->fault.status < 0) {
        pt_spoil (array, TENON_E_UNSUPPORTED, "it is an array of NumPy whose bytes are no bytes");
        return TENON_OK;
    }
    uint64_t needed = 0;
    struct tenon_dtype info = TENON_INIT (info);
    TENON_TRY (reader->call->host->dtype_info (reader->call, array->tensor.dtype, &info));
    needed = info.block_bytes;
    for (uint32_t i = 0; i < array->tensor.rank; i++)
        if (__builtin_mul_overflow (needed, array->shape[i], &needed))
            needed = UINT64_MAX;
    if (needed != count)
        pt_spoil (array, TENON_E_MALFORMED, "it is an array of NumPy of %llu bytes, which has %llu",
                  (unsigned long long) needed, (unsigned long long) count);
    if (count > 0 && !lies_in_pickle (machine, bytes))
        serve_text (reader, value, array);
    else if (count > 0)
        array->tensor.offset = reader->pickle_offset + (uint64_t) (bytes - machine->bytes);
    if (array->tensor.storage == TENON_EXTENT)
        array->tensor.flags |= TENON_ALIAS; /* the pickle may recall the bytes */
    return TENON_OK;
}

tenon_status
pt_read_numpy (struct pt_reader *reader, uint32_t value, struct pt_array *array)
{
    const struct pt_machine *machine = &reader->machine;
    const uint32_t *slots = pt_at (machine, value)->as.items;
    uint32_t shape, dtype, order, bytes;
    struct numpy_type type;
    array->state = 0;
    if (pt_global (machine, slots[PT_CALLEE]) == PT_G_NUMPY_BUFFER) { /* (bytes, dtype, shape, order) */
        bytes = pt_item (machine, slots[PT_ARGUMENTS], 0);
        dtype = pt_item (machine, slots[PT_ARGUMENTS], 1);
        shape = pt_item (machine, slots[PT_ARGUMENTS], 2);
        order = pt_item (machine, slots[PT_ARGUMENTS], 3);
    } else { /* BUILD gave it (version, shape, dtype, is it in Fortran order, bytes) */
        shape = pt_item (machine, slots[PT_STATE], 1);
        dtype = pt_item (machine, slots[PT_STATE], 2);
        order = pt_item (machine, slots[PT_STATE], 3);
        bytes = pt_item (machine, slots[PT_STATE], 4);
    }
    pt_take_shape (reader, array, shape, 0);
    if (!find_type (machine, dtype, &type)) {
        show_type (machine, dtype, array);
        return TENON_OK;
    }
    array->tensor.dtype = type.dtype;
    array->served.item = (uint8_t) type.size;
    array->tensor.flags |= type.flags;
    if (order == PT_V_TRUE || pt_is (pt_at (machine, order), "F"))
        array->tensor.flags |= TENON_FORTRAN;
    return take_bytes (reader, bytes, array);
}

/* (dtype, bytes) */
int32_t
pt_numpy_scalar (struct pt_reader *reader, uint32_t value, struct tenon_value *scalar)
{
    const struct pt_machine *machine = &reader->machine;
    uint32_t arguments = pt_at (machine, value)->as.items[PT_ARGUMENTS];
    struct numpy_type type;
    const uint8_t *bytes;
    uint64_t count, bits = 0;
    int32_t found = pt_bytes_of (reader, pt_item (machine, arguments, 1), &bytes, &count);
    if (found < 0)
        return found;
    if (!found || !find_type (machine, pt_item (machine, arguments, 0), &type) || count != type.size
        || type.size > 8 || type.dtype == TENON_C64 || type.dtype == TENON_F16)
        return PT_OTHER;
    for (uint32_t i = 0; i < type.size; i++)
        bits |= (uint64_t) bytes[type.flags ? type.size - 1 - i : i] << 8 * i;
    scalar->type = type.dtype;
    scalar->as.u = bits;
    if (type.dtype >= TENON_I8 && type.dtype <= TENON_I64 && type.size < 8)
        scalar->as.i = (int64_t) (bits << (64 - 8 * type.size)) >> (64 - 8 * type.size);
    if (type.dtype == TENON_F32)
        scalar->as.f = tenon_f64_of_f32 ((uint32_t) bits);
    if (type.dtype == TENON_BOOL)
        scalar->as.u = bits != 0;
    return TENON_OK;
}
