/* SPDX-License-Identifier: MIT */
/* same.c - tensors and metadata of two files compared, and stored bytes put straight by hand. */
#include "fuzz.h"

void
fuzz_same_bytes (const void *left, uint64_t left_size, const void *right, uint64_t right_size,
                 const char *name, const char *what)
{
    const uint8_t *a = left, *b = right;
    uint64_t at = 0;
    if (left_size != right_size)
        fuzz_fail ("'%s': %s: %llu bytes and %llu", name, what, (unsigned long long) left_size,
                   (unsigned long long) right_size);
    if (left_size == 0 || memcmp (a, b, left_size) == 0)
        return;
    while (a[at] == b[at])
        at++;
    fuzz_fail ("'%s': %s: byte %llu of %llu is %02x and %02x", name, what, (unsigned long long) at,
               (unsigned long long) left_size, a[at], b[at]);
}

void
fuzz_same_infos (tenon_file *left, tenon_file *right, uint64_t i, uint64_t j, const char *what)
{
    tenon_tensor_info a = fuzz_tensor (left, i), b = fuzz_tensor (right, j);
    if (strcmp (a.dtype_name, b.dtype_name) != 0 || a.rank != b.rank || a.nbytes != b.nbytes
        || a.elements != b.elements || (a.rank > 0 && memcmp (a.shape, b.shape, 8 * a.rank) != 0))
        fuzz_fail ("%s: '%s' is %s, %u dims, %llu bytes, and '%s' is %s, %u dims, %llu bytes", what, a.name,
                   a.dtype_name, a.rank, (unsigned long long) a.nbytes, b.name, b.dtype_name, b.rank,
                   (unsigned long long) b.nbytes);
}

static uint64_t
count_readable (const tenon_file *file)
{
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_file_get (file, &info);
    return info.tensors - info.unreadable;
}

void
fuzz_same_tensors (tenon_file *left, tenon_file *right, bool by_number, const char *what)
{
    uint64_t next = 0; /* of those that can be read: the others are not saved */
    if (count_readable (left) != count_readable (right))
        fuzz_fail ("%s: %llu tensors and %llu", what, (unsigned long long) count_readable (left),
                   (unsigned long long) count_readable (right));
    for (uint64_t i = 0; i < tenon_count (left) && i < FUZZ_MOST_TENSORS; i++) {
        tenon_tensor_info info = fuzz_tensor (left, i);
        tenon_memory *memory[2] = { NULL, NULL };
        tenon_error errors[2];
        uint64_t other = next, sizes[2];
        if (info.unreadable < 0)
            continue;
        next++;
        if (!by_number && tenon_find (right, info.name, &other) < 0)
            fuzz_fail ("%s: '%s' is missing", what, info.name);
        fuzz_same_infos (left, right, i, other, what);
        if (info.nbytes > FUZZ_MOST_BYTES)
            continue;
        const uint8_t *a = fuzz_load (left, i, TENON_NONE, &sizes[0], &memory[0], &errors[0]);
        const uint8_t *b = fuzz_load (right, other, TENON_NONE, &sizes[1], &memory[1], &errors[1]);
        if (!a != !b)
            fuzz_fail ("%s: '%s' can be read in one file only: %s%s", what, info.name, errors[0].message,
                       errors[1].message);
        if (a)
            fuzz_same_bytes (a, sizes[0], b, sizes[1], info.name, what);
        tenon_memory_free (memory[0]);
        tenon_memory_free (memory[1]);
    }
}

#define MOST_ITEMS 200u

static void
same_items (const tenon_file *left, const struct tenon_value *a, const tenon_file *right,
            const struct tenon_value *b, const char *what)
{
    uint64_t count = a->count < MOST_ITEMS ? a->count : MOST_ITEMS;
    struct tenon_value items[2][MOST_ITEMS];
    tenon_memory *memory[2] = { NULL, NULL };
    tenon_error errors[2] = { TENON_ERROR_INIT, TENON_ERROR_INIT };
    tenon_value_items (left, a, 0, count, items[0], &memory[0], &errors[0]);
    tenon_value_items (right, b, 0, count, items[1], &memory[1], &errors[1]);
    if (errors[0].status != errors[1].status)
        fuzz_fail ("%s: items of an array: %d '%s' and %d '%s'", what, errors[0].status, errors[0].message,
                   errors[1].status, errors[1].message);
    for (uint64_t i = 0; i < count && errors[0].status == TENON_OK; i++)
        fuzz_same_value (left, &items[0][i], right, &items[1][i], what);
    tenon_memory_free (memory[0]);
    tenon_memory_free (memory[1]);
}

