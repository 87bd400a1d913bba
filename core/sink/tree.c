/* SPDX-License-Identifier: MIT */
/* tree.c - folders that appear whole or not at all. */
#include "sink/tree.h"
#include "base/io.h"
#include "base/key.h"
#include "base/place.h"
#include "base/report.h"
#include "sink/atomic_file.h"
#include "sink/journal.h"
#include "sink/rights.h"
#include "sink/tree_remove.h"
#include "sink/tree_swap.h"
#include "source/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct tn_tree {
    struct tn_tree_options options;
    char *path; /* of the target, for messages */
    struct tn_destination destination;
    char temporary[TN_TEMPORARY_SIZE]; /* of the new tree, then of the old one; "": neither */
    int root;                          /* of the new tree: locked */
    int old;                           /* of the old tree; -1: there is none */
    char **folders;                    /* keys of the folders that were made */
    uint64_t count, room;
    char *inside;         /* the key of the folder of the last file; "": the root; NULL: there was no file */
    int into, old_into;   /* that folder, and the same one of the old tree; -1: there is none */
    char *name;           /* of the file that is being written, with the path of the tree, for messages */
    struct tn_sink *sink; /* NULL: no file is being written */
    struct tn_lock lock;
};

static void
close_descriptor (int *fd)
{
    if (*fd >= 0)
        close (*fd);
    *fd = -1;
}

static void
drop_file (struct tn_tree *tree)
{
    if (tree->sink)
        close_descriptor (&tree->sink->fd);
    tn_file_sink_free (tree->sink);
    tree->sink = NULL;
    free (tree->name);
    tree->name = NULL;
}

void
tn_tree_abort (struct tn_tree *tree)
{
    if (!tree)
        return;
    drop_file (tree);
    close_descriptor (&tree->into);
    close_descriptor (&tree->old_into);
    close_descriptor (&tree->old);
    if (tree->temporary[0])
        tn_tree_remove (tree->destination.folder, tree->temporary);
    close_descriptor (&tree->root);
    tn_lock_release (&tree->lock);
    tn_destination_close (&tree->destination);
    for (uint64_t i = 0; i < tree->count; i++)
        free (tree->folders[i]);
    free (tree->folders);
    free (tree->inside);
    free (tree->path);
    free (tree);
}

/* ---- the target ---- */

/* What has the target's name now may stay, or may be replaced. */
static tenon_status
judge_target (const struct tn_tree *tree, tenon_error *error)
{
    const struct tn_destination *destination = &tree->destination;
    const struct tn_tree_options *options = &tree->options;
    if (!destination->exists)
        return TENON_OK;
    if (options->must_be_new)
        return tn_fail_errno (error, EEXIST, "cannot be written", tree->path);
    if (tn_folder_is_empty (destination->folder, destination->name))
        return TENON_OK;
    tenon_status status =
        options->may_replace ? options->may_replace (options->user, tree->path, error) : TENON_OK;
    tn_fail_in (error, status < 0 ? tree->path : NULL, NULL);
    return status;
}

static tenon_status
take_tree_lock (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_lock_options *how = &tree->options.lock;
    bool matches;
    if (how->how == TN_LOCK_NONE)
        return TENON_OK;
    TN_TRY (tn_lock_matches (tree->options.held, tree->destination.folder, tree->destination.name, &matches,
                             error));
    return matches ? TENON_OK
                   : tn_lock_take (&tree->lock, tree->destination.folder, tree->destination.name, how, error);
}

/* An interrupted save may have left the old tree without its name. */
static tenon_status
settle_target (struct tn_tree *tree, tenon_error *error)
{
    struct tn_destination *destination = &tree->destination;
    if (destination->exists || !tn_tree_is_unsettled (destination->folder, destination->name))
        return TENON_OK;
    TN_TRY (take_tree_lock (tree, error));
    tn_tree_settle (destination->folder, destination->name);
    tn_lock_release (&tree->lock);
    return tn_destination_examine_folder (destination, tree->path, error);
}

static tenon_status
prepare_tree (struct tn_tree *tree, tenon_error *error)
{
    if (!tree->path)
        return tn_fail_memory (error);
    TN_TRY (tn_destination_find_folder (tree->path, &tree->destination, error));
    TN_TRY (settle_target (tree, error));
    return judge_target (tree, error);
}

