/* SPDX-License-Identifier: MIT */
/* metadata.c - texts, numbers and arrays of them, as metadata. */
#include "pt.h"

static struct tenon_value
make_array (uint32_t item_type, const void *bytes, uint64_t count, uint64_t length)
{
    struct tenon_value value = { .type = TENON_ARRAY,
                                 .item_type = item_type,
                                 .count = count,
                                 .encoding =
                                     item_type == TENON_STRING ? TENON_STRINGS_32 : TENON_ENCODING_LITTLE,
                                 .source = TENON_NO_SOURCE,
                                 .length = length };
    value.as.memory = bytes;
    return value;
}

static tenon_status
add_bytes (struct pt_reader *reader, const uint8_t *bytes, uint64_t count)
{
    struct tenon_value value = make_array (TENON_U8, bytes, count, count);
    return pt_add_value (reader, &value);
}

static struct tenon_value
make_string (const void *bytes, uint64_t count)
{
    struct tenon_value value = { .type = TENON_STRING, .count = count, .source = TENON_NO_SOURCE };
    value.as.string = bytes;
    return value;
}

/* ---- scalars ---- */

/* The texts of a path, or the type and the number of a device, joined. PT_OTHER: they are no texts, or too
 * long. */
static int32_t
join_texts (struct pt_reader *reader, uint32_t list, char between, struct tenon_value *joined)
{
    enum { MOST_TEXT = 512 };
    char text[MOST_TEXT], *copy;
    size_t length = 0;
    uint32_t count = pt_at (&reader->machine, list)->count;
    if (count > MOST_TEXT) /* empty ones may add nothing */
        return PT_OTHER;
    for (uint32_t i = 0; i < count; i++) {
        const struct pt_value *part = pt_at (&reader->machine, pt_item (&reader->machine, list, i));
        if ((part->kind != PT_STRING && part->kind != PT_INT) || part->count + length + 32 > MOST_TEXT)
            return PT_OTHER;
        if (i > 0 && !(between == '/' && length == 1 && text[0] == '/'))
            text[length++] = between;
        if (part->kind == PT_INT)
            length += (size_t) snprintf (text + length, 24, "%lld", (long long) part->as.i);
        else
            memcpy (text + length, part->as.bytes, part->count), length += part->count;
    }
    if (!(copy = pt_room (&reader->machine, length + 1)))
        return TENON_E_MEMORY;
    memcpy (copy, text, length);
    *joined = make_string (copy, length);
    return TENON_OK;
}

/* The name of a constant. */
static int32_t
name_constant (struct pt_reader *reader, uint32_t value, struct tenon_value *name)
{
    uint32_t meaning = pt_global (&reader->machine, value);
    if (meaning != PT_G_DTYPE && meaning != PT_G_STORAGE && meaning != PT_G_WORD)
        return PT_OTHER;
    char *shown = pt_room (&reader->machine, PT_SHOWN_GLOBAL);
    if (!shown)
        return TENON_E_MEMORY;
    pt_show_global (&reader->machine, value, shown);
    *name = make_string (shown, strlen (shown));
    return TENON_OK;
}

/* A call that stands for one text or number. */
static int32_t
take_called (struct pt_reader *reader, uint32_t value, struct tenon_value *scalar)
{
    const struct pt_machine *machine = &reader->machine;
    const uint32_t *slots = pt_at (machine, value)->as.items;
    const struct pt_value *first = pt_at (machine, pt_item (machine, slots[PT_ARGUMENTS], 0));
    switch (pt_global (machine, slots[PT_CALLEE])) {
    case PT_G_LAYOUT:
        *scalar = make_string (first->as.bytes, first->count);
        return first->kind == PT_STRING ? TENON_OK : PT_OTHER;
    case PT_G_DEVICE: return join_texts (reader, slots[PT_ARGUMENTS], ':', scalar);
    case PT_G_PATH: return join_texts (reader, slots[PT_ARGUMENTS], '/', scalar);
    case PT_G_NUMPY_SCALAR: return pt_numpy_scalar (reader, value, scalar);
    default: return PT_OTHER;
    }
}

