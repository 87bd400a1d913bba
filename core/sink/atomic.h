/* SPDX-License-Identifier: MIT */
/* atomic.h - files that appear whole or not at all.
 *
 * A save writes one or more files: the target, and files beside it, the shards of a set. Each is written
 * under a temporary name in the folder of its destination, locked, and gets its own name in commit. Until
 * then, and after abort, nothing has changed but for the temporary files, which abort removes. A crash leaves
 * them behind; the next save of the same name removes those that no process has locked. */
#ifndef TN_ATOMIC_H
#define TN_ATOMIC_H
#include "context/context.h"
#include "sink/lock.h"
#include "sink/sink.h"

struct tn_atomic;
struct tn_atomic_options {
    bool durable;         /* fsync files and folder */
    tenon_report *report; /* NULL, or for notes: what of a replaced file is not kept */
    bool must_be_new; /* an existing target or shard is TENON_E_EXISTS, also if it appears before commit */
    struct tn_lock_options lock;  /* against other saves of the same files; `durable` there means nothing */
    struct tn_lock *held;         /* of the target, which the caller has taken and will release; or NULL */
    const struct tn_codec *codec; /* tells which files are indexes of a set; NULL: none are */
    /* Called under the lock for each file that is going to be replaced: true if `user` read an older file of
     * its name, so that the save would undo what another has saved meanwhile. NULL: never. */
    bool (*is_stale) (void *user, const struct stat *target);
    void (*was_saved) (void *user); /* called under the lock after a file was replaced; or NULL */
    void *user;
};

/* Follows symbolic links of `path`, also a dangling one, whose file is created. A target that is a device,
 * FIFO, socket or terminal is opened and written directly: its sink is not seekable, and must_be_new means
 * nothing. A folder, and a file that may not be written, is TENON_E_IO. Nothing is created, nor opened for
 * writing, before the first byte. */
tenon_status tn_atomic_begin (struct tn_atomic **atomic, const char *path,
                              const struct tn_atomic_options *options, tenon_error *error);
/* Takes the lock of the target, which commit does otherwise: for a save that adds to the old file, before
 * that is opened. */
tenon_status tn_atomic_lock (struct tn_atomic *atomic, tenon_error *error);
/* A guess of the target's size, before its first byte. This much is preallocated with the first 256 KiB, if
 * there is room. Commit gives back what was too much. */
void tn_atomic_expect (struct tn_atomic *atomic, uint64_t size);
/* name NULL: the sink of the target, which is created when the sink is opened, by its first byte or by
 * tn_sink_open. Otherwise the sink of a new shard of this bare name in the folder of `path` (if `path` is a
 * link, that of the link, where reading by the same path looks); it is created at once, and a symbolic link
 * of that name is followed. Sinks stay valid, and the target's may be asked for again, but each call finishes
 * the shard before it. A name twice is TENON_E_MISUSE; a shard beside a target that is written directly is
 * TENON_E_UNSUPPORTED. */
tenon_status tn_atomic_sink (struct tn_atomic *atomic, const char *name, struct tn_sink **sink,
                             tenon_error *error);
/* Finishes the target, which was opened and is no device, as far as its bytes go: nothing can be written to
 * it any more. *fd, which stays the target's, reads it. */
tenon_status tn_atomic_finish_target (struct tn_atomic *atomic, int *fd, tenon_error *error);
/* The bare name of the file that lists the shards, if it replaces one; NULL: there is none. */
const char *tn_atomic_old_index (const struct tn_atomic *atomic);
/* A shard that the old index names: commit removes it, unless the new set has a file of that name, or none
 * whose name is like it but for digits, or it is another file by then. */
tenon_status tn_atomic_replace_shard (struct tn_atomic *atomic, const char *name, const struct stat *status,
                                      tenon_error *error);
/* True if an older file of the target's name stays beside the new shards, since no byte was put into the
 * target. */
bool tn_atomic_leaves_old (const struct tn_atomic *atomic);
/* Takes the lock, looks again at the files that will be replaced, flushes, syncs, gives every file its mode
 * and its name, and syncs the folder. A file that replaces another gets its rights and attributes (rights.h).
 * A new file gets what umask leaves. TENON_E_BUSY: another save holds the lock, or is_stale said so. Until
 * the first renaming a failure changes nothing.
 *
 * Several files make a set. Its last file is the target, if its sink was opened, or else the file with the
 * name of an index, or else the shard whose name comes first: the file by which the set is opened. The
 * lock is that of this name, in the folder of `path`, and holds the journal of the commit (journal.h). If a
 * crash or a failure comes between the renames, the next save or opening of the set finishes them. An old
 * last file is removed first: an index must not stand beside shards that it does not describe. Of files that
 * must be new, those that have their names are taken back. Frees `atomic`, also on failure. *unlocked: the
 * file system has no locks, so that nothing was excluded; may be NULL. */
tenon_status tn_atomic_commit (struct tn_atomic *atomic, bool *unlocked, tenon_error *error);
/* Removes what was written and frees. NULL is fine. */
void tn_atomic_abort (struct tn_atomic *atomic);

#endif