tenon_status
tn_tree_begin (struct tn_tree **result, const char *path, const struct tn_tree_options *options,
               tenon_error *error)
{
    struct tn_tree *tree = calloc (1, sizeof *tree);
    *result = NULL;
    if (!tree)
        return tn_fail_memory (error);
    tree->options = *options;
    tree->options.lock.durable = options->durable;
    tree->destination.folder = tree->root = tree->old = tree->into = tree->old_into = tree->lock.fd = -1;
    tree->path = tn_strndup (path, strlen (path));
    if (prepare_tree (tree, error) < 0) {
        tn_tree_abort (tree);
        return error->status;
    }
    *result = tree;
    return TENON_OK;
}

/* The descriptor of a folder of the old tree, for what it allows; -1: it has none of this key. */
static int
open_old_folder (const struct tn_tree *tree, const char *key)
{
#ifdef O_PATH
    const int flags = O_PATH | O_DIRECTORY;
#else
    const int flags = O_RDONLY | O_DIRECTORY;
#endif
    return tree->old < 0 ? -1 : tn_beneath_open (tree->old, key, flags, TN_LINKS_BENEATH);
}

/* Makes the temporary folder. */
static tenon_status
open_tree (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_destination *destination = &tree->destination;
    if (tree->root >= 0)
        return TENON_OK;
    if (destination->exists)
        tree->old = tn_folder_open (destination->folder, destination->name);
    tenon_status status = tn_temporary_make_folder (destination, tree->temporary, &tree->root, error);
    if (status < 0) {
        tree->temporary[0] = 0;
        tree->root = -1;
        tn_fail_in (error, tree->path, NULL);
    }
    return status;
}

/* ---- folders ---- */

static tenon_status
fail_key_use (const char *key, const char *words, tenon_error *error)
{
    return tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET, "the key '%s' %s", TN_SHOW (key), words);
}

static tenon_status
remember_folder (struct tn_tree *tree, const char *key, tenon_error *error)
{
    if (!tn_grow (&tree->folders, &tree->room, tree->count, sizeof *tree->folders)
        || !(tree->folders[tree->count] = tn_strndup (key, strlen (key))))
        return tn_fail_memory (error);
    tree->count++;
    return TENON_OK;
}

/* Makes the folders on the way to a key that are not there yet. `way` is changed meanwhile. */
static tenon_status
make_folders (struct tn_tree *tree, char *way, tenon_error *error)
{
    for (char *end = way; end;) {
        if ((end = strchr (end, '/')) != NULL)
            *end = 0;
        tenon_status status = TENON_OK;
        if (mkdirat (tree->root, way, 0777) == 0)
            status = remember_folder (tree, way, error);
        else if (errno != EEXIST
                 && errno != ENOTDIR) /* a file in the way is found when the folder is opened */
            status = tn_fail_errno (error, errno, "a folder of it cannot be made", tree->path);
        if (end)
            *end++ = '/';
        TN_TRY (status);
    }
    return TENON_OK;
}

static void
leave_tree_folder (struct tn_tree *tree)
{
    close_descriptor (&tree->into);
    close_descriptor (&tree->old_into);
    free (tree->inside);
    tree->inside = NULL;
}

/* Opens the folder of a key, whose first `length` bytes it is, and makes it if need be. */
static tenon_status
enter_tree_folder (struct tn_tree *tree, const char *key, size_t length, tenon_error *error)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    if (tree->inside && strlen (tree->inside) == length && memcmp (tree->inside, key, length) == 0)
        return TENON_OK;
    leave_tree_folder (tree);
    TN_FREE char *folder = tn_strndup (key, length);
    if (!folder)
        return tn_fail_memory (error);
    const char *way = length > 0 ? folder : ".";
    tree->into = tn_beneath_open (tree->root, way, flags, TN_LINKS_BENEATH);
    if (tree->into < 0 && errno == ENOENT) {
        TN_TRY (make_folders (tree, folder, error));
        tree->into = tn_beneath_open (tree->root, way, flags, TN_LINKS_BENEATH);
    }
    if (tree->into < 0 && errno == ENOTDIR)
        return fail_key_use (folder, "is a file of the tree, and cannot be a folder", error);
    if (tree->into < 0)
        return tn_fail_errno (error, errno, "a folder of it cannot be opened", tree->path);
    tree->old_into = open_old_folder (tree, way);
    tree->inside = tn_strndup (folder, length);
    return tree->inside ? TENON_OK : tn_fail_memory (error);
}

/* ---- files ---- */

