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
#include "base/place.h"
#include "sink/tree_remove.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define MOST_TRIES 10000 /* saves of one name at once, or files that an attacker put there */
#define LITTER_GAP 4     /* numbers that may be free before the search for litter ends */

void
tn_hidden_name (char to[TN_TEMPORARY_SIZE], const char *name, const char *suffix)
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
    snprintf (to, TN_TEMPORARY_SIZE, ".%.*s%s.%s", (int) kept, name, hash, suffix);
}

static void
make_temporary_name (char to[TN_TEMPORARY_SIZE], const char *name, bool of_set, unsigned number)
{
    char suffix[40];
    snprintf (suffix, sizeof suffix, "tenon-%s%u.tmp", of_set ? "set-" : "", number);
    tn_hidden_name (to, name, suffix);
}

bool
tn_temporary_is_of (const char *temporary, const char *name)
{
    char beginning[TN_TEMPORARY_SIZE];
    tn_hidden_name (beginning, name, "tenon-");
    size_t length = strlen (beginning);
    if (strncmp (temporary, beginning, length) != 0)
        return false;
    const char *rest = temporary + length;
    rest += strncmp (rest, "set-", 4) == 0 ? 4 : 0;
    size_t digits = strspn (rest, "0123456789");
    return digits > 0 && strcmp (rest + digits, ".tmp") == 0;
}

bool
tn_file_has_name (int fd, int folder, const char *name)
{
    struct stat ours, named;
    return fstat (fd, &ours) == 0 && fstatat (folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
           && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int
tn_file_lock (int fd)
{
    int result;
    do
        result = flock (fd, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    return result == 0 ? 1 : errno == EWOULDBLOCK ? 0 : -1;
}

int
tn_file_open_hidden (int folder, const char *name)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    /* network file systems lock only a file that is open for writing */
    int fd = openat (folder, name, O_RDWR | flags);
    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = openat (folder, name, O_RDONLY | flags);
    return fd;
}

/* A journal may need the temporary files that its dead maker left. */
static bool
has_journal (int folder, const char *journal)
{
    struct stat status;
    return journal && fstatat (folder, journal, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0;
}

enum tn_found
tn_litter_remove (int folder, const char *temporary, const char *journal)
{
    int fd = tn_file_open_hidden (folder, temporary);
    if (fd < 0 && errno == EISDIR)
        fd = openat (folder, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? TN_FOUND_NONE : TN_FOUND_HELD;
    struct stat status;
    enum tn_found found = TN_FOUND_HELD;
    bool known = fstat (fd, &status) == 0, is_tree = known && S_ISDIR (status.st_mode);
    if (known && (S_ISREG (status.st_mode) || is_tree) && tn_file_lock (fd) > 0) {
        if (!tn_file_has_name (fd, folder, temporary))
            found = TN_FOUND_REMOVED; /* another process removed or renamed it: try the name again */
        else if (!has_journal (folder, journal)
                 && (is_tree ? tn_tree_remove (folder, temporary) : unlinkat (folder, temporary, 0) == 0))
            found = TN_FOUND_REMOVED;
    }
    close (fd);
    return found;
}

void
tn_temporary_clean (const struct tn_destination *destination, bool of_set, unsigned number)
{
    char temporary[TN_TEMPORARY_SIZE], journal[TN_TEMPORARY_SIZE];
    tn_hidden_name (journal, destination->name, TN_LOCK_SUFFIX);
    for (unsigned gap = 0; gap < LITTER_GAP && number < MOST_TRIES;) {
        make_temporary_name (temporary, destination->name, of_set, number++);
        gap = tn_litter_remove (destination->folder, temporary, journal) == TN_FOUND_NONE ? gap + 1 : 0;
    }
}

tenon_status
tn_temporary_make (const struct tn_destination *destination, bool of_set, char temporary[TN_TEMPORARY_SIZE],
                   int *fd, tenon_error *error)
{
    /* The replaced file may be private, so the temporary file must be private until it has its mode. */
    mode_t mode = destination->exists ? 0600 : 0666;
    char journal[TN_TEMPORARY_SIZE];
    tn_hidden_name (journal, destination->name, TN_LOCK_SUFFIX);
    unsigned number = 0;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        make_temporary_name (temporary, destination->name, of_set, number);
        *fd =
            openat (destination->folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (*fd >= 0 && tn_file_lock (*fd) != 0 && tn_file_has_name (*fd, destination->folder, temporary)) {
            if (!of_set)
                tn_temporary_clean (destination, false, number + 1);
            return TENON_OK;
        }
        if (*fd >= 0)
            close (*fd); /* another save takes it for litter, and removes it */
        else if (errno == EEXIST)
            number += of_set || tn_litter_remove (destination->folder, temporary, journal) == TN_FOUND_HELD;
        else if (errno != EINTR)
            return tn_fail_in_folder (destination->folder, "no temporary file can be made", NULL, error);
    }
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "no temporary file can be made beside it: %u names are taken, the last is '%s'", number,
                    temporary);
}

/* Makes a folder. -1: errno says why. */
static int
make_private_folder (const struct tn_destination *destination, const char *temporary)
{
    if (mkdirat (destination->folder, temporary, destination->exists ? 0700 : 0777) < 0)
        return -1;
    int fd = openat (destination->folder, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    int number = errno == ENOENT ? EINTR : errno; /* ENOENT: another save took it for litter */
    if (number != EINTR)
        (void) unlinkat (destination->folder, temporary, AT_REMOVEDIR);
    errno = number;
    return -1;
}

tenon_status
tn_temporary_make_folder (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE],
                          int *fd, tenon_error *error)
{
    unsigned number = 0;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        make_temporary_name (temporary, destination->name, false, number);
        *fd = make_private_folder (destination, temporary);
        if (*fd >= 0 && tn_file_lock (*fd) != 0 && tn_file_has_name (*fd, destination->folder, temporary)) {
            tn_temporary_clean (destination, false, number + 1);
            return TENON_OK;
        }
        if (*fd >= 0)
            close (*fd);
        else if (errno == EEXIST)
            number += tn_litter_remove (destination->folder, temporary, NULL) == TN_FOUND_HELD;
        else if (errno != EINTR)
            return tn_fail_in_folder (destination->folder, "no temporary folder can be made", NULL, error);
    }
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "no temporary folder can be made beside it: %u names are taken, the last is '%s'", number,
                    temporary);
}

void
tn_temporary_remove (const struct tn_destination *destination, const char *temporary, int fd)
{
    if (tn_file_has_name (fd, destination->folder, temporary))
        unlinkat (destination->folder, temporary, 0);
}
