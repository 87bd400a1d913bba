/* SPDX-License-Identifier: MIT */
/* atomic.c - files that appear whole or not at all. */
#include "sink/atomic.h"
#include "sink/atomic_place.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A file of the save. */
struct item {
    struct item *next;
    char *name; /* parts: as it was asked for; the target: the path. For messages too */
    struct tn_destination place;
    char temporary[TN_TEMPORARY_SIZE]; /* "": there is none, or no more */
    int fd;                            /* kept open for the lock's sake until the file has its name */
    struct tn_sink *sink;
};

struct tn_atomic {
    struct tn_atomic_options options;
    int folder;          /* of `path`; -1: not needed so far */
    struct item *target; /* its sink is NULL until it is asked for */
    struct item *parts;  /* in the order in which they were begun */
    struct item *part;   /* the last one, while it is being written */
};

static void
item_free (struct item *item)
{
    if (!item)
        return;
    if (item->place.straight)
        tn_sink_fd_free (item->sink);
    else
        tn_file_sink_free (item->sink);
    if (item->temporary[0])
        tn_temporary_remove (&item->place, item->temporary, item->fd);
    if (item->fd >= 0)
        close (item->fd);
    tn_destination_leave (&item->place);
    free (item->name);
    free (item);
}

void
tn_atomic_abort (struct tn_atomic *save)
{
    if (!save)
        return;
    for (struct item *item = save->parts, *next; item; item = next) {
        next = item->next;
        item_free (item);
    }
    item_free (save->target);
    if (save->folder >= 0)
        close (save->folder);
    free (save);
}

/* Finds the place of a file; nothing is made. */
static tenon_status
item_new (const struct tn_atomic *save, int start, const char *name, struct item **result, tenon_error *error)
{
    struct item *item = calloc (1, sizeof *item);
    *result = item;
    if (!item)
        return tn_fail_memory (error);
    item->fd = -1;
    item->place.folder = -1;
    item->name = tn_strndup (name, strlen (name));
    if (!item->name)
        return tn_fail_memory (error);
    TN_TRY (tn_destination_find (start, name, &item->place, error));
    if (save->options.must_be_new && item->place.exists && !item->place.straight)
        return tn_fail_errno (error, EEXIST, "cannot be written", name);
    return TENON_OK;
}

tenon_status
tn_atomic_begin (struct tn_atomic **result, const char *path, const struct tn_atomic_options *options,
                 tenon_error *error)
{
    struct tn_atomic *save = calloc (1, sizeof *save);
    *result = NULL;
    if (!save)
        return tn_fail_memory (error);
    save->options = *options;
    save->folder = -1;
    tenon_status status = item_new (save, AT_FDCWD, path, &save->target, error);
    if (status < 0) {
        tn_atomic_abort (save);
        return status;
    }
    *result = save;
    return TENON_OK;
}

bool
tn_atomic_is_seekable (const struct tn_atomic *save)
{
    return !save->target->place.straight;
}

/* ---- beginning a file ---- */

/* A device, FIFO, socket or terminal. */
static tenon_status
open_straight (struct item *item, tenon_error *error)
{
    do
        item->fd = open (item->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    while (item->fd < 0 && errno == EINTR);
    struct stat status;
    if (item->fd < 0 || fstat (item->fd, &status) < 0)
        return tn_fail_errno (error, errno, "cannot be opened for writing", item->name);
    if (S_ISREG (status.st_mode)) /* it was something else a moment ago */
        return tn_fail_errno (error, EBUSY, "cannot be opened for writing", item->name);
    item->sink = tn_sink_fd_new (item->fd, item->name);
    return item->sink ? TENON_OK : tn_fail_memory (error);
}

static tenon_status
open_item (const struct tn_atomic *save, struct item *item, uint64_t size_hint, tenon_error *error)
{
    if (item->place.straight)
        return open_straight (item, error);
    tenon_status status = tn_temporary_make (&item->place, item->temporary, &item->fd, error);
    if (status < 0) {
        item->temporary[0] = 0;
        item->fd = -1;
        tn_fail_in (error, item->name, NULL);
        return status;
    }
    item->sink = tn_file_sink_new (item->fd, item->name, size_hint, save->options.durable);
    return item->sink ? TENON_OK : tn_fail_memory (error);
}

static tenon_status
open_folder (struct tn_atomic *save, tenon_error *error)
{
    const char *path = save->target->name, *slash = strrchr (path, '/');
    if (save->folder >= 0)
        return TENON_OK;
    TN_FREE char *folder =
        slash ? tn_strndup (path, slash == path ? 1 : (size_t) (slash - path)) : tn_strndup (".", 1);
    if (!folder)
        return tn_fail_memory (error);
    save->folder = tn_folder_open (AT_FDCWD, folder);
    return save->folder < 0 ? tn_fail_errno (error, errno, "its folder cannot be opened", path) : TENON_OK;
}

static bool
same_place (const struct tn_destination *a, const struct tn_destination *b)
{
    return a->name && b->name && !strcmp (a->name, b->name) && tn_same_folder (a->folder, b->folder);
}

static tenon_status
check_part (const struct tn_atomic *save, struct item *part, tenon_error *error)
{
    if (part->place.straight) {
        tn_fail_in (error, part->name, NULL);
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                        "a device or FIFO has the name of a shard of the set");
    }
    if (tn_same_folder (part->place.folder, save->folder)) { /* nearly always: a descriptor less */
        close (part->place.folder);
        part->place.folder = save->folder;
        part->place.borrowed = true;
    }
    bool twice = same_place (&part->place, &save->target->place);
    for (const struct item *other = save->parts; other && !twice; other = other->next)
        twice = same_place (&part->place, &other->place);
    if (twice) {
        tn_fail_in (error, part->name, NULL);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "two files of the set have the same name");
    }
    return TENON_OK;
}

