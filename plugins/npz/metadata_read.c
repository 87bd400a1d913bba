/* SPDX-License-Identifier: MIT */
/* metadata_read.c - metadata from the member that metadata.c writes. Whatever is not just what that writes is
 * an array like any other, and is shown as one. */
#include "npz.h"
#include <tenon/json_value.h>

#define NPY_BYTES 128u
#define WHY_BYTES 200u

/* An entry that was read; all of them are added when the document turned out to be good to its end. */
struct pair {
    struct pair *next;
    const char *key;
    uint64_t key_length;
    struct tenon_value value;
};

struct document {
    struct tenon_call *call;
    struct tenon_json json;
    struct pair *first, **last;
    uint64_t count;
};

/* ---- entries ---- */

static int
take_pair (struct document *document)
{
    struct tenon_call *call = document->call;
    struct tenon_json *json = &document->json;
    if (!tenon_json_take_key (json, "key") || !tenon_json_take (json, TENON_JSON_STRING))
        return TENON_JSON_OTHER;
    struct pair *pair = call->host->scratch (call, sizeof *pair);
    if (!pair || !(pair->key = tenon_json_take_text (call, json, &pair->key_length)))
        return TENON_E_MEMORY;
    *document->last = pair;
    document->last = &pair->next;
    document->count++;
    return tenon_json_take_typed (call, json, &pair->value);
}

/* The host takes keys that are text without NUL, and each once: so it is found out before one is added. */
static int
check_keys (const struct document *document)
{
    struct tenon_call *call = document->call;
    struct npz_names keys;
    if (document->count >= NPZ_MAX32)
        return TENON_JSON_OTHER;
    TENON_TRY (npz_begin_names (call, document->count, &keys));
    for (const struct pair *pair = document->first; pair; pair = pair->next)
        if (pair->key_length == 0 || pair->key_length >= NPZ_MAX32
            || memchr (pair->key, 0, (size_t) pair->key_length)
            || !npz_add_name (&keys, pair->key, (uint32_t) pair->key_length))
            return TENON_JSON_OTHER;
    return TENON_OK;
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
        int outcome = take_pair (document);
        if (outcome != TENON_OK)
            return outcome;
    }
    return token == TENON_JSON_END_ARRAY && tenon_json_take (json, TENON_JSON_END_OBJECT)
                   && tenon_json_take (json, TENON_JSON_END)
               ? TENON_OK
               : TENON_JSON_OTHER;
}

/* ---- the member ---- */

/* Is it NumPy's header of one dim of bytes, and the member just as long as that says? */
static int
is_bytes (const uint8_t header[NPY_BYTES], uint64_t size)
{
    const char *text = (const char *) header + 10;
    const size_t begin = strlen (NPZ_METADATA_HEADER);
    uint64_t length = 0;
    size_t at = begin;
    if (size < NPY_BYTES || memcmp (header, "\x93NUMPY\1\0", 8) != 0
        || tenon_le16 (header + 8) != NPY_BYTES - 10 || memcmp (text, NPZ_METADATA_HEADER, begin) != 0)
        return 0;
    for (; text[at] >= '0' && text[at] <= '9' && at < begin + 18; at++)
        length = 10 * length + (uint64_t) (text[at] - '0');
    if (at == begin || memcmp (text + at, ",), }", 5) != 0)
        return 0;
    for (at += 5; at < NPY_BYTES - 11; at++)
        if (text[at] != ' ')
            return 0;
    return text[at] == '\n' && length == size - NPY_BYTES;
}

