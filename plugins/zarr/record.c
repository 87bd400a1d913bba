/* SPDX-License-Identifier: MIT */
/* record.c - the types that JSON does not keep: an attribute of the root, {"KEY":"u32","KEY":"[f32]"}, which
 * names them by the keys of metadata. A word is that of a type; in brackets, of the items of an array. */
#include "read.h"
#include <tenon/json_value.h>

struct entry {
    const char *key;
    uint64_t length;
    uint32_t type, item_type; /* of tenon_value */
};

/* A hash table. */
struct zarr_record {
    struct entry *entries;
    uint64_t size; /* a power of two, above the number of entries */
};

/* The slot that has the key, or the free one where it belongs. */
static struct entry *
find_entry_slot (struct tenon_call *call, const struct zarr_record *record, const char *key, uint64_t length)
{
    for (uint64_t i = call->host->hash (call, key, length);; i++) {
        struct entry *entry = &record->entries[i & (record->size - 1)];
        if (!entry->key || (entry->length == length && memcmp (entry->key, key, (size_t) length) == 0))
            return entry;
    }
}

/* The type of a word. Returns 0 if it names none. */
static int
take_word (const char *word, uint64_t length, uint32_t *type)
{
    for (uint32_t i = 0; i < TENON_DTYPE_DYNAMIC; i++) {
        const char *name = tenon_json_type_name (i);
        if (!name || strlen (name) != length || memcmp (name, word, (size_t) length) != 0)
            continue;
        *type = i;
        return 1;
    }
    return 0;
}

/* Keeps a type of the record; words that are none are ignored. */
static tenon_status
keep_type (struct zarr_reader *reader, struct zarr_record *record, const struct tenon_json *key,
           const struct tenon_json *value)
{
    const char *text = (const char *) value->text;
    struct zarr_word word;
    uint32_t type, item = TENON_NONE;
    int is_array = value->length >= 2 && text[0] == '[' && text[value->length - 1] == ']';
    if (is_array ? !take_word (text + 1, value->length - 2, &item) : !take_word (text, value->length, &type))
        return TENON_OK;
    if (zarr_take_word (reader, key, &word) != 0)
        return TENON_E_MEMORY;
    struct entry *entry = find_entry_slot (reader->call, record, word.bytes, word.length);
    if (!entry->key)
        *entry = (struct entry){ word.bytes, word.length, is_array ? TENON_ARRAY : type, item };
    return TENON_OK;
}

/* Counts the pairs of the object that begins at the parser. Returns 0 if it is no object of strings. */
static int
count_pairs (struct tenon_json json, uint64_t *count)
{
    int32_t token = tenon_json_next (&json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return 0;
    for (*count = 0; (token = tenon_json_next (&json)) == TENON_JSON_KEY; ++*count)
        if (tenon_json_next (&json) != TENON_JSON_STRING)
            return 0;
    return token == TENON_JSON_END_OBJECT;
}

/* Reads the object that begins at the parser. */
static tenon_status
read_pairs (struct zarr_reader *reader, struct tenon_json *json, uint64_t count)
{
    struct tenon_call *call = reader->call;
    struct zarr_record *record = call->host->scratch (call, sizeof *record);
    if (!record)
        return TENON_E_MEMORY;
    for (record->size = 16; record->size <= 2 * count;)
        record->size *= 2;
    if (!(record->entries = call->host->scratch (call, record->size * sizeof *record->entries)))
        return TENON_E_MEMORY;
    tenon_json_next (json);
    while (tenon_json_next (json) == TENON_JSON_KEY) {
        struct tenon_json key = *json;
        tenon_json_next (json);
        TENON_TRY (keep_type (reader, record, &key, json));
    }
    reader->record = record;
    return TENON_OK;
}

tenon_status
zarr_read_record (struct zarr_reader *reader, struct zarr_text attributes)
{
    struct tenon_json json;
    uint64_t count;
    zarr_begin (reader, attributes, &json);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_OBJECT)
        return TENON_OK;
    while (tenon_json_next (&json) == TENON_JSON_KEY) {
        if (tenon_json_is (&json, ZARR_RECORD) && count_pairs (json, &count))
            return read_pairs (reader, &json, count);
        if (tenon_json_skip (&json, tenon_json_next (&json)) < 0)
            return TENON_OK; /* the attributes are read again, and refused */
    }
    return TENON_OK;
}

int
zarr_recorded (struct zarr_reader *reader, const char *key, uint64_t length, struct tenon_value *type)
{
    if (!reader->record)
        return 0;
    const struct entry *entry = find_entry_slot (reader->call, reader->record, key, length);
    type->type = entry->type;
    type->item_type = entry->item_type;
    return entry->key != NULL;
}
