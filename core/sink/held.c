/* SPDX-License-Identifier: MIT */
/* held.c - closes the descriptors of written shards, and keeps their locks. */
#include "sink/held.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

tenon_status
tn_held_begin (struct tn_held *held, int *fd, const char *name, tenon_error *error)
{
#ifdef __linux__
    if (fstat (*fd, &held->identity) < 0)
        return tn_fail_errno (error, errno, "cannot be examined", name);
    /* no byte of it is ever touched, so it may lie behind the end of an empty file */
    void *map = mmap (NULL, 1, PROT_READ, MAP_SHARED, *fd, 0);
    if (map == MAP_FAILED)
        return TENON_OK;
    held->map = map;
    int closed = close (*fd);
    *fd = -1;
    /* network file systems report a full disk here */
    if (closed < 0 && errno != EINTR)
        return tn_fail_errno (error, errno, "cannot be written", name);
#else
    (void) held, (void) fd, (void) name, (void) error;
#endif
    return TENON_OK;
}

static bool
is_it (const struct tn_held *held, const struct stat *status)
{
    return status->st_dev == held->identity.st_dev && status->st_ino == held->identity.st_ino;
}

tenon_status
tn_held_open (const struct tn_held *held, const struct tn_destination *destination, const char *temporary,
              const char *name, int *fd, tenon_error *error)
{
    struct stat status;
    *fd = openat (destination->folder, temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd >= 0 && fstat (*fd, &status) == 0 && is_it (held, &status))
        return TENON_OK;
    int number = *fd < 0 ? errno : ESTALE;
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
    return tn_fail_errno (error, number, "its temporary file cannot be opened again", name);
}

void
tn_held_remove (const struct tn_held *held, const struct tn_destination *destination, const char *temporary)
{
    struct stat status;
    if (fstatat (destination->folder, temporary, &status, AT_SYMLINK_NOFOLLOW) == 0 && is_it (held, &status))
        unlinkat (destination->folder, temporary, 0);
}

void
tn_held_end (struct tn_held *held)
{
    if (held->map)
        munmap (held->map, 1);
    held->map = NULL;
}
