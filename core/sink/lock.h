/* SPDX-License-Identifier: MIT */
/* lock.h - one save of a name at a time.
 *
 * The lock of NAME is an flock of the file .NAME.tenon.lock beside it, which excludes processes, and threads
 * of a process, and ends with the process that holds it. Its holder removes it. So the process that gets the
 * lock checks that the file still has its name, and begins again when it has not: a removed file excludes no
 * process. The target itself cannot be the lock: a rename replaces it, and at first it does not exist.
 *
 * While a set gets its names the file holds the journal (journal.h). A holder that finds bytes in it finishes
 * what a crash interrupted, before it does anything else. */
#ifndef TN_LOCK_H
#define TN_LOCK_H
#include "context/context.h"
#include "sink/temporary.h"

enum { TN_LOCK_WAITS, TN_LOCK_FAILS, TN_LOCK_NONE }; /* in the order of [save] lock and TENON_LOCK_* */
struct tn_lock_options {
    uint64_t how;                   /* when another save holds the lock */
    uint64_t seconds;               /* WAITS: at most so long */
    const tenon_progress *progress; /* is told that a save waits, and may cancel it; NULL: none */
    bool durable;
};

/* As the configuration says, unless `how`, TENON_LOCK_*, says otherwise. */
void tn_lock_configure (const tenon_context *context, uint32_t how, const tenon_progress *progress,
                        struct tn_lock_options *options);

struct tn_lock {
    int folder; /* the caller's; it stays open until the lock is released */
    char file[TN_TEMPORARY_SIZE];
    int fd;       /* -1: no lock is held */
    bool useless; /* this file system has no locks: nothing is excluded */
    bool keep;    /* its journal is still needed: the file stays when the lock is released */
};
#define TN_LOCK_INIT                                                                                         \
    {                                                                                                        \
        .folder = -1, .fd = -1                                                                               \
    }

/* Takes the lock of a bare name in a folder. TENON_E_BUSY: another save holds it, and still did after the
 * time to wait. TENON_E_CANCELLED: the progress function said so. */
tenon_status tn_lock_take (struct tn_lock *lock, int folder, const char *name,
                           const struct tn_lock_options *options, tenon_error *error);
/* Sets *matches: `held`, which may be NULL, is the lock of that name in that folder. Where that
 * cannot be told it is a failure: a save that took its own lock again would wait for itself. */
tenon_status tn_lock_matches (const struct tn_lock *held, int folder, const char *name, bool *matches,
                              tenon_error *error);
/* Also of a lock that was not taken. */
void tn_lock_release (struct tn_lock *lock);

/* For readers: if an interrupted save of the name left a journal, finishes it; if a save is about to give the
 * set its names, waits for it. *found: there was one, and what was opened before may be old, or half of each.
 * TENON_E_IO or TENON_E_MALFORMED: the set is half of each, and the message says what to do. */
tenon_status tn_lock_settle (int folder, const char *name, const struct tn_lock_options *options, bool *found,
                             tenon_error *error);
/* The same, of a lock by the name of its file. */
tenon_status tn_lock_settle_file (int folder, const char *file, const struct tn_lock_options *options,
                                  bool *found, tenon_error *error);

#endif
