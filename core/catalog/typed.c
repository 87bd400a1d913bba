/* SPDX-License-Identifier: MIT */
/* typed.c - metadata as numbers and strings of the program, packed. */
#include "catalog/file.h"
#include "source/unpack.h"
#include <math.h>
#include <stdio.h>

/* Values that are read at once, 64 bytes each. */
#define AT_ONCE 1024u

static const char *
type_name (uint32_t type)
{
    return type == TENON_NONE      ? "null"
           : type == TENON_STRING  ? "string"
           : type == TENON_ARRAY   ? "array"
           : type == TENON_MAP     ? "map"
           : type == TENON_MIXED   ? "mixed"
           : tn_value_width (type) ? tn_dtype_fixed[type].name
                                   : "?";
}

/* ---- one number as another type ---- */

static bool
is_signed (uint32_t type)
{
    return type >= TENON_I8 && type <= TENON_I64;
}

static bool
is_float (uint32_t type)
{
    return type == TENON_F32 || type == TENON_F64;
}

/* The value as a whole number: the magnitude, and whether it is negative. False: it is no whole number. */
static bool
whole_number (const struct tenon_value *value, uint64_t *magnitude, bool *negative)
{
    double f = value->as.f;
    if (is_signed (value->type)) {
        *negative = value->as.i < 0;
        *magnitude = *negative ? 0 - (uint64_t) value->as.i : (uint64_t) value->as.i;
        return true;
    }
    *negative = false;
    if (!is_float (value->type)) {
        *magnitude = value->as.u;
        return true;
    }
    *negative = f < 0;
    if (!(fabs (f) < 18446744073709551616.0) || f != floor (f) || (f == 0 && signbit (f)))
        return false;
    *magnitude = (uint64_t) fabs (f);
    return true;
}

static bool
put_whole (const struct tenon_value *value, uint32_t type, void *to)
{
    uint64_t magnitude, bits;
    bool negative;
    if (!whole_number (value, &magnitude, &negative))
        return false;
    uint32_t width = tn_value_width (type);
    uint64_t most = type == TENON_BOOL ? 1 : UINT64_MAX >> (64 - 8 * width);
    if (is_signed (type))
        most = (most >> 1) + negative;
    else if (negative)
        return false;
    if (magnitude > most)
        return false;
    bits = negative ? 0 - magnitude : magnitude;
    memcpy (to, &bits, width); /* little-endian */
    return true;
}

/* The value as a double that is equal to it. */
static bool
float_number (const struct tenon_value *value, double *number)
{
    if (is_float (value->type)) {
        *number = value->as.f;
        return true;
    }
    *number = is_signed (value->type) ? (double) value->as.i : (double) value->as.u;
    /* 2^63 and 2^64, to which the largest integers are rounded, are in no integer type */
    if (is_signed (value->type))
        return *number < 9223372036854775808.0 && (int64_t) *number == value->as.i;
    return *number < 18446744073709551616.0 && (uint64_t) *number == value->as.u;
}

static bool
put_float (const struct tenon_value *value, uint32_t type, void *to)
{
    double number;
    if (!float_number (value, &number))
        return false;
    if (type == TENON_F64) {
        memcpy (to, &number, sizeof number);
        return true;
    }
    float narrow = fabs (number) <= 3.4028234663852886e38 || !isfinite (number) ? (float) number : 0;
    memcpy (to, &narrow, sizeof narrow);
    return isnan (number) || (double) narrow == number;
}

static void
number_text (const struct tenon_value *value, char *text, size_t room)
{
    if (is_float (value->type))
        snprintf (text, room, "%.17g", value->as.f);
    else if (is_signed (value->type))
        snprintf (text, room, "%lld", (long long) value->as.i);
    else
        snprintf (text, room, "%llu", (unsigned long long) value->as.u);
}

/* Writes the value as a number of a type that is checked. */
static tenon_status
put_as_number (const struct tenon_value *value, uint32_t type, void *to, tenon_error *error)
{
    char text[40];
    if (tn_value_width (value->type) == 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the value is no number, its type is %s",
                        type_name (value->type));
    if (is_float (type) ? put_float (value, type, to) : put_whole (value, type, to))
        return TENON_OK;
    number_text (value, text, sizeof text);
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s is no %s", text, type_name (type));
}

static tenon_status
check_type (uint32_t type, tenon_error *error)
{
    return tn_value_width (type) ? TENON_OK
                                 : tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                                            "there is no type %u of numbers in metadata", type);
}

/* ---- entries ---- */

