/* SPDX-License-Identifier: MIT */
/* carry_restore.c - restores the dtype and shape of carried tensors, if the record in the metadata is valid.
 * The record comes from a file: none of it is used before all of it is read, and no tensor changes its number
 * of bytes. */
#include "open/carry_restore.h"
#include "base/budget.h"
#include "base/report.h"
#include <tenon/json.h>

#define DEPTH 8 /* of the record; this version's has 4 */

struct text {
    char *bytes; /* in the copy of the record, NUL-terminated */
    uint64_t length;
};

struct restored {
    uint64_t index;
    uint64_t *shape;
    uint32_t dtype, rank;
};

/* Tensors or keys by index, in the order in which the record names them. */
struct sequence {
    uint64_t *index, count, all;
    bool *named;
};

struct reader {
    struct tn_catalog *catalog;
    tenon_report *report;
    tenon_error *error; /* of the open: memory ran out */
    struct tenon_json json;
    struct restored *restored;
    uint64_t count, room;
    bool *listed; /* per tensor */
    struct sequence tensors, keys;
    uint64_t version;
    bool left; /* a tensor is not restored */
    const char *wrong;
};

/* ---- the record's words ---- */

/* Negative without a failure in `error`: the record is wrong; `wrong` or the parser's error says why. */
static tenon_status
fail_record (struct reader *reader, const char *words)
{
    if (!reader->wrong && !tenon_json_failed (&reader->json))
        reader->wrong = words;
    return TENON_E_MALFORMED;
}

/* Resolves the escapes of the last key or string in place, and ends it with a NUL, which overwrites the
 * closing quote if not an earlier byte. False if the text contains a NUL. */
static bool
take_text (struct reader *reader, struct text *text)
{
    text->bytes = (char *) (uintptr_t) reader->json.text;
    text->length = tenon_json_unescape (text->bytes, reader->json.length, text->bytes);
    text->bytes[text->length] = 0;
    return strlen (text->bytes) == text->length;
}

static bool
next_string (struct reader *reader, struct text *text)
{
    return tenon_json_next (&reader->json) == TENON_JSON_STRING && take_text (reader, text);
}

static bool
next_number (struct reader *reader, uint64_t *number)
{
    return tenon_json_next (&reader->json) == TENON_JSON_NUMBER
           && tenon_json_u64 (&reader->json, number) == TENON_OK;
}

static tenon_status
skip_value (struct reader *reader)
{
    return tenon_json_skip (&reader->json, tenon_json_next (&reader->json)) < 0 ? fail_record (reader, "")
                                                                                : TENON_OK;
}

/* ---- tensors ---- */

/* The record's entry of one tensor. */
struct entry {
    struct text dtype, family, words, items;
    uint64_t size, alignment, big;
    uint64_t shape[64];
    uint32_t rank;
    bool has_shape;
};

static tenon_status
read_shape (struct reader *reader, struct entry *entry)
{
    int32_t token = tenon_json_next (&reader->json);
    if (token != TENON_JSON_BEGIN_ARRAY)
        return fail_record (reader, "a shape is no array");
    for (entry->rank = 0; (token = tenon_json_next (&reader->json)) == TENON_JSON_NUMBER; entry->rank++)
        if (entry->rank == 64 || tenon_json_u64 (&reader->json, &entry->shape[entry->rank]) < 0)
            return fail_record (reader, "a shape has more than 64 dims, or one that is no whole number");
    entry->has_shape = true;
    return token == TENON_JSON_END_ARRAY ? TENON_OK : fail_record (reader, "a shape is no array of numbers");
}

static tenon_status
read_entry (struct reader *reader, struct entry *entry)
{
    struct tenon_json *json = &reader->json;
    int32_t token = tenon_json_next (json);
    memset (entry, 0, offsetof (struct entry, shape));
    entry->has_shape = false;
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_record (reader, "a tensor's entry is no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        bool good = true;
        if (tenon_json_is (json, "shape"))
            TN_TRY (read_shape (reader, entry));
        else if (tenon_json_is (json, "dtype"))
            good = next_string (reader, &entry->dtype);
        else if (tenon_json_is (json, "family"))
            good = next_string (reader, &entry->family);
        else if (tenon_json_is (json, "text"))
            good = next_string (reader, &entry->words);
        else if (tenon_json_is (json, "size"))
            good = next_number (reader, &entry->size);
        else if (tenon_json_is (json, "alignment"))
            good = next_number (reader, &entry->alignment);
        else if (tenon_json_is (json, "items"))
            good = next_string (reader, &entry->items);
        else if (tenon_json_is (json, "big"))
            good = next_number (reader, &entry->big);
        else
            TN_TRY (skip_value (reader));
        if (!good)
            return fail_record (reader,
                                "a tensor's entry has something else than a string or number of 64 bits");
    }
    bool opaque = entry->family.bytes && entry->words.bytes && !entry->dtype.bytes;
    if (token != TENON_JSON_END_OBJECT || !entry->has_shape || (!opaque && !entry->dtype.bytes))
        return fail_record (reader, "a tensor's entry has no dtype or no shape");
    return TENON_OK;
}

