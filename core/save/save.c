/* SPDX-License-Identifier: MIT */
/* save.c - saves a plan: chooses the codec and the name, runs the codec over a sink, and commits. */
#include "base/io.h"
#include "base/report.h"
#include "catalog/file.h"
#include "codec/recognise.h"
#include "codec/storable.h"
#include "codec/write.h"
#include "context/cause.h"
#include "plan/aliases.h"
#include "save/append.h"
#include "save/carry.h"
#include "save/casts.h"
#include "save/check.h"
#include "save/nameless.h"
#include "save/readable.h"
#include "save/save_lock.h"
#include "save/stale.h"
#include "save/tree_target.h"
#include <stdio.h>
#include <sys/stat.h>

struct saving {
    tenon_context *context;
    tenon_plan *plan;
    tenon_save_options options;
    uint64_t codec;
    char *path;            /* of the target, with its extension */
    char *name;            /* of the target, bare, without it */
    const char *extension; /* in `path`; of an index, that of its shards */
    size_t extension_length;
    tenon_report *report;
    tenon_error *error;
    uint64_t losses;
    struct tn_append append;
    struct tn_stale stale;
    struct tn_overlay overlay;
    tenon_plan *readable;   /* takes the place of one with tensors that cannot be read; NULL: it has none */
    struct tn_carry *carry; /* NULL: nothing is carried */
    bool index;             /* the target is the index of a set */
    struct tn_store_target store;
    tenon_report *files; /* TENON_WRITTEN for each file of a set; NULL: saved to a descriptor */
};

static tenon_status
read_options (struct saving *saving, const tenon_save_options *theirs)
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

/* No codec has the extension of the path. */
static TN_OWN_FRAME tenon_status
fail_extension (struct saving *saving, const char *path, const char *name)
{
    const struct tn_registry *registry = &saving->context->registry;
    char cause[TN_CAUSE_ROOM];
    struct stat about;
    if (stat (path, &about) == 0 && S_ISDIR (about.st_mode))
        return tn_fail (
            saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
            "it is a folder, and its name has the extension of no codec that writes folders; name "
            "a file in it, or the format");
    if (tn_cause_find (saving->context, name, strlen (name), NULL, cause))
        return tn_fail (saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                        "no codec writes files with this extension: %s", cause);
    char known[300] = "";
    size_t end = 0;
    for (uint64_t i = 0; i < registry->codec_count && end < sizeof known - 40; i++)
        if (registry->codecs[i]->table.write && registry->codecs[i]->extensions[0])
            end += (size_t) snprintf (known + end, sizeof known - end, " .%s",
                                      registry->codecs[i]->extensions[0]);
    return tn_fail (saving->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                    "no codec writes files with this extension (there are%s); name the format",
                    known[0] ? known : " none");
}

/* Finds the codec whose extension the path has: the longest, then the one of the highest priority. */
static tenon_status
codec_of_path (struct saving *saving, const char *path)
{
    const struct tn_registry *registry = &saving->context->registry;
    const char *name = tn_path_name (path);
    size_t longest = 0;
    uint64_t rival = UINT64_MAX;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        size_t length =
            codec->table.write ? tn_keyed_extension (saving->context, codec, name, strlen (name)) : 0;
        if (length == 0 || length < longest)
            continue;
        if (length == longest && codec->priority < registry->codecs[saving->codec]->priority)
            continue;
        rival = length == longest && codec->priority == registry->codecs[saving->codec]->priority
                    ? saving->codec
                    : UINT64_MAX;
        longest = length;
        saving->codec = i;
    }
    if (rival != UINT64_MAX)
        return tn_fail (saving->error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                        "%s and %s both write files with this extension; name the format",
                        registry->codecs[rival]->table.id, registry->codecs[saving->codec]->table.id);
    return longest > 0 ? TENON_OK : fail_extension (saving, path, name);
}

/* The name of the target without its extension. The shards of the index of a variant,
 * NAME.tree.index.half.json, are named NAME.half. */
