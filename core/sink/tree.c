/* SPDX-License-Identifier: MIT */
/* tree.c - folders that appear whole or not at all. */
#include "sink/tree.h"
#include "base/io.h"
#include "base/key.h"
#include "base/place.h"
#include "base/report.h"
#include "sink/atomic_file.h"
#include "sink/journal.h"
#include "sink/tree_file.h"
#include "sink/tree_folders.h"
#include "sink/tree_remove.h"
#include "sink/tree_swap.h"
#include "source/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

struct tn_tree {
    struct tn_tree_options options;
    char *path; /* of the target, for messages */
    struct tn_destination destination;
    char temporary[TN_TEMPORARY_SIZE]; /* of the new tree, then of the old one; "": neither */
    struct tn_tree_folders folders;
    struct tn_tree_folder last; /* of the last file that was begun */
    atomic_uint files;          /* that were ended */
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
    tn_tree_folder_close (&tree->last);
    close_descriptor (&tree->folders.old);
    if (tree->temporary[0])
        tn_tree_remove (tree->destination.folder, tree->temporary);
    close_descriptor (&tree->folders.root);
    tn_lock_release (&tree->lock);
    tn_destination_close (&tree->destination);
    tn_tree_folders_free (&tree->folders);
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
    tree->destination.folder = tree->folders.root = tree->folders.old = tree->lock.fd = -1;
    tree->last = (struct tn_tree_folder){ NULL, -1, -1 };
    tree->path = tn_strndup (path, strlen (path));
    tree->folders.path = tree->path;
    tree->folders.report = options->report;
    if (prepare_tree (tree, error) < 0) {
        tn_tree_abort (tree);
        return error->status;
    }
    *result = tree;
    return TENON_OK;
}

/* Makes the temporary folder. */
static tenon_status
open_tree (struct tn_tree *tree, tenon_error *error)
{
    const struct tn_destination *destination = &tree->destination;
    if (tree->folders.root >= 0)
        return TENON_OK;
    if (destination->exists)
        tree->folders.old = tn_folder_open (destination->folder, destination->name);
    tenon_status status = tn_temporary_make_folder (destination, tree->temporary, &tree->folders.root, error);
    if (status < 0) {
        tree->temporary[0] = 0;
        tree->folders.root = -1;
        tn_fail_in (error, tree->path, NULL);
    }
    return status;
}

/* ---- folders ---- */

/* Opens the folder of a key, whose first `length` bytes it is, and makes it if need be. */
static tenon_status
open_tree_folder (struct tn_tree *tree, const char *key, size_t length, struct tn_tree_folder *folder,
                  tenon_error *error)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    *folder = (struct tn_tree_folder){ tn_strndup (key, length), -1, -1 };
    if (!folder->key)
        return tn_fail_memory (error);
    const char *way = length > 0 ? folder->key : ".";
    folder->into = tn_beneath_open (tree->folders.root, way, flags, TN_LINKS_BENEATH);
    if (folder->into < 0 && errno == ENOENT) {
        TN_TRY (tn_tree_folders_make (&tree->folders, folder->key, error));
        folder->into = tn_beneath_open (tree->folders.root, way, flags, TN_LINKS_BENEATH);
    }
    if (folder->into < 0 && errno == ENOTDIR)
        return tn_tree_fail_key (folder->key, "is a file of the tree, and cannot be a folder", error);
    if (folder->into < 0)
        return tn_fail_errno (error, errno, "a folder of it cannot be opened", tree->path);
    folder->old = tn_tree_folders_old (&tree->folders, way);
    return TENON_OK;
}

/* The length of the key of the folder that a key lies in. */
static size_t
folder_length (const char *key)
{
    const char *name = tn_path_name (key);
    return name > key ? (size_t) (name - key) - 1 : 0;
}

bool
tn_tree_is_in (const struct tn_tree_folder *folder, const char *key)
{
    const size_t length = folder_length (key);
    return folder->key && strlen (folder->key) == length && memcmp (folder->key, key, length) == 0;
}

/* ---- files ---- */

/* A few files are synced one by one, many by one call for all of the file system. */
#define SYNCED_ALONE 64u

static struct tn_tree_ending
plan_ending (struct tn_tree *tree, const char *shown)
{
    unsigned files = atomic_fetch_add (&tree->files, 1);
#ifdef HAVE_SYNCFS
    const bool sync = tree->options.durable && files < SYNCED_ALONE;
#else
    const bool sync = tree->options.durable;
    (void) files;
#endif
    return (struct tn_tree_ending){ tree->options.report, sync, shown };
}

