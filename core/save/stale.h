/* SPDX-License-Identifier: MIT */
/* stale.h - whether a save would undo what another one saved in the meantime. */
#ifndef TN_STALE_H
#define TN_STALE_H
#include "catalog/file.h"
#include "plan/plan.h"
#include <sys/stat.h>

/* A file that a plan reads, and that was replaced since it was opened. */
struct tn_stale_file {
    dev_t device; /* of the file that has its name now */
    ino_t inode;
};
struct tn_stale {
    tenon_plan *plan;
    bool append;            /* only the file that is added to counts */
    const tenon_file *file; /* this one; NULL: none */
    struct tn_stale_file *files;
    uint64_t count, room;
    bool listed, failed; /* no memory for the list: every file is taken for one of it */
};

/* True if the file `now` has the name of a file that the plan reads, and is another one. `user`: a struct
 * tn_stale; the files are looked at in the first call. */
bool tn_stale_check (void *user, const struct stat *now);
/* After the save, under its lock: the plan may be saved over the same files again. */
void tn_stale_remember (void *user);
void tn_stale_free (struct tn_stale *stale);

#endif
