/* metadata_read.c - metadata from the member that metadata.c writes. Whatever is not just what that writes is an
 * array like any other, and is shown as one. */
#include "npz.h"
#include <float.h>
#include <tenon/json.h>

#define NPY_BYTES 128u
#define MOST_DEPTH 30u

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
};

/* What a function of this file returns when the document is not what it should be; no failure is recorded. */
#define NOT_OURS 1

/* ---- tokens ---- */

static int
take (struct document *document, int32_t token)
{
    return tenon_json_next (&document->json) == token;
}

static int
take_key (struct document *document, const char *key)
{
    return take (document, TENON_JSON_KEY) && tenon_json_is (&document->json, key);
}

/* The string or key that was read last, out of its escapes, in scratch memory. */
static char *
take_text (struct document *document, uint64_t *length)
{
    struct tenon_call *call = document->call;
    char *text = call->host->scratch (call, document->json.length + 1);
    if (text)
        *length = tenon_json_unescape (document->json.text, document->json.length, text);
    return text;
}

/* ---- scalars ---- */

static int
hex_digit (uint8_t letter)
{
    return letter >= '0' && letter <= '9'   ? letter - '0'
           : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                            : -1;
}

/* Behind {: "hex":"…"} into `to`, which has room for half the digits. */
static int
take_hex (struct document *document, char *to, uint64_t *length)
{
    const struct tenon_json *json = &document->json;
    if (!take_key (document, "hex") || !take (document, TENON_JSON_STRING) || json->length % 2)
        return NOT_OURS;
    for (uint64_t i = 0; i < json->length; i += 2) {
        int high = hex_digit (json->text[i]), low = hex_digit (json->text[i + 1]);
        if (high < 0 || low < 0)
            return NOT_OURS;
        to[i / 2] = (char) (high << 4 | low);
    }
    *length = json->length / 2;
    return take (document, TENON_JSON_END_OBJECT) ? TENON_OK : NOT_OURS;
}

static int
take_bits (struct document *document, double *number)
{
    uint64_t bits;
    if (!take_key (document, "bits") || !take (document, TENON_JSON_NUMBER)
        || tenon_json_u64 (&document->json, &bits) < 0 || !take (document, TENON_JSON_END_OBJECT))
        return NOT_OURS;
    memcpy (number, &bits, sizeof bits);
    return *number - *number != 0 ? TENON_OK : NOT_OURS; /* a number is written as one */
}

static int
take_string (struct document *document, int32_t token, struct tenon_value *value)
{
    const struct tenon_json *json = &document->json;
    char *text;
    if (token == TENON_JSON_STRING)
        value->as.string = text = take_text (document, &value->count);
    else if (token != TENON_JSON_BEGIN_OBJECT)
        return NOT_OURS;
    else {
        /* no longer than all that is left */
        struct tenon_json ahead = *json;
        if (tenon_json_next (&ahead) != TENON_JSON_KEY || tenon_json_next (&ahead) != TENON_JSON_STRING)
            return NOT_OURS;
        value->as.string = text = document->call->host->scratch (document->call, ahead.length / 2 + 1);
        if (text && take_hex (document, text, &value->count))
            return NOT_OURS;
    }
    return text ? TENON_OK : TENON_E_MEMORY;
}

static int
take_float (struct document *document, int32_t token, struct tenon_value *value)
{
    if (token == TENON_JSON_BEGIN_OBJECT)
        return take_bits (document, &value->as.f);
    if (token != TENON_JSON_NUMBER || tenon_json_f64 (&document->json, &value->as.f) < 0)
        return NOT_OURS;
    if (value->type == TENON_F32) {
        if (value->as.f > (double) FLT_MAX || value->as.f < -(double) FLT_MAX)
            return NOT_OURS;
        value->as.f = (double) (float) value->as.f;
    }
    return TENON_OK;
}

/* Bits of an integer type: 8 … 64. */
static uint32_t
width_of (uint32_t type)
{
    return 8u << (type >= TENON_I8 ? type - TENON_I8 : type - TENON_U8);
}

static int
take_integer (struct document *document, int32_t token, struct tenon_value *value)
{
    uint32_t width = width_of (value->type);
    if (token != TENON_JSON_NUMBER)
        return NOT_OURS;
    if (value->type >= TENON_I8) {
        int64_t most = INT64_MAX >> (64 - width);
        return tenon_json_i64 (&document->json, &value->as.i) < 0 || value->as.i > most
                       || value->as.i < -most - 1
                   ? NOT_OURS
                   : TENON_OK;
    }
    return tenon_json_u64 (&document->json, &value->as.u) < 0 || value->as.u > UINT64_MAX >> (64 - width)
               ? NOT_OURS
               : TENON_OK;
}

