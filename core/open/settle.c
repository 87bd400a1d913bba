/* SPDX-License-Identifier: MIT */
/* settle.c - looks for journals of a set, and for files that were replaced while it was opened. */
#include "open/settle.h"
#include "base/io.h"
#include "sink/lock.h"
#include "sink/tree_swap.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct settling {
    struct tn_lock_options options;
    int folder;
    bool found;
};

static tenon_status
settle_name (void *user, const char *name, tenon_error *error)
{
    struct settling *settling = user;
    bool found;
    tenon_status status = tn_lock_settle (settling->folder, name, &settling->options, &found, error);
    settling->found = settling->found || found;
    return status;
}

static tenon_status
settle_file (void *user, int folder, const char *name, tenon_error *error)
{
    struct settling *settling = user;
    size_t length = strlen (name), size = sizeof "." TN_LOCK_SUFFIX - 1;
    bool found;
    if (name[0] != '.' || length <= size || strcmp (name + length - size, "." TN_LOCK_SUFFIX) != 0)
        return TENON_OK;
    tenon_status status = tn_lock_settle_file (folder, name, &settling->options, &found, error);
    settling->found = settling->found || found;
    return status;
}

static int
open_folder_of (const char *path)
{
    const char *name = tn_path_name (path);
    TN_FREE char *folder = name > path ? tn_strndup (path, (size_t) (name - path)) : tn_strndup (".", 1);
    return folder ? tn_folder_open (AT_FDCWD, folder) : -1;
}

/* A failure to settle explains what opening met, and takes the place of its failure. False: there was one. */
static bool
settle_names (const tenon_context *context, const char *path, const tenon_progress *progress, bool *again,
              tenon_error *error)
{
    struct settling settling = { .folder = open_folder_of (path) };
    tenon_error why = TENON_ERROR_INIT;
    tn_lock_configure (context, TENON_LOCK_CONFIGURED, progress, &settling.options);
    if (settling.folder < 0)
        return true;
    tn_set_names (context, tn_path_name (path), settle_name, &settling, &why);
    close (settling.folder);
    *again = why.status == TENON_OK && settling.found;
    if (why.status < 0)
        *error = why;
    tn_fail_in (error, why.status < 0 ? path : NULL, NULL);
    return why.status == TENON_OK;
}

/* A save of a tree that was interrupted between two renames left it without its name. True: it has it back.
 */
static bool
settle_tree (const tenon_context *context, const char *path, const tenon_progress *progress)
{
    struct tn_lock_options options;
    struct tn_lock lock = TN_LOCK_INIT;
    tenon_error ignored = TENON_ERROR_INIT;
    size_t length = strlen (path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    TN_FREE char *plain = tn_strndup (path, length);
    int folder = plain ? open_folder_of (plain) : -1;
    bool settled = false;
    tn_lock_configure (context, TENON_LOCK_CONFIGURED, progress, &options);
    if (folder >= 0 && tn_tree_is_unsettled (folder, tn_path_name (plain))
        && tn_lock_take (&lock, folder, tn_path_name (plain), &options, &ignored) == TENON_OK)
        settled = tn_tree_settle (folder, tn_path_name (plain));
    tn_lock_release (&lock);
    if (folder >= 0)
        close (folder);
    return settled;
}

/* True if the path leads to another file than the open one. */
static bool
is_replaced (const char *path, int fd)
{
    struct stat opened, now;
    return fstat (fd, &opened) == 0 && stat (path, &now) == 0
           && (opened.st_dev != now.st_dev || opened.st_ino != now.st_ino);
}

tenon_status
tn_settle_set (const tenon_context *context, const struct tn_shards *set, const struct tn_catalog *catalog,
               const tenon_progress *progress, bool *again, tenon_error *error)
{
    if (context->lock != TN_LOCK_NONE && settle_names (context, set->path, progress, again, error) && !*again
        && catalog->source_count > 0)
        *again = is_replaced (set->path, catalog->sources[0]->fd);
    return error->status;
}

tenon_status
tn_settle_path (const tenon_context *context, const char *path, bool missing, const tenon_progress *progress,
                bool *again, tenon_error *error)
{
    struct settling settling = { .folder = -1 };
    tenon_error why = TENON_ERROR_INIT;
    struct stat status;
    if (context->lock == TN_LOCK_NONE || !path[0])
        return error->status;
    bool exists = stat (path, &status) == 0;
    if (!exists && settle_tree (context, path, progress)) {
        *again = true;
        return error->status;
    }
    if (!exists || !S_ISDIR (status.st_mode)) {
        if (settle_names (context, path, progress, again, error) && exists && missing)
            *again = true; /* it got its name just now */
        return error->status;
    }
    tn_lock_configure (context, TENON_LOCK_CONFIGURED, progress, &settling.options);
    tn_source_list (path, settle_file, &settling, &why);
    *again = why.status == TENON_OK && settling.found;
    if (why.status < 0 && why.status != TENON_E_IO && why.status != TENON_E_NOT_FOUND)
        *error = why;
    return error->status;
}
