/* SPDX-License-Identifier: MIT */
/* globs.h - patterns over names. '*' matches '/' and '.' too: they mean nothing in a tensor's name. */
#ifndef TOOL_GLOBS_H
#define TOOL_GLOBS_H
#include "memory.h"

/* True if the pattern matches, or is the name itself: names may hold what means something in patterns. */
bool glob_fits (const char *pattern, const char *name);

struct globs_pattern {
    bool matched; /* something */
    size_t distance;
    char nearest[128]; /* name, until then; "" */
};
struct globs {
    const struct text_list *patterns;
    struct globs_pattern *each;
};
struct globs globs_start (const struct text_list *patterns);
/* True if one of the patterns matches. Marks all that do. */
bool globs_match (struct globs *globs, const char *name);
/* A pattern that never matched is an error: false after a message. */
bool globs_all_matched (const struct globs *globs, const char *option);
void globs_clean (struct globs *globs);
#endif
