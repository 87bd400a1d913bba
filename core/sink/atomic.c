/* SPDX-License-Identifier: MIT */
/* atomic.c - files that appear whole or not at all. */
#include "sink/atomic.h"
#include "base/io.h"
#include "base/place.h"
#include "sink/atomic_file.h"
#include "sink/held.h"
#include "sink/journal.h"
#include "sink/litter.h"
#include "sink/rights.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* So many shards keep their descriptors until they have their names. */
#define MOST_OPEN 8u

/* A file of the save. */
struct item {
    struct item *next;
    const struct tn_atomic *atomic;
    char *name; /* a shard's as the codec gave it; the target's path. For messages too */
    struct tn_destination destination;
    char temporary[TN_TEMPORARY_SIZE]; /* "": not made, or renamed */
    struct tn_sink *sink;              /* its descriptor holds the lock, until the file has its name */
    struct tn_held held;               /* a shard whose descriptor was closed: what holds the lock */
};

struct old_shard {
    struct old_shard *next;
    struct stat status;
    char name[]; /* bare, in `folder` */
};

struct tn_atomic {
    struct tn_atomic_options options;
    int folder;              /* of `path`; -1: not opened; only shards need it */
    struct item *target;     /* made when its sink gets its first byte */
    struct item *shards;     /* in the order in which they were begun */
    struct item *shard;      /* the last one, while it is being written */
    unsigned shard_count;    /* that were finished */
    struct tn_lock locks[2]; /* of the target, and of the set */
    struct old_shard *old;   /* shards of the set that is replaced */
};

static void
item_free (struct item *item)
{
    if (!item)
        return;
    int fd = item->sink ? item->sink->fd : -1;
    if (item->temporary[0] && item->held.map)
        tn_held_remove (&item->held, &item->destination, item->temporary);
    else if (item->temporary[0])
        tn_temporary_remove (&item->destination, item->temporary, fd);
    tn_held_end (&item->held);
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
    for (size_t i = 0; i < TN_COUNT (atomic->locks); i++)
        tn_lock_release (&atomic->locks[i]);
    for (struct item *item = atomic->shards, *next; item; item = next) {
        next = item->next;
        item_free (item);
    }
    item_free (atomic->target);
    for (struct old_shard *shard = atomic->old, *next; shard; shard = next) {
        next = shard->next;
        free (shard);
    }
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
    return tn_fail_open (error, number, "cannot be opened for writing", item->name);
}

static tenon_status
open_temporary (void *owner, int *fd, tenon_error *error)
{
    struct item *item = owner;
    bool of_set = item->atomic->shards || item != item->atomic->target;
    tenon_status status = tn_temporary_make (&item->destination, of_set, item->temporary, fd, error);
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
    return item->sink->fd >= 0 || item->held.map;
}

/* Finds the destination of a file. Nothing is created. */
static tenon_status
item_new (const struct tn_atomic *atomic, int start, const char *name, struct item **result,
          tenon_error *error)
{
    struct item *item = calloc (1, sizeof *item);
    *result = item;
    if (!item)
        return tn_fail_memory (error);
    item->atomic = atomic;
    item->destination.folder = -1;
    item->name = tn_strndup (name, strlen (name));
    if (!item->name)
        return tn_fail_memory (error);
    TN_TRY (tn_destination_find (start, name, &item->destination, error));
    if (atomic->options.must_be_new && item->destination.exists && !item->destination.direct)
        return tn_fail_errno (error, EEXIST, "cannot be written", name);
    item->sink = item->destination.direct ? tn_sink_fd_new (-1, item->name)
                                          : tn_file_sink_new (item->name, atomic->options.durable);
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
    atomic->options.lock.durable = options->durable;
    atomic->folder = -1;
    atomic->locks[0].fd = atomic->locks[1].fd = -1;
    tenon_status status = item_new (atomic, AT_FDCWD, path, &atomic->target, error);
    if (status < 0) {
        tn_atomic_abort (atomic);
        return status;
    }
    *result = atomic;
    return TENON_OK;
}

