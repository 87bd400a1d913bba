/* SPDX-License-Identifier: MIT */
/* value.c - metadata values: checking, copying, and the items of arrays. */
#include "catalog/value.h"
#include "source/decoder.h"
#include <tenon/plugin.h>

uint32_t
tn_value_width (uint32_t type)
{
    static const uint8_t widths[TENON_DTYPE_FIXED] = {
        [TENON_BOOL] = 1, [TENON_U8] = 1,  [TENON_U16] = 2, [TENON_U32] = 4, [TENON_U64] = 8, [TENON_I8] = 1,
        [TENON_I16] = 2,  [TENON_I32] = 4, [TENON_I64] = 8, [TENON_F32] = 4, [TENON_F64] = 8
    };
    return type < TENON_DTYPE_FIXED ? widths[type] : 0;
}

#define ENCODINGS (TENON_ENCODING_BIG | TENON_STRINGS_32 | TENON_STRINGS_64)

/* Bytes of the length before each string of an array; 0: the encoding has none. */
static uint32_t
prefix_width (uint32_t encoding)
{
    return encoding & TENON_STRINGS_64 ? 8 : encoding & TENON_STRINGS_32 ? 4 : 0;
}

/* Checks that `length` bytes hold `count` items of an array that lies packed, in a source or in memory. */
static tenon_status
check_packed (const struct tenon_value *value, tenon_error *error)
{
    uint64_t least;
    uint32_t width =
        value->item_type == TENON_STRING ? prefix_width (value->encoding) : tn_value_width (value->item_type);
    if (width == 0 || (value->encoding & ~(uint32_t) ENCODINGS)
        || (value->encoding & ENCODINGS & ~1u) == (ENCODINGS & ~1u))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "an array of type %u cannot have encoding %u",
                        value->item_type, value->encoding);
    bool fits = !tn_multiply (value->count, width, &least);
    if (!fits || (value->item_type == TENON_STRING ? least > value->length : least != value->length))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "%llu items do not make an array of %llu bytes", (unsigned long long) value->count,
                        (unsigned long long) value->length);
    return TENON_OK;
}

/* Counts bytes before they are allocated: a value that nests the same items again and again has no bound. */
static tenon_status
count_bytes (uint64_t *bytes, uint64_t more, uint64_t most, tenon_error *error)
{
    if (*bytes > most || more > most - *bytes)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu bytes of metadata; raise metadata_bytes in [limits] to read them",
                        (unsigned long long) most);
    *bytes += more;
    return TENON_OK;
}

/* ---- values in values ---- */

const struct tenon_value *
tn_value_first (struct tn_value_walk *walk, const struct tenon_value *value)
{
    walk->depth = 0;
    return value;
}

/* True if the walk has passed all values in the innermost map or array. */
static bool
level_is_done (const struct tn_value_walk *walk)
{
    uint64_t count;
    return !tn_value_item_count (walk->level[walk->depth - 1].value, &count)
           || walk->level[walk->depth - 1].next >= count;
}

const struct tenon_value *
tn_value_next (struct tn_value_walk *walk, const struct tenon_value *value)
{
    if (tn_value_has_items (value) && value->as.items && walk->depth < TN_MOST_DEPTH) {
        walk->level[walk->depth].value = value;
        walk->level[walk->depth++].next = 0;
    }
    while (walk->depth > 0 && level_is_done (walk))
        walk->depth--;
    if (walk->depth == 0)
        return NULL;
    return &walk->level[walk->depth - 1].value->as.items[walk->level[walk->depth - 1].next++];
}

bool
tn_value_is_tree (const struct tenon_value *value)
{
    struct tn_value_walk walk;
    for (value = tn_value_first (&walk, value); value; value = tn_value_next (&walk, value))
        if (tn_value_has_items (value) && value->item_type != TENON_ARRAY)
            return true;
    return false;
}

/* ---- copying ---- */

/* Where a copy goes, and what it may take. */
struct copying {
    struct tn_arena *arena;
    const tenon_context *context;
    uint64_t *bytes, most;
    tenon_error *error;
};

