/* SPDX-License-Identifier: MIT */
/* document.c - pieces of JSON documents. A document is parsed once as a whole, which proves it; its pieces
 * are parsed again where their meaning is known. */
#include "read.h"

uint64_t
zarr_offset (const struct zarr_reader *reader, const void *place)
{
    uintptr_t at = (uintptr_t) place, begin = (uintptr_t) reader->bytes;
    return reader->bytes && at >= begin && at - begin <= reader->size ? at - begin : TENON_AUTO;
}

void
zarr_fault_text (struct zarr_reader *reader, tenon_status status, const char *format, ...)
{
    va_list list;
    if (reader->fault < 0)
        return;
    reader->fault = status;
    reader->fault_offset = zarr_offset (reader, reader->place);
    va_start (list, format);
    vsnprintf (reader->words, sizeof reader->words, format, list);
    va_end (list);
}

const char *
zarr_fault_words (struct zarr_reader *reader)
{
    size_t length = strlen (reader->words);
    if (reader->fault == TENON_E_MALFORMED && reader->fault_offset != TENON_AUTO)
        snprintf (reader->words + length, sizeof reader->words - length, " (at byte %llu)",
                  (unsigned long long) reader->fault_offset);
    return reader->words;
}

int32_t
zarr_fault_unknown (struct zarr_reader *reader, const char *what, struct zarr_word name)
{
    if (name.place)
        reader->place = name.place;
    return zarr_fault (reader, TENON_E_UNSUPPORTED, "the %s '%.*s' is not known", what,
                       name.length > 80 ? 80 : (int) name.length, name.bytes);
}

void
zarr_begin (struct zarr_reader *reader, struct zarr_text text, struct tenon_json *json)
{
    reader->place = text.bytes;
    tenon_json_begin (json, text.bytes, text.length, reader->depth);
    tenon_json_allow_nonfinite (json);
    tenon_json_watch (json, reader->call);
}

/* The document is no JSON. */
static int32_t
fault_json (struct zarr_reader *reader, const struct tenon_json *json)
{
    reader->place = json->start + json->error_at;
    return zarr_fault (reader, TENON_E_MALFORMED, "%s is no JSON: %s", reader->document, json->error);
}

int32_t
zarr_take (struct zarr_reader *reader, struct tenon_json *json, int32_t token, struct zarr_text *value)
{
    value->bytes = json->text - (token == TENON_JSON_STRING);
    if (token == TENON_JSON_ERROR || tenon_json_skip (json, token) < 0)
        return fault_json (reader, json);
    value->length = (uint64_t) (json->at - value->bytes);
    return 0;
}

int32_t
zarr_token (struct zarr_reader *reader, struct zarr_text text)
{
    struct tenon_json json;
    zarr_begin (reader, text, &json);
    return tenon_json_next (&json);
}

int
zarr_text_is (struct zarr_reader *reader, struct zarr_text text, const char *literal)
{
    struct tenon_json json;
    zarr_begin (reader, text, &json);
    return tenon_json_next (&json) == TENON_JSON_STRING && tenon_json_is (&json, literal);
}

int
zarr_word_is (struct zarr_word word, const char *literal)
{
    return word.length == strlen (literal) && memcmp (word.bytes, literal, (size_t) word.length) == 0;
}

int32_t
zarr_take_word (struct zarr_reader *reader, const struct tenon_json *json, struct zarr_word *word)
{
    char *bytes = reader->call->host->scratch (reader->call, json->length + 1);
    if (!bytes)
        return TENON_E_MEMORY;
    word->length = tenon_json_unescape (json->text, json->length, bytes);
    bytes[word->length] = 0;
    word->bytes = bytes;
    word->place = json->text - 1; /* its quote */
    return 0;
}

int32_t
zarr_take_string (struct zarr_reader *reader, struct zarr_text text, const char *what, struct zarr_word *word)
{
    struct tenon_json json;
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_STRING)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s is no string", what);
    return zarr_take_word (reader, &json, word);
}

/* ---- objects ---- */