/* A value of value->type that begins with this token. */
static int
take_scalar (struct document *document, int32_t token, struct tenon_value *value)
{
    if (value->type == TENON_NONE)
        return token == TENON_JSON_NULL ? TENON_OK : NOT_OURS;
    if (value->type == TENON_BOOL) {
        value->as.u = token == TENON_JSON_TRUE;
        return token == TENON_JSON_TRUE || token == TENON_JSON_FALSE ? TENON_OK : NOT_OURS;
    }
    if (value->type == TENON_STRING)
        return take_string (document, token, value);
    if (value->type == TENON_F32 || value->type == TENON_F64)
        return take_float (document, token, value);
    return take_integer (document, token, value);
}

/* ---- arrays ---- */

static int take_typed (struct document *document, struct tenon_value *value, uint32_t depth);

/* Behind [: how many items are there, and a bound of the bytes of their text. */
static int
count_items (const struct document *document, uint64_t *count, uint64_t *bytes)
{
    struct tenon_json ahead = document->json;
    int32_t token;
    for (*count = 0; (token = tenon_json_next (&ahead)) != TENON_JSON_END_ARRAY; (*count)++)
        if (token == TENON_JSON_ERROR || tenon_json_skip (&ahead, token) < 0)
            return NOT_OURS;
    *bytes = (uint64_t) (ahead.at - document->json.at);
    return TENON_OK;
}

/* A number's bytes, little-endian; the width in bytes. */
static uint32_t
put_packed (uint8_t *to, const struct tenon_value *value)
{
    float single = (float) value->as.f;
    uint32_t bits, width = value->type == TENON_BOOL  ? 1
                           : value->type == TENON_F32 ? 4
                           : value->type == TENON_F64 ? 8
                                                      : width_of (value->type) / 8;
    uint64_t number = value->as.u;
    if (value->type == TENON_F32) {
        memcpy (&bits, &single, sizeof bits);
        number = bits;
    } else if (value->type == TENON_F64)
        memcpy (&number, &value->as.f, sizeof number);
    for (uint32_t i = 0; i < width; i++)
        to[i] = (uint8_t) (number >> 8 * i);
    return width;
}

/* Numbers and strings, packed one behind the other. */
static int
take_packed (struct document *document, struct tenon_value *array, uint64_t bytes)
{
    struct tenon_call *call = document->call;
    uint8_t *memory = call->host->scratch (call, 8 * array->count + bytes + 8);
    if (!memory)
        return TENON_E_MEMORY;
    array->as.memory = memory;
    for (uint64_t i = 0; i < array->count; i++) {
        struct tenon_value item = { .type = array->item_type, .source = TENON_NO_SOURCE };
        int32_t token = tenon_json_next (&document->json);
        uint8_t *to = memory + array->length;
        int outcome = TENON_OK;
        if (item.type == TENON_STRING && token == TENON_JSON_STRING) {
            item.count = tenon_json_unescape (document->json.text, document->json.length, to + 8);
        } else if (item.type == TENON_STRING) {
            outcome = token == TENON_JSON_BEGIN_OBJECT ? take_hex (document, (char *) to + 8, &item.count)
                                                       : NOT_OURS;
        } else
            outcome = take_scalar (document, token, &item);
        if (outcome != TENON_OK)
            return outcome;
        if (item.type == TENON_STRING) {
            tenon_put_le64 (to, item.count);
            array->length += 8 + item.count;
        } else
            array->length += put_packed (to, &item);
    }
    array->encoding = TENON_ENCODING_LITTLE | (array->item_type == TENON_STRING ? TENON_ENCODING_U64 : 0);
    return TENON_OK;
}

static int
take_nested (struct document *document, struct tenon_value *array, uint32_t depth)
{
    struct tenon_call *call = document->call;
    struct tenon_value *items = call->host->scratch (call, (array->count + 1) * sizeof *items);
    if (!items)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < array->count; i++) {
        int outcome =
            take (document, TENON_JSON_BEGIN_OBJECT) ? take_typed (document, &items[i], depth + 1) : NOT_OURS;
        if (outcome != TENON_OK)
            return outcome;
        if (items[i].type != TENON_ARRAY)
            return NOT_OURS;
    }
    array->as.items = items;
    return TENON_OK;
}

static int
take_array (struct document *document, struct tenon_value *array, uint32_t depth)
{
    uint64_t bytes;
    int outcome =
        take (document, TENON_JSON_BEGIN_ARRAY) ? count_items (document, &array->count, &bytes) : NOT_OURS;
    if (outcome == TENON_OK)
        outcome = array->item_type == TENON_ARRAY ? take_nested (document, array, depth)
                                                  : take_packed (document, array, bytes);
    if (outcome == TENON_OK && !take (document, TENON_JSON_END_ARRAY))
        outcome = NOT_OURS;
    return outcome;
}

/* ---- entries ---- */

