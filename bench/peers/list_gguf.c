/* SPDX-License-Identifier: MIT */
/* list_gguf.c - opens a gguf file by ggml, which reads no data, and gets the name, type and shape of each
 * tensor: prints the median of some rounds, in milliseconds, as bench/list does for tenon.
 *
 *   list_gguf FILE [rounds, default 9] */
#define _GNU_SOURCE
#include "bench/timing.h"
#include <ggml.h>
#include <gguf.h>
#include <stdio.h>

#define MOST_ROUNDS 999

static int
open_and_list (const char *path)
{
    struct ggml_context *tensors = NULL;
    struct gguf_init_params params = { .no_alloc = true, .ctx = &tensors };
    struct gguf_context *file = gguf_init_from_file (path, params);
    int64_t dims = 0;
    if (!file)
        return 0;
    for (struct ggml_tensor *t = ggml_get_first_tensor (tensors); t; t = ggml_get_next_tensor (tensors, t)) {
        if (!ggml_get_name (t)[0] || !ggml_type_name (t->type))
            return 0;
        for (int k = 0; k < GGML_MAX_DIMS; k++)
            dims += t->ne[k];
    }
    ggml_free (tensors);
    int good = dims > 0 || gguf_get_n_tensors (file) == 0;
    gguf_free (file);
    return good;
}

int
main (int count, char **arguments)
{
    static double times[MOST_ROUNDS];
    int rounds = count > 2 ? atoi (arguments[2]) : 9;
    if (count < 2 || rounds < 1 || rounds > MOST_ROUNDS)
        return 2;
    for (int i = 0; i < rounds; i++) {
        double begin = timing_now ();
        if (!open_and_list (arguments[1])) {
            fprintf (stderr, "list_gguf: ggml cannot open %s\n", arguments[1]);
            return 1;
        }
        times[i] = timing_now () - begin;
    }
    printf ("%.4f\n", timing_median (times, (size_t) rounds) * 1e3);
    return 0;
}