static tenon_status
name_target (struct saving *saving, const struct tn_codec *codec)
{
    const char *name = tn_path_name (saving->path), *variant = NULL;
    size_t length = strlen (name), extension = tn_extension_length (codec, name, length), variant_length = 0;
    if (saving->store.archive > 0) { /* NAME.tree.zip */
        size_t outer =
            tn_extension_length (saving->context->registry.codecs[saving->store.archive - 1], name, length);
        extension = tn_extension_length (codec, name, length - outer - 1);
        extension = extension > 0 ? extension + outer + 1 : outer;
    }
    size_t stem =
        tn_describes_index (codec) ? tn_index_stem (codec, name, length, &variant, &variant_length) : 0;
    saving->index = stem > 0;
    if (stem == 0)
        stem = extension > 0 && extension + 1 < length ? length - extension - 1 : length;
    saving->extension = stem < length ? name + stem + 1 : name + length;
    saving->extension_length = saving->index ? strcspn (saving->extension, ".") : strlen (saving->extension);
    saving->name = tn_format ("%.*s%s%.*s", (int) stem, name, variant ? "." : "", (int) variant_length,
                              variant ? variant : "");
    return saving->name ? TENON_OK : tn_fail_memory (saving->error);
}

/* Chooses codec and path. The extension of a codec that the caller named is appended if the path has none of
 * the codec's own: weights → weights.toy. */
static tenon_status
choose_target (struct saving *saving, const char *given)
{
    /* a '/' at the end says that a folder is meant: a codec of files refuses its name later */
    size_t end = strlen (given);
    while (end > 1 && given[end - 1] == '/')
        end--;
    TN_FREE char *path = tn_strndup (given, end);
    if (!path)
        return tn_fail_memory (saving->error);
    const bool slash = given[end] != 0;
    const char *name = tn_path_name (path), *extension = NULL;
    if (!saving->options.format)
        TN_TRY (codec_of_path (saving, path));
    else
        TN_TRY (tn_codec_find (saving->context, saving->options.format, TN_TO_WRITE, &saving->codec,
                               saving->error));
    const struct tn_codec *codec = saving->context->registry.codecs[saving->codec];
    tn_store_target_choose (saving->context, codec, name, &saving->store);
    if (saving->options.format && !(saving->options.flags & TENON_SAVE_EXACT_NAME) && !slash
        && saving->store.archive == 0 && tn_extension_length (codec, name, strlen (name)) == 0)
        extension = codec->extensions[0];
    saving->path = tn_concat (saving->store.folder ? path : given, extension ? "." : "",
                              extension ? extension : "", (char *) NULL);
    if (!saving->path)
        return tn_fail_memory (saving->error);
    TN_TRY (name_target (saving, codec));
    TN_TRY (tn_overlay_read (saving->context, saving->options.settings, &saving->overlay, saving->error));
    tn_plan_tell_losses (saving->plan, saving->report, &saving->losses);
    TN_TRY (tn_plan_readable (&saving->plan, &saving->readable,
                              saving->options.flags & TENON_SAVE_SKIP_UNREADABLE, saving->report,
                              &saving->losses, saving->error));
    if (!(saving->options.flags & TENON_SAVE_CARRY))
        return TENON_OK;
    const struct tenon_codec *storing;
    TN_TRY (tn_storing_codec (saving->context, &saving->overlay, saving->codec, &storing, saving->error));
    return tn_carry_begin (&saving->carry, &saving->plan, &codec->table, storing, saving->report,
                           &saving->losses, saving->error);
}

static uint64_t
plan_bytes (const tenon_plan *plan)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < plan->count; i++)
        if (tn_add (bytes, tn_catalog_tensor (plan->own, i)->length, &bytes))
            return UINT64_MAX;
    return bytes;
}

/* The bytes of the plan, and of the file that is added to. */
static uint64_t
total_bytes (const struct saving *saving)
{
    uint64_t bytes = plan_bytes (saving->plan);
    if (!saving->append.file)
        return bytes;
    return tn_add (bytes, saving->append.file->catalog->sources[0]->size, &bytes) ? UINT64_MAX : bytes;
}

