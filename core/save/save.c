/* SPDX-License-Identifier: MIT */
/* save.c - saves a plan: to a path, or to a descriptor. */
#include "base/report.h"
#include "save/readable.h"
#include "save/saving.h"

static tenon_status
read_options (struct tn_saving *saving, const tenon_save_options *theirs)
{
    tenon_error *error = saving->error;
    saving->options = (tenon_save_options){ .struct_size = sizeof saving->options };
    if (theirs
        && !tn_copy_struct (&saving->options, sizeof saving->options, theirs,
                            offsetof (tenon_save_options, format)))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_save_options has a wrong struct_size");
    if (saving->options.flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "save flags %#x are not known to this version",
                        saving->options.flags & TENON_FLAGS_MUST_KNOW);
    if (saving->options.lock > TENON_LOCK_NO)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a save with the lock %u, which this version does not know", saving->options.lock);
    return TENON_OK;
}

static void
note_unlocked (struct tn_saving *saving, bool unlocked)
{
    if (unlocked)
        tn_report_add (saving->report, TENON_NOTE, TENON_OK, 0, "", saving->path,
                       "its file system has no locks: a save of the same file at the same time would not be "
                       "noticed");
}

static tenon_status
save_file (struct tn_saving *saving, const char *path, const tenon_progress *progress)
{
    bool unlocked = false;
    TN_TRY (tn_saving_choose (saving, path));
    if (saving->store.folder) {
        TN_TRY (tn_saving_to_tree (saving, progress, &unlocked));
        note_unlocked (saving, unlocked);
        return TENON_OK;
    }
    tenon_status status = tn_saving_to_file (saving, progress, &unlocked);
    note_unlocked (saving, unlocked);
    if (status == TENON_OK)
        tn_report_append (saving->report, saving->files);
    return status;
}

static tenon_status
begin_save (const char *function, struct tn_saving *saving, tenon_plan *plan,
            const tenon_save_options *options, tenon_report **report, tenon_error *error)
{
    *saving = (struct tn_saving){ .plan = plan, .error = error };
    if (report)
        *report = NULL;
    if (!TN_GIVEN_TO (function, error, plan, "plan"))
        return error->status;
    saving->context = plan->context;
    saving->report = tn_report_new ();
    saving->stale.plan = plan;
    if (report)
        *report = saving->report;
    return saving->report ? read_options (saving, options) : tn_fail_memory (error);
}

static tenon_status
end_save (struct tn_saving *saving, bool keep_report, const char *path, tenon_error *to)
{
    if (saving->error->status < 0 && saving->plan)
        tn_fail_in (saving->error, saving->path ? saving->path : path, NULL);
    tn_append_close (&saving->append);
    tn_stale_free (&saving->stale);
    free (saving->path);
    free (saving->name);
    tn_carry_end (saving->carry);
    tenon_plan_free (saving->readable);
    tn_overlay_free (&saving->overlay);
    tenon_report_free (saving->files);
    if (!keep_report)
        tenon_report_free (saving->report);
    return tn_error_out (to, saving->error);
}

TENON_API tenon_status
tenon_save (tenon_plan *plan, const char *path, const tenon_save_options *options, tenon_report **report,
            const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK
        && TN_GIVEN (&mine, path, "path"))
        save_file (&saving, path, progress);
    return end_save (&saving, report != NULL, path, error);
}

static tenon_status
save_to_descriptor (struct tn_saving *saving, int fd, const tenon_progress *progress)
{
    tenon_error *error = saving->error;
    saving->options.flags |= TENON_SAVE_EXACT_NAME;
    if (saving->options.flags & TENON_SAVE_APPEND)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to a descriptor; save to a file");
    if (!saving->options.format)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "saving to a descriptor needs the name of a format");
    TN_TRY (tn_saving_choose (saving, "-"));
    struct tn_sink *sink = tn_sink_fd_new (fd, "the output");
    if (!sink)
        return tn_fail_memory (error);
    struct tn_writer writer = { .sink = sink, .one_file = true };
    tenon_status status = tn_saving_run (saving, &writer, progress);
    if (status == TENON_OK)
        status = tn_sink_fd_flush (sink, error);
    tn_sink_fd_free (sink);
    return status;
}

TENON_API tenon_status
tenon_save_fd (tenon_plan *plan, int fd, const tenon_save_options *options, tenon_report **report,
               const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK)
        save_to_descriptor (&saving, fd, progress);
    return end_save (&saving, report != NULL, "the output", error);
}
