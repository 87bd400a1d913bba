/* SPDX-License-Identifier: MIT */
/* instructions.c - one operation, on one thread, in a function that callgrind counts by itself.
 *
 * usage: instructions start
 *        instructions list|load|cast FILE
 *        instructions save FILE FORMAT SETTING SHAPE    SHAPE: one, few or many
 *        instructions convert FILE TARGET SETTING
 *
 * It uses the public interface only, so that one program measures the libraries of several builds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define LARGE (256u << 10) /* items */

static tenon_context *context;
static tenon_error error = TENON_ERROR_INIT;
static float items[LARGE];

static void
need_ok (tenon_status status)
{
    if (status == TENON_OK)
        return;
    fprintf (stderr, "instructions: %s\n", error.message);
    exit (1);
}

static void
begin_context (void)
{
    static const char *const settings[] = { "core.threads=1", "save.durable=no", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    need_ok (tenon_context_new (&context, &options, &error));
}

static void
list_file (const char *path)
{
    tenon_file *file;
    need_ok (tenon_open (context, path, NULL, &file, &error));
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = { .struct_size = sizeof info };
        need_ok (tenon_get (file, i, &info));
    }
    tenon_close (file);
}

/* Loads all tensors of a file, as `dtype`. */
static void
load_file (const char *path, uint32_t dtype)
{
    tenon_file *file;
    tenon_memory *memory;
    need_ok (tenon_open (context, path, NULL, &file, &error));
    uint64_t count = tenon_count (file);
    tenon_request *requests = calloc (count, sizeof *requests);
    for (uint64_t i = 0; i < count; i++)
        requests[i] = (tenon_request){ .struct_size = sizeof *requests, .index = i, .dtype = dtype };
    need_ok (tenon_load (file, requests, count, &memory, NULL, &error));
    tenon_memory_free (memory);
    free (requests);
    tenon_close (file);
}

static void
save_file (const char *path, const char *format, const char *setting, const char *shape_name)
{
    const char *settings[] = { *setting ? setting : NULL, NULL };
    tenon_save_options options = { .struct_size = sizeof options, .format = format, .settings = settings };
    const int many = strcmp (shape_name, "many") == 0, one = strcmp (shape_name, "one") == 0;
    const uint64_t small[2] = { 4, 4 }, large[2] = { LARGE / 256, 256 };
    tenon_plan *plan;
    need_ok (tenon_plan_new (context, &plan, &error));
    for (int i = 0; i < (one ? 1 : many ? 500 : 3); i++) {
        char name[64];
        snprintf (name, sizeof name, "layers.%d.weight", i);
        tenon_array array = { .struct_size = sizeof array,
                              .dtype = TENON_F32,
                              .name = name,
                              .shape = many ? small : large,
                              .rank = 2,
                              .data = items,
                              .size = many ? 16 * sizeof *items : sizeof items };
        need_ok (tenon_plan_add (plan, &array, &error));
    }
    need_ok (tenon_save (plan, path, &options, NULL, NULL, &error));
    tenon_plan_free (plan);
}

static void
convert_file (const char *path, const char *target, const char *setting)
{
    const char *settings[] = { *setting ? setting : NULL, NULL };
    tenon_save_options options = { .struct_size = sizeof options, .settings = settings };
    need_ok (tenon_convert (context, path, target, NULL, &options, NULL, NULL, &error));
}

/* callgrind counts this function. */
__attribute__ ((noinline)) static int
measured_operation (int argc, char **argv)
{
    const char *operation = argv[1];
    if (argc == 2 && strcmp (operation, "start") == 0)
        begin_context ();
    else if (argc == 3 && strcmp (operation, "list") == 0)
        list_file (argv[2]);
    else if (argc == 3 && strcmp (operation, "load") == 0)
        load_file (argv[2], TENON_NONE);
    else if (argc == 3 && strcmp (operation, "cast") == 0)
        load_file (argv[2], TENON_F64);
    else if (argc == 6 && strcmp (operation, "save") == 0)
        save_file (argv[2], argv[3], argv[4], argv[5]);
    else if (argc == 5 && strcmp (operation, "convert") == 0)
        convert_file (argv[2], argv[3], argv[4]);
    else
        return 2;
    return 0;
}

int
main (int argc, char **argv)
{
    if (argc < 2)
        return 2;
    for (unsigned i = 0; i < LARGE; i++)
        items[i] = (float) (i * 2654435761u >> 20) / 16; /* compressible to a degree, as weights are */
    if (strcmp (argv[1], "start") != 0)
        begin_context ();
    int status = measured_operation (argc, argv);
    tenon_context_free (context);
    return status;
}
