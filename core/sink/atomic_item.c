/* SPDX-License-Identifier: MIT */
/* atomic_item.c - one file of a save: its destination, its temporary file, and its name. */
#include "sink/atomic_item.h"
#include "base/place.h"
#include "sink/atomic_file.h"
#include "sink/journal.h"
#include "sink/rights.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void
tn_atomic_item_free (struct tn_atomic_item *item)
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

/* Opens a device, FIFO, socket or terminal. */
static tenon_status
open_direct (void *owner, int *fd, tenon_error *error)
{
    const struct tn_atomic_item *item = owner;
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
    struct tn_atomic_item *item = owner;
    bool of_set = item->atomic->shards || item != item->atomic->target;
    tenon_status status = tn_temporary_make (&item->destination, of_set, item->temporary, fd, error);
    if (status < 0) {
        item->temporary[0] = 0;
        *fd = -1;
        tn_fail_in (error, item->name, NULL);
    }
    return status;
}

bool
tn_atomic_item_is_open (const struct tn_atomic_item *item)
{
    return item->sink->fd >= 0 || item->held.map;
}

tenon_status
tn_atomic_item_new (const struct tn_atomic *atomic, int start, const char *name,
                    struct tn_atomic_item **result, tenon_error *error)
{
    struct tn_atomic_item *item = calloc (1, sizeof *item);
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

/* Network file systems report a full disk when a descriptor is closed. This one must stay open for its lock,
 * so a duplicate is closed. */
static tenon_status
close_copy (const struct tn_atomic_item *item, tenon_error *error)
{
    int copy = fcntl (item->sink->fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && close (copy) < 0 && errno != EINTR)
        return tn_fail_write (item->sink->fd, "cannot be written", item->name, error);
    return TENON_OK;
}

static tenon_status
finish_item (const struct tn_atomic *atomic, const struct tn_atomic_item *item, tenon_error *error)
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

tenon_status
tn_atomic_item_finish (const struct tn_atomic *atomic, struct tn_atomic_item *item, tenon_error *error)
{
    if (!tn_atomic_item_is_open (item))
        return TENON_OK;
    if (item->sink->fd >= 0)
        return finish_item (atomic, item, error);
    /* one whose descriptor was closed gets another one for the while */
    TN_TRY (
        tn_held_open (&item->held, &item->destination, item->temporary, item->name, &item->sink->fd, error));
    tenon_status status = finish_item (atomic, item, error);
    close (item->sink->fd);
    item->sink->fd = -1;
    return status;
}

tenon_status
tn_atomic_item_rename (const struct tn_atomic *atomic, struct tn_atomic_item *item, tenon_error *error)
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
