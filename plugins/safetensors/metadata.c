/* SPDX-License-Identifier: MIT */
/* metadata.c - __metadata__: texts by their keys. With a record of types (metadata_write.c) some of them are
 * values of other types; metadata_types.c reads it. */
#include "safetensors.h"

static tenon_status
fail_value (struct tenon_call *call, const struct tenon_json *json, int32_t token, uint64_t base,
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
        return fail_value (call, json, token, base, key);
    text->bytes = st_text (call, json, &text->length);
    return text->bytes ? TENON_OK : TENON_E_MEMORY;
}

tenon_status
st_add_string (struct tenon_call *call, const struct st_piece *key, const struct st_piece *text)
{
    struct tenon_value value = { .type = TENON_STRING, .count = text->length, .as.string = text->bytes };
    return call->host->add_metadata (call, key->bytes, key->length, &value);
}

/* How many keys are to come, and is one of them that of the record? What is wrong is told by who reads it for
 * good. */
static int
has_record (const struct tenon_json *json, uint64_t *count)
{
    struct tenon_json ahead = *json;
    int found = 0;
    for (*count = 0; tenon_json_next (&ahead) == TENON_JSON_KEY; ++*count) {
        found |= tenon_json_is (&ahead, ST_RECORD);
        if (tenon_json_next (&ahead) != TENON_JSON_STRING)
            return 0;
    }
    return found;
}

tenon_status
st_read_metadata (struct tenon_call *call, struct tenon_json *json, uint64_t base)
{
    struct st_piece key, text;
    uint64_t count;
    int32_t token = tenon_json_next (json);
    if (token == TENON_JSON_NULL) /* as MLX writes it when there are none */
        return TENON_OK;
    if (token != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR
                   ? st_fail_json (call, json, base)
                   : tenon_fail (call, TENON_E_MALFORMED, base + (uint64_t) (json->text - json->start),
                                 "__metadata__ is no object");
    /* more keys than that are refused when they are added */
    if (has_record (json, &count) && count <= call->host->limit (call, TENON_LIMIT_METADATA_ENTRIES))
        return st_read_typed (call, json, base, count);
    for (;;) {
        TENON_TRY (st_next_pair (call, json, base, &key, &text));
        if (!key.bytes)
            return TENON_OK;
        TENON_TRY (st_add_string (call, &key, &text));
    }
}