/* TENON_NONE: there is no such dtype, or memory ran out, which `error` has. */
static uint32_t
find_dtype (struct reader *reader, const struct entry *entry)
{
    uint32_t number = TENON_NONE;
    tenon_error mine = TENON_ERROR_INIT;
    struct tenon_dtype opaque = { .struct_size = sizeof opaque,
                                  .kind = TENON_KIND_OPAQUE,
                                  .block_items = 1,
                                  .block_bytes = entry->size,
                                  .alignment = (uint32_t) entry->alignment,
                                  .family = entry->family.bytes,
                                  .text = entry->words.bytes };
    if (entry->items.bytes
        && (opaque.items_as = tn_dtype_find (reader->catalog->context, entry->items.bytes)))
        opaque.items_flags = entry->big ? TENON_BIG_ENDIAN : 0;
    if (entry->dtype.bytes)
        return tn_dtype_find (reader->catalog->context, entry->dtype.bytes);
    /* 4096: the largest number that divides every page size */
    if (entry->alignment > 4096 || (entry->alignment & (entry->alignment - 1)))
        return TENON_NONE;
    tenon_status status = tn_catalog_add_dtype (reader->catalog, &opaque, &number, &mine);
    if (status == TENON_E_MEMORY)
        tn_fail_memory (reader->error);
    return status < 0 ? TENON_NONE : number;
}

static bool
is_in_c_order (const struct tn_catalog *catalog, const struct tn_tensor *tensor)
{
    return !tn_tensor_strides (catalog, tensor)
           && (!(tensor->flags & TENON_FORTRAN) || !tn_shape_has_order (tensor->rank, tensor->shape));
}

/* The reason why a tensor cannot be restored; NULL: it can. */
static const char *
check_tensor (struct reader *reader, const struct tn_tensor *tensor, const struct entry *entry,
              uint32_t dtype)
{
    tenon_error mine = TENON_ERROR_INIT;
    const struct tenon_dtype *info = tn_catalog_dtype (reader->catalog, dtype);
    uint64_t elements, bytes;
    if (dtype == TENON_NONE || !info)
        return "it is carried as bytes, and no plugin in use has the dtype that it had";
    if (tensor->storage != TENON_EXTENT)
        return "it is carried as bytes, which the file has in chunks, so they stay bytes";
    if ((tensor->dtype != TENON_U8 && tensor->dtype != TENON_I8) || !is_in_c_order (reader->catalog, tensor))
        return "a record says that it is carried as bytes, but it is neither u8 nor i8 in C order";
    if (tn_shape_bytes (info, entry->rank, entry->shape, &elements, &bytes, &mine) < 0
        || bytes != tensor->length)
        return "a record says that it is carried as bytes, but of another number";
    return NULL;
}

static tenon_status
add_restored (struct reader *reader, uint64_t index, uint32_t dtype, const struct entry *entry)
{
    uint64_t *shape = tn_arena_get (&reader->catalog->arena, (entry->rank + 1u) * sizeof *shape, false);
    if (!shape
        || !tn_grow_within (reader->catalog->budget, &reader->restored, &reader->room, reader->count,
                            sizeof *reader->restored))
        return tn_fail_memory (reader->error);
    memcpy (shape, entry->shape, entry->rank * sizeof *shape);
    reader->restored[reader->count++] = (struct restored){ index, shape, dtype, entry->rank };
    return TENON_OK;
}

