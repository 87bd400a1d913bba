/* SPDX-License-Identifier: MIT */
/* signals.c - signals, so that the program ends in good order. */
#include "signals.h"
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t pending;
static bool pipe_was_ignored;

void
signals_start (void)
{
    struct sigaction old, ignore = { .sa_handler = SIG_IGN };
    if (sigaction (SIGPIPE, &ignore, &old) == 0)
        pipe_was_ignored = old.sa_handler == SIG_IGN;
    sigaction (SIGXFSZ, &ignore, NULL); /* a write beyond ulimit -f fails, as on a full disk */
}

/* Ends the program by the signal itself, so that the parent process sees which one it was. */
static void
end_by (int number)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t set;
    sigaction (number, &usual, NULL);
    sigemptyset (&set);
    sigaddset (&set, number);
    sigprocmask (SIG_UNBLOCK, &set, NULL);
    raise (number);
}

void
signals_end_by_pipe (void)
{
    if (!pipe_was_ignored)
        end_by (SIGPIPE);
    _exit (EXIT_TROUBLE);
}

static void
remember_signal (int number)
{
    pending = number;
}

void
signals_defer (void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    /* once only: the second signal ends the program at once */
    struct sigaction once = { .sa_handler = remember_signal, .sa_flags = SA_RESETHAND };
    for (size_t i = 0; i < COUNT_OF (numbers); i++) {
        struct sigaction old;
        if (sigaction (numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction (numbers[i], &once, NULL);
    }
}

bool
signals_pending (void)
{
    return pending != 0;
}

void
signals_deliver (void)
{
    if (pending)
        end_by (pending);
}
