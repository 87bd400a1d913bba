/* SPDX-License-Identifier: MIT */
/* faults_calls.h - the calls that can fail, and what takes their places, for faults.c and faults_memory.c. */
#ifndef FAULTS_CALLS_H
#define FAULTS_CALLS_H
#include <stdatomic.h>

#define EXPORT __attribute__ ((visibility ("default")))

enum { MEMORY = 1, OUTPUT = 2, DISK = 4, INPUT = 8 };

/* Every call that can fail, with its groups. */
#define CALLS(X)                                                                                             \
    X (malloc, MEMORY)                                                                                       \
    X (calloc, MEMORY)                                                                                       \
    X (realloc, MEMORY)                                                                                      \
    X (aligned_alloc, MEMORY)                                                                                \
    X (posix_memalign, MEMORY)                                                                               \
    X (mmap, MEMORY)                                                                                         \
    X (pthread_create, MEMORY)                                                                               \
    X (write, OUTPUT | DISK)                                                                                 \
    X (pwrite, OUTPUT | DISK)                                                                                \
    X (writev, OUTPUT | DISK)                                                                                \
    X (pwritev, OUTPUT | DISK)                                                                               \
    X (copy_file_range, OUTPUT | DISK)                                                                       \
    X (fallocate, DISK)                                                                                      \
    X (ftruncate, DISK)                                                                                      \
    X (fsync, DISK)                                                                                          \
    X (fdatasync, DISK)                                                                                      \
    X (sync_file_range, DISK)                                                                                \
    X (rename, DISK)                                                                                         \
    X (renameat, DISK)                                                                                       \
    X (renameat2, DISK)                                                                                      \
    X (linkat, DISK)                                                                                         \
    X (mkdirat, DISK)                                                                                        \
    X (unlink, DISK)                                                                                         \
    X (unlinkat, DISK)                                                                                       \
    X (open, DISK | INPUT)                                                                                   \
    X (openat, DISK | INPUT)                                                                                 \
    X (fchmod, DISK)                                                                                         \
    X (fchown, DISK)                                                                                         \
    X (flock, DISK)                                                                                          \
    X (close, DISK)                                                                                          \
    X (dup, INPUT)                                                                                           \
    X (read, INPUT)                                                                                          \
    X (pread, INPUT)                                                                                         \
    X (fstat, INPUT)                                                                                         \
    X (fstatat, INPUT)                                                                                       \
    X (readlinkat, INPUT)                                                                                    \
    X (fstatfs, INPUT)

#define NUMBER(name, groups) CALL_##name,
enum { CALLS (NUMBER) CALL_COUNT };

/* 0: do the call; else the fault that takes its place. */
__attribute__ ((visibility ("hidden"))) int meet_call (unsigned call);
/* The function of this name in the C library. */
__attribute__ ((visibility ("hidden"))) void *find_real (const char *name);

/* The function of this name in the C library. It is looked up once; two threads that do so get the same. */
#define REAL(name)                                                                                           \
    static _Atomic (__typeof__ (&name)) real_##name;                                                         \
    __typeof__ (&name) go = atomic_load_explicit (&real_##name, memory_order_acquire);                       \
    if (!go) {                                                                                               \
        go = (__typeof__ (&name)) find_real (#name);                                                         \
        atomic_store_explicit (&real_##name, go, memory_order_release);                                      \
    }

#endif
