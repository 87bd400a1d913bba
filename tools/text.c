/* SPDX-License-Identifier: MIT */
/* text.c - text of files on its way to a terminal or a pipe: a file must not command a terminal. */
#include "text.h"
#include "memory.h"
#include "width.h"

/* Decodes the first code point. Returns its length in bytes; 0: the text does not begin with valid UTF-8. */
static unsigned
decode_point (const char *text, size_t left, uint32_t *point)
{
    const unsigned char *p = (const unsigned char *) text;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned length = p[0] < 0x80   ? 1
                      : p[0] < 0xc0 ? 0
                      : p[0] < 0xe0 ? 2
                      : p[0] < 0xf0 ? 3
                      : p[0] < 0xf8 ? 4
                                    : 0;
    if (length == 0 || length > left)
        return 0;
    uint32_t value = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *point = value;
    return length;
}

size_t
text_plain_length (const char *text, size_t length)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    size_t i = 0;
    for (; length - i >= 8; i += 8) { /* the high bit of a byte is set if one of the eight is not plain */
        uint64_t word;
        memcpy (&word, text + i, 8);
        uint64_t odd = (word - ' ' * ones) | ((word ^ '"' * ones) - ones) | ((word ^ '\\' * ones) - ones);
        if ((odd | word | (word + ones)) & high)
            break;
    }
    while (i < length && ' ' <= text[i] && text[i] < 0x7f && text[i] != '"' && text[i] != '\\')
        i++;
    return i;
}

bool
text_is_utf8 (const char *text, size_t length)
{
    uint32_t point;
    for (size_t i = text_plain_length (text, length); i < length;) {
        unsigned bytes = decode_point (text + i, length - i, &point);
        if (bytes == 0)
            return false;
        i += bytes;
    }
    return true;
}

/* True for code points that a terminal does not show as a letter or a space: controls, ends of lines, marks
 * that change the direction of writing, and others without width. core/base/error.c has the same list. */
static bool
is_hidden (uint32_t point)
{
    /* first and last of each range, in rising order */
    static const uint32_t hidden[][2] = {
        { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },     { 0x34f, 0x34f },
        { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
        { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f }, { 0x3164, 0x3164 },
        { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
        { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
    };
    for (unsigned i = 0; i < COUNT_OF (hidden) && point >= hidden[i][0]; i++)
        if (point <= hidden[i][1])
            return true;
    return false;
}

size_t
text_first_point (const char *text, size_t length, uint32_t *point)
{
    unsigned bytes = decode_point (text, length, point);
    if (bytes == 0)
        *point = 0xfffd; /* not UTF-8 */
    return bytes ? bytes : 1;
}

size_t
text_shown_length (const char *text, size_t length)
{
    uint32_t point;
    size_t i = 0;
    while (i < length) {
        unsigned bytes = decode_point (text + i, length - i, &point);
        if (bytes == 0 || is_hidden (point))
            break;
        i += bytes;
    }
    return i;
}

static char *
escape_byte (char *to, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    *to++ = '\\';
    if (byte == '\n' || byte == '\t' || byte == '\r') {
        *to++ = byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        return to;
    }
    *to++ = 'x';
    *to++ = digits[byte >> 4];
    *to++ = digits[byte & 15];
    return to;
}

void
text_put (struct line *line, const char *text, size_t length, enum text_kind kind)
{
    bool data = kind == TEXT_DATA || kind == TEXT_QUOTED_DATA;
    bool quoted = kind == TEXT_QUOTED || kind == TEXT_QUOTED_DATA;
    size_t i = text_plain_length (text, length); /* nearly all text is this alone */
    line_add (line, text, i);
    if (i == length)
        return;
    char *begin = line_room (line, 4 * (length - i)), *to = begin;
    while (i < length) {
        uint32_t point = 0;
        unsigned bytes = decode_point (text + i, length - i, &point);
        bool joiner = data && (point == 0x200c || point == 0x200d);
        bool plain = bytes > 0 && (joiner || !is_hidden (point));
        if ((point == '\\' && kind != TEXT_MESSAGE) || (point == '"' && quoted))
            *to++ = '\\';
        for (bytes = bytes ? bytes : 1; bytes > 0; bytes--, i++)
            if (plain)
                *to++ = text[i];
            else
                to = escape_byte (to, (unsigned char) text[i]);
    }
    line->length += (size_t) (to - begin);
}

char *
shown_as (const char *text, size_t length, enum text_kind kind)
{
    struct line line = { 0 };
    text_put (&line, text, length, kind);
    line_add (&line, "", 1);
    return line.text;
}

char *
shown (const char *text, size_t length)
{
    return shown_as (text, length, TEXT_NAME);
}

/* ---- messages ---- */

void
text_format (struct line *line, const char *format, va_list list)
{
    line_word (line, "");
    while (*format) {
        size_t plain = strcspn (format, "%");
        line_add (line, format, plain);
        format += plain;
        if (!*format)
            break;
        bool limited = strncmp (format, "%.*", 3) == 0;
        size_t most = limited ? (size_t) va_arg (list, int) : SIZE_MAX;
        format += limited ? 3 : 1;
        bool size = *format == 'z', wide = strncmp (format, "ll", 2) == 0, is_long = !wide && *format == 'l';
        format += wide ? 2 : size || is_long;
        if (*format == 's') {
            const char *text = va_arg (list, const char *);
            text_put (line, text, strnlen (text, most), TEXT_NAME);
        } else if (*format == 'c') {
            char letter = (char) va_arg (list, int);
            text_put (line, &letter, 1, TEXT_NAME);
        } else if (*format == 'u') {
            line_number (line, size      ? va_arg (list, size_t)
                               : wide    ? va_arg (list, unsigned long long)
                               : is_long ? va_arg (list, unsigned long)
                                         : va_arg (list, unsigned));
        } else if (*format == 'd') {
            long long number = wide      ? va_arg (list, long long)
                               : is_long ? va_arg (list, long)
                                         : va_arg (list, int);
            line_integer (line, number);
        } else {
            line_add (line, format, 1); /* "%%" */
        }
        format++;
    }
}

char *
format_shown (const char *format, va_list list)
{
    struct line line = { 0 };
    text_format (&line, format, list);
    line_add (&line, "", 1);
    return line.text;
}

size_t
display_fit (const char *text, size_t columns)
{
    size_t length = strlen (text), i = 0;
    for (size_t used = 0; i < length;) {
        uint32_t point = '?';
        unsigned bytes = decode_point (text + i, length - i, &point);
        used += point_width (point);
        if (used > columns)
            break;
        i += bytes ? bytes : 1;
    }
    return i;
}

size_t
display_width (const char *text)
{
    size_t length = strlen (text), width = 0;
    for (size_t i = 0; i < length;) {
        uint32_t point = '?';
        unsigned bytes = decode_point (text + i, length - i, &point);
        width += point_width (point);
        i += bytes ? bytes : 1;
    }
    return width;
}