/* Guesses the size of the file from above. One that is too high costs nothing, since the rest is given back;
 * one that is too low by a block makes ext4 write everything back before the rename. */
static uint64_t
guess_file_size (const tenon_plan *plan, uint64_t bytes)
{
    uint64_t headers = 65536 + plan->own->metadata_bytes;
    for (uint64_t i = 0; i < plan->count; i++)
        headers += 512 + 2 * (uint64_t) tn_catalog_tensor (plan->own, i)->name_length;
    return tn_add (bytes, headers, &bytes) ? 0 : bytes;
}

/* Fills in all of the writer that files, descriptors and dry runs have in common. */
static void
prepare_writer (struct saving *saving, struct tn_writer *writer)
{
    writer->plan = saving->plan;
    writer->entries = saving->append.both ? saving->append.both->own : saving->plan->own;
    writer->old = saving->append.file ? saving->append.file->catalog : NULL;
    writer->count = saving->plan->count;
    writer->name = saving->name;
    writer->name_length = strlen (saving->name);
    writer->extension = saving->extension;
    writer->extension_length = saving->extension_length;
    writer->losses = &saving->losses;
    writer->carries = saving->carry != NULL;
    writer->index = saving->index;
    writer->outer = saving->store.archive;
    writer->path = saving->path;
    writer->files = saving->files;
}

/* Runs the codec over the writer's sink. */
static tenon_status
run_codec (struct saving *saving, struct tn_writer *writer, const tenon_progress *progress)
{
    tenon_error *error = saving->error;
    struct tn_meter meter;
    const tenon_plan *entries = saving->append.both ? saving->append.both : saving->plan;
    const struct tenon_codec *codec = &saving->context->registry.codecs[saving->codec]->table;
    if ((codec->flags & TENON_CODEC_NEEDS_PATCH) && !writer->sink->seekable)
        return tn_fail (
            error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "the format %s goes back to fill in its header, which a pipe does not allow; save to a file",
            codec->id);
    prepare_writer (saving, writer);
    TN_FREE bool *done = calloc (writer->count + 1, sizeof *done);
    if (!done)
        return tn_fail_memory (error);
    writer->done = done;
    TN_TRY (tn_plan_find_aliases (saving->plan, error));
    writer->meter = &meter;
    struct tn_budget budget;
    tn_budget_begin (&budget, NULL, progress, error);
    struct tn_session session = { .context = saving->context,
                                  .error = error,
                                  .report = saving->report,
                                  .overlay = &saving->overlay,
                                  .catalog = saving->plan->own,
                                  .metadata_sources = entries->metadata_sources,
                                  .metadata_source_count = entries->metadata_source_count,
                                  .budget = &budget };
    tn_casts_begin (saving->plan, saving->options.flags & TENON_SAVE_SATURATE, error);
    tn_meter_begin (&meter, progress, total_bytes (saving));
    tenon_status status = tn_write (&session, writer, saving->codec);
    if (status == TENON_OK && writer->old && !writer->old_put)
        status = tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                          "the codec %s: it did not keep the file that it was to add to", codec->id);
    tn_meter_end (&meter);
    tn_arena_free (&session.arena);
    if (status == TENON_OK) {
        tn_casts_tell (saving->plan, saving->report, &saving->losses);
        tn_plan_tell_twice (saving->plan, done, saving->report);
        tn_tell_lost_name (saving->plan, codec, saving->name, saving->report, &saving->losses);
    }
    if (status == TENON_OK && saving->losses > 0 && (saving->options.flags & TENON_SAVE_STRICT))
        return tn_fail (error, TENON_E_LOSS, TN_NO_OFFSET,
                        "%llu thing%s would be lost, and the save is strict",
                        (unsigned long long) saving->losses, saving->losses == 1 ? "" : "s");
    return status;
}

