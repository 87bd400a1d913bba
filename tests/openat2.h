/* SPDX-License-Identifier: MIT */
/* openat2.h - whether the system keeps a way beneath a folder by itself. Not every kernel does, nor valgrind:
 * there the library follows no links in folders. */
#ifndef TEST_OPENAT2_H
#define TEST_OPENAT2_H
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

static inline bool
has_openat2 (void)
{
    int fd = -1;
#if defined(SYS_openat2) && defined(__has_include)
#if __has_include(<linux/openat2.h>)
    const uint64_t how[3] = { O_RDONLY | O_DIRECTORY, 0, 0x08 /* RESOLVE_BENEATH */ };
    fd = (int) syscall (SYS_openat2, AT_FDCWD, ".", how, sizeof how);
    if (fd >= 0)
        close (fd);
#endif
#endif
    return fd >= 0;
}

#endif
