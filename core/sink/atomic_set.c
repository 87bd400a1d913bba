/* SPDX-License-Identifier: MIT */
/* atomic_set.c - a save of several files: which one stands for them, and how all get their names. */
#include "sink/atomic_set.h"
#include "base/io.h"
#include "base/place.h"
#include "sink/atomic_file.h"
#include "sink/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool
is_index (const struct tn_atomic *atomic, const char *name)
{
    const char *variant;
    size_t length;
    return atomic->options.codec
           && tn_index_stem (atomic->options.codec, name, strlen (name), &variant, &length) > 0;
}

struct tn_atomic_item *
tn_atomic_last (const struct tn_atomic *atomic)
{
    struct tn_atomic_item *first = atomic->shards;
    if (tn_atomic_item_is_open (atomic->target))
        return atomic->target;
    for (struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next) {
        if (is_index (atomic, shard->name))
            return shard;
        if (strcmp (shard->name, first->name) < 0)
            first = shard;
    }
    return first;
}

bool
tn_atomic_is_set (const struct tn_atomic *atomic)
{
    return atomic->shards && (atomic->shards->next || tn_atomic_item_is_open (atomic->target));
}

static tenon_status
list_item (const struct tn_atomic_item *item, struct tn_journal *journal, tenon_error *error)
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
    const struct tn_atomic_item *last = tn_atomic_is_set (atomic) ? tn_atomic_last (atomic) : NULL;
    if (!last || !last->destination.exists || !is_index (atomic, tn_path_name (last->name)))
        return NULL;
    return tn_path_name (last->name);
}

tenon_status
tn_atomic_replace_shard (struct tn_atomic *atomic, const char *name, const struct stat *status,
                         tenon_error *error)
{
    bool like = false;
    for (const struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next) {
        if (!strcmp (shard->name, name))
            return TENON_OK;
        like = like || tn_same_but_digits (shard->name, strlen (shard->name), name, strlen (name));
    }
    if (!like || !strcmp (tn_path_name (tn_atomic_last (atomic)->name), name))
        return TENON_OK;
    struct tn_old_shard *old = malloc (sizeof *old + strlen (name) + 1);
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
    const struct tn_atomic_item *last = tn_atomic_last (atomic);
    journal->flags = atomic->options.must_be_new ? TN_JOURNAL_NEW : 0;
    for (const struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next)
        if (shard != last)
            TN_TRY (list_item (shard, journal, error));
    TN_TRY (list_item (last, journal, error));
    for (const struct tn_old_shard *old = atomic->old; old; old = old->next)
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
    const struct tn_destination *last = &tn_atomic_last (atomic)->destination;
    if (lock->keep) {
        if (unlinkat (last->folder, last->name, 0) < 0 && errno != ENOENT)
            return tn_fail_errno (error, errno, "the old file cannot be removed",
                                  tn_atomic_last (atomic)->name);
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
    for (struct tn_atomic_item *shard = atomic->shards; shard; shard = shard->next)
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

tenon_status
tn_atomic_name_set (struct tn_atomic *atomic, struct tn_lock *lock, tenon_error *error)
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
