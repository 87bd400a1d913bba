/* SPDX-License-Identifier: MIT */
/* literal.c - parses the Python literals of a header: strings, integers, booleans, and white space between
 * them.
 *
 * Python's parser accepts more (comments, 0x10, 1_000, 'a' 'b', b'...', calls). No known writer of npy files
 * uses it, so it is refused. */
#include "npy.h"
#include <tenon/number.h>

uint64_t
npy_place (const struct npy_text *text, uint64_t position)
{
    return text->place == TENON_AUTO ? TENON_AUTO : text->place + position;
}

void
npy_record (struct npy_fault *fault, tenon_status status, uint64_t place, const char *format, ...)
{
    va_list list;
    if (fault->status < 0)
        return;
    fault->status = status;
    fault->place = place;
    va_start (list, format);
    vsnprintf (fault->words, sizeof fault->words, format, list);
    va_end (list);
}

static int
is_word_byte (uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z')
           || byte == '_' || byte == '.';
}

void
npy_unexpected_text (struct npy_text *text, const char *expected)
{
    uint64_t position = text->position, place = npy_place (text, position), left = text->length - position;
    const uint8_t *found = text->bytes + position;
    int length = 0;
    while (length < 32 && (uint64_t) length < left && is_word_byte (found[length]))
        length++;
    if (!left)
        npy_record (&text->fault, TENON_E_MALFORMED, place, "found the end of the header, expected %s",
                    expected);
    else if (found[0] < 0x20 || found[0] > 0x7e)
        npy_record (&text->fault, TENON_E_MALFORMED, place, "found the byte 0x%02x, expected %s", found[0],
                    expected);
    else
        npy_record (&text->fault, TENON_E_MALFORMED, place, "found %.*s, expected %s", length ? length : 1,
                    (const char *) found, expected);
}

void
npy_skip_space (struct npy_text *text)
{
    if (text->position < text->length && text->bytes[text->position] > ' ')
        return;
    /* Headers end with dozens of spaces. */
    while (text->length - text->position >= 8) {
        uint64_t eight;
        memcpy (&eight, text->bytes + text->position, sizeof eight);
        if (eight != 0x2020202020202020u)
            break;
        text->position += sizeof eight;
    }
    while (text->position < text->length) {
        uint8_t byte = text->bytes[text->position];
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f')
            return;
        text->position++;
    }
}

int
npy_accept (struct npy_text *text, char character)
{
    npy_skip_space (text);
    if (text->position >= text->length || text->bytes[text->position] != (uint8_t) character)
        return 0;
    text->position++;
    return 1;
}

tenon_status
npy_expect (struct npy_text *text, char character, const char *expected)
{
    return npy_accept (text, character) ? TENON_OK : npy_unexpected (text, expected);
}

void
npy_emit (struct npy_text *text, const char *bytes, uint64_t length)
{
    memcpy (text->out + text->written, bytes, (size_t) length);
    text->written += length;
}

void
npy_emit_number (struct npy_text *text, uint64_t number)
{
    char digits[24];
    int length = snprintf (digits, sizeof digits, "%llu", (unsigned long long) number);
    npy_emit (text, digits, (uint64_t) length);
}

int
npy_word_is (struct npy_word word, const char *other)
{
    return word.length == strlen (other) && !memcmp (word.bytes, other, (size_t) word.length);
}

/* ---- numbers ---- */

static tenon_status
take_digits (struct npy_word word, uint64_t *position, uint64_t *number)
{
    const char *at = word.bytes + *position;
    tenon_status status = tenon_number_u64 (&at, word.bytes + word.length, number);
    *position = (uint64_t) (at - word.bytes);
    return status;
}

int
npy_take_digits (struct npy_word word, uint64_t *position, uint64_t *number)
{
    return take_digits (word, position, number) == TENON_OK && *number <= NPY_ITEM_BYTES;
}

