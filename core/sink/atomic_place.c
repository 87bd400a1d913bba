/* SPDX-License-Identifier: MIT */
/* atomic_place.c - finds the file that a path means, and makes the temporary file that will become it.
 *
 * Temporary files are named after the file that they will become, .NAME.tenon-N.tmp with N = 0, 1, …, so that
 * the next save of that name finds what a crash left behind. Who writes one holds its lock (flock) until it
 * has its own name. Who has the lock of a temporary file that he did not make knows that its maker is dead
 * and may remove it:
 *   - a name belongs to a file as long as somebody has that file's lock, since only the holder renames or
 * removes it;
 *   - between making a file and locking it, another save may take it for a dead one's. So its maker looks
 * after locking whether it still has its name, and makes another when it has not. */
#include "sink/atomic_place.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define MOST_LINKS 40    /* as Linux has it */
#define MOST_TRIES 10000 /* saves of one name at once, or an opponent's traps */
#define LITTER_GAP 4     /* numbers that may be free before the search for litter ends */

/* ---- places ---- */

int
tn_folder_open (int start, const char *path)
{
    int fd;
    do
        fd = openat (start, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
#ifdef O_PATH
    if (fd < 0 && errno == EACCES)
        fd = openat (start, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
#endif
    return fd;
}

/* Enters the folder part of `way` and leaves the rest in *name, which points into `way`. */
static tenon_status
enter_folder (struct tn_destination *place, int start, char *way, const char **name, const char *path,
              tenon_error *error)
{
    char *slash = strrchr (way, '/');
    if (!slash && place->folder >= 0) {
        *name = way;
        return TENON_OK;
    }
    *name = slash ? slash + 1 : way;
    char first = way[0];
    if (slash)
        *slash = 0;
    const char *folder = !slash ? "." : slash == way && first == '/' ? "/" : way;
    int fd = tn_folder_open (place->folder >= 0 ? place->folder : start, folder);
    if (fd < 0)
        return tn_fail_errno (error, errno, "its folder cannot be opened", path);
    if (place->folder >= 0)
        close (place->folder);
    place->folder = fd;
    return TENON_OK;
}

static tenon_status
is_folder (const char *path, tenon_error *error)
{
    tn_fail_in (error, path, NULL);
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "cannot be written: it names a folder");
}

/* From link to link to the folder and the name of the file itself. */
static tenon_status
walk (struct tn_destination *place, int start, const char *path, tenon_error *error)
{
    char text[4096];
    TN_FREE char *way = tn_strndup (path, strlen (path));
    for (unsigned links = 0; links <= MOST_LINKS; links++) {
        const char *name;
        if (!way)
            return tn_fail_memory (error);
        TN_TRY (enter_folder (place, start, way, &name, path, error));
        if (!name[0] || !strcmp (name, ".") || !strcmp (name, ".."))
            return is_folder (path, error);
        ssize_t length = readlinkat (place->folder, name, text, sizeof text);
        if (length < 0 && (errno == EINVAL || errno == ENOENT)) {
            place->name = tn_strndup (name, strlen (name));
            return place->name ? TENON_OK : tn_fail_memory (error);
        }
        if (length < 0 || length == (ssize_t) sizeof text)
            return tn_fail_errno (error, length < 0 ? errno : ENAMETOOLONG, "cannot be written", path);
        free (way);
        way = tn_strndup (text, (size_t) length);
    }
    return tn_fail_errno (error, ELOOP, "cannot be written", path);
}

/* What is at the end of the links. Somebody may put another file there at any time: what counts is what is
 * there when it is looked at here. */
static tenon_status
look (struct tn_destination *place, const char *path, bool existed, tenon_error *error)
{
    place->exists = fstatat (place->folder, place->name, &place->status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!place->exists && errno != ENOENT)
        return tn_fail_errno (error, errno, "cannot be written", path);
    if (!place->exists && existed) {
        /* /proc/self/fd/N of a removed file: the link's text is no path */
        struct stat again;
        if (fstatat (AT_FDCWD, path, &again, 0) == 0) {
            tn_fail_in (error, path, NULL);
            return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                            "cannot be written: the file that it leads to has no name");
        }
    }
    if (!place->exists)
        return TENON_OK;
    if (S_ISDIR (place->status.st_mode))
        return is_folder (path, error);
    if (!S_ISREG (place->status.st_mode))
        return tn_fail_errno (error, EINVAL, "cannot be written", path);
    /* Replacing needs no right to write the old file, but who protected it means what he did. */
    if (faccessat (place->folder, place->name, W_OK, AT_EACCESS) < 0 && (errno == EACCES || errno == EROFS))
        return tn_fail_errno (error, errno, "cannot be written", path);
    return TENON_OK;
}

