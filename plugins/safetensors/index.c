/* SPDX-License-Identifier: MIT */
/* index.c - the index of a sharded set: which tensor is in which shard beside it.
 *
 *     {"metadata":{"total_size":BYTES},"weight_map":{"TENSOR":"FILE",…}} */
#include "safetensors.h"

/* Finding a name, beside its bytes. */
#define LOOKUP_WORK 64u

#define NO_SOURCE UINT32_MAX

/* A line of the map. */
struct entry {
    const char *name, *file;
    uint64_t name_length, file_length;
    uint64_t place; /* of the file's name in the index, bytes */
    uint64_t shard; /* its place in index.shards */
};

struct shard {
    const char *file;
    uint64_t length, place; /* as in its first entry */
    uint32_t source;        /* of the host; NO_SOURCE: the file is missing */
    const char *why;        /* it could not be described; "": it was */
};

struct index {
    struct tenon_call *call;
    struct tenon_json json;
    struct entry *entries; /* in the order of the file */
    struct shard *shards;  /* by name */
    uint64_t count, shard_count;
    uint64_t total_size;
    uint32_t has_map, has_total;
    uint64_t described;    /* tensors that were looked at */
    uint32_t lacks;        /* 1: tensors of unknown size */
    uint32_t bad_total;    /* 1: total_size is no number of bytes */
    uint32_t has_more;     /* 1: keys that are neither the map nor the size */
    struct st_names names; /* entries by tensor */
};

/* A length for %.*s that keeps messages short. */
static int
shown_length (uint64_t length)
{
    return (int) (length < 100 ? length : 100);
}

static uint64_t
index_place (const struct index *index)
{
    return (uint64_t) (index->json.text - index->json.start);
}

/* Fails on an unexpected token: with the parser's words if the text is no JSON, else with `what`. */
static tenon_status
fail_index (struct index *index, int32_t token, const char *what)
{
    return token == TENON_JSON_ERROR
               ? st_fail_json (index->call, &index->json, 0)
               : tenon_fail (index->call, TENON_E_MALFORMED, index_place (index), "the index: %s", what);
}

/* "NAME.index.json", or "NAME.index.VARIANT.json" */
int
st_is_index (const char *name, uint64_t length)
{
    static const char word[] = ".index", end[] = ".json";
    uint64_t size = sizeof end - 1, middle = sizeof word - 1;
    if (length < size || memcmp (name + length - size, end, size) != 0)
        return 0;
    length -= size;
    if (length >= middle && memcmp (name + length - middle, word, middle) == 0)
        return 1;
    while (length > 0 && name[length - 1] != '.')
        length--;
    return length > middle && memcmp (name + length - 1 - middle, word, middle) == 0;
}

/* ---- the keys that are kept ---- */

/* Writes all but the map, as it stands in the document. It is known to be well-formed. */
static void
put_rest (struct tenon_json_out *out, const uint8_t *text, uint64_t size)
{
    struct tenon_json json;
    const char *before = "{";
    tenon_json_begin (&json, text, size, ST_DEPTH);
    tenon_json_next (&json);
    while (tenon_json_next (&json) == TENON_JSON_KEY) {
        int32_t map = tenon_json_is (&json, "weight_map");
        const uint8_t *begin = json.text - 1;
        tenon_json_skip (&json, tenon_json_next (&json));
        if (map)
            continue;
        tenon_json_put_text (out, before);
        tenon_json_put (out, begin, (uint64_t) (json.at - begin));
        before = ",";
    }
    tenon_json_put_text (out, "}");
}

/* Adds them as metadata, so that the index of a set that is written gets them again (index_write.c). */
static tenon_status
keep_rest (struct index *index, const uint8_t *text, uint64_t size)
{
    struct tenon_json_out out;
    struct st_piece key = { ST_KEPT, strlen (ST_KEPT) }, value;
    memset (&out, 0, sizeof out);
    put_rest (&out, text, size);
    uint64_t room = out.length;
    memset (&out, 0, sizeof out);
    out.room = room;
    if (!(out.bytes = index->call->host->scratch (index->call, room)))
        return TENON_E_MEMORY;
    put_rest (&out, text, size);
    value = (struct st_piece){ out.bytes, out.length };
    return st_add_string (index->call, &key, &value);
}