static tenon_status
read_tensor_entry (struct reader *reader, const struct text *name)
{
    struct tn_catalog *catalog = reader->catalog;
    struct entry entry;
    uint64_t index;
    TN_TRY (tn_budget_work (catalog->budget, TN_WORK_ENTRY + name->length));
    TN_TRY (read_entry (reader, &entry));
    if (!tn_catalog_find (catalog, name->bytes, name->length, &index))
        return TENON_OK; /* a copy of the file left it out */
    if (reader->listed[index])
        return fail_record (reader, "it lists a tensor twice");
    reader->listed[index] = true;
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index);
    uint32_t dtype = find_dtype (reader, &entry);
    if (reader->error->status < 0)
        return reader->error->status;
    const char *why = check_tensor (reader, tensor, &entry, dtype);
    if (!why)
        return add_restored (reader, index, dtype, &entry);
    reader->left = true;
    tn_report_add (reader->report, TENON_NOTE, TENON_OK, 0, tensor->name, "", "%s%s%s", why,
                   entry.dtype.bytes ? ": " : "", TN_SHOW (entry.dtype.bytes ? entry.dtype.bytes : ""));
    return TENON_OK;
}

static tenon_status
read_tensors (struct reader *reader)
{
    struct text name;
    int32_t token = tenon_json_next (&reader->json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_record (reader, "its tensors are no object");
    while ((token = tenon_json_next (&reader->json)) == TENON_JSON_KEY) {
        if (!take_text (reader, &name))
            return fail_record (reader, "a tensor's name has a NUL");
        TN_TRY (read_tensor_entry (reader, &name));
    }
    return token == TENON_JSON_END_OBJECT ? TENON_OK : fail_record (reader, "");
}

/* ---- orders ---- */

typedef bool (*finder) (const struct tn_catalog *catalog, const char *name, uint64_t length, uint64_t *index);

static tenon_status
read_sequence (struct reader *reader, struct sequence *sequence, finder find)
{
    struct text name;
    uint64_t index;
    int32_t token = tenon_json_next (&reader->json);
    if (token != TENON_JSON_BEGIN_ARRAY)
        return fail_record (reader, "an order is no array");
    while ((token = tenon_json_next (&reader->json)) == TENON_JSON_STRING) {
        if (!take_text (reader, &name))
            return fail_record (reader, "a name in an order has a NUL");
        TN_TRY (tn_budget_work (reader->catalog->budget, TN_WORK_LOOKUP + name.length));
        if (!find (reader->catalog, name.bytes, name.length, &index))
            continue;
        if (sequence->named[index])
            return fail_record (reader, "an order has a name twice");
        sequence->named[index] = true;
        sequence->index[sequence->count++] = index;
    }
    return token == TENON_JSON_END_ARRAY ? TENON_OK : fail_record (reader, "an order is no array of strings");
}

/* Puts the named entries, in their order, into the places that named entries have; the others stay.
 * `place[i]`: the entry that goes to place i. */
static void
arrange_places (const struct sequence *sequence, uint64_t *place)
{
    uint64_t next = 0;
    for (uint64_t i = 0; i < sequence->all; i++)
        place[i] = sequence->named[i] ? sequence->index[next++] : i;
}

static tenon_status
reorder_catalog (struct reader *reader)
{
    struct tn_catalog *catalog = reader->catalog;
    uint64_t most = TN_MAX (catalog->count, catalog->metadata_count) + 1;
    TN_FREE uint64_t *place = malloc (most * sizeof *place);
    TN_FREE struct tn_tensor *tensors = malloc ((catalog->count + 1) * sizeof *tensors);
    TN_FREE struct tn_metadata *metadata = malloc ((catalog->metadata_count + 1) * sizeof *metadata);
    if (!place || !tensors || !metadata)
        return tn_fail_memory (reader->error);
    arrange_places (&reader->tensors, place);
    for (uint64_t i = 0; i < catalog->count; i++)
        tensors[i] = *tn_catalog_tensor (catalog, place[i]);
    for (uint64_t i = 0; i < catalog->count; i++)
        *tn_catalog_tensor (catalog, i) = tensors[i];
    arrange_places (&reader->keys, place);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < catalog->metadata_count; i++)
        metadata[i] = catalog->metadata[place[i]];
    for (uint64_t i = 0; i < catalog->metadata_count; i++)
        if (reader->left || strcmp (metadata[i].key, TN_CARRY_KEY) != 0)
            catalog->metadata[kept++] = metadata[i];
    catalog->metadata_count = kept;
    tn_catalog_renumber (catalog);
    return TENON_OK;
}

/* ---- the whole ---- */

