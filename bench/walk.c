/* SPDX-License-Identifier: MIT */
/* walk.c - prints the address of each function at its first call, from tenon_open to the end of tenon_load
 * of one tensor. It is linked without -pie to a library that was compiled with -finstrument-functions;
 * bench/walk turns the addresses into files.
 *
 *   walk FILE */
#include <stdio.h>
#include <tenon/tenon.h>

#define MOST 4096

void __cyg_profile_func_enter (void *function, void *caller);
void __cyg_profile_func_exit (void *function, void *caller);

static int recording, lost;
static void *visited[MOST];
static unsigned count;

/* The library works on one thread here, so no lock is needed. */
void
__cyg_profile_func_enter (void *function, void *caller)
{
    (void) caller;
    if (!recording)
        return;
    for (unsigned i = 0; i < count; i++)
        if (visited[i] == function)
            return;
    if (count < MOST)
        visited[count++] = function;
    else
        lost = 1;
}

void
__cyg_profile_func_exit (void *function, void *caller)
{
    (void) function, (void) caller;
}

int
main (int argc, char **argv)
{
    static const char *const settings[] = { "core.threads=1", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    tenon_request request = { .struct_size = sizeof request };
    tenon_error error = TENON_ERROR_INIT;
    tenon_context *context;
    tenon_file *file;
    if (argc != 2) {
        fprintf (stderr, "usage: walk FILE\n");
        return 2;
    }
    tenon_status status = tenon_context_new (&context, &options, &error);
    if (status == TENON_OK) {
        recording = 1;
        status = tenon_open (context, argv[1], NULL, &file, &error);
        if (status == TENON_OK)
            status = tenon_load (file, &request, 1, NULL, NULL, &error);
        recording = 0;
    }
    if (status != TENON_OK || lost) {
        fprintf (stderr, "walk: %s\n", status != TENON_OK ? error.message : "too many functions");
        return 1;
    }
    for (unsigned i = 0; i < count; i++)
        printf ("%p\n", visited[i]);
    tenon_close (file);
    tenon_context_free (context);
    return 0;
}
