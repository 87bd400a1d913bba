/* SPDX-License-Identifier: MIT */
/* beneath.c - opens files beneath a folder. Linux resolves the way by itself and keeps it in the folder, even
 * if its folders are renamed meanwhile. Elsewhere each folder on the way is opened, without following links.
 */
#include "source/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#if defined(SYS_openat2) && defined(__has_include)
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#define HAVE_OPENAT2
#endif
#endif
#endif

#define MOST_TRIES 100 /* a way that changes at each moment cannot be kept in its folder: EAGAIN */

/* Of a link that is not followed, wherever it leads: what FreeBSD says of one with O_NOFOLLOW. */
#define LINK_NOT_FOLLOWED EMLINK

const char *
tn_beneath_fault (int number)
{
    switch (number) {
    case ELOOP: return "the symbolic links on the way to it form a loop, or are more than the system follows";
    case EXDEV: return "a symbolic link on the way to it leads out of its folder, and is not followed";
    case EAGAIN: return "folders on the way to it are renamed again and again";
    case LINK_NOT_FOLLOWED:
        return "a symbolic link is on the way to it, and this system cannot tell whether it stays in its "
               "folder";
    default: return NULL;
    }
}

#ifdef HAVE_OPENAT2
/* -1 with ENOSYS or EPERM: the system, or the sandbox around the program, does not have it. */
static int
open_resolved (int folder, const char *key, int flags)
{
    const struct open_how how = { .flags = (uint64_t) (unsigned) flags,
                                  .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    long fd = -1;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        fd = syscall (SYS_openat2, folder, key, &how, sizeof how);
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN))
            break;
    }
    return (int) fd;
}
#endif

static bool
is_link_open (int fd)
{
    struct stat status;
    return fstat (fd, &status) == 0 && S_ISLNK (status.st_mode);
}

/* Opens a name, which is no link. */
static int
open_step (int folder, const char *name, int flags)
{
    int fd;
    struct stat status;
    do
        fd = openat (folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0) { /* with O_PATH a link itself is opened */
        if (!is_link_open (fd))
            return fd;
        close (fd);
        errno = ELOOP;
    }
    int number = errno; /* of a link ELOOP, or ENOTDIR if a folder is wanted */
    if ((number == ELOOP || number == ENOTDIR) && fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        && S_ISLNK (status.st_mode))
        number = LINK_NOT_FOLLOWED;
    errno = number;
    return -1;
}

/* Opens each folder on the way. */
static int
open_walking (int folder, const char *key, int flags)
{
#ifdef O_PATH
    const int through = O_PATH | O_DIRECTORY;
#else
    const int through = O_RDONLY | O_DIRECTORY;
#endif
    int at = folder, fd = -1;
    char name[256];
    for (const char *slash; (slash = strchr (key, '/')) != NULL; key = slash + 1) {
        size_t length = (size_t) (slash - key);
        if (length >= sizeof name)
            errno = ENAMETOOLONG;
        memcpy (name, key, length < sizeof name ? length : 0);
        name[length < sizeof name ? length : 0] = 0;
        fd = length < sizeof name ? open_step (at, name, through) : -1;
        int number = errno;
        if (at != folder)
            close (at);
        errno = number;
        if (fd < 0)
            return -1;
        at = fd;
    }
    fd = open_step (at, key, flags);
    int number = errno;
    if (at != folder)
        close (at);
    errno = number;
    return fd;
}

int
tn_beneath_open (int folder, const char *key, int flags, enum tn_links links)
{
    int fd = -1;
    flags |= O_CLOEXEC;
    if (links == TN_LINKS_OF_NAMES && !strchr (key, '/')) {
        do
            fd = openat (folder, key, flags);
        while (fd < 0 && errno == EINTR);
        return fd;
    }
#ifdef HAVE_OPENAT2
    fd = open_resolved (folder, key, flags);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
#endif
    return open_walking (folder, key, flags);
}
