/* SPDX-License-Identifier: MIT */
/* memory.c - allocation helpers, and structs that cross the ABI. */
#include "base/base.h"
#include <stdio.h>

bool
tn_grow (void *array_pointer, uint64_t *room, uint64_t count, size_t item)
{
    if (count < *room)
        return true;
    uint64_t more = *room < 8 ? 8 : *room + *room / 2, bytes;
    if (tn_multiply (more, item, &bytes) || bytes > SIZE_MAX)
        return false;
    void *array = realloc (*(void **) array_pointer, bytes);
    if (!array)
        return false;
    *(void **) array_pointer = array;
    *room = more;
    return true;
}

char *
tn_strndup (const char *text, size_t length)
{
    char *copy = malloc (length + 1);
    if (copy) {
        if (length > 0)
            memcpy (copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *
tn_concat (const char *first, ...)
{
    va_list list;
    size_t length = 0;
    va_start (list, first);
    for (const char *part = first; part; part = va_arg (list, const char *))
        length += strlen (part);
    va_end (list);
    char *all = malloc (length + 1), *end = all;
    if (!all)
        return NULL;
    va_start (list, first);
    for (const char *part = first; part; part = va_arg (list, const char *)) {
        size_t size = strlen (part);
        memcpy (end, part, size);
        end += size;
    }
    va_end (list);
    *end = 0;
    return all;
}

char *
tn_format (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    int length = vsnprintf (NULL, 0, format, list);
    va_end (list);
    char *text = length < 0 ? NULL : malloc ((size_t) length + 1);
    if (!text)
        return NULL;
    va_start (list, format);
    vsnprintf (text, (size_t) length + 1, format, list);
    va_end (list);
    return text;
}

bool
tn_copy_struct (void *to, size_t size, const void *from, size_t least)
{
    uint32_t theirs, ours = (uint32_t) size;
    memcpy (&theirs, from, sizeof theirs);
    if (theirs < least || theirs < sizeof theirs)
        return false;
    memset (to, 0, size);
    memcpy (to, from, TN_MIN (theirs, ours));
    memcpy (to, &ours, sizeof ours);
    return true;
}

bool
tn_fill_struct (void *to, const void *from, size_t size)
{
    uint32_t theirs;
    memcpy (&theirs, to, sizeof theirs);
    if (theirs <= sizeof theirs)
        return false;
    memcpy ((char *) to + sizeof theirs, (const char *) from + sizeof theirs,
            TN_MIN (theirs, size) - sizeof theirs);
    /* fields that this version does not know become zero */
    if (theirs > size)
        memset ((char *) to + size, 0, theirs - size);
    return true;
}

tenon_status
tn_reply_struct (void *to, const void *from, size_t size)
{
    return tn_fill_struct (to, from, size) ? TENON_OK : TENON_E_MISUSE;
}
