/* SPDX-License-Identifier: MIT */
/* open.c - opens files: source, codec, describe, checks. */
#include "base/io.h"
#include "base/report.h"
#include "catalog/file.h"
#include "codec/describe.h"
#include "codec/identify.h"
#include "codec/isolation.h"
#include "codec/keyed.h"
#include "codec/recognise.h"
#include "open/carry_restore.h"
#include "open/settle.h"
#include "source/drain.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t
add_up (uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* A member that was skipped, though a codec that is not in use reads it. */
static TN_OWN_FRAME void
note_skipped (const tenon_file *file)
{
    char cause[TN_CAUSE_ROOM];
    const struct tn_source *member = tn_identify_skipped (file->context, file->catalog, cause);
    if (member)
        tn_report_add (file->report, TENON_NOTE, TENON_OK, 0, member->name, file->path, "%s", cause);
}

/* After describe: checks and sums that need all tensors. */
static tenon_status
complete_file (tenon_file *file, tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    uint64_t record;
    TN_TRY (tn_check_overlaps (catalog, error));
    if (tn_catalog_find_key (catalog, TN_CARRY_KEY, strlen (TN_CARRY_KEY), &record))
        TN_TRY (tn_carry_restore (catalog, record, file->report, error));
    TN_TRY (tn_catalog_tie_omissions (catalog, error));
    for (uint64_t i = 0; i < catalog->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (catalog, i);
        uint64_t elements = 1;
        TN_TRY (tn_budget_work (catalog->budget, TN_WORK_LOOKUP));
        if (tn_catalog_fault (catalog, tensor))
            continue;
        for (uint32_t k = 0; k < tensor->rank; k++)
            elements *= tensor->shape[k]; /* checked: only a zero dim makes it wrap, and then it is 0 */
        file->elements = add_up (file->elements, elements);
        file->nbytes = add_up (file->nbytes, tensor->length);
    }
    note_skipped (file);
    return TENON_OK;
}

/* Fills the catalog. Takes over the set's source. */
static tenon_status
describe_file (tenon_file *file, struct tn_shards *set, const tenon_open_options *options, tenon_error *error)
{
    struct tn_catalog *catalog = file->catalog;
    tenon_context *context = file->context;
    struct tn_session session = { .context = context,
                                  .error = error,
                                  .report = file->report,
                                  .overlay = &catalog->overlay,
                                  .catalog = catalog,
                                  .directory = set->directory,
                                  .budget = catalog->budget,
                                  .arena.budget = catalog->budget,
                                  .readahead = tn_readahead_new (
                                      context, (struct tn_source *const *const *) &catalog->sources,
                                      &catalog->source_count, catalog->budget),
                                  .may_map = context->map && !(options->flags & TENON_OPEN_NO_MAP) };
    tenon_status status = tn_catalog_add_source (catalog, set->source, error);
    if (status == TENON_OK && !session.readahead)
        status = tn_fail_memory (error);
    if (status == TENON_OK && options->settings)
        status = tn_overlay_read (context, options->settings, &catalog->overlay, error);
    if (status == TENON_OK)
        status = tn_isolation_begin (&session, set->source, options->settings);
    if (status == TENON_OK)
        status = tn_recognise (&session, set->source, set->word ? set->word : options->format, &file->codec,
                               false, NULL);
    if (status == TENON_OK)
        status = tn_keys_resolve (&session, set->source, NULL, &file->codec, false, NULL);
    if (set->shard.count > 0)
        tn_shards_begin (&session, set);
    if (status == TENON_OK)
        status = tn_describe (&session, 0, file->codec, NULL, NULL, 0);
    if (status == TENON_OK && set->whole)
        status = tn_shards_describe (&session, set, file->codec);
    if (status == TENON_OK)
        status = tn_catalog_enter_names (catalog, error);
    if (set->shard.count > 0 || set->lone)
        tn_shards_note (file->report, set);
    if (catalog->source_count > 0)
        tn_isolation_end (&session, catalog->sources[0]);
    tn_keys_close_all (&session);
    set->siblings = session.siblings;
    tn_arena_free (&session.arena);
    tn_readahead_free (session.readahead);
    return status < 0 ? status : complete_file (file, error);
}

/* The same, within the bounds of what an open may cost. */
static tenon_status
describe_within_bounds (tenon_file *file, struct tn_shards *set, const tenon_open_options *options,
                        tenon_error *error)
{
    struct tn_budget budget;
    tn_budget_begin (&budget, file->context->limits, options->progress, error);
    tn_budget_join (&budget, set->source->size);
    tn_catalog_set_budget (file->catalog, &budget);
    tenon_status status = describe_file (file, set, options, error);
    tn_catalog_set_budget (file->catalog, NULL);
    return status;
}

static bool
take_options (tenon_open_options *ours, const tenon_open_options *theirs, tenon_error *error)
{
    *ours = (tenon_open_options){ .struct_size = sizeof *ours };
    if (theirs && !tn_copy_struct (ours, sizeof *ours, theirs, offsetof (tenon_open_options, format)))
        tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a tenon_open_options has a wrong struct_size");
    else if (ours->flags & TENON_FLAGS_MUST_KNOW)
        tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "open flags %#x are not known to this version",
                 ours->flags & TENON_FLAGS_MUST_KNOW);
    return error->status == TENON_OK;
}

