/* SPDX-License-Identifier: MIT */
/* error.c - failures, and the names of statuses. */
#include "base/base.h"
#include <errno.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
} statuses[] = {
    { "TENON_OK", "success" },
    { "TENON_E_MALFORMED", "malformed file" },
    { "TENON_E_TRUNCATED", "truncated file" },
    { "TENON_E_UNSUPPORTED", "not supported" },
    { "TENON_E_LIMIT", "a configured limit was met" },
    { "TENON_E_MEMORY", "out of memory" },
    { "TENON_E_IO", "input or output error" },
    { "TENON_E_CANCELLED", "cancelled" },
    { "TENON_E_MISUSE", "misuse of the interface" },
    { "TENON_E_NOT_FOUND", "not found" },
    { "TENON_E_CHECKSUM", "checksum mismatch" },
    { "TENON_E_UNRECOGNISED", "recognised by no codec" },
    { "TENON_E_AMBIGUOUS", "claimed by several codecs" },
    { "TENON_E_NOT_MAPPABLE", "cannot be mapped without a copy" },
    { "TENON_E_LOSS", "something would be lost" },
    { "TENON_E_EXISTS", "exists already" },
    { "TENON_E_CONFIG", "wrong configuration" },
    { "TENON_E_BUSY", "held or replaced by another save" },
    { "TENON_E_CRASHED", "an isolated plugin crashed" },
};
_Static_assert(TN_COUNT (statuses) == 1 - TENON_E_LAST, "every status has a name and a text");

TENON_API const char *
tenon_status_name (tenon_status status)
{
    return status > 0 || status < TENON_E_LAST ? "TENON_E_?" : statuses[-status].name;
}

TENON_API const char *
tenon_status_text (tenon_status status)
{
    return status > 0 || status < TENON_E_LAST ? "unknown status" : statuses[-status].text;
}

/* Length of the valid UTF-8 sequence at p; 0: there is none, or it is NUL. */
static unsigned
utf8_sequence (const uint8_t *p, uint64_t left)
{
    unsigned length = p[0] < 0x80                   ? 1
                      : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                      : (p[0] & 0xf0) == 0xe0       ? 3
                      : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                                    : 0;
    if (length == 0 || length > left || p[0] == 0)
        return 0;
    for (unsigned i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates, beyond U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90)
        || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

bool
tn_utf8 (const char *text, uint64_t length)
{
    const uint8_t *p = (const uint8_t *) text;
    while (length >= 8) { /* eight bytes of ASCII without NUL at a time */
        uint64_t word;
        memcpy (&word, p, 8);
        if ((word & 0x8080808080808080u) || ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u))
            break;
        p += 8, length -= 8;
    }
    if (length > 0 && length < 8
        && p != (const uint8_t *) text) { /* the last eight bytes, some of them for the second time */
        uint64_t word;
        memcpy (&word, p + length - 8, 8);
        if (!((word | (word - 0x0101010101010101u)) & 0x8080808080808080u))
            return true;
    }
    while (length > 0) {
        unsigned step = utf8_sequence (p, length);
        if (step == 0)
            return false;
        p += step, length -= step;
    }
    return true;
}

/* The code point of a valid sequence. */
static uint32_t
code_point (const uint8_t *p, unsigned length)
{
    uint32_t point = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++)
        point = point << 6 | (p[i] & 0x3f);
    return point;
}

