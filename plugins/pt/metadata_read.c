/* SPDX-License-Identifier: MIT */
/* metadata_read.c - the member tenon.json of an archive that tenon wrote: metadata that a pickle does not
 * keep, or not with their types (metadata_write.c). */
#include "pt.h"
#include <tenon/json_value.h>

/* None is kept before the document is read to its end without a fault. */
tenon_status
pt_read_member (struct pt_reader *reader, const void *text, uint64_t length)
{
    struct tenon_call *call = reader->call;
    struct tenon_json json;
    struct tenon_json_list list;
    tenon_json_begin (&json, text, length, TENON_JSON_DEPTH);
    tenon_json_watch (&json, call);
    int32_t outcome = tenon_json_take_list (call, &json, &list);
    if (outcome < 0)
        return outcome;
    if (outcome != TENON_OK) {
        uint64_t place = json.error[0] ? json.error_at : (uint64_t) (json.text - json.start);
        tenon_note (call, TENON_LOSS, PT_MEMBER,
                    "it does not hold metadata as this version writes them (at byte %llu): it is left out",
                    (unsigned long long) place);
        return TENON_OK;
    }
    if (list.count > 0 && !(reader->kept = call->host->scratch (call, list.count * sizeof *reader->kept)))
        return TENON_E_MEMORY;
    for (const struct tenon_json_entry *entry = list.first; entry; entry = entry->next) {
        int known;
        TENON_TRY (pt_keep_key (reader, entry->key, (uint32_t) entry->key_length, &known));
        if (!known)
            reader->kept[reader->kept_count++] =
                (struct pt_kept){ entry->key, (uint32_t) entry->key_length, 0, entry->value };
    }
    return TENON_OK;
}

tenon_status
pt_add_kept (struct pt_reader *reader, struct pt_kept *kept)
{
    struct tenon_call *call = reader->call;
    if (kept->added)
        return TENON_OK;
    kept->added = 1;
    return call->host->add_metadata (call, kept->key, kept->key_length, &kept->value);
}

tenon_status
pt_add_others (struct pt_reader *reader)
{
    for (uint32_t i = 0; i < reader->kept_count; i++)
        TENON_TRY (pt_add_kept (reader, &reader->kept[i]));
    return TENON_OK;
}
