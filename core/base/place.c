/* SPDX-License-Identifier: MIT */
/* place.c - failures of the system that name the folder in which something failed. */
#include "base/place.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The path of an open file or folder; "" if the system does not tell. */
static void
path_of_descriptor (int fd, char *to, size_t room)
{
    char link[40];
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink (link, to, room - 1);
    to[length > 0 && to[0] == '/' ? length : 0] = 0;
}

void
tn_folder_of (int fd, char *to, size_t room)
{
    path_of_descriptor (fd, to, room);
    char *slash = strrchr (to, '/');
    if (slash)
        slash[slash == to] = 0;
}

tenon_status
tn_fail_in_folder (int folder, const char *what, const char *path, tenon_error *error)
{
    int number = errno;
    char name[512];
    path_of_descriptor (folder, name, sizeof name);
    TN_FREE char *whole = name[0] ? tn_format ("%s in its folder '%s'", what, TN_SHOW (name)) : NULL;
    tn_fail_open (error, number, whole ? whole : what, path);
    if (number == EACCES || number == EROFS || number == EPERM)
        tn_advise (error, "a file is replaced as a whole, by a new one that is made beside it: its folder "
                          "must be writable");
    return error->status;
}

tenon_status
tn_fail_write (int fd, const char *what, const char *path, tenon_error *error)
{
    int number = errno;
    char name[512];
    struct statvfs room;
    struct stat file;
    tn_fail_errno (error, number, what, path);
    if ((number != ENOSPC && number != EDQUOT) || fstat (fd, &file) < 0 || !S_ISREG (file.st_mode))
        return error->status;
    tn_folder_of (fd, name, sizeof name);
    if (name[0] && fstatvfs (fd, &room) == 0)
        tn_advise (error,
                   "the file system of '%.100s' has %llu bytes free; there must be room for the new file "
                   "beside the old one",
                   TN_SHOW (name), (unsigned long long) room.f_bavail * room.f_frsize);
    return error->status;
}

tenon_status
tn_fail_folder (const char *folder, const char *path, tenon_error *error)
{
    int number = errno;
    TN_FREE char *what = tn_format ("its folder '%s' cannot be opened", TN_SHOW (folder));
    return tn_fail_open (error, number, what ? what : "its folder cannot be opened", path);
}