/* True if only a part of the file is to be opened. */
static bool
wants_part (const tenon_open_options *options)
{
    return options->offset > 0 || options->length > 0;
}

/* A file without a path has no files beside it. */
static bool
take_options_of_one (tenon_open_options *ours, const tenon_open_options *theirs, tenon_error *error)
{
    if (take_options (ours, theirs, error) && (ours->flags & TENON_OPEN_SHARDS))
        tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                 "a set (TENON_OPEN_SHARDS) is opened by a path, and this file has none");
    return error->status == TENON_OK;
}

/* NULL: no memory. */
static tenon_file *
make_file (tenon_context *context, const char *path)
{
    tenon_file *file = calloc (1, sizeof *file);
    if (!file)
        return NULL;
    pthread_mutex_init (&file->lock, NULL);
    file->context = context;
    file->catalog = tn_catalog_new (context);
    file->report = tn_report_new ();
    file->path = tn_strndup (path, strlen (path));
    if (file->catalog && file->report && file->path)
        return file;
    tenon_close (file);
    return NULL;
}

/* *again: the set was being replaced; nothing was opened. NULL: it is no file with a path. */
static tenon_status
open_set (tenon_context *context, struct tn_shards *set, const tenon_open_options *options, bool *again,
          tenon_file **result, tenon_error *error)
{
    tenon_file *file = make_file (context, set->path);
    if (!file) {
        tn_source_free (set->source);
        return tn_fail_memory (error);
    }
    file->unaligned = options->flags & TENON_OPEN_UNALIGNED;
    file->shard_count = set->whole ? set->shard.count : 1;
    tenon_status status = describe_within_bounds (file, set, options, error);
    if (again && (status < 0 || set->whole || set->indexed || set->siblings))
        status = tn_settle_set (context, set, file->catalog, options->progress, again, error);
    if (status == TENON_E_NOT_FOUND && set->indexed)
        tn_advise (error, "TENON_OPEN_NO_INDEX finds the shards by their names");
    if (status < 0 || (again && *again)) {
        tn_fail_in (error, set->path[0] ? set->path : NULL, NULL);
        tenon_close (file);
    } else
        *result = file;
    return status;
}

/* A source without a path. */
static tenon_status
open_source (tenon_context *context, struct tn_source *source, const tenon_open_options *options,
             tenon_file **result, tenon_error *error)
{
    char none[] = "";
    struct tn_shards set = { .source = source,
                             .path = options->name ? (char *) (uintptr_t) options->name : none };
    return open_set (context, &set, options, NULL, result, error);
}

/* A part of the file has none beside it either. Takes over the source. */
static tenon_status
open_part (tenon_context *context, struct tn_source *source, const tenon_open_options *options,
           tenon_file **file, tenon_error *error)
{
    if (wants_part (options) && tn_source_cut (source, options->offset, options->length, error) < 0) {
        tn_source_free (source);
        return error->status;
    }
    return open_source (context, source, options, file, error);
}

static tenon_status
find_part (tenon_context *context, const char *path, const tenon_open_options *options,
           struct tn_source **source, tenon_error *error)
{
    struct stat about;
    if ((options->flags & TENON_OPEN_SHARDS) || (stat (path, &about) == 0 && S_ISDIR (about.st_mode))) {
        tn_fail_in (error, path, NULL);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a part (offset, length) is opened of a single file, not of a set or a folder");
    }
    TN_TRY (tn_source_open (path, context->map && !(options->flags & TENON_OPEN_NO_MAP), source, error));
    tenon_status status = tn_source_cut (*source, options->offset, options->length, error);
    if (status < 0)
        tn_source_free (*source);
    return status;
}

