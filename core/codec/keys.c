/* SPDX-License-Identifier: MIT */
/* keys.c - the stores of a session, and patterns of keys. */
#include "codec/keys.h"

/* ---- the stores of a session ---- */

void
tn_keys_add (struct tn_session *session, struct tn_source *source, struct tn_keys *keys)
{
    tn_keys_close (session, source);
    keys->source = source;
    keys->outer = session->keys;
    session->keys = source->keys = keys;
}

void
tn_keys_close (struct tn_session *session, struct tn_source *source)
{
    struct tn_keys *keys = source->keys, **link = &session->keys;
    if (!keys)
        return;
    while (*link != keys)
        link = &(*link)->outer;
    *link = keys->outer;
    source->keys = NULL;
    keys->kind->close (keys);
}

void
tn_keys_close_all (struct tn_session *session)
{
    while (session->keys)
        tn_keys_close (session, session->keys->source);
    if (session->beside)
        session->beside->kind->close (session->beside);
    session->beside = NULL;
}

/* ---- patterns ---- */

/* True if the text behind the last '*' of a pattern ends the key. */
static bool
has_tail (const char *pattern, const char *key, uint64_t length)
{
    const char *star = strrchr (pattern, '*'), *tail = star ? star + 1 : pattern;
    size_t size = strlen (tail);
    return size <= length && memcmp (key + length - size, tail, size) == 0;
}

bool
tn_key_matches (const char *pattern, const char *key, uint64_t length)
{
    const char *one = NULL, *any = NULL; /* the pattern behind the last '*', and behind the last '**' */
    uint64_t at = 0, one_at = 0, any_at = 0;
    if (!has_tail (pattern, key, length))
        return false;
    for (;;) {
        if (pattern[0] == '*' && pattern[1] == '*')
            any = pattern += 2, any_at = at, one = NULL;
        else if (pattern[0] == '*')
            one = ++pattern, one_at = at;
        else if (at == length && !*pattern)
            return true;
        else if (at < length && *pattern && *pattern == key[at])
            pattern++, at++;
        else if (one && one_at < length && key[one_at] != '/')
            pattern = one, at = ++one_at;
        else if (any && any_at < length)
            pattern = any, at = ++any_at, one = NULL;
        else
            return false;
    }
}
