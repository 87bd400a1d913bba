/* SPDX-License-Identifier: MIT */
/* child.c - the process that runs a step. */
#include "child.h"
#include "inbox.h"
#include "memory.h"
#include "message.h"
#include "orphans.h"
#include "process.h"
#include "signals.h"
#include "tell.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* A step ends when so many of its items ended the process. */
#define MOST_DEATHS 20
/* How long the command waits for records before it looks at the clock. */
#define TICK_MILLISECONDS 10
/* Progress is shown after so long, and so often. */
#define SILENT_MILLISECONDS 1000
#define REDRAW_MILLISECONDS 100
/* Limits of a child. */
#define MOST_MEMORY ((rlim_t) 8 << 30)
#define LARGEST_FILE ((rlim_t) 16 << 30)
#define MOST_DESCRIPTORS 1024
#define MOST_SECONDS 7200
/* What a child may print, in MiB. */
#define MOST_PRINTED 64
/* So often the pipe is read when the child has ended: it holds less, but another process may still fill it.
 */
#define LAST_READS 1000

/* ---- the child ---- */

static void
lower_limit (int which, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit (which, &limit) == 0 && limit.rlim_cur > most) {
        limit.rlim_cur = most;
        setrlimit (which, &limit);
    }
}

/* Sanitizers and valgrind need far more addresses than memory. */
static bool
needs_addresses (void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    return true;
#endif
#endif
    const char *preloaded = getenv ("LD_PRELOAD");
    return preloaded && (strstr (preloaded, "san") || strstr (preloaded, "valgrind"));
}

static void
limit_child (void)
{
    lower_limit (RLIMIT_CORE, 0);
    lower_limit (RLIMIT_CPU, MOST_SECONDS);
    lower_limit (RLIMIT_NOFILE, MOST_DESCRIPTORS);
    lower_limit (RLIMIT_FSIZE, LARGEST_FILE);
    if (!needs_addresses ())
        lower_limit (RLIMIT_AS, MOST_MEMORY);
#ifdef __linux__
    prctl (PR_SET_PDEATHSIG, SIGKILL);
#endif
}

static void
settle_child (struct check *check)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    setpgid (0, 0);
    limit_child ();
    for (size_t i = 0; i < COUNT_OF (numbers); i++)
        signal (numbers[i], SIG_DFL);
    int nothing = open ("/dev/null", O_RDONLY);
    dup2 (nothing, STDIN_FILENO);
    close (nothing);
    dup2 (check->child->output, STDOUT_FILENO);
    dup2 (check->child->output, STDERR_FILENO);
    setenv ("TENON_DEBUG", "abi", 1);
}

static _Noreturn void
run_in_child (struct check *check, const struct check_step *step, uint64_t from)
{
    settle_child (check);
    struct process_state *before = process_take ();
    step->run (check, from);
    tell_output (check);
    process_compare (check, before);
    check->child->finished = true;
    _exit (EXIT_DONE);
}

/* ---- the command ---- */

/* What the child is at. A plugin may have written over it. */
static const char *
doing_now (struct check_child *shared)
{
    shared->doing[sizeof shared->doing - 1] = 0;
    return shared->doing[0] ? shared->doing : "what the step prepares";
}

enum ending { ENDED, TOO_LONG, TOO_MUCH, INTERRUPTED };

/* On a terminal, what the child is at, once the step takes more than a second. */
static void
show_progress (const struct check *check, struct check_result *result)
{
    char line[600];
    uint64_t now = milliseconds_now ();
    if (tool.quiet || !terminal_is_error () || now < result->next_progress)
        return;
    result->next_progress = now + REDRAW_MILLISECONDS;
    snprintf (line, sizeof line, "%s: %llu checks, %s", result->step->name,
              (unsigned long long) check->child->counted, doing_now (check->child));
    CLEAN (text) char *printed = shown_as (line, strlen (line), TEXT_MESSAGE);
    size_t fit = display_fit (printed, terminal_columns (STDERR_FILENO) - 1);
    fprintf (stderr, "\r%.*s\033[K", (int) fit, printed);
    fflush (stderr);
    result->progress_shown = true;
}

static void
hide_progress (struct check_result *result)
{
    if (result->progress_shown)
        fputs ("\r\033[K", stderr);
    result->progress_shown = false;
}

static bool
prints_too_much (int output)
{
    struct stat status;
    return fstat (output, &status) == 0 && status.st_size > (off_t) MOST_PRINTED << 20;
}

/* Takes what the child tells until it ends, or must be ended. A process that the plugin started may have the
 * pipe, too, so its end is no sign that the child lives. */
static enum ending
listen_to (const struct check *check, pid_t child, struct inbox *inbox, int output,
           struct check_result *result, int *status)
{
    bool open = true;
    for (struct pollfd poll_fd = { inbox->fd, POLLIN, 0 };;) {
        int ready = poll (&poll_fd, open, TICK_MILLISECONDS);
        if (ready > 0)
            open = inbox_take (inbox, result);
        if (waitpid (child, status, WNOHANG) == child)
            break;
        if (signals_pending ())
            return INTERRUPTED;
        if (prints_too_much (output))
            return TOO_MUCH;
        if ((double) (milliseconds_now () - check->child->began) > check->item_seconds * 1000)
            return TOO_LONG;
        show_progress (check, result);
    }
    for (int reads = 0;
         open && reads < LAST_READS && poll (&(struct pollfd){ inbox->fd, POLLIN, 0 }, 1, 0) > 0; reads++)
        open = inbox_take (inbox, result);
    return ENDED;
}

