/* SPDX-License-Identifier: MIT */
/* metadata_read.c - the member tenon.json of an archive that tenon wrote: metadata that a pickle does not
 * keep, or not with their types (metadata_write.c). */
#include "pt.h"
#include <tenon/json_value.h>

/* An entry. None is added before the document is read to its end without a fault. */
struct entry {
    struct entry *next;
    const char *key;
    uint64_t key_length;
    struct tenon_value value;
};
struct document {
    struct tenon_call *call;
    struct tenon_json json;
    struct entry *first, **last;
    uint64_t count;
};

static int
take_entry (struct document *document)
{
    struct tenon_call *call = document->call;
    struct tenon_json *json = &document->json;
    if (!tenon_json_take_key (json, "key") || !tenon_json_take (json, TENON_JSON_STRING))
        return TENON_JSON_OTHER;
    struct entry *entry = call->host->scratch (call, sizeof *entry);
    if (!entry || !(entry->key = tenon_json_take_text (call, json, &entry->key_length)))
        return TENON_E_MEMORY;
    if (entry->key_length == 0 || entry->key_length > UINT32_MAX
        || memchr (entry->key, 0, (size_t) entry->key_length))
        return TENON_JSON_OTHER;
    *document->last = entry;
    document->last = &entry->next;
    document->count++;
    return tenon_json_take_typed (call, json, &entry->value);
}

static int
take_document (struct document *document)
{
    struct tenon_json *json = &document->json;
    int32_t token;
    uint64_t version;
    if (!tenon_json_take (json, TENON_JSON_BEGIN_OBJECT) || !tenon_json_take_key (json, "tenon")
        || !tenon_json_take (json, TENON_JSON_NUMBER) || tenon_json_u64 (json, &version) < 0 || version != 1
        || !tenon_json_take_key (json, "metadata") || !tenon_json_take (json, TENON_JSON_BEGIN_ARRAY))
        return TENON_JSON_OTHER;
    while ((token = tenon_json_next (json)) == TENON_JSON_BEGIN_OBJECT) {
        int outcome = take_entry (document);
        if (outcome != TENON_OK)
            return outcome;
    }
    return token == TENON_JSON_END_ARRAY && tenon_json_take (json, TENON_JSON_END_OBJECT)
                   && tenon_json_take (json, TENON_JSON_END)
               ? TENON_OK
               : TENON_JSON_OTHER;
}

tenon_status
pt_read_member (struct pt_reader *reader, const void *text, uint64_t length)
{
    struct tenon_call *call = reader->call;
    struct document document = { .call = call };
    document.last = &document.first;
    tenon_json_begin (&document.json, text, length, TENON_JSON_DEPTH);
    tenon_json_watch (&document.json, call);
    int outcome = take_document (&document);
    if (outcome < 0)
        return outcome;
    if (outcome != TENON_OK) {
        tenon_note (call, TENON_LOSS, PT_MEMBER,
                    "it does not hold metadata as this version writes them (at byte %llu): it is left out",
                    (unsigned long long) (document.json.text - document.json.start));
        return TENON_OK;
    }
    if (document.count > 0
        && !(reader->kept = call->host->scratch (call, document.count * sizeof *reader->kept)))
        return TENON_E_MEMORY;
    for (const struct entry *entry = document.first; entry; entry = entry->next) {
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