static tenon_status
read_record (struct reader *reader)
{
    struct tenon_json *json = &reader->json;
    uint32_t seen = 0;
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_record (reader, "it is no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        uint32_t which = tenon_json_is (json, "version")   ? 1
                         : tenon_json_is (json, "tensors") ? 2
                         : tenon_json_is (json, "order")   ? 4
                         : tenon_json_is (json, "keys")    ? 8
                                                           : 0;
        if (seen & which)
            return fail_record (reader, "it has a key twice");
        seen |= which;
        if (which == 0)
            TN_TRY (skip_value (reader));
        else if (which == 2)
            TN_TRY (read_tensors (reader));
        else if (which > 2)
            TN_TRY (read_sequence (reader, which == 4 ? &reader->tensors : &reader->keys,
                                   which == 4 ? tn_catalog_find : tn_catalog_find_key));
        else if (!next_number (reader, &reader->version) || reader->version != 1)
            return fail_record (reader, "its version is not 1");
    }
    if (token != TENON_JSON_END_OBJECT || tenon_json_next (json) != TENON_JSON_END)
        return fail_record (reader, "");
    return (seen & 3) == 3 ? TENON_OK : fail_record (reader, "it has no version or no tensors");
}

static tenon_status
apply_record (struct reader *reader)
{
    for (uint64_t i = 0; i < reader->count; i++) {
        const struct restored *restored = &reader->restored[i];
        struct tn_tensor *tensor = tn_catalog_tensor (reader->catalog, restored->index);
        tensor->dtype = restored->dtype;
        tensor->shape = restored->shape;
        tensor->rank = (uint16_t) restored->rank;
        tensor->flags &= TENON_ALIAS;
    }
    reader->catalog->restored = reader->count > 0;
    reader->catalog->reordered = reader->tensors.count > 0 || reader->keys.count > 0;
    return reorder_catalog (reader);
}

static bool
begin_sequence (struct reader *reader, struct sequence *sequence, uint64_t count)
{
    sequence->all = count;
    sequence->index = calloc (count + 1, sizeof *sequence->index);
    sequence->named = calloc (count + 1, sizeof *sequence->named);
    if (sequence->index && sequence->named)
        return true;
    tn_fail_memory (reader->error);
    return false;
}

static tenon_status
restore_all (struct reader *reader)
{
    struct tn_catalog *catalog = reader->catalog;
    reader->listed = calloc (catalog->count + 1, sizeof *reader->listed);
    if (!reader->listed)
        return tn_fail_memory (reader->error);
    if (!begin_sequence (reader, &reader->tensors, catalog->count)
        || !begin_sequence (reader, &reader->keys, catalog->metadata_count))
        return reader->error->status;
    if (read_record (reader) == TENON_OK)
        return apply_record (reader);
    if (reader->error->status == TENON_OK)
        tn_report_add (reader->report, TENON_NOTE, TENON_OK, 0, TN_CARRY_KEY, "",
                       "this record of carried tensors is wrong, and they stay as they are: %s",
                       reader->wrong && reader->wrong[0] ? reader->wrong : reader->json.error);
    return reader->error->status;
}

/* What restoring holds beside the list of restored tensors: the record, and what is held for each tensor and
 * key. */
static uint64_t
bytes_held (const struct tn_catalog *catalog, const struct tenon_value *record)
{
    const uint64_t each = 2 * sizeof (bool) + 2 * sizeof (uint64_t);
    return record->count + 1 + (catalog->count + 1) * (each + sizeof (struct tn_tensor))
           + (catalog->metadata_count + 1) * (each + sizeof (struct tn_metadata));
}

tenon_status
tn_carry_restore (struct tn_catalog *catalog, uint64_t index, tenon_report *report, tenon_error *error)
{
    struct reader reader = { .catalog = catalog, .report = report, .error = error };
    const struct tenon_value *record = &catalog->metadata[index].value;
    if (record->type != TENON_STRING)
        return TENON_OK;
    uint64_t bytes = bytes_held (catalog, record);
    if (!tn_budget_draw (catalog->budget, bytes))
        return error->status;
    TN_TRY (tn_budget_work (catalog->budget, record->count));
    TN_FREE char *copy = malloc (record->count + 1);
    if (!copy)
        return tn_fail_memory (error);
    if (record->count > 0)
        memcpy (copy, record->as.string, record->count);
    tenon_json_begin (&reader.json, copy, record->count, DEPTH);
    tenon_status status = restore_all (&reader);
    tn_budget_give_back (catalog->budget, bytes + reader.room * sizeof *reader.restored);
    free (reader.restored);
    free (reader.listed);
    free (reader.tensors.index);
    free (reader.tensors.named);
    free (reader.keys.index);
    free (reader.keys.named);
    return status;
}
