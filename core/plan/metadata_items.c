/* SPDX-License-Identifier: MIT */
/* metadata_items.c - replaces items of an array of the plan's metadata. The array's bytes are read once.
 * Those of the other items are copied as they are, in their own byte order, so no NaN changes its bits. */
#include "plan/plan.h"
#include "source/decoder.h"
#include <stdlib.h>
#include <tenon/plugin.h>

/* The array, its packed bytes, and the new items in the order of their indexes. */
struct rewrite {
    const char *key;
    const struct tenon_value *array;
    uint8_t *bytes;
    struct change {
        uint64_t index, place; /* place: in the caller's list */
        struct tenon_value value;
    } * changes;
    uint64_t count;
    tenon_error *error;
};

static int
compare_changes (const void *left, const void *right)
{
    const struct change *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Of the changes of one item the last stays. */
static void
sort_changes (struct rewrite *rewrite)
{
    uint64_t kept = 0;
    qsort (rewrite->changes, rewrite->count, sizeof *rewrite->changes, compare_changes);
    for (uint64_t i = 0; i < rewrite->count; i++)
        if (i + 1 == rewrite->count || rewrite->changes[i].index != rewrite->changes[i + 1].index)
            rewrite->changes[kept++] = rewrite->changes[i];
    rewrite->count = kept;
}

static tenon_status
parse_changes (struct rewrite *rewrite, const tenon_item_text *items, uint64_t count)
{
    uint64_t stride = count > 0 ? items->struct_size : 0;
    rewrite->changes = calloc (count + 1, sizeof *rewrite->changes);
    if (!rewrite->changes)
        return tn_fail_memory (rewrite->error);
    for (uint64_t i = 0; i < count; i++) {
        tenon_item_text item;
        if (!tn_copy_struct (&item, sizeof item, (const char *) items + i * stride,
                             TN_UP_TO (tenon_item_text, length))
            || ((const tenon_item_text *) (const void *) ((const char *) items + i * stride))->struct_size
                   != stride)
            return tn_fail (rewrite->error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "a tenon_item_text has a wrong struct_size");
        if (!item.text && item.length > 0)
            return tn_fail (rewrite->error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "a tenon_item_text of %llu bytes has no text", (unsigned long long) item.length);
        if (item.index >= rewrite->array->count)
            return tn_fail (rewrite->error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                            "metadata key '%s': there is no item %llu, the array has %llu, from 0 on",
                            TN_SHOW_SOME (rewrite->key, strnlen (rewrite->key, 200)),
                            (unsigned long long) item.index, (unsigned long long) rewrite->array->count);
        struct change *change = &rewrite->changes[rewrite->count++];
        change->index = item.index;
        change->place = i;
        TN_TRY (tn_plan_parse_item (rewrite->key, rewrite->array->item_type, item.index, item.text,
                                    item.length, &change->value, rewrite->error));
    }
    sort_changes (rewrite);
    return TENON_OK;
}

/* A copy of the array's bytes. */
static tenon_status
read_array (struct rewrite *rewrite, struct tn_source *source)
{
    const struct tenon_value *array = rewrite->array;
    if (!(rewrite->bytes = malloc (array->length + 1)))
        return tn_fail_memory (rewrite->error);
    if (array->source != TENON_NO_SOURCE) {
        struct tn_decoder decoder = { 0 };
        tenon_status status =
            tn_decoder_read (&decoder, source, array->offset, rewrite->bytes, array->length, rewrite->error);
        tn_decoder_free (&decoder);
        return status;
    }
    if (array->length > 0)
        memcpy (rewrite->bytes, array->as.memory, array->length);
    return TENON_OK;
}

/* ---- numbers ---- */

static void
put_packed_number (uint8_t *to, const struct tenon_value *value, uint32_t width, bool big)
{
    uint64_t bits = value->type == TENON_F32 ? tenon_f32_of_f64 (value->as.f) : value->as.u;
    for (uint32_t i = 0; i < width; i++)
        to[big ? width - 1 - i : i] = (uint8_t) (bits >> 8 * i);
}

static tenon_status
replace_numbers (struct rewrite *rewrite, uint64_t *length)
{
    uint32_t width = tn_value_width (rewrite->array->item_type);
    bool big = rewrite->array->encoding & TENON_ENCODING_BIG;
    for (uint64_t i = 0; i < rewrite->count; i++)
        put_packed_number (rewrite->bytes + rewrite->changes[i].index * width, &rewrite->changes[i].value,
                           width, big);
    *length = rewrite->array->length;
    return TENON_OK;
}

/* ---- strings ---- */

static uint64_t
take_length (const uint8_t *bytes, uint32_t width, bool big)
{
    if (width == 4)
        return big ? tenon_be32 (bytes) : tenon_le32 (bytes);
    return big ? tenon_be64 (bytes) : tenon_le64 (bytes);
}

static uint8_t *
put_packed_string (uint8_t *to, const struct tenon_value *string, uint32_t width, bool big)
{
    struct tenon_value length = { .type = TENON_U64, .as.u = string->count };
    put_packed_number (to, &length, width, big);
    if (string->count > 0)
        memcpy (to + width, string->as.string, string->count);
    return to + width + string->count;
}

/* Where the string at `from` ends; NULL: its length leaves the array. */
static const uint8_t *
string_end (const uint8_t *from, const uint8_t *end, uint32_t width, bool big)
{
    if ((uint64_t) (end - from) < width)
        return NULL;
    uint64_t length = take_length (from, width, big);
    return length <= (uint64_t) (end - from) - width ? from + width + length : NULL;
}

/* Copies the strings before each new one in one piece. */
static tenon_status
replace_strings (struct rewrite *rewrite, uint64_t *length)
{
    const struct tenon_value *array = rewrite->array;
    const uint8_t *from = rewrite->bytes, *copied = from, *end = from + array->length, *next = from;
    uint32_t width = array->encoding & TENON_STRINGS_64 ? 8 : 4;
    bool big = array->encoding & TENON_ENCODING_BIG;
    uint64_t room = array->length + 1;
    for (uint64_t i = 0; i < rewrite->count; i++) {
        if (width == 4 && rewrite->changes[i].value.count > UINT32_MAX)
            return tn_fail (rewrite->error, TENON_E_LIMIT, TN_NO_OFFSET, "a string of 2^32 bytes or more");
        room += width + rewrite->changes[i].value.count;
    }
    uint8_t *made = malloc (room), *to = made;
    if (!made)
        return tn_fail_memory (rewrite->error);
    for (uint64_t i = 0, change = 0; i < array->count && next; i++, from = next) {
        if (!(next = string_end (from, end, width, big)))
            break;
        if (change == rewrite->count || rewrite->changes[change].index != i)
            continue;
        memcpy (to, copied, (size_t) (from - copied));
        to = put_packed_string (to + (from - copied), &rewrite->changes[change++].value, width, big);
        copied = next;
    }
    if (next) {
        memcpy (to, copied, (size_t) (end - copied));
        *length = (uint64_t) (to - made) + (uint64_t) (end - copied);
    }
    free (rewrite->bytes);
    rewrite->bytes = made;
    return next ? TENON_OK
                : tn_fail (rewrite->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                           "metadata key '%s': a string leaves its array",
                           TN_SHOW_SOME (rewrite->key, strnlen (rewrite->key, 200)));
}

/* ---- the service ---- */

static tenon_status
find_array (tenon_plan *plan, struct rewrite *rewrite)
{
    uint64_t index;
    const char *key = TN_SHOW_SOME (rewrite->key, strnlen (rewrite->key, 200));
    if (!tn_catalog_find_key (plan->own, rewrite->key, strlen (rewrite->key), &index))
        return tn_fail (rewrite->error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no metadata key '%s'",
                        key);
    rewrite->array = &plan->own->metadata[index].value;
    if (tn_value_is_packed (rewrite->array))
        return TENON_OK;
    return tn_fail (rewrite->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "metadata key '%s': its value is %s, of which no item can be replaced", key,
                    rewrite->array->type != TENON_ARRAY        ? "no array"
                    : rewrite->array->item_type == TENON_ARRAY ? "an array of arrays"
                                                               : "a mixed array");
}

static tenon_status
replace_items (tenon_plan *plan, struct rewrite *rewrite, const tenon_item_text *items, uint64_t count)
{
    TN_TRY (find_array (plan, rewrite));
    TN_TRY (parse_changes (rewrite, items, count));
    struct tenon_value value = *rewrite->array;
    TN_TRY (
        read_array (rewrite, value.source == TENON_NO_SOURCE ? NULL : plan->metadata_sources[value.source]));
    TN_TRY (value.item_type == TENON_STRING ? replace_strings (rewrite, &value.length)
                                            : replace_numbers (rewrite, &value.length));
    value.source = TENON_NO_SOURCE;
    value.offset = 0;
    value.as.memory = rewrite->bytes;
    return tenon_plan_add_metadata (plan, rewrite->key, &value, rewrite->error);
}

TENON_API tenon_status
tenon_plan_set_metadata_items (tenon_plan *plan, const char *key, const tenon_item_text *items,
                               uint64_t count, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct rewrite rewrite = { .key = key, .error = &mine };
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key")
        && TN_GIVEN (&mine, items || !count, "items"))
        replace_items (plan, &rewrite, items, count);
    free (rewrite.bytes);
    free (rewrite.changes);
    return tn_error_out (error, &mine);
}
