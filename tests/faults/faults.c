/* SPDX-License-Identifier: MIT */
/* faults.c - makes chosen calls of the C library fail; see faults.h. For Linux with 64-bit off_t. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "faults.h"
#if defined(__LP64__) && defined(__linux__)
#include "faults_calls.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ENTRY(name, groups) { #name, groups },
static const struct {
    const char *name;
    unsigned groups;
} calls[] = { CALLS (ENTRY) };

/* Faults that are not an errno. */
enum { SHORT = -1, ZERO = -2, KILL = -3, KILLED = -4 };
#define ERROR(name)                                                                                          \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct {
    const char *name;
    int value;
} errors[] = {
    { "short", SHORT },  { "zero", ZERO },   { "kill", KILL }, { "killed", KILLED }, ERROR (ENOMEM),
    ERROR (ENOSPC),      ERROR (EDQUOT),     ERROR (EFBIG),    ERROR (EIO),          ERROR (EINTR),
    ERROR (EAGAIN),      ERROR (EACCES),     ERROR (EPERM),    ERROR (EXDEV),        ERROR (EINVAL),
    ERROR (ENOSYS),      ERROR (EOPNOTSUPP), ERROR (EEXIST),   ERROR (ENOLCK),       ERROR (EMFILE),
    ERROR (EWOULDBLOCK), ERROR (EROFS),      ERROR (EBADF),    ERROR (ENOENT),
};

/* ---- what is to fail ---- */

static atomic_bool armed, without_exchange;
static atomic_uint_fast64_t counted, hits;
static bool chosen[CALL_COUNT];
static int fault;
static uint64_t first, last;

static bool
choose_calls (const char *word, size_t length)
{
    static const struct {
        const char *name;
        unsigned group;
    } groups[] = {
        { "memory", MEMORY }, { "output", OUTPUT }, { "disk", DISK }, { "input", INPUT }, { "all", ~0u }
    };
    bool found = false;
    for (unsigned i = 0; i < CALL_COUNT; i++) {
        bool match = strlen (calls[i].name) == length && memcmp (calls[i].name, word, length) == 0;
        for (unsigned k = 0; k < sizeof groups / sizeof groups[0]; k++)
            match = match
                    || (strlen (groups[k].name) == length && memcmp (groups[k].name, word, length) == 0
                        && (calls[i].groups & groups[k].group));
        chosen[i] = chosen[i] || match;
        found = found || match;
    }
    return found;
}

/* Not strtoull: nothing is called that could fail. */
static uint64_t
take_number (const char **text)
{
    uint64_t number = 0;
    while (**text >= '0' && **text <= '9')
        number = number * 10 + (uint64_t) (*(*text)++ - '0');
    return number;
}

static bool
understand_fault (const char *what)
{
    size_t length;
    memset (chosen, 0, sizeof chosen);
    do {
        length = strcspn (what, ",:");
        if (!choose_calls (what, length))
            return false;
        what += length + (what[length] == ',');
    } while (what[-1] == ',');
    if (*what++ != ':')
        return false;
    length = strcspn (what, ":");
    fault = 0;
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strlen (errors[i].name) == length && memcmp (errors[i].name, what, length) == 0)
            fault = errors[i].value;
    what += length;
    if (fault == 0 || *what++ != ':')
        return false;
    first = last = take_number (&what);
    if (*what == '-') {
        what++;
        last = *what ? take_number (&what) : UINT64_MAX;
    }
    return *what == 0;
}

EXPORT int
faults_set (const char *what)
{
    atomic_store (&armed, false);
    if (!what)
        return 0;
    atomic_store (&counted, 0);
    atomic_store (&hits, 0);
    if (!understand_fault (what))
        return -1;
    atomic_store (&armed, true);
    return 0;
}

EXPORT void
faults_exchange (int possible)
{
    atomic_store (&without_exchange, !possible);
}

EXPORT uint64_t
faults_count (void)
{
    return atomic_load (&counted);
}

