/* SPDX-License-Identifier: MIT */
/* process.c - what a plugin must leave as it is in the process that has loaded it. */
#include "process.h"
#include "memory.h"
#include <dirent.h>
#include <fcntl.h>
#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Descriptors from this on are not looked at: the child may not open so many. */
#define MOST_DESCRIPTORS 1024
#define MOST_SIGNALS 64
/* A thread that was joined may be listed for a moment. */
#define PATIENCE_MILLISECONDS 200

struct process_state {
    bool open[MOST_DESCRIPTORS];
    void (*handlers[MOST_SIGNALS + 1]) (int);
    sigset_t blocked;
    char *locale, *environment;
    locale_t own_locale;
    struct stat folder;
    mode_t mask;
    int rounding;
    bool keeps_small; /* numbers below the smallest normal one */
    unsigned threads;
};

/* 0: it cannot be told here. */
static unsigned
count_threads (void)
{
    unsigned count = 0;
    DIR *folder = opendir ("/proc/self/task");
    for (struct dirent *entry; folder && (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir (folder);
    return count;
}

static char *
join_environment (void)
{
    size_t size = 1;
    for (char **entry = environ; entry && *entry; entry++)
        size += strlen (*entry) + 1;
    char *text = get_memory (NULL, size, 1), *at = text;
    for (char **entry = environ; entry && *entry; entry++)
        at += sprintf (at, "%s\n", *entry);
    *at = 0;
    return text;
}

struct process_state *
process_take (void)
{
    struct process_state *state = get_memory (NULL, 1, sizeof *state);
    memset (state, 0, sizeof *state);
    for (int i = 0; i < MOST_DESCRIPTORS; i++)
        state->open[i] = fcntl (i, F_GETFD) >= 0;
    for (int i = 1; i <= MOST_SIGNALS; i++) {
        struct sigaction action;
        if (sigaction (i, NULL, &action) == 0)
            state->handlers[i] = action.sa_handler;
    }
    pthread_sigmask (SIG_BLOCK, NULL, &state->blocked);
    const char *locale = setlocale (LC_ALL, NULL);
    state->locale = copy_text (locale ? locale : "", locale ? strlen (locale) : 0);
    state->own_locale = uselocale ((locale_t) 0);
    state->environment = join_environment ();
    stat (".", &state->folder);
    state->mask = umask (0);
    umask (state->mask);
    state->rounding = fegetround ();
    volatile double small = DBL_MIN;
    small /= 2;
    state->keeps_small = small > 0;
    state->threads = count_threads ();
    return state;
}

static void
compare_descriptors (struct check *check, const struct process_state *before,
                     const struct process_state *after)
{
    for (int i = 0; i < MOST_DESCRIPTORS; i++) {
        char link[64], target[512] = "?";
        if (before->open[i] == after->open[i])
            continue;
        if (before->open[i]) {
            check_found (check, RULE_PROCESS, "", "it closed the descriptor %d, which is not its own", i);
            continue;
        }
        snprintf (link, sizeof link, "/proc/self/fd/%d", i);
        ssize_t length = readlink (link, target, sizeof target - 1);
        if (length > 0)
            target[length] = 0;
        check_found (check, RULE_LEAVES, "", "it left the descriptor %d open (%s)", i, target);
    }
}

static void
compare_signals (struct check *check, const struct process_state *before, const struct process_state *after)
{
    for (int i = 1; i <= MOST_SIGNALS; i++) {
        if (before->handlers[i] != after->handlers[i])
            check_found (check, RULE_PROCESS, "", "it changed what the signal %d does (%s)", i,
                         strsignal (i));
        if (sigismember (&before->blocked, i) != sigismember (&after->blocked, i))
            check_found (check, RULE_PROCESS, "", "it blocks, or no longer blocks, the signal %d (%s)", i,
                         strsignal (i));
    }
}

static void
compare_settings (struct check *check, const struct process_state *before, const struct process_state *after)
{
    if (strcmp (before->locale, after->locale) != 0 || before->own_locale != after->own_locale)
        check_found (check, RULE_PROCESS, "", "it changed the locale, from %s to %s", before->locale,
                     after->locale);
    if (strcmp (before->environment, after->environment) != 0)
        check_found (check, RULE_PROCESS, "", "it changed the environment");
    if (before->folder.st_dev != after->folder.st_dev || before->folder.st_ino != after->folder.st_ino)
        check_found (check, RULE_PROCESS, "", "it changed the working directory");
    if (before->mask != after->mask)
        check_found (check, RULE_PROCESS, "", "it changed the umask, from %03o to %03o",
                     (unsigned) before->mask, (unsigned) after->mask);
    if (before->rounding != after->rounding)
        check_found (check, RULE_PROCESS, "", "it changed the rounding of floating-point numbers");
    if (before->keeps_small != after->keeps_small)
        check_found (check, RULE_PROCESS, "",
                     "it changed what becomes of subnormal floating-point numbers (-ffast-math does)");
}

static void
compare_threads (struct check *check, const struct process_state *before)
{
    unsigned after = count_threads ();
    for (int waited = 0; after > before->threads && waited < PATIENCE_MILLISECONDS; waited += 10) {
        nanosleep (&(struct timespec){ 0, 10000000 }, NULL);
        after = count_threads ();
    }
    if (after > before->threads)
        check_found (check, RULE_LEAVES, "", "it left %u thread%s running", after - before->threads,
                     after - before->threads == 1 ? "" : "s");
}

static void
process_free (struct process_state *state)
{
    free (state->locale);
    free (state->environment);
    free (state);
}

void
process_compare (struct check *check, struct process_state *before)
{
    struct process_state *after = process_take ();
    compare_descriptors (check, before, after);
    compare_signals (check, before, after);
    compare_settings (check, before, after);
    compare_threads (check, before);
    process_free (before);
    process_free (after);
}