static tenon_status
end_call (const tenon_file *file, tenon_error *to, tenon_error *mine)
{
    if (mine->status < 0 && file && file->path[0])
        tn_fail_in (mine, file->path, NULL);
    return tn_error_out (to, mine);
}

/* The failure is about the entry of this key. */
static tenon_status
blame_key (const char *key, uint64_t length, tenon_error *error)
{
    tenon_error own;
    tn_error_clear (&own);
    tn_fail (&own, tn_negative (error->status), error->offset, "metadata '%s': %s",
             TN_SHOW_SOME (key, length), error->message);
    *error = own;
    return error->status;
}

static tenon_status
find_typed (const tenon_file *file, const char *key, uint64_t *length, const struct tenon_value **value,
            tenon_error *error)
{
    uint64_t index;
    if (*length == TENON_NUL)
        *length = strlen (key);
    if (!tn_catalog_find_key (file->catalog, key, *length, &index))
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no metadata '%s'",
                        TN_SHOW_SOME (key, *length));
    *value = &file->catalog->metadata[index].value;
    return TENON_OK;
}

TENON_API tenon_status
tenon_metadata_number (const tenon_file *file, const char *key, uint64_t key_length, uint32_t type,
                       void *number, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    const struct tenon_value *value;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, key, "key") && TN_GIVEN (&mine, number, "number")
        && check_type (type, &mine) == TENON_OK
        && find_typed (file, key, &key_length, &value, &mine) == TENON_OK
        && put_as_number (value, type, number, &mine) < 0)
        blame_key (key, key_length, &mine);
    return end_call (file, error, &mine);
}

TENON_API tenon_status
tenon_metadata_string (const tenon_file *file, const char *key, uint64_t key_length, const char **text,
                       uint64_t *length, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    const struct tenon_value *value;
    if (text)
        *text = NULL;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, key, "key") && TN_GIVEN (&mine, text, "text")
        && TN_GIVEN (&mine, length, "length")
        && find_typed (file, key, &key_length, &value, &mine) == TENON_OK) {
        if (value->type != TENON_STRING) {
            tn_fail (&mine, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the value is no string, its type is %s",
                     type_name (value->type));
            blame_key (key, key_length, &mine);
        } else {
            *text = value->as.string;
            *length = value->count;
        }
    }
    return end_call (file, error, &mine);
}

/* ---- arrays ---- */

/* The source of an array of this file; NULL: it lies in memory. */
static tenon_status
open_array (const tenon_file *file, const struct tenon_value *array, uint64_t first, uint64_t n,
            struct tn_source **source, tenon_error *error)
{
    const struct tn_catalog *catalog = file->catalog;
    *source = NULL;
    if (array->type != TENON_ARRAY)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the value is no array, its type is %s",
                        type_name (array->type));
    if (first > array->count || n > array->count - first)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "the array has %llu items",
                        (unsigned long long) array->count);
    if (array->source == TENON_NO_SOURCE)
        return TENON_OK;
    if (array->source >= catalog->source_count)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the array does not belong to this file");
    tenon_error ignored = TENON_ERROR_INIT; /* reading says what is wrong */
    tn_unpack_when_due (file->context, &file->catalog->store, catalog->sources[array->source],
                        array->offset + array->length, false, &ignored);
    *source = tn_source_plain (catalog->sources[array->source]);
    return TENON_OK;
}

static tenon_status
put_numbers (const tenon_file *file, const struct tenon_value *array, uint32_t type, uint64_t first,
             uint64_t n, uint8_t *to, tenon_error *error)
{
    struct tn_source *source;
    uint32_t width = tn_value_width (type);
    TN_TRY (check_type (type, error));
    TN_TRY (open_array (file, array, first, n, &source, error));
    if (tn_value_width (array->item_type) == 0 && array->item_type != TENON_MIXED)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the items are no numbers, their type is %s", type_name (array->item_type));
    TN_FREE struct tenon_value *items = malloc (AT_ONCE * sizeof *items);
    if (!items)
        return tn_fail_memory (error);
    for (uint64_t done = 0, some; done < n; done += some) {
        some = TN_MIN (n - done, AT_ONCE);
        TN_TRY (tn_value_items (source, array, first + done, some, items, NULL, UINT64_MAX, NULL, error));
        for (uint64_t i = 0; i < some; i++, to += width)
            if (put_as_number (&items[i], type, to, error) < 0) {
                tenon_error own;
                tn_error_clear (&own);
                tn_fail (&own, tn_negative (error->status), TN_NO_OFFSET, "item %llu: %s",
                         (unsigned long long) (first + done + i), error->message);
                *error = own;
                return error->status;
            }
    }
    return TENON_OK;
}