/* The items become copies that share what they point to with the original. */
static tenon_status
copy_value_items (const struct copying *copying, struct tenon_value *value)
{
    tenon_error *error = copying->error;
    uint64_t count, size;
    if (!tn_value_item_count (value, &count) || tn_multiply (count, sizeof (struct tenon_value), &size)
        || (count > 0 && !value->as.items))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        value->type == TENON_MAP          ? "a map has no entries"
                        : value->item_type == TENON_MIXED ? "a mixed array has no items"
                                                          : "an array of arrays has no items");
    TN_TRY (count_bytes (copying->bytes, size, copying->most, error));
    struct tenon_value *items = tn_arena_get (copying->arena, size, false);
    if (!items)
        return tn_fail_memory (error);
    if (size > 0)
        memcpy (items, value->as.items, size);
    value->as.items = items;
    value->source = TENON_NO_SOURCE;
    if (value->type == TENON_MAP)
        value->item_type = TENON_NONE;
    return TENON_OK;
}

/* True if a number fits its type. A float may lose digits, but not become infinite. */
static bool
fits_type (const struct tenon_value *value)
{
    uint32_t bits = 8 * tn_value_width (value->type);
    switch (value->type) {
    case TENON_U8:
    case TENON_U16:
    case TENON_U32: return value->as.u >> bits == 0;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
        return value->as.i >= -(INT64_C (1) << (bits - 1)) && value->as.i < INT64_C (1) << (bits - 1);
    case TENON_F32:
        return !__builtin_isinf (tenon_f64_of_f32 (tenon_f32_of_f64 (value->as.f)))
               || __builtin_isinf (value->as.f);
    default: return true;
    }
}

static tenon_status
check_scalar (const struct tenon_value *value, tenon_error *error)
{
    uint32_t width = tn_value_width (value->type);
    if (value->type == TENON_BOOL && value->as.u > 1)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "a bool is %llu, which is neither 0 nor 1",
                        (unsigned long long) value->as.u);
    if (!fits_type (value))
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "it is no number of %u byte%s", width,
                        width == 1 ? "" : "s");
    return TENON_OK;
}

/* An array that lies packed in memory. */
static tenon_status
copy_packed (const struct copying *copying, struct tenon_value *value)
{
    tenon_error *error = copying->error;
    if (value->length > 0 && !value->as.memory)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "an array that is in no source has no memory");
    const uint8_t *bools = value->item_type == TENON_BOOL ? value->as.memory : NULL;
    for (uint64_t i = 0; bools && i < value->count; i++)
        if (bools[i] > 1)
            return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "item %llu is neither 0 nor 1",
                            (unsigned long long) i);
    TN_TRY (count_bytes (copying->bytes, value->length, copying->most, error));
    return (value->as.memory = tn_arena_text (copying->arena, value->as.memory, value->length))
               ? TENON_OK
               : tn_fail_memory (error);
}

static tenon_status
copy_string (const struct copying *copying, struct tenon_value *value)
{
    tenon_error *error = copying->error;
    if (value->count > 0 && !value->as.string)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a string without its bytes");
    TN_TRY (count_bytes (copying->bytes, value->count, copying->most, error));
    value->source = TENON_NO_SOURCE;
    return (value->as.string = tn_arena_text (copying->arena, value->as.string, value->count))
               ? TENON_OK
               : tn_fail_memory (error);
}

/* Checks a value, and makes what it points to its own; but the values in it still share what they point to
 * with the original. */