bool
tn_is_hidden (uint32_t point)
{
    /* first and last of each range, in rising order */
    static const uint32_t hidden[][2] = {
        { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },     { 0x34f, 0x34f },
        { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
        { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f }, { 0x3164, 0x3164 },
        { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
        { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
    };
    for (unsigned i = 0; i < TN_COUNT (hidden) && point >= hidden[i][0]; i++)
        if (point <= hidden[i][1])
            return true;
    return false;
}

/* `names`: the text is a name, whose backslashes are doubled. */
static void
escape_text (char *to, size_t room, const char *text, size_t length, bool names)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *p = (const uint8_t *) text, *end = p + length;
    while (p < end) {
        /* nearly all text is this, and a name is escaped before anything fails */
        for (; p < end && room > 1 && *p >= 0x20 && *p < 0x7f && *p != '\\'; room--)
            *to++ = (char) *p++;
        if (p == end)
            break;
        unsigned step = utf8_sequence (p, (uint64_t) (end - p));
        bool doubled = names && *p == '\\';
        if (step > 0 && !tn_is_hidden (code_point (p, step))) {
            if (room <= step + doubled)
                break;
            if (doubled)
                *to++ = '\\', room--;
            memcpy (to, p, step);
            to += step, room -= step, p += step;
            continue;
        }
        char letter = *p == '\n' ? 'n' : *p == '\t' ? 't' : *p == '\r' ? 'r' : 0;
        size_t width = letter ? 2 : 4;
        if (room <= width)
            break;
        if (letter)
            *to++ = '\\', *to++ = letter;
        else
            *to++ = '\\', *to++ = 'x', *to++ = hex[*p >> 4], *to++ = hex[*p & 15];
        room -= width, p++;
    }
    if (room > 0)
        *to = 0;
}

void
tn_escape (char *to, size_t room, const char *text, size_t length)
{
    escape_text (to, room, text, length, true);
}

void
tn_escape_message (char *to, size_t room, const char *text)
{
    escape_text (to, room, text, strlen (text), false);
}

const char *
tn_show (char *to, size_t room, const char *text, size_t length)
{
    tn_escape (to, room, text, length);
    return to;
}

void
tn_error_clear (tenon_error *error)
{
    error->struct_size = sizeof *error;
    error->status = TENON_OK;
    error->offset = TN_NO_OFFSET;
    error->file[0] = error->tensor[0] = error->message[0] = error->advice[0] = 0;
    error->system = 0;
}

tenon_status
tn_fail_text (tenon_error *error, tenon_status status, uint64_t offset, const char *format, ...)
{
    if (error->status == TENON_OK) {
        char text[sizeof error->message];
        va_list list;
        va_start (list, format);
        vsnprintf (text, sizeof text, format, list);
        va_end (list);
        tn_escape_message (error->message, sizeof error->message, text);
        error->status = status < 0 ? status : TENON_E_MISUSE;
        error->offset = offset;
    }
    return error->status;
}

tenon_status
tn_advise (tenon_error *error, const char *format, ...)
{
    if (error->status != TENON_OK && !error->advice[0]) {
        char text[sizeof error->advice];
        va_list list;
        va_start (list, format);
        vsnprintf (text, sizeof text, format, list);
        va_end (list);
        tn_escape_message (error->advice, sizeof error->advice, text);
    }
    return error->status;
}

bool
tn_fail_null (tenon_error *error, const char *function, const char *argument)
{
    tn_fail_text (error, TENON_E_MISUSE, TN_NO_OFFSET, "%s: the argument '%s' is NULL", function, argument);
    return false;
}

static tenon_status
fail_system (tenon_error *error, tenon_status status, int number, const char *what, const char *path)
{
    char buffer[128] = "";
    /* strerror_l would need a locale_t; the GNU function follows the thread's locale, which suits words */
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    const char *words = strerror_r (number, buffer, sizeof buffer);
#else
    const char *words = strerror_r (number, buffer, sizeof buffer) == 0 ? buffer : "unknown error";
#endif
    if (error->status == TENON_OK) {
        tn_fail_in (error, path, NULL);
        error->system = number;
    }
    return tn_fail (error, status, TN_NO_OFFSET, "%s: %s", what, words);
}

tenon_status
tn_fail_errno (tenon_error *error, int number, const char *what, const char *path)
{
    tenon_status status = number == ENOMEM ? TENON_E_MEMORY : number == EEXIST ? TENON_E_EXISTS : TENON_E_IO;
    return fail_system (error, status, number, what, path);
}

tenon_status
tn_fail_open (tenon_error *error, int number, const char *what, const char *path)
{
    if (number == ENOENT || number == ENOTDIR)
        return fail_system (error, TENON_E_NOT_FOUND, number, what, path);
    return tn_fail_errno (error, number, what, path);
}

void
tn_fail_in (tenon_error *error, const char *file, const char *tensor)
{
    if (file && !error->file[0])
        tn_escape (error->file, sizeof error->file, file, strlen (file));
    if (tensor && !error->tensor[0])
        tn_escape (error->tensor, sizeof error->tensor, tensor, strlen (tensor));
}

/* "FILE: tensor 'NAME': MESSAGE (at byte N)" */
static void
full_message (char *to, size_t room, const tenon_error *from)
{
    char place[48] = "", whole[sizeof from->file + sizeof from->tensor + sizeof from->message + 64];
    if (from->offset != TN_NO_OFFSET)
        snprintf (place, sizeof place, " (at byte %llu)", (unsigned long long) from->offset);
    snprintf (whole, sizeof whole, "%s%s%s%s%s%s%s", from->file, from->file[0] ? ": " : "",
              from->tensor[0] ? "tensor '" : "", from->tensor, from->tensor[0] ? "': " : "", from->message,
              place);
    size_t length = strlen (whole) < room ? strlen (whole) : room - 1;
    memcpy (to, whole, length);
    to[length] = 0;
}

tenon_status
tn_error_out (tenon_error *to, const tenon_error *from)
{
    if (to && to->struct_size >= offsetof (tenon_error, message)) {
        tenon_error whole;
        uint32_t size = TN_MIN (to->struct_size, (uint32_t) sizeof whole);
        memcpy (&whole, from, sizeof whole);
        if (from->status != TENON_OK)
            full_message (whole.message, sizeof whole.message, from);
        whole.struct_size = to->struct_size;
        memcpy (to, &whole, size);
        if (size > offsetof (tenon_error, message) && size < sizeof whole
            && size != offsetof (tenon_error, advice)) /* a text is cut there */
            ((char *) to)[size - 1] = 0;
    }
    return from->status;
}
