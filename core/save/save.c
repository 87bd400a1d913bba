/* SPDX-License-Identifier: MIT */
/* save.c - saves a plan: to a path, a descriptor, memory, or functions of the program. */
#include "base/io.h"
#include "base/report.h"
#include "catalog/file.h"
#include "save/readable.h"
#include "save/saving.h"
#include "sink/atomic_file.h"
#include "sink/memory.h"
#include "sink/output.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* As for memory in [limits]. */
#define LEAST_MEMORY 65536ull

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
    if (saving->options.durable > TENON_DURABLE_NO)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a save with the durability %u, which this version does not know",
                        saving->options.durable);
    if (saving->options.memory > 0 && saving->options.memory < LEAST_MEMORY)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a save has %llu bytes of memory at least, not %llu", LEAST_MEMORY,
                        (unsigned long long) saving->options.memory);
    if (saving->options.lock > TENON_LOCK_NO)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a save with the lock %u, which this version does not know", saving->options.lock);
    return TENON_OK;
}

/* Threads, memory and durability of this save. */
static tenon_status
tune_context (struct tn_saving *saving)
{
    const tenon_save_options *options = &saving->options;
    bool durable = options->durable == TENON_DURABLE_CONFIGURED ? saving->context->durable
                                                                : options->durable == TENON_DURABLE_YES;
    if (options->threads == 0 && options->memory == 0 && durable == saving->context->durable)
        return TENON_OK;
    saving->tuned = tn_context_tune (saving->context, options->threads, options->memory, durable);
    if (!saving->tuned)
        return tn_fail_memory (saving->error);
    saving->context = saving->tuned;
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
    if (plan->lent)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the plan belongs to a writer, which saves it (tenon_writer_finish)");
    saving->context = plan->context;
    saving->report = tn_report_new ();
    saving->stale.plan = plan;
    if (report)
        *report = saving->report;
    if (!saving->report)
        return tn_fail_memory (error);
    TN_TRY (read_options (saving, options));
    return tune_context (saving);
}

static tenon_status
end_save (struct tn_saving *saving, bool keep_report, const char *path, tenon_error *to)
{
    if (saving->error->status < 0 && saving->plan)
        tn_fail_in (saving->error, saving->shown ? saving->shown : saving->path ? saving->path : path, NULL);
    tn_append_close (&saving->append);
    tn_stale_free (&saving->stale);
    free (saving->path);
    free (saving->name);
    tn_carry_end (saving->carry);
    tenon_plan_free (saving->readable);
    tn_overlay_free (&saving->overlay);
    tenon_report_free (saving->files);
    tn_context_untune (saving->tuned);
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

/* ---- the size of a save ---- */

/* Runs the codec over a sink that keeps nothing. */
static tenon_status
measure_save (struct tn_saving *saving, const char *path, uint64_t *size)
{
    struct tn_sink null;
    struct tn_writer writer = { .sink = &null, .dry = true, .measures = true };
    if (!path && !saving->options.format)
        return tn_fail (saving->error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the size of a save without a path needs the name of a format");
    saving->options.flags &= ~(uint32_t) TENON_SAVE_STRICT; /* losses change no size */
    saving->options.flags |= path ? 0 : TENON_SAVE_EXACT_NAME;
    TN_TRY (tn_saving_choose (saving, path ? path : "-"));
    const uint32_t append = TENON_SAVE_APPEND | TENON_SAVE_NEW;
    if (path && !saving->store.folder && (saving->options.flags & append) == TENON_SAVE_APPEND)
        TN_TRY (tn_append_open (&saving->append, saving->plan, saving->path, saving->codec,
                                saving->options.settings, NULL, saving->error));
    struct tn_dry_file target = { NULL, tn_path_name (saving->path) };
    writer.folder = writer.one_file = saving->store.folder;
    writer.dry_files = saving->store.folder ? NULL : &target;
    tn_sink_null_init (&null);
    TN_TRY (tn_saving_run (saving, &writer, NULL));
    *size = writer.measured + null.position + (writer.beside ? writer.target_left : 0);
    return TENON_OK;
}

TENON_API tenon_status
tenon_plan_size (tenon_plan *plan, const tenon_save_options *options, const char *path, uint64_t *size,
                 tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    if (begin_save (__func__, &saving, plan, options, NULL, &mine) == TENON_OK
        && TN_GIVEN (&mine, size, "size"))
        measure_save (&saving, path, size);
    return end_save (&saving, false, path ? path : "the output", error);
}

/* ---- to a descriptor ---- */

/* Pipes, and some devices and file systems, have nothing to sync. */
static tenon_status
sync_descriptor (const struct tn_saving *saving, int fd)
{
    if ((saving->options.flags & TENON_SAVE_DRY_RUN) || tn_file_sync (fd) == 0
        || (errno != EIO && errno != ENOSPC && errno != EDQUOT))
        return TENON_OK;
    return tn_fail_errno (saving->error, errno, "cannot be written to the disk", NULL);
}

static tenon_status
save_to_descriptor (struct tn_saving *saving, int fd, const tenon_progress *progress)
{
    struct tn_sink *sink = tn_sink_fd_new (fd, "the output");
    if (!sink)
        return tn_fail_memory (saving->error);
    tenon_status status = tn_saving_to_sink (saving, NULL, sink, progress);
    if (status == TENON_OK)
        status = tn_sink_fd_flush (sink, saving->error);
    tn_sink_fd_free (sink);
    if (status == TENON_OK && saving->options.durable == TENON_DURABLE_YES)
        status = sync_descriptor (saving, fd);
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

/* A file that can be written at any place, as it is open. */
static tenon_status
check_descriptor (int fd, uint64_t offset, tenon_error *error)
{
    int flags = fcntl (fd, F_GETFL);
    if (flags < 0)
        return tn_fail_errno (error, errno, "it cannot be used", NULL);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "it is open for reading only");
    if (flags & O_APPEND)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "it is open with O_APPEND, so all bytes would go to its end");
    if (lseek (fd, 0, SEEK_CUR) < 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "it is a pipe, socket or terminal, which has no offsets; tenon_save_fd writes to it");
    if (offset > (uint64_t) INT64_MAX)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "no file has an offset of 2^63 or more");
    return TENON_OK;
}

