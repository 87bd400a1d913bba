/* SPDX-License-Identifier: MIT */
/* globs.c - patterns over names. */
#include "globs.h"
#include "message.h"
#include "nearest.h"
#include <string.h>
#include <tenon/tenon.h>

bool
glob_fits (const char *pattern, const char *name)
{
    return tenon_match (pattern, name, strlen (name));
}

struct globs
globs_start (const struct text_list *patterns)
{
    struct globs globs = { patterns, get_memory (NULL, patterns->count, sizeof (struct globs_pattern)) };
    for (size_t i = 0; i < patterns->count; i++)
        globs.each[i] = (struct globs_pattern){ .distance = nearest_start (patterns->items[i]).distance };
    return globs;
}

/* The name may be gone when it is told, so it is copied. */
static void
keep_nearest (struct globs_pattern *pattern, const char *text, const char *name)
{
    struct nearest nearest = { text, NULL, pattern->distance };
    nearest_try (&nearest, name);
    if (!nearest.best || strlen (name) >= sizeof pattern->nearest)
        return;
    pattern->distance = nearest.distance;
    memcpy (pattern->nearest, name, strlen (name) + 1);
}

bool
globs_match (struct globs *globs, const char *name)
{
    bool any = false;
    for (size_t i = 0; i < globs->patterns->count; i++)
        if (glob_fits (globs->patterns->items[i], name))
            any = globs->each[i].matched = true;
        else if (!globs->each[i].matched)
            keep_nearest (&globs->each[i], globs->patterns->items[i], name);
    return any;
}

bool
globs_all_matched (const struct globs *globs, const char *option)
{
    for (size_t i = 0; i < globs->patterns->count; i++)
        if (!globs->each[i].matched) {
            const char *near = globs->each[i].nearest;
            complain ("%s '%s' matches no tensor%s%s%s", option, globs->patterns->items[i],
                      *near ? ", did you mean '" : "", near, *near ? "'?" : "");
            return false;
        }
    return true;
}

void
globs_clean (struct globs *globs)
{
    free (globs->each);
}
