/* SPDX-License-Identifier: MIT */
/* atomic.h - files that appear whole or not at all.
 *
 * A save writes one or more files: the target, and files beside it, the shards of a set. Each is written
 * under a temporary name in the folder of its destination, locked, and gets its own name in commit. Until
 * then, and after abort, nothing has changed but for the temporary files, which abort removes. A crash leaves
 * them behind; the next save of the same name removes those that no process has locked. */
#ifndef TN_ATOMIC_H
#define TN_ATOMIC_H
#include "sink/sink.h"

struct tn_atomic;
struct tn_atomic_options {
    bool durable;         /* fsync files and folder */
    tenon_report *report; /* NULL, or for notes: what of a replaced file is not kept */
    bool must_be_new; /* an existing target or shard is TENON_E_EXISTS, also if it appears before commit */
    /* Of the target; a guess. If > 0 this much is preallocated with the first 256 KiB, if there is room.
     * Commit gives back what was too much. */
    uint64_t size_hint;
};

/* Follows symbolic links of `path`, also a dangling one, whose file is created. A target that is a device,
 * FIFO, socket or terminal is opened and written directly: its sink is not seekable, and must_be_new means
 * nothing. A folder, and a file that may not be written, is TENON_E_IO. Nothing is created, nor opened for
 * writing, before the first byte. */
tenon_status tn_atomic_begin (struct tn_atomic **atomic, const char *path,
                              const struct tn_atomic_options *options, tenon_error *error);
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
/* True if an older file of the target's name stays beside the new shards, since no byte was put into the
 * target. */
bool tn_atomic_leaves_old (const struct tn_atomic *atomic);
/* Flushes, syncs, gives every file its mode and its name, and syncs the folder. Shards get their names in
 * the order in which they were begun, the target last, if its sink was opened. A file that replaces
 * another gets its rights and attributes (rights.h). A new file gets what umask leaves. Until the first
 * renaming a failure changes nothing.
 *
 * If a shard replaces an older file, the old file of the last name (the target's, or else the last shard's)
 * is removed before: an index must not stand beside shards that it does not describe. A shard that cannot get
 * its name leaves those before it in place, and the message says so. Frees `atomic`, also on failure. */
tenon_status tn_atomic_commit (struct tn_atomic *atomic, tenon_error *error);
/* Removes what was written and frees. NULL is fine. */
void tn_atomic_abort (struct tn_atomic *atomic);

#endif
