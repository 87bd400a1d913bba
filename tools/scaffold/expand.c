/* SPDX-License-Identifier: MIT */
/* expand.c - a template becomes a file: words are put in, lines are chosen, bytes are decoded. */
#include "scaffold/expand.h"
#include <ctype.h>

#define MOST_NESTED 8

static _Noreturn void
fail_template (const char *what, const char *where)
{
    fprintf (stderr, "tenon: %s: %.40s\n", what, where);
    abort ();
}

/* Adds the value of the word at `text`, and returns what follows; NULL: no word begins there. */
static const char *
expand_word (struct line *to, const char *text, const char *end, const struct scaffold_word *words)
{
    for (; words->key; words++) {
        size_t length = strlen (words->key);
        if ((size_t) (end - text) >= length + 2 && memcmp (text + 1, words->key, length) == 0
            && text[length + 1] == '@') {
            line_word (to, words->value);
            return text + length + 2;
        }
    }
    return NULL;
}

static void
expand_line (struct line *to, const char *text, const char *end, const struct scaffold_word *words)
{
    while (text < end) {
        const char *at = memchr (text, '@', (size_t) (end - text));
        line_add (to, text, (size_t) ((at ? at : end) - text));
        if (!at)
            break;
        const char *next = expand_word (to, at, end, words);
        if (!next) {
            if (isupper ((unsigned char) at[1]))
                fail_template ("a template has an unknown word", at);
            line_add (to, at, 1); /* as in Makefiles */
            next = at + 1;
        }
        text = next;
    }
}

static bool
has_flag (const char *flags, const char *name, size_t length)
{
    for (const char *at = flags; (at = strchr (at, ' ')) && *++at;)
        if (strcspn (at, " ") == length && memcmp (at, name, length) == 0)
            return true;
    return false;
}

static bool
begins (const char *text, const char *word)
{
    return strncmp (text, word, strlen (word)) == 0;
}

void
expand_text (struct line *to, const char *text, const struct scaffold_word *words, const char *flags)
{
    bool shows[MOST_NESTED] = { true };
    int depth = 0;
    for (const char *end; *text; text = end + 1) {
        end = text + strcspn (text, "\n");
        if (begins (text, "@if ")) {
            if (++depth == MOST_NESTED)
                fail_template ("a template is nested too deep", text);
            shows[depth] = shows[depth - 1] && has_flag (flags, text + 4, (size_t) (end - text) - 4);
        } else if (depth > 0 && begins (text, "@else\n")) {
            shows[depth] = shows[depth - 1] && !shows[depth];
        } else if (depth > 0 && begins (text, "@end\n")) {
            depth--;
        } else if (shows[depth]) {
            expand_line (to, text, end + 1, words);
        }
    }
    if (depth > 0)
        fail_template ("a template lacks an @end", "");
}

/* ---- bytes --------------------------------------------------------------------------------------- */

static unsigned
hex_digit (char digit)
{
    return digit <= '9' ? (unsigned) (digit - '0') : (unsigned) (digit - 'a') + 10;
}

static void
pad_bytes (struct line *to, unsigned long multiple)
{
    while (multiple > 0 && to->length % multiple > 0)
        line_add (to, "", 1);
}

void
expand_hex (struct line *to, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    while (*text) {
        if (isspace ((unsigned char) *text)) {
            text++;
        } else if (*text == '#') {
            text += strcspn (text, "\n");
        } else if (*text == '"') {
            size_t length = strcspn (text + 1, "\"");
            line_add (to, text + 1, length);
            text += length + 2;
        } else if (begins (text, "pad ")) {
            char *end;
            pad_bytes (to, strtoul (text + 4, &end, 10));
            text = end;
        } else if (strspn (text, digits) >= 2) {
            char byte = (char) (hex_digit (text[0]) << 4 | hex_digit (text[1]));
            line_add (to, &byte, 1);
            text += 2;
        } else {
            fail_template ("a template has no bytes there", text);
        }
    }
}
