/* SPDX-License-Identifier: MIT */
/* json_peer.h - compares tenon/json.h with json-c, for tests/unit/pluginlib/test_json.c and
 * tests/fuzz/fuzz_json.c. */
#ifndef JSON_PEER_H
#define JSON_PEER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <tenon/json.h>

/* json-c 0.16 takes a character of a surrogate pair for half of another when its low 16 bits look like one,
 * and puts U+FFFD there: such documents are not compared. */
struct peer {
    bool ok, odd_pairs;
};

static struct json_object *peer_value (struct tenon_json *json, int32_t token, struct peer *peer);

/* A number as json-c keeps it: integers in 64 bits, saturated. */
static struct json_object *
peer_number (struct tenon_json *json)
{
    bool whole = true, minus = json->text[0] == '-';
    int64_t with_sign;
    uint64_t without;
    double value;
    for (uint64_t i = 0; i < json->length; i++)
        if (strchr (".eE", json->text[i]))
            whole = false;
    if (!whole) {
        tenon_json_f64 (json, &value);
        return json_object_new_double (value);
    }
    if (tenon_json_i64 (json, &with_sign) == TENON_OK)
        return json_object_new_int64 (with_sign);
    if (minus)
        return json_object_new_int64 (INT64_MIN);
    return json_object_new_uint64 (tenon_json_u64 (json, &without) == TENON_OK ? without : UINT64_MAX);
}

static char *
peer_text (const struct tenon_json *json, struct peer *peer, uint64_t *length)
{
    char *text = malloc (json->length + 1);
    *length = tenon_json_unescape (json->text, json->length, text);
    text[*length] = 0;
    for (uint64_t i = 0; json->escapes && i + 2 < *length; i++) /* f0 9d a0 80 is U+1D800, and so on */
        peer->odd_pairs |= ((uint8_t) text[i] & 0xf8) == 0xf0 && ((uint8_t) text[i + 1] & 0x0f) == 0x0d
                           && (uint8_t) text[i + 2] >= 0xa0;
    return text;
}

/* Keys of json-c end at a NUL; it keeps the last value of a repeated key. */
static struct json_object *
peer_object (struct tenon_json *json, struct peer *peer)
{
    struct json_object *object = json_object_new_object ();
    int32_t token;
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        uint64_t length;
        char *key = peer_text (json, peer, &length);
        struct json_object *value = peer_value (json, tenon_json_next (json), peer);
        json_object_object_add (object, key, value);
        free (key);
    }
    peer->ok &= token == TENON_JSON_END_OBJECT;
    return object;
}

static struct json_object *
peer_value (struct tenon_json *json, int32_t token, struct peer *peer)
{
    struct json_object *value = NULL;
    uint64_t length;
    char *text;
    switch (token) {
    case TENON_JSON_BEGIN_OBJECT: return peer_object (json, peer);
    case TENON_JSON_BEGIN_ARRAY:
        value = json_object_new_array ();
        while ((token = tenon_json_next (json)) != TENON_JSON_END_ARRAY && token > TENON_JSON_END)
            json_object_array_add (value, peer_value (json, token, peer));
        peer->ok &= token == TENON_JSON_END_ARRAY;
        return value;
    case TENON_JSON_STRING:
        text = peer_text (json, peer, &length);
        value = json_object_new_string_len (text, (int) length);
        free (text);
        return value;
    case TENON_JSON_NUMBER: return peer_number (json);
    case TENON_JSON_TRUE: return json_object_new_boolean (true);
    case TENON_JSON_FALSE: return json_object_new_boolean (false);
    case TENON_JSON_NULL: return NULL;
    default: peer->ok = false; return NULL;
    }
}

enum peer_verdict { PEER_BOTH, PEER_NEITHER, PEER_WE_ARE_STRICTER, PEER_WE_ARE_LAXER, PEER_VALUES_DIFFER };

/* The verdict of both on a document of `length` bytes, followed by a NUL; *json has tenon's reasons. */
static enum peer_verdict
peer_compare (struct tenon_json *json, const char *text, uint64_t length)
{
    struct peer peer = { true, false };
    /* of exactly this size, so that reading beyond its end is found */
    uint8_t *copy = malloc (length + !length);
    memcpy (copy, text, length);
    tenon_json_begin (json, copy, length, 64);
    struct json_object *ours = peer_value (json, tenon_json_next (json), &peer);
    bool ok = peer.ok && tenon_json_next (json) == TENON_JSON_END;
    struct json_tokener *tokener = json_tokener_new_ex (65);
    json_tokener_set_flags (tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *theirs = json_tokener_parse_ex (tokener, text, (int) length + 1);
    bool they = json_tokener_get_error (tokener) == json_tokener_success;
    bool equal = peer.odd_pairs || json_object_equal (ours, theirs);
    json_tokener_free (tokener);
    json_object_put (ours);
    json_object_put (theirs);
    free (copy);
    return ok != they ? (ok ? PEER_WE_ARE_LAXER : PEER_WE_ARE_STRICTER)
           : !ok      ? PEER_NEITHER
           : equal    ? PEER_BOTH
                      : PEER_VALUES_DIFFER;
}

#endif
