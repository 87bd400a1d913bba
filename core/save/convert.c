/* SPDX-License-Identifier: MIT */
/* convert.c - opens a file and saves all of it: tenon_convert. */
#include "base/base.h"
#include <sys/stat.h>

/* A file that is converted into itself is locked before it is opened. It is opened by itself, since a shard
 * cannot take all of its set. */
static tenon_status
lock_converted (tenon_context *context, const char *source, const char *target, tenon_open_options *open,
                tenon_save_options *save, const tenon_progress *progress, tenon_error *error)
{
    struct stat from, to;
    if (stat (source, &from) < 0 || stat (target, &to) < 0 || from.st_dev != to.st_dev
        || from.st_ino != to.st_ino)
        return TENON_OK;
    open->flags |= TENON_OPEN_ALONE;
    if (save->held || save->lock >= TENON_LOCK_NO || (save->flags & TENON_SAVE_DRY_RUN))
        return TENON_OK;
    return tenon_lock_take (context, target, save->lock, progress, &save->held, error);
}

TENON_API tenon_status
tenon_convert (tenon_context *context, const char *source, const char *target, const tenon_open_options *open,
               const tenon_save_options *theirs, tenon_report **report, const tenon_progress *progress,
               tenon_error *error)
{
    tenon_file *file = NULL;
    tenon_plan *plan = NULL;
    tenon_save_options save = { .struct_size = sizeof save };
    if (report)
        *report = NULL;
    tenon_open_options options = { .struct_size = sizeof options };
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, context, "context") || !TN_GIVEN (&mine, source, "source")
        || !TN_GIVEN (&mine, target, "target"))
        return tn_error_out (error, &mine);
    if (open && !tn_copy_struct (&options, sizeof options, open, offsetof (tenon_open_options, format)))
        return tenon_open (context, source, open, &file, error); /* fails, and says why */
    bool good = !theirs || tn_copy_struct (&save, sizeof save, theirs, offsetof (tenon_save_options, format));
    const tenon_lock *held = save.held;
    if (!options.progress)
        options.progress = progress;
    tenon_status status = lock_converted (context, source, target, &options, &save, progress, error);
    if (status == TENON_OK)
        status = tenon_open (context, source, &options, &file, error);
    if (status == TENON_OK)
        status = tenon_plan_new (context, &plan, error);
    if (status == TENON_OK)
        status = tenon_plan_add_file (plan, file, error);
    if (status == TENON_OK)
        status = tenon_save (plan, target, good ? &save : theirs, report, progress, error);
    tenon_plan_free (plan);
    tenon_close (file);
    if (save.held != held)
        tenon_lock_release (save.held);
    return status;
}
