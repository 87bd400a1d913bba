/* SPDX-License-Identifier: MIT */
/* pairs.c - the keys and texts of __metadata__, and the key that is reserved for the record of types. */
#include "safetensors.h"

int
st_is_record (const char *key, uint64_t length)
{
    return length == strlen (ST_RECORD) && memcmp (key, ST_RECORD, length) == 0;
}

/* Fails on a value that is no string, or no JSON. */
static tenon_status
fail_text (struct tenon_call *call, const struct tenon_json *json, int32_t token, uint64_t base,
           const struct st_piece *key)
{
    if (token == TENON_JSON_ERROR)
        return st_fail_json (call, json, base);
    return tenon_fail (call, TENON_E_MALFORMED, base + (uint64_t) (json->text - json->start),
                       "the value of the metadata key '%.*s' is no string",
                       (int) (key->length < 100 ? key->length : 100), key->bytes);
}

tenon_status
st_next_pair (struct tenon_call *call, struct tenon_json *json, uint64_t base, struct st_piece *key,
              struct st_piece *text)
{
    int32_t token = tenon_json_next (json);
    key->bytes = NULL;
    if (token == TENON_JSON_END_OBJECT)
        return TENON_OK;
    if (token != TENON_JSON_KEY)
        return st_fail_json (call, json, base);
    if (!(key->bytes = st_text (call, json, &key->length)))
        return TENON_E_MEMORY;
    token = tenon_json_next (json);
    if (token != TENON_JSON_STRING)
        return fail_text (call, json, token, base, key);
    text->bytes = st_text (call, json, &text->length);
    return text->bytes ? TENON_OK : TENON_E_MEMORY;
}

tenon_status
st_add_string (struct tenon_call *call, const struct st_piece *key, const struct st_piece *text)
{
    struct tenon_value value = { .type = TENON_STRING, .count = text->length, .as.string = text->bytes };
    return call->host->add_metadata (call, key->bytes, key->length, &value);
}
