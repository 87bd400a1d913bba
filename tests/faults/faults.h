/* SPDX-License-Identifier: MIT */
/* faults.h - the interface of the library that makes calls fail.
 *
 * It is loaded with LD_PRELOAD and does nothing until faults_set, or the environment variable TENON_FAULTS
 * when it is loaded, names what fails: "CALLS:FAULT:FIRST", "CALLS:FAULT:FIRST-LAST" or "CALLS:FAULT:FIRST-".
 *
 *   CALLS  names separated by ',':
 *              malloc calloc realloc aligned_alloc posix_memalign mmap pthread_create,
 *              write pwrite writev pwritev copy_file_range,
 *              fallocate ftruncate fsync fdatasync sync_file_range,
 *              rename renameat renameat2 linkat mkdirat unlink unlinkat, open openat,
 *              fchmod fchown flock close dup, read pread, fstat fstatat readlinkat fstatfs
 *          or a group of them: memory (the first seven), output (write … copy_file_range),
 *          disk (output, fallocate … close), input (open openat, dup … fstatfs), all
 *   FAULT  the name of an errno, or: short (half of the request is written or read), zero (nothing is, and no
 *          error), kill (the process is killed before the call), killed (after it)
 *   FIRST, LAST
 *          which of the calls, counted from 1 over all threads. Without LAST: all that follow
 *
 * With TENON_FAULTS_LOG=FILE the number of calls is written to FILE at the end of the process. */
#ifndef FAULTS_H
#define FAULTS_H
#include <stdint.h>

/* NULL: nothing fails any more. Returns nonzero if the text is wrong. */
int faults_set (const char *what);
/* 0: renameat2 cannot exchange names any more, as on file systems that have not learnt it. */
void faults_exchange (int possible);
/* Calls of that kind since faults_set, failed or not. */
uint64_t faults_count (void);
/* The number of them that failed. */
uint64_t faults_hits (void);
/* The number of blocks that are allocated now. */
int64_t faults_live (void);
/* The most bytes that were allocated at once since it was called last. */
int64_t faults_peak (void);

#endif