/* True if the value is an object that says "must_understand": false. */
static int
may_ignore (struct zarr_reader *reader, struct zarr_text text)
{
    struct tenon_json json;
    int32_t token;
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_OBJECT)
        return 0;
    while ((token = tenon_json_next (&json)) == TENON_JSON_KEY) {
        int named = tenon_json_is (&json, "must_understand");
        token = tenon_json_next (&json);
        if (named)
            return token == TENON_JSON_FALSE;
        if (tenon_json_skip (&json, token) < 0)
            return 0;
    }
    return 0;
}

/* Keeps the value that follows the key of a member. */
static int32_t
keep_member (struct zarr_reader *reader, struct tenon_json *json, struct zarr_member *member,
             const char *what)
{
    reader->place = json->text - 1;
    if (member->value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has the member \"%s\" twice", what, member->name);
    return zarr_take (reader, json, tenon_json_next (json), &member->value);
}

/* Passes over a member that is none of those that are known. */
static int32_t
pass_member (struct zarr_reader *reader, struct tenon_json *json, struct zarr_word *other)
{
    struct tenon_json key = *json;
    struct zarr_text value;
    ZARR_TRY (zarr_take (reader, json, tenon_json_next (json), &value));
    if (!other || other->bytes || may_ignore (reader, value))
        return 0;
    return zarr_take_word (reader, &key, other);
}

int32_t
zarr_take_members (struct zarr_reader *reader, struct zarr_text object, const char *what,
                   struct zarr_member *members, uint32_t count, struct zarr_word *other)
{
    struct tenon_json json;
    int32_t token;
    zarr_begin (reader, object, &json);
    if ((token = tenon_json_next (&json)) != TENON_JSON_BEGIN_OBJECT)
        return token == TENON_JSON_ERROR ? fault_json (reader, &json)
                                         : zarr_fault (reader, TENON_E_MALFORMED, "%s is no object", what);
    while ((token = tenon_json_next (&json)) == TENON_JSON_KEY) {
        uint32_t i = 0;
        while (i < count && !tenon_json_is (&json, members[i].name))
            i++;
        ZARR_TRY (i < count ? keep_member (reader, &json, &members[i], what)
                            : pass_member (reader, &json, other));
    }
    if (token != TENON_JSON_END_OBJECT || tenon_json_next (&json) != TENON_JSON_END)
        return fault_json (reader, &json);
    reader->place = object.bytes; /* where a member is missed */
    return 0;
}

int32_t
zarr_take_named (struct zarr_reader *reader, struct zarr_text text, const char *what,
                 struct zarr_named *named)
{
    struct zarr_member members[] = { { "name", { 0 } }, { "configuration", { 0 } } };
    memset (named, 0, sizeof *named);
    if (zarr_token (reader, text) == TENON_JSON_STRING)
        return zarr_take_string (reader, text, what, &named->name);
    ZARR_TRY (zarr_take_members (reader, text, what, members, 2, NULL));
    if (!members[0].value.bytes)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has no name", what);
    named->configuration = members[1].value;
    named->may_ignore = (uint32_t) may_ignore (reader, text);
    return zarr_take_string (reader, members[0].value, what, &named->name);
}

/* ---- numbers ---- */

/* The number that the parser has just passed, of a list. */
static int32_t
take_number (struct zarr_reader *reader, struct tenon_json *json, int32_t token, const char *what,
             uint64_t *number)
{
    if (token != TENON_JSON_NUMBER)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has an item that is no number", what);
    reader->place = json->text;
    if (tenon_json_u64 (json, number) < 0 || *number >> 63)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s has the number %.*s, expected 0 to 2^63 - 1", what,
                           json->length > 40 ? 40 : (int) json->length, (const char *) json->text);
    return 0;
}

int32_t
zarr_take_numbers (struct zarr_reader *reader, struct zarr_text text, const char *what, uint64_t *numbers,
                   uint64_t room, uint64_t *count)
{
    struct tenon_json json;
    int32_t token;
    *count = 0;
    zarr_begin (reader, text, &json);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_ARRAY)
        return zarr_fault (reader, TENON_E_MALFORMED, "%s is no array", what);
    while ((token = tenon_json_next (&json)) != TENON_JSON_END_ARRAY) {
        uint64_t number;
        ZARR_TRY (take_number (reader, &json, token, what, &number));
        if (*count < room)
            numbers[*count] = number;
        ++*count;
    }
    reader->place = text.bytes;
    return 0;
}
