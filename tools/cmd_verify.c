/* SPDX-License-Identifier: MIT */
/* cmd_verify.c - tenon verify: checks files, and reads all of their data. */
#include "command.h"
#include "files.h"
#include "finite.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "progress.h"
#include "report.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include <inttypes.h>

static const struct tool_option verify_options[] = { { 0 } };

/* A refused or damaged file is an answer; any other failure is trouble. */
static int
exit_status (tenon_status status)
{
    switch (status) {
    case TENON_OK: return EXIT_DONE;
    case TENON_E_MALFORMED:
    case TENON_E_TRUNCATED:
    case TENON_E_UNSUPPORTED:
    case TENON_E_LIMIT:
    case TENON_E_CHECKSUM: return EXIT_NO;
    default: return EXIT_TROUBLE;
    }
}

/* With --verbose: the infinities and NaNs of each tensor that has some. They are values like others, so no
 * damage. */
static void
tell_values (const tenon_context *context, tenon_file *file, json_object *list)
{
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info = tensor_get (file, i);
        struct finite finite;
        tenon_error error = TENON_ERROR_INIT;
        if (!finite_applies (context, &info) || finite_count (file, i, &finite, &error) < 0
            || finite.infinite + finite.nan == 0)
            continue;
        if (list) {
            json_object *entry = json_new ();
            json_add_text (entry, "name", info.name);
            json_add_size (entry, "infinite", finite.infinite);
            json_add_size (entry, "nan", finite.nan);
            json_append (list, entry);
        } else if (!tool.quiet)
            complain ("note: %s: of %" PRIu64 " values %" PRIu64 " infinite, %" PRIu64 " NaN", info.name,
                      info.elements, finite.infinite, finite.nan);
    }
}

static void
print_verdict_json (const tenon_context *context, const char *path, tenon_file *file,
                    const tenon_report *report, const tenon_error *error)
{
    json_object *object = json_new ();
    json_add_text (object, "file", path);
    json_add_flag (object, "ok", error->status == TENON_OK);
    if (file) {
        tenon_file_info info = file_get (file);
        json_add_text (object, "format", info.format);
        json_add_size (object, "tensors", info.tensors);
        json_add_size (object, "nbytes", info.nbytes);
        json_object *notes = json_notes (tenon_file_report (file), TENON_NOTE);
        if (notes)
            json_add (object, "notes", notes);
        json_object *values = tool.verbose ? json_array () : NULL;
        if (values) {
            tell_values (context, file, values);
            json_add (object, "values", values);
        }
    }
    json_object *damage = json_notes (report, TENON_NOTE);
    if (damage)
        json_add (object, "damage", damage);
    if (error->status < 0)
        json_add (object, "error", json_failure (error));
    json_print (object);
}

/* Prints a line for each damaged item, or the error when there is only one. */
static void
print_damage (const tenon_report *report, const tenon_error *error)
{
    tenon_report_entry entry;
    uint64_t damaged = 0;
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);)
        damaged += entry.status < 0;
    if (damaged < 2) {
        report_failure (error); /* its message names the place */
        return;
    }
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);)
        if (entry.status < 0)
            report_entry (NULL, &entry);
}

static tenon_status
verify_file (tenon_context *context, const char *path)
{
    CLEAN (file) tenon_file *file = NULL;
    CLEAN (report) tenon_report *report = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status status = file_open (context, path, tool.format, &file, &error);
    if (status == TENON_OK) {
        struct bar bar;
        const tenon_progress *progress = bar_start (&bar, path);
        status = tenon_verify (file, &report, progress, &error);
        bar_end (&bar);
    }
    if (tool.json)
        print_verdict_json (context, path, file, report, &error);
    else if (file) {
        report_notes (tenon_file_report (file));
        if (tool.verbose)
            tell_values (context, file, NULL);
    }
    if (status < 0) {
        print_damage (report, &error);
        /* what is found while the file is open is an answer: a missing file, a tensor that cannot be read */
        bool answer = file && (status == TENON_E_NOT_FOUND || file_get (file).unreadable > 0);
        return answer && status != TENON_E_CANCELLED && status != TENON_E_MEMORY ? TENON_E_MALFORMED : status;
    }
    if (tool.json || tool.quiet)
        return TENON_OK;
    tenon_file_info info = file_get (file);
    CLEAN (text) char *name = shown (path, strlen (path));
    printf ("%s: %sok%s (%" PRIu64 " %s, %" PRIu64 " %s)\n", name, colour_on (COLOUR_GOOD),
            colour_off (COLOUR_GOOD), info.tensors, plural (info.tensors, "tensor", "tensors"), info.nbytes,
            plural (info.nbytes, "byte", "bytes"));
    return TENON_OK;
}

static int
verify_each (tenon_context *context, const char *path, void *user)
{
    (void) user;
    return exit_status (verify_file (context, path));
}

static int
run_verify (int count, char **paths)
{
    CLEAN (context) tenon_context *context = context_new ();
    return context ? files_each (context, count, paths, false, verify_each, NULL) : EXIT_TROUBLE;
}

const struct command verify_command = {
    .name = "verify",
    .arguments = "FILE...",
    .summary = "checks files, and reads all of their data",
    .details = "It exits with 0 when all is well, with 1 when a codec refused a file or damage was found, "
               "and with 2 when\n"
               "a file could not be read or no codec recognises it.",
    .options = verify_options,
    .least = 1,
    .most = -1,
    .json = true,
    .run = run_verify,
};