static tenon_status
copy_in_place (const struct copying *copying, struct tenon_value *value, bool too_deep)
{
    tenon_error *error = copying->error;
    memset (value->reserved, 0, sizeof value->reserved);
    if (value->type == TENON_NONE || tn_value_width (value->type) > 0) {
        value->source = TENON_NO_SOURCE;
        return check_scalar (value, error);
    }
    if (value->type == TENON_STRING)
        return copy_string (copying, value);
    if (value->type != TENON_ARRAY && value->type != TENON_MAP)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "values of type %u do not exist", value->type);
    if (too_deep)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "maps and arrays are nested too deeply; raise depth in [limits] to read them, to %u "
                        "at most",
                        TN_MOST_DEPTH);
    if (tn_value_has_items (value))
        return copy_value_items (copying, value);
    TN_TRY (check_packed (value, error));
    if (value->source != TENON_NO_SOURCE)
        return TENON_OK; /* a range, which the caller has checked against its source */
    return copy_packed (copying, value);
}

static tenon_status
copy_tree (const struct copying *copying, const struct tenon_value *to)
{
    struct tn_value_walk walk;
    const uint64_t depth = TN_MIN (copying->context->limits[TENON_LIMIT_DEPTH], (uint64_t) TN_MOST_DEPTH);
    for (const struct tenon_value *at = tn_value_first (&walk, to); at; at = tn_value_next (&walk, at)) {
        if (walk.depth > 0 && walk.level[walk.depth - 1].value->item_type == TENON_ARRAY
            && at->type != TENON_ARRAY)
            return tn_fail (copying->error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "an array of arrays has an item that is none");
        TN_TRY (copy_in_place (copying, (struct tenon_value *) (uintptr_t) at, walk.depth >= depth));
    }
    return TENON_OK;
}

tenon_status
tn_value_copy (struct tn_arena *arena, const struct tenon_value *from, struct tenon_value *to,
               const tenon_context *context, uint64_t *bytes, tenon_error *error)
{
    const struct copying copying = { arena, context, bytes, context->limits[TENON_LIMIT_METADATA_BYTES],
                                     error };
    struct tn_value_walk walk;
    *to = *from;
    TN_TRY (copy_tree (&copying, to));
    /* all keys are within the limit on bytes now */
    for (const struct tenon_value *at = tn_value_first (&walk, to); at; at = tn_value_next (&walk, at))
        if (at->type == TENON_MAP)
            TN_TRY (tn_value_check_keys (at, &context->hash_key, error));
    return TENON_OK;
}

/* ---- items ---- */

/* The packed bytes of an array, from memory or from a source through a buffer, in order. */
struct walk {
    const struct tenon_value *array;
    struct tn_source *source; /* NULL: in memory */
    struct tn_decoder decoder;
    uint64_t at; /* in the array's bytes */
    uint8_t *buffer;
    uint64_t buffer_at, buffer_length; /* its bytes in the array's */
    uint64_t strings, most;            /* bytes of strings in memory, and the limit on them */
    tenon_error *error;
};
#define BUFFER_SIZE 65536u

/* The next `length` bytes of the array, at most BUFFER_SIZE from a source. NULL: the failure is recorded. */
static const uint8_t *
next_bytes (struct walk *walk, uint64_t length)
{
    const struct tenon_value *array = walk->array;
    if (length > array->length - walk->at) {
        tn_fail (walk->error, TENON_E_MALFORMED,
                 array->source == TENON_NO_SOURCE ? TN_NO_OFFSET : array->offset + walk->at,
                 "an item of a metadata array needs %llu bytes, %llu are left", (unsigned long long) length,
                 (unsigned long long) (array->length - walk->at));
        return NULL;
    }
    uint64_t at = walk->at;
    walk->at += length;
    if (!walk->source)
        return (const uint8_t *) array->as.memory + at;
    if (at < walk->buffer_at || at + length > walk->buffer_at + walk->buffer_length) {
        uint64_t more = TN_MIN (BUFFER_SIZE, array->length - at);
        walk->buffer_length = 0;
        tenon_status status = tn_budget_work (walk->decoder.budget, TN_WORK_READ + more);
        if (status < 0) {
            tn_fail_text (walk->error, status, TN_NO_OFFSET, "%s", tenon_status_text (status));
            return NULL;
        }
        if (tn_decoder_read (&walk->decoder, walk->source, array->offset + at, walk->buffer, more,
                             walk->error)
            < 0)
            return NULL;
        walk->buffer_at = at, walk->buffer_length = more;
    }
    return walk->buffer + (at - walk->buffer_at);
}

