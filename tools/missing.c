/* SPDX-License-Identifier: MIT */
/* missing.c - the nearest existing name for a file that does not exist. */
#include "missing.h"
#include "memory.h"
#include "nearest.h"
#include <dirent.h>
#include <errno.h>

#define MOST_NAMES 100000 /* in a folder: more are not looked at */

void
missing_advise (const char *path, tenon_error *error)
{
    if (error->status != TENON_E_NOT_FOUND || error->system != ENOENT || *error->advice || !*path)
        return;
    const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;
    CLEAN (text) char *folder = slash ? copy_text (path, (size_t) (name - path)) : copy_text (".", 1);
    DIR *list = *name ? opendir (folder) : NULL;
    char found[256] = "";
    struct nearest nearest = nearest_start (name);
    const struct dirent *entry;
    for (unsigned i = 0; list && i < MOST_NAMES && (entry = readdir (list)); i++) {
        size_t length = strlen (entry->d_name);
        if (*entry->d_name == '.' || length >= sizeof found)
            continue;
        const char *before = nearest.best;
        nearest_try (&nearest, entry->d_name);
        if (nearest.best == before)
            continue;
        memcpy (found, entry->d_name, length + 1); /* the entry lives until the next one */
        nearest.best = found;
    }
    if (list)
        closedir (list);
    if (!list && slash)
        snprintf (error->advice, sizeof error->advice, "its folder does not exist, or may not be read");
    else if (*found)
        snprintf (error->advice, sizeof error->advice, "there is '%.*s%s'", slash ? (int) (name - path) : 0,
                  path, found);
}
