/* SPDX-License-Identifier: MIT */
/* contexts.c - what a context takes to start: `contexts FOLDER ROUNDS` makes one with the plugins of a folder
 * in a process of its own, and another one after it, and prints the medians of the seconds of both. */
#include "timing.h"
#include <stdio.h>
#include <sys/wait.h>
#include <tenon/tenon.h>
#include <unistd.h>

#define MOST_ROUNDS 1000

static double
make_context (const char *folder)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .plugin_path = folder };
    tenon_context *context;
    tenon_error error = TENON_ERROR_INIT;
    double begin = timing_now ();
    if (tenon_context_new (&context, &options, &error) < 0) {
        fprintf (stderr, "%s\n", error.message);
        _exit (1);
    }
    double seconds = timing_now () - begin;
    tenon_context_free (context);
    return seconds;
}

int
main (int argc, char **argv)
{
    static double seconds[2][MOST_ROUNDS];
    int rounds = argc == 3 ? atoi (argv[2]) : 0;
    for (int i = 0; i < rounds && i < MOST_ROUNDS; i++) {
        int ends[2], status;
        double found[2];
        if (pipe (ends) < 0)
            return 1;
        pid_t child = fork ();
        if (child == 0) {
            found[0] = make_context (argv[1]);
            found[1] = make_context (argv[1]);
            _exit (write (ends[1], found, sizeof found) != sizeof found);
        }
        if (child < 0 || read (ends[0], found, sizeof found) != sizeof found
            || waitpid (child, &status, 0) < 0)
            return 1;
        close (ends[0]);
        close (ends[1]);
        seconds[0][i] = found[0];
        seconds[1][i] = found[1];
    }
    if (rounds < 1 || rounds > MOST_ROUNDS)
        return 2;
    printf ("%.9f %.9f\n", timing_median (seconds[0], rounds), timing_median (seconds[1], rounds));
    return 0;
}
