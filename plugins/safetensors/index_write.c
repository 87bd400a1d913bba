/* SPDX-License-Identifier: MIT */
/* index_write.c - the text of an index, as the Hugging Face hub formats it.
 *
 * Of an index that was read, all but the map and the size is metadata under the key tenon.index: an object
 * with the other keys of the document. They go into the index again, and not into the shards. */
#include "safetensors.h"

/* Writes the character at *at as one or two escapes, units of UTF-16, and steps over it. */
static void
put_units (struct tenon_json_out *out, const uint8_t **at, const uint8_t *end)
{
    const uint8_t *from = *at;
    uint32_t length = *from < 0x80 ? 1 : *from < 0xe0 ? 2 : *from < 0xf0 ? 3 : 4;
    uint32_t character = length > 1 ? *from & 0x7fu >> length : *from;
    char text[16];
    for (from++; --length > 0 && from < end; from++)
        character = character << 6 | (*from & 0x3fu);
    *at = from;
    if (character >= 0x10000) {
        character -= 0x10000;
        snprintf (text, sizeof text, "\\u%04x\\u%04x", 0xd800 | character >> 10,
                  0xdc00 | (character & 0x3ff));
    } else
        snprintf (text, sizeof text, "\\u%04x", character);
    tenon_json_put_text (out, text);
}