/* ---- the document ---- */

/* An upper bound on the number of entries: each has a colon outside its strings, and takes six bytes: "":"",
 */
static uint64_t
most_entries (const uint8_t *text, uint64_t length)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < length; i++)
        count += text[i] == ':';
    return count < length / 6 + 1 ? count : length / 6 + 1;
}

/* A tensor that the map has twice: the last line counts, as it does in JSON parsers that make a
 * dictionary. */
static tenon_status
take_second (struct index *index, struct entry *first, const struct entry *second)
{
    const char *name = st_copy (index->call, first->name, first->name_length);
    if (!name)
        return TENON_E_MEMORY;
    tenon_note (index->call, TENON_NOTE | TENON_FLAW, name,
                "the index has it twice, in '%.*s' and in '%.*s': the last counts",
                shown_length (first->file_length), first->file, shown_length (second->file_length),
                second->file);
    *first = *second;
    return TENON_OK;
}

static tenon_status
read_map (struct index *index)
{
    struct tenon_json *json = &index->json;
    struct tenon_call *call = index->call;
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_index (index, token, "its weight_map is no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        struct entry *entry = &index->entries[index->count];
        entry->name = st_text (call, json, &entry->name_length);
        if (!entry->name)
            return TENON_E_MEMORY;
        token = tenon_json_next (json);
        if (token != TENON_JSON_STRING)
            return fail_index (index, token, "a tensor's shard is no string");
        entry->place = index_place (index);
        entry->file = st_text (call, json, &entry->file_length);
        if (!entry->file)
            return TENON_E_MEMORY;
        struct st_name *slot = st_names_slot (&index->names, entry->name, entry->name_length);
        if (slot->text) {
            TENON_TRY (take_second (index, &index->entries[slot->number], entry));
            continue;
        }
        *slot = (struct st_name){ entry->name, entry->name_length, index->count };
        index->count++;
    }
    return token == TENON_JSON_END_OBJECT ? TENON_OK : fail_index (index, token, "");
}

/* The size whose first token is `token`. Some writers make it 96.0. */
static tenon_status
read_total (struct index *index, int32_t token)
{
    struct tenon_json *json = &index->json;
    double number;
    if (token == TENON_JSON_NUMBER) {
        index->has_total = tenon_json_u64 (json, &index->total_size) == TENON_OK;
        if (!index->has_total && tenon_json_f64 (json, &number) == TENON_OK && number >= 0
            && number < 9007199254740992.0 && number == (double) (uint64_t) number) {
            index->has_total = 1;
            index->total_size = (uint64_t) number;
        }
    }
    index->bad_total = !index->has_total && token != TENON_JSON_NULL;
    return tenon_json_skip (json, token) < 0 ? fail_index (index, TENON_JSON_ERROR, "") : TENON_OK;
}

static tenon_status
read_index_metadata (struct index *index)
{
    struct tenon_json *json = &index->json;
    uint32_t totals = 0;
    int32_t token = tenon_json_next (json);
    if (token == TENON_JSON_NULL)
        return TENON_OK;
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_index (index, token, "its metadata are no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        if (tenon_json_is (json, "total_size")) {
            if (totals++)
                return fail_index (index, token, "total_size occurs twice");
            TENON_TRY (read_total (index, tenon_json_next (json)));
            continue;
        }
        index->has_more = 1;
        if (tenon_json_skip (json, tenon_json_next (json)) < 0)
            return fail_index (index, TENON_JSON_ERROR, "");
    }
    return token == TENON_JSON_END_OBJECT ? TENON_OK : fail_index (index, token, "");
}

static tenon_status
read_index (struct index *index)
{
    struct tenon_json *json = &index->json;
    uint32_t has_metadata = 0;
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return fail_index (index, token, "it is no JSON object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        uint32_t map = (uint32_t) tenon_json_is (json, "weight_map");
        uint32_t metadata = (uint32_t) tenon_json_is (json, "metadata");
        if ((map && index->has_map) || (metadata && has_metadata))
            return fail_index (index, token, "a key occurs twice");
        index->has_map |= map;
        has_metadata |= metadata;
        if (map)
            TENON_TRY (read_map (index));
        else if (metadata)
            TENON_TRY (read_index_metadata (index));
        else if (tenon_json_skip (json, tenon_json_next (json)) < 0)
            return fail_index (index, TENON_JSON_ERROR, "");
        index->has_more |= !map && !metadata;
    }
    if (token != TENON_JSON_END_OBJECT || tenon_json_next (json) != TENON_JSON_END)
        return fail_index (index, TENON_JSON_ERROR, "");
    return index->has_map ? TENON_OK : fail_index (index, TENON_JSON_END, "it has no weight_map");
}

