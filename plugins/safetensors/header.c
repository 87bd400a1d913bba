/* SPDX-License-Identifier: MIT */
/* header.c - the header of a file of tensors: JSON, parsed once, sequentially, without a tree.
 *
 * The reference writes the tensors in the order of their data. In such a file, comparing where the data of a
 * tensor begin with where those of the one before it end finds all gaps and overlaps. The header of another
 * file is parsed a second time. */
#include "safetensors.h"

/* A usual lower bound on the bytes that a tensor takes in a header. A hint for memory only. */
#define EXPECTED_BYTES 80u
/* The number of unknown keys that are reported. */
#define MOST_UNKNOWN 4u

struct reader {
    struct tenon_call *call;
    struct tenon_json json;
    uint64_t data, data_size; /* the place of the data in the file, and their length */
    uint64_t expected;        /* where the data of the next tensor should begin */
    uint64_t count;           /* tensors so far */
    uint32_t ordered;         /* 1 while the data follow each other */
    uint32_t told;            /* unknown keys so far */
    uint32_t seen;            /* keys of this tensor so far, SEEN_* */
};

enum { SEEN_DTYPE = 1, SEEN_SHAPE = 2, SEEN_OFFSETS = 4, SEEN_ALL = 7 };

/* Fails on one tensor, at byte `at` of the header. */
__attribute__ ((format (printf, 4, 5))) static tenon_status
fail_entry (struct reader *reader, const struct st_entry *entry, uint64_t at, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    int shown = (int) (entry->name_length < 100 ? entry->name_length : 100);
    return tenon_fail (reader->call, TENON_E_MALFORMED, ST_PREFIX + at, "tensor '%.*s': %s", shown,
                       entry->name, text);
}

static uint64_t
token_place (const struct reader *reader)
{
    return (uint64_t) (reader->json.text - reader->json.start);
}

static tenon_status
fail_json (struct reader *reader)
{
    return st_fail_json (reader->call, &reader->json, ST_PREFIX);
}

/* ---- the fields of a tensor ---- */

static tenon_status
read_dtype (struct reader *reader, struct st_entry *entry)
{
    struct tenon_json *json = &reader->json;
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_STRING)
        return token == TENON_JSON_ERROR
                   ? fail_json (reader)
                   : fail_entry (reader, entry, token_place (reader), "its dtype is no string");
    char word[72]; /* the longest, F8_E5M2FNUZ, in escapes alone */
    uint64_t length = json->length;
    const void *text = json->text;
    if (json->escapes && length <= sizeof word) {
        length = tenon_json_unescape (text, length, word);
        text = word;
    }
    entry->dtype = st_find_word (text, length);
    entry->word = entry->dtype ? NULL : st_copy (reader->call, text, length < 40 ? length : 40);
    return entry->dtype || entry->word ? TENON_OK : TENON_E_MEMORY;
}

/* Reads an array of numbers. *count is at most `most` + 1: then only so many were kept. */
static tenon_status
read_dims (struct reader *reader, struct st_entry *entry, const char *what, uint32_t most, uint64_t *numbers,
           uint32_t *count)
{
    struct tenon_json *json = &reader->json;
    uint64_t ignored;
    int32_t token = tenon_json_next (json);
    *count = 0;
    if (token != TENON_JSON_BEGIN_ARRAY)
        return token == TENON_JSON_ERROR
                   ? fail_json (reader)
                   : fail_entry (reader, entry, token_place (reader), "its %s is no array", what);
    while ((token = tenon_json_next (json)) != TENON_JSON_END_ARRAY) {
        if (token == TENON_JSON_ERROR)
            return fail_json (reader);
        if (token != TENON_JSON_NUMBER)
            return fail_entry (reader, entry, token_place (reader),
                               "its %s holds something else than numbers", what);
        if (*count == most + 1)
            continue;
        if (tenon_json_u64 (json, *count == most ? &ignored : &numbers[*count]) < 0)
            return fail_entry (reader, entry, token_place (reader), "%s: %s", what, json->error);
        ++*count;
    }
    return TENON_OK;
}

static tenon_status
read_offsets (struct reader *reader, struct st_entry *entry)
{
    uint64_t numbers[2];
    uint32_t count;
    TENON_TRY (read_dims (reader, entry, "data_offsets", 2, numbers, &count));
    if (count != 2)
        return fail_entry (reader, entry, token_place (reader),
                           "its data_offsets are %s%u numbers, expected 2", count > 2 ? "at least " : "",
                           count);
    entry->begin = numbers[0];
    entry->end = numbers[1];
    return TENON_OK;
}

/* Passes over a value. Like the reference, refuses a number beyond the largest double. */
static tenon_status
skip_value (struct reader *reader, struct st_entry *entry)
{
    struct tenon_json *json = &reader->json;
    uint32_t depth = json->depth;
    double value;
    do {
        int32_t token = tenon_json_next (json);
        if (token == TENON_JSON_ERROR)
            return fail_json (reader);
        if (token == TENON_JSON_NUMBER && tenon_json_f64 (json, &value) < 0)
            return fail_entry (reader, entry, token_place (reader), "%s", json->error);
    } while (json->depth > depth);
    return TENON_OK;
}

