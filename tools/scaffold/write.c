/* SPDX-License-Identifier: MIT */
/* write.c - makes the folder of a project, with its files. */
#include "message.h"
#include "scaffold/project.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
inner_path (const char *folder, const char *path)
{
    size_t size = strlen (folder) + strlen (path) + 2;
    char *inner = get_memory (NULL, size, 1);
    snprintf (inner, size, "%s/%s", folder, path);
    return inner;
}

/* Writes all bytes to a file that does not exist yet. */
static bool
write_file (const char *path, const char *bytes, size_t size)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    ssize_t done = 0;
    for (size_t at = 0; fd >= 0 && at < size && done >= 0; at += (size_t) done)
        done = write (fd, bytes + at, size - at);
    return fd >= 0 && (close (fd) == 0) & (done >= 0);
}

/* Makes the folders inside the project that the path names. */
static bool
make_folders (const char *folder, char *path)
{
    for (char *at = path + strlen (folder) + 1; (at = strchr (at, '/')); at++) {
        *at = 0;
        int result = mkdir (path, 0777);
        *at = '/';
        if (result < 0 && errno != EEXIST)
            return false;
    }
    return true;
}

static bool
write_inner (const char *folder, const struct scaffold_file *file)
{
    CLEAN (text) char *path = inner_path (folder, file->path);
    if (make_folders (folder, path) && write_file (path, file->bytes, file->size))
        return true;
    complain ("%s: %s", path, strerror (errno));
    return false;
}

/* Removes what was written. A folder that is not empty stays. */
static void
remove_files (const char *folder, const struct scaffold_files *files)
{
    for (size_t i = files->count; i-- > 0;) {
        CLEAN (text) char *path = inner_path (folder, files->items[i].path);
        unlink (path);
        for (char *slash; (slash = strrchr (path, '/')) > path + strlen (folder);) {
            *slash = 0;
            rmdir (path);
        }
    }
    rmdir (folder);
}

bool
scaffold_write (const struct scaffold *scaffold, const struct scaffold_files *files)
{
    const char *folder = scaffold->folder;
    if (mkdir (folder, 0777) < 0) {
        complain ("%s: %s", folder, strerror (errno));
        if (errno == EEXIST)
            hint ("nothing is overwritten: choose another place with --folder, or remove that");
        else if (errno == ENOENT)
            hint ("the folder that it would be in must exist");
        return false;
    }
    for (size_t i = 0; i < files->count; i++)
        if (!write_inner (folder, &files->items[i])) {
            remove_files (folder, files);
            return false;
        }
    return true;
}
