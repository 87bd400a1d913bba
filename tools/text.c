/* SPDX-License-Identifier: MIT */
/* text.c - text of files on its way to a terminal or a pipe: a file must not command a terminal. */
#include "text.h"
#include "memory.h"
#include "terminal.h"
#include <wchar.h>

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

bool
text_is_utf8 (const char *text, size_t length)
{
    uint32_t point;
    for (size_t i = 0; i < length;) {
        unsigned bytes = decode_point (text + i, length - i, &point);
        if (bytes == 0)
            return false;
        i += bytes;
    }
    return true;
}

/* True for code points that a terminal does not show as a letter: controls, line and paragraph ends, marks
 * that change the direction of writing, and others without width. */
static bool
is_hostile (uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c
           || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e)
           || (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb)
           || (point >= 0xe0000 && point <= 0xe007f);
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

char *
printable (const char *text, size_t length, bool exact)
{
    char *copy = get_memory (NULL, 4 * length + 1, 1), *to = copy;
    for (size_t i = 0; i < length;) {
        uint32_t point;
        unsigned bytes = decode_point (text + i, length - i, &point);
        bool plain =
            exact ? (unsigned char) text[i] >= 0x20 && text[i] != 0x7f : bytes > 0 && !is_hostile (point);
        if (exact || bytes == 0)
            bytes = 1;
        for (; bytes > 0; bytes--, i++)
            if (plain)
                *to++ = text[i];
            else
                to = escape_byte (to, (unsigned char) text[i]);
    }
    *to = 0;
    return copy;
}

char *
shown (const char *text, size_t length)
{
    return printable (text, length, !terminal_is_output ());
}

/* The columns of one code point. */
static size_t
point_width (uint32_t point)
{
    if (point < 0x80)
        return 1;
    int width = wcwidth ((wchar_t) point);
    return width < 0 ? 1 : (size_t) width;
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
