/* SPDX-License-Identifier: MIT */
/* atomic.c - files that appear whole or not at all. */
#include "sink/atomic.h"
#include "base/io.h"
#include "sink/atomic_file.h"
#include "sink/rights.h"
#include "sink/temporary.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A file of the save. */
struct item {
    struct item *next;
    char *name; /* a shard's as the codec gave it; the target's path. For messages too */
    struct tn_destination destination;
    char temporary[TN_TEMPORARY_SIZE]; /* "": not made, or renamed */
    struct tn_sink *sink; /* its descriptor holds the lock, and stays open until the file has its name */
};

struct tn_atomic {
    struct tn_atomic_options options;
    int folder;          /* of `path`; -1: not opened; only shards need it */
    struct item *target; /* made when its sink gets its first byte */
    struct item *shards; /* in the order in which they were begun */
    struct item *shard;  /* the last one, while it is being written */
};

static void
item_free (struct item *item)
{
    if (!item)
        return;
    int fd = item->sink ? item->sink->fd : -1;
    if (item->temporary[0])
        tn_temporary_remove (&item->destination, item->temporary, fd);
    if (fd >= 0)
        close (fd);
    if (item->destination.direct)
        tn_sink_fd_free (item->sink);
    else
        tn_file_sink_free (item->sink);
    tn_destination_close (&item->destination);
    free (item->name);
    free (item);
}

void
tn_atomic_abort (struct tn_atomic *atomic)
{
    if (!atomic)
        return;
    for (struct item *item = atomic->shards, *next; item; item = next) {
        next = item->next;
        item_free (item);
    }
    item_free (atomic->target);
    if (atomic->folder >= 0)
        close (atomic->folder);
    free (atomic);
}

/* Opens a device, FIFO, socket or terminal. */
static tenon_status
open_direct (void *owner, int *fd, tenon_error *error)
{
    const struct item *item = owner;
    struct stat status = { .st_mode = 0 };
    int opened;
    do
        opened = open (item->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    while (opened < 0 && errno == EINTR);
    if (opened >= 0 && fstat (opened, &status) == 0 && !S_ISREG (status.st_mode)) {
        *fd = opened;
        return TENON_OK;
    }
    /* it was no regular file when its destination was found: another process replaced it */
    int number = opened >= 0 && S_ISREG (status.st_mode) ? EBUSY : errno;
    if (opened >= 0)
        close (opened);
    return tn_fail_errno (error, number, "cannot be opened for writing", item->name);
}

static tenon_status
open_temporary (void *owner, int *fd, tenon_error *error)
{
    struct item *item = owner;
    tenon_status status = tn_temporary_make (&item->destination, item->temporary, fd, error);
    if (status < 0) {
        item->temporary[0] = 0;
        *fd = -1;
        tn_fail_in (error, item->name, NULL);
    }
    return status;
}

static bool
is_open (const struct item *item)
{
    return item->sink->fd >= 0;
}

/* Finds the destination of a file. Nothing is created. */
static tenon_status
item_new (const struct tn_atomic *atomic, int start, const char *name, uint64_t size_hint,
          struct item **result, tenon_error *error)
{
    struct item *item = calloc (1, sizeof *item);
    *result = item;
    if (!item)
        return tn_fail_memory (error);
    item->destination.folder = -1;
    item->name = tn_strndup (name, strlen (name));
    if (!item->name)
        return tn_fail_memory (error);
    TN_TRY (tn_destination_find (start, name, &item->destination, error));
    if (atomic->options.must_be_new && item->destination.exists && !item->destination.direct)
        return tn_fail_errno (error, EEXIST, "cannot be written", name);
    item->sink = item->destination.direct ? tn_sink_fd_new (-1, item->name)
                                          : tn_file_sink_new (item->name, size_hint, atomic->options.durable);
    if (!item->sink)
        return tn_fail_memory (error);
    item->sink->open = item->destination.direct ? open_direct : open_temporary;
    item->sink->owner = item;
    return TENON_OK;
}

tenon_status
tn_atomic_begin (struct tn_atomic **result, const char *path, const struct tn_atomic_options *options,
                 tenon_error *error)
{
    struct tn_atomic *atomic = calloc (1, sizeof *atomic);
    *result = NULL;
    if (!atomic)
        return tn_fail_memory (error);
    atomic->options = *options;
    atomic->folder = -1;
    tenon_status status = item_new (atomic, AT_FDCWD, path, options->size_hint, &atomic->target, error);
    if (status < 0) {
        tn_atomic_abort (atomic);
        return status;
    }
    *result = atomic;
    return TENON_OK;
}

/* ---- files beside the target ---- */

static tenon_status
open_folder (struct tn_atomic *atomic, tenon_error *error)
{
    const char *path = atomic->target->name, *slash = strrchr (path, '/');
    if (atomic->folder >= 0)
        return TENON_OK;
    TN_FREE char *folder =
        slash ? tn_strndup (path, slash == path ? 1 : (size_t) (slash - path)) : tn_strndup (".", 1);
    if (!folder)
        return tn_fail_memory (error);
    atomic->folder = tn_folder_open (AT_FDCWD, folder);
    return atomic->folder < 0 ? tn_fail_errno (error, errno, "its folder cannot be opened", path) : TENON_OK;
}

static bool
same_destination (const struct tn_destination *a, const struct tn_destination *b)
{
    return a->name && b->name && !strcmp (a->name, b->name) && tn_folder_same (a->folder, b->folder);
}

static tenon_status
check_shard (const struct tn_atomic *atomic, struct item *shard, tenon_error *error)
{
    if (shard->destination.direct) {
        tn_fail_in (error, shard->name, NULL);
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                        "a device or FIFO has the name of a shard of the set");
    }
    if (tn_folder_same (shard->destination.folder, atomic->folder)) { /* nearly always; saves a descriptor */
        close (shard->destination.folder);
        shard->destination.folder = atomic->folder;
        shard->destination.shares_folder = true;
    }
    bool twice = same_destination (&shard->destination, &atomic->target->destination);
    for (const struct item *other = atomic->shards; other && !twice; other = other->next)
        twice = same_destination (&shard->destination, &other->destination);
    if (twice) {
        tn_fail_in (error, shard->name, NULL);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "two files of the set have the same name");
    }
    return TENON_OK;
}