static tenon_status
save_at (struct tn_saving *saving, int fd, uint64_t offset, uint64_t *size, const tenon_progress *progress)
{
    tenon_error *error = saving->error;
    bool durable = saving->context->durable;
    saving->shown = "the descriptor";
    TN_TRY (check_descriptor (fd, offset, error));
    struct tn_sink *sink = tn_file_sink_at (saving->shown, fd, offset, durable);
    if (!sink)
        return tn_fail_memory (error);
    tenon_status status = tn_saving_to_sink (saving, NULL, sink, progress);
    if (status == TENON_OK)
        status = tn_file_sink_finish (sink, error);
    if (status == TENON_OK && durable)
        status = sync_descriptor (saving, fd);
    if (status == TENON_OK && size)
        *size = sink->position;
    tn_file_sink_free (sink);
    return status;
}

TENON_API tenon_status
tenon_save_at (tenon_plan *plan, int fd, uint64_t offset, uint64_t *size, const tenon_save_options *options,
               tenon_report **report, const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    if (size)
        *size = 0;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK)
        save_at (&saving, fd, offset, size, progress);
    return end_save (&saving, report != NULL, "the descriptor", error);
}

/* ---- to functions of the program, and to memory ---- */

static tenon_status
save_to_output (struct tn_saving *saving, const tenon_output *output, const tenon_progress *progress)
{
    struct tn_sink *sink;
    TN_TRY (tn_output_sink_new (output, &sink, saving->error));
    saving->shown = sink->name;
    tenon_status status = tn_saving_to_sink (saving, tn_output_sink_name (sink), sink, progress);
    if (status == TENON_OK)
        status = tn_output_sink_flush (sink, saving->error);
    tn_output_sink_free (sink);
    return status;
}

TENON_API tenon_status
tenon_save_to (tenon_plan *plan, const tenon_output *output, const tenon_save_options *options,
               tenon_report **report, const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK
        && TN_GIVEN (&mine, output, "output"))
        save_to_output (&saving, output, progress);
    return end_save (&saving, report != NULL, "the output", error);
}

static tenon_status
save_to_memory (struct tn_saving *saving, tenon_memory *memory, uint64_t *size,
                const tenon_progress *progress)
{
    saving->shown = "the memory";
    uint64_t bytes = tn_saving_bytes (saving);
    struct tn_sink *sink = tn_memory_sink_new (saving->shown, tn_saving_guess (saving, bytes));
    if (!sink)
        return tn_fail_memory (saving->error);
    tenon_status status = tn_saving_to_sink (saving, NULL, sink, progress);
    if (status == TENON_OK) {
        *size = sink->position;
        tn_memory_sink_take (sink, &memory->base, &memory->size);
    }
    tn_memory_sink_free (sink);
    return status;
}

TENON_API tenon_status
tenon_save_memory (tenon_plan *plan, const tenon_save_options *options, tenon_memory **memory,
                   const void **data, uint64_t *size, tenon_report **report, const tenon_progress *progress,
                   tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_saving saving;
    tenon_memory *made = NULL;
    if (memory)
        *memory = NULL;
    if (data)
        *data = NULL;
    if (size)
        *size = 0;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK
        && TN_GIVEN (&mine, memory, "memory") && TN_GIVEN (&mine, data, "data")
        && TN_GIVEN (&mine, size, "size")) {
        made = calloc (1, sizeof *made);
        if (!made)
            tn_fail_memory (&mine);
        else if (save_to_memory (&saving, made, size, progress) == TENON_OK) {
            *memory = made;
            *data = made->base;
            made = NULL;
        }
    }
    tenon_memory_free (made);
    return end_save (&saving, report != NULL, "the memory", error);
}