void
tn_atomic_expect (struct tn_atomic *atomic, uint64_t size)
{
    if (!atomic->target->destination.direct)
        tn_file_sink_expect (atomic->target->sink, size);
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
    return atomic->folder < 0 ? tn_fail_folder (folder, path, error) : TENON_OK;
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
    tenon_status status = item_new (atomic, atomic->folder, name, &shard, error);
    if (status == TENON_OK)
        status = check_shard (atomic, shard, error);
    if (status == TENON_OK && !atomic->shards && atomic->options.lock.how != TN_LOCK_NONE)
        tn_litter_sweep (atomic->folder, name, &atomic->options.lock);
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
        struct tn_sink *done = atomic->shard->sink;
        TN_TRY (tn_file_sink_finish (done, error));
        if (atomic->shard_count++ >= MOST_OPEN)
            TN_TRY (tn_held_begin (&atomic->shard->held, &done->fd, done->name, error));
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

/* Network file systems report a full disk when a descriptor is closed. This one must stay open for its lock,
 * so a duplicate is closed. */
static tenon_status
close_copy (const struct item *item, tenon_error *error)
{
    int copy = fcntl (item->sink->fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && close (copy) < 0 && errno != EINTR)
        return tn_fail_write (item->sink->fd, "cannot be written", item->name, error);
    return TENON_OK;
}

static tenon_status
finish_item (const struct tn_atomic *atomic, const struct item *item, tenon_error *error)
{
    if (item->destination.direct) {
        TN_TRY (tn_sink_fd_flush (item->sink, error));
        /* block devices can be synced; pipes and terminals fail with another error */
        if (atomic->options.durable && tn_file_sync (item->sink->fd) < 0 && (errno == EIO || errno == ENOSPC))
            return tn_fail_write (item->sink->fd, "cannot be written to the disk", item->name, error);
        return TENON_OK;
    }
    TN_TRY (tn_file_sink_finish (item->sink, error));
    if (item->destination.exists)
        TN_TRY (
            tn_rights_copy (item->sink->fd, &item->destination, item->name, atomic->options.report, error));
    if (!atomic->options.durable)
        return close_copy (item, error);
    if (tn_file_sync (item->sink->fd) < 0)
        return tn_fail_write (item->sink->fd, "cannot be written to the disk", item->name, error);
    return TENON_OK;
}

/* One whose descriptor was closed gets another one for the while. */
static tenon_status
finish_any_item (const struct tn_atomic *atomic, struct item *item, tenon_error *error)
{
    if (!is_open (item))
        return TENON_OK;
    if (item->sink->fd >= 0)
        return finish_item (atomic, item, error);
    TN_TRY (
        tn_held_open (&item->held, &item->destination, item->temporary, item->name, &item->sink->fd, error));
    tenon_status status = finish_item (atomic, item, error);
    close (item->sink->fd);
    item->sink->fd = -1;
    return status;
}

static tenon_status
give_name (const struct tn_atomic *atomic, struct item *item, tenon_error *error)
{
    const struct tn_destination *destination = &item->destination;
    if (!item->temporary[0])
        return TENON_OK;
    int result =
        atomic->options.must_be_new
            ? tn_rename_new (destination->folder, item->temporary, destination->name)
            : renameat (destination->folder, item->temporary, destination->folder, destination->name);
    if (result < 0)
        return tn_fail_errno (error, errno, "the finished file cannot get its name", item->name);
    item->temporary[0] = 0;
    return TENON_OK;
}

/* ---- locks ---- */

/* Takes the lock of a name, unless the caller or this save has it. `own` is where a new one goes. */
static tenon_status
take_lock (struct tn_atomic *atomic, int folder, const char *name, struct tn_lock *own,
           struct tn_lock **result, tenon_error *error)
{
    struct tn_lock *held[] = { atomic->options.held, &atomic->locks[0], &atomic->locks[1] };
    char file[TN_TEMPORARY_SIZE];
    *result = NULL;
    if (atomic->options.lock.how == TN_LOCK_NONE)
        return TENON_OK;
    tn_hidden_name (file, name, TN_LOCK_SUFFIX);
    for (size_t i = 0; i < TN_COUNT (held) && !*result; i++)
        if (held[i] && held[i]->fd >= 0 && !strcmp (held[i]->file, file)
            && tn_folder_same (held[i]->folder, folder))
            *result = held[i];
    if (*result)
        return TENON_OK;
    *result = own;
    return tn_lock_take (own, folder, name, &atomic->options.lock, error);
}

tenon_status
tn_atomic_lock (struct tn_atomic *atomic, tenon_error *error)
{
    const struct tn_destination *target = &atomic->target->destination;
    struct tn_lock *lock;
    if (target->direct)
        return TENON_OK;
    return take_lock (atomic, target->folder, target->name, &atomic->locks[0], &lock, error);
}

/* ---- a set ---- */

static bool
is_index (const struct tn_atomic *atomic, const char *name)
{
    const char *variant;
    size_t length;
    return atomic->options.codec
           && tn_index_stem (atomic->options.codec, name, strlen (name), &variant, &length) > 0;
}

/* The file that gets its name last, since it stands for the set: the index or, in the order of names, the
 * first shard. */
static struct item *
last_item (const struct tn_atomic *atomic)
{
    struct item *first = atomic->shards;
    if (is_open (atomic->target))
        return atomic->target;
    for (struct item *shard = atomic->shards; shard; shard = shard->next) {
        if (is_index (atomic, shard->name))
            return shard;
        if (strcmp (shard->name, first->name) < 0)
            first = shard;
    }
    return first;
}

static bool
is_set (const struct tn_atomic *atomic)
{
    return atomic->shards && (atomic->shards->next || is_open (atomic->target));
}

static tenon_status
list_item (const struct item *item, struct tn_journal *journal, tenon_error *error)
{
    const struct tn_destination *destination = &item->destination;
    struct stat status;
    int result = item->held.map ? fstatat (destination->folder, item->temporary, &status, AT_SYMLINK_NOFOLLOW)
                                : fstat (item->sink->fd, &status);
    if (result < 0)
        return tn_fail_errno (error, errno, "cannot be examined", item->name);
    return tn_journal_add (journal, tn_path_name (item->name), item->temporary, &status)
               ? TENON_OK
               : tn_fail_memory (error);
}

const char *
tn_atomic_old_index (const struct tn_atomic *atomic)
{
    const struct item *last = is_set (atomic) ? last_item (atomic) : NULL;
    if (!last || !last->destination.exists || !is_index (atomic, tn_path_name (last->name)))
        return NULL;
    return tn_path_name (last->name);
}

tenon_status
tn_atomic_replace_shard (struct tn_atomic *atomic, const char *name, const struct stat *status,
                         tenon_error *error)
{
    bool like = false;
    for (const struct item *shard = atomic->shards; shard; shard = shard->next) {
        if (!strcmp (shard->name, name))
            return TENON_OK;
        like = like || tn_same_but_digits (shard->name, strlen (shard->name), name, strlen (name));
    }
    if (!like || !strcmp (tn_path_name (last_item (atomic)->name), name))
        return TENON_OK;
    struct old_shard *old = malloc (sizeof *old + strlen (name) + 1);
    if (!old)
        return tn_fail_memory (error);
    old->next = atomic->old;
    old->status = *status;
    strcpy (old->name, name);
    atomic->old = old;
    return TENON_OK;
}

static tenon_status
list_items (const struct tn_atomic *atomic, struct tn_journal *journal, tenon_error *error)
{
    const struct item *last = last_item (atomic);
    journal->flags = atomic->options.must_be_new ? TN_JOURNAL_NEW : 0;
    for (const struct item *shard = atomic->shards; shard; shard = shard->next)
        if (shard != last)
            TN_TRY (list_item (shard, journal, error));
    TN_TRY (list_item (last, journal, error));
    for (const struct old_shard *old = atomic->old; old; old = old->next)
        if (!tn_journal_add (journal, old->name, NULL, &old->status))
            return tn_fail_memory (error);
    return TENON_OK;
}

/* Puts the list on the disk. A list of an older save that could not be finished gives way: its index is
 * removed before, so that no moment shows its shards as a set. */
static tenon_status
write_journal (const struct tn_atomic *atomic, const struct tn_lock *lock, const struct tn_journal *journal,
               tenon_error *error)
{
    const struct tn_destination *last = &last_item (atomic)->destination;
    if (lock->keep) {
        if (unlinkat (last->folder, last->name, 0) < 0 && errno != ENOENT)
            return tn_fail_errno (error, errno, "the old file cannot be removed", last_item (atomic)->name);
        if (ftruncate (lock->fd, 0) < 0)
            return tn_fail_errno (error, errno, "the journal of the set cannot be replaced", lock->file);
    }
    TN_TRY (tn_journal_write (lock->fd, journal, error));
    if (!atomic->options.durable)
        return TENON_OK;
    if (tn_file_sync (lock->fd) < 0)
        return tn_fail_errno (error, errno, "the journal of the set cannot be written to the disk", NULL);
    return tn_folder_sync (atomic->folder, atomic->target->name, error); /* it, and the temporary files */
}

/* The files have their names, or will get them from the journal: they are not this save's any more. */
static void
leave_items (struct tn_atomic *atomic)
{
    for (struct item *shard = atomic->shards; shard; shard = shard->next)
        shard->temporary[0] = 0;
    atomic->target->temporary[0] = 0;
}

/* After a failure: nothing is named yet, or all was taken back, or the journal stays for the next one. */
static tenon_status
fail_set (struct tn_atomic *atomic, struct tn_lock *lock, bool changed, const tenon_error *why,
          tenon_error *error)
{
    tn_fail_in (error, why->file[0] ? why->file : NULL, NULL);
    bool untouched = !changed || atomic->options.must_be_new;
    if (untouched && (!lock || ftruncate (lock->fd, 0) == 0)) /* the journal is taken back */
        return tn_fail (error, why->status, TN_NO_OFFSET, "%s", why->message);
    if (lock) {
        lock->keep = true;
        leave_items (atomic);
    }
    return tn_fail (error, why->status, TN_NO_OFFSET, "%s; the set is incomplete now%s", why->message,
                    lock ? ", and the next program that opens or saves it will finish it" : "");
}

static tenon_status
name_set (struct tn_atomic *atomic, struct tn_lock *lock, tenon_error *error)
{
    struct tn_journal journal = { 0 };
    tenon_error why = TENON_ERROR_INIT;
    bool changed = false;
    tenon_status status = list_items (atomic, &journal, error);
    if (status == TENON_OK && lock)
        status = write_journal (atomic, lock, &journal, error);
    if (status == TENON_OK
        && tn_journal_finish (&journal, atomic->folder, atomic->options.durable, &changed, &why) < 0)
        status = fail_set (atomic, lock, changed, &why, error);
    tn_journal_free (&journal);
    if (status < 0)
        return status;
    leave_items (atomic);
    if (lock)
        lock->keep = ftruncate (lock->fd, 0) < 0;
    return TENON_OK;
}

/* ---- commit ---- */

/* Looks at the files again, under the lock: another save may have replaced them since. */
static tenon_status
look_again (const struct tn_atomic *atomic, struct item *item, tenon_error *error)
{
    const struct tn_atomic_options *options = &atomic->options;
    struct tn_destination *destination = &item->destination;
    if (!is_open (item) || destination->direct)
        return TENON_OK;
    TN_TRY (tn_destination_examine (destination, item->name, error));
    if (destination->exists && options->must_be_new)
        return tn_fail_errno (error, EEXIST, "cannot be written", item->name);
    if (!destination->exists || !options->is_stale
        || !options->is_stale (options->user, &destination->status))
        return TENON_OK;
    tn_fail_in (error, item->name, NULL);
    return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                    "another save has replaced it since it was opened for this one; open it again");
}

