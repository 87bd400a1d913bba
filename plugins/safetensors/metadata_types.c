/* SPDX-License-Identifier: MIT */
/* metadata_types.c - metadata with a record of their types, whose form metadata_write.c describes.
 *
 * The record comes from a file and may be anything. It is read to its end, and each value that it names with
 * it, before any of it is used. If a single byte is not as this plugin writes it, all values are strings, as
 * they are to all other programs, the record is one of them, and a note tells what is wrong with it. */
#include "safetensors.h"
#include <tenon/json_value.h>

/* A key of the file, and its value if the record gives it a type. */
struct pair {
    struct st_piece key, text;
    struct tenon_value value;
    uint32_t typed, placed; /* 1: the record has a type for it, a place in its order */
};

struct record {
    struct tenon_call *call;
    struct tenon_json json; /* of the record */
    struct pair *pairs;     /* in the order of the file */
    uint64_t count;
    struct st_names keys;  /* pairs by key */
    uint64_t *order, used; /* pairs in the order of the record, and their number */
    struct pair *self;     /* the record's own */
    char why[200];         /* the first thing that is wrong */
};

/* ---- failures ---- */

/* Notes why the record is wrong, unless that is known already. */
__attribute__ ((format (printf, 2, 3))) static int
refuse_record (struct record *record, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    if (!record->why[0])
        vsnprintf (record->why, sizeof record->why, format, list);
    va_end (list);
    return TENON_JSON_OTHER;
}

static int
refuse_key (struct record *record, const struct st_piece *key, const char *what, const char *more)
{
    return refuse_record (record, "the key '%.*s' %s%s%s", (int) (key->length < 60 ? key->length : 60),
                          key->bytes, what, more[0] ? ": " : "", more);
}

/* The same for an unexpected token of the record. */
static int
refuse_json (struct record *record)
{
    const struct tenon_json *json = &record->json;
    if (json->error[0])
        return refuse_record (record, "at byte %llu of it: %s", (unsigned long long) json->error_at,
                              json->error);
    return refuse_record (record, "at byte %llu of it is something unexpected",
                          (unsigned long long) (json->text - json->start));
}

/* ---- the record ---- */

/* The pair that the last token names; NULL: there is none, or, with a negative *status, no memory. */
static struct pair *
find_pair (struct record *record, tenon_status *status)
{
    struct st_piece key;
    key.bytes = st_text (record->call, &record->json, &key.length);
    *status = key.bytes ? TENON_OK : TENON_E_MEMORY;
    if (!key.bytes)
        return NULL;
    const struct st_name *name = st_names_slot (&record->keys, key.bytes, key.length);
    if (name->text)
        return &record->pairs[name->number];
    refuse_key (record, &key, "is not there", "");
    return NULL;
}

/* "u32" or ["u32"] */
static int
take_type (struct record *record, struct tenon_value *value)
{
    struct tenon_json *json = &record->json;
    int32_t token = tenon_json_next (json), type;
    if (token == TENON_JSON_STRING) {
        type = tenon_json_type (json);
        value->type = (uint32_t) type;
        return type < 0 || type == TENON_ARRAY || type == TENON_MIXED ? TENON_JSON_OTHER : TENON_OK;
    }
    value->type = TENON_ARRAY;
    return token != TENON_JSON_BEGIN_ARRAY || tenon_json_take_type (json, &value->item_type)
                   || value->item_type == TENON_NONE || value->item_type == TENON_MAP
                   || !tenon_json_take (json, TENON_JSON_END_ARRAY)
               ? TENON_JSON_OTHER
               : TENON_OK;
}

static int
take_types (struct record *record)
{
    struct tenon_json *json = &record->json;
    int32_t token;
    tenon_status status;
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT))
        return TENON_JSON_OTHER;
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        struct pair *pair = find_pair (record, &status);
        if (!pair)
            return status < 0 ? status : TENON_JSON_OTHER;
        if (pair == record->self)
            return refuse_record (record, "it names itself");
        if (pair->typed)
            return refuse_key (record, &pair->key, "has two types", "");
        pair->typed = 1;
        if (take_type (record, &pair->value))
            return json->error[0] ? TENON_JSON_OTHER : refuse_key (record, &pair->key, "has no type", "");
    }
    return token == TENON_JSON_END_OBJECT ? TENON_OK : TENON_JSON_OTHER;
}

static int
take_order (struct record *record)
{
    struct tenon_json *json = &record->json;
    int32_t token;
    tenon_status status;
    if (!tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
        return TENON_JSON_OTHER;
    while ((token = tenon_json_next (json)) == TENON_JSON_STRING) {
        struct pair *pair = find_pair (record, &status);
        if (!pair)
            return status < 0 ? status : TENON_JSON_OTHER;
        if (pair->placed)
            return refuse_key (record, &pair->key, "is in its order twice", "");
        pair->placed = 1;
        record->order[record->used++] = (uint64_t) (pair - record->pairs);
    }
    return token == TENON_JSON_END_ARRAY ? TENON_OK : TENON_JSON_OTHER;
}

static int
take_own (struct record *record)
{
    struct tenon_json *json = &record->json;
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT))
        return TENON_JSON_OTHER;
    record->self->typed = 1;
    return tenon_json_take_typed (record->call, json, &record->self->value);
}

