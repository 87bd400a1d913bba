/* SPDX-License-Identifier: MIT */
/* sandbox.c - takes rights from the calling process: seccomp, Landlock, limits. See seccomp(2), landlock(7).
 */
#include "isolate/sandbox.h"

#if defined HAVE_LINUX_SECCOMP_H && (defined __x86_64__ || defined __aarch64__)
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* Sanitizers map terabytes that they never touch, so a limit on data says nothing there. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SHADOW 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SHADOW 1
#endif
#endif

/* ---- seccomp ---- */

/* What a child may call. Memory, reading the descriptors that it has, its channel, its end. */
static const int allowed_calls[] = {
    __NR_read,        __NR_pread64,    __NR_recvmsg,      __NR_sendmsg, __NR_ppoll,       __NR_close,
#ifdef __NR_poll
    __NR_poll,
#endif
    __NR_brk,         __NR_munmap,     __NR_mremap,       __NR_madvise, __NR_futex,       __NR_clock_gettime,
    __NR_exit,        __NR_exit_group, __NR_rt_sigreturn,
#ifdef HAS_SHADOW
    __NR_sigaltstack, __NR_write,      __NR_getpid,       __NR_gettid,  __NR_sched_yield, __NR_rt_sigprocmask,
#endif
};

/* Libraries look for files as they start to work, and go on without them. */
static const int refused_calls[] = {
    __NR_openat,     __NR_newfstatat, __NR_readlinkat, __NR_faccessat, __NR_prctl,    __NR_sched_getaffinity,
    __NR_sysinfo,
#ifdef __NR_open
    __NR_open,       __NR_stat,       __NR_lstat,      __NR_access,    __NR_readlink,
#endif
#ifdef __NR_openat2
    __NR_openat2,
#endif
#ifdef __NR_faccessat2
    __NR_faccessat2,
#endif
#ifdef __NR_statx
    __NR_statx,
#endif
    __NR_fstat,      __NR_ioctl,      __NR_getcwd,
};

enum { MOST_STEPS = 160 };
struct program {
    struct sock_filter steps[MOST_STEPS];
    unsigned short count;
};

static void
add_step (struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (program->count < MOST_STEPS)
        program->steps[program->count++] = (struct sock_filter){ code, yes, no, k };
}

