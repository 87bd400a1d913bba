/* SPDX-License-Identifier: MIT */
/* metadata_read.c - metadata from the member that metadata.c writes. A member of that name in any other form
 * is an array like others. */
#include "npz.h"
#include <stdlib.h>
#include <tenon/json_value.h>

#define WHY_BYTES 200u

/* The entries: none is added before the document is read to its end without a fault. */
struct document {
    struct tenon_call *call;
    struct tenon_json json;
    struct tenon_json_list list;
};

static int
compare_keys (const void *a, const void *b)
{
    const struct tenon_json_entry *x = *(const struct tenon_json_entry *const *) a,
                                  *y = *(const struct tenon_json_entry *const *) b;
    uint64_t length = x->key_length < y->key_length ? x->key_length : y->key_length;
    int order = memcmp (x->key, y->key, (size_t) length);
    return order ? order : (x->key_length > y->key_length) - (x->key_length < y->key_length);
}

/* The host accepts each key once. This is checked before the first is added. */
static int
check_twins (const struct document *document)
{
    struct tenon_call *call = document->call;
    const struct tenon_json_entry **keys =
        call->host->scratch (call, (document->list.count + 1) * sizeof *keys);
    uint64_t count = 0;
    if (!keys)
        return TENON_E_MEMORY;
    for (const struct tenon_json_entry *entry = document->list.first; entry; entry = entry->next)
        keys[count++] = entry;
    qsort (keys, count, sizeof *keys, compare_keys);
    for (uint64_t i = 1; i < count; i++)
        if (compare_keys (&keys[i - 1], &keys[i]) == 0)
            return TENON_JSON_OTHER;
    return TENON_OK;
}

/* ---- the member ---- */

/* True if it is NumPy's header of one dim of bytes, and the member has just as many. */
static int
is_bytes (const uint8_t header[NPZ_METADATA_LEAD], uint64_t size)
{
    const char *text = (const char *) header + 10;
    const size_t begin = strlen (NPZ_METADATA_HEADER);
    uint64_t length = 0;
    size_t at = begin;
    if (size < NPZ_METADATA_LEAD || memcmp (header, "\x93NUMPY\1\0", 8) != 0
        || tenon_le16 (header + 8) != NPZ_METADATA_LEAD - 10
        || memcmp (text, NPZ_METADATA_HEADER, begin) != 0)
        return 0;
    for (; text[at] >= '0' && text[at] <= '9' && at < begin + 18; at++)
        length = 10 * length + (uint64_t) (text[at] - '0');
    if (at == begin || memcmp (text + at, ",), }", 5) != 0)
        return 0;
    for (at += 5; at < NPZ_METADATA_LEAD - 11; at++)
        if (text[at] != ' ')
            return 0;
    return text[at] == '\n' && length == size - NPZ_METADATA_LEAD;
}

/* Reads the bytes of the member. TENON_JSON_OTHER: they are no metadata, and `why` says why. */
static int
take_member (struct document *document, const uint8_t *bytes, uint64_t size, char why[WHY_BYTES])
{
    const struct tenon_json *json = &document->json;
    tenon_json_begin (&document->json, bytes + NPZ_METADATA_LEAD, size - NPZ_METADATA_LEAD, TENON_JSON_DEPTH);
    tenon_json_watch (&document->json, document->call);
    int outcome = tenon_json_take_list (document->call, &document->json, &document->list);
    if (outcome == TENON_JSON_OTHER && json->error[0])
        snprintf (why, WHY_BYTES, "at byte %llu of its JSON: %s", (unsigned long long) json->error_at,
                  json->error);
    else if (outcome == TENON_JSON_OTHER)
        snprintf (why, WHY_BYTES, "at byte %llu of its JSON is something unexpected",
                  (unsigned long long) (json->text - json->start));
    if (outcome == TENON_OK && (outcome = check_twins (document)) == TENON_JSON_OTHER)
        snprintf (why, WHY_BYTES, "a key occurs twice");
    return outcome;
}

/* True if the member may hold metadata. Others are not read in full. */
static int
is_likely (struct tenon_call *call, const uint8_t header[NPZ_METADATA_LEAD], uint64_t size,
           char why[WHY_BYTES])
{
    if (!is_bytes (header, size)) {
        snprintf (why, WHY_BYTES, "it is no array of u1 with one dim");
        return 0;
    }
    if (size <= call->host->limit (call, TENON_LIMIT_METADATA_BYTES))
        return 1;
    snprintf (why, WHY_BYTES, "it is larger than metadata_bytes in [limits]");
    return 0;
}

/* Reads a member. TENON_JSON_OTHER: it holds no metadata, and `why` says why. */
static int
read_document (struct document *document, uint32_t source, uint64_t size, char why[WHY_BYTES])
{
    struct tenon_call *call = document->call;
    uint8_t header[NPZ_METADATA_LEAD] = { 0 };
    if (size >= NPZ_METADATA_LEAD)
        TENON_TRY (call->host->read_at (call, source, 0, header, sizeof header));
    if (!is_likely (call, header, size, why))
        return TENON_JSON_OTHER;
    uint8_t *bytes = call->host->scratch (call, size);
    if (!bytes)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, source, 0, bytes, size));
    return take_member (document, bytes, size, why);
}

tenon_status
npz_take_metadata (struct npz_reader *reader, const struct tenon_key *key, uint32_t source, int *taken)
{
    struct tenon_call *call = reader->call;
    struct document document = { .call = call };
    char why[WHY_BYTES];
    int outcome = read_document (&document, source, key->size, why);
    *taken = 1;
    if (outcome == TENON_E_CHECKSUM)
        return npz_skip_member (reader, key, source, outcome, call->host->answer (call));
    if (outcome < 0)
        return outcome;
    *taken = outcome == TENON_OK;
    if (!*taken)
        tenon_note (
            call, TENON_NOTE, NPZ_METADATA_NAME,
            "it does not hold metadata as this version writes them: %s; it is an array like any other", why);
    for (const struct tenon_json_entry *entry = document.list.first; *taken && entry; entry = entry->next)
        TENON_TRY (call->host->add_metadata (call, entry->key, entry->key_length, &entry->value));
    return TENON_OK;
}

/* ---- the archive that is added to ---- */

tenon_status
npz_check_old_metadata (struct tenon_call *call, uint32_t source, int *holds)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct document document = { .call = call };
    char why[WHY_BYTES];
    TENON_TRY (call->host->source_info (call, source, &info));
    int outcome = read_document (&document, source, info.size, why);
    *holds = outcome == TENON_OK;
    return outcome < 0 ? outcome : TENON_OK;
}
