/* SPDX-License-Identifier: MIT */
/* faults.h - the library that makes system calls fail, as the tests see it.
 *
 * It is loaded with LD_PRELOAD and does nothing until it is told what is to fail, by faults_set or by the
 * environment variable TENON_FAULTS when it is loaded: "CALLS:FAULT:FIRST" or "CALLS:FAULT:FIRST-LAST" or
 * "CALLS:FAULT:FIRST-".
 *
 *   CALLS  names with ',' between: malloc calloc realloc aligned_alloc posix_memalign mmap pthread_create,
 * write pwrite writev pwritev copy_file_range, fallocate ftruncate fsync fdatasync sync_file_range, rename
 * renameat renameat2 linkat unlink unlinkat, open openat, fchmod fchown flock close dup, read pread, fstat
 * fstatat readlinkat fstatfs. Or a group of them: memory (the first seven), output (write … copy_file_range),
 * disk (output, fallocate … close), input (open openat, dup … fstatfs), all. FAULT  an errno's name, or:
 * short (half of what was asked for is written or read), zero (nothing is, and no error), kill (the process
 * is killed before the call), killed (after it). FIRST, LAST  which of the calls, counted from 1 since
 * faults_set over all threads. LAST nothing: all that follow.
 *
 * With TENON_FAULTS_LOG=FILE the number of calls is written there at the end of the process. */
#ifndef FAULTS_H
#define FAULTS_H
#include <stdint.h>

/* NULL: nothing fails any more. Nonzero: the text is wrong. */
int faults_set (const char *what);
/* Calls of that kind since then, failed or not. */
uint64_t faults_count (void);
/* How many of them were made to fail. */
uint64_t faults_hits (void);
/* Blocks of memory that are allocated now. */
int64_t faults_live (void);

#endif
