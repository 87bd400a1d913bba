/* SPDX-License-Identifier: MIT */
/* lock.c - the lock of a name, and the journals that are found in its file. */
#include "sink/lock.h"
#include "base/io.h"
#include "base/place.h"
#include "sink/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PAUSE INT64_C (1000000) /* nanoseconds between two tries; each is twice the last, up to … */
#define LONGEST_PAUSE INT64_C (50000000)
#define SILENCE INT64_C (20000000) /* a shorter wait is not told */
#define SECOND INT64_C (1000000000)

void
tn_lock_configure (const tenon_context *context, uint32_t how, const tenon_progress *progress,
                   struct tn_lock_options *options)
{
    *options = (struct tn_lock_options){ .how = how == TENON_LOCK_CONFIGURED ? context->lock : how - 1,
                                         .seconds = context->lock_wait,
                                         .progress = progress,
                                         .durable = context->durable };
}

/* ---- waiting ---- */

struct wait {
    const struct tn_lock_options *options;
    int64_t begun, pause;
};

static int64_t
now_monotonic (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * SECOND + time.tv_nsec;
}

static tenon_status
fail_busy (const struct wait *wait, const char *file, tenon_error *error)
{
    if (wait->options->how == TN_LOCK_FAILS)
        return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET, "another save holds its lock, %s", file);
    return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                    "another save holds its lock, %s, and still did after %llu s", file,
                    (unsigned long long) wait->options->seconds);
}

/* Sleeps before the next try. */
static tenon_status
wait_turn (struct wait *wait, const char *file, tenon_error *error)
{
    const tenon_progress *progress = wait->options->progress;
    int64_t now = now_monotonic ();
    if (wait->pause == 0) {
        wait->begun = now;
        wait->pause = FIRST_PAUSE;
    }
    if (wait->options->how == TN_LOCK_FAILS
        || (uint64_t) ((now - wait->begun) / SECOND) >= wait->options->seconds)
        return fail_busy (wait, file, error);
    if (progress && progress->report && now - wait->begun >= SILENCE
        && progress->report (progress->user, 0, 0) != 0)
        return tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled while it waited for another save");
    struct timespec pause = { 0, (long) wait->pause };
    nanosleep (&pause, NULL);
    wait->pause = TN_MIN (2 * wait->pause, LONGEST_PAUSE);
    return TENON_OK;
}

/* ---- a journal in the lock file ---- */

static tenon_status
fail_foreign (const struct tn_lock *lock, const struct stat *own, tenon_error *error)
{
    if (own->st_uid != geteuid ())
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                        "user %lu was interrupted while saving this set; that user can open or save it, or "
                        "remove %s and save the set again",
                        (unsigned long) own->st_uid, lock->file);
    return tn_fail (
        error, TENON_E_MALFORMED, TN_NO_OFFSET,
        "it is a copy of a set whose save was interrupted, and may be half old, half new: save it "
        "again and remove %s",
        lock->file);
}

static tenon_status
finish_set (const struct tn_lock *lock, const struct tn_journal *journal, bool durable, bool *changed,
            tenon_error *error)
{
    tenon_error why = TENON_ERROR_INIT;
    if (tn_journal_finish (journal, lock->folder, durable, changed, &why) == TENON_OK)
        return TENON_OK;
    if ((journal->flags & TN_JOURNAL_NEW) && why.status != TENON_E_MEMORY)
        return TENON_OK; /* it was taken back: the set was to be new, and is not there */
    tn_fail_in (error, why.file[0] ? why.file : NULL, NULL);
    return tn_fail (error, why.status, TN_NO_OFFSET,
                    "a save of this set was interrupted and cannot be finished: %s; save the set again, or "
                    "remove it and %s",
                    why.message, lock->file);
}

