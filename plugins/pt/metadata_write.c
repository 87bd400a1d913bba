/* SPDX-License-Identifier: MIT */
/* metadata_write.c - the member that keeps metadata which the pickle does not: JSON, in the form that npz has
 * for it.
 *
 *     {"tenon":1,"metadata":[
 *     {"key":"name","type":"string","value":"…"},
 *     {"key":"ids","type":"array","items":"u32","value":[1,2]}]}
 *
 * torch.load does not look at it. Types and values are those of tenon/json_value.h. */
#include "pt_write.h"
#include <tenon/json_value.h>

#define BUFFER_BYTES 4096u

/* grow of the JSON: puts its bytes. */
static tenon_status
put_text (struct tenon_json_out *json, uint64_t more)
{
    struct tenon_call *call = json->user;
    if (json->length > 0)
        TENON_TRY (call->host->put (call, json->bytes, json->length));
    json->length = 0;
    if (more <= json->room)
        return TENON_OK;
    json->room = 2 * more;
    json->bytes = call->host->scratch (call, json->room);
    return json->bytes ? TENON_OK : TENON_E_MEMORY;
}

tenon_status
pt_put_metadata (struct tenon_call *call, uint64_t entries, const uint8_t *left_out)
{
    struct tenon_json_out json = { .room = BUFFER_BYTES, .grow = put_text, .user = call };
    struct tenon_json_values values = { .call = call, .out = &json };
    const char *before = "\n{\"key\":";
    if (!(json.bytes = call->host->scratch (call, BUFFER_BYTES)))
        return TENON_E_MEMORY;
    tenon_json_put_text (&json, "{\"tenon\":1,\"metadata\":[");
    for (uint64_t i = 0; i < entries; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        if (left_out[i])
            continue;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        tenon_json_put_text (&json, before);
        before = ",\n{\"key\":";
        tenon_json_put_string (&json, key, length);
        tenon_json_put_text (&json, ",");
        TENON_TRY (tenon_json_put_typed (&values, &value));
        tenon_json_put_text (&json, "}");
    }
    tenon_json_put_text (&json, "]}\n");
    TENON_TRY (json.status);
    return put_text (&json, 0);
}