/* ---- the shards ---- */

static int
by_file_name (const void *a, const void *b)
{
    const struct shard *x = a, *y = b;
    int order = memcmp (x->file, y->file, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Lists each file once, by name, and tells the entries their shards. */
static tenon_status
collect_shards (struct index *index)
{
    struct tenon_call *call = index->call;
    struct st_names files;
    TENON_TRY (st_names_begin (call, &files, index->count));
    index->shards = call->host->scratch (call, (index->count + 1) * sizeof *index->shards);
    if (!index->shards)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < index->count; i++) {
        struct entry *entry = &index->entries[i];
        TENON_TRY (st_work (call, LOOKUP_WORK + entry->file_length));
        struct st_name *slot = st_names_slot (&files, entry->file, entry->file_length);
        if (slot->text)
            continue;
        *slot = (struct st_name){ entry->file, entry->file_length, 0 };
        index->shards[index->shard_count++] =
            (struct shard){ entry->file, entry->file_length, entry->place, 0, "" };
    }
    index->shards = st_sort (call, index->shards, index->shard_count, sizeof *index->shards, by_file_name);
    if (!index->shards)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < index->shard_count; i++)
        st_names_slot (&files, index->shards[i].file, index->shards[i].length)->number = i;
    for (uint64_t i = 0; i < index->count; i++) {
        struct entry *entry = &index->entries[i];
        TENON_TRY (st_work (call, LOOKUP_WORK + entry->file_length));
        entry->shard = st_names_slot (&files, entry->file, entry->file_length)->number;
    }
    return TENON_OK;
}

/* Keeps why a shard could not be described. */
static tenon_status
keep_answer (struct index *index, struct shard *shard)
{
    const char *why = index->call->host->answer (index->call);
    char *copy = index->call->host->scratch (index->call, strlen (why) + 1);
    if (!copy)
        return TENON_E_MEMORY;
    shard->why = memcpy (copy, why, strlen (why) + 1);
    return TENON_OK;
}

/* Describes all shards into this catalog. */
static tenon_status
include_shards (struct index *index)
{
    struct tenon_call *call = index->call;
    struct tenon_include how = { .struct_size = sizeof how,
                                 .flags = TENON_INCLUDE_REPEATED | TENON_INCLUDE_UNREADABLE,
                                 .codec = "safetensors" };
    uint64_t found = 0;
    for (uint64_t i = 0; i < index->shard_count; i++) {
        struct shard *shard = &index->shards[i];
        if (st_is_index (shard->file, shard->length))
            return tenon_fail (call, TENON_E_MALFORMED, shard->place, "its shard '%.*s' is an index itself",
                               shown_length (shard->length), shard->file);
        tenon_status status = call->host->open_key (call, shard->file, shard->length, &shard->source);
        if (status == TENON_E_NOT_FOUND) {
            shard->source = NO_SOURCE;
            continue;
        }
        TENON_TRY (status);
        TENON_TRY (call->host->include (call, shard->source, &how));
        TENON_TRY (keep_answer (index, shard));
        found++;
    }
    if (found > 0 || index->shard_count == 0)
        return TENON_OK;
    return tenon_fail (call, TENON_E_NOT_FOUND, index->shards[0].place,
                       "none of the %llu files that it names is there, the first is '%.*s'",
                       (unsigned long long) index->shard_count, shown_length (index->shards[0].length),
                       index->shards[0].file);
}

/* ---- checks ---- */

