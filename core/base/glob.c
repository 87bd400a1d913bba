/* SPDX-License-Identifier: MIT */
/* glob.c - patterns over names: *, ?, [...] and a backslash, as in fnmatch(3) without flags, but for any
 * bytes, in no locale, and in bounded time.
 *
 * Of two stars only the last one is tried again: the text between them was found at its first place, and a
 * later place would only leave less of the name. */
#include "base/glob.h"

bool
tn_glob_is_plain (const char *pattern)
{
    return !strpbrk (pattern, "*?[\\");
}

/* Bytes of the character of a name that begins here: 1 where it is no UTF-8. */
static uint64_t
char_size (const char *at, const char *end)
{
    unsigned char lead = (unsigned char) *at;
    uint64_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (size > (uint64_t) (end - at))
        return 1;
    for (uint64_t i = 1; i < size; i++)
        if (((unsigned char) at[i] & 0xc0) != 0x80)
            return 1;
    return size;
}

/* The number of a character. A byte that is no UTF-8 has a number beyond those of all characters. */
static uint32_t
char_value (const char *at, uint64_t size)
{
    uint32_t lead = (unsigned char) *at;
    if (size == 1)
        return lead < 0x80 ? lead : 0x110000 + lead;
    uint32_t value = lead & (0x7fu >> size);
    for (uint64_t i = 1; i < size; i++)
        value = value << 6 | ((unsigned char) at[i] & 0x3f);
    return value;
}

/* One end of a range in brackets. NULL: there is none before the end of the pattern. */
static const char *
read_range_end (const char *pattern, uint32_t *value)
{
    if (*pattern == '\\')
        pattern++;
    if (!*pattern)
        return NULL;
    uint64_t size = char_size (pattern, pattern + 4); /* the NUL ends it, too */
    *value = char_value (pattern, size);
    return pattern + size;
}

/* Classes of ASCII, whatever the locale. */
static bool
in_class (const char *name, size_t length, uint32_t c)
{
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    bool printed = c > ' ' && c < 0x7f;
    const struct {
        const char *name;
        bool is;
    } classes[] = {
        { "alnum", lower || upper || digit },
        { "alpha", lower || upper },
        { "blank", c == ' ' || c == '\t' },
        { "cntrl", c < ' ' || c == 0x7f },
        { "digit", digit },
        { "graph", printed },
        { "lower", lower },
        { "print", printed || c == ' ' },
        { "punct", printed && !lower && !upper && !digit },
        { "space", c == ' ' || (c >= '\t' && c <= '\r') },
        { "upper", upper },
        { "xdigit", digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') },
    };
    for (size_t i = 0; i < TN_COUNT (classes); i++)
        if (strlen (classes[i].name) == length && memcmp (classes[i].name, name, length) == 0)
            return classes[i].is;
    return false;
}

/* `pattern` is behind a '['. Returns the place behind its ']', and whether the character is in the set; NULL:
 * there is no ']', and so the '[' is a character like others. */
static const char *
fit_set (const char *pattern, uint32_t c, bool *in)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    bool negated = *pattern == '!' || *pattern == '^';
    pattern += negated;
    *in = false;
    for (bool first = true; first || *pattern != ']'; first = false) {
        size_t word = pattern[0] == '[' && pattern[1] == ':' ? strspn (pattern + 2, letters) : 0;
        if (word > 0 && pattern[word + 2] == ':' && pattern[word + 3] == ']') {
            *in = *in || in_class (pattern + 2, word, c);
            pattern += word + 4;
            continue;
        }
        uint32_t low, high;
        if (!(pattern = read_range_end (pattern, &low)))
            return NULL;
        high = low;
        if (pattern[0] == '-' && pattern[1] && pattern[1] != ']'
            && !(pattern = read_range_end (pattern + 1, &high)))
            return NULL;
        *in = *in || (low <= c && c <= high);
    }
    *in = *in != negated;
    return pattern + 1;
}

/* Tries one part of a pattern, which is no star, on the beginning of a name that is not empty. Returns the
 * rest of the pattern, and how many bytes of the name the part took; NULL: it does not fit. */
static const char *
fit_one (const char *pattern, const char *name, const char *end, uint64_t *took)
{
    bool in;
    const char *rest;
    *took = 1;
    switch (*pattern) {
    case '?': *took = char_size (name, end); return pattern + 1;
    case '[':
        *took = char_size (name, end);
        if ((rest = fit_set (pattern + 1, char_value (name, *took), &in)))
            return in ? rest : NULL;
        *took = 1;
        break;
    case '\\':
        if (!*++pattern)
            return NULL;
        break;
    case 0: return NULL;
    }
    return *pattern == *name ? pattern + 1 : NULL;
}

static bool
fit_all (const char *pattern, const char *name, const char *end)
{
    const char *star = NULL, *again = NULL; /* behind the last star, and where it was tried on the name */
    for (;;) {
        uint64_t took;
        if (*pattern == '*') {
            star = ++pattern, again = name;
            if (!*star)
                return true;
            continue;
        }
        const char *rest = name < end ? fit_one (pattern, name, end, &took) : NULL;
        if (rest)
            pattern = rest, name += took;
        else if (name == end && !*pattern)
            return true;
        else if (star && again < end)
            pattern = star, name = again += char_size (again, end);
        else
            return false;
    }
}

bool
tn_glob_fits (const char *pattern, const char *name, uint64_t length)
{
    return (strlen (pattern) == length && memcmp (pattern, name, length) == 0)
           || fit_all (pattern, name, name + length);
}
