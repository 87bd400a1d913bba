/* SPDX-License-Identifier: MIT */
/* tree_file.c - the files of a tree that is being written. */
#include "sink/tree_file.h"
#include "base/io.h"
#include "base/place.h"
#include "sink/atomic_file.h"
#include "sink/rights.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
tn_tree_folder_close (struct tn_tree_folder *folder)
{
    if (folder->into >= 0)
        close (folder->into);
    if (folder->old >= 0)
        close (folder->old);
    free (folder->key);
    *folder = (struct tn_tree_folder){ NULL, -1, -1 };
}

tenon_status
tn_tree_fail_key (const char *key, const char *words, tenon_error *error)
{
    return tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET, "the key '%s' %s", TN_SHOW (key), words);
}

tenon_status
tn_tree_keep_rights (tenon_report *report, int fd, int old, const char *name, mode_t sort, const char *shown,
                     tenon_error *error)
{
    struct tn_destination before = { .folder = old, .name = (char *) (uintptr_t) name };
    struct stat now;
    if (old < 0 || fstatat (old, name, &before.status, AT_SYMLINK_NOFOLLOW) < 0
        || (before.status.st_mode & S_IFMT) != sort)
        return TENON_OK;
    TN_TRY (tn_rights_copy (fd, &before, shown, report, error));
    const mode_t kept = before.status.st_mode & (S_ISGID | S_ISVTX);
    if (sort == S_IFDIR && kept
        && fstat (fd, &now) == 0) /* not those that would make a file run as another */
        (void) fchmod (fd, (now.st_mode & 0777) | kept);
    return TENON_OK;
}

/* True if the old tree has a file of that name: the new one is private until it has the rights of that. */
static bool
has_old_file (const struct tn_tree_folder *folder, const char *name)
{
    struct stat status;
    return folder->old >= 0 && fstatat (folder->old, name, &status, AT_SYMLINK_NOFOLLOW) == 0
           && S_ISREG (status.st_mode);
}

tenon_status
tn_tree_file_make (const struct tn_tree_folder *folder, const char *key, const char *shown, int *fd,
                   tenon_error *error)
{
    const char *name = tn_path_name (key);
    const mode_t mode = has_old_file (folder, name) ? 0600 : 0666;
    do
        *fd = openat (folder->into, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    while (*fd < 0 && errno == EINTR);
    if (*fd < 0 && errno == EEXIST)
        return tn_tree_fail_key (key, "was put before, or is a folder of the tree", error);
    return *fd < 0 ? tn_fail_errno (error, errno, "cannot be made", shown) : TENON_OK;
}

tenon_status
tn_tree_file_end (const struct tn_tree_folder *folder, const struct tn_tree_ending *ending, int *fd,
                  tenon_error *error)
{
    const char *shown = ending->shown;
    TN_TRY (
        tn_tree_keep_rights (ending->report, *fd, folder->old, tn_path_name (shown), S_IFREG, shown, error));
    if (ending->sync && tn_file_sync (*fd) < 0)
        return tn_fail_write (*fd, "cannot be written to the disk", shown, error);
    int closing = *fd;
    *fd = -1;
    if (close (closing) < 0 && errno != EINTR) /* network file systems report a full disk now */
        return tn_fail_errno (error, errno, "cannot be written", shown);
    return TENON_OK;
}
