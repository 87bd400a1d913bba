/* SPDX-License-Identifier: MIT */
/* metadata.c - __metadata__: texts by key. If the record of types (metadata_write.c) is among them, some
 * stand for values of other types, and metadata_types.c reads them all. */
#include "safetensors.h"

/* Counts the pairs that follow. True if the record is among them. Stops at an error, which the caller meets
 * when it reads the pairs. */
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
    if (token == TENON_JSON_NULL) /* MLX writes this if there are none */
        return TENON_OK;
    if (token != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR
                   ? st_fail_json (call, json, base)
                   : tenon_fail (call, TENON_E_MALFORMED, base + (uint64_t) (json->text - json->start),
                                 "__metadata__ is no object");
    /* the host refuses more keys when they are added: no table for them before */
    if (has_record (json, &count) && count <= call->host->limit (call, TENON_LIMIT_METADATA_ENTRIES))
        return st_read_typed (call, json, base, count);
    for (;;) {
        TENON_TRY (st_next_pair (call, json, base, &key, &text));
        if (!key.bytes)
            return TENON_OK;
        TENON_TRY (st_add_string (call, &key, &text));
    }
}