static void
decode_scalar (struct tenon_value *item, uint32_t type, const uint8_t *bytes, bool big)
{
    uint64_t raw = 0;
    uint32_t width = tn_value_width (type);
    for (uint32_t i = 0; i < width; i++)
        raw |= (uint64_t) bytes[big ? width - 1 - i : i] << 8 * i;
    switch (type) {
    case TENON_I8: item->as.i = (int8_t) raw; break;
    case TENON_I16: item->as.i = (int16_t) raw; break;
    case TENON_I32: item->as.i = (int32_t) raw; break;
    case TENON_F32: item->as.f = tenon_f64_of_f32 ((uint32_t) raw); break;
    case TENON_F64: memcpy (&item->as.f, &raw, sizeof raw); break;
    default: item->as.u = raw;
    }
}

static tenon_status
read_string (struct walk *walk, struct tenon_value *item, bool wanted, struct tn_arena *arena)
{
    bool big = walk->array->encoding & TENON_ENCODING_BIG;
    uint32_t width = prefix_width (walk->array->encoding);
    const uint8_t *bytes = next_bytes (walk, width);
    if (!bytes)
        return walk->error->status;
    uint64_t length = width == 8 ? (big ? tenon_be64 (bytes) : tenon_le64 (bytes))
                      : big      ? tenon_be32 (bytes)
                                 : tenon_le32 (bytes);
    if (length > walk->array->length - walk->at)
        return next_bytes (walk, length) ? TENON_E_MISUSE : walk->error->status;
    if (!wanted) {
        walk->at += length;
        return TENON_OK;
    }
    if (length > walk->most - walk->strings)
        return tn_fail (walk->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "strings of more than %llu bytes at once; take fewer, or raise metadata_bytes in "
                        "[limits]",
                        (unsigned long long) walk->most);
    walk->strings += length;
    char *text = tn_arena_get (arena, length + 1, false);
    if (!text)
        return tn_fail_memory (walk->error);
    for (uint64_t done = 0; done < length;) {
        uint64_t piece = TN_MIN (BUFFER_SIZE, length - done);
        if (!(bytes = next_bytes (walk, piece)))
            return walk->error->status;
        memcpy (text + done, bytes, piece);
        done += piece;
    }
    text[length] = 0;
    *item = (struct tenon_value){
        .type = TENON_STRING, .count = length, .source = TENON_NO_SOURCE, .as.string = text
    };
    return TENON_OK;
}

static tenon_status
read_number (struct walk *walk, struct tenon_value *item)
{
    const struct tenon_value *array = walk->array;
    const uint8_t *bytes = next_bytes (walk, tn_value_width (array->item_type));
    if (!bytes)
        return walk->error->status;
    *item = (struct tenon_value){ .type = array->item_type, .source = TENON_NO_SOURCE };
    decode_scalar (item, array->item_type, bytes, array->encoding & TENON_ENCODING_BIG);
    if (array->item_type == TENON_BOOL && item->as.u > 1)
        return tn_fail (walk->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "a bool in a metadata array is neither 0 nor 1");
    return TENON_OK;
}

/* The next item; `wanted` false: passes over it, a string. */
static tenon_status
read_item (struct walk *walk, struct tenon_value *item, bool wanted, struct tn_arena *arena)
{
    TN_TRY (tn_budget_work (walk->decoder.budget, sizeof *item));
    return walk->array->item_type == TENON_STRING ? read_string (walk, item, wanted, arena)
                                                  : read_number (walk, item);
}

static tenon_status
read_items (struct walk *walk, uint64_t first, uint64_t n, struct tenon_value *items, struct tn_arena *arena)
{
    if (walk->array->item_type != TENON_STRING)
        walk->at = first * tn_value_width (walk->array->item_type);
    else /* strings have no index */
        for (uint64_t i = 0; i < first; i++)
            TN_TRY (read_item (walk, NULL, false, arena));
    for (uint64_t i = 0; i < n; i++)
        TN_TRY (read_item (walk, &items[i], true, arena));
    return TENON_OK;
}