/* The value as a number, a text or null. PT_OTHER: it is none of these. */
static int32_t
take_scalar (struct pt_reader *reader, uint32_t value, struct tenon_value *scalar)
{
    const struct pt_value *found = pt_at (&reader->machine, value);
    *scalar = (struct tenon_value){ .type = TENON_NONE, .source = TENON_NO_SOURCE };
    if (found->kind > PT_NONE && found->kind <= PT_FLOAT)
        scalar->as.u = found->as.u; /* all of the union */
    switch (found->kind) {
    case PT_NONE: return TENON_OK;
    case PT_BOOL: scalar->type = TENON_BOOL; return TENON_OK;
    case PT_INT: scalar->type = TENON_I64; return TENON_OK;
    case PT_UINT: scalar->type = TENON_U64; return TENON_OK;
    case PT_FLOAT: scalar->type = TENON_F64; return TENON_OK;
    case PT_STRING: *scalar = make_string (found->as.bytes, found->count); return TENON_OK;
    case PT_GLOBAL: return name_constant (reader, value, scalar);
    case PT_OBJECT: return take_called (reader, value, scalar);
    default: return PT_OTHER;
    }
}

/* ---- arrays ---- */

/* Bytes of an item in an array. */
static uint64_t
item_bytes (const struct tenon_value *item)
{
    switch (item->type) {
    case TENON_STRING: return 4 + item->count;
    case TENON_BOOL:
    case TENON_U8:
    case TENON_I8: return 1;
    case TENON_U16:
    case TENON_I16: return 2;
    case TENON_U32:
    case TENON_I32:
    case TENON_F32: return 4;
    default: return 8;
    }
}

/* The type of all items, and the bytes of them; TENON_NONE: they have no type in common, or one that needs
 * names. Integers of Python are i64, and u64 if they are too large. */
static tenon_status
find_type (struct pt_reader *reader, const struct pt_value *list, uint32_t *type, uint64_t *bytes)
{
    struct tenon_value item;
    int negative = 0;
    *type = TENON_NONE;
    *bytes = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        int32_t status = take_scalar (reader, list->as.items[i], &item);
        if (status < 0)
            return status;
        negative |= item.type == TENON_I64 && item.as.i < 0;
        int integers = (item.type == TENON_I64 || item.type == TENON_U64)
                       && (*type == TENON_I64 || *type == TENON_U64) && item.type != *type;
        if (status == PT_OTHER || item.type == TENON_NONE || (i > 0 && item.type != *type && !integers)
            || (integers && negative)) {
            *type = TENON_NONE;
            return TENON_OK;
        }
        *type = integers ? (uint32_t) TENON_U64 : item.type;
        *bytes += item_bytes (&item);
    }
    return TENON_OK;
}

static void *
put_item (void *to, const struct tenon_value *item)
{
    uint8_t *bytes = to;
    uint64_t size = item_bytes (item), bits = item->as.u;
    if (item->type == TENON_STRING) {
        bytes = tenon_put_le32 (to, (uint32_t) item->count);
        memcpy (bytes, item->as.string, item->count);
        return bytes + item->count;
    }
    if (item->type == TENON_F32)
        bits = tenon_f32_of_f64 (item->as.f);
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) (bits >> 8 * i);
    return bytes + size;
}

/* True if tenon.json has an item of the list: what was written were items of several types. */
static int32_t
has_kept_items (struct pt_reader *reader, const struct pt_value *list)
{
    for (uint32_t i = 0; i < list->count && reader->kept_count > 0; i++) {
        TENON_TRY (pt_draw (&reader->machine, reader->name_length + 16ull));
        if (pt_is_item_kept (reader, i))
            return 1;
    }
    return 0;
}

