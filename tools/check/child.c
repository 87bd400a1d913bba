/* SPDX-License-Identifier: MIT */
/* child.c - the process that runs a step, and what it tells. */
#include "child.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Seconds that one item may take. */
#define ITEM_SECONDS 60
/* A step ends when so many of its items ended the process. */
#define MOST_DEATHS 20

/* Shared with the parent: the item that the child is at. */
struct check_child {
    int pipe;
    uint64_t number;
    char doing[512];
};

struct record {
    uint32_t kind, rule; /* 'F', 'L' or 'C' */
    uint32_t subject, message;
};

static void
write_all (int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t done = write (fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            _exit (EXIT_TROUBLE);
        at += done;
        size -= (size_t) done;
    }
}

static void
tell (struct check *check, char kind, uint32_t rule, const char *subject, const char *message)
{
    struct record record = { (unsigned char) kind, rule, (uint32_t) strlen (subject),
                             (uint32_t) strlen (message) };
    write_all (check->child->pipe, &record, sizeof record);
    write_all (check->child->pipe, subject, record.subject);
    write_all (check->child->pipe, message, record.message);
}

bool
check_item (struct check *check, uint64_t from, uint64_t number, const char *format, ...)
{
    va_list list;
    va_start (list, format);
    vsnprintf (check->child->doing, sizeof check->child->doing, format, list);
    va_end (list);
    check->child->number = number;
    return number >= from;
}

void
check_counted (struct check *check)
{
    tell (check, 'C', 0, "", "");
}

void
check_found (struct check *check, enum check_rule rule, const char *subject, const char *format, ...)
{
    char message[2048];
    va_list list;
    va_start (list, format);
    vsnprintf (message, sizeof message, format, list);
    va_end (list);
    tell (check, 'F', (uint32_t) rule, subject, message);
}

void
check_left_out (struct check *check, const char *format, ...)
{
    char message[1024];
    va_list list;
    va_start (list, format);
    vsnprintf (message, sizeof message, format, list);
    va_end (list);
    tell (check, 'L', 0, "", message);
}

/* ---- the parent ---- */

static bool
read_all (int fd, void *to, size_t size)
{
    for (char *at = to; size > 0;) {
        ssize_t done = read (fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        size -= (size_t) done;
    }
    return true;
}

static char *
read_text (int fd, uint32_t length)
{
    char *text = get_memory (NULL, (size_t) length + 1, 1);
    text[length] = 0;
    if (!read_all (fd, text, length))
        text[0] = 0;
    return text;
}

/* False: the pipe has ended. */
static bool
take_record (int fd, struct check_result *result)
{
    struct record record;
    if (!read_all (fd, &record, sizeof record) || record.rule >= RULE_COUNT)
        return false;
    CLEAN (text) char *subject = read_text (fd, record.subject), *message = read_text (fd, record.message);
    if (record.kind == 'F')
        result_add (result, record.rule, subject, message);
    else if (record.kind == 'L')
        result_leave_out (result, message);
    else
        result->counted++;
    return true;
}

/* Takes what the child tells until it ends, or is killed for taking too long with one item. */
static bool
listen_to (pid_t child, int fd, const struct check_child *shared, struct check_result *result)
{
    uint64_t at = shared->number;
    time_t since = time (NULL);
    for (struct pollfd poll_fd = { fd, POLLIN, 0 };;) {
        int ready = poll (&poll_fd, 1, 1000);
        if (ready > 0 && !take_record (fd, result))
            return true;
        if (shared->number != at) {
            at = shared->number;
            since = time (NULL);
        } else if (time (NULL) - since > ITEM_SECONDS) {
            kill (child, SIGKILL);
            return false;
        }
    }
}

/* Judges the end of a child. True: the step is done. */
static bool
judge_end (int status, bool in_time, const struct check_child *shared, struct check_result *result)
{
    char message[700];
    if (in_time && WIFEXITED (status) && WEXITSTATUS (status) == 0)
        return true;
    if (!in_time)
        snprintf (message, sizeof message, "%s took more than %d seconds", shared->doing, ITEM_SECONDS);
    else if (WIFSIGNALED (status))
        snprintf (message, sizeof message, "%s ended the process: %s", shared->doing,
                  strsignal (WTERMSIG (status)));
    else
        snprintf (message, sizeof message, "%s ended the process with status %d", shared->doing,
                  WEXITSTATUS (status));
    result_add (result, in_time ? RULE_CRASH : RULE_HANG, "", message);
    return false;
}

static _Noreturn void
run_in_child (struct check *check, const struct check_step *step, uint64_t from)
{
    struct rlimit none = { 0, 0 };
    setrlimit (RLIMIT_CORE, &none);
    setenv ("TENON_DEBUG", "abi", 1);
    step->run (check, from);
    _exit (EXIT_DONE);
}

/* Runs the step from an item on. Returns false after a message. *done: no item is left. */
static bool
run_once (struct check *check, const struct check_step *step, uint64_t from, bool *done,
          struct check_result *result)
{
    int ends[2];
    if (pipe (ends) < 0)
        return complain ("no pipe: %s", strerror (errno)), false;
    check->child->pipe = ends[1];
    check->child->number = from;
    check->child->doing[0] = 0;
    fflush (NULL);
    pid_t child = fork ();
    if (child == 0) {
        close (ends[0]);
        run_in_child (check, step, from);
    }
    close (ends[1]);
    if (child < 0) {
        close (ends[0]);
        return complain ("no process: %s", strerror (errno)), false;
    }
    bool in_time = listen_to (child, ends[0], check->child, result);
    int status = 0;
    close (ends[0]);
    while (waitpid (child, &status, 0) < 0 && errno == EINTR)
        ;
    *done = judge_end (status, in_time, check->child, result);
    return true;
}

bool
child_run (struct check *check, const struct check_step *step, struct check_result *result)
{
    struct timespec begin, end;
    clock_gettime (CLOCK_MONOTONIC, &begin);
    result->step = step;
    check->child =
        mmap (NULL, sizeof *check->child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (check->child == MAP_FAILED)
        return complain ("no memory"), false;
    bool done = false, works = true;
    uint64_t from = 0;
    for (int deaths = 0; works && !done && deaths < MOST_DEATHS; deaths++) {
        works = run_once (check, step, from, &done, result);
        from = check->child->number + 1;
    }
    munmap (check->child, sizeof *check->child);
    clock_gettime (CLOCK_MONOTONIC, &end);
    result->seconds = (double) (end.tv_sec - begin.tv_sec) + (double) (end.tv_nsec - begin.tv_nsec) / 1e9;
    return works;
}