static tenon_status
begin_walk (struct walk *walk, struct tn_source *source)
{
    TN_TRY (check_packed (walk->array, walk->error));
    if (walk->array->source == TENON_NO_SOURCE)
        return TENON_OK;
    if (!source)
        return tn_fail (walk->error, TENON_E_MISUSE, TN_NO_OFFSET, "the array's source is not known");
    walk->source = source;
    return (walk->buffer = malloc (BUFFER_SIZE)) ? TENON_OK : tn_fail_memory (walk->error);
}

static void
end_walk (struct walk *walk)
{
    tn_decoder_free (&walk->decoder);
    free (walk->buffer);
}

/* *end: where the last item ends in the array's bytes. */
static tenon_status
find_items (struct walk *walk, struct tn_source *source, uint64_t first, uint64_t n,
            struct tenon_value *items, struct tn_arena *arena, uint64_t *end)
{
    const struct tenon_value *array = walk->array;
    if (array->type != TENON_ARRAY || first > array->count || n > array->count - first)
        return tn_fail (walk->error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "items %llu … of an array of %llu were asked for", (unsigned long long) first,
                        (unsigned long long) array->count);
    if (tn_value_has_items (array)) {
        if (n > 0)
            memcpy (items, array->as.items + first, n * sizeof *items);
        return TENON_OK;
    }
    tenon_status status = begin_walk (walk, source);
    if (status == TENON_OK)
        status = read_items (walk, first, n, items, arena);
    *end = walk->at;
    end_walk (walk);
    return status;
}

tenon_status
tn_value_items (struct tn_source *source, const struct tenon_value *array, uint64_t first, uint64_t n,
                struct tenon_value *items, struct tn_arena *arena, uint64_t most, struct tn_budget *budget,
                tenon_error *error)
{
    uint64_t end = 0;
    struct walk walk = { .array = array, .decoder.budget = budget, .most = most, .error = error };
    return find_items (&walk, source, first, n, items, arena, &end);
}

tenon_status
tn_value_take (struct tn_source *source, struct tenon_value *array, uint64_t n, struct tenon_value *items,
               struct tn_arena *arena, uint64_t most, tenon_error *error)
{
    uint64_t end = 0;
    struct walk walk = { .array = array, .most = most, .error = error };
    TN_TRY (find_items (&walk, source, 0, n, items, arena, &end));
    array->count -= n;
    array->length -= end;
    if (tn_value_has_items (array))
        array->as.items += n;
    else if (array->source == TENON_NO_SOURCE)
        array->as.memory = (const uint8_t *) array->as.memory + end;
    else
        array->offset += end;
    return TENON_OK;
}

/* An item that is an array or a map stays what it is. */
static tenon_status
visit_values (const struct tenon_value *array, tn_visit *visit, void *user)
{
    tenon_status status = TENON_OK;
    for (uint64_t i = 0; status == TENON_OK && i < array->count; i++)
        status = visit (user, &array->as.items[i]);
    return status;
}

tenon_status
tn_value_each (struct tn_source *source, const struct tenon_value *array, tn_visit *visit, void *user,
               uint64_t most, struct tn_budget *budget, tenon_error *error)
{
    struct walk walk = { .array = array, .decoder.budget = budget, .most = most, .error = error };
    struct tn_arena texts = { .budget = budget };
    if (tn_value_has_items (array))
        return visit_values (array, visit, user);
    tenon_status status = begin_walk (&walk, source);
    for (uint64_t i = 0; status == TENON_OK && i < array->count; i++) {
        struct tn_mark mark = tn_arena_mark (&texts);
        struct tenon_value item;
        status = read_item (&walk, &item, true, &texts);
        if (status == TENON_OK)
            status = visit (user, &item);
        tn_arena_release (&texts, mark);
        walk.strings = 0;
    }
    end_walk (&walk);
    tn_arena_free (&texts);
    return status;
}
