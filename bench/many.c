/* SPDX-License-Identifier: MIT */
/* many.c - the cost of a catalog: saves, opens, lists, finds and reads many small tensors in the format of a
 * test plugin.
 *
 *   many FOLDER-OF-PLUGINS [the most tensors, default 1000000]
 *
 * Costs must grow in proportion: from 1,000 tensors on, the figures per tensor stay about the same. */
#include "timing.h"
#include <stdio.h>
#include <string.h>
#include <tenon/tenon.h>
#include <unistd.h>

#define ROUNDS 7

static tenon_context *context;
static tenon_error error = TENON_ERROR_INIT;

static void
need_ok (tenon_status status)
{
    if (status == TENON_OK)
        return;
    fprintf (stderr, "%s\n", error.message);
    exit (1);
}

static void
save_many (uint64_t count, const char *path)
{
    static const float data[16] = { 1 };
    static const uint64_t shape[2] = { 4, 4 };
    tenon_plan *plan;
    need_ok (tenon_plan_new (context, &plan, &error));
    for (uint64_t i = 0; i < count; i++) {
        char name[64];
        snprintf (name, sizeof name, "model.layers.%llu.attention.weight", (unsigned long long) i);
        tenon_array array = { .struct_size = sizeof array,
                              .dtype = TENON_F32,
                              .name = name,
                              .shape = shape,
                              .rank = 2,
                              .data = data,
                              .size = sizeof data };
        need_ok (tenon_plan_add (plan, &array, &error));
    }
    tenon_save_options options = { .struct_size = sizeof options,
                                   .format = "toyraw",
                                   .flags = TENON_SAVE_EXACT_NAME };
    need_ok (tenon_save (plan, path, &options, NULL, NULL, &error));
    tenon_plan_free (plan);
}

static void
measure_count (uint64_t count)
{
    const char *path = "bench-many.tmp";
    double times[5][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        tenon_file *file;
        tenon_memory *memory;
        double at = timing_now ();
        save_many (count, path);
        times[0][round] = timing_now () - at, at = timing_now ();
        need_ok (tenon_open (context, path, NULL, &file, &error));
        times[1][round] = timing_now () - at, at = timing_now ();
        uint64_t index;
        for (uint64_t i = 0; i < count; i++) {
            tenon_tensor_info info = { .struct_size = sizeof info };
            need_ok (tenon_get (file, i, &info));
        }
        times[2][round] = timing_now () - at, at = timing_now ();
        for (uint64_t i = 0; i < count; i++) {
            tenon_tensor_info info = { .struct_size = sizeof info };
            tenon_get (file, i, &info);
            need_ok (tenon_find (file, info.name, &index));
        }
        times[3][round] = timing_now () - at;
        tenon_request *requests = calloc (count, sizeof *requests);
        for (uint64_t i = 0; i < count; i++)
            requests[i] = (tenon_request){ .struct_size = sizeof *requests, .index = i };
        at = timing_now ();
        need_ok (tenon_load (file, requests, count, &memory, NULL, &error));
        times[4][round] = timing_now () - at;
        tenon_memory_free (memory);
        tenon_close (file);
        free (requests);
    }
    unlink (path);
    printf ("%8llu", (unsigned long long) count);
    for (int i = 0; i < 5; i++) {
        double seconds = timing_median (times[i], ROUNDS);
        printf ("  %9.3f ms %7.1f ns", seconds * 1e3, seconds * 1e9 / (double) count);
    }
    printf ("\n");
}

int
main (int argc, char **argv)
{
    static const char *const settings[] = { "save.durable=no", NULL };
    static const uint64_t counts[] = { 10, 1000, 100000, 1000000 };
    uint64_t most = argc > 2 ? strtoull (argv[2], NULL, 10) : 1000000;
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings,
                                      .plugin_path = argc > 1 ? argv[1] : NULL };
    need_ok (tenon_context_new (&context, &options, &error));
    printf ("many tensors of 64 bytes: all together, and each\n%8s  %-23s %-24s %-24s %-24s %-24s\n",
            "tensors", " plan and save", " open", " list", " find by name", " load");
    for (size_t i = 0; i < sizeof counts / sizeof *counts && counts[i] <= most; i++)
        measure_count (counts[i]);
    tenon_context_free (context);
    return 0;
}