static tenon_status
finish_tree_file (struct tn_tree *tree, tenon_error *error)
{
    struct tn_sink *sink = tree->sink;
    if (!sink)
        return TENON_OK;
    TN_TRY (tn_file_sink_finish (sink, error));
    struct tn_tree_ending ending = plan_ending (tree, tree->name);
    TN_TRY (tn_tree_file_end (&tree->last, &ending, &sink->fd, error));
    drop_file (tree);
    return TENON_OK;
}

static tenon_status
begin_tree_file (struct tn_tree *tree, const char *key, tenon_error *error)
{
    int fd;
    tree->name = tn_concat (tree->path, "/", key, (char *) NULL);
    if (!tree->name)
        return tn_fail_memory (error);
    if (tn_tree_file_make (&tree->last, key, tree->name, &fd, error) < 0) {
        drop_file (tree);
        return error->status;
    }
    tree->sink = tn_file_sink_new (tree->name, tree->options.durable);
    if (!tree->sink) {
        close (fd);
        return tn_fail_memory (error);
    }
    tree->sink->fd = fd;
    return TENON_OK;
}

tenon_status
tn_tree_put_file (struct tn_tree *tree, const struct tn_tree_folder *folder, const char *key,
                  const void *bytes, uint64_t size, tenon_error *error)
{
    int fd;
    TN_FREE char *shown = tn_concat (tree->path, "/", key, (char *) NULL);
    if (!shown)
        return tn_fail_memory (error);
    TN_TRY (tn_tree_file_make (folder, key, shown, &fd, error));
    tenon_status status = tn_write_all (fd, 0, bytes, size, shown, error);
    if (status == TENON_OK) {
        struct tn_tree_ending ending = plan_ending (tree, shown);
        status = tn_tree_file_end (folder, &ending, &fd, error);
    }
    close_descriptor (&fd);
    return status;
}

static tenon_status
check_tree_key (const char *key, uint64_t length, tenon_error *error)
{
    const char *fault = tn_new_key_fault (key, length);
    return fault ? tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the key '%s' %s",
                            TN_SHOW_SOME (key, TN_MIN (length, 200)), fault)
                 : TENON_OK;
}

tenon_status
tn_tree_enter (struct tn_tree *tree, const char *key, struct tn_tree_folder *folder, tenon_error *error)
{
    TN_TRY (check_tree_key (key, strlen (key), error));
    TN_TRY (open_tree (tree, error));
    tenon_status status = open_tree_folder (tree, key, folder_length (key), folder, error);
    if (status < 0)
        tn_tree_folder_close (folder);
    return status;
}

tenon_status
tn_tree_sink (struct tn_tree *tree, const char *key, uint64_t length, struct tn_sink **sink,
              tenon_error *error)
{
    *sink = NULL;
    TN_TRY (finish_tree_file (tree, error));
    if (!key)
        return TENON_OK;
    TN_TRY (check_tree_key (key, length, error));
    TN_TRY (open_tree (tree, error));
    TN_FREE char *copy = tn_strndup (key, length);
    if (!copy)
        return tn_fail_memory (error);
    if (!tn_tree_is_in (&tree->last, copy)) {
        tn_tree_folder_close (&tree->last);
        TN_TRY (tn_tree_enter (tree, copy, &tree->last, error));
    }
    TN_TRY (begin_tree_file (tree, copy, error));
    *sink = tree->sink;
    return TENON_OK;
}

/* ---- commit ---- */

/* What has more files or folders than are synced one by one is synced at once, when all are as they will
 * be. That waits for what other programs have written to the file system, too, but not once for each file. */
static tenon_status
finish_and_sync (struct tn_tree *tree, tenon_error *error)
{
    bool at_once = false;
#ifdef HAVE_SYNCFS
    at_once =
        tree->options.durable && TN_MAX (atomic_load (&tree->files), tree->folders.count) > SYNCED_ALONE;
#endif
    TN_TRY (tn_tree_folders_finish (&tree->folders, &tree->destination, tree->options.durable && !at_once,
                                    error));
#ifdef HAVE_SYNCFS
    if (at_once && syncfs (tree->folders.root) < 0)
        return tn_fail_write (tree->folders.root, "cannot be written to the disk", tree->path, error);
#endif
    return TENON_OK;
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
    close_descriptor (&tree->folders.old);
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
    tn_tree_folder_close (&tree->last);
    TN_TRY (take_tree_lock (tree, error));
    TN_TRY (look_at_target (tree, error));
    TN_TRY (finish_and_sync (tree, error));
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
