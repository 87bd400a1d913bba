/* SPDX-License-Identifier: MIT */
/* common.c - messages, and what every sub-command does with the library. */
#include "tool.h"
#include <errno.h>
#include <unistd.h>

/* ---- messages ------------------------------------------------------------------------------------ */

/* The last complaint, for output in JSON: what the command itself refuses is a misuse of it. */
static tenon_error last;

const tenon_error *
last_complaint (void)
{
    return &last;
}

PRINTF_LIKE (1, 0)
static void
complain_list (const char *format, va_list list)
{
    char *text = NULL;
    fflush (stdout); /* so that both come in order on a terminal */
    if (vasprintf (&text, format, list) < 0)
        text = copy_text ("out of memory", strlen ("out of memory"));
    char *line = printable (text, strlen (text), !terminal_is_error ());
    fprintf (stderr, "tenon: %s\n", line);
    last = (tenon_error) TENON_ERROR_INIT;
    last.status = TENON_E_MISUSE;
    snprintf (last.message, sizeof last.message, "%s", text);
    free (line);
    free (text);
}

void
complain (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    complain_list (format, list);
    va_end (list);
}

int
trouble (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    complain_list (format, list);
    va_end (list);
    return EXIT_TROUBLE;
}

int
misuse (const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start (list, format);
    if (vasprintf (&text, format, list) >= 0)
        complain ("%s%s%s (tenon%s%s --help tells more)", tool.command ? tool.command->name : "",
                  tool.command ? ": " : "", text, tool.command ? " " : "",
                  tool.command ? tool.command->name : "");
    va_end (list);
    free (text);
    return EXIT_TROUBLE;
}

int
report_failure (const tenon_error *error)
{
    trouble ("%s", *error->message ? error->message : tenon_status_text (error->status));
    last.status = error->status;
    return EXIT_TROUBLE;
}

bool
report_next (const tenon_report *report, uint32_t kind, uint64_t *index, tenon_report_entry *entry)
{
    uint64_t count = report ? tenon_report_count (report) : 0;
    while (*index < count) {
        *entry = (tenon_report_entry){ .struct_size = sizeof *entry };
        if (tenon_report_get (report, (*index)++, entry) == TENON_OK && entry->kind == kind)
            return true;
    }
    return false;
}

static void
print_notes (const tenon_report *report, uint32_t kind, const char *one, const char *many)
{
    tenon_report_entry entry;
    uint64_t told = 0, silent = 0;
    for (uint64_t i = 0; report_next (report, kind, &i, &entry);) {
        /* what has failed is told as a failure; a flaw that a codec found (TENON_FLAW) has not */
        if (entry.status != TENON_OK && entry.status != TENON_E_MALFORMED)
            continue;
        if (told == MOST_NOTES && !tool.verbose) {
            silent++;
            continue;
        }
        complain ("%s: %s%s%s%s%s", one, entry.file, *entry.file ? ": " : "", entry.subject,
                  *entry.subject ? ": " : "", entry.message);
        told++;
    }
    if (silent > 0)
        complain ("%s: %llu more %s (-v tells all)", one, (unsigned long long) silent,
                  plural (silent, one, many));
}

void
report_notes (const tenon_report *report)
{
    if (!tool.quiet)
        print_notes (report, TENON_NOTE, "note", "notes");
    print_notes (report, TENON_LOSS, "loss", "losses");
}

/* ---- the library --------------------------------------------------------------------------------- */

tenon_context *
context_new (void)
{
    tenon_context_options options = {
        .struct_size = sizeof options,
        .settings = tool.settings.items,
        .plugin_path = tool.plugin_path,
        .origin = "command line",
    };
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_context_new (&context, &options, &error) < 0)
        report_failure (&error);
    return context;
}

/* Standard input has no name that the library could begin its message with. */
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

tenon_status
file_open (tenon_context *context, const char *path, const char *format, tenon_file **file,
           tenon_error *error)
{
    tenon_open_options options = {
        .struct_size = sizeof options,
        .flags = (tool.no_map ? TENON_OPEN_NO_MAP : 0) | (tool.shards ? TENON_OPEN_SHARDS : 0),
        .format = format,
    };
    if (strcmp (path, "-") == 0)
        return open_input (context, &options, file, error);
    return tenon_open (context, path, &options, file, error);
}

tenon_tensor_info
tensor_get (const tenon_file *file, uint64_t index)
{
    tenon_tensor_info info = { .struct_size = sizeof info };
    if (tenon_get (file, index, &info) < 0)
        info = (tenon_tensor_info){ .name = "", .dtype_name = "", .source_name = "" };
    return info;
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

/* Names of dtypes are lower case; many people know them as Q4_K, F16 and BF16. */
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

/* ---- stdout -------------------------------------------------------------------------------------- */

/* Why the first write failed; stdio itself forgets it. */
static int write_failure;

bool
output_broken (void)
{
    if (ferror (stdout) && !write_failure)
        write_failure = errno;
    return ferror (stdout) != 0;
}

bool
output_write (const void *data, size_t size)
{
    return fwrite (data, 1, size, stdout) == size || !output_broken ();
}

bool
output_close (void)
{
    errno = 0;
    bool failed = output_broken ();
    if (fflush (stdout) != 0)
        failed = true, output_broken ();
    if (fclose (stdout) != 0 && !failed)
        failed = true, write_failure = errno;
    if (!failed)
        return true;
    if (write_failure == EPIPE)
        signals_end_by_pipe ();
    fprintf (stderr, "tenon: standard output: %s\n", strerror (write_failure ? write_failure : EIO));
    return false;
}
