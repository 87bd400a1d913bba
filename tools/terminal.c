/* SPDX-License-Identifier: MIT */
/* terminal.c - colours and widths, and keeping what a file says from being taken for a terminal's
   commands. */
#include "tool.h"
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static bool output_is_terminal, error_is_terminal, colours;

void
terminal_start (void)
{
    output_is_terminal = isatty (STDOUT_FILENO) == 1;
    error_is_terminal = isatty (STDERR_FILENO) == 1;
    const char *when = tool.color ? tool.color : "auto";
    const char *none = getenv ("NO_COLOR"), *name = getenv ("TERM");
    bool dumb = !name || strcmp (name, "dumb") == 0;
    colours = strcmp (when, "always") == 0
              || (strcmp (when, "auto") == 0 && output_is_terminal && !dumb && !(none && *none));
    /* Only for the widths of letters; numbers are printed and read without the locale. */
    if (output_is_terminal || error_is_terminal)
        setlocale (LC_CTYPE, "");
}

bool
terminal_is_output (void)
{
    return output_is_terminal;
}

bool
terminal_is_error (void)
{
    return error_is_terminal;
}

size_t
terminal_columns (int descriptor)
{
    struct winsize size;
    const char *text = getenv ("COLUMNS");
    unsigned long columns = text ? strtoul (text, NULL, 10) : 0;
    if (columns == 0 && ioctl (descriptor, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    return columns == 0 ? 80 : columns < 20 ? 20 : columns < 4096 ? columns : 4096;
}

const char *
colour_on (enum colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",         [COLOUR_TITLE] = "\033[1m",  [COLOUR_DTYPE] = "\033[36m",
        [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[1;31m", [COLOUR_FAINT] = "\033[2m",
    };
    return colours ? sequences[colour] : "";
}

const char *
colour_off (enum colour colour)
{
    return colours && colour != COLOUR_NONE ? "\033[0m" : "";
}

/* ---- letters ------------------------------------------------------------------------------------- */

/* Takes one code point off the text; returns its bytes, or 0 for what is no UTF-8. */
static unsigned
decode (const char *text, size_t left, uint32_t *point)
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
        unsigned bytes = decode (text + i, length - i, &point);
        if (bytes == 0)
            return false;
        i += bytes;
    }
    return true;
}

/* Would a terminal take it for something else than a letter? Controls, line and paragraph ends, marks
   that turn the direction of * writing, and what has no width and no place. */
static bool
is_hostile (uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c
           || (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e)
           || (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb)
           || (point >= 0xe0000 && point <= 0xe007f);
}

static char *
escape (char *to, unsigned char byte)
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
        unsigned bytes = decode (text + i, length - i, &point);
        bool plain =
            exact ? (unsigned char) text[i] >= 0x20 && text[i] != 0x7f : bytes > 0 && !is_hostile (point);
        if (exact || bytes == 0)
            bytes = 1;
        for (; bytes > 0; bytes--, i++)
            if (plain)
                *to++ = text[i];
            else
                to = escape (to, (unsigned char) text[i]);
    }
    *to = 0;
    return copy;
}

char *
shown (const char *text, size_t length)
{
    return printable (text, length, !output_is_terminal);
}

/* Columns of one letter. */
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
        unsigned bytes = decode (text + i, length - i, &point);
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
        unsigned bytes = decode (text + i, length - i, &point);
        width += point_width (point);
        i += bytes ? bytes : 1;
    }
    return width;
}