static void
add_load (struct program *program, size_t offset)
{
    add_step (program, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void
answer_call (struct program *program, int number, uint32_t answer)
{
    add_step (program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 1);
    add_step (program, BPF_RET | BPF_K, answer, 0, 0);
}

/* The low half of an argument; both architectures are little-endian. */
static size_t
argument_offset (unsigned number)
{
    return offsetof (struct seccomp_data, args) + 8 * number;
}

/* mmap of private memory, and mprotect, unless they make code. */
static void
answer_mapping (struct program *program)
{
    add_step (program, BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 6);
    add_load (program, argument_offset (3));
    add_step (program, BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 3);
    add_load (program, argument_offset (2));
    add_step (program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
    add_step (program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add_step (program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add_step (program, BPF_JMP | BPF_JEQ | BPF_K, __NR_mprotect, 0, 4);
    add_load (program, argument_offset (2));
    add_step (program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0);
    add_step (program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add_step (program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

bool
tn_sandbox_lock (void)
{
    struct program program = { .count = 0 };
    add_load (&program, offsetof (struct seccomp_data, arch));
    add_step (&program, BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
    add_step (&program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add_load (&program, offsetof (struct seccomp_data, nr));
    for (size_t i = 0; i < TN_COUNT (allowed_calls); i++)
        answer_call (&program, allowed_calls[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < TN_COUNT (refused_calls); i++)
        answer_call (&program, refused_calls[i], SECCOMP_RET_ERRNO | EACCES);
    answer_mapping (&program);
    add_step (&program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    struct sock_fprog filter = { .len = program.count, .filter = program.steps };
    return program.count < MOST_STEPS && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool
tn_sandbox_exists (const char **why)
{
    /* Without a program the call fails with EFAULT where filters exist, and with EINVAL where they do not. */
    if (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EFAULT)
        return true;
    *why = "the kernel has no seccomp filters";
    return false;
}

/* ---- Landlock ---- */

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_restrict_self 446
#endif

/* struct landlock_ruleset_attr of version 6; older kernels get its beginning. */
struct ruleset {
    uint64_t files, network, scoped;
};

/* Denies all that the kernel's version of Landlock can deny. The bits are those of linux/landlock.h. */
static void
leave_files (void)
{
    long version = syscall (__NR_landlock_create_ruleset, NULL, 0, 1);
    if (version < 1)
        return;
    struct ruleset rules = { .files = version >= 5   ? 0xffff /* … and devices' ioctl */
                                      : version >= 3 ? 0x7fff /* … and truncate */
                                      : version >= 2 ? 0x3fff /* … and links between folders */
                                                     : 0x1fff };
    size_t size = sizeof rules.files;
    if (version >= 4) { /* bind and connect of TCP */
        rules.network = 3;
        size += sizeof rules.network;
    }
    if (version >= 6) { /* abstract sockets and signals of other processes */
        rules.scoped = 3;
        size += sizeof rules.scoped;
    }
    int fd = (int) syscall (__NR_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return;
    syscall (__NR_landlock_restrict_self, fd, 0);
    close (fd);
}

/* ---- limits ---- */

static void
set_limit (int resource, uint64_t most)
{
    struct rlimit limit;
    if (getrlimit (resource, &limit) == 0) {
        limit.rlim_max = limit.rlim_cur = (rlim_t) TN_MIN ((uint64_t) limit.rlim_max, most);
        setrlimit (resource, &limit);
    }
}

#ifndef HAS_SHADOW
/* Bytes of private writable memory that the process has: field 6 of /proc/self/statm, see proc(5). */
static uint64_t
present_data (void)
{
    char text[200];
    int fd = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read (fd, text, sizeof text - 1);
    if (fd >= 0)
        close (fd);
    text[TN_MAX (length, 0)] = 0;
    const char *at = text;
    for (int i = 0; i < 5 && at; i++)
        at = (at = strchr (at, ' ')) ? at + 1 : NULL;
    return at ? strtoull (at, NULL, 10) * (uint64_t) sysconf (_SC_PAGESIZE) : 0;
}
#endif

static void
close_others (int keep)
{
#ifdef __NR_close_range
    if ((keep == 0 || syscall (__NR_close_range, 0, (unsigned) keep - 1, 0) == 0)
        && syscall (__NR_close_range, (unsigned) keep + 1, ~0U, 0) == 0)
        return;
#endif
    long most = sysconf (_SC_OPEN_MAX);
    for (int fd = 0; fd < (most > 0 && most < 1 << 20 ? most : 1 << 20); fd++)
        if (fd != keep)
            close (fd);
}

void
tn_sandbox_prepare (int keep, uint64_t memory)
{
    sigset_t none;
#ifdef HAS_SHADOW
    (void) memory;
#else
    uint64_t data = present_data (), total;
    if (data > 0 && !tn_add (data, memory, &total))
        set_limit (RLIMIT_DATA, total);
#endif
    close_others (keep);
    for (int number = 1; number < NSIG; number++)
        signal (number, SIG_DFL);
    sigemptyset (&none);
    sigprocmask (SIG_SETMASK, &none, NULL);
    setsid ();
    prctl (PR_SET_NAME, "tenon-isolated");
    prctl (PR_SET_DUMPABLE, 0);
    prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    set_limit (RLIMIT_CORE, 0);
    set_limit (RLIMIT_FSIZE, 0);
    leave_files ();
}

#else

bool
tn_sandbox_exists (const char **why)
{
    *why = "isolation needs Linux with seccomp, on x86-64 or 64-bit ARM";
    return false;
}

void
tn_sandbox_prepare (int keep, uint64_t memory)
{
    (void) keep, (void) memory;
}

bool
tn_sandbox_lock (void)
{
    return false;
}

#endif
