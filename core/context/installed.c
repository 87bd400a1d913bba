/* SPDX-License-Identifier: MIT */
/* installed.c - the folders that were installed with libtenon: of plugins, and of the configuration.
 *
 * The build states where they lie. The prefix may have been moved since, or unpacked elsewhere, as a wheel,
 * an AppImage or a package of conda is. Then the folder of libtenon still ends as libdir does beneath the
 * prefix, and the part before that is the new prefix: folders that were configured beneath the old one are
 * found there. A folder outside of the prefix, as /etc is for /usr, stays where it is.
 *
 * If libtenon is linked into a program or another library, the place of that says nothing about a prefix, and
 * the folders are the configured ones. */
#include "context/installed.h"
#include "context/trust.h"

/* The part of a path beneath a folder, "" for the folder itself; NULL: it lies elsewhere. */
static const char *
part_beneath (const char *path, const char *folder)
{
    size_t length = strlen (folder);
    while (length > 0 && folder[length - 1] == '/')
        length--;
    if (strncmp (path, folder, length) != 0 || (path[length] != '/' && path[length] != 0))
        return NULL;
    return path + length + strspn (path + length, "/");
}

size_t
tn_installed_prefix (const char *folder, const char *libdir, const char *prefix)
{
    const char *part = part_beneath (libdir, prefix);
    size_t length = strlen (folder), size = part ? strlen (part) : 0;
    if (!part || folder[0] != '/')
        return SIZE_MAX;
    if (size == 0)
        return length;
    if (length <= size || folder[length - size - 1] != '/' || strcmp (folder + length - size, part) != 0)
        return SIZE_MAX;
    return length - size - 1;
}

char *
tn_installed_follow (const char *path, const char *prefix, const char *folder, size_t length)
{
    const char *part = part_beneath (path, prefix);
    TN_FREE char *moved = part ? tn_strndup (folder, length) : NULL;
    if (!part)
        return strdup (path);
    return moved ? tn_concat (moved, "/", part, NULL) : NULL;
}

static bool
is_same_folder (const char *a, const char *b)
{
    struct stat first, second;
    return stat (a, &first) == 0 && stat (b, &second) == 0 && first.st_dev == second.st_dev
           && first.st_ino == second.st_ino;
}

/* The folder of libtenon, without links, if it is not the configured one; NULL: it is, or it is not known, or
 * not trusted. */
static char *
moved_folder (bool secure)
{
    const char *file = tn_trust_library (), *name = file ? strrchr (file, '/') + 1 : "";
    char why[TN_TRUST_ROOM] = "", *real = NULL;
    struct tn_trust trust = { .secure = secure };
    struct stat status;
    if (strncmp (name, "libtenon", 8) != 0 || (name[8] != '.' && name[8] != '-'))
        return NULL;
    TN_FREE char *folder = tn_strndup (file, (size_t) (name - file));
    if (!folder || is_same_folder (folder, TENON_LIBDIR))
        return NULL;
    if (!secure)
        real = realpath (file, NULL);
    else if (tn_trust_path (&trust, file, false, &real, &status, why) != 0 || why[0]) {
        free (real);
        return NULL;
    }
    if (real)
        *strrchr (real, '/') = 0;
    return real;
}

tenon_status
tn_installed_find (struct tn_installed *installed, bool secure, tenon_error *error)
{
    TN_FREE char *folder = moved_folder (secure);
    size_t length = folder ? tn_installed_prefix (folder, TENON_LIBDIR, TENON_PREFIX) : SIZE_MAX;
    bool moved = length != SIZE_MAX;
    const char *plugins = TENON_PLUGINDIR, *configuration = TENON_SYSCONFDIR "/tenon";
    installed->origin = moved ? "relative to libtenon" : "default";
    installed->plugins =
        moved ? tn_installed_follow (plugins, TENON_PREFIX, folder, length) : strdup (plugins);
    installed->configuration =
        moved ? tn_installed_follow (configuration, TENON_PREFIX, folder, length) : strdup (configuration);
    return installed->plugins && installed->configuration ? TENON_OK : tn_fail_memory (error);
}

void
tn_installed_free (struct tn_installed *installed)
{
    free (installed->plugins);
    free (installed->configuration);
}
