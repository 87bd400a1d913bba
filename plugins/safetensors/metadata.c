/* metadata.c - __metadata__: texts by their keys. */
#include "safetensors.h"

tenon_status
st_read_metadata (struct tenon_call *call, struct tenon_json *json, uint64_t base)
{
    int32_t token = tenon_json_next (json);
    if (token == TENON_JSON_NULL) /* as MLX writes it when there are none */
        return TENON_OK;
    if (token != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR
                   ? st_fail_json (call, json, base)
                   : tenon_fail (call, TENON_E_MALFORMED, base + (uint64_t) (json->text - json->start),
                                 "__metadata__ is no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        struct tenon_value value = { .type = TENON_STRING };
        uint64_t key_length;
        const char *key = st_text (call, json, &key_length);
        if (!key)
            return TENON_E_MEMORY;
        token = tenon_json_next (json);
        if (token != TENON_JSON_STRING)
            return token == TENON_JSON_ERROR
                       ? st_fail_json (call, json, base)
                       : tenon_fail (call, TENON_E_MALFORMED, base + (uint64_t) (json->text - json->start),
                                     "the value of the metadata key '%.*s' is no string",
                                     (int) (key_length < 100 ? key_length : 100), key);
        value.as.string = st_text (call, json, &value.count);
        if (!value.as.string)
            return TENON_E_MEMORY;
        TENON_TRY (call->host->add_metadata (call, key, key_length, &value));
    }
    return token == TENON_JSON_END_OBJECT ? TENON_OK : st_fail_json (call, json, base);
}