/* A list of numbers or texts of one type. PT_OTHER: it is none. */
static int32_t
add_list (struct pt_reader *reader, const struct pt_value *list)
{
    struct tenon_value item;
    uint64_t length;
    uint32_t type;
    TENON_TRY (reader->call->host->work (reader->call, 8 * (uint64_t) list->count));
    TENON_TRY (find_type (reader, list, &type, &length));
    int32_t apart = type == TENON_NONE ? list->count > 0 : has_kept_items (reader, list);
    if (apart)
        return apart < 0 ? apart : PT_OTHER;
    pt_note_list (reader, list);
    struct tenon_value value = make_array (type, NULL, list->count, length);
    if (list->count == 0) /* in the place of empty bytes, or of another empty array, if one is kept */
        return pt_find_kept (reader, reader->name, reader->name_length) ? pt_add_value (reader, &value)
                                                                        : (tenon_status) TENON_OK;
    void *bytes = pt_room (&reader->machine, length), *at = bytes;
    if (!bytes)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < list->count; i++) {
        TENON_TRY (take_scalar (reader, list->as.items[i], &item));
        at = put_item (at, &item);
    }
    value.as.memory = bytes;
    return pt_add_value (reader, &value);
}

/* ---- objects ---- */

static tenon_status
add_complex (struct pt_reader *reader, uint32_t arguments)
{
    double *parts = pt_room (&reader->machine, 2 * sizeof *parts);
    if (!parts)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < 2; i++) {
        const struct pt_value *part = pt_at (&reader->machine, pt_item (&reader->machine, arguments, i));
        double number = part->kind == PT_FLOAT ? part->as.f : part->kind == PT_INT ? (double) part->as.i : 0;
        uint64_t bits;
        memcpy (&bits, &number, sizeof bits);
        tenon_put_le64 (parts + i, bits);
    }
    struct tenon_value value = make_array (TENON_F64, parts, 2, 16);
    return pt_add_value (reader, &value);
}

/* Calls that stand for bytes, or for a number of two parts; the others are scalars, or none. */
static int32_t
add_object (struct pt_reader *reader, uint32_t value)
{
    const struct pt_machine *machine = &reader->machine;
    const uint32_t *slots = pt_at (machine, value)->as.items;
    const uint8_t *bytes;
    uint64_t count;
    int32_t is_bytes;
    switch (pt_global (machine, slots[PT_CALLEE])) {
    case PT_G_BYTES:
    case PT_G_ENCODE:
        is_bytes = pt_bytes_of (reader, value, &bytes, &count);
        return is_bytes > 0 ? add_bytes (reader, bytes, count) : is_bytes < 0 ? is_bytes : PT_OTHER;
    case PT_G_COMPLEX: return add_complex (reader, slots[PT_ARGUMENTS]);
    case PT_G_DEVICE:
    case PT_G_PATH: pt_lose (reader, "its parts are no texts, or too long"); return TENON_OK;
    default: return PT_OTHER;
    }
}

/* While tensors are counted: PT_OTHER if some may be in the value. */
static int32_t
look_inside (struct pt_machine *machine, const struct pt_value *value)
{
    if (value->kind <= PT_BYTES || value->kind == PT_GLOBAL)
        return TENON_OK;
    if (value->kind != PT_TUPLE && value->kind != PT_LIST && value->kind != PT_SET)
        return PT_OTHER;
    TENON_TRY (pt_draw (machine, 8 * (uint64_t) value->count));
    for (uint32_t i = 0; i < value->count; i++) {
        uint8_t kind = pt_at (machine, value->as.items[i])->kind;
        if (kind > PT_BYTES && kind != PT_GLOBAL)
            return PT_OTHER;
    }
    return TENON_OK;
}

int32_t
pt_add_metadata (struct pt_reader *reader, uint32_t value)
{
    const struct pt_value *found = pt_at (&reader->machine, value);
    struct tenon_value scalar;
    if (reader->counting)
        return look_inside (&reader->machine, found);
    int32_t status = take_scalar (reader, value, &scalar);
    if (status != PT_OTHER)
        return status < 0 ? status : pt_add_value (reader, &scalar);
    switch (found->kind) {
    case PT_BYTES: return add_bytes (reader, found->as.bytes, found->count);
    case PT_TUPLE:
    case PT_LIST:
    case PT_SET: return add_list (reader, found);
    case PT_OBJECT: return add_object (reader, value);
    case PT_HUGE:
        pt_lose (reader, "it is an integer of more than 64 bits, which is left out");
        return TENON_OK;
    default: return PT_OTHER;
    }
}