/* Lists the target among the files of its set: last, as it gets its name. */
static void
list_target (const struct saving *saving, const struct tn_writer *writer)
{
    if (writer->other_files && writer->target_used)
        tn_report_add (saving->files, TENON_WRITTEN, TENON_OK, 0, "", saving->path, "a file of the set");
}

static tenon_status
check_grown (const struct saving *saving, struct tn_atomic *atomic)
{
    int fd;
    TN_TRY (tn_atomic_finish_target (atomic, &fd, saving->error));
    return tn_check_grown (saving->append.file, saving->plan, fd, saving->codec, saving->options.settings,
                           saving->error);
}

static tenon_status
save_atomically (struct saving *saving, struct tn_atomic *atomic, const tenon_progress *progress)
{
    struct tn_writer writer = { .atomic = atomic };
    struct tn_sink *target;
    TN_TRY (tn_atomic_sink (atomic, NULL, &target, saving->error));
    writer.sink = target;
    TN_TRY (run_codec (saving, &writer, progress));
    if (saving->append.file)
        return check_grown (saving, atomic);
    /* a codec that put nothing, and began no other file, makes an empty one */
    if (!writer.other_files)
        return tn_sink_open (target, saving->error);
    list_target (saving, &writer);
    return TENON_OK;
}

static tenon_status
save_dry_run (struct saving *saving, const tenon_progress *progress)
{
    struct tn_sink null;
    struct tn_dry_file target = { NULL, tn_path_name (saving->path) };
    struct tn_writer writer = { .sink = &null, .dry = true, .dry_files = &target };
    tn_sink_null_init (&null);
    TN_TRY (run_codec (saving, &writer, progress));
    list_target (saving, &writer);
    return TENON_OK;
}

static tenon_status
check_appendable_target (const struct saving *saving)
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
open_for_append (struct saving *saving, const tenon_progress *progress)
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
fill_atomic_options (struct saving *saving, const tenon_progress *progress, struct tn_atomic_options *atomic)
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
begin_file (struct saving *saving, const tenon_progress *progress, struct tn_atomic **atomic)
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
    uint64_t bytes = total_bytes (saving);
    if (bytes >= 1 << 20 && !saving->index) /* less gains nothing */
        tn_atomic_expect (*atomic, guess_file_size (saving->plan, bytes));
    return TENON_OK;
}

/* The index that will be replaced may name shards that the new set does not have. Without it nothing would
 * name them. One that cannot be opened names none. */
static tenon_status
find_old_shards (struct saving *saving, struct tn_atomic *atomic)
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
write_file (struct saving *saving, const tenon_progress *progress, struct tn_atomic *atomic)
{
    bool dry = saving->options.flags & TENON_SAVE_DRY_RUN;
    TN_TRY (dry ? save_dry_run (saving, progress) : save_atomically (saving, atomic, progress));
    if (tn_atomic_leaves_old (atomic))
        tn_report_add (saving->report, TENON_NOTE, TENON_OK, 0, "", saving->path,
                       "the older file of this name stays as it is: a set was written beside it");
    return dry ? TENON_OK : find_old_shards (saving, atomic);
}

/* ---- folders ---- */

static tenon_status
judge_tree (void *user, const char *path, tenon_error *error)
{
    struct saving *saving = user;
    struct tn_tree_judge judge = { saving->context, saving->codec };
    return tn_tree_may_replace (&judge, path, error);
}

static bool
is_stale_tree (void *user, const struct stat *target)
{
    return tn_stale_check (&((struct saving *) user)->stale, target);
}

static void
remember_tree (void *user)
{
    tn_stale_remember (&((struct saving *) user)->stale);
}

static tenon_status
write_tree (struct saving *saving, const tenon_progress *progress, struct tn_tree *tree)
{
    struct tn_sink outside;
    bool dry = saving->options.flags & TENON_SAVE_DRY_RUN;
    struct tn_writer writer = {
        .sink = &outside, .folder = true, .tree = dry ? NULL : tree, .dry = dry, .one_file = true
    };
    tn_sink_null_init (&outside);
    return run_codec (saving, &writer, progress);
}