static void
kill_child (pid_t child, int *status)
{
    kill (-child, SIGKILL);
    kill (child, SIGKILL);
    while (waitpid (child, status, 0) < 0 && errno == EINTR)
        ;
}

/* Judges the end of a child that was not ended by the command. True: the step is done. */
static bool
judge_end (int status, struct check_child *shared, struct check_result *result)
{
    char message[MESSAGE_ROOM], words[400], printed[408] = "";
    const char *doing = doing_now (shared);
    if (shared->finished && WIFEXITED (status) && WEXITSTATUS (status) == 0)
        return true;
    if (tell_line (shared, words, sizeof words))
        snprintf (printed, sizeof printed, " (%s)", words);
    if (WIFSIGNALED (status))
        snprintf (message, sizeof message, "%s ended the process: %s%s", doing, strsignal (WTERMSIG (status)),
                  printed);
    else
        snprintf (message, sizeof message, "%s ended the process with status %d%s", doing,
                  WEXITSTATUS (status), printed);
    bool crashed = WIFSIGNALED (status) || strstr (printed, "Sanitizer");
    result_add (result, crashed ? RULE_CRASH : RULE_EXITS, "", message);
    return false;
}

static void
judge_slow (const struct check *check, struct check_result *result)
{
    char message[MESSAGE_ROOM];
    snprintf (message, sizeof message, "%s took more than %g seconds", doing_now (check->child),
              check->item_seconds);
    result_add (result, RULE_HANG, "", message);
}

static void
judge_loud (struct check *check, struct check_result *result)
{
    char message[MESSAGE_ROOM];
    snprintf (message, sizeof message, "%s printed more than %d MiB", doing_now (check->child), MOST_PRINTED);
    result_add (result, RULE_PRINTS, "", message);
}

/* Takes the end of the child. True: the step is done. */
static bool
end_child (struct check *check, pid_t child, int fd, int output, struct check_result *result)
{
    static struct inbox inbox;
    int status = 0;
    inbox.fd = fd;
    inbox.filled = 0;
    enum ending ending = listen_to (check, child, &inbox, output, result, &status);
    bool done = ending == INTERRUPTED;
    if (ending == ENDED)
        done = judge_end (status, check->child, result);
    else
        kill_child (child, &status);
    if (ending == TOO_LONG)
        judge_slow (check, result);
    if (ending == TOO_MUCH)
        judge_loud (check, result);
    bool left = kill (-child, SIGKILL) == 0;
    if ((orphans_end (!done || ending != ENDED) || left) && done && ending == ENDED)
        result_add (result, RULE_LEAVES, "", "it left a process running");
    return done;
}

/* Runs the step from an item on. Returns false after a message. *done: no item is left. */
static bool
run_once (struct check *check, const struct check_step *step, uint64_t from, int output, bool *done,
          struct check_result *result)
{
    struct check_child *shared = check->child;
    int ends[2];
    if (ftruncate (output, 0) < 0 || pipe (ends) < 0)
        return complain ("no pipe: %s", strerror (errno)), false;
    fcntl (ends[0], F_SETFD, FD_CLOEXEC);
    fcntl (ends[1], F_SETFD, FD_CLOEXEC);
    fcntl (ends[0], F_SETFL, O_NONBLOCK);
    shared->pipe = ends[1];
    shared->number = from;
    shared->began = milliseconds_now ();
    shared->output = output;
    shared->printed = 0;
    shared->finished = false;
    shared->doing[0] = 0;
    fflush (NULL);
    pid_t child = fork ();
    if (child == 0) {
        close (ends[0]);
        run_in_child (check, step, from);
    }
    close (ends[1]);
    if (child < 0)
        complain ("no process: %s", strerror (errno));
    else {
        setpgid (child, child);
        *done = end_child (check, child, ends[0], output, result);
    }
    close (ends[0]);
    return child >= 0;
}

static bool
run_all (struct check *check, const struct check_step *step, int output, struct check_result *result)
{
    uint64_t from = 0;
    bool done = false;
    for (int deaths = 0; !done; deaths++) {
        if (deaths == MOST_DEATHS) {
            result_leave_out (result, "the rest of this step: it ended too many processes");
            return true;
        }
        if (!run_once (check, step, from, output, &done, result))
            return false;
        if (!done && !check->child->doing[0]) { /* no item began: it would end like that again */
            result_leave_out (result, "the rest of this step: what it prepares ends the process");
            return true;
        }
        from = check->child->number + 1;
    }
    return true;
}

/* The file that is the standard output of children; -1 after a message. It has no name. */
static int
open_output (const struct check *check)
{
    CLEAN (text) char *path = check_path (check, "output");
    int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        complain ("%s: %s", path, strerror (errno));
    unlink (path);
    return fd;
}

bool
child_run (struct check *check, const struct check_step *step, struct check_result *result)
{
    uint64_t begin = milliseconds_now ();
    result->step = step;
    result->next_progress = begin + SILENT_MILLISECONDS;
    int output = open_output (check);
    if (output < 0)
        return false;
    check->child =
        mmap (NULL, sizeof *check->child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool works = check->child != MAP_FAILED;
    if (works) {
        orphans_adopt ();
        works = run_all (check, step, output, result);
        hide_progress (result);
        result->counted = check->child->counted;
        munmap (check->child, sizeof *check->child);
    } else
        complain ("no memory");
    check->child = NULL;
    close (output);
    result->seconds = (double) (milliseconds_now () - begin) / 1000;
    return works;
}