/* The types that values may have, from the string that was read last. */
static int
take_type (struct document *document, uint32_t *type)
{
    static const struct {
        const char *name;
        uint32_t type;
    } types[] = { { "null", TENON_NONE },   { "bool", TENON_BOOL },    { "u8", TENON_U8 },
                  { "u16", TENON_U16 },     { "u32", TENON_U32 },      { "u64", TENON_U64 },
                  { "i8", TENON_I8 },       { "i16", TENON_I16 },      { "i32", TENON_I32 },
                  { "i64", TENON_I64 },     { "f32", TENON_F32 },      { "f64", TENON_F64 },
                  { "array", TENON_ARRAY }, { "string", TENON_STRING } };
    for (uint32_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (tenon_json_is (&document->json, types[i].name)) {
            *type = types[i].type;
            return TENON_OK;
        }
    return NOT_OURS;
}

/* "type":…,"value":…} */
static int
take_typed (struct document *document, struct tenon_value *value, uint32_t depth)
{
    int outcome;
    memset (value, 0, sizeof *value);
    value->source = TENON_NO_SOURCE;
    if (depth > MOST_DEPTH || !take_key (document, "type") || !take (document, TENON_JSON_STRING)
        || take_type (document, &value->type))
        return NOT_OURS;
    if (value->type == TENON_ARRAY
        && (!take_key (document, "items") || !take (document, TENON_JSON_STRING)
            || take_type (document, &value->item_type) || value->item_type == TENON_NONE))
        return NOT_OURS;
    if (!take_key (document, "value"))
        return NOT_OURS;
    if (value->type == TENON_ARRAY)
        outcome = take_array (document, value, depth);
    else
        outcome = take_scalar (document, tenon_json_next (&document->json), value);
    if (outcome == TENON_OK && !take (document, TENON_JSON_END_OBJECT))
        outcome = NOT_OURS;
    return outcome;
}

static int
take_pair (struct document *document)
{
    struct tenon_call *call = document->call;
    if (!take_key (document, "key") || !take (document, TENON_JSON_STRING))
        return NOT_OURS;
    struct pair *pair = call->host->scratch (call, sizeof *pair);
    if (!pair || !(pair->key = take_text (document, &pair->key_length)))
        return TENON_E_MEMORY;
    *document->last = pair;
    document->last = &pair->next;
    return take_typed (document, &pair->value, 0);
}

static int
take_document (struct document *document)
{
    int32_t token;
    uint64_t version;
    if (!take (document, TENON_JSON_BEGIN_OBJECT) || !take_key (document, "tenon")
        || !take (document, TENON_JSON_NUMBER) || tenon_json_u64 (&document->json, &version) < 0
        || version != 1 || !take_key (document, "metadata") || !take (document, TENON_JSON_BEGIN_ARRAY))
        return NOT_OURS;
    while ((token = tenon_json_next (&document->json)) == TENON_JSON_BEGIN_OBJECT) {
        int outcome = take_pair (document);
        if (outcome != TENON_OK)
            return outcome;
    }
    return token == TENON_JSON_END_ARRAY && take (document, TENON_JSON_END_OBJECT)
                   && take (document, TENON_JSON_END)
               ? TENON_OK
               : NOT_OURS;
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
    if (memcmp (header, "\x93NUMPY\1\0", 8) != 0 || tenon_le16 (header + 8) != NPY_BYTES - 10
        || memcmp (text, NPZ_METADATA_HEADER, begin) != 0)
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

tenon_status
npz_take_metadata (struct npz_reader *reader, const struct npz_entry *entry, uint32_t source, int *taken)
{
    struct tenon_call *call = reader->call;
    struct document document = { .call = call, .last = &document.first };
    uint8_t header[NPY_BYTES];
    int outcome = NOT_OURS;
    if (entry->size >= NPY_BYTES) {
        TENON_TRY (call->host->read_at (call, source, 0, header, sizeof header));
        if (is_bytes (header, entry->size)) {
            const uint8_t *bytes = call->host->view (call, source, 0, entry->size);
            if (!bytes)
                return TENON_E_TRUNCATED;
            if (reader->verify != NPZ_VERIFY_NO && npz_crc32 (0, bytes, entry->size) != entry->crc)
                return tenon_fail (call, TENON_E_CHECKSUM, entry->offset,
                                   "member '%s' does not have the CRC %08x that the directory states",
                                   NPZ_METADATA_MEMBER_NAME, entry->crc);
            tenon_json_begin (&document.json, bytes + NPY_BYTES, entry->size - NPY_BYTES, TENON_JSON_DEPTH);
            outcome = take_document (&document);
        }
    }
    if (outcome < 0)
        return outcome;
    *taken = outcome == TENON_OK;
    if (!*taken) {
        tenon_note (call, TENON_NOTE, NPZ_METADATA_MEMBER_NAME,
                    "it does not hold metadata as this version writes them: it is an array like any other");
        return TENON_OK;
    }
    for (const struct pair *pair = document.first; pair; pair = pair->next)
        TENON_TRY (call->host->add_metadata (call, pair->key, pair->key_length, &pair->value));
    return TENON_OK;
}