void
fuzz_same_value (const tenon_file *left, const struct tenon_value *a, const tenon_file *right,
                 const struct tenon_value *b, const char *what)
{
    if (a->type != b->type || a->count != b->count
        || (a->type == TENON_ARRAY && a->item_type != b->item_type))
        fuzz_fail ("%s: a value of type %u with %llu items of %u, and one of %u with %llu of %u", what,
                   a->type, (unsigned long long) a->count, a->item_type, b->type,
                   (unsigned long long) b->count, b->item_type);
    if (a->type == TENON_ARRAY)
        same_items (left, a, right, b, what);
    else if (a->type == TENON_STRING)
        fuzz_same_bytes (a->as.string, a->count, b->as.string, b->count, what, "a string");
    else if (a->type != TENON_NONE && a->as.u != b->as.u)
        fuzz_fail ("%s: a value of type %u: %llx and %llx", what, a->type, (unsigned long long) a->as.u,
                   (unsigned long long) b->as.u);
}

void
fuzz_same_metadata (tenon_file *left, tenon_file *right, bool in_order, const char *what)
{
    for (uint64_t i = 0; i < tenon_metadata_count (left) && i < 4 * FUZZ_MOST_TENSORS; i++) {
        tenon_metadata_info a = { .struct_size = sizeof a }, b = { .struct_size = sizeof b };
        uint64_t other;
        tenon_metadata_get (left, i, &a);
        if (tenon_metadata_find (right, a.key, &other) < 0 || (in_order && other != i))
            fuzz_fail ("%s: the key '%s' is missing, or at another place", what, a.key);
        tenon_metadata_get (right, other, &b);
        fuzz_same_value (left, &a.value, right, &b.value, what);
    }
}

/* ---- by hand ---- */

static void
turn_item (const struct tenon_dtype *dtype, uint8_t *item)
{
    for (uint32_t f = 0; f < dtype->swap_count; f++) {
        const struct tenon_swap_field *field =
            (const void *) ((const char *) dtype->swap + (size_t) f * dtype->swap_size);
        for (uint32_t n = 0; n < field->count; n++) {
            uint8_t *at = item + field->offset + (size_t) n * field->size;
            for (uint32_t i = 0; i < field->size / 2; i++) {
                uint8_t byte = at[i];
                at[i] = at[field->size - 1 - i];
                at[field->size - 1 - i] = byte;
            }
        }
    }
}

/* The number, in Fortran order, of the item with this number in C order. */
static uint64_t
fortran_place (const tenon_tensor_info *info, uint64_t item)
{
    uint64_t place = 0, stride = info->elements;
    for (uint32_t axis = info->rank; axis-- > 0;) {
        stride /= info->shape[axis];
        place += item % info->shape[axis] * stride;
        item /= info->shape[axis];
    }
    return place;
}

bool
fuzz_straighten (const tenon_file *file, const tenon_tensor_info *info, const uint8_t *stored, uint8_t *to)
{
    struct tenon_dtype dtype = fuzz_dtype (file, info->dtype);
    bool fortran = (info->flags & TENON_FORTRAN) && info->rank > 1;
    if (fortran && dtype.block_items > 1)
        return false;
    for (uint64_t i = 0, units = info->elements / dtype.block_items; i < units; i++) {
        uint64_t from = fortran ? fortran_place (info, i) : i;
        memcpy (to + i * dtype.block_bytes, stored + from * dtype.block_bytes, dtype.block_bytes);
        if (info->flags & TENON_BIG_ENDIAN)
            turn_item (&dtype, to + i * dtype.block_bytes);
    }
    return true;
}