static tenon_status
lock_items (struct tn_atomic *atomic, struct tn_lock **lock, tenon_error *error)
{
    *lock = NULL;
    if (is_set (atomic))
        return take_lock (atomic, atomic->folder, tn_path_name (last_item (atomic)->name), &atomic->locks[1],
                          lock, error);
    const struct item *item = is_open (atomic->target) ? atomic->target : atomic->shards;
    if (!item || item->destination.direct)
        return TENON_OK;
    return take_lock (atomic, item->destination.folder, item->destination.name, &atomic->locks[1], lock,
                      error);
}

static tenon_status
name_one (const struct tn_atomic *atomic, struct tn_lock *lock, struct item *item, tenon_error *error)
{
    TN_TRY (give_name (atomic, item, error));
    if (lock)
        lock->keep = false;
    return atomic->options.durable && !item->destination.direct
               ? tn_folder_sync (item->destination.folder, item->name, error)
               : TENON_OK;
}

static bool
replaces_files (const struct tn_atomic *atomic)
{
    bool found = is_open (atomic->target) && atomic->target->destination.exists;
    for (const struct item *shard = atomic->shards; shard; shard = shard->next)
        found = found || shard->destination.exists;
    return found;
}

static tenon_status
commit_items (struct tn_atomic *atomic, tenon_error *error)
{
    struct tn_lock *lock;
    struct item *target = atomic->target;
    TN_TRY (lock_items (atomic, &lock, error));
    if (is_set (atomic) && lock) /* the litter of shards was removed when the first one was begun */
        tn_temporary_clean (&last_item (atomic)->destination, true, 0);
    for (struct item *shard = atomic->shards; shard; shard = shard->next)
        TN_TRY (look_again (atomic, shard, error));
    TN_TRY (look_again (atomic, target, error));
    for (struct item *shard = atomic->shards; shard; shard = shard->next)
        TN_TRY (finish_any_item (atomic, shard, error));
    TN_TRY (finish_any_item (atomic, target, error));
    struct item *item = is_open (target) ? target : atomic->shards;
    if (is_set (atomic))
        TN_TRY (name_set (atomic, lock, error));
    else if (item)
        TN_TRY (name_one (atomic, lock, item, error));
    if (replaces_files (atomic) && atomic->options.was_saved)
        atomic->options.was_saved (atomic->options.user);
    return TENON_OK;
}

tenon_status
tn_atomic_commit (struct tn_atomic *atomic, bool *unlocked, tenon_error *error)
{
    tenon_status status = commit_items (atomic, error);
    if (unlocked)
        *unlocked = atomic->locks[0].useless || atomic->locks[1].useless;
    tn_atomic_abort (atomic);
    return status;
}
