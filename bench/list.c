/* SPDX-License-Identifier: MIT */
/* list.c - opens a file and gets the name, dtype and shape of each tensor: prints the median of some rounds,
 * in milliseconds. A file without tensors, a vocabulary, is only opened.
 *
 *   list PLUGINS FILE [rounds, default 9] */
#define _GNU_SOURCE
#include "timing.h"
#include <stdio.h>
#include <tenon/tenon.h>

#define MOST_ROUNDS 999

static int
open_and_list (tenon_context *context, const char *path)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file;
    uint64_t dims = 0, tensors;
    if (tenon_open (context, path, NULL, &file, &error) < 0) {
        fprintf (stderr, "list: %s\n", error.message);
        return 0;
    }
    tensors = tenon_count (file);
    for (uint64_t i = 0; i < tensors; i++) {
        tenon_tensor_info info = TENON_INIT (info);
        if (tenon_get (file, i, &info) < 0 || !info.name[0] || !info.dtype_name[0])
            return 0;
        for (uint32_t k = 0; k < info.rank; k++)
            dims += info.shape[k];
    }
    tenon_close (file);
    return dims > 0 || tensors == 0;
}

int
main (int count, char **arguments)
{
    static double times[MOST_ROUNDS];
    int rounds = count > 3 ? atoi (arguments[3]) : 9;
    tenon_error error = TENON_ERROR_INIT;
    tenon_context *context;
    if (count < 3 || rounds < 1 || rounds > MOST_ROUNDS)
        return 2;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .plugin_path = arguments[1] };
    if (tenon_context_new (&context, &options, &error) < 0) {
        fprintf (stderr, "list: %s\n", error.message);
        return 1;
    }
    for (int i = 0; i < rounds; i++) {
        double begin = timing_now ();
        if (!open_and_list (context, arguments[2]))
            return 1;
        times[i] = timing_now () - begin;
    }
    printf ("%.4f\n", timing_median (times, (size_t) rounds) * 1e3);
    tenon_context_free (context);
    return 0;
}