/* The member's bytes as metadata; TENON_JSON_OTHER: they are something else, and `why` says what. */
static int
take_member (struct document *document, const uint8_t *bytes, uint64_t size, char why[WHY_BYTES])
{
    const struct tenon_json *json = &document->json;
    document->last = &document->first;
    tenon_json_begin (&document->json, bytes + NPY_BYTES, size - NPY_BYTES, TENON_JSON_DEPTH);
    int outcome = take_document (document);
    if (outcome == TENON_JSON_OTHER && json->error[0])
        snprintf (why, WHY_BYTES, "at byte %llu of its JSON: %s", (unsigned long long) json->error_at,
                  json->error);
    else if (outcome == TENON_JSON_OTHER)
        snprintf (why, WHY_BYTES, "at byte %llu of its JSON is something unexpected",
                  (unsigned long long) (json->text - json->start));
    if (outcome == TENON_OK && (outcome = check_keys (document)) == TENON_JSON_OTHER)
        snprintf (why, WHY_BYTES, "a key occurs twice, is empty, or holds a NUL");
    return outcome;
}

/* Only what looks like it is read in full, and kept in memory. */
static int
is_likely (struct tenon_call *call, const uint8_t header[NPY_BYTES], uint64_t size, char why[WHY_BYTES])
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

tenon_status
npz_take_metadata (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source, int *taken)
{
    struct tenon_call *call = reader->call;
    struct document document = { .call = call };
    uint8_t header[NPY_BYTES] = { 0 };
    char why[WHY_BYTES];
    int outcome = TENON_JSON_OTHER;
    if (entry->size >= NPY_BYTES)
        TENON_TRY (call->host->read_at (call, source, 0, header, sizeof header));
    if (is_likely (call, header, entry->size, why)) {
        const uint8_t *bytes = call->host->view (call, source, 0, entry->size);
        if (!bytes)
            return TENON_E_TRUNCATED;
        if (reader->verify != NPZ_VERIFY_NO && npz_crc32 (0, bytes, entry->size) != entry->crc)
            return tenon_fail (call, TENON_E_CHECKSUM, entry->offset,
                               "member '%s' does not have the CRC %08x that the directory states",
                               NPZ_METADATA_MEMBER_NAME, entry->crc);
        outcome = take_member (&document, bytes, entry->size, why);
    }
    if (outcome < 0)
        return outcome;
    *taken = outcome == TENON_OK;
    if (!*taken)
        tenon_note (
            call, TENON_NOTE, NPZ_METADATA_MEMBER_NAME,
            "it does not hold metadata as this version writes them: %s; it is an array like any other", why);
    for (const struct pair *pair = document.first; *taken && pair; pair = pair->next)
        TENON_TRY (call->host->add_metadata (call, pair->key, pair->key_length, &pair->value));
    return TENON_OK;
}

/* ---- of an archive that is added to ---- */

tenon_status
npz_check_old_metadata (struct tenon_call *call, const struct npz_entry *entry, int *holds)
{
    struct document document = { .call = call };
    uint8_t local[NPZ_LOCAL_BYTES];
    char why[WHY_BYTES];
    *holds = 0;
    if (entry->method != NPZ_STORED)
        return tenon_fail (
            call, TENON_E_UNSUPPORTED, entry->place,
            "whether its member '%s' holds metadata that have to be replaced is not known, because "
            "it is compressed; save all of it to a new file",
            NPZ_METADATA_MEMBER_NAME);
    if (entry->size < NPY_BYTES || entry->size > call->host->limit (call, TENON_LIMIT_METADATA_BYTES))
        return TENON_OK;
    /* the old file was described without complaint: its offsets are inside it */
    TENON_TRY (call->host->read_at (call, 0, entry->offset, local, sizeof local));
    uint64_t lead = NPZ_LOCAL_BYTES + (uint64_t) tenon_le16 (local + 26) + tenon_le16 (local + 28);
    const uint8_t *bytes = call->host->view (call, 0, entry->offset + lead, entry->size);
    if (!bytes)
        return TENON_E_TRUNCATED;
    int outcome = is_likely (call, bytes, entry->size, why) ? take_member (&document, bytes, entry->size, why)
                                                            : TENON_JSON_OTHER;
    *holds = outcome == TENON_OK;
    return outcome < 0 ? outcome : TENON_OK;
}