tenon_status
tn_destination_find (int start, const char *path, struct tn_destination *place, tenon_error *error)
{
    *place = (struct tn_destination){ .folder = -1 };
    /* Asking the system first leaves it the say on links that it does not follow, such as a stranger's in
     * /tmp, and on those that are not followed by their text, such as /dev/stdout. */
    bool exists = fstatat (start, path, &place->status, 0) == 0;
    if (!exists && errno != ENOENT)
        return tn_fail_errno (error, errno, "cannot be written", path);
    if (exists && S_ISDIR (place->status.st_mode))
        return is_folder (path, error);
    if (exists && !S_ISREG (place->status.st_mode)) {
        place->exists = place->straight = true;
        return TENON_OK;
    }
    if (!path[0])
        return tn_fail_errno (error, ENOENT, "cannot be written", path);
    tenon_status status = walk (place, start, path, error);
    if (status == TENON_OK)
        status = look (place, path, exists && start == AT_FDCWD, error);
    if (status < 0)
        tn_destination_leave (place);
    return status;
}

void
tn_destination_leave (struct tn_destination *place)
{
    if (place->folder >= 0 && !place->borrowed)
        close (place->folder);
    free (place->name);
    *place = (struct tn_destination){ .folder = -1 };
}

bool
tn_same_folder (int one, int other)
{
    struct stat a, b;
    return fstat (one, &a) == 0 && fstat (other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* ---- temporary files ---- */

static void
temporary_name (char to[TN_TEMPORARY_SIZE], const char *name, unsigned number)
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
               && ((uint8_t) name[kept] & 0xc0) == 0x80) /* some file systems want whole characters */
            kept--;
    }
    snprintf (to, TN_TEMPORARY_SIZE, ".%.*s%s.tenon-%u.tmp", (int) kept, name, hash, number);
}

static bool
has_name (int fd, int folder, const char *name)
{
    struct stat ours, named;
    return fstat (fd, &ours) == 0 && fstatat (folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
           && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* 1: locked, 0: somebody else has it, -1: this file system has no locks. */
static int
lock (int fd)
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
    if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && lock (fd) > 0) {
        if (!has_name (fd, folder, temporary))
            found = REMOVED; /* by somebody else, or it got its own name: look again */
        else if (unlinkat (folder, temporary, 0) == 0)
            found = REMOVED;
    }
    close (fd);
    return found;
}

/* What else was left behind, beyond the number that we got. */
static void
remove_more_litter (const struct tn_destination *place, unsigned number)
{
    char temporary[TN_TEMPORARY_SIZE];
    for (unsigned gap = 0; gap < LITTER_GAP && number < MOST_TRIES;) {
        temporary_name (temporary, place->name, ++number);
        gap = remove_litter (place->folder, temporary) == NOTHING ? gap + 1 : 0;
    }
}

tenon_status
tn_temporary_make (const struct tn_destination *place, char temporary[TN_TEMPORARY_SIZE], int *fd,
                   tenon_error *error)
{
    /* A file that will replace one that not everybody may read must not be readable meanwhile. */
    mode_t mode = place->exists ? 0600 : 0666;
    unsigned number = 0;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        temporary_name (temporary, place->name, number);
        *fd = openat (place->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (*fd >= 0 && lock (*fd) != 0 && has_name (*fd, place->folder, temporary)) {
            remove_more_litter (place, number);
            return TENON_OK;
        }
        if (*fd >= 0)
            close (*fd); /* another save took it for litter, and removes it */
        else if (errno == EEXIST)
            number += remove_litter (place->folder, temporary) == HELD;
        else if (errno != EINTR)
            return tn_fail_errno (error, errno, "no temporary file can be made beside it", NULL);
    }
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "no temporary file can be made beside it: %u names are taken, the last is '%s'", number,
                    temporary);
}

void
tn_temporary_remove (const struct tn_destination *place, const char *temporary, int fd)
{
    if (has_name (fd, place->folder, temporary))
        unlinkat (place->folder, temporary, 0);
}
