/* SPDX-License-Identifier: MIT */
/* temporary.c - makes the temporary file that will become a file.
 *
 * Temporary files are named after the file that they will become, .NAME.tenon-N.tmp with N = 0, 1, …, so that
 * the next save of that name finds what a crash left behind. The save that writes one holds its lock (flock)
 * until the file has its own name. A save that gets the lock of a temporary file that it did not make knows
 * that its maker has ended, and removes the file:
 *   - a name belongs to a file as long as a save holds that file's lock, since only the holder renames or
 *     removes it;
 *   - between making a file and locking it, another save may take it for an abandoned one. So its maker
 *     checks after locking that the file still has its name, and makes another when it has not. */
#include "sink/temporary.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define MOST_TRIES 10000 /* saves of one name at once, or files that an attacker put there */
#define LITTER_GAP 4     /* numbers that may be free before the search for litter ends */

static void
make_temporary_name (char to[TN_TEMPORARY_SIZE], const char *name, unsigned number)
{
    size_t length = strlen (name), kept = length;
    char hash[20] = "";
    if (length > TN_TEMPORARY_KEEPS) {
        uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a */
        for (const char *at = name; *at; at++)
            sum = (sum ^ (uint8_t) *at) * 0x100000001b3u;
        snprintf (hash, sizeof hash, "~%016llx", (unsigned long long) sum);
        kept = TN_TEMPORARY_KEEPS - 17;
        while (kept > 0
               && ((uint8_t) name[kept] & 0xc0) == 0x80) /* some file systems require whole characters */
            kept--;
    }
    snprintf (to, TN_TEMPORARY_SIZE, ".%.*s%s.tenon-%u.tmp", (int) kept, name, hash, number);
}

static bool
file_has_name (int fd, int folder, const char *name)
{
    struct stat ours, named;
    return fstat (fd, &ours) == 0 && fstatat (folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
           && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* 1: locked, 0: another process holds the lock, -1: this file system has no locks. */
static int
lock_file (int fd)
{
    int result;
    do
        result = flock (fd, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    return result == 0 ? 1 : errno == EWOULDBLOCK ? 0 : -1;
}

enum found { NOTHING, HELD, REMOVED };

/* Removes a temporary file whose maker is dead. */
static enum found
remove_litter (int folder, const char *temporary)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = openat (folder, temporary,
                     O_RDWR | flags); /* network file systems lock only what is open for writing */
    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = openat (folder, temporary, O_RDONLY | flags);
    if (fd < 0)
        return errno == ENOENT ? NOTHING : HELD;
    struct stat status;
    enum found found = HELD;
    if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && lock_file (fd) > 0) {
        if (!file_has_name (fd, folder, temporary))
            found = REMOVED; /* another process removed or renamed it: try the name again */
        else if (unlinkat (folder, temporary, 0) == 0)
            found = REMOVED;
    }
    close (fd);
    return found;
}

/* Removes the litter of numbers beyond that of the new file. */
static void
remove_more_litter (const struct tn_destination *destination, unsigned number)
{
    char temporary[TN_TEMPORARY_SIZE];
    for (unsigned gap = 0; gap < LITTER_GAP && number < MOST_TRIES;) {
        make_temporary_name (temporary, destination->name, ++number);
        gap = remove_litter (destination->folder, temporary) == NOTHING ? gap + 1 : 0;
    }
}

tenon_status
tn_temporary_make (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE], int *fd,
                   tenon_error *error)
{
    /* The replaced file may be private, so the temporary file must be private until it has its mode. */
    mode_t mode = destination->exists ? 0600 : 0666;
    unsigned number = 0;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        make_temporary_name (temporary, destination->name, number);
        *fd =
            openat (destination->folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (*fd >= 0 && lock_file (*fd) != 0 && file_has_name (*fd, destination->folder, temporary)) {
            remove_more_litter (destination, number);
            return TENON_OK;
        }
        if (*fd >= 0)
            close (*fd); /* another save takes it for litter, and removes it */
        else if (errno == EEXIST)
            number += remove_litter (destination->folder, temporary) == HELD;
        else if (errno != EINTR)
            return tn_fail_errno (error, errno, "no temporary file can be made beside it", NULL);
    }
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "no temporary file can be made beside it: %u names are taken, the last is '%s'", number,
                    temporary);
}

void
tn_temporary_remove (const struct tn_destination *destination, const char *temporary, int fd)
{
    if (file_has_name (fd, destination->folder, temporary))
        unlinkat (destination->folder, temporary, 0);
}
