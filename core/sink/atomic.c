/* SPDX-License-Identifier: MIT */
/* atomic.c - files that appear whole or not at all. */
#include "sink/atomic.h"
#include "base/io.h"
#include "base/place.h"
#include "sink/atomic_file.h"
#include "sink/atomic_item.h"
#include "sink/atomic_set.h"
#include "sink/journal.h"
#include "sink/litter.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* So many shards keep their descriptors until they have their names. */
#define MOST_OPEN 8u

void
tn_atomic_abort (struct tn_atomic *atomic)
{
    if (!atomic)
        return;
    for (size_t i = 0; i < TN_COUNT (atomic->locks); i++)
        tn_lock_release (&atomic->locks[i]);
    for (struct tn_atomic_item *item = atomic->shards, *next; item; item = next) {
        next = item->next;
        tn_atomic_item_free (item);
    }
    tn_atomic_item_free (atomic->target);
    for (struct tn_old_shard *shard = atomic->old, *next; shard; shard = next) {
        next = shard->next;
        free (shard);
    }
    if (atomic->folder >= 0)
        close (atomic->folder);
    free (atomic);
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
    tenon_status status = tn_atomic_item_new (atomic, AT_FDCWD, path, &atomic->target, error);
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
check_shard (const struct tn_atomic *atomic, struct tn_atomic_item *shard, tenon_error *error)
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
    for (const struct tn_atomic_item *other = atomic->shards; other && !twice; other = other->next)
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
    struct tn_atomic_item *shard;
    tenon_status status = tn_atomic_item_new (atomic, atomic->folder, name, &shard, error);
    if (status == TENON_OK)
        status = check_shard (atomic, shard, error);
    if (status == TENON_OK && !atomic->shards && atomic->options.lock.how != TN_LOCK_NONE)
        tn_litter_sweep (atomic->folder, name, &atomic->options.lock);
    if (status == TENON_OK)
        status = tn_sink_open (shard->sink, error);
    if (status < 0) {
        tn_atomic_item_free (shard);
        return status;
    }
    struct tn_atomic_item **end = &atomic->shards;
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
    return atomic->shards && !tn_atomic_item_is_open (atomic->target) && atomic->target->destination.exists;
}

/* ---- locks ---- */

/* Takes the lock of a name, unless the caller or this save has it. `own` is where a new one goes. */
static tenon_status
take_lock (struct tn_atomic *atomic, int folder, const char *name, struct tn_lock *own,
           struct tn_lock **result, tenon_error *error)
{
    struct tn_lock *held[] = { atomic->options.held, &atomic->locks[0], &atomic->locks[1] };
    *result = NULL;
    if (atomic->options.lock.how == TN_LOCK_NONE)
        return TENON_OK;
    for (size_t i = 0; i < TN_COUNT (held); i++) {
        bool matches;
        TN_TRY (tn_lock_matches (held[i], folder, name, &matches, error));
        if (matches) {
            *result = held[i];
            return TENON_OK;
        }
    }
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

/* ---- commit ---- */

/* Looks at the files again, under the lock: another save may have replaced them since. */
static tenon_status
look_again (const struct tn_atomic *atomic, struct tn_atomic_item *item, tenon_error *error)
{
    const struct tn_atomic_options *options = &atomic->options;
    struct tn_destination *destination = &item->destination;
    if (!tn_atomic_item_is_open (item) || destination->direct)
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
    if (tn_atomic_is_set (atomic))
        return take_lock (atomic, atomic->folder, tn_path_name (tn_atomic_last (atomic)->name),
                          &atomic->locks[1], lock, error);
    const struct tn_atomic_item *item =
        tn_atomic_item_is_open (atomic->target) ? atomic->target : atomic->shards;
    if (!item || item->destination.direct)
        return TENON_OK;
    return take_lock (atomic, item->destination.folder, item->destination.name, &atomic->locks[1], lock,
                      error);
}

static tenon_status
name_one (const struct tn_atomic *atomic, struct tn_lock *lock, struct tn_atomic_item *item,
          tenon_error *error)
{
    TN_TRY (tn_atomic_item_rename (atomic, item, error));
    if (lock)
        lock->keep = false;
    return atomic->options.durable && !item->destination.direct
               ? tn_folder_sync (item->destination.folder, item->name, error)
               : TENON_OK;
}

static bool
replaces_files (const struct tn_atomic *atomic)
{
    bool found = tn_atomic_item_is_open (atomic->target) && atomic->target->destination.exists;
    for (const struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next)
        found = found || shard->destination.exists;
    return found;
}

static tenon_status
commit_items (struct tn_atomic *atomic, tenon_error *error)
{
    struct tn_lock *lock;
    struct tn_atomic_item *target = atomic->target;
    TN_TRY (lock_items (atomic, &lock, error));
    if (tn_atomic_is_set (atomic) && lock) /* the litter of shards was removed when the first one was begun */
        tn_temporary_clean (&tn_atomic_last (atomic)->destination, true, 0);
    for (struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next)
        TN_TRY (look_again (atomic, shard, error));
    TN_TRY (look_again (atomic, target, error));
    for (struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next)
        TN_TRY (tn_atomic_item_finish (atomic, shard, error));
    TN_TRY (tn_atomic_item_finish (atomic, target, error));
    struct tn_atomic_item *item = tn_atomic_item_is_open (target) ? target : atomic->shards;
    if (tn_atomic_is_set (atomic))
        TN_TRY (tn_atomic_name_set (atomic, lock, error));
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