EXPORT uint64_t
faults_hits (void)
{
    return atomic_load (&hits);
}

__attribute__ ((constructor)) static void
begin_faults (void)
{
    const char *what = getenv ("TENON_FAULTS");
    if (what && faults_set (what) < 0) {
        static const char words[] = "faults: TENON_FAULTS is not understood\n";
        if (write (2, words, sizeof words - 1) < 0)
            _exit (98);
        _exit (99);
    }
}

__attribute__ ((destructor)) static void
end_faults (void)
{
    const char *path = getenv ("TENON_FAULTS_LOG");
    faults_set (NULL);
    FILE *file = path ? fopen (path, "w") : NULL;
    if (file) {
        fprintf (file, "%llu\n", (unsigned long long) faults_count ());
        fclose (file);
    }
}

int
meet_call (unsigned call)
{
    if (!atomic_load_explicit (&armed, memory_order_acquire) || !chosen[call])
        return 0;
    uint64_t number = atomic_fetch_add (&counted, 1) + 1;
    if (number < first || number > last)
        return 0;
    atomic_fetch_add (&hits, 1);
    if (fault == KILL)
        kill (getpid (), SIGKILL);
    if (fault > 0)
        errno = fault;
    return fault;
}

/* ---- the real ones ---- */

void *
find_real (const char *name)
{
    void *found = dlsym (RTLD_NEXT, name);
    if (!found)
        abort ();
    return found;
}

