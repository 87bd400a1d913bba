/* SPDX-License-Identifier: MIT */
/* cmd_check_plugin.c - tenon check-plugin: holds a plugin to the rules of its interface. */
#include "check/child.h"
#include "command.h"
#include "memory.h"
#include "message.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static struct text_list only;
static const struct tool_option check_options[] = {
    { "only", 0, OPTION_LIST, "STEP", "run this step only; may be repeated", &only }, { 0 }
};

static bool
is_chosen (const struct check_step *step)
{
    for (size_t i = 0; i < only.count; i++)
        if (strcmp (only.items[i], step->name) == 0)
            return true;
    return only.count == 0;
}

/* Prints the result of a step. Returns the number of its findings. */
static size_t
print_result (const struct check_result *result)
{
    printf ("%s\t%s\t%llu checks\n", result->step->name, result->finding_count ? "FAILED" : "ok",
            (unsigned long long) result->counted);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct check_finding *finding = &result->findings[i];
        printf ("    %s%s%s\n    rule %s: %s. %s\n", finding->subject, finding->subject[0] ? ": " : "",
                finding->message, check_rules[finding->rule].word, check_rules[finding->rule].sentence,
                check_rules[finding->rule].place);
    }
    for (size_t i = 0; i < result->left_out_count; i++)
        printf ("    left out: %s\n", result->left_out[i]);
    return result->finding_count;
}

static int
run_steps (struct check *check)
{
    size_t findings = 0;
    for (size_t i = 0; check_steps[i]; i++) {
        struct check_result result = { 0 };
        if (!is_chosen (check_steps[i]))
            continue;
        if (!child_run (check, check_steps[i], &result))
            return EXIT_TROUBLE;
        findings += print_result (&result);
        result_free (&result);
    }
    return findings ? EXIT_NO : EXIT_DONE;
}

static int
run_check (int count, char **arguments)
{
    char work[] = "/tmp/tenon-check.XXXXXX", path[64], link_path[400];
    CLEAN (text) char *real = realpath (arguments[0], NULL);
    if (!real)
        return trouble ("%s: %s", arguments[0], strerror (errno));
    if (!mkdtemp (work))
        return trouble ("no temporary folder: %s", strerror (errno));
    const char *name = strrchr (real, '/') + 1;
    CLEAN (text) char *plugin = copy_text (name, strcspn (name, "."));
    snprintf (path, sizeof path, "%s/plugin", work);
    mkdir (path, 0700);
    snprintf (link_path, sizeof link_path, "%s/%s", path, name);
    if (symlink (real, link_path) < 0)
        return trouble ("%s: %s", link_path, strerror (errno));
    struct check_sample *samples = get_memory (NULL, (size_t) count, sizeof *samples);
    for (int i = 1; i <= count; i++)
        samples[i - 1] = (struct check_sample){ .path = i < count ? arguments[i] : NULL,
                                                .name = i < count ? arguments[i] : NULL };
    struct check check = {
        .plugin = plugin, .file = arguments[0], .plugin_path = path, .work = work, .samples = samples
    };
    int code = run_steps (&check);
    free (samples);
    return code;
}

const struct command check_plugin_command = {
    .name = "check-plugin",
    .arguments = "FILE.so [SAMPLE...]",
    .summary = "holds a plugin to the rules of its interface",
    .details = "It exits with 0 when nothing was found, with 1 when something was, else with 2.",
    .options = check_options,
    .least = 1,
    .most = -1,
    .json = false,
    .run = run_check,
};
