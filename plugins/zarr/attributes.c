/* SPDX-License-Identifier: MIT */
/* attributes.c - attributes as metadata: those of the root by their names, those of a node as PATH:NAME. */
#include "read.h"
#include <stdlib.h>
#include <tenon/json_any.h>

#define SPARE 24u /* bytes for "#2" behind a key */

/* Writes PATH:NAME into reader->key; `json` has passed the name. */
static tenon_status
make_key (struct zarr_reader *reader, struct zarr_word path, const uint8_t *name, uint64_t name_length,
          uint64_t *length)
{
    char *at;
    TENON_TRY (
        tenon_grow (reader->call, &reader->key, &reader->key_room, path.length + name_length + SPARE, 1));
    at = reader->key;
    memcpy (at, path.bytes, (size_t) path.length);
    at += path.length;
    if (path.length)
        *at++ = ':';
    *length = (uint64_t) (at - reader->key) + tenon_json_unescape (name, name_length, at);
    reader->key[*length] = 0;
    return TENON_OK;
}

/* The value that begins with `token`, in the type that the record has for the key. The value is JSON: that
 * was proved when the document was read. */
static tenon_status
take_value (struct zarr_reader *reader, struct tenon_json *json, int32_t token, uint64_t key_length,
            struct tenon_value *value)
{
    struct tenon_json_any any = { .call = reader->call, .json = json };
    struct tenon_json before = *json;
    int32_t status;
    memset (value, 0, sizeof *value);
    if (zarr_recorded (reader, reader->key, key_length, value)) {
        if ((status = tenon_json_take_as (&any, token, value)) <= 0)
            return status;
        tenon_note (reader->call, TENON_NOTE, reader->key,
                    "the attribute is no value of the type that \"%s\" states", ZARR_RECORD);
        *json = before;
    }
    if ((status = tenon_json_take_any (&any, token, value)) < 0)
        return status;
    if (any.rounded)
        tenon_note (reader->call, TENON_NOTE, reader->key,
                    "%llu numbers of the attribute have more digits than 64 bits hold: they are rounded",
                    (unsigned long long) any.rounded);
    return TENON_OK;
}

/* Compares two keys of a map. */
static int
compare_keys (const void *one, const void *other)
{
    const struct tenon_value *a = *(const struct tenon_value *const *) one;
    const struct tenon_value *b = *(const struct tenon_value *const *) other;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    return memcmp (a->as.string, b->as.string, (size_t) a->count);
}

/* *key is one that a map has twice, if it has one. */
static tenon_status
find_repeated (struct zarr_reader *reader, const struct tenon_value *map, const struct tenon_value **key)
{
    const struct tenon_value **keys = reader->call->host->scratch (reader->call, map->count * sizeof *keys);
    if (!keys)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < map->count; i++)
        keys[i] = &map->as.items[2 * i];
    qsort (keys, (size_t) map->count, sizeof *keys, compare_keys);
    for (uint64_t i = 1; i < map->count && !*key; i++)
        if (compare_keys (&keys[i - 1], &keys[i]) == 0)
            *key = keys[i];
    return TENON_OK;
}

/* The number of values inside a value. */
static uint64_t
count_inner (const struct tenon_value *value)
{
    if (value->type == TENON_MAP)
        return 2 * value->count;
    return value->type == TENON_ARRAY && (value->item_type == TENON_MIXED || value->item_type == TENON_ARRAY)
               ? value->count
               : 0;
}

/* Looks into all maps inside a value for a key that one of them has twice: no map of metadata may. */
static tenon_status
check_maps (struct zarr_reader *reader, const struct tenon_value *value, const struct tenon_value **key)
{
    struct {
        const struct tenon_value *items;
        uint64_t left;
    } levels[TENON_JSON_DEPTH + 1] = { { value, 1 } };
    uint32_t depth = 1;
    *key = NULL;
    while (depth > 0 && !*key) {
        if (levels[depth - 1].left == 0) {
            depth--;
            continue;
        }
        levels[depth - 1].left--;
        const struct tenon_value *inner = levels[depth - 1].items++;
        if (inner->type == TENON_MAP && inner->count > 1)
            TENON_TRY (find_repeated (reader, inner, key));
        if (count_inner (inner) == 0)
            continue;
        levels[depth].items = inner->as.items;
        levels[depth++].left = count_inner (inner);
    }
    return TENON_OK;
}

/* Adds a value by the key in reader->key. A key that the catalog has already gets a number. */
static tenon_status
add_value (struct zarr_reader *reader, uint64_t length, const struct tenon_value *value)
{
    struct tenon_call *call = reader->call;
    const struct tenon_value *twice;
    uint64_t number = 1, whole = length;
    TENON_TRY (check_maps (reader, value, &twice));
    if (twice) {
        tenon_note (call, TENON_LOSS, reader->key, "the attribute has the key '%.*s' twice: it is left out",
                    twice->count > 80 ? 80 : (int) twice->count, twice->as.string);
        return TENON_OK;
    }
    while (call->host->find_metadata (call, reader->key, whole) == TENON_OK)
        whole = length
                + (uint64_t) snprintf (reader->key + length, SPARE, "#%llu", (unsigned long long) ++number);
    if (number > 1)
        tenon_note (call, TENON_NOTE, reader->key,
                    "another attribute has the same name: this one got a number");
    return call->host->add_metadata (call, reader->key, whole, value);
}

static tenon_status
add_attribute (struct zarr_reader *reader, struct zarr_word path, struct tenon_json *json)
{
    struct tenon_value value;
    uint64_t length;
    int is_record = !path.length && reader->record && tenon_json_is (json, ZARR_RECORD);
    TENON_TRY (make_key (reader, path, json->text, json->length, &length));
    int32_t token = tenon_json_next (json);
    if (is_record || length == 0 || memchr (reader->key, 0, (size_t) length)) {
        if (!is_record)
            tenon_note (reader->call, TENON_LOSS, path.length ? path.bytes : NULL,
                        "an attribute has %s: it is left out",
                        length ? "a NUL in its name" : "an empty name");
        tenon_json_skip (json, token);
        return TENON_OK;
    }
    TENON_TRY (take_value (reader, json, token, length, &value));
    return add_value (reader, length, &value);
}

tenon_status
zarr_add_attributes (struct zarr_reader *reader, struct zarr_word path, struct zarr_text attributes)
{
    struct tenon_json json;
    int32_t token;
    if (!attributes.bytes)
        return TENON_OK;
    zarr_begin (reader, attributes, &json);
    token = tenon_json_next (&json);
    if (token != TENON_JSON_BEGIN_OBJECT) {
        if (token != TENON_JSON_NULL)
            tenon_note (reader->call, TENON_LOSS, path.length ? path.bytes : NULL,
                        "the attributes are no object: they are left out");
        return TENON_OK;
    }
    while ((token = tenon_json_next (&json)) == TENON_JSON_KEY)
        TENON_TRY (add_attribute (reader, path, &json));
    return TENON_OK;
}

tenon_status
zarr_add_names (struct zarr_reader *reader, struct zarr_word path, struct zarr_text names)
{
    static const char key[] = "zarr.dimension_names";
    struct tenon_json json;
    struct tenon_value value;
    uint64_t length;
    if (!names.bytes || zarr_token (reader, names) == TENON_JSON_NULL)
        return TENON_OK;
    TENON_TRY (make_key (reader, path, (const uint8_t *) key, sizeof key - 1, &length));
    zarr_begin (reader, names, &json);
    TENON_TRY (take_value (reader, &json, tenon_json_next (&json), length, &value));
    return add_value (reader, length, &value);
}