/* A call that fails with -1, or is killed afterwards. */
#define PLAIN(name, parameters, arguments)                                                                   \
    EXPORT int name parameters                                                                               \
    {                                                                                                        \
        REAL (name)                                                                                          \
        int met = meet_call (CALL_##name);                                                                   \
        if (met > 0)                                                                                         \
            return -1;                                                                                       \
        int result = go arguments;                                                                           \
        if (met == KILLED)                                                                                   \
            kill (getpid (), SIGKILL);                                                                       \
        return result;                                                                                       \
    }

/* One that moves bytes: it may also move fewer. */
#define MOVING(name, parameters, arguments, length)                                                          \
    EXPORT ssize_t name parameters                                                                           \
    {                                                                                                        \
        REAL (name)                                                                                          \
        int met = meet_call (CALL_##name);                                                                   \
        if (met > 0)                                                                                         \
            return -1;                                                                                       \
        if (met == ZERO)                                                                                     \
            return 0;                                                                                        \
        if ((met == SHORT || met == KILLED) && length > 1)                                                   \
            length /= 2;                                                                                     \
        ssize_t result = go arguments;                                                                       \
        if (met == KILLED)                                                                                   \
            kill (getpid (), SIGKILL);                                                                       \
        return result;                                                                                       \
    }

/* The same under the name that programs with large files call. */
#define TOO(type, name, parameters) EXPORT type name##64 parameters __attribute__ ((alias (#name)));

MOVING (write, (int fd, const void *bytes, size_t length), (fd, bytes, length), length)
MOVING (pwrite, (int fd, const void *bytes, size_t length, off_t offset), (fd, bytes, length, offset), length)
MOVING (writev, (int fd, const struct iovec *pieces, int count), (fd, pieces, count), count)
MOVING (pwritev, (int fd, const struct iovec *pieces, int count, off_t offset), (fd, pieces, count, offset),
        count)
MOVING (read, (int fd, void *bytes, size_t length), (fd, bytes, length), length)
MOVING (pread, (int fd, void *bytes, size_t length, off_t offset), (fd, bytes, length, offset), length)
MOVING (copy_file_range, (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags),
        (from, from_at, to, to_at, length, flags), length)

PLAIN (fallocate, (int fd, int mode, off_t offset, off_t length), (fd, mode, offset, length))
PLAIN (ftruncate, (int fd, off_t length), (fd, length))
PLAIN (fsync, (int fd), (fd))
PLAIN (fdatasync, (int fd), (fd))
PLAIN (sync_file_range, (int fd, off64_t offset, off64_t length, unsigned flags), (fd, offset, length, flags))
PLAIN (rename, (const char *from, const char *to), (from, to))
PLAIN (renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
/* The real one, unless names are not to be exchanged. */
static int
rename_flagged (int a, const char *from, int b, const char *to, unsigned flags)
{
    REAL (renameat2)
    if (atomic_load (&without_exchange) && (flags & RENAME_EXCHANGE)) {
        errno = EINVAL;
        return -1;
    }
    return go (a, from, b, to, flags);
}

EXPORT int
renameat2 (int a, const char *from, int b, const char *to, unsigned flags)
{
    int met = meet_call (CALL_renameat2);
    if (met > 0)
        return -1;
    int result = rename_flagged (a, from, b, to, flags);
    if (met == KILLED)
        kill (getpid (), SIGKILL);
    return result;
}

PLAIN (mkdirat, (int a, const char *name, mode_t mode), (a, name, mode))
PLAIN (linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
PLAIN (unlink, (const char *name), (name))
PLAIN (unlinkat, (int a, const char *name, int flags), (a, name, flags))
PLAIN (fchmod, (int fd, mode_t mode), (fd, mode))
PLAIN (fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
PLAIN (flock, (int fd, int how), (fd, how))
PLAIN (dup, (int fd), (fd))
PLAIN (fstat, (int fd, struct stat *status), (fd, status))
PLAIN (fstatfs, (int fd, struct statfs *status), (fd, status))
PLAIN (fstatat, (int a, const char *name, struct stat *status, int flags), (a, name, status, flags))

TOO (ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t offset))
TOO (ssize_t, pread, (int fd, void *bytes, size_t length, off_t offset))
TOO (ssize_t, pwritev, (int fd, const struct iovec *pieces, int count, off_t offset))
TOO (int, fallocate, (int fd, int mode, off_t offset, off_t length))
TOO (int, ftruncate, (int fd, off_t length))

EXPORT ssize_t
readlinkat (int a, const char *name, char *text, size_t length)
{
    REAL (readlinkat)
    return meet_call (CALL_readlinkat) > 0 ? -1 : go (a, name, text, length);
}

/* Closes also when it fails: a test must not run out of descriptors. */
EXPORT int
close (int fd)
{
    REAL (close)
    int met = meet_call (CALL_close), result = go (fd);
    if (met == KILLED)
        kill (getpid (), SIGKILL);
    if (met <= 0)
        return result;
    errno = met;
    return -1;
}

EXPORT int
openat (int a, const char *name, int flags, ...)
{
    REAL (openat)
    va_list list;
    va_start (list, flags);
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg (list, mode_t) : 0;
    va_end (list);
    int met = meet_call (CALL_openat);
    if (met > 0)
        return -1;
    int fd = go (a, name, flags, mode);
    if (met == KILLED)
        kill (getpid (), SIGKILL);
    return fd;
}

EXPORT int
open (const char *name, int flags, ...)
{
    REAL (open)
    va_list list;
    va_start (list, flags);
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg (list, mode_t) : 0;
    va_end (list);
    return meet_call (CALL_open) > 0 ? -1 : go (name, flags, mode);
}

TOO (int, openat, (int a, const char *name, int flags, ...))
TOO (int, open, (const char *name, int flags, ...))

EXPORT void *
mmap (void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    REAL (mmap)
    return meet_call (CALL_mmap) > 0 ? MAP_FAILED : go (address, length, protection, flags, fd, offset);
}

TOO (void *, mmap, (void *address, size_t length, int protection, int flags, int fd, off_t offset))

EXPORT int
pthread_create (pthread_t *thread, const pthread_attr_t *how, void *(*begins) (void *), void *argument)
{
    REAL (pthread_create)
    return meet_call (CALL_pthread_create) > 0 ? EAGAIN : go (thread, how, begins, argument);
}

#endif
