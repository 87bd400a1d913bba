/* SPDX-License-Identifier: MIT */
/* zygote.c - a process that forks isolated children. */
#include "isolate/zygote.h"
#include "isolate/sandbox.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Words in memory that the program shares with all children, one each; with more children at once, two share
 * one, and only the name in a message may be wrong. */
#define SLOTS 1024u

struct tn_zygote {
    void *user;
    uint64_t memory, seconds;
    pthread_mutex_t lock; /* the process, and one request at a time */
    pid_t program;        /* that started it; 0: none did */
    pid_t forked;         /* that has made words of its own, since another process began them */
    int control;          /* a socket of whole messages */
    atomic_uint *running; /* SLOTS words */
    unsigned next_slot;
};

enum { ZYGOTE_SPAWN, ZYGOTE_END };
struct order {
    uint32_t what, slot;
    tn_zygote_main *main; /* SPAWN: the zygote is a fork, so it has the function at the same address */
    int64_t process;
    uint64_t patience; /* END: milliseconds in which it may end by itself */
};
struct answer {
    int64_t process; /* SPAWN: of the child, or -errno */
    int64_t status;  /* END: as from wait */
};

/* ---- in the zygote ---- */

static void
run_child (struct tn_zygote *zygote, tn_zygote_main *main, int fd, unsigned slot)
{
    struct tn_channel channel;
#ifdef __linux__
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    if (getppid () == 1)
        _exit (1);
#endif
    if (!tn_channel_begin (&channel, fd) || !tn_sandbox_lock ())
        _exit (1);
    channel.takes_descriptors = true;
    main (zygote->user, &channel, &zygote->running[slot]);
    _exit (0);
}

