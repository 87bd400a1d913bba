/* SPDX-License-Identifier: MIT */
/* text.c - texts: copying, comparing, and reading them from JSON. */
#include "safetensors.h"

tenon_status
st_fail_json (struct tenon_call *call, const struct tenon_json *json, uint64_t base)
{
    return tenon_fail (call, TENON_E_MALFORMED, base + json->error_at, "not JSON: %s", json->error);
}

const char *
st_copy (struct tenon_call *call, const char *text, uint64_t length)
{
    char *copy = call->host->scratch (call, length + 1);
    if (copy)
        memcpy (copy, text, length);
    return copy;
}

const char *
st_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length)
{
    *length = json->length;
    if (!json->escapes)
        return (const char *) json->text;
    char *plain = call->host->scratch (call, json->length + 1);
    if (plain)
        *length = tenon_json_unescape (json->text, json->length, plain);
    return plain;
}

int
st_compare (const char *a, uint64_t a_length, const char *b, uint64_t b_length)
{
    int order = memcmp (a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}
