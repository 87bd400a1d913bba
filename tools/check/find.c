/* SPDX-License-Identifier: MIT */
/* find.c - the plugin that an argument means. */
#include "find.h"
#include "child.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "report.h"
#include <errno.h>

/* Tells the file of the plugin as that of a sample; "-": it is built in. */
static void
run_find (struct check *check, uint64_t from)
{
    if (!check_item (check, from, 0, "loading the plugins"))
        return;
    tenon_context_options options = context_options ();
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (tenon_context_new (&context, &options, &error) < 0) {
        check_found (check, RULE_LOADS, "", "%s", error.message);
        return;
    }
    const tenon_report *report = tenon_context_report (context);
    tenon_report_entry entry;
    struct nearest nearest = nearest_start (check->plugin);
    bool found = false;
    for (uint64_t i = 0; !found && report_next (report, TENON_VERDICT, &i, &entry);) {
        nearest_try (&nearest, entry.subject);
        found = entry.chosen && strcmp (entry.subject, check->plugin) == 0;
    }
    if (found)
        check_has_sample (check, &(struct check_sample){ .path = *entry.file ? entry.file : "-",
                                                         .name = check->plugin,
                                                         .codec = "" });
    else
        check_found (check, RULE_LOADS, "", "tenon uses no plugin '%s'%s", check->plugin,
                     nearest_hint (&nearest));
    tenon_context_free (context);
}

/* The plugins that tenon uses are asked in a child, as all is that loads them. */
static bool
find_name (struct check *check)
{
    static const struct check_step step = { "finding", "the plugin is found", run_find };
    struct check_result result = { 0 };
    bool works = child_run (check, &step, &result);
    if (works && result.sample_count == 0) {
        complain ("%s (a file has a '/' or ends in .so)",
                  result.finding_count ? result.findings[0].message : "no plugin was found");
        works = false;
    } else if (works && strcmp (result.samples[0].path, "-") != 0)
        check->file = realpath (result.samples[0].path, NULL);
    result_free (&result);
    return works;
}

/* The letters of NAME in NAME, NAME.so and NAME.so.1. */
static size_t
name_length (const char *base, bool *is_file)
{
    size_t length = strlen (base);
    for (const char *at = base; (at = strstr (at + 1, ".so"));)
        if (at[3 + strspn (at + 3, ".0123456789")] == 0) {
            *is_file = true;
            return (size_t) (at - base);
        }
    return length;
}

bool
find_plugin (struct check *check, const char *argument)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *slash = strrchr (argument, '/'), *base = slash ? slash + 1 : argument;
    bool is_file = false;
    size_t length = *base ? name_length (base, &is_file) : 0;
    check->plugin = copy_text (base, length);
    if (!is_file && !slash)
        return find_name (check);
    check->file = realpath (argument, NULL);
    if (!check->file)
        return complain ("%s: %s", argument, strerror (errno)), false;
    if (length == 0 || check->plugin[strspn (check->plugin, letters)])
        return complain ("%s: no plugin has the name '%s': expected are a-z, 0-9, - and _", argument,
                         check->plugin),
               false;
    return true;
}

void
find_end (struct check *check)
{
    free ((void *) (uintptr_t) check->plugin);
    free ((void *) (uintptr_t) check->file);
}
