/* SPDX-License-Identifier: MIT */
/* tree_swap.c - gives a folder the name of another one, in one step. */
#include "sink/tree_swap.h"
#include "sink/journal.h"
#include "sink/tree_remove.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD_SUFFIX "tenon-old.tmp"

/* -1 with EINVAL, ENOSYS or ENOTSUP: the system cannot. */
static int
exchange_names (int folder, const char *one, const char *other)
{
#if defined(RENAME_EXCHANGE)
    return renameat2 (folder, one, folder, other, RENAME_EXCHANGE);
#elif defined(RENAME_SWAP)
    return renameatx_np (folder, one, folder, other, RENAME_SWAP);
#else
    (void) folder, (void) one, (void) other;
    errno = ENOSYS;
    return -1;
#endif
}

static bool
is_folder_named (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode);
}

static bool
is_name_taken (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static tenon_status
swap_in_two_steps (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE],
                   tenon_error *error)
{
    char old[TN_TEMPORARY_SIZE];
    const int folder = destination->folder;
    tn_hidden_name (old, destination->name, OLD_SUFFIX);
    if (renameat (folder, destination->name, folder, old) < 0)
        return tn_fail_errno (error, errno, "the old folder cannot be moved out of the way", NULL);
    if (renameat (folder, temporary, folder, destination->name) < 0) {
        int number = errno;
        (void) renameat (folder, old, folder, destination->name); /* else the next program does it */
        return tn_fail_errno (error, number, "the finished folder cannot get its name", NULL);
    }
    snprintf (temporary, TN_TEMPORARY_SIZE, "%s", old);
    return TENON_OK;
}

tenon_status
tn_tree_swap (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE], tenon_error *error)
{
    if (exchange_names (destination->folder, temporary, destination->name) == 0)
        return TENON_OK;
    if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP || errno == EOPNOTSUPP)
        return swap_in_two_steps (destination, temporary, error);
    return tn_fail_errno (error, errno, "the finished folder cannot get its name", NULL);
}

bool
tn_tree_settle (int folder, const char *name)
{
    char old[TN_TEMPORARY_SIZE];
    struct stat status;
    tn_hidden_name (old, name, OLD_SUFFIX);
    if (fstatat (folder, old, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR (status.st_mode)
        || status.st_uid != geteuid ())
        return false;
    if (!is_name_taken (folder, name))
        return tn_rename_new (folder, old, name) == 0;
    if (is_folder_named (folder, name))
        tn_tree_remove (folder, old);
    return false;
}

bool
tn_tree_is_unsettled (int folder, const char *name)
{
    char old[TN_TEMPORARY_SIZE];
    struct stat status;
    tn_hidden_name (old, name, OLD_SUFFIX);
    return !is_name_taken (folder, name) && fstatat (folder, old, &status, AT_SYMLINK_NOFOLLOW) == 0
           && S_ISDIR (status.st_mode) && status.st_uid == geteuid ();
}