static tenon_status
begin_shard (struct tn_atomic *atomic, const char *name, tenon_error *error)
{
    if (atomic->target->destination.direct)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "a set of files can only be written into a folder, not to a device or pipe");
    if (!tn_is_file_name (name, strlen (name)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "'%s' is no bare file name for a shard of the set", name);
    TN_TRY (open_folder (atomic, error));
    struct item *shard;
    tenon_status status = item_new (atomic, atomic->folder, name, 0, &shard, error);
    if (status == TENON_OK)
        status = check_shard (atomic, shard, error);
    if (status == TENON_OK)
        status = tn_sink_open (shard->sink, error);
    if (status < 0) {
        item_free (shard);
        return status;
    }
    struct item **end = &atomic->shards;
    while (*end)
        end = &(*end)->next;
    *end = atomic->shard = shard;
    return TENON_OK;
}

tenon_status
tn_atomic_sink (struct tn_atomic *atomic, const char *name, struct tn_sink **sink, tenon_error *error)
{
    *sink = NULL;
    if (atomic->shard) {
        TN_TRY (tn_file_sink_finish (atomic->shard->sink, error));
        atomic->shard = NULL;
    }
    if (name)
        TN_TRY (begin_shard (atomic, name, error));
    *sink = name ? atomic->shard->sink : atomic->target->sink;
    return TENON_OK;
}

tenon_status
tn_atomic_finish_target (struct tn_atomic *atomic, int *fd, tenon_error *error)
{
    *fd = atomic->target->sink->fd;
    return tn_file_sink_finish (atomic->target->sink, error);
}

bool
tn_atomic_leaves_old (const struct tn_atomic *atomic)
{
    return atomic->shards && !is_open (atomic->target) && atomic->target->destination.exists;
}

/* ---- commit ---- */

static int
sync_descriptor (int fd)
{
    int result;
    do
#ifdef F_FULLFSYNC /* macOS, where fsync leaves data in the disk's cache; some file systems lack it */
        result = fcntl (fd, F_FULLFSYNC) == 0 ? 0 : fsync (fd);
#else
        result = fsync (fd);
#endif
    while (result < 0 && errno == EINTR);
    return result;
}

/* Network file systems report a full disk when a descriptor is closed. This one must stay open for its lock,
 * so a duplicate is closed. */
static tenon_status
close_copy (const struct item *item, tenon_error *error)
{
    int copy = fcntl (item->sink->fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && close (copy) < 0 && errno != EINTR)
        return tn_fail_errno (error, errno, "cannot be written", item->name);
    return TENON_OK;
}

static tenon_status
finish_item (const struct tn_atomic *atomic, const struct item *item, tenon_error *error)
{
    if (!is_open (item))
        return TENON_OK;
    if (item->destination.direct) {
        TN_TRY (tn_sink_fd_flush (item->sink, error));
        /* block devices can be synced; pipes and terminals fail with another error */
        if (atomic->options.durable && sync_descriptor (item->sink->fd) < 0
            && (errno == EIO || errno == ENOSPC))
            return tn_fail_errno (error, errno, "cannot be written to the disk", item->name);
        return TENON_OK;
    }
    TN_TRY (tn_file_sink_finish (item->sink, error));
    if (item->destination.exists)
        TN_TRY (
            tn_rights_copy (item->sink->fd, &item->destination, item->name, atomic->options.report, error));
    if (!atomic->options.durable)
        return close_copy (item, error);
    if (sync_descriptor (item->sink->fd) < 0)
        return tn_fail_errno (error, errno, "cannot be written to the disk", item->name);
    return TENON_OK;
}