/* The tensor is read where it lies. */
static void
tell_other_shard (const struct index *index, const struct entry *entry, const char *name, uint32_t source)
{
    const struct shard *found = NULL;
    for (uint64_t i = 0; i < index->shard_count && !found; i++)
        if (index->shards[i].source == source)
            found = &index->shards[i];
    tenon_note (index->call, TENON_NOTE | TENON_FLAW, name,
                "the index says that it is in '%.*s', it is in '%.*s'", shown_length (entry->file_length),
                entry->file, shown_length (found ? found->length : 1), found ? found->file : "?");
}

/* A tensor that the index alone names. If its shard cannot be described, that is the file to be told. */
static tenon_status
skip_absent (struct index *index, const struct entry *entry)
{
    const struct shard *shard = &index->shards[entry->shard];
    int32_t missing = shard->source == NO_SOURCE;
    char words[200];
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .name = entry->name,
                                   .name_length = entry->name_length,
                                   .source = *shard->why ? shard->source : 0,
                                   .flags = TENON_NO_SHAPE };
    snprintf (words, sizeof words, "its file '%.*s' %s", shown_length (entry->file_length), entry->file,
              missing ? "is missing" : "does not have it");
    index->lacks = 1;
    return index->call->host->skip_tensor (index->call, &tensor,
                                           missing ? TENON_E_NOT_FOUND : TENON_E_MALFORMED, NULL,
                                           *shard->why ? shard->why : words);
}

/* Each tensor of the index is in the shard that the index names. */
static tenon_status
check_places (struct index *index)
{
    struct tenon_call *call = index->call;
    for (uint64_t i = 0; i < index->count; i++) {
        const struct entry *entry = &index->entries[i];
        struct tenon_tensor tensor = TENON_INIT (tensor);
        tenon_status status = call->host->find (call, entry->name, entry->name_length, &tensor);
        if (status < 0 && status != TENON_E_NOT_FOUND)
            return status;
        if (status < 0)
            TENON_TRY (skip_absent (index, entry));
        else if (tensor.source != index->shards[entry->shard].source)
            tell_other_shard (index, entry, tensor.name, tensor.source);
    }
    return TENON_OK;
}

/* The index lists all tensors of the shards, and total_size is their sum. A file that breaks these rules is
 * readable all the same, so they are flaws. */
static tenon_status
check_total (struct index *index)
{
    struct tenon_call *call = index->call;
    uint64_t total = 0, found = 0;
    for (;; found++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        tenon_status status = call->host->described (call, found, &tensor);
        if (status == TENON_E_NOT_FOUND)
            break;
        TENON_TRY (status);
        total += tensor.length;
        if (!(tensor.flags & TENON_NO_SHAPE)
            && !st_names_slot (&index->names, tensor.name, tensor.name_length)->text)
            tenon_note (call, TENON_NOTE | TENON_FLAW, tensor.name, "the index does not list it");
    }
    if (index->bad_total)
        tenon_note (call, TENON_NOTE | TENON_FLAW, NULL, "the total_size of the index is no number of bytes");
    if (index->has_total && index->total_size != total && !index->lacks)
        tenon_note (call, TENON_NOTE | TENON_FLAW, NULL,
                    "the index says total_size %llu, the tensors have %llu bytes",
                    (unsigned long long) index->total_size, (unsigned long long) total);
    return TENON_OK;
}

tenon_status
st_describe_index (struct tenon_call *call, uint64_t size)
{
    struct index index;
    memset (&index, 0, sizeof index);
    index.call = call;
    if (size > ST_MOST_HEADER)
        return tenon_fail (call, TENON_E_LIMIT, 0, "an index of %llu bytes, more than 100000000",
                           (unsigned long long) size);
    const uint8_t *text = call->host->view (call, 0, 0, size);
    if (!text)
        return TENON_E_TRUNCATED;
    uint64_t most = most_entries (text, size);
    index.entries = call->host->scratch (call, (most + 1) * sizeof *index.entries);
    if (!index.entries)
        return TENON_E_MEMORY;
    TENON_TRY (st_names_begin (call, &index.names, most));
    tenon_json_begin (&index.json, text, size, ST_DEPTH);
    tenon_json_watch (&index.json, call);
    TENON_TRY (read_index (&index));
    if (index.has_more)
        TENON_TRY (keep_rest (&index, text, size));
    TENON_TRY (collect_shards (&index));
    TENON_TRY (include_shards (&index));
    TENON_TRY (check_places (&index));
    return check_total (&index);
}