TENON_API tenon_status
tenon_metadata_numbers (const tenon_file *file, const struct tenon_value *array, uint32_t type,
                        uint64_t first, uint64_t n, void *numbers, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, array, "array")
        && TN_GIVEN (&mine, numbers || n == 0, "numbers"))
        put_numbers (file, array, type, first, n, numbers, &mine);
    return end_call (file, error, &mine);
}

/* A walk over the strings of an array. */
struct collector {
    uint64_t at, first, end; /* items */
    uint64_t *offsets;       /* NULL: only the bytes are counted */
    char *bytes;
    uint64_t length, most;
    tenon_error *error;
};

/* No failure: those behind `end` are not wanted. */
#define ENOUGH TENON_E_CANCELLED

static tenon_status
collect_string (void *user, const struct tenon_value *item)
{
    struct collector *collector = user;
    uint64_t at = collector->at++;
    if (at >= collector->end)
        return ENOUGH;
    if (at < collector->first)
        return TENON_OK;
    if (item->type != TENON_STRING)
        return tn_fail (collector->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "item %llu is no string, its type is %s", (unsigned long long) at,
                        type_name (item->type));
    if (item->count > collector->most - collector->length)
        return tn_fail (
            collector->error, TENON_E_LIMIT, TN_NO_OFFSET,
            "the strings take more than %llu bytes; ask for fewer at once, or raise metadata_bytes "
            "in [limits]",
            (unsigned long long) collector->most);
    if (collector->offsets) {
        memcpy (collector->bytes + collector->length, item->as.string, item->count);
        collector->offsets[at - collector->first + 1] = collector->length + item->count;
    }
    collector->length += item->count;
    return TENON_OK;
}

static tenon_status
walk_strings (struct tn_source *source, const struct tenon_value *array, struct collector *collector)
{
    tenon_error mine = TENON_ERROR_INIT;
    collector->at = collector->length = 0;
    if (collector->first == collector->end)
        return TENON_OK;
    tn_value_each (source, array, collect_string, collector, collector->most, NULL, &mine);
    if (mine.status < 0 && mine.status != ENOUGH && collector->error->status == TENON_OK)
        *collector->error = mine;
    return collector->error->status;
}

static tenon_status
put_strings (const tenon_file *file, const struct tenon_value *array, uint64_t first, uint64_t n,
             const uint64_t **offsets, const char **bytes, tenon_memory **memory, tenon_error *error)
{
    struct tn_source *source;
    TN_TRY (open_array (file, array, first, n, &source, error));
    if (array->item_type != TENON_STRING && array->item_type != TENON_MIXED)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the items are no strings, their type is %s", type_name (array->item_type));
    struct collector collector = { .first = first,
                                   .end = first + n,
                                   .most = file->context->limits[TENON_LIMIT_METADATA_BYTES],
                                   .error = error };
    TN_TRY (walk_strings (source, array, &collector)); /* the size, so that nothing has to grow */
    tenon_memory *kept = calloc (1, sizeof *kept);
    uint64_t length = collector.length;
    if (kept && n < SIZE_MAX / sizeof **offsets - 1) {
        collector.offsets = tn_arena_get (&kept->arena, (n + 1) * sizeof **offsets, true);
        collector.bytes = tn_arena_get (&kept->arena, length + 1, false);
    }
    collector.most = length; /* a file that changes meanwhile does not get beyond */
    if (!collector.offsets || !collector.bytes)
        tn_fail_memory (error);
    else
        walk_strings (source, array, &collector);
    if (error->status < 0) {
        tenon_memory_free (kept);
        return error->status;
    }
    collector.bytes[length] = 0;
    *offsets = collector.offsets;
    *bytes = collector.bytes;
    *memory = kept;
    return TENON_OK;
}

TENON_API tenon_status
tenon_metadata_strings (const tenon_file *file, const struct tenon_value *array, uint64_t first, uint64_t n,
                        const uint64_t **offsets, const char **bytes, tenon_memory **memory,
                        tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (memory)
        *memory = NULL;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, array, "array")
        && TN_GIVEN (&mine, offsets, "offsets") && TN_GIVEN (&mine, bytes, "bytes")
        && TN_GIVEN (&mine, memory, "memory")) {
        *offsets = NULL;
        *bytes = NULL;
        put_strings (file, array, first, n, offsets, bytes, memory, &mine);
    }
    return end_call (file, error, &mine);
}
