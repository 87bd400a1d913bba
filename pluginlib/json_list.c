/* SPDX-License-Identifier: MIT */
/* json_list.c - documents that list metadata. */
#include <stdio.h>
#include <string.h>
#include <tenon/json_value.h>

/* The key that was read last: one that the host takes. */
static int32_t
check_key (struct tenon_json *json, const struct tenon_json_entry *entry)
{
    if (entry->key_length > 0 && entry->key_length <= UINT32_MAX
        && !memchr (entry->key, 0, (size_t) entry->key_length))
        return TENON_OK;
    json->error_at = (uint64_t) (json->text - json->start);
    snprintf (json->error, sizeof json->error, "found a key that is empty, too long, or holds a NUL");
    return TENON_JSON_OTHER;
}

static int32_t
take_entry (struct tenon_call *call, struct tenon_json *json, struct tenon_json_entry **result)
{
    if (!tenon_json_take_key (json, "key") || !tenon_json_take (json, TENON_JSON_STRING))
        return TENON_JSON_OTHER;
    struct tenon_json_entry *entry = *result = call->host->scratch (call, sizeof *entry);
    if (!entry || !(entry->key = tenon_json_take_text (call, json, &entry->key_length)))
        return TENON_E_MEMORY;
    int32_t outcome = check_key (json, entry);
    return outcome == TENON_OK ? tenon_json_take_typed (call, json, &entry->value) : outcome;
}

int32_t
tenon_json_take_list (struct tenon_call *call, struct tenon_json *json, struct tenon_json_list *list)
{
    struct tenon_json_entry **last = &list->first;
    int32_t token;
    uint64_t version;
    *list = (struct tenon_json_list){ NULL, 0 };
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT) || !tenon_json_take_key (json, "tenon")
        || !tenon_json_take (json, TENON_JSON_NUMBER) || tenon_json_u64 (json, &version) < 0 || version != 1
        || !tenon_json_take_key (json, "metadata") || !tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
        return TENON_JSON_OTHER;
    while ((token = tenon_json_next (json)) == TENON_JSON_BEGIN_OBJECT) {
        int32_t outcome = take_entry (call, json, last);
        if (outcome != TENON_OK)
            return outcome;
        last = &(*last)->next;
        list->count++;
    }
    return token == TENON_JSON_END_ARRAY && tenon_json_take (json, TENON_JSON_END_OBJECT)
                   && tenon_json_take (json, TENON_JSON_END)
               ? TENON_OK
               : TENON_JSON_OTHER;
}