static tenon_status
open_part_of_path (tenon_context *context, const char *path, const tenon_open_options *options,
                   tenon_file **file, tenon_error *error)
{
    struct tn_source *source;
    tenon_open_options named = *options;
    TN_TRY (find_part (context, path, options, &source, error));
    named.name = path;
    return open_source (context, source, &named, file, error);
}

/* A set that is replaced again and again would keep its reader busy for ever. */
#define MOST_TRIES 100
/* So often a file that is not there, but is there a moment later, is opened again: each rival save of a set
 * takes the name away for a moment. No more, for an index that names a shard which does not exist fails
 * alike. */
#define MOST_MISSES 8

static tenon_status
open_path (tenon_context *context, const char *path, const tenon_open_options *options, tenon_file **file,
           tenon_error *error)
{
    struct tn_shards set;
    bool again = false;
    for (unsigned tries = 0; tries < MOST_TRIES; tries++) {
        *error = (tenon_error) TENON_ERROR_INIT;
        again = false;
        errno = 0;
        if (tn_shards_open (context, path, options, &set, error) == TENON_OK) {
            open_set (context, &set, options, &again, file, error);
            tn_shards_free (&set);
        } else
            tn_settle_path (context, path, tries < MOST_MISSES && errno == ENOENT, options->progress, &again,
                            error);
        if (!again)
            return error->status;
    }
    *error = (tenon_error) TENON_ERROR_INIT;
    tn_fail_in (error, path, NULL);
    return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                    "its set was replaced %u times while it was being opened", MOST_TRIES);
}

/* For the four functions below, of which each needs a context and a place for the file; `what`: the third
 * argument that it needs. */
static bool
begin_open (const char *function, const tenon_context *context, const void *what, const char *name,
            tenon_file **file, tenon_error *error)
{
    if (file)
        *file = NULL;
    return TN_GIVEN_TO (function, error, context, "context") && TN_GIVEN_TO (function, error, what, name)
           && TN_GIVEN_TO (function, error, file, "file");
}

