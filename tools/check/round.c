/* SPDX-License-Identifier: MIT */
/* round.c - saving a plan as a codec's format, and looking at what comes back. */
#include "check/round.h"
#include "library.h"
#include "report.h"
#include <ftw.h>

/* What is wrong with one tensor is mostly wrong with all. */
#define MOST_REFUSALS 6

void
round_start (struct round *round, struct check *check, tenon_context *context, const tenon_codec_info *codec)
{
    *round = (struct round){ .check = check,
                             .context = context,
                             .codec = *codec,
                             .rules = { RULE_WRITES_TENSORS, RULE_WRITES_DATA, RULE_WRITES_METADATA },
                             .differences = RECORD_MORE };
    if (codec->max_tensors == 1)
        round->differences |= RECORD_NAMELESS;
    round_about (round, "%s", "");
}

void
round_about (struct round *round, const char *format, ...)
{
    char about[180];
    va_list list;
    va_start (list, format);
    vsnprintf (about, sizeof about, format, list);
    va_end (list);
    snprintf (round->subject, sizeof round->subject, "codec %.50s%s%s", round->codec.id, about[0] ? ", " : "",
              about);
}

tenon_context *
round_without (const struct check *check)
{
    char setting[300];
    const char *settings[] = { setting, NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_context *context = NULL;
    tenon_error error = TENON_ERROR_INIT;
    snprintf (setting, sizeof setting, "plugin.%.200s.enabled=no", check->plugin);
    return tenon_context_new (&context, &options, &error) == TENON_OK ? context : NULL;
}

static int
remove_visited (const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void) about, (void) kind, (void) where;
    return remove (path), 0;
}

void
round_remove (const char *path)
{
    nftw (path, remove_visited, 16, FTW_DEPTH | FTW_PHYS);
}

char *
round_path (const struct round *round)
{
    const char *const *extensions = round->codec.extensions;
    char *path =
        check_path (round->check, "round.%s", extensions && extensions[0] ? extensions[0] : round->codec.id);
    round_remove (path);
    return path;
}

void
round_judge_refusal (const struct round *round, const char *what, const tenon_error *error)
{
    static unsigned told; /* in this process, which is one step */
    bool refused = error->status == TENON_E_UNSUPPORTED || error->status == TENON_E_LIMIT;
    check_counted (round->check);
    if ((!refused || error->message[0] == 0) && told++ >= MOST_REFUSALS)
        return;
    if (!refused)
        check_found (round->check, RULE_REFUSES, round->subject, "%s: the save failed with %s: %s", what,
                     tenon_status_name (error->status), error->message);
    else if (error->message[0] == 0)
        check_found (round->check, RULE_REFUSES, round->subject, "%s: it is refused without a message", what);
}

/* ---- reading back ---- */

static bool
tell_unreadable (const struct round *round, const char *what, const tenon_error *error)
{
    check_found (round->check, RULE_READS_OWN, round->subject, "the written file %s: %s", what,
                 error->message);
    return false;
}

static tenon_status
open_round (const struct round *round, const char *path, const struct target *target, tenon_file **file,
            tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = round->codec.id };
    if (round->is_set)
        options.flags = TENON_OPEN_SHARDS;
    const char *name = strrchr (path, '/');
    if (target)
        options.name = name ? name + 1 : path;
    return target ? tenon_open_memory (round->context, target->data, target->size, &options, file, error)
                  : tenon_open (round->context, path, &options, file, error);
}

/* An option may set a limit. */
static bool
is_own_limit (const struct round *round, const tenon_error *error)
{
    return round->has_option && error->status == TENON_E_LIMIT && error->message[0] != 0;
}

bool
round_read (const struct round *round, const char *path, const struct target *target, struct record *record)
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (open_round (round, path, target, &file, &error) < 0 && is_own_limit (round, &error))
        return false;
    if (!file)
        return tell_unreadable (round, "cannot be opened", &error);
    if (tenon_verify (file, NULL, NULL, &error) < 0)
        return tell_unreadable (round, "has a fault, says tenon_verify", &error);
    if (record_file (round->context, file, record, &error) < 0)
        return tell_unreadable (round, "cannot be read", &error);
    return true;
}

/* ---- the trip ---- */

/* The file to be opened: the first of a set, or the path itself. */
static const char *
find_written (struct round *round, const tenon_report *report, const char *path)
{
    tenon_report_entry entry;
    uint64_t i = 0;
    round->is_set = report_next (report, TENON_WRITTEN, &i, &entry);
    return round->is_set ? entry.file : path;
}

static void
remove_written (const tenon_report *report, const char *path)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_WRITTEN, &i, &entry);)
        round_remove (entry.file);
    round_remove (path);
}

bool
round_trip (struct round *round, tenon_plan *plan, const struct record *expected, uint32_t flags,
            uint64_t *digest)
{
    CLEAN (text) char *path = round_path (round);
    CLEAN (report) tenon_report *report = NULL;
    CLEAN (record) struct record record = { 0 };
    tenon_error error = TENON_ERROR_INIT;
    bool same = false;
    if (made_save (plan, &round->codec, path, flags, NULL, &report, &error) < 0) {
        round_judge_refusal (round, "a plan", &error);
        return false;
    }
    if (digest && !digest_path (path, digest))
        *digest = 0;
    if (!(round->codec.flags & TENON_CAN_READ))
        same = true;
    else if (round_read (round, find_written (round, report, path), NULL, &record))
        same = !expected
               || record_same (round->check, &round->rules, round->subject, expected, &record, report, NULL,
                               round->differences);
    remove_written (report, path);
    return same;
}