/* Finishes an interrupted commit. *empty: the file has no bytes any more. *changed: files of the set. */
static tenon_status
finish_journal (struct tn_lock *lock, bool durable, bool *empty, bool *changed, tenon_error *error)
{
    struct tn_journal journal;
    enum tn_journal_state state;
    struct stat own;
    *changed = false;
    *empty = fstat (lock->fd, &own) < 0 || own.st_size == 0;
    if (*empty)
        return TENON_OK;
    tenon_status status = tn_journal_read (lock->fd, &journal, &state, error);
    if (status == TENON_OK && state == TN_JOURNAL_FOREIGN)
        status = fail_foreign (lock, &own, error);
    if (status == TENON_OK && state == TN_JOURNAL_COMPLETE) {
        status = finish_set (lock, &journal, durable, changed, error);
        *empty = status == TENON_OK && ftruncate (lock->fd, 0) == 0;
    }
    tn_journal_free (&journal);
    return status;
}

/* True if the file may be a journal, or the beginning of one. Any other file with the name of a lock is left
 * as it is, and so is one with a second name, which may belong to any program: the library makes no such
 * files. */
static bool
may_be_journal (int fd, struct stat *own)
{
    char begin[sizeof TN_JOURNAL_BEGIN - 1];
    if (fstat (fd, own) < 0 || !S_ISREG (own->st_mode) || own->st_nlink != 1)
        return false;
    uint64_t length = tn_io_read (fd, 0, begin, sizeof begin);
    return length > 0 && memcmp (begin, TN_JOURNAL_BEGIN, length) == 0;
}

/* ---- taking ---- */

static int
open_lock (int folder, const char *file)
{
    int fd = openat (folder, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    return fd < 0 && errno == EACCES ? tn_file_open_hidden (folder, file) : fd;
}

/* Another user's file, without a lock and without bytes, was left by a crash. In place of it the holder makes
 * its own, unless the folder forbids that. True: try again. */
static bool
replace_foreign (const struct tn_lock *lock, const struct stat *own)
{
    return own->st_uid != geteuid () && own->st_size == 0 && unlinkat (lock->folder, lock->file, 0) == 0;
}

void
tn_lock_release (struct tn_lock *lock)
{
    if (lock->fd < 0)
        return;
    if (!lock->keep)
        unlinkat (lock->folder, lock->file, 0);
    close (lock->fd);
    lock->fd = -1;
}

enum turn { OURS, AGAIN, THEIRS };

/* Tries once. AGAIN: the file has just been removed. */
static tenon_status
try_lock (struct tn_lock *lock, enum turn *turn, tenon_error *error)
{
    struct stat own;
    *turn = AGAIN;
    lock->fd = open_lock (lock->folder, lock->file);
    if (lock->fd < 0 && (errno == EINTR || errno == ENOENT))
        return TENON_OK;
    if (lock->fd < 0)
        return tn_fail_in_folder (lock->folder, "its lock file cannot be opened", NULL, error);
    int got = tn_file_lock (lock->fd);
    lock->useless = got < 0;
    if (fstat (lock->fd, &own) < 0) {
        tenon_status status = tn_fail_errno (error, errno, "its lock file cannot be examined", NULL);
        lock->keep = got <= 0;
        tn_lock_release (lock);
        return status;
    }
    if (!S_ISREG (own.st_mode)) {
        close (lock->fd);
        lock->fd = -1;
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "its lock file, %s, is no regular file", lock->file);
    }
    if (own.st_nlink > 1) {
        close (lock->fd);
        lock->fd = -1;
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                        "its lock file, %s, is a second name of another file; remove it", lock->file);
    }
    *turn = got == 0                                                 ? THEIRS
            : !tn_file_has_name (lock->fd, lock->folder, lock->file) ? AGAIN
            : replace_foreign (lock, &own)                           ? AGAIN
                                                                     : OURS;
    if (*turn != OURS) {
        close (lock->fd);
        lock->fd = -1;
    }
    return TENON_OK;
}

static void
begin_lock (struct tn_lock *lock, int folder, const char *file)
{
    *lock = (struct tn_lock){ .folder = folder, .fd = -1 };
    snprintf (lock->file, sizeof lock->file, "%s", file);
}

