/* SPDX-License-Identifier: MIT */
/* library.c - calls of the library that several commands make, with the options of every command. */
#include "library.h"
#include "message.h"
#include "missing.h"
#include "nearest.h"
#include "tool.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

tenon_context_options
context_options (void)
{
    return (tenon_context_options){
        .struct_size = sizeof (tenon_context_options),
        .flags = tool.no_config ? TENON_CONTEXT_NO_FILES : 0,
        .settings = tool.settings.items,
        .plugin_path = tool.plugin_path,
        .origin = "command line",
    };
}

tenon_context *
context_new (void)
{
    tenon_context_options options = context_options ();
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_context_new (&context, &options, &error) < 0)
        report_failure (&error);
    return context;
}

uint32_t
open_flags (void)
{
    return (tool.no_map ? TENON_OPEN_NO_MAP : 0) | (tool.shards ? TENON_OPEN_SHARDS : 0)
           | (tool.no_index ? TENON_OPEN_NO_INDEX : 0) | (tool.alone ? TENON_OPEN_ALONE : 0);
}

/* The library does not know that its descriptor is standard input, so its message begins with no name. */
static tenon_status
open_input (tenon_context *context, const tenon_open_options *options, tenon_file **file, tenon_error *error)
{
    tenon_status status = tenon_open_fd (context, STDIN_FILENO, options, file, error);
    if (status < 0 && !*error->file) {
        CLEAN (text) char *message = copy_text (error->message, strlen (error->message));
        snprintf (error->message, sizeof error->message, "standard input: %s", message);
    }
    return status;
}

/* A named pipe, as a shell's <(...) is, is opened here: the library opens no path that could make it wait. */
static bool
pipe_open (tenon_context *context, const char *path, tenon_open_options *options, tenon_file **file,
           tenon_error *error, tenon_status *status)
{
    struct stat about;
    if (stat (path, &about) < 0 || !S_ISFIFO (about.st_mode))
        return false;
    int descriptor = open (path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false; /* the library says why */
    options->name = path;
    *status = tenon_open_fd (context, descriptor, options, file, error);
    close (descriptor);
    return true;
}

tenon_status
file_open (tenon_context *context, const char *path, const char *format, tenon_file **file,
           tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .flags = open_flags (), .format = format };
    if (strcmp (path, "-") == 0)
        return open_input (context, &options, file, error);
    tenon_status status;
    if (pipe_open (context, path, &options, file, error, &status))
        return status;
    status = tenon_open (context, path, &options, file, error);
    missing_advise (path, error);
    return status;
}

tenon_tensor_info
tensor_get (const tenon_file *file, uint64_t index)
{
    tenon_tensor_info info = { .struct_size = sizeof info };
    if (tenon_get (file, index, &info) < 0)
        info = (tenon_tensor_info){ .name = "", .dtype_name = "", .source_name = "" };
    return info;
}

bool
tensor_castable (const tenon_context *context, const tenon_file *file, const tenon_tensor_info *info,
                 uint32_t dtype)
{
    struct tenon_dtype own = { .struct_size = sizeof own }; /* the context knows no opaque dtype of a file */
    if (dtype != TENON_NONE && tenon_dtype_get (context, file, info->dtype, &own) == TENON_OK
        && own.kind == TENON_KIND_OPAQUE && own.items_as == dtype)
        return true;
    return tenon_dtype_castable (context, info->dtype, dtype) != 0;
}

tenon_file_info
file_get (const tenon_file *file)
{
    tenon_file_info info = { .struct_size = sizeof info };
    if (tenon_file_get (file, &info) < 0)
        info = (tenon_file_info){ .path = "", .format = "" };
    return info;
}

bool
tensor_find (const tenon_file *file, const char *path, const char *name, uint64_t *index)
{
    if (tenon_find (file, name, index) == TENON_OK)
        return true;
    struct nearest nearest = nearest_start (name);
    for (uint64_t i = 0; i < tenon_count (file); i++)
        nearest_try (&nearest, tensor_get (file, i).name);
    complain ("%s: no tensor '%s'%s", path, name, nearest_hint (&nearest));
    return false;
}

bool
metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info)
{
    *info = (tenon_metadata_info){ .struct_size = sizeof *info };
    return tenon_metadata_get (file, index, info) == TENON_OK;
}

/* Names of dtypes are in lower case; elsewhere they are often written Q4_K, F16, BF16. */
static char *
lower_case (const char *name)
{
    char *lower = copy_text (name, strlen (name));
    for (char *letter = lower; *letter; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char) (*letter - 'A' + 'a');
    return lower;
}

uint32_t
dtype_find (const tenon_context *context, const char *name)
{
    CLEAN (text) char *lower = lower_case (name);
    uint32_t found = tenon_dtype_find (context, lower);
    if (found != TENON_NONE)
        return found;
    struct nearest nearest = nearest_start (lower);
    for (uint32_t id = TENON_NONE; (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        if (tenon_dtype_get (context, NULL, id, &dtype) == TENON_OK && dtype.name)
            nearest_try (&nearest, dtype.name);
    }
    complain ("unknown dtype '%s'%s (tenon formats -v lists them)", name, nearest_hint (&nearest));
    return TENON_NONE;
}

void
context_clean (tenon_context **context)
{
    tenon_context_free (*context);
}

void
file_clean (tenon_file **file)
{
    tenon_close (*file);
}

void
report_clean (tenon_report **report)
{
    tenon_report_free (*report);
}

void
lock_clean (tenon_lock **lock)
{
    tenon_lock_release (*lock);
}

void
plan_clean (tenon_plan **plan)
{
    tenon_plan_free (*plan);
}

void
memory_clean (tenon_memory **memory)
{
    tenon_memory_free (*memory);
}
