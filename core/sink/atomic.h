/* SPDX-License-Identifier: MIT */
/* atomic.h - files that appear whole or not at all.
 *
 * A save writes one or more files: the target, and files beside it (the parts of a set). Each is written
 * under a temporary name in the target's folder, locked, and gets its own name in commit. Until then, and
 * after abort, nothing has changed but for the temporary files, which abort removes. After a crash they
 * stay behind; the next save of the same name removes those whose lock nobody holds. */
#ifndef TN_ATOMIC_H
#define TN_ATOMIC_H
#include "sink/sink.h"

struct tn_atomic;
struct tn_atomic_options {
    bool durable;     /* fsync files and folder */
    bool must_be_new; /* a target or part that exists is TENON_E_EXISTS, also when it appears before commit */
    /* Of the target; a guess. When > 0 it is preallocated with the first 256 KiB, if there is room. What
     * was too much is given back in commit. */
    uint64_t size_hint;
};

/* Follows symbolic links of `path` (also a dangling one: the file that it names is made). A target that is
 * a device, FIFO, socket or terminal is opened and written straight: seekable is false then, and
 * must_be_new means nothing. A folder, and a file that may not be written, is TENON_E_IO. Nothing is
 * created, nor opened for writing, before the first sink is asked for. */
tenon_status tn_atomic_begin (struct tn_atomic **save, const char *path,
                              const struct tn_atomic_options *options, tenon_error *error);
/* Can its target be patched? A device, FIFO or terminal cannot. */
bool tn_atomic_is_seekable (const struct tn_atomic *save);
/* The sink for the target (name NULL) or for a new file of that bare name in the folder of `path` (of the
 * link, when it is one: where reading by the same path looks). A part that is a symbolic link is followed
 * too. The sink that was handed out before stays valid, but a part is finished with the next call. The
 * target may be gone back to. A name twice is TENON_E_MISUSE; no part can stand beside a target that is
 * written straight (TENON_E_UNSUPPORTED). size_hint 0: that of the options, for the target. */
tenon_status tn_atomic_sink (struct tn_atomic *save, const char *name, uint64_t size_hint,
                             struct tn_sink **sink, tenon_error *error);
/* Is there a file of the target's name to which nothing will be put, so that it stays beside the set? */
bool tn_atomic_leaves_old (const struct tn_atomic *save);
/* Flushes, syncs, gives every file its mode (the replaced file's, without its set-id bits, and its group,
 * or to the group what others may; a new file what umask leaves) and its name: parts in the order in which
 * they were begun, the target, if a sink was asked for it, last; syncs the folder. Until the first renaming
 * a failure changes nothing. If it is a set, and a part replaces an older one, the old file of the last name
 * (the target's, or the last part's) is removed before: an index must not stand beside parts that it does not
 * fit. A part that cannot get its name leaves those before it in place, and the message says so. Frees the
 * save, also on failure. */
tenon_status tn_atomic_commit (struct tn_atomic *save, tenon_error *error);
/* Removes what was written and frees. NULL is fine. */
void tn_atomic_abort (struct tn_atomic *save);

#endif
