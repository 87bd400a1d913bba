/* SPDX-License-Identifier: MIT */
/* held.h - the lock of a temporary file, held without a descriptor.
 *
 * A set may have more shards than a process may have descriptors. The lock (flock) is that of the open file,
 * which lives as long as a mapping of it does, also without a descriptor. Where that is not so, or nothing
 * can be mapped, the descriptor stays open. */
#ifndef TN_HELD_H
#define TN_HELD_H
#include "sink/destination.h"

struct tn_held {
    void *map;            /* NULL: the descriptor holds the lock */
    struct stat identity; /* of the file */
};

/* Closes *fd, of a file that is written, and sets it to -1, unless it has to stay open. */
tenon_status tn_held_begin (struct tn_held *held, int *fd, const char *name, tenon_error *error);
/* Opens the file again, in its folder. The caller closes *fd. */
tenon_status tn_held_open (const struct tn_held *held, const struct tn_destination *destination,
                           const char *temporary, const char *name, int *fd, tenon_error *error);
/* Removes the file, if it still has that name. */
void tn_held_remove (const struct tn_held *held, const struct tn_destination *destination,
                     const char *temporary);
/* Gives up the lock. */
void tn_held_end (struct tn_held *held);

#endif