/* Waits for a child that crashed, or kills one that lives. */
static int64_t
reap_child (pid_t process, uint64_t patience)
{
    int status = 0;
    for (uint64_t waited = 0;; waited++) {
        pid_t result = waitpid (process, &status, WNOHANG);
        if (result == process)
            return status;
        if (result < 0 && errno != EINTR)
            return 0;
        if (waited >= patience)
            break;
        usleep (1000);
    }
    kill (process, SIGKILL);
    while (waitpid (process, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* The next order; *fd is the descriptor that came with it, or -1. False: the program is gone. */
static bool
take_order (int control, struct order *order, int *fd)
{
    struct iovec vector = { order, sizeof *order };
    union {
        char bytes[CMSG_SPACE (sizeof (int))];
        struct cmsghdr aligned;
    } room;
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room
    };
    ssize_t got;
    *fd = -1;
    do
        got = recvmsg (control, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t) sizeof *order)
        return false;
    struct cmsghdr *header = CMSG_FIRSTHDR (&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy (fd, CMSG_DATA (header), sizeof *fd);
    return true;
}

static void
run_zygote (struct tn_zygote *zygote, int control)
{
    struct order order;
    int fd;
    tn_sandbox_prepare (control, zygote->memory);
    while (take_order (control, &order, &fd)) {
        struct answer answer = { 0 };
        if (order.what == ZYGOTE_SPAWN && fd >= 0) {
            pid_t process = fork ();
            if (process == 0) {
                close (control);
                run_child (zygote, order.main, fd, order.slot % SLOTS);
            }
            answer.process = process < 0 ? -errno : process;
        } else if (order.what == ZYGOTE_END)
            answer.status = reap_child ((pid_t) order.process, order.patience);
        if (fd >= 0)
            close (fd);
        if (send (control, &answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t) sizeof answer)
            break;
    }
    _exit (0);
}

/* ---- in the program ---- */

/* New words. A process that was forked has those of its parent, whose children use them. */
static bool
map_slots (struct tn_zygote *zygote)
{
    size_t size = SLOTS * sizeof *zygote->running;
    void *shared = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    if (zygote->running)
        munmap (zygote->running, size);
    zygote->running = shared;
    return true;
}

struct tn_zygote *
tn_zygote_new (void *user, uint64_t memory, uint64_t seconds)
{
    struct tn_zygote *zygote = calloc (1, sizeof *zygote);
    if (!zygote)
        return NULL;
    zygote->user = user;
    zygote->memory = memory;
    zygote->seconds = seconds;
    zygote->control = -1;
    pthread_mutex_init (&zygote->lock, NULL);
    if (map_slots (zygote))
        return zygote;
    tn_zygote_free (zygote);
    return NULL;
}

void
tn_zygote_free (struct tn_zygote *zygote)
{
    if (!zygote)
        return;
    if (zygote->control >= 0)
        close (zygote->control);
    if (zygote->running)
        munmap (zygote->running, SLOTS * sizeof *zygote->running);
    pthread_mutex_destroy (&zygote->lock);
    free (zygote);
}

/* The zygote is a grandchild: the program need not wait for it, and finds no child that it did not make. */
static tenon_status
start_zygote (struct tn_zygote *zygote, tenon_error *error)
{
    int pair[2], status;
    if (zygote->control >= 0)
        close (zygote->control); /* that of the process that this one is a fork of */
    zygote->control = -1;
    if (!tn_channel_pair (pair, SOCK_SEQPACKET))
        return tn_fail_errno (error, errno, "isolation cannot begin", NULL);
    pid_t between = fork ();
    if (between == 0) {
        if (fork () == 0)
            run_zygote (zygote, pair[1]);
        _exit (0);
    }
    int number = errno;
    close (pair[1]);
    if (between < 0) {
        close (pair[0]);
        return tn_fail_errno (error, number, "isolation cannot begin", NULL);
    }
    while (waitpid (between, &status, 0) < 0 && errno == EINTR)
        continue;
    zygote->control = pair[0];
    zygote->program = getpid ();
    return TENON_OK;
}

/* Sends an order, and gets the answer. The caller holds the lock. False: the zygote is gone. */
static bool
give_order (struct tn_zygote *zygote, const struct order *order, int fd, struct answer *answer)
{
    ssize_t result;
    do
        result = tn_socket_send (zygote->control, order, sizeof *order, fd, 0);
    while (result < 0 && errno == EINTR);
    if (result != (ssize_t) sizeof *order)
        return false;
    do
        result = recv (zygote->control, answer, sizeof *answer, 0);
    while (result < 0 && errno == EINTR);
    return result == (ssize_t) sizeof *answer;
}

/* Forks a child that has the other end of `fd`. */
static tenon_status
spawn_child (struct tn_zygote *zygote, tn_zygote_main *main, struct tn_child *child, int fd,
             tenon_error *error)
{
    struct answer answer = { 0 };
    tenon_status status = TENON_OK;
    pthread_mutex_lock (&zygote->lock);
    if (zygote->program != 0 && zygote->program != getpid () && zygote->forked != getpid ()) {
        if (!map_slots (zygote)) {
            pthread_mutex_unlock (&zygote->lock);
            return tn_fail_memory (error);
        }
        zygote->forked = getpid ();
    }
    child->slot = zygote->next_slot++ % SLOTS;
    struct order order = { .what = ZYGOTE_SPAWN, .slot = child->slot, .main = main };
    atomic_store (&zygote->running[child->slot], UINT32_MAX);
    bool usable = zygote->control >= 0 && zygote->program == getpid ();
    bool given = usable && give_order (zygote, &order, fd, &answer);
    if (!given) { /* there is none yet, or it was killed */
        status = start_zygote (zygote, error);
        given = status == TENON_OK && give_order (zygote, &order, fd, &answer);
    }
    pthread_mutex_unlock (&zygote->lock);
    if (status < 0)
        return status;
    if (!given || answer.process <= 0)
        return tn_fail_errno (error, given ? (int) -answer.process : EPIPE,
                              "an isolated process cannot begin", NULL);
    child->program = getpid ();
    child->process = answer.process;
    return TENON_OK;
}

tenon_status
tn_child_new (struct tn_zygote *zygote, tn_zygote_main *main, struct tn_child **made, tenon_error *error)
{
    int pair[2];
    struct tn_child *child = calloc (1, sizeof *child);
    *made = NULL;
    if (!child)
        return tn_fail_memory (error);
    child->zygote = zygote;
    pthread_mutex_init (&child->lock, NULL);
    child->channel = (struct tn_channel){ .fd = -1, .descriptor = -1 };
    tenon_status status = TENON_OK;
    if (!tn_channel_pair (pair, SOCK_STREAM))
        status = tn_fail_errno (error, errno, "an isolated process cannot begin", NULL);
    else {
        if (!tn_channel_begin (&child->channel, pair[0])) {
            close (pair[0]);
            status = tn_fail_memory (error);
        } else
            status = spawn_child (zygote, main, child, pair[1], error);
        close (pair[1]);
    }
    if (status < 0) {
        tn_child_free (child);
        return status;
    }
    child->channel.seconds = zygote->seconds;
    *made = child;
    return TENON_OK;
}

bool
tn_child_is_own (const struct tn_child *child)
{
    return child->program == getpid ();
}

/* Ends the process. `patience`: milliseconds in which it may do so by itself. */
static void
end_child (struct tn_child *child, uint64_t patience)
{
    struct tn_zygote *zygote = child->zygote;
    struct order order = { .what = ZYGOTE_END, .process = child->process, .patience = patience };
    struct answer answer = { 0 };
    if (child->process == 0)
        return;
    child->process = 0;
    pthread_mutex_lock (&zygote->lock);
    if (zygote->control >= 0 && tn_child_is_own (child) && give_order (zygote, &order, -1, &answer))
        child->ended_by = (int) answer.status;
    pthread_mutex_unlock (&zygote->lock);
}

void
tn_child_free (struct tn_child *child)
{
    if (!child)
        return;
    end_child (child, 0);
    tn_channel_free (&child->channel);
    pthread_mutex_destroy (&child->lock);
    free (child);
}

uint32_t
tn_child_running (const struct tn_child *child)
{
    return atomic_load (&child->zygote->running[child->slot]);
}

static void
explain_end (const struct tn_child *child, char *words, size_t room)
{
    enum tn_channel_end end = child->channel.end;
    int status = child->ended_by;
    if (end == TN_CHANNEL_SILENT)
        snprintf (words, room, "was stopped: it gave no answer in %llu s (isolated_seconds in [limits])",
                  (unsigned long long) child->channel.seconds);
    else if (end == TN_CHANNEL_WRONG)
        snprintf (words, room, "was stopped: it broke the rules of isolation");
    else if (end == TN_CHANNEL_CLOSED && WIFSIGNALED (status) && WTERMSIG (status) == SIGSYS)
        snprintf (words, room, "was stopped: it made a system call that isolation forbids");
    else if (end == TN_CHANNEL_CLOSED && WIFSIGNALED (status))
        snprintf (words, room, "crashed: signal %d (%s)", WTERMSIG (status), strsignal (WTERMSIG (status)));
    else
        snprintf (words, room, "ended too early");
}

tenon_status
tn_child_fail (struct tn_child *child, const char *plugin, tenon_error *error)
{
    enum tn_channel_end end = child->channel.end;
    char words[200];
    end_child (child, end == TN_CHANNEL_CLOSED ? 200 : 0);
    if (end == TN_CHANNEL_STOPPED)
        return tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled");
    if (end == TN_CHANNEL_MEMORY)
        return tn_fail_memory (error);
    explain_end (child, words, sizeof words);
    return tn_fail (error, end == TN_CHANNEL_SILENT ? TENON_E_LIMIT : TENON_E_CRASHED, TN_NO_OFFSET,
                    "%s%s %s", plugin ? "the plugin " : "the isolated process", plugin ? plugin : "", words);
}
