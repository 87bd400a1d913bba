/* SPDX-License-Identifier: MIT */
/* cmd_check_plugin.c - tenon check-plugin: holds a plugin to the rules of its interface. */
#include "check/child.h"
#include "check/find.h"
#include "check/results.h"
#include "check/work.h"
#include "command.h"
#include "json.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "output.h"
#include "signals.h"
#include "tool.h"
#include <errno.h>
#include <unistd.h>

/* Seconds that one item of a step may take, unless --timeout says so. */
#define ITEM_SECONDS 60

static struct text_list only, except;
static bool list_steps, keep, strict;
static const char *fuzz, *timeout;
static const struct tool_option check_options[] = {
    { "only", 0, OPTION_LIST, "STEP", "run only this step; may be repeated", &only },
    { "except", 0, OPTION_LIST, "STEP", "leave this step out; may be repeated", &except },
    { "fuzz", 0, OPTION_TEXT, "SECONDS", "damage samples at random for this long", &fuzz },
    { "timeout", 0, OPTION_TEXT, "SECONDS",
      "the longest time for one operation, such as reading a file; default: 60", &timeout },
    { "strict", 0, OPTION_FLAG, NULL, "a warning counts as a fault", &strict },
    { "keep", 0, OPTION_FLAG, NULL, "keep the files that were made, and say where they are", &keep },
    { "list", 0, OPTION_FLAG, NULL, "print the steps and the rules", &list_steps },
    { 0 }
};

/* ---- which steps ---- */

static bool
has_word (const struct text_list *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp (list->items[i], word) == 0)
            return true;
    return false;
}

/* A plugin that does not load cannot be checked, and the step that makes samples serves all others. */
static bool
is_chosen (const struct check_step *step)
{
    static const char *const always[] = { "loads", "samples" };
    for (size_t i = 0; i < COUNT_OF (always); i++)
        if (strcmp (step->name, always[i]) == 0)
            return true;
    return (only.count == 0 || has_word (&only, step->name)) && !has_word (&except, step->name);
}

static bool
know_steps (const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct nearest nearest = nearest_start (list->items[i]);
        size_t j = 0;
        for (; check_steps[j] && strcmp (check_steps[j]->name, list->items[i]) != 0; j++)
            nearest_try (&nearest, check_steps[j]->name);
        if (!check_steps[j])
            return misuse ("there is no step '%s'%s", list->items[i], nearest_hint (&nearest)), false;
    }
    return true;
}

/* Seconds, at least `least`. False after a message. */
static bool
read_seconds (const char *option, const char *text, double least, double *seconds)
{
    char *end;
    if (!text)
        return true;
    *seconds = strtod (text, &end);
    if (end == text || *end || !(*seconds >= least && *seconds <= 1e9))
        return misuse ("--%s=%s: seconds are expected, at least %s", option, text, least > 0 ? "0.1" : "0"),
               false;
    return true;
}

/* ---- running them ---- */

/* The results of all steps; those of the step "samples" stay, as long as their files. */
struct run {
    struct check_sums sums;
    json_object *steps; /* NULL without --json */
    struct check_result samples;
};

/* Takes the result. False: no other step can be run. */
static bool
take_result (struct check *check, struct run *run, struct check_result *result)
{
    bool goes_on = strcmp (result->step->name, "loads") != 0 || result_faults (result) == 0;
    sums_add (&run->sums, result);
    if (run->steps)
        json_append (run->steps, result_json (result));
    else
        result_print (result);
    if (result->samples) {
        result_free (&run->samples);
        run->samples = *result;
        check->samples = run->samples.samples;
    } else
        result_free (result);
    return goes_on;
}

static bool
run_steps (struct check *check, struct run *run)
{
    bool goes_on = true;
    for (size_t i = 0; check_steps[i] && goes_on && !signals_pending (); i++) {
        struct check_result result = { 0 };
        if (!is_chosen (check_steps[i]))
            continue;
        if (!child_run (check, check_steps[i], &result))
            return false;
        goes_on = take_result (check, run, &result);
    }
    return true;
}

static void
print_json (const struct check *check, struct run *run)
{
    json_object *object = json_new ();
    json_add_text (object, "plugin", check->plugin);
    json_add (object, "file", check->file ? json_text (check->file, strlen (check->file)) : NULL);
    json_add (object, "samples", samples_json (&run->samples));
    json_add (object, "steps", run->steps);
    json_add_size (object, "checks", run->sums.counted);
    json_add_size (object, "faults", run->sums.faults);
    json_add_size (object, "warnings", run->sums.warnings);
    json_add (object, "seconds", json_number (run->sums.seconds));
    json_print_line (object);
}

static int
run_in_folder (struct check *check)
{
    struct run run = { .steps = tool.json ? json_array () : NULL };
    bool works = work_link (check) && run_steps (check, &run);
    if (works && tool.json)
        print_json (check, &run);
    else if (works)
        sums_print (check, &run.sums);
    result_free (&run.samples);
    free ((void *) (uintptr_t) check->plugin_path);
    if (!works)
        return EXIT_TROUBLE;
    return run.sums.faults > 0 || (strict && run.sums.warnings > 0) ? EXIT_NO : EXIT_DONE;
}

static int
run_check (int count, char **arguments)
{
    static const struct check_sample none[1];
    double fuzz_seconds = 0, item_seconds = ITEM_SECONDS;
    if (!know_steps (&only) || !know_steps (&except) || !read_seconds ("fuzz", fuzz, 0, &fuzz_seconds)
        || !read_seconds ("timeout", timeout, 0.1, &item_seconds))
        return EXIT_TROUBLE;
    if (list_steps) {
        if (tool.json)
            json_print_line (steps_json ());
        else
            steps_print ();
        return EXIT_DONE;
    }
    if (count == 0)
        return misuse ("an argument is missing: the file or the name of a plugin");
    for (int i = 1; i < count; i++)
        if (access (arguments[i], F_OK) < 0)
            return trouble ("%s: %s", arguments[i], strerror (errno));
    signals_defer ();
    CLEAN (text) char *work = work_make ();
    if (!work)
        return EXIT_TROUBLE;
    struct check check = { .work = work,
                           .samples = none,
                           .arguments = (const char *const *) arguments + 1,
                           .fuzz_seconds = fuzz_seconds,
                           .item_seconds = item_seconds,
                           .verbose = tool.verbose };
    int code = find_plugin (&check, arguments[0]) ? run_in_folder (&check) : EXIT_TROUBLE;
    find_end (&check);
    if (keep)
        fprintf (stderr, "tenon: the files that were made are in %s\n", work);
    else
        work_remove (work);
    signals_deliver ();
    return code;
}

const struct command check_plugin_command = {
    .name = "check-plugin",
    .arguments = "FILE.so|NAME [SAMPLE...]",
    .summary = "holds a plugin to the rules of its interface",
    .details = "It exits with 0 when no fault was found, with 1 when one was, else with 2.",
    .options = check_options,
    .least = 0,
    .most = -1,
    .json = true,
    .run = run_check,
};