static int
take_record (struct record *record)
{
    struct tenon_json *json = &record->json;
    const struct st_piece *text = &record->self->text;
    uint64_t version;
    int32_t token;
    int outcome;
    tenon_json_begin (json, text->bytes, text->length, TENON_JSON_DEPTH);
    tenon_json_watch (json, record->call);
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT) || !tenon_json_take_key (json, "version")
        || !tenon_json_take (json, TENON_JSON_NUMBER) || tenon_json_u64 (json, &version) < 0)
        return TENON_JSON_OTHER;
    if (version != 1)
        return refuse_record (record, "it is of version %llu, this program knows 1",
                              (unsigned long long) version);
    outcome = tenon_json_take_key (json, "types") ? take_types (record) : TENON_JSON_OTHER;
    if (outcome != TENON_OK)
        return outcome;
    token = tenon_json_next (json);
    if (token == TENON_JSON_KEY && tenon_json_is (json, "order")) {
        if ((outcome = take_order (record)) != TENON_OK)
            return outcome;
        token = tenon_json_next (json);
    }
    if (token == TENON_JSON_KEY && tenon_json_is (json, "own")) {
        if ((outcome = take_own (record)) != TENON_OK)
            return outcome;
        token = tenon_json_next (json);
    }
    if (token != TENON_JSON_END_OBJECT || !tenon_json_take (json, TENON_JSON_END))
        return TENON_JSON_OTHER;
    return record->self->placed && !record->self->typed ? refuse_record (record, "its order names it")
                                                        : TENON_OK;
}

/* ---- the values ---- */

static int
take_text_value (struct record *record, struct pair *pair)
{
    struct tenon_json json;
    tenon_json_begin (&json, pair->text.bytes, pair->text.length, TENON_JSON_DEPTH);
    tenon_json_watch (&json, record->call);
    int outcome = tenon_json_take_value (record->call, &json, &pair->value);
    if (outcome == TENON_OK && !tenon_json_take (&json, TENON_JSON_END))
        outcome = TENON_JSON_OTHER;
    if (outcome != TENON_JSON_OTHER)
        return outcome;
    const char *name =
        tenon_json_type_name (pair->value.type == TENON_ARRAY ? pair->value.item_type : pair->value.type);
    char what[60];
    snprintf (what, sizeof what, "is no %s%s", pair->value.type == TENON_ARRAY ? "array of " : "", name);
    return refuse_key (record, &pair->key, what, json.error);
}

/* Reads the record, and all values that it gives a type. Finds everything that can be wrong. */
static int
take_all (struct record *record)
{
    int outcome = take_record (record);
    if (outcome == TENON_JSON_OTHER)
        return refuse_json (record);
    for (uint64_t i = 0; outcome == TENON_OK && i < record->count; i++)
        if (record->pairs[i].typed && &record->pairs[i] != record->self)
            outcome = take_text_value (record, &record->pairs[i]);
    return outcome;
}

/* Adds all values in the order of the record. Keys that it lacks come last, in the order of the file. */
static tenon_status
add_all (struct record *record)
{
    struct tenon_call *call = record->call;
    for (uint64_t i = 0; i < record->count; i++)
        if (!record->pairs[i].placed)
            record->order[record->used++] = i;
    for (uint64_t i = 0; i < record->count; i++) {
        const struct pair *pair = &record->pairs[record->order[i]];
        if (pair->typed)
            TENON_TRY (call->host->add_metadata (call, pair->key.bytes, pair->key.length, &pair->value));
        else if (pair != record->self)
            TENON_TRY (st_add_string (call, &pair->key, &pair->text));
    }
    return TENON_OK;
}

static tenon_status
add_strings (const struct record *record)
{
    for (uint64_t i = 0; i < record->count; i++)
        TENON_TRY (st_add_string (record->call, &record->pairs[i].key, &record->pairs[i].text));
    return TENON_OK;
}

/* Reads all pairs. *twice becomes 1 if a key occurs twice, which the host refuses when it is added. */
static tenon_status
collect_pairs (struct record *record, struct tenon_json *json, uint64_t base, int *twice)
{
    struct tenon_call *call = record->call;
    struct st_piece key, text;
    for (uint64_t i = 0;; i++) {
        TENON_TRY (st_next_pair (call, json, base, &key, &text));
        if (!key.bytes)
            return TENON_OK;
        struct pair *pair = &record->pairs[i];
        pair->key = key;
        pair->text = text;
        struct st_name *name = st_names_slot (&record->keys, key.bytes, key.length);
        *twice |= name->text != NULL;
        *name = (struct st_name){ key.bytes, key.length, i };
        if (st_is_record (key.bytes, key.length))
            record->self = pair;
    }
}

tenon_status
st_read_typed (struct tenon_call *call, struct tenon_json *json, uint64_t base, uint64_t count)
{
    struct record record;
    int twice = 0;
    memset (&record, 0, sizeof record);
    record.call = call;
    record.count = count;
    record.pairs = call->host->scratch (call, count * sizeof *record.pairs);
    record.order = call->host->scratch (call, count * sizeof *record.order);
    if (!record.pairs || !record.order)
        return TENON_E_MEMORY;
    TENON_TRY (st_names_begin (call, &record.keys, count));
    TENON_TRY (collect_pairs (&record, json, base, &twice));
    if (twice)
        return add_strings (&record);
    int outcome = take_all (&record);
    if (outcome == TENON_OK)
        return add_all (&record);
    if (outcome < 0)
        return outcome;
    tenon_note (call, TENON_NOTE, ST_RECORD,
                "this record of the types of metadata is wrong, and all values are strings: %s", record.why);
    return add_strings (&record);
}
