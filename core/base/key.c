/* SPDX-License-Identifier: MIT */
/* key.c - checks keys, which come from files and from codecs. */
#include "base/key.h"

static const char *
judge_key_component (const char *text, size_t length)
{
    if (length == 0)
        return "has an empty component";
    if (length > TN_LONGEST_COMPONENT)
        return "has a component of more than 255 bytes";
    if (length <= 2 && memcmp (text, "..", length) == 0)
        return "has a component '.' or '..'";
    return NULL;
}

uint64_t
tn_key_depth (const char *key, uint64_t length)
{
    uint64_t depth = 1;
    for (uint64_t i = 0; i < length; i++)
        depth += key[i] == '/';
    return depth;
}

const char *
tn_key_fault (const char *key, uint64_t length)
{
    const char *fault = NULL;
    if (!key || length == 0)
        return "is empty";
    if (length > TN_LONGEST_KEY)
        return "is longer than 4000 bytes";
    if (key[0] == '/')
        return "begins with '/'";
    if (!tn_utf8 (key, length))
        return "is not valid UTF-8 without NUL";
    if (tn_key_depth (key, length) > TN_DEEPEST_KEY)
        return "has more than 64 components";
    for (const char *at = key, *end = key + length; !fault && at <= end;) {
        const char *slash = memchr (at, '/', (size_t) (end - at));
        const char *stop = slash ? slash : end;
        fault = judge_key_component (at, (size_t) (stop - at));
        at = stop + 1;
    }
    return fault;
}

const char *
tn_new_key_fault (const char *key, uint64_t length)
{
    const char *fault = tn_key_fault (key, length);
    return fault ? fault : memchr (key, '\\', length) ? "has a backslash" : NULL;
}
