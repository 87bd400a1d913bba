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

static tenon_status
add_string (struct pt_reader *reader, const uint8_t *bytes, uint64_t count)
{
    struct tenon_value value = { .type = TENON_STRING, .count = count, .source = TENON_NO_SOURCE };
    value.as.string = (const char *) bytes;
    return pt_add_value (reader, &value);
}

static tenon_status
add_text (struct pt_reader *reader, const char *text)
{
    return add_string (reader, (const uint8_t *) text, strlen (text));
}

/* ---- arrays ---- */

/* The type of all items; TENON_NONE: they have no type in common, or one that needs names. */
static uint32_t
common_type (const struct pt_machine *machine, const struct pt_value *list, uint64_t *bytes)
{
    unsigned found = 0, negative = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct pt_value *item = pt_at (machine, list->as.items[i]);
        if (item->kind == PT_NONE || item->kind > PT_STRING || item->kind == PT_HUGE)
            return TENON_NONE;
        found |= 1u << item->kind;
        negative |= item->kind == PT_INT && item->as.i < 0;
        *bytes += item->kind == PT_STRING ? 4 + (uint64_t) item->count : item->kind == PT_BOOL ? 1 : 8;
    }
    switch (found) {
    case 1u << PT_BOOL: return TENON_BOOL;
    case 1u << PT_INT: return TENON_I64;
    case 1u << PT_UINT: return TENON_U64;
    case 1u << PT_UINT | 1u << PT_INT: return negative ? TENON_NONE : TENON_U64;
    case 1u << PT_FLOAT: return TENON_F64;
    case 1u << PT_STRING: return TENON_STRING;
    default: return TENON_NONE;
    }
}

static void *
put_item (void *to, const struct pt_value *item)
{
    uint8_t *bytes = to;
    if (item->kind == PT_BOOL) {
        *bytes = (uint8_t) item->as.i;
        return bytes + 1;
    }
    if (item->kind != PT_STRING)
        return tenon_put_le64 (to, item->as.u);
    bytes = tenon_put_le32 (to, item->count);
    memcpy (bytes, item->as.bytes, item->count);
    return bytes + item->count;
}

/* A list of numbers or texts of one type. PT_OTHER: it is none. */
static int32_t
add_list (struct pt_reader *reader, const struct pt_value *list)
{
    uint64_t length;
    TENON_TRY (reader->call->host->work (reader->call, 8 * (uint64_t) list->count));
    uint32_t type = common_type (&reader->machine, list, &length);
    if (type == TENON_NONE && list->count > 0)
        return PT_OTHER;
    pt_note_list (reader, list);
    if (list->count == 0)
        return TENON_OK;
    if (reader->counting)
        return TENON_OK;
    void *bytes = pt_room (&reader->machine, length), *at = bytes;
    if (!bytes)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < list->count; i++)
        at = put_item (at, pt_at (&reader->machine, list->as.items[i]));
    struct tenon_value value = make_array (type, bytes, list->count, length);
    return pt_add_value (reader, &value);
}

/* ---- objects ---- */

/* The texts of a path, or the type and the number of a device, joined. */
static tenon_status
add_joined (struct pt_reader *reader, uint32_t list, char between)
{
    char text[512];
    size_t length = 0;
    uint32_t count = pt_at (&reader->machine, list)->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct pt_value *part = pt_at (&reader->machine, pt_item (&reader->machine, list, i));
        const struct pt_value *before =
            pt_at (&reader->machine, pt_item (&reader->machine, list, i ? i - 1 : 0));
        if ((part->kind != PT_STRING && part->kind != PT_INT) || part->count + length + 32 > sizeof text) {
            pt_lose (reader, "its parts are no texts, or too long");
            return TENON_OK;
        }
        int joined = i > 0 && !(between == '/' && before->count == 1 && before->as.bytes[0] == '/');
        length += (size_t) snprintf (text + length, 2, "%.*s", joined, &between);
        if (part->kind == PT_INT)
            length += (size_t) snprintf (text + length, 24, "%lld", (long long) part->as.i);
        else
            memcpy (text + length, part->as.bytes, part->count), length += part->count;
    }
    return add_string (reader, (const uint8_t *) text, length);
}

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

static int32_t
add_object (struct pt_reader *reader, uint32_t value)
{
    const struct pt_machine *machine = &reader->machine;
    const uint32_t *slots = pt_at (machine, value)->as.items;
    const struct pt_value *first = pt_at (machine, pt_item (machine, slots[PT_ARGUMENTS], 0));
    const uint8_t *bytes;
    uint64_t count;
    int32_t is_bytes;
    switch (pt_global (machine, slots[PT_CALLEE])) {
    case PT_G_BYTES:
    case PT_G_ENCODE:
        is_bytes = pt_bytes_of (reader, value, &bytes, &count);
        return is_bytes > 0 ? add_bytes (reader, bytes, count) : is_bytes < 0 ? is_bytes : PT_OTHER;
    case PT_G_COMPLEX: return add_complex (reader, slots[PT_ARGUMENTS]);
    case PT_G_LAYOUT:
        return first->kind == PT_STRING ? add_string (reader, first->as.bytes, first->count) : PT_OTHER;
    case PT_G_DEVICE: return add_joined (reader, slots[PT_ARGUMENTS], ':');
    case PT_G_PATH: return add_joined (reader, slots[PT_ARGUMENTS], '/');
    case PT_G_NUMPY_SCALAR: return pt_numpy_scalar (reader, value);
    default: return PT_OTHER;
    }
}

/* The name of a constant. */
static int32_t
add_global (struct pt_reader *reader, uint32_t value)
{
    char shown[PT_SHOWN_GLOBAL];
    uint32_t meaning = pt_global (&reader->machine, value);
    if (meaning != PT_G_DTYPE && meaning != PT_G_STORAGE && meaning != PT_G_WORD)
        return PT_OTHER;
    return add_text (reader, pt_show_global (&reader->machine, value, shown));
}

int32_t
pt_add_metadata (struct pt_reader *reader, uint32_t value)
{
    const struct pt_value *found = pt_at (&reader->machine, value);
    struct tenon_value scalar = { .type = TENON_NONE, .source = TENON_NO_SOURCE };
    switch (found->kind) {
    case PT_BOOL: scalar.type = TENON_BOOL; break;
    case PT_INT: scalar.type = TENON_I64; break;
    case PT_UINT: scalar.type = TENON_U64; break;
    case PT_FLOAT: scalar.type = TENON_F64; break;
    case PT_NONE: break;
    case PT_STRING: return add_string (reader, found->as.bytes, found->count);
    case PT_BYTES: return add_bytes (reader, found->as.bytes, found->count);
    case PT_TUPLE:
    case PT_LIST:
    case PT_SET: return add_list (reader, found);
    case PT_OBJECT: return add_object (reader, value);
    case PT_GLOBAL: return add_global (reader, value);
    case PT_HUGE:
        pt_lose (reader, "it is an integer of more than 64 bits, which is left out");
        return TENON_OK;
    default: return PT_OTHER;
    }
    scalar.as.u = found->kind == PT_NONE ? 0 : found->as.u;
    if (found->kind == PT_FLOAT)
        scalar.as.f = found->as.f;
    return pt_add_value (reader, &scalar);
}
