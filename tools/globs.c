/* SPDX-License-Identifier: MIT */
/* globs.c - patterns over names. */
#include "globs.h"
#include "message.h"
#include <fnmatch.h>

bool
glob_fits (const char *pattern, const char *name)
{
    return strcmp (pattern, name) == 0 || fnmatch (pattern, name, 0) == 0;
}

struct globs
globs_start (const struct text_list *patterns)
{
    struct globs globs = { patterns, get_memory (NULL, patterns->count, sizeof (bool)) };
    for (size_t i = 0; i < patterns->count; i++)
        globs.matched[i] = false;
    return globs;
}

bool
globs_match (struct globs *globs, const char *name)
{
    bool any = false;
    for (size_t i = 0; i < globs->patterns->count; i++)
        if (glob_fits (globs->patterns->items[i], name))
            any = globs->matched[i] = true;
    return any;
}

bool
globs_all_matched (const struct globs *globs, const char *option)
{
    for (size_t i = 0; i < globs->patterns->count; i++)
        if (!globs->matched[i]) {
            complain ("%s '%s' matches no tensor", option, globs->patterns->items[i]);
            return false;
        }
    return true;
}

void
globs_clean (struct globs *globs)
{
    free (globs->matched);
}
