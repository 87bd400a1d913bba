/* SPDX-License-Identifier: MIT */
/* settings_ini.c - parses the text of an ini file with inih.
 *
 * inih knows the syntax: comments, quotes, the end of a value. But it silently truncates lines that do not
 * fit its buffers, takes an indented line for a continuation of the value above, ignores text after the ']'
 * of a section line, does not report sections without keys, and gives its handler no line numbers. So the
 * reader that hands it the lines checks each of them first. */
#include "context/settings_ini.h"
#include <ini.h>
#include <stdio.h>

/* The size of inih's buffer for a section. */
#define SECTION_ROOM 50

struct reader {
    struct tn_settings *settings;
    const char *path, *next, *end;
    unsigned line;              /* number of the line that was handed out last */
    bool waiting;               /* inih must make a setting of that line */
    bool wrong;                 /* a fault was found in it */
    bool lost;                  /* the last headline was wrong: the settings behind it belong nowhere */
    char section[SECTION_ROOM]; /* its section, with single blanks */
    tenon_error *error;
};

TN_PRINTF (2, 3)
static void
fail_at (struct reader *reader, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    (void) tn_fail (reader->error, TENON_E_CONFIG, TN_NO_OFFSET, "%s:%u: %s", reader->path, reader->line,
                    text);
    tn_settings_fault (reader->settings, reader->error);
    reader->wrong = true;
}

static bool
is_blank (char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static tenon_status
add_here (struct reader *reader, const char *key, const char *value)
{
    TN_FREE char *origin = tn_format ("%s:%u", reader->path, reader->line);
    if (!origin)
        return tn_fail_memory (reader->error);
    return tn_settings_add (reader->settings, reader->section, key, value, origin, reader->settings->layers,
                            reader->error);
}

/* "[section]", which begins at `line`. */
static void
read_headline (struct reader *reader, const char *line, size_t length)
{
    const char *close = memchr (line, ']', length), *end = line + length;
    size_t fill = 0;
    if (!close) {
        fail_at (reader, "'[' without ']'");
        return;
    }
    for (const char *p = close + 1; p < end && *p != ';' && *p != '#'; p++)
        if (!is_blank (*p)) {
            fail_at (reader, "something follows ']': a setting stands on a line of its own");
            return;
        }
    for (const char *p = line + 1; p < close; p++) {
        if (is_blank (*p) && (fill == 0 || p + 1 == close || is_blank (p[1])))
            continue;
        if (fill + 1 >= sizeof reader->section) {
            fail_at (reader, "the name of a section has at most %zu bytes", sizeof reader->section - 1);
            return;
        }
        reader->section[fill++] = is_blank (*p) ? ' ' : *p;
    }
    reader->section[fill] = 0;
    add_here (reader, NULL, NULL);
}

/* Checks a line before inih sees it. False: inih must not see it. */
static bool
check_line (struct reader *reader, const char *line, size_t length, size_t room)
{
    if (length == 0 || line[0] == ';' || line[0] == '#')
        return false;
    if (memchr (line, 0, length)) {
        fail_at (reader, "a byte that is 0: is this a text file, in UTF-8?");
        return false;
    }
    if (line[0] == '[') {
        read_headline (reader, line, length);
        reader->lost = reader->wrong;
        return false;
    }
    if (reader->lost)
        return false;
    if (length > room)
        fail_at (reader, "the line has %zu bytes, at most %zu can be read", length, room);
    else if (line[0] == '=' || line[0] == ':')
        fail_at (reader, "no key before '%c'", line[0]);
    else if (!reader->section[0])
        fail_at (reader, "a setting before the first [section]");
    reader->waiting = true;
    return !reader->wrong;
}

/* Fails if inih made no setting of the line that was handed out last. */
static void
check_waiting (struct reader *reader)
{
    if (reader->waiting && !reader->wrong && reader->error->status == TENON_OK)
        fail_at (reader, "no setting: KEY = VALUE is expected, all of it on one line");
    reader->waiting = false;
}

/* inih calls this like fgets: the next line, without blanks around it. It always fits `size` and ends in a
 * newline. */
static char *
read_line (char *to, int size, void *opaque)
{
    struct reader *reader = opaque;
    size_t room = size > 2 ? (size_t) size - 2 : 0;
    check_waiting (reader);
    while (reader->next < reader->end && reader->error->status == TENON_OK) {
        const char *line = reader->next;
        const char *end = memchr (line, '\n', (size_t) (reader->end - line));
        reader->next = end ? end + 1 : reader->end;
        end = end ? end : reader->end;
        reader->line++;
        reader->waiting = reader->wrong = false;
        /* an indented line continues no value */
        while (line < end && is_blank (*line))
            line++;
        while (end > line && is_blank (end[-1]))
            end--;
        size_t length = (size_t) (end - line);
        if (!check_line (reader, line, length, room))
            continue;
        memcpy (to, line, length);
        to[length] = '\n';
        to[length + 1] = 0;
        return to;
    }
    return NULL;
}

/* inih calls this with each setting. The section is the reader's, since inih saw no section line. */
static int
#if INI_HANDLER_LINENO
handle_setting (void *opaque, const char *section, const char *key, const char *value, int number)
#else
handle_setting (void *opaque, const char *section, const char *key, const char *value)
#endif
{
    struct reader *reader = opaque;
    (void) section;
#if INI_HANDLER_LINENO
    (void) number;
#endif
    if (!key || !value)
        return 1;
    reader->waiting = false;
    if (!*key)
        fail_at (reader, "no key before the value");
    return reader->error->status == TENON_OK && add_here (reader, key, value) == TENON_OK;
}

tenon_status
tn_settings_parse (struct tn_settings *settings, const char *path, const char *text, size_t length,
                   tenon_error *error)
{
    struct reader reader = {
        .settings = settings, .path = path, .next = text, .end = text + length, .error = error
    };
    if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
        reader.next += 3;
    settings->layers++;
    /* -2: inih has no memory (it may be built to allocate its buffer); the reader has recorded all other
     * failures, with better messages */
    if (ini_parse_stream (read_line, &reader, handle_setting, &reader) == -2)
        (void) tn_fail_memory (error);
    check_waiting (&reader);
    return error->status;
}
