/* SPDX-License-Identifier: MIT */
/* start.c - the cost of starting the command: `start TENON FILE` runs `TENON ls FILE` and /bin/true in turn,
 * from exec to exit.
 *
 * It is written in C because a child inherits the peak of its parent's resident memory, and this one is
 * small. */
#include "timing.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 301

/* Runs a command; returns its milliseconds, and the kilobytes that it kept resident. */
static double
run_command (char *const *command, long *resident)
{
    struct rusage usage;
    int status;
    double begin = timing_now ();
    pid_t child = fork ();
    if (child == 0) {
        int null = open ("/dev/null", O_WRONLY);
        dup2 (null, STDOUT_FILENO);
        execv (command[0], command);
        _exit (127);
    }
    if (child < 0 || wait4 (child, &status, 0, &usage) < 0 || status != 0) {
        fprintf (stderr, "%s failed\n", command[0]);
        exit (1);
    }
    double seconds = timing_now () - begin;
    *resident = usage.ru_maxrss;
    return seconds * 1e3;
}

int
main (int argc, char **argv)
{
    static double ours[ROUNDS], theirs[ROUNDS];
    long resident = 0, small;
    if (argc != 3)
        return 2;
    char ls[] = "ls", path[] = "/bin/true";
    char *const command[] = { argv[1], ls, argv[2], NULL };
    char *const nothing[] = { path, NULL };
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = run_command (command, &resident);
        theirs[i] = run_command (nothing, &small);
    }
    double our_time = timing_median (ours, ROUNDS), their_time = timing_median (theirs, ROUNDS);
    printf ("tenon ls, one small file: %.2f ms, %.2f ms over /bin/true (wanted <= 4); %.1f MiB resident "
            "(wanted <= 4), /bin/true %.1f\n",
            our_time, our_time - their_time, (double) resident / 1024, (double) small / 1024);
    return 0;
}
