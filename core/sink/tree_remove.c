/* SPDX-License-Identifier: MIT */
/* tree_remove.c - removes a folder with all that is in it. Folders in folders are moved up into the first one
 * before they are emptied, so that no more than two are open at a time and no way becomes long. */
#include "sink/tree_remove.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct remover {
    int top;
    unsigned moved;
    bool changed; /* something was removed or moved in this pass */
    bool left;    /* folders may be left */
    int number;   /* errno of what could not be removed; 0: nothing so far */
};

static DIR *
open_to_list (int folder, const char *name)
{
    int fd = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir (fd);
    if (fd >= 0 && !list)
        close (fd);
    return list;
}

static const char *
next_entry (DIR *list)
{
    const struct dirent *entry;
    do
        entry = readdir (list);
    while (entry && (!strcmp (entry->d_name, ".") || !strcmp (entry->d_name, "..")));
    return entry ? entry->d_name : NULL;
}

/* Removes a file, or a folder without entries. */
static bool
remove_entry (struct remover *remover, int in, const char *name)
{
    bool gone = unlinkat (in, name, 0) == 0 || errno == ENOENT;
    if (!gone && (errno == EISDIR || errno == EPERM))
        gone = unlinkat (in, name, AT_REMOVEDIR) == 0;
    remover->changed = remover->changed || gone;
    return gone;
}

/* A folder changes when it is moved, since it knows the one that it lies in. */
static bool
move_folder (const struct remover *remover, int from, const char *name, const char *other)
{
    return renameat (from, name, remover->top, other) == 0
           || (errno == EACCES && fchmodat (from, name, 0700, AT_SYMLINK_NOFOLLOW) == 0
               && renameat (from, name, remover->top, other) == 0);
}

/* Moves a folder into the first one, under a name that is free. */
static void
move_up (struct remover *remover, int from, const char *name)
{
    char other[40];
    for (unsigned tries = 0; tries < 1000; tries++) {
        snprintf (other, sizeof other, ".tenon-moved-%u", remover->moved++);
        if (move_folder (remover, from, name, other)) {
            remover->changed = true;
            return;
        }
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
            break;
    }
    remover->number = errno;
}

/* Empties a folder of the first one, and moves up its folders that are not empty. */
static void
flatten_folder (struct remover *remover, const char *name)
{
    DIR *list = open_to_list (remover->top, name);
    if (!list && errno == EACCES && fchmodat (remover->top, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
        list = open_to_list (remover->top, name);
    if (!list) {
        remover->number = errno;
        return;
    }
    struct stat status;
    if (fstat (dirfd (list), &status) == 0 && (status.st_mode & 0300) != 0300)
        (void) fchmod (dirfd (list), 0700);
    for (const char *entry; (entry = next_entry (list)) != NULL;)
        if (!remove_entry (remover, dirfd (list), entry)) {
            if (errno == ENOTEMPTY || errno == EEXIST)
                move_up (remover, dirfd (list), entry);
            else
                remover->number = errno;
        }
    closedir (list);
    remove_entry (remover, remover->top, name);
}

static void
remove_once (struct remover *remover, int folder, const char *name)
{
    DIR *list = open_to_list (folder, name);
    if (!list && errno == EACCES && fchmodat (folder, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
        list = open_to_list (folder, name);
    if (!list) {
        remover->number = errno;
        return;
    }
    struct stat status;
    remover->top = dirfd (list);
    if (fstat (remover->top, &status) == 0 && (status.st_mode & 0300) != 0300)
        (void) fchmod (remover->top, 0700);
    for (const char *entry; (entry = next_entry (list)) != NULL;)
        if (!remove_entry (remover, remover->top, entry)) {
            if (errno == ENOTEMPTY || errno == EEXIST)
                flatten_folder (remover, entry);
            else
                remover->number = errno;
            remover->left = true;
        }
    closedir (list);
}

bool
tn_tree_remove (int folder, const char *name)
{
    struct remover remover = { .changed = true };
    while (unlinkat (folder, name, AT_REMOVEDIR) < 0) {
        if (errno == ENOENT)
            return true;
        if ((errno != ENOTEMPTY && errno != EEXIST) || !remover.changed) {
            errno = remover.number ? remover.number : errno;
            return false;
        }
        remover.changed = false;
        remover.number = 0;
        remove_once (&remover, folder, name);
    }
    return true;
}

bool
tn_folder_is_empty (int folder, const char *name)
{
    DIR *list = open_to_list (folder, name);
    bool empty = list && !next_entry (list);
    if (list)
        closedir (list);
    return empty;
}
