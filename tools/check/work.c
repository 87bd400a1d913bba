/* SPDX-License-Identifier: MIT */
/* work.c - the folder in which the steps have their files. */
#include "work.h"
#include "memory.h"
#include "message.h"
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_TRIES 10

char *
work_make (void)
{
    const char *folder = getenv ("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    size_t room = strlen (folder) + 32;
    CLEAN (text) char *name = get_memory (NULL, room, 1);
    snprintf (name, room, "%s/tenon-check-XXXXXX", folder);
    if (!mkdtemp (name)) {
        complain ("no folder for temporary files in %s: %s", folder, strerror (errno));
        return NULL;
    }
    char *real = realpath (name, NULL); /* a child may change its working directory */
    if (!real)
        complain ("%s: %s", name, strerror (errno));
    return real;
}

bool
work_link (struct check *check)
{
    char *folder = check_path (check, "plugin");
    check->plugin_path = folder;
    if (mkdir (folder, 0700) < 0)
        return complain ("%s: %s", folder, strerror (errno)), false;
    CLEAN (text) char *link_path = check_path (check, "plugin/%s.so", check->plugin);
    if (check->file && symlink (check->file, link_path) < 0)
        return complain ("%s: %s", link_path, strerror (errno)), false;
    return true;
}

static int
remove_entry (const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void) status;
    (void) place;
    if (type == FTW_DNR)
        chmod (path, 0700);
    remove (path);
    return 0;
}

void
work_remove (const char *work)
{
    /* each time one more level of folders that cannot be read becomes readable */
    for (int tries = 0; tries < MOST_TRIES && access (work, F_OK) == 0; tries++)
        nftw (work, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