static tenon_status
begin_part (struct tn_atomic *save, const char *name, uint64_t size_hint, tenon_error *error)
{
    if (save->target->place.straight)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "a set of files can only be written into a folder, not to a device or pipe");
    if (!name[0] || strchr (name, '/') || !strcmp (name, ".") || !strcmp (name, ".."))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "'%s' is no bare file name for a shard of the set", name);
    TN_TRY (open_folder (save, error));
    struct item *part;
    tenon_status status = item_new (save, save->folder, name, &part, error);
    if (status == TENON_OK)
        status = check_part (save, part, error);
    if (status == TENON_OK)
        status = open_item (save, part, size_hint, error);
    if (status < 0) {
        item_free (part);
        return status;
    }
    struct item **end = &save->parts;
    while (*end)
        end = &(*end)->next;
    *end = save->part = part;
    return TENON_OK;
}

tenon_status
tn_atomic_sink (struct tn_atomic *save, const char *name, uint64_t size_hint, struct tn_sink **sink,
                tenon_error *error)
{
    *sink = NULL;
    if (save->part) {
        TN_TRY (tn_file_sink_finish (save->part->sink, error));
        save->part = NULL;
    }
    if (name) {
        TN_TRY (begin_part (save, name, size_hint, error));
        *sink = save->part->sink;
        return TENON_OK;
    }
    if (!save->target->sink)
        TN_TRY (open_item (save, save->target, size_hint > 0 ? size_hint : save->options.size_hint, error));
    *sink = save->target->sink;
    return TENON_OK;
}

bool
tn_atomic_leaves_old (const struct tn_atomic *save)
{
    return save->parts && !save->target->sink && save->target->place.exists;
}

/* ---- commit ---- */

static int
sync_fd (int fd)
{
    int result;
    do
#ifdef F_FULLFSYNC /* macOS, where fsync leaves it in the disk's cache; not all file systems know it */
        result = fcntl (fd, F_FULLFSYNC) == 0 ? 0 : fsync (fd);
#else
        result = fsync (fd);
#endif
    while (result < 0 && errno == EINTR);
    return result;
}

/* Network file systems tell of a full disk when a descriptor is closed, and ours must stay open for its lock:
 * so a copy is. */
static tenon_status
close_copy (const struct item *item, tenon_error *error)
{
    int copy = fcntl (item->fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && close (copy) < 0 && errno != EINTR)
        return tn_fail_errno (error, errno, "cannot be written", item->name);
    return TENON_OK;
}

/* The mode of the file that is replaced, and its owner and group as far as we may. Writing into it would have
 * cleared the set-id bits too. */
static tenon_status
take_mode (const struct item *item, tenon_error *error)
{
    const struct stat *old = &item->place.status;
    struct stat ours;
    if (!item->place.exists)
        return TENON_OK;
    if (fstat (item->fd, &ours) < 0)
        return tn_fail_errno (error, errno, "cannot be examined", item->name);
    mode_t mode = old->st_mode & 0777;
    bool other = ours.st_uid != old->st_uid || ours.st_gid != old->st_gid;
    if (other && fchown (item->fd, old->st_uid, old->st_gid) < 0 && ours.st_gid != old->st_gid
        && fchown (item->fd, (uid_t) -1, old->st_gid) < 0)
        mode = (mode & 0707) | (mode & 07) << 3; /* what its group could do is not for ours */
    if (fchmod (item->fd, mode) < 0)
        return tn_fail_errno (error, errno, "cannot get the mode of the file that it replaces", item->name);
    return TENON_OK;
}