tenon_status
npy_take_integer (struct npy_text *text, const char *expected, uint64_t *value)
{
    uint64_t number, start;
    npy_skip_space (text);
    start = text->position;
    const struct npy_word all = { (const char *) text->bytes, text->length };
    tenon_status status = take_digits (all, &text->position, &number);
    if (status == TENON_E_MALFORMED)
        return npy_unexpected (text, expected);
    if (number > INT64_MAX)
        return npy_fail (text, TENON_E_MALFORMED, npy_place (text, start),
                         "found an integer of 2^63 or more, expected %s", expected);
    if (text->position - start > 1 && text->bytes[start] == '0')
        return npy_fail (text, TENON_E_MALFORMED, npy_place (text, start),
                         "found an integer that begins with 0, which Python does not take; expected %s",
                         expected);
    if (text->position < text->length && text->bytes[text->position] == 'L')
        text->position++;
    /* This refuses 4.0, 1e3, 0x10 and 1_000. */
    if (text->position < text->length && is_word_byte (text->bytes[text->position])) {
        text->position = start;
        return npy_unexpected (text, expected);
    }
    *value = number;
    return TENON_OK;
}

tenon_status
npy_take_boolean (struct npy_text *text, uint32_t *value)
{
    static const char *const words[2] = { "False", "True" };
    npy_skip_space (text);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t length = strlen (words[i]), left = text->length - text->position;
        if (left < length || memcmp (text->bytes + text->position, words[i], (size_t) length))
            continue;
        if (left > length && is_word_byte (text->bytes[text->position + length]))
            continue;
        text->position += length;
        *value = i;
        return TENON_OK;
    }
    return npy_unexpected (text, "True or False");
}

/* ---- strings ---- */

/* A character of a string literal. */
struct character {
    uint32_t code;
    uint32_t is_escaped; /* written as \x, \u or \U */
};

/* Takes `digits` hexadecimal digits. */
static tenon_status
take_code (struct npy_text *text, unsigned digits, uint32_t *code)
{
    *code = 0;
    for (; digits; digits--, text->position++) {
        uint8_t byte = text->position < text->length ? text->bytes[text->position] : 0;
        uint32_t digit;
        if (byte >= '0' && byte <= '9')
            digit = byte - (uint32_t) '0';
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            digit = (byte | 0x20u) - (uint32_t) 'a' + 10;
        else
            return npy_unexpected (text, "a hexadecimal digit");
        *code = *code << 4 | digit;
    }
    if (*code > 0x10ffff)
        return npy_fail (text, TENON_E_MALFORMED, npy_place (text, text->position - 8),
                         "found the code point %08x, expected one up to 0010ffff", (unsigned) *code);
    return TENON_OK;
}

/* Takes an escape after its backslash: those that repr writes, and the quotes. */
static tenon_status
take_escape (struct npy_text *text, struct character *character)
{
    uint8_t byte = text->position < text->length ? text->bytes[text->position] : 0;
    switch (byte) {
    case '\\':
    case '\'':
    case '"': character->code = byte; break;
    case 't': character->code = '\t'; break;
    case 'n': character->code = '\n'; break;
    case 'r': character->code = '\r'; break;
    case 'x':
    case 'u':
    case 'U':
        character->is_escaped = 1;
        text->position++;
        return take_code (text, byte == 'x' ? 2 : byte == 'u' ? 4 : 8, &character->code);
    default: return npy_unexpected (text, "one of \\ ' \" t n r x u U after the backslash");
    }
    text->position++;
    return TENON_OK;
}

/* Takes a character of two to four bytes: the shortest form, no surrogates, at most 10ffff (RFC 3629). */
static tenon_status
take_utf8 (struct npy_text *text, struct character *character)
{
    static const uint32_t least[4] = { 0, 0x80, 0x800, 0x10000 };
    const uint8_t *bytes = text->bytes + text->position;
    uint64_t left = text->length - text->position;
    unsigned more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : 1;
    uint32_t code = bytes[0] & (0x3fu >> more);
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || left <= more)
        return npy_unexpected (text, "UTF-8, which is the encoding of version 3.0");
    for (unsigned i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return npy_unexpected (text, "UTF-8, which is the encoding of version 3.0");
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return npy_unexpected (text, "UTF-8, which is the encoding of version 3.0");
    character->code = code;
    text->position += more + 1u;
    return TENON_OK;
}

static tenon_status
take_character (struct npy_text *text, struct character *character)
{
    uint8_t byte = text->bytes[text->position];
    character->is_escaped = 0;
    if (byte == '\n' || byte == '\r' || byte == 0)
        return npy_unexpected (text, "the quote that ends the string");
    if (byte == '\\') {
        text->position++;
        return take_escape (text, character);
    }
    if (byte >= 0x80 && text->is_utf8)
        return take_utf8 (text, character);
    character->code = byte;
    text->position++;
    return TENON_OK;
}

