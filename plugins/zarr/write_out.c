/* SPDX-License-Identifier: MIT */
/* write_out.c - JSON as Python's json.dumps writes it with an indent: one item a line, and ASCII only. What
 * is put has no white space between its tokens; it is laid out on its way to the entry. */
#include "write.h"

/* ---- the layout ---- */

static void
put_line (struct zarr_out *out)
{
    static const char spaces[] = "                                ";
    uint64_t left = (uint64_t) out->indent * out->level;
    tenon_json_put_text (&out->laid, "\n");
    while (left > 0) {
        uint64_t some = left < sizeof spaces - 1 ? left : sizeof spaces - 1;
        tenon_json_put (&out->laid, spaces, some);
        left -= some;
    }
}

/* \uXXXX, twice for a character beyond 16 bits. */
static void
put_escape (struct zarr_out *out, uint32_t character)
{
    char escape[16];
    int length;
    if (character < 0x10000)
        length = snprintf (escape, sizeof escape, "\\u%04x", character);
    else
        length = snprintf (escape, sizeof escape, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                           0xdc00 + ((character - 0x10000) & 0x3ff));
    tenon_json_put (&out->laid, escape, (uint64_t) length);
}

/* A byte of a string. Those of one character come one by one; all are well-formed UTF-8. */
static void
lay_text (struct zarr_out *out, uint8_t byte)
{
    if (byte < 0x7f) {
        tenon_json_put (&out->laid, &byte, 1);
        out->in_string = out->escapes || byte != '"';
        out->escapes = !out->escapes && byte == '\\';
        return;
    }
    if (byte == 0x7f || byte >= 0xc0) {
        out->missing = byte == 0x7f ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        out->character = byte == 0x7f ? byte : byte & (0x7fu >> (out->missing + 1));
    } else {
        out->character = out->character << 6 | (byte & 0x3fu);
        out->missing--;
    }
    if (out->missing == 0)
        put_escape (out, out->character);
}

/* A byte between strings. */
static void
lay_mark (struct zarr_out *out, uint8_t byte)
{
    int closes = byte == '}' || byte == ']', opens = byte == '{' || byte == '[';
    out->level -= (uint32_t) closes;
    if (closes ? !out->is_empty : out->is_empty)
        put_line (out);
    out->is_empty = (uint32_t) opens;
    tenon_json_put (&out->laid, &byte, 1);
    if (byte == ',')
        put_line (out);
    if (byte == ':')
        tenon_json_put_text (&out->laid, " ");
    out->level += (uint32_t) opens;
    out->in_string = byte == '"';
}

/* grow of what was put: lays it out. */
static tenon_status
lay_out (struct tenon_json_out *json, uint64_t more)
{
    struct zarr_out *out = json->user;
    for (uint64_t i = 0; i < json->length; i++)
        if (out->in_string)
            lay_text (out, (uint8_t) json->bytes[i]);
        else
            lay_mark (out, (uint8_t) json->bytes[i]);
    json->length = 0;
    TENON_TRY (out->laid.status);
    if (more <= json->room)
        return TENON_OK;
    json->room = 2 * more;
    json->bytes = out->call->host->scratch (out->call, json->room);
    return json->bytes ? TENON_OK : TENON_E_MEMORY;
}

/* grow of what is laid out: puts it into the entry. */
static tenon_status
put_laid (struct tenon_json_out *laid, uint64_t more)
{
    struct zarr_out *out = laid->user;
    TENON_TRY (out->call->host->put (out->call, laid->bytes, laid->length));
    laid->length = 0;
    return more <= laid->room ? TENON_OK : TENON_E_LIMIT;
}

void
zarr_out_begin (struct zarr_out *out, struct tenon_call *call, char *buffer, uint32_t indent)
{
    memset (out, 0, sizeof *out);
    out->call = call;
    out->indent = indent;
    out->json.bytes = buffer;
    out->json.room = out->laid.room = ZARR_OUT_BUFFER / 2;
    out->json.grow = lay_out;
    out->laid.bytes = buffer + ZARR_OUT_BUFFER / 2;
    out->laid.grow = put_laid;
    out->json.user = out->laid.user = out;
}

tenon_status
zarr_out_end (struct zarr_out *out)
{
    TENON_TRY (out->json.status);
    TENON_TRY (lay_out (&out->json, 0));
    return put_laid (&out->laid, 0);
}

/* ---- brackets ---- */

void
zarr_out_open (struct zarr_out *out, char bracket)
{
    tenon_json_put (&out->json, &bracket, 1);
    if (out->depth == ZARR_OUT_DEPTH)
        out->json.status = TENON_E_LIMIT;
    else
        out->begun &= ~((uint64_t) 1 << out->depth++);
}

void
zarr_out_close (struct zarr_out *out, char bracket)
{
    out->depth--;
    tenon_json_put (&out->json, &bracket, 1);
}

void
zarr_out_item (struct zarr_out *out)
{
    uint64_t bit = (uint64_t) 1 << (out->depth - 1);
    if (out->begun & bit)
        tenon_json_put_text (&out->json, ",");
    out->begun |= bit;
}

void
zarr_out_key_of (struct zarr_out *out, const char *key, uint64_t length)
{
    zarr_out_item (out);
    tenon_json_put_string (&out->json, key, length);
    tenon_json_put_text (&out->json, ":");
}

void
zarr_out_key (struct zarr_out *out, const char *key)
{
    zarr_out_key_of (out, key, strlen (key));
}

/* ---- values ---- */

void
zarr_out_word (struct zarr_out *out, const char *word)
{
    tenon_json_put_string (&out->json, word, strlen (word));
}

void
zarr_out_bare (struct zarr_out *out, const char *word)
{
    tenon_json_put_text (&out->json, word);
}

void
zarr_out_f64 (struct zarr_out *out, double number)
{
    if (number - number == 0)
        tenon_json_put_f64 (&out->json, number);
    else
        zarr_out_word (out, number != number ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

void
zarr_out_numbers (struct zarr_out *out, const uint64_t *numbers, uint32_t count)
{
    zarr_out_open (out, '[');
    for (uint32_t i = 0; i < count; i++) {
        zarr_out_item (out);
        tenon_json_put_u64 (&out->json, numbers[i]);
    }
    zarr_out_close (out, ']');
}

void
zarr_out_member_word (struct zarr_out *out, const char *key, const char *word)
{
    zarr_out_key (out, key);
    zarr_out_word (out, word);
}

void
zarr_out_member_number (struct zarr_out *out, const char *key, int64_t number)
{
    zarr_out_key (out, key);
    tenon_json_put_i64 (&out->json, number);
}

void
zarr_out_member_bare (struct zarr_out *out, const char *key, const char *word)
{
    zarr_out_key (out, key);
    zarr_out_bare (out, word);
}