static tenon_status
finish (const struct tn_atomic *save, const struct item *item, tenon_error *error)
{
    if (!item->sink)
        return TENON_OK;
    if (item->place.straight) {
        TN_TRY (tn_sink_fd_flush (item->sink, error));
        /* block devices can be synced; a pipe or terminal cannot, and says so */
        if (save->options.durable && sync_fd (item->fd) < 0 && (errno == EIO || errno == ENOSPC))
            return tn_fail_errno (error, errno, "cannot be written to the disk", item->name);
        return TENON_OK;
    }
    TN_TRY (tn_file_sink_finish (item->sink, error));
    TN_TRY (take_mode (item, error));
    if (!save->options.durable)
        return close_copy (item, error);
    if (sync_fd (item->fd) < 0)
        return tn_fail_errno (error, errno, "cannot be written to the disk", item->name);
    return TENON_OK;
}

/* Without replacing anything; -1: errno says why, EEXIST as well. */
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
        unlinkat (folder, from,
                  0); /* the file has its name: a second one is litter that the next save removes */
        return 0;
    }
    if (errno == EEXIST)
        return -1;
    /* no links here either: there is nothing left but to look first */
    struct stat there;
    if (fstatat (folder, to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat (folder, from, folder, to);
}

static tenon_status
give_name (const struct tn_atomic *save, struct item *item, tenon_error *error)
{
    const struct tn_destination *place = &item->place;
    if (!item->temporary[0])
        return TENON_OK;
    int result = save->options.must_be_new
                     ? rename_new (place->folder, item->temporary, place->name)
                     : renameat (place->folder, item->temporary, place->folder, place->name);
    if (result < 0)
        return tn_fail_errno (error, errno, "the finished file cannot get its name", item->name);
    item->temporary[0] = 0;
    return TENON_OK;
}

/* So that the names outlive a power failure. */
static tenon_status
sync_folder (const struct tn_atomic *save, int folder, tenon_error *error)
{
    if (!save->options.durable || folder < 0 || sync_fd (folder) == 0)
        return TENON_OK;
    if (errno != EIO && errno != ENOSPC
        && errno != EDQUOT) /* many file systems cannot sync a folder, or we may not read it */
        return TENON_OK;
    return tn_fail_errno (error, errno, "its folder cannot be written to the disk", save->target->name);
}

static tenon_status
sync_folders (const struct tn_atomic *save, tenon_error *error)
{
    const struct tn_destination *target = &save->target->place;
    for (const struct item *part = save->parts; part; part = part->next)
        if (!part->place.borrowed)
            TN_TRY (sync_folder (save, part->place.folder, error));
    if (save->parts && !(save->target->sink && tn_same_folder (save->folder, target->folder)))
        TN_TRY (sync_folder (save, save->folder, error));
    return save->target->sink ? sync_folder (save, target->folder, error) : TENON_OK;
}

/* The file that gets its name last: the target, or the last part when nothing was put into that. */
static const struct item *
last_item (const struct tn_atomic *save)
{
    const struct item *last = save->parts;
    if (save->target->sink)
        return save->target;
    while (last && last->next)
        last = last->next;
    return last;
}

/* New parts beside an old index would be read as what they are not. */
static tenon_status
remove_old_index (const struct tn_atomic *save, tenon_error *error)
{
    const struct item *index = last_item (save);
    bool replaces = false;
    for (const struct item *part = save->parts; part; part = part->next)
        replaces = replaces || (part != index && part->place.exists);
    if (!replaces || !index->place.exists)
        return TENON_OK;
    if (unlinkat (index->place.folder, index->place.name, 0) < 0 && errno != ENOENT)
        return tn_fail_errno (error, errno, "the old file cannot be removed", index->name);
    return sync_folder (save, index->place.folder, error);
}

/* The files before the one that failed keep their names: what they replaced is gone. */
static tenon_status
say_what_stays (const struct tn_atomic *save, const struct item *failed, const tenon_error *why,
                tenon_error *error)
{
    unsigned named = 0;
    for (const struct item *part = save->parts; part && part != failed; part = part->next)
        named++;
    tn_fail_in (error, why->file, NULL);
    if (named == 0)
        return tn_fail (error, why->status, TN_NO_OFFSET, "%s", why->message);
    return tn_fail (error, why->status, TN_NO_OFFSET,
                    "%s; the new set is incomplete: %u of its files are in place already", why->message,
                    named);
}

static tenon_status
commit (struct tn_atomic *save, tenon_error *error)
{
    for (struct item *part = save->parts; part; part = part->next)
        TN_TRY (finish (save, part, error));
    TN_TRY (finish (save, save->target, error));
    TN_TRY (remove_old_index (save, error));
    tenon_error why = TENON_ERROR_INIT;
    for (struct item *part = save->parts; part; part = part->next)
        if (give_name (save, part, &why) < 0)
            return say_what_stays (save, part, &why, error);
    if (give_name (save, save->target, &why) < 0)
        return say_what_stays (save, NULL, &why, error);
    return sync_folders (save, error);
}

tenon_status
tn_atomic_commit (struct tn_atomic *save, tenon_error *error)
{
    tenon_status status = commit (save, error);
    tn_atomic_abort (save);
    return status;
}
