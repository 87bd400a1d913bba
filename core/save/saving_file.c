/* SPDX-License-Identifier: MIT */
/* saving_file.c - saves to a file, or to the files of a set. */
#include "base/io.h"
#include "base/report.h"
#include "catalog/file.h"
#include "save/check.h"
#include "save/save_lock.h"
#include "save/saving.h"
#include <sys/stat.h>

/* Lists the target among the files of its set: last, as it gets its name. */
static void
list_target (const struct tn_saving *saving, const struct tn_writer *writer)
{
    if (writer->other_files && writer->target_used)
        tn_report_add (saving->files, TENON_WRITTEN, TENON_OK, 0, "", saving->path, "a file of the set");
}

static tenon_status
check_grown (const struct tn_saving *saving, struct tn_atomic *atomic)
{
    int fd;
    TN_TRY (tn_atomic_finish_target (atomic, &fd, saving->error));
    return tn_check_grown (saving->append.file, saving->plan, fd, saving->codec, saving->options.settings,
                           saving->error);
}

static tenon_status
save_atomically (struct tn_saving *saving, struct tn_atomic *atomic, const tenon_progress *progress)
{
    struct tn_writer writer = { .atomic = atomic };
    struct tn_sink *target;
    TN_TRY (tn_atomic_sink (atomic, NULL, &target, saving->error));
    writer.sink = target;
    TN_TRY (tn_saving_run (saving, &writer, progress));
    if (saving->append.file)
        return check_grown (saving, atomic);
    /* a codec that put nothing, and began no other file, makes an empty one */
    if (!writer.other_files)
        return tn_sink_open (target, saving->error);
    list_target (saving, &writer);
    return TENON_OK;
}

static tenon_status
save_dry_run (struct tn_saving *saving, const tenon_progress *progress)
{
    struct tn_sink null;
    struct tn_dry_file target = { NULL, tn_path_name (saving->path) };
    struct tn_writer writer = { .sink = &null, .dry = true, .dry_files = &target };
    tn_sink_null_init (&null);
    TN_TRY (tn_saving_run (saving, &writer, progress));
    list_target (saving, &writer);
    return TENON_OK;
}

static tenon_status
check_appendable_target (const struct tn_saving *saving)
{
    struct stat there;
    if (stat (saving->path, &there) == 0 && !S_ISREG (there.st_mode) && !S_ISDIR (there.st_mode)
        && !(saving->options.flags & TENON_SAVE_NEW))
        return tn_fail (saving->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to a device or pipe");
    return TENON_OK;
}

/* Opens the file that the save adds to. The commit handles a target that must be new or is missing. */
static tenon_status
open_for_append (struct tn_saving *saving, const tenon_progress *progress)
{
    if (saving->options.flags & TENON_SAVE_NEW)
        return TENON_OK;
    TN_TRY (tn_append_open (&saving->append, saving->plan, saving->path, saving->codec,
                            saving->options.settings, progress, saving->error));
    /* the record would have to describe old and new tensors together */
    return saving->append.file && saving->carry
               ? tn_fail (saving->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                          "carried tensors cannot be added to a file; save all of it to a new one")
               : TENON_OK;
}

static void
fill_atomic_options (struct tn_saving *saving, const tenon_progress *progress,
                     struct tn_atomic_options *atomic)
{
    const tenon_save_options *options = &saving->options;
    *atomic = (struct tn_atomic_options){
        .durable = saving->context->durable,
        .report = saving->report,
        .must_be_new = options->flags & TENON_SAVE_NEW,
        .held = options->held ? &options->held->lock : NULL,
        .codec = saving->context->registry.codecs[saving->codec],
        .is_stale = tn_stale_check,
        .was_saved = tn_stale_remember,
        .user = &saving->stale,
    };
    tn_lock_configure (saving->context, options->lock, progress, &atomic->lock);
}

/* Finds the target, and opens it if it is added to: under the lock, unless nothing is going to be written. */
static tenon_status
begin_file (struct tn_saving *saving, const tenon_progress *progress, struct tn_atomic **atomic)
{
    struct tn_atomic_options options;
    bool append = saving->options.flags & TENON_SAVE_APPEND;
    TN_TRY (append ? check_appendable_target (saving) : TENON_OK);
    fill_atomic_options (saving, progress, &options);
    TN_TRY (tn_atomic_begin (atomic, saving->path, &options, saving->error));
    if (append && !(saving->options.flags & TENON_SAVE_DRY_RUN))
        TN_TRY (tn_atomic_lock (*atomic, saving->error));
    if (append)
        TN_TRY (open_for_append (saving, progress));
    saving->stale.append = append;
    saving->stale.file = saving->append.file;
    uint64_t bytes = tn_saving_bytes (saving);
    if (bytes >= 1 << 20 && !saving->index) /* less gains nothing */
        tn_atomic_expect (*atomic, tn_saving_guess (saving, bytes));
    return TENON_OK;
}

/* The index that will be replaced may name shards that the new set does not have. Without it nothing would
 * name them. One that cannot be opened names none. */
static tenon_status
find_old_shards (struct tn_saving *saving, struct tn_atomic *atomic)
{
    const char *index = tn_atomic_old_index (atomic);
    tenon_file *old = NULL;
    tenon_status status = TENON_OK;
    if (!index)
        return TENON_OK;
    size_t folder = (size_t) (tn_path_name (saving->path) - saving->path);
    TN_FREE char *path = tn_format ("%.*s%s", (int) folder, saving->path, index);
    if (!path)
        return tn_fail_memory (saving->error);
    if (tenon_open (saving->context, path, NULL, &old, NULL) < 0)
        return TENON_OK;
    for (uint64_t i = 1; i < old->catalog->source_count && status == TENON_OK; i++) {
        const struct tn_source *source = old->catalog->sources[i];
        struct stat about;
        if (tn_source_identity (source, &about))
            status = tn_atomic_replace_shard (atomic, source->name, &about, saving->error);
    }
    tenon_close (old);
    return status;
}

static tenon_status
write_file (struct tn_saving *saving, const tenon_progress *progress, struct tn_atomic *atomic)
{
    bool dry = saving->options.flags & TENON_SAVE_DRY_RUN;
    TN_TRY (dry ? save_dry_run (saving, progress) : save_atomically (saving, atomic, progress));
    if (tn_atomic_leaves_old (atomic))
        tn_report_add (saving->report, TENON_NOTE, TENON_OK, 0, "", saving->path,
                       "the older file of this name stays as it is: a set was written beside it");
    return dry ? TENON_OK : find_old_shards (saving, atomic);
}

tenon_status
tn_saving_to_file (struct tn_saving *saving, const tenon_progress *progress, bool *unlocked)
{
    struct tn_atomic *atomic = NULL;
    if (!(saving->files = tn_report_new ()))
        return tn_fail_memory (saving->error);
    tenon_status status = begin_file (saving, progress, &atomic);
    if (status == TENON_OK)
        status = write_file (saving, progress, atomic);
    if (status == TENON_OK && !(saving->options.flags & TENON_SAVE_DRY_RUN))
        status = tn_atomic_commit (atomic, unlocked, saving->error);
    else
        tn_atomic_abort (atomic);
    return status;
}
