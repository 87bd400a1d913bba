/* SPDX-License-Identifier: MIT */
/* start.c - what it costs to start the command: `start TENON FILE` runs `TENON ls FILE` and /bin/true in
 * turn, from exec to exit.
 *
 * In C because a child begins with the peak of resident memory that its parent had: this one is small. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 301

static double
run (char *const *command, long *resident)
{
    struct timespec begin, end;
    struct rusage usage;
    int status;
    clock_gettime (CLOCK_MONOTONIC, &begin);
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
    clock_gettime (CLOCK_MONOTONIC, &end);
    *resident = usage.ru_maxrss;
    return (double) (end.tv_sec - begin.tv_sec) * 1e3 + (double) (end.tv_nsec - begin.tv_nsec) * 1e-6;
}

static int
compare (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
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
        ours[i] = run (command, &resident);
        theirs[i] = run (nothing, &small);
    }
    qsort (ours, ROUNDS, sizeof *ours, compare);
    qsort (theirs, ROUNDS, sizeof *theirs, compare);
    printf ("tenon ls, one small file: %.2f ms, %.2f ms over /bin/true (wanted <= 4); %.1f MiB resident "
            "(wanted <= 4), /bin/true %.1f\n",
            ours[ROUNDS / 2], ours[ROUNDS / 2] - theirs[ROUNDS / 2], (double) resident / 1024,
            (double) small / 1024);
    return 0;
}