/* Passes over an unknown key, as the reference does, and reports it. */
static tenon_status
skip_unknown (struct reader *reader, struct st_entry *entry)
{
    struct tenon_json *json = &reader->json;
    char key[60];
    int length = (int) (json->length < sizeof key - 1 ? json->length : sizeof key - 1);
    memcpy (key, json->text, (size_t) length);
    key[length] = 0;
    TENON_TRY (skip_value (reader, entry));
    if (reader->told++ < MOST_UNKNOWN) {
        const char *name = st_copy (reader->call, entry->name, entry->name_length);
        if (!name)
            return TENON_E_MEMORY;
        tenon_note (reader->call, TENON_NOTE, name, "its key '%s' is unknown and was passed over", key);
    }
    return TENON_OK;
}

static tenon_status
read_field (struct reader *reader, struct st_entry *entry)
{
    struct tenon_json *json = &reader->json;
    uint32_t seen = tenon_json_is (json, "dtype")          ? SEEN_DTYPE
                    : tenon_json_is (json, "shape")        ? SEEN_SHAPE
                    : tenon_json_is (json, "data_offsets") ? SEEN_OFFSETS
                                                           : 0;
    if (reader->seen & seen)
        return fail_entry (reader, entry, token_place (reader), "the key '%.*s' occurs twice",
                           (int) json->length, (const char *) json->text);
    reader->seen |= seen;
    switch (seen) {
    case SEEN_DTYPE: return read_dtype (reader, entry);
    case SEEN_SHAPE: return read_dims (reader, entry, "shape", ST_RANK, entry->shape, &entry->rank);
    case SEEN_OFFSETS: return read_offsets (reader, entry);
    default: return skip_unknown (reader, entry);
    }
}