tenon_status
tn_lock_take (struct tn_lock *lock, int folder, const char *name, const struct tn_lock_options *options,
              tenon_error *error)
{
    struct wait wait = { .options = options };
    char file[TN_TEMPORARY_SIZE];
    bool empty, changed;
    tn_hidden_name (file, name, TN_LOCK_SUFFIX);
    begin_lock (lock, folder, file);
    for (enum turn turn = AGAIN; turn != OURS;) {
        TN_TRY (try_lock (lock, &turn, error));
        if (turn == THEIRS)
            TN_TRY (wait_turn (&wait, file, error));
    }
    tenon_error why = TENON_ERROR_INIT;
    tenon_status status = finish_journal (lock, options->durable, &empty, &changed, &why);
    struct stat own;
    if (status == TENON_OK) {
        if (!empty && ftruncate (lock->fd, 0) < 0) /* a list that is not complete */
            lock->keep = true;
        return TENON_OK;
    }
    lock->keep = true;
    /* A whole new set makes this one good, but a user cannot replace another's list. */
    if (status != TENON_E_MEMORY && fstat (lock->fd, &own) == 0 && own.st_uid == geteuid ())
        return TENON_OK;
    *error = why;
    tn_lock_release (lock);
    return status;
}

tenon_status
tn_lock_matches (const struct tn_lock *held, int folder, const char *name, bool *matches, tenon_error *error)
{
    char file[TN_TEMPORARY_SIZE];
    struct stat own, other;
    tn_hidden_name (file, name, TN_LOCK_SUFFIX);
    *matches = held && held->fd >= 0 && strcmp (held->file, file) == 0;
    if (!*matches)
        return TENON_OK;
    if (fstat (held->folder, &own) < 0 || fstat (folder, &other) < 0)
        return tn_fail_errno (error, errno, "the folder of its lock file cannot be examined", NULL);
    *matches = own.st_dev == other.st_dev && own.st_ino == other.st_ino;
    return TENON_OK;
}

/* ---- readers ---- */

static bool
has_bytes (int folder, const char *file)
{
    struct stat status;
    return fstatat (folder, file, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (status.st_mode)
           && status.st_size > 0;
}

/* A reader waits no longer for the save of a user that does not own the folder: each user that may make a
 * name there could stop all readers. */
#define FOREIGN_SECONDS 5u

static bool
is_trusted (int folder, uid_t user)
{
    struct stat owner;
    return user == 0 || user == geteuid () || (fstat (folder, &owner) == 0 && owner.st_uid == user);
}

tenon_status
tn_lock_settle_file (int folder, const char *file, const struct tn_lock_options *options, bool *found,
                     tenon_error *error)
{
    struct tn_lock_options brief = *options;
    struct wait wait = { .options = &brief };
    struct tn_lock lock;
    bool waited = false;
    *found = false;
    while (has_bytes (folder, file)) {
        begin_lock (&lock, folder, file);
        lock.fd = tn_file_open_hidden (folder, file);
        if (lock.fd < 0 && errno == ENOENT)
            continue;
        if (lock.fd < 0)
            return tn_fail_errno (error, errno,
                                  "a save of this set was interrupted, and its list cannot be read", file);
        struct stat own;
        if (!may_be_journal (lock.fd, &own)) {
            /* one that is empty now was a journal a moment ago, whose save has just ended */
            *found = waited || (fstat (lock.fd, &own) == 0 && own.st_size == 0);
            close (lock.fd);
            return TENON_OK;
        }
        if (!is_trusted (folder, own.st_uid))
            brief.seconds = TN_MIN (brief.seconds, FOREIGN_SECONDS);
        int got = tn_file_lock (lock.fd);
        if (got != 0 && tn_file_has_name (lock.fd, folder, file)) {
            bool empty, changed;
            tenon_status status = finish_journal (&lock, options->durable, &empty, &changed, error);
            /* no process writes the rest of a list that is not complete, as far as there are locks */
            empty = empty || (got > 0 && status == TENON_OK && ftruncate (lock.fd, 0) == 0);
            lock.keep = !empty;
            tn_lock_release (&lock);
            *found = waited || changed;
            return status;
        }
        close (lock.fd);
        if (got == 0) {
            waited = *found = true;
            TN_TRY (wait_turn (&wait, file, error));
        }
    }
    return TENON_OK;
}

tenon_status
tn_lock_settle (int folder, const char *name, const struct tn_lock_options *options, bool *found,
                tenon_error *error)
{
    char file[TN_TEMPORARY_SIZE];
    tn_hidden_name (file, name, TN_LOCK_SUFFIX);
    return tn_lock_settle_file (folder, file, options, found, error);
}
