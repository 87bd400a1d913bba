/* SPDX-License-Identifier: MIT */
/* attributes.c - attributes as metadata: those of the root by their names, those of a node as PATH:NAME. */
#include "read.h"
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
    if (any.repeated)
        tenon_note (reader->call, TENON_NOTE, reader->key,
                    "%llu keys of the attribute stand there twice: the last value counts",
                    (unsigned long long) any.repeated);
    if (any.rounded)
        tenon_note (reader->call, TENON_NOTE, reader->key,
                    "%llu numbers of the attribute have more digits than 64 bits hold: they are rounded",
                    (unsigned long long) any.rounded);
    return TENON_OK;
}

/* Adds a value by the key in reader->key. A key that the catalog has already gets a number. */
static tenon_status
add_value (struct zarr_reader *reader, uint64_t length, const struct tenon_value *value)
{
    struct tenon_call *call = reader->call;
    uint64_t number = 1, whole = length;
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