/* Gives a file, or a folder, of the new tree the rights of the one in the old tree that has its name. */
static tenon_status
keep_rights (const struct tn_tree *tree, int fd, int old_folder, const char *name, mode_t sort,
             const char *shown, tenon_error *error)
{
    struct tn_destination old = { .folder = old_folder, .name = (char *) (uintptr_t) name };
    struct stat now;
    if (old_folder < 0 || fstatat (old_folder, name, &old.status, AT_SYMLINK_NOFOLLOW) < 0
        || (old.status.st_mode & S_IFMT) != sort)
        return TENON_OK;
    TN_TRY (tn_rights_copy (fd, &old, shown, tree->options.report, error));
    const mode_t kept = old.status.st_mode & (S_ISGID | S_ISVTX);
    if (sort == S_IFDIR && kept
        && fstat (fd, &now) == 0) /* not those that would make a file run as another */
        (void) fchmod (fd, (now.st_mode & 0777) | kept);
    return TENON_OK;
}

/* True if the old tree has a file of that name: the new one is private until it has the rights of that. */
static bool
has_old_file (const struct tn_tree *tree, const char *name)
{
    struct stat status;
    return tree->old_into >= 0 && fstatat (tree->old_into, name, &status, AT_SYMLINK_NOFOLLOW) == 0
           && S_ISREG (status.st_mode);
}

static tenon_status
finish_tree_file (struct tn_tree *tree, tenon_error *error)
{
    struct tn_sink *sink = tree->sink;
    if (!sink)
        return TENON_OK;
    TN_TRY (tn_file_sink_finish (sink, error));
    TN_TRY (
        keep_rights (tree, sink->fd, tree->old_into, tn_path_name (tree->name), S_IFREG, tree->name, error));
    if (tree->options.durable && tn_file_sync (sink->fd) < 0)
        return tn_fail_write (sink->fd, "cannot be written to the disk", tree->name, error);
    int fd = sink->fd;
    sink->fd = -1;
    if (close (fd) < 0 && errno != EINTR) /* network file systems report a full disk now */
        return tn_fail_errno (error, errno, "cannot be written", tree->name);
    drop_file (tree);
    return TENON_OK;
}

static tenon_status
begin_tree_file (struct tn_tree *tree, const char *key, tenon_error *error)
{
    const char *name = tn_path_name (key);
    const mode_t mode = has_old_file (tree, name) ? 0600 : 0666;
    int fd;
    do
        fd = openat (tree->into, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == EEXIST)
        return fail_key_use (key, "was put before, or is a folder of the tree", error);
    if (fd < 0)
        return tn_fail_errno (error, errno, "cannot be made", key);
    tree->name = tn_concat (tree->path, "/", key, (char *) NULL);
    tree->sink = tree->name ? tn_file_sink_new (tree->name, tree->options.durable) : NULL;
    if (!tree->sink) {
        close (fd);
        return tn_fail_memory (error);
    }
    tree->sink->fd = fd;
    return TENON_OK;
}

tenon_status
tn_tree_sink (struct tn_tree *tree, const char *key, uint64_t length, struct tn_sink **sink,
              tenon_error *error)
{
    *sink = NULL;
    TN_TRY (finish_tree_file (tree, error));
    if (!key)
        return TENON_OK;
    const char *fault = tn_new_key_fault (key, length);
    if (fault)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the key '%s' %s",
                        TN_SHOW_SOME (key, TN_MIN (length, 200)), fault);
    TN_TRY (open_tree (tree, error));
    TN_FREE char *copy = tn_strndup (key, length);
    if (!copy)
        return tn_fail_memory (error);
    const char *name = tn_path_name (copy);
    TN_TRY (enter_tree_folder (tree, copy, name > copy ? (size_t) (name - copy) - 1 : 0, error));
    TN_TRY (begin_tree_file (tree, copy, error));
    *sink = tree->sink;
    return TENON_OK;
}

/* ---- commit ---- */

static tenon_status
finish_tree_folder (const struct tn_tree *tree, int fd, int old_folder, const char *name, const char *shown,
                    tenon_error *error)
{
    if (fd < 0)
        return tn_fail_errno (error, errno, "a folder of it cannot be opened", tree->path);
    TN_TRY (keep_rights (tree, fd, old_folder, name, S_IFDIR, shown, error));
    return tree->options.durable ? tn_folder_sync (fd, shown, error) : TENON_OK;
}