static tenon_status
save_tree (struct saving *saving, const tenon_progress *progress, bool *unlocked)
{
    const tenon_save_options *options = &saving->options;
    struct tn_tree_options how = { .durable = saving->context->durable,
                                   .must_be_new = options->flags & TENON_SAVE_NEW,
                                   .report = saving->report,
                                   .held = options->held ? &options->held->lock : NULL,
                                   .may_replace = judge_tree,
                                   .is_stale = is_stale_tree,
                                   .was_saved = remember_tree,
                                   .user = saving };
    struct tn_tree *tree;
    if (options->flags & TENON_SAVE_APPEND)
        return tn_fail (
            saving->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "nothing can be added to a folder: it is replaced as a whole; save all of it to a new "
            "one");
    tn_lock_configure (saving->context, options->lock, progress, &how.lock);
    TN_TRY (tn_tree_begin (&tree, saving->path, &how, saving->error));
    tenon_status status = write_tree (saving, progress, tree);
    if (status == TENON_OK && !(options->flags & TENON_SAVE_DRY_RUN))
        return tn_tree_commit (tree, unlocked, saving->error);
    tn_tree_abort (tree);
    return status;
}

/* ---- files ---- */

static void
note_unlocked (struct saving *saving, bool unlocked)
{
    if (unlocked)
        tn_report_add (saving->report, TENON_NOTE, TENON_OK, 0, "", saving->path,
                       "its file system has no locks: a save of the same file at the same time would not be "
                       "noticed");
}

static tenon_status
save_file (struct saving *saving, const char *path, const tenon_progress *progress)
{
    struct tn_atomic *atomic = NULL;
    bool unlocked = false;
    TN_TRY (choose_target (saving, path));
    if (saving->store.folder) {
        TN_TRY (save_tree (saving, progress, &unlocked));
        note_unlocked (saving, unlocked);
        return TENON_OK;
    }
    if (!(saving->files = tn_report_new ()))
        return tn_fail_memory (saving->error);
    tenon_status status = begin_file (saving, progress, &atomic);
    if (status == TENON_OK)
        status = write_file (saving, progress, atomic);
    if (status == TENON_OK && !(saving->options.flags & TENON_SAVE_DRY_RUN))
        status = tn_atomic_commit (atomic, &unlocked, saving->error);
    else
        tn_atomic_abort (atomic);
    note_unlocked (saving, unlocked);
    if (status == TENON_OK)
        tn_report_append (saving->report, saving->files);
    return status;
}

static tenon_status
begin_save (const char *function, struct saving *saving, tenon_plan *plan, const tenon_save_options *options,
            tenon_report **report, tenon_error *error)
{
    *saving = (struct saving){ .plan = plan, .error = error };
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
end_save (struct saving *saving, bool keep_report, const char *path, tenon_error *to)
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
    struct saving saving;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK
        && TN_GIVEN (&mine, path, "path"))
        save_file (&saving, path, progress);
    return end_save (&saving, report != NULL, path, error);
}

static tenon_status
save_to_descriptor (struct saving *saving, int fd, const tenon_progress *progress)
{
    tenon_error *error = saving->error;
    saving->options.flags |= TENON_SAVE_EXACT_NAME;
    if (saving->options.flags & TENON_SAVE_APPEND)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to a descriptor; save to a file");
    if (!saving->options.format)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "saving to a descriptor needs the name of a format");
    TN_TRY (choose_target (saving, "-"));
    struct tn_sink *sink = tn_sink_fd_new (fd, "the output");
    if (!sink)
        return tn_fail_memory (error);
    struct tn_writer writer = { .sink = sink, .one_file = true };
    tenon_status status = run_codec (saving, &writer, progress);
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
    struct saving saving;
    if (begin_save (__func__, &saving, plan, options, report, &mine) == TENON_OK)
        save_to_descriptor (&saving, fd, progress);
    return end_save (&saving, report != NULL, "the output", error);
}
