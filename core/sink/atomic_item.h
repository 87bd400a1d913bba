/* SPDX-License-Identifier: MIT */
/* atomic_item.h - the files of a save, for atomic*.c. */
#ifndef TN_ATOMIC_ITEM_H
#define TN_ATOMIC_ITEM_H
#include "sink/atomic.h"
#include "sink/destination.h"
#include "sink/held.h"
#include "sink/temporary.h"

/* A file of the save. */
struct tn_atomic_item {
    struct tn_atomic_item *next;
    const struct tn_atomic *atomic;
    char *name; /* a shard's as the codec gave it; the target's path. For messages too */
    struct tn_destination destination;
    char temporary[TN_TEMPORARY_SIZE]; /* "": not made, or renamed */
    struct tn_sink *sink;              /* its descriptor holds the lock, until the file has its name */
    struct tn_held held;               /* a shard whose descriptor was closed: what holds the lock */
};

struct tn_old_shard {
    struct tn_old_shard *next;
    struct stat status;
    char name[]; /* bare, in `folder` */
};

struct tn_atomic {
    struct tn_atomic_options options;
    int folder;                    /* of `path`; -1: not opened; only shards need it */
    struct tn_atomic_item *target; /* made when its sink gets its first byte */
    struct tn_atomic_item *shards; /* in the order in which they were begun */
    struct tn_atomic_item *shard;  /* the last one, while it is being written */
    unsigned shard_count;          /* that were finished */
    struct tn_lock locks[2];       /* of the target, and of the set */
    struct tn_old_shard *old;      /* shards of the set that is replaced */
};

/* Finds the destination of a file, from the folder `start`. Nothing is created. *result may need freeing
 * after a failure, too. */
tenon_status tn_atomic_item_new (const struct tn_atomic *atomic, int start, const char *name,
                                 struct tn_atomic_item **result, tenon_error *error);
/* Removes what has no name yet, and frees. NULL is fine. */
void tn_atomic_item_free (struct tn_atomic_item *item);
/* True if it was created. */
bool tn_atomic_item_is_open (const struct tn_atomic_item *item);
/* Flushes and syncs it, and gives it the rights of the file that it replaces. One that was not created is
 * left alone. */
tenon_status tn_atomic_item_finish (const struct tn_atomic *atomic, struct tn_atomic_item *item,
                                    tenon_error *error);
/* Gives it its name. */
tenon_status tn_atomic_item_rename (const struct tn_atomic *atomic, struct tn_atomic_item *item,
                                    tenon_error *error);

#endif