/* Appends a character as repr writes it. Above U+00FF, repr escapes by a table of Unicode: these characters
 * keep the form in which they were found, which is that of repr in all files that Python wrote. */
static void
emit_character (struct npy_text *text, const struct character *character, char quote)
{
    uint32_t code = character->code;
    char bytes[12];
    int length = 0;
    if (code == '\\' || code == (uint32_t) (uint8_t) quote)
        length = snprintf (bytes, sizeof bytes, "\\%c", (int) code);
    else if (code == '\t' || code == '\n' || code == '\r')
        length = snprintf (bytes, sizeof bytes, "\\%c", code == '\t' ? 't' : code == '\n' ? 'n' : 'r');
    else if (code < 0x20 || (code >= 0x7f && code < 0xa1) || code == 0xad)
        length = snprintf (bytes, sizeof bytes, "\\x%02x", (unsigned) code);
    else if (character->is_escaped && code > 0xff)
        length = snprintf (bytes, sizeof bytes, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned) code);
    else if (code < 0x80)
        bytes[length++] = (char) code;
    else {
        if (code >= 0x10000) {
            bytes[length++] = (char) (0xf0 | code >> 18);
            bytes[length++] = (char) (0x80 | (code >> 12 & 0x3f));
        } else if (code >= 0x800)
            bytes[length++] = (char) (0xe0 | code >> 12);
        bytes[length++] = (char) (code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
        bytes[length++] = (char) (0x80 | (code & 0x3f));
    }
    npy_emit (text, bytes, (uint64_t) length);
}

/* Chooses the quote as repr does: the double one only if that avoids escapes. Moves the position behind the
 * string. */
static tenon_status
choose_quote (struct npy_text *text, uint8_t end, char *quote)
{
    struct character character;
    int has_single = 0, has_double = 0;
    *quote = '\'';
    for (;;) {
        if (text->position >= text->length)
            return npy_unexpected (text, "the quote that ends the string");
        if (text->bytes[text->position] == end)
            break;
        TENON_TRY (take_character (text, &character));
        has_single |= character.code == '\'';
        has_double |= character.code == '"';
    }
    text->position++;
    if (has_single && !has_double)
        *quote = '"';
    return TENON_OK;
}

/* The bytes up to the closing quote `end`, if repr writes all of them unchanged; else UINT64_MAX. */
static uint64_t
plain_length (const struct npy_text *text, uint8_t end)
{
    for (uint64_t position = text->position; position < text->length; position++) {
        uint8_t byte = text->bytes[position];
        if (byte == end)
            return position - text->position;
        if (byte < 0x20 || byte > 0x7e || byte == '\'' || byte == '"' || byte == '\\')
            break;
    }
    return UINT64_MAX;
}

tenon_status
npy_take_string (struct npy_text *text, const char *expected, struct npy_word *inside)
{
    struct character character;
    uint64_t start, end;
    uint8_t first;
    char quote;
    npy_skip_space (text);
    /* Python 2 marks its unicode strings with a u. */
    if (text->position + 1 < text->length && text->bytes[text->position] == 'u'
        && (text->bytes[text->position + 1] == '\'' || text->bytes[text->position + 1] == '"'))
        text->position++;
    first = text->position < text->length ? text->bytes[text->position] : 0;
    if (first != '\'' && first != '"')
        return npy_unexpected (text, expected);
    start = ++text->position;
    inside->length = plain_length (text, first);
    if (inside->length != UINT64_MAX) { /* the common case */
        npy_emit (text, "'", 1);
        inside->bytes = text->out + text->written;
        npy_emit (text, (const char *) text->bytes + start, inside->length);
        npy_emit (text, "'", 1);
        text->position = start + inside->length + 1;
        return TENON_OK;
    }
    TENON_TRY (choose_quote (text, first, &quote));
    end = text->position;
    text->position = start;
    npy_emit (text, &quote, 1);
    inside->bytes = text->out + text->written;
    while (text->position + 1 < end) {
        TENON_TRY (take_character (text, &character));
        emit_character (text, &character, quote);
    }
    inside->length = (uint64_t) (text->out + text->written - inside->bytes);
    npy_emit (text, &quote, 1);
    text->position = end;
    return TENON_OK;
}