/* The folders get their rights when nothing more is put into them. */
static tenon_status
finish_folders (const struct tn_tree *tree, tenon_error *error)
{
    for (uint64_t i = tree->count; i-- > 0;) {
        const char *key = tree->folders[i], *name = tn_path_name (key);
        TN_FREE char *parent = tn_strndup (key, name > key ? (size_t) (name - key) - 1 : 0);
        TN_FREE char *shown = tn_concat (tree->path, "/", key, (char *) NULL);
        if (!parent || !shown)
            return tn_fail_memory (error);
        int fd = tn_beneath_open (tree->root, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, TN_LINKS_BENEATH);
        int old = open_old_folder (tree, parent[0] ? parent : ".");
        tenon_status status = finish_tree_folder (tree, fd, old, name, shown, error);
        close_descriptor (&fd);
        close_descriptor (&old);
        TN_TRY (status);
    }
    return finish_tree_folder (tree, tree->root, tree->old < 0 ? -1 : tree->destination.folder,
                               tree->destination.name, tree->path, error);
}

/* Looks at the target again, under the lock. */
static tenon_status
look_at_target (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_tree_options *options = &tree->options;
    struct tn_destination *destination = &tree->destination;
    const struct stat before = destination->status;
    const bool existed = destination->exists;
    tn_tree_settle (destination->folder, destination->name);
    TN_TRY (tn_destination_examine_folder (destination, tree->path, error));
    TN_TRY (judge_target (tree, error));
    if (destination->exists && options->is_stale && options->is_stale (options->user, &destination->status))
        return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                        "another save has replaced it since it was opened for this one; open it again");
    /* the rights that the new tree has are those of the old one that was there at the beginning */
    if (destination->exists
        && (!existed || before.st_dev != destination->status.st_dev
            || before.st_ino != destination->status.st_ino))
        return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                        "another save has made or replaced it while this one wrote; save again");
    return TENON_OK;
}

/* Gives the tree its name. */
static tenon_status
name_tree (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_destination *destination = &tree->destination;
    struct stat old;
    if (!destination->exists) {
        if (tn_rename_new (destination->folder, tree->temporary, destination->name) < 0)
            return tn_fail_errno (error, errno, "the finished folder cannot get its name", tree->path);
        tree->temporary[0] = 0;
        return TENON_OK;
    }
    TN_TRY (tn_tree_swap (destination, tree->temporary, error));
    /* what stood there is not what was looked at: it is given back */
    if (fstatat (destination->folder, tree->temporary, &old, AT_SYMLINK_NOFOLLOW) == 0
        && old.st_ino == destination->status.st_ino && old.st_dev == destination->status.st_dev)
        return TENON_OK;
    TN_TRY (tn_tree_swap (destination, tree->temporary, error));
    return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                    "another program has replaced it while this one wrote");
}

static void
remove_old_tree (struct tn_tree *tree)
{
    const int folder = tree->destination.folder;
    close_descriptor (&tree->old);
    if (tree->temporary[0] && !tn_tree_remove (folder, tree->temporary) && tree->options.report) {
        tenon_error words = TENON_ERROR_INIT;
        tn_fail_errno (&words, errno, "the old folder cannot be removed", NULL);
        tn_report_add (tree->options.report, TENON_NOTE, TENON_OK, 0, "", tree->path,
                       "%s; its remains are in '%s' beside it", words.message, TN_SHOW (tree->temporary));
    }
    tree->temporary[0] = 0;
}

static tenon_status
commit_tree (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_tree_options *options = &tree->options;
    const struct tn_destination *destination = &tree->destination;
    TN_TRY (open_tree (tree, error));
    TN_TRY (finish_tree_file (tree, error));
    leave_tree_folder (tree);
    TN_TRY (take_tree_lock (tree, error));
    TN_TRY (look_at_target (tree, error));
    TN_TRY (finish_folders (tree, error));
    TN_TRY (name_tree (tree, error));
    tree->lock.keep = false;
    bool replaced = tree->temporary[0];
    tenon_status status =
        options->durable ? tn_folder_sync (destination->folder, tree->path, error) : TENON_OK;
    if (status == TENON_OK)
        remove_old_tree (tree);
    tree->temporary[0] = 0; /* after a failure the old tree is litter */
    if (status == TENON_OK && replaced && options->was_saved)
        options->was_saved (options->user);
    return status;
}

tenon_status
tn_tree_commit (struct tn_tree *tree, bool *unlocked, tenon_error *error)
{
    tenon_status status = commit_tree (tree, error);
    if (status < 0)
        tn_fail_in (error, tree->path, NULL);
    if (unlocked)
        *unlocked = tree->lock.useless;
    tn_tree_abort (tree);
    return status;
}
