/* SPDX-License-Identifier: MIT */
/* json_string.c - the strings of <tenon/json.h>: UTF-8 and escapes. */
#include "json_string.h"
#include <tenon/json.h>

uint32_t
tenon_json_utf8 (const uint8_t *at, const uint8_t *end)
{
    uint8_t lead = *at, least = 0x80, most = 0xbf;
    uint32_t length = lead < 0x80   ? 1
                      : lead < 0xc2 ? 0
                      : lead < 0xe0 ? 2
                      : lead < 0xf0 ? 3
                      : lead < 0xf5 ? 4
                                    : 0;
    if (length > (uint64_t) (end - at))
        return 0;
    if (lead == 0xe0)
        least = 0xa0; /* overlong */
    else if (lead == 0xed)
        most = 0x9f; /* surrogates */
    else if (lead == 0xf0)
        least = 0x90;
    else if (lead == 0xf4)
        most = 0x8f; /* behind U+10FFFF */
    for (uint32_t i = 1; i < length; i++) {
        if (at[i] < least || at[i] > most)
            return 0;
        least = 0x80;
        most = 0xbf;
    }
    return length;
}

int32_t
tenon_json_is_utf8 (const void *text, uint64_t length)
{
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8 && (memcpy (&eight, at, sizeof eight), !(eight & 0x8080808080808080u))) {
            at += 8; /* ASCII */
            continue;
        }
        uint32_t bytes = tenon_json_utf8 (at, end);
        if (bytes == 0)
            return 0;
        at += bytes;
    }
    return 1;
}

uint32_t
tenon_json_hex (const uint8_t *at, const uint8_t *end)
{
    uint32_t value = 0;
    if (end - at < 4)
        return 65536;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t digit = at[i], letter = (digit | 0x20) - 'a';
        if (digit - '0' < 10)
            value = value << 4 | (digit - '0');
        else if (letter < 6)
            value = value << 4 | (letter + 10);
        else
            return 65536;
    }
    return value;
}

static uint32_t
put_utf8 (uint32_t character, uint8_t *to)
{
    if (character < 0x80) {
        to[0] = (uint8_t) character;
        return 1;
    }
    uint32_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (uint32_t i = length - 1; i > 0; i--, character >>= 6)
        to[i] = (uint8_t) (0x80 | (character & 0x3f));
    to[0] = (uint8_t) (0xf00u >> length | character);
    return length;
}

/* Decodes the byte or the escape at *at, in a string that the parser accepted, and steps over it. Returns the
 * number of bytes that it put into `to`, 1 … 4. */
static inline uint32_t
decode_character (const uint8_t **at, const uint8_t *end, uint8_t to[4])
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const uint8_t *from = *at;
    to[0] = *from;
    *at = from + 1;
    if (*from != '\\' || end - from < 2)
        return 1;
    *at = from + 2;
    if (from[1] != 'u') {
        const char *letter = (const char *) memchr (letters, from[1], 5);
        to[0] = letter ? (uint8_t) meant[letter - letters] : from[1];
        return 1;
    }
    uint32_t unit = tenon_json_hex (from + 2, end), low;
    *at = end - from < 6 ? end : from + 6;
    if (unit - 0xd800 < 0x400 && end - from >= 12
        && (low = tenon_json_hex (from + 8, end) - 0xdc00) < 0x400) {
        *at = from + 12;
        unit = 0x10000 + ((unit - 0xd800) << 10 | low);
    }
    return put_utf8 (unit, to);
}

uint64_t
tenon_json_unescape (const void *text, uint64_t length, void *to)
{
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    uint8_t *out = (uint8_t *) to, piece[4];
    while (at < end) {
        uint32_t bytes = decode_character (&at, end, piece);
        for (uint32_t i = 0; i < bytes; i++)
            *out++ = piece[i];
    }
    return (uint64_t) (out - (uint8_t *) to);
}

static int32_t
equals_escaped (const struct tenon_json *json, const char *literal, uint64_t length)
{
    const uint8_t *at = json->text, *end = at + json->length;
    uint64_t used = 0;
    uint8_t piece[4];
    while (at < end) {
        uint32_t bytes = decode_character (&at, end, piece);
        if (bytes > length - used || memcmp (literal + used, piece, bytes) != 0)
            return 0;
        used += bytes;
    }
    return used == length;
}

int32_t
tenon_json_equals (const struct tenon_json *json, const char *literal, uint64_t length)
{
    if (json->escapes)
        return equals_escaped (json, literal, length);
    return json->length == length && memcmp (json->text, literal, length) == 0;
}
