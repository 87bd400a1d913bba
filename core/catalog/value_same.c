/* SPDX-License-Identifier: MIT */
/* value_same.c - compares two metadata values, whose arrays may lie in two files. */
#include "catalog/catalog.h"
#include "source/decoder.h"

#define BUFFER_SIZE 65536u

/* The packed bytes of an array. */
struct packed {
    const struct tenon_value *array;
    struct tn_source *source; /* NULL: in memory */
    struct tn_decoder decoder;
    uint8_t *buffer;
};

static tenon_status
packed_open (struct packed *packed, struct tn_catalog *catalog, const uint32_t *numbers, uint32_t count,
             tenon_error *error)
{
    uint32_t number = packed->array->source;
    if (number == TENON_NO_SOURCE)
        return TENON_OK;
    if (number >= count)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the array's source is not known");
    packed->buffer = malloc (BUFFER_SIZE);
    if (!packed->buffer)
        return tn_fail_memory (error);
    packed->source = catalog->sources[numbers ? numbers[number] : number];
    packed->decoder.budget = catalog->budget;
    return TENON_OK;
}

static void
packed_close (struct packed *packed)
{
    tn_decoder_free (&packed->decoder);
    free (packed->buffer);
}

/* At most BUFFER_SIZE bytes. NULL: the failure is recorded. */
static const uint8_t *
packed_bytes (struct packed *packed, uint64_t at, uint64_t length, tenon_error *error)
{
    if (!packed->source)
        return (const uint8_t *) packed->array->as.memory + at;
    return tn_decoder_read (&packed->decoder, packed->source, packed->array->offset + at, packed->buffer,
                            length, error)
                   < 0
               ? NULL
               : packed->buffer;
}

static tenon_status
compare_packed (struct packed *a, struct packed *b, bool *same, tenon_error *error)
{
    for (uint64_t at = 0; at < a->array->length && *same; at += BUFFER_SIZE) {
        uint64_t length = TN_MIN (BUFFER_SIZE, a->array->length - at);
        TN_TRY (tn_budget_work (a->decoder.budget, 2 * (TN_WORK_READ + length)));
        const uint8_t *left = packed_bytes (a, at, length, error),
                      *right = packed_bytes (b, at, length, error);
        if (!left || !right)
            return error->status;
        *same = memcmp (left, right, length) == 0;
    }
    return TENON_OK;
}

static tenon_status
is_packed_same (struct tn_catalog *catalog, const struct tenon_value *a, const struct tenon_value *b,
                const uint32_t *numbers, uint32_t count, bool *same, tenon_error *error)
{
    struct packed left = { .array = a }, right = { .array = b };
    *same = a->length == b->length && a->encoding == b->encoding;
    if (!*same || a->length == 0)
        return TENON_OK;
    tenon_status status = packed_open (&left, catalog, NULL, (uint32_t) catalog->source_count, error);
    if (status == TENON_OK)
        status = packed_open (&right, catalog, numbers, count, error);
    if (status == TENON_OK)
        status = compare_packed (&left, &right, same, error);
    packed_close (&left);
    packed_close (&right);
    return status;
}

/* Two values without what is nested in them. */
static tenon_status
compare_one (struct tn_catalog *catalog, const struct tenon_value *a, const struct tenon_value *b,
             const uint32_t *numbers, uint32_t count, bool *same, tenon_error *error)
{
    bool array = a->type == TENON_ARRAY, text = a->type == TENON_STRING, map = a->type == TENON_MAP;
    *same = a->type == b->type && (!array || a->item_type == b->item_type)
            && (!(array || text || map) || a->count == b->count);
    if (!*same || a->type == TENON_NONE || tn_value_has_items (a))
        return TENON_OK;
    if (text)
        *same = a->count == 0 || memcmp (a->as.string, b->as.string, a->count) == 0;
    else if (!array)
        *same = a->as.u == b->as.u;
    else
        return is_packed_same (catalog, a, b, numbers, count, same, error);
    return TENON_OK;
}

tenon_status
tn_value_same (struct tn_catalog *catalog, const struct tenon_value *a, const struct tenon_value *b,
               const uint32_t *numbers, uint32_t count, bool *same, tenon_error *error)
{
    struct tn_value_walk left, right;
    a = tn_value_first (&left, a);
    b = tn_value_first (&right, b);
    do
        TN_TRY (compare_one (catalog, a, b, numbers, count, same, error));
    while (*same && (a = tn_value_next (&left, a)) && (b = tn_value_next (&right, b)));
    return TENON_OK;
}