TENON_API tenon_status
tenon_open (tenon_context *context, const char *path, const tenon_open_options *theirs, tenon_file **file,
            tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_open_options options;
    if (!begin_open (__func__, context, path, "path", file, &mine))
        return tn_error_out (error, &mine);
    if (take_options (&options, theirs, &mine)) {
        if (wants_part (&options))
            open_part_of_path (context, path, &options, file, &mine);
        else
            open_path (context, path, &options, file, &mine);
    }
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_open_memory (tenon_context *context, const void *data, uint64_t size, const tenon_open_options *theirs,
                   tenon_file **file, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_open_options options;
    struct tn_source *source;
    if (!begin_open (__func__, context, data || size == 0 ? "" : NULL, "data", file, &mine))
        return tn_error_out (error, &mine);
    if (take_options_of_one (&options, theirs, &mine)
        && tn_source_memory (data, size, options.name, &source, &mine) == TENON_OK)
        open_part (context, source, &options, file, &mine);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_open_fd (tenon_context *context, int fd, const tenon_open_options *theirs, tenon_file **file,
               tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_open_options options;
    struct tn_source *source;
    if (!begin_open (__func__, context, "", "", file, &mine)
        || !take_options_of_one (&options, theirs, &mine))
        return tn_error_out (error, &mine);
    const char *name = options.name ? options.name : "";
    bool drained = false;
    int own = tn_duplicate (fd);
    if (own < 0)
        tn_fail_errno (&mine, errno, "the descriptor cannot be used", name);
    else if (tn_drain (context, &own, options.offset, options.length, options.progress, &drained, &mine) < 0)
        close (own);
    else if (tn_source_open_fd (own, tn_path_name (name),
                                context->map && !(options.flags & TENON_OPEN_NO_MAP), &source, &mine)
             == TENON_OK) {
        if (drained) /* it is the part already */
            options.offset = options.length = 0;
        open_part (context, source, &options, file, &mine);
    }
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_open_reader (tenon_context *context, const tenon_reader *reader, const tenon_open_options *theirs,
                   tenon_file **file, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_open_options options;
    struct tn_source *source;
    if (!begin_open (__func__, context, reader, "reader", file, &mine))
        return tn_error_out (error, &mine);
    tenon_error later = TENON_ERROR_INIT;
    bool good = take_options_of_one (&options, theirs, &mine);
    if (good && wants_part (&options)) {
        tn_fail (
            &mine, TENON_E_MISUSE, TN_NO_OFFSET,
            "a part (offset, length) is opened of a file, a descriptor or memory; a reader can be that of a "
            "part itself");
        good = false;
    }
    if (tn_source_reader (reader, good ? options.name : NULL, &source, good ? &mine : &later) == TENON_OK) {
        if (good)
            open_source (context, source, &options, file, &mine);
        else
            tn_source_free (source);
    }
    return tn_error_out (error, &mine);
}

/* A codec was chosen by the file's name, and its contents say something else. */
static TN_OWN_FRAME void
note_other (struct tn_session *session, struct tn_source *source, uint64_t codec)
{
    char words[TN_IDENTIFY_ROOM];
    const char *advice;
    if (tn_identify_other (session, source, codec, words, &advice))
        tn_report_add (session->report, TENON_NOTE, TENON_OK, 0, "",
                       source->path ? source->path : source->name, "%s%s%s", words, advice ? "; " : "",
                       advice ? advice : "");
}

/* Reports the bids of all codecs for a file. Takes over the set's source. */
static tenon_status
explain_choice (tenon_context *context, struct tn_shards *set, const tenon_open_options *options,
                tenon_report *report, tenon_error *error)
{
    struct tn_budget budget;
    uint64_t codec;
    struct tn_catalog *catalog = tn_catalog_new (context);
    if (!catalog) {
        tn_source_free (set->source);
        return tn_fail_memory (error);
    }
    tn_budget_begin (&budget, context->limits, NULL, error);
    tn_budget_join (&budget, set->source->size);
    tn_catalog_set_budget (catalog, &budget);
    struct tn_session session = { .context = context,
                                  .error = error,
                                  .report = report,
                                  .catalog = catalog,
                                  .overlay = &catalog->overlay,
                                  .budget = &budget,
                                  .arena.budget = &budget };
    tenon_status status = tn_catalog_add_source (catalog, set->source, error);
    if (status == TENON_OK)
        status = tn_isolation_begin (&session, set->source, options->settings);
    if (status == TENON_OK)
        status = set->keyed ? tn_keys_choose_folder (&session, set->source, options->format, &codec, report)
                            : tn_recognise (&session, set->source, set->word ? set->word : options->format,
                                            &codec, false, report);
    session.report = NULL; /* what is in an archive is no matter of this report */
    if (status == TENON_OK && !set->keyed)
        status = tn_keys_resolve (&session, set->source, NULL, &codec, false, report);
    session.report = report;
    if (status == TENON_OK && !set->keyed)
        note_other (&session, set->source, codec);
    tn_keys_close_all (&session);
    tn_arena_free (&session.arena);
    tn_catalog_set_budget (catalog, NULL);
    tn_catalog_drop (catalog);
    return status;
}

static tenon_status
explain_path (tenon_context *context, const char *path, const tenon_open_options *options,
              tenon_report *report, tenon_error *error)
{
    struct tn_shards set = { 0 };
    if (wants_part (options)) {
        TN_TRY (find_part (context, path, options, &set.source, error));
        return explain_choice (context, &set, options, report, error);
    }
    TN_TRY (tn_shards_open (context, path, options, &set, error));
    explain_choice (context, &set, options, report, error);
    tn_shards_note (report, &set);
    if (strcmp (set.path, path) != 0)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", path, "%s is opened for it", TN_SHOW (set.path));
    tn_shards_free (&set);
    return error->status;
}

TENON_API tenon_status
tenon_why (tenon_context *context, const char *path, const tenon_open_options *theirs, tenon_report **report,
           tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    tenon_open_options options;
    if (report)
        *report = NULL;
    if (!TN_GIVEN (&mine, context, "context") || !TN_GIVEN (&mine, path, "path")
        || !TN_GIVEN (&mine, report, "report"))
        return tn_error_out (error, &mine);
    *report = tn_report_new ();
    if (!*report)
        tn_fail_memory (&mine);
    else if (take_options (&options, theirs, &mine))
        explain_path (context, path, &options, *report, &mine);
    return tn_error_out (error, &mine);
}