/* Renames without replacing anything. -1: errno says why, EEXIST if `to` exists. */
static int
rename_new (int folder, const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2 (folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
#endif
    if (linkat (folder, from, folder, to, 0) == 0) {
        unlinkat (folder, from, 0); /* on failure the next save removes the second name */
        return 0;
    }
    if (errno == EEXIST)
        return -1;
    /* this file system has no links either: check first, which leaves a race */
    struct stat there;
    if (fstatat (folder, to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat (folder, from, folder, to);
}

static tenon_status
give_name (const struct tn_atomic *atomic, struct item *item, tenon_error *error)
{
    const struct tn_destination *destination = &item->destination;
    if (!item->temporary[0])
        return TENON_OK;
    int result =
        atomic->options.must_be_new
            ? rename_new (destination->folder, item->temporary, destination->name)
            : renameat (destination->folder, item->temporary, destination->folder, destination->name);
    if (result < 0)
        return tn_fail_errno (error, errno, "the finished file cannot get its name", item->name);
    item->temporary[0] = 0;
    return TENON_OK;
}

/* Makes the names outlive a power failure. */
static tenon_status
sync_folder (const struct tn_atomic *atomic, int folder, tenon_error *error)
{
    if (!atomic->options.durable || folder < 0 || sync_descriptor (folder) == 0)
        return TENON_OK;
    /* many file systems cannot sync a folder, or the process may not read it */
    if (errno != EIO && errno != ENOSPC && errno != EDQUOT)
        return TENON_OK;
    return tn_fail_errno (error, errno, "its folder cannot be written to the disk", atomic->target->name);
}

static tenon_status
sync_folders (const struct tn_atomic *atomic, tenon_error *error)
{
    const struct tn_destination *target = &atomic->target->destination;
    for (const struct item *shard = atomic->shards; shard; shard = shard->next)
        if (!shard->destination.shares_folder)
            TN_TRY (sync_folder (atomic, shard->destination.folder, error));
    if (atomic->shards && !(is_open (atomic->target) && tn_folder_same (atomic->folder, target->folder)))
        TN_TRY (sync_folder (atomic, atomic->folder, error));
    return is_open (atomic->target) ? sync_folder (atomic, target->folder, error) : TENON_OK;
}

/* The file that gets its name last: the target, or the last shard if the target was not made. */
static const struct item *
last_item (const struct tn_atomic *atomic)
{
    const struct item *last = atomic->shards;
    if (is_open (atomic->target))
        return atomic->target;
    while (last && last->next)
        last = last->next;
    return last;
}

/* An old index would describe the new shards wrongly. */
static tenon_status
remove_old_index (const struct tn_atomic *atomic, tenon_error *error)
{
    const struct item *index = last_item (atomic);
    bool replaces = false;
    for (const struct item *shard = atomic->shards; shard; shard = shard->next)
        replaces = replaces || (shard != index && shard->destination.exists);
    if (!replaces || !index->destination.exists)
        return TENON_OK;
    if (unlinkat (index->destination.folder, index->destination.name, 0) < 0 && errno != ENOENT)
        return tn_fail_errno (error, errno, "the old file cannot be removed", index->name);
    return sync_folder (atomic, index->destination.folder, error);
}

/* The files before the one that failed keep their names, since those that they replaced are gone. */
static tenon_status
report_incomplete (const struct tn_atomic *atomic, const struct item *failed, const tenon_error *why,
                   tenon_error *error)
{
    unsigned named = 0;
    for (const struct item *shard = atomic->shards; shard && shard != failed; shard = shard->next)
        named++;
    tn_fail_in (error, why->file, NULL);
    if (named == 0)
        return tn_fail (error, why->status, TN_NO_OFFSET, "%s", why->message);
    return tn_fail (error, why->status, TN_NO_OFFSET,
                    "%s; the new set is incomplete: %u of its files are in place already", why->message,
                    named);
}

static tenon_status
commit_items (struct tn_atomic *atomic, tenon_error *error)
{
    for (struct item *shard = atomic->shards; shard; shard = shard->next)
        TN_TRY (finish_item (atomic, shard, error));
    TN_TRY (finish_item (atomic, atomic->target, error));
    TN_TRY (remove_old_index (atomic, error));
    tenon_error why = TENON_ERROR_INIT;
    for (struct item *shard = atomic->shards; shard; shard = shard->next)
        if (give_name (atomic, shard, &why) < 0)
            return report_incomplete (atomic, shard, &why, error);
    if (give_name (atomic, atomic->target, &why) < 0)
        return report_incomplete (atomic, NULL, &why, error);
    return sync_folders (atomic, error);
}

tenon_status
tn_atomic_commit (struct tn_atomic *atomic, tenon_error *error)
{
    tenon_status status = commit_items (atomic, error);
    tn_atomic_abort (atomic);
    return status;
}