/* Reads a tensor whose name is the last token. */
static tenon_status
read_entry (struct reader *reader, struct st_entry *entry)
{
    struct tenon_json *json = &reader->json;
    int32_t token;
    entry->at = token_place (reader);
    entry->name = st_text (reader->call, json, &entry->name_length);
    if (!entry->name)
        return TENON_E_MEMORY;
    const uint8_t *plain = st_take_plain (json->at, json->end, entry);
    if (plain) {
        tenon_json_took (json, plain);
        return TENON_OK;
    }
    reader->seen = 0;
    token = tenon_json_next (json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR
                   ? fail_json (reader)
                   : fail_entry (reader, entry, token_place (reader), "its value is no object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY)
        TENON_TRY (read_field (reader, entry));
    if (token == TENON_JSON_ERROR)
        return fail_json (reader);
    if (reader->seen != SEEN_ALL)
        return fail_entry (reader, entry, entry->at, "it has no %s",
                           !(reader->seen & SEEN_DTYPE)   ? "dtype"
                           : !(reader->seen & SEEN_SHAPE) ? "shape"
                                                          : "data_offsets");
    return TENON_OK;
}

/* A tensor of a dtype that other programs invented, or with too many dims: its place is known, and the others
 * are in order. */
static tenon_status
skip_entry (struct reader *reader, const struct st_entry *entry, struct tenon_tensor *tensor)
{
    char why[100];
    if (!entry->dtype)
        snprintf (why, sizeof why, "the format has no dtype '%s'", entry->word);
    else
        snprintf (why, sizeof why, "its shape has more than %u dims", ST_RANK);
    if (entry->rank > ST_RANK) {
        tensor->rank = 0;
        tensor->flags |= TENON_NO_SHAPE;
    }
    return reader->call->host->skip_tensor (reader->call, tensor, TENON_E_UNSUPPORTED,
                                            entry->dtype ? NULL : entry->word, why);
}

static tenon_status
add_entry (struct reader *reader, const struct st_entry *entry)
{
    if (entry->end < entry->begin)
        return fail_entry (reader, entry, entry->at, "its data end at %llu, before they begin at %llu",
                           (unsigned long long) entry->end, (unsigned long long) entry->begin);
    if (entry->end > UINT64_MAX - reader->data)
        return fail_entry (reader, entry, entry->at, "its data end at %llu", (unsigned long long) entry->end);
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .dtype = entry->dtype ? entry->dtype->dtype : TENON_NONE,
                                   .name = entry->name,
                                   .name_length = entry->name_length,
                                   .shape = entry->shape,
                                   .rank = entry->rank,
                                   .offset = reader->data + entry->begin,
                                   .length = entry->end - entry->begin,
                                   .place = ST_PREFIX + entry->at };
    reader->ordered &= entry->begin == reader->expected;
    reader->expected = entry->end;
    reader->count++;
    return entry->dtype && entry->rank <= ST_RANK ? reader->call->host->add_tensor (reader->call, &tensor)
                                                  : skip_entry (reader, entry, &tensor);
}

/* ---- the object ---- */

static tenon_status
read_all (struct reader *reader)
{
    struct tenon_json *json = &reader->json;
    struct st_entry entry = { .dtype = NULL };
    uint32_t metadata = 0;
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR
                   ? fail_json (reader)
                   : tenon_fail (reader->call, TENON_E_MALFORMED, ST_PREFIX + token_place (reader),
                                 "the header is no JSON object");
    while ((token = tenon_json_next (json)) == TENON_JSON_KEY) {
        if (tenon_json_is (json, "__metadata__")) {
            if (metadata++)
                return tenon_fail (reader->call, TENON_E_MALFORMED, ST_PREFIX + token_place (reader),
                                   "the header has __metadata__ twice");
            TENON_TRY (st_read_metadata (reader->call, json, ST_PREFIX));
            continue;
        }
        TENON_TRY (read_entry (reader, &entry));
        TENON_TRY (add_entry (reader, &entry));
    }
    if (token == TENON_JSON_ERROR || tenon_json_next (json) != TENON_JSON_END)
        return fail_json (reader);
    return TENON_OK;
}

/* ---- gaps and overlaps of a file in another order ---- */

struct range {
    uint64_t begin, end, at;
    const char *name;
    uint64_t name_length;
};

static int
by_begin (const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Parses the header again. It is known to be well-formed. */
static tenon_status
collect_ranges (struct reader *reader, struct range *ranges)
{
    struct tenon_json *json = &reader->json;
    uint64_t count = 0;
    struct st_entry entry = { .dtype = NULL };
    tenon_json_next (json);
    while (tenon_json_next (json) == TENON_JSON_KEY) {
        if (tenon_json_is (json, "__metadata__")) {
            tenon_json_skip (json, tenon_json_next (json));
            continue;
        }
        reader->told = MOST_UNKNOWN;
        TENON_TRY (read_entry (reader, &entry));
        ranges[count++] = (struct range){ entry.begin, entry.end, entry.at, entry.name, entry.name_length };
    }
    return TENON_OK;
}

static tenon_status
check_order (struct reader *reader, const void *header, uint64_t length)
{
    struct tenon_call *call = reader->call;
    struct range *ranges = call->host->scratch (call, reader->count * sizeof *ranges);
    if (!ranges)
        return TENON_E_MEMORY;
    tenon_json_begin (&reader->json, header, length, ST_DEPTH);
    tenon_json_watch (&reader->json, call);
    TENON_TRY (collect_ranges (reader, ranges));
    if (!(ranges = st_sort (call, ranges, reader->count, sizeof *ranges, by_begin)))
        return TENON_E_MEMORY;
    reader->expected = 0;
    for (uint64_t i = 0; i < reader->count; i++) {
        const struct range *range = &ranges[i];
        if (range->begin != reader->expected)
            return fail_entry (reader,
                               &(struct st_entry){ .name = range->name, .name_length = range->name_length },
                               range->at, "its data begin at %llu, the data before them end at %llu: %s",
                               (unsigned long long) range->begin, (unsigned long long) reader->expected,
                               range->begin > reader->expected ? "a gap" : "an overlap");
        reader->expected = range->end;
    }
    return TENON_OK;
}

tenon_status
st_describe_header (struct tenon_call *call, uint64_t size)
{
    uint8_t number[ST_PREFIX];
    if (size < ST_PREFIX)
        return tenon_fail (call, TENON_E_TRUNCATED, 0,
                           "it has %llu bytes, the length of its header alone takes 8",
                           (unsigned long long) size);
    TENON_TRY (call->host->read_at (call, 0, 0, number, sizeof number));
    uint64_t length = tenon_le64 (number);
    if (length > ST_MOST_HEADER)
        return tenon_fail (call, TENON_E_MALFORMED, 0,
                           "its header would have %llu bytes, the format allows 100000000",
                           (unsigned long long) length);
    if (length < 2)
        return tenon_fail (call, TENON_E_MALFORMED, 0, "its header has %llu bytes, which hold no JSON object",
                           (unsigned long long) length);
    if (length > size - ST_PREFIX)
        return tenon_fail (call, TENON_E_TRUNCATED, 0, "its header needs %llu bytes, %llu are left",
                           (unsigned long long) length, (unsigned long long) (size - ST_PREFIX));
    const void *header = call->host->view (call, 0, ST_PREFIX, length);
    if (!header)
        return TENON_E_TRUNCATED;
    struct reader reader;
    memset (&reader, 0, sizeof reader);
    reader.call = call;
    reader.data = ST_PREFIX + length;
    reader.data_size = size - reader.data;
    reader.ordered = 1;
    call->host->expect (call, length / EXPECTED_BYTES, 0);
    tenon_json_begin (&reader.json, header, length, ST_DEPTH);
    tenon_json_watch (&reader.json, call);
    TENON_TRY (read_all (&reader));
    if (!reader.ordered)
        TENON_TRY (check_order (&reader, header, length));
    if (reader.expected < reader.data_size)
        return tenon_fail (call, TENON_E_MALFORMED, reader.data + reader.expected,
                           "the last tensor's data end at %llu, the file has %llu bytes of data",
                           (unsigned long long) reader.expected, (unsigned long long) reader.data_size);
    return TENON_OK;
}