/* A string in ASCII, as in the index files of the hub. */
static void
put_ascii (struct tenon_json_out *out, const char *string, uint64_t length)
{
    static const char meant[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const uint8_t *at = (const uint8_t *) string, *end = at + length;
    tenon_json_put (out, "\"", 1);
    while (at < end) {
        const char *found = *at ? strchr (meant, *at) : NULL;
        if (found) {
            tenon_json_put (out, (char[]){ '\\', letters[found - meant] }, 2);
            at++;
        } else if (*at >= ' ' && *at < 0x7f)
            tenon_json_put (out, at++, 1);
        else
            put_units (out, &at, end);
    }
    tenon_json_put (out, "\"", 1);
}

/* ---- keys that are kept ---- */

/* The value that begins with `token`, as it stands in the document. */
static struct st_piece
take_value (struct tenon_json *json, int32_t token)
{
    const uint8_t *begin = json->text - (token == TENON_JSON_STRING);
    if (tenon_json_skip (json, token) < 0)
        return (struct st_piece){ NULL, 0 };
    return (struct st_piece){ (const char *) begin, (uint64_t) (json->at - begin) };
}

/* "KEY": VALUE, with the key as it stands in the document. */
static void
put_kept (struct tenon_json_out *out, const char *before, const struct tenon_json *key,
          const struct st_piece *value)
{
    tenon_json_put_text (out, before);
    tenon_json_put (out, key->text - 1, key->length + 2);
    tenon_json_put_text (out, ": ");
    tenon_json_put (out, value->bytes, value->length);
}

static void
put_total (struct tenon_json_out *out, const char *before, uint64_t total)
{
    tenon_json_put_text (out, before);
    tenon_json_put_text (out, "\"total_size\": ");
    tenon_json_put_u64 (out, total);
}

/* The metadata of the index, in the order that they had; `json` is before their object. */
static void
put_metadata (struct tenon_json_out *out, struct tenon_json *json, uint64_t total)
{
    const char *before = "\n    ";
    int32_t has_total = 0;
    if (tenon_json_next (json) == TENON_JSON_BEGIN_OBJECT)
        while (tenon_json_next (json) == TENON_JSON_KEY) {
            struct tenon_json key = *json;
            struct st_piece value = take_value (json, tenon_json_next (json));
            if (!tenon_json_is (&key, "total_size"))
                put_kept (out, before, &key, &value);
            else if (!has_total++)
                put_total (out, before, total);
            before = ",\n    ";
        }
    if (!has_total)
        put_total (out, before, total);
}

static void
begin_json (struct tenon_json *json, const struct st_piece *kept)
{
    tenon_json_begin (json, kept->bytes, kept->length, ST_DEPTH);
}

/* All but the map. The kept keys are known to be well-formed. */
static void
put_head (struct tenon_json_out *out, const struct st_piece *kept, uint64_t total)
{
    struct tenon_json json, metadata;
    int32_t found = 0;
    tenon_json_put_text (out, "{\n  \"metadata\": {");
    if (kept->bytes) {
        begin_json (&json, kept);
        tenon_json_next (&json);
        while (!found && tenon_json_next (&json) == TENON_JSON_KEY) {
            metadata = json;
            found = tenon_json_is (&json, "metadata");
            tenon_json_skip (&json, tenon_json_next (&json));
        }
    }
    if (found)
        put_metadata (out, &metadata, total);
    else
        put_total (out, "\n    ", total);
    tenon_json_put_text (out, "\n  }");
    if (!kept->bytes)
        return;
    begin_json (&json, kept);
    tenon_json_next (&json);
    while (tenon_json_next (&json) == TENON_JSON_KEY) {
        struct tenon_json key = json;
        struct st_piece value = take_value (&json, tenon_json_next (&json));
        if (!tenon_json_is (&key, "metadata") && !tenon_json_is (&key, "weight_map"))
            put_kept (out, ",\n  ", &key, &value);
    }
}

/* True if the text is an object, and so are its metadata, if it has any. */
static int
is_object (struct tenon_call *call, const struct st_piece *text)
{
    struct tenon_json json;
    begin_json (&json, text);
    tenon_json_watch (&json, call);
    if (tenon_json_next (&json) != TENON_JSON_BEGIN_OBJECT)
        return 0;
    while (tenon_json_next (&json) == TENON_JSON_KEY) {
        int32_t metadata = tenon_json_is (&json, "metadata"), token = tenon_json_next (&json);
        if (tenon_json_skip (&json, token) < 0
            || (metadata && token != TENON_JSON_BEGIN_OBJECT && token != TENON_JSON_NULL))
            return 0;
    }
    return !tenon_json_failed (&json) && tenon_json_next (&json) == TENON_JSON_END;
}

int
st_is_kept (const char *key, uint64_t length)
{
    return length == strlen (ST_KEPT) && memcmp (key, ST_KEPT, length) == 0;
}

tenon_status
st_find_kept (struct tenon_call *call, uint64_t given, struct st_piece *kept)
{
    kept->bytes = NULL;
    for (uint64_t i = 0; i < given; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (!st_is_kept (key, length) || value.type != TENON_STRING)
            continue;
        struct st_piece text = { value.as.string, value.count };
        if (is_object (call, &text))
            *kept = text;
    }
    return TENON_OK;
}

/* ---- the index ---- */

static void
put_index (struct tenon_json_out *out, const struct st_line *lines, uint64_t count, uint64_t total,
           const struct st_piece *kept)
{
    put_head (out, kept, total);
    tenon_json_put_text (out, ",\n  \"weight_map\": {");
    for (uint64_t i = 0; i < count; i++) {
        tenon_json_put_text (out, i ? ",\n    " : "\n    ");
        put_ascii (out, lines[i].name, lines[i].length);
        tenon_json_put_text (out, ": ");
        put_ascii (out, lines[i].file, strlen (lines[i].file));
    }
    tenon_json_put_text (out, count ? "\n  }\n}\n" : "}\n}\n");
}

tenon_status
st_make_index (struct tenon_call *call, const struct st_line *lines, uint64_t count, uint64_t total,
               const struct st_piece *kept, struct st_piece *made)
{
    struct tenon_json_out out;
    memset (&out, 0, sizeof out);
    put_index (&out, lines, count, total, kept);
    uint64_t room = out.length;
    memset (&out, 0, sizeof out);
    out.room = room;
    if (!(out.bytes = call->host->scratch (call, room)))
        return TENON_E_MEMORY;
    put_index (&out, lines, count, total, kept);
    made->bytes = out.bytes;
    made->length = out.length;
    return TENON_OK;
}
