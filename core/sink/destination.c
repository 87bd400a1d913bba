/* SPDX-License-Identifier: MIT */
/* destination.c - finds the file that a path means. */
#include "sink/destination.h"
#include "base/place.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MOST_LINKS 40     /* as Linux has it */
#define LONGEST_LINK 4096 /* bytes */

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

/* Opens the folder of `way` and leaves the bare name in *name, which points into `way`. */
static tenon_status
enter_folder (struct tn_destination *destination, int start, char *way, const char **name, const char *path,
              tenon_error *error)
{
    char *slash = strrchr (way, '/');
    if (!slash && destination->folder >= 0) {
        *name = way;
        return TENON_OK;
    }
    *name = slash ? slash + 1 : way;
    char first = way[0];
    if (slash)
        *slash = 0;
    const char *folder = !slash ? "." : slash == way && first == '/' ? "/" : way;
    int fd = tn_folder_open (destination->folder >= 0 ? destination->folder : start, folder);
    if (fd < 0)
        return tn_fail_folder (folder, path, error);
    if (destination->folder >= 0)
        close (destination->folder);
    destination->folder = fd;
    return TENON_OK;
}

static tenon_status
fail_folder (const char *path, tenon_error *error)
{
    tn_fail_in (error, path, NULL);
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "cannot be written: it is a folder; name a file in it");
}

/* Follows links to the folder and the name of the file itself. */
static tenon_status
follow_links (struct tn_destination *destination, int start, const char *path, tenon_error *error)
{
    TN_FREE char *text = malloc (LONGEST_LINK);
    TN_FREE char *way = tn_strndup (path, strlen (path));
    for (unsigned links = 0; links <= MOST_LINKS; links++) {
        const char *name;
        if (!way || !text)
            return tn_fail_memory (error);
        TN_TRY (enter_folder (destination, start, way, &name, path, error));
        if (!name[0] || !strcmp (name, ".") || !strcmp (name, ".."))
            return fail_folder (path, error);
        ssize_t length = readlinkat (destination->folder, name, text, LONGEST_LINK);
        if (length < 0 && (errno == EINVAL || errno == ENOENT)) {
            destination->name = tn_strndup (name, strlen (name));
            return destination->name ? TENON_OK : tn_fail_memory (error);
        }
        if (length < 0 || length == LONGEST_LINK)
            return tn_fail_errno (error, length < 0 ? errno : ENAMETOOLONG, "cannot be written", path);
        free (way);
        way = tn_strndup (text, (size_t) length);
    }
    return tn_fail_errno (error, ELOOP, "cannot be written", path);
}

/* Looks whether something has the name. */
static tenon_status
look_for_old (struct tn_destination *destination, const char *path, tenon_error *error)
{
    destination->exists =
        fstatat (destination->folder, destination->name, &destination->status, AT_SYMLINK_NOFOLLOW) == 0;
    return destination->exists || errno == ENOENT ? TENON_OK
                                                  : tn_fail_open (error, errno, "cannot be written", path);
}

/* Replacing needs no right to write the old file, but a read-only file was made read-only on purpose. */
static tenon_status
check_access (const struct tn_destination *destination, const char *path, tenon_error *error)
{
    bool refused = faccessat (destination->folder, destination->name, W_OK, AT_EACCESS) < 0
                   && (errno == EACCES || errno == EROFS);
    return refused ? tn_fail_open (error, errno, "cannot be written", path) : TENON_OK;
}

tenon_status
tn_destination_examine (struct tn_destination *destination, const char *path, tenon_error *error)
{
    TN_TRY (look_for_old (destination, path, error));
    if (!destination->exists)
        return TENON_OK;
    if (S_ISDIR (destination->status.st_mode))
        return fail_folder (path, error);
    if (!S_ISREG (destination->status.st_mode))
        return tn_fail_errno (error, EINVAL, "cannot be written", path);
    return check_access (destination, path, error);
}

tenon_status
tn_destination_find (int start, const char *path, struct tn_destination *destination, tenon_error *error)
{
    *destination = (struct tn_destination){ .folder = -1 };
    /* The system is asked first, since it refuses to follow some links, such as another user's in /tmp, and
     * follows others, such as /dev/stdout, not by their text. */
    bool exists = fstatat (start, path, &destination->status, 0) == 0;
    if (!exists && errno != ENOENT)
        return tn_fail_open (error, errno, "cannot be written", path);
    if (exists && S_ISDIR (destination->status.st_mode))
        return fail_folder (path, error);
    if (exists && !S_ISREG (destination->status.st_mode)) {
        destination->exists = destination->direct = true;
        return TENON_OK;
    }
    if (!path[0])
        return tn_fail_open (error, ENOENT, "cannot be written", path);
    tenon_status status = follow_links (destination, start, path, error);
    if (status == TENON_OK)
        status = tn_destination_examine (destination, path, error);
    if (status == TENON_OK && !destination->exists && exists && start == AT_FDCWD
        && fstatat (AT_FDCWD, path, &destination->status, 0) == 0) {
        /* /proc/self/fd/N of a removed file: the link's text is no path */
        tn_fail_in (error, path, NULL);
        status = tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                          "cannot be written: the file that it leads to has no name");
    }
    if (status < 0)
        tn_destination_close (destination);
    return status;
}

tenon_status
tn_destination_examine_folder (struct tn_destination *destination, const char *path, tenon_error *error)
{
    TN_TRY (look_for_old (destination, path, error));
    if (!destination->exists)
        return TENON_OK;
    if (!S_ISDIR (destination->status.st_mode)) {
        tn_fail_in (error, path, NULL);
        return tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET,
                        "cannot be written: a folder is to get this name, and a file has it");
    }
    return check_access (destination, path, error);
}

tenon_status
tn_destination_find_folder (const char *path, struct tn_destination *destination, tenon_error *error)
{
    size_t length = strlen (path);
    *destination = (struct tn_destination){ .folder = -1 };
    while (length > 1 && path[length - 1] == '/')
        length--;
    TN_FREE char *way = tn_strndup (path, length);
    if (!way)
        return tn_fail_memory (error);
    const char *slash = strrchr (way, '/'), *name = slash ? slash + 1 : way;
    if (!way[0])
        return tn_fail_open (error, ENOENT, "cannot be written", path);
    if (!name[0] || !strcmp (name, ".") || !strcmp (name, "..")) {
        tn_fail_in (error, path, NULL);
        return tn_fail (
            error, TENON_E_IO, TN_NO_OFFSET,
            "cannot be written: a folder is replaced as a whole, so it must be given by its name");
    }
    tenon_status status = follow_links (destination, AT_FDCWD, way, error);
    if (status == TENON_OK)
        status = tn_destination_examine_folder (destination, path, error);
    if (status < 0)
        tn_destination_close (destination);
    return status;
}

void
tn_destination_close (struct tn_destination *destination)
{
    if (destination->folder >= 0 && !destination->shares_folder)
        close (destination->folder);
    free (destination->name);
    *destination = (struct tn_destination){ .folder = -1 };
}

bool
tn_folder_same (int one, int other)
{
    struct stat a, b;
    return fstat (one, &a) == 0 && fstat (other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}
