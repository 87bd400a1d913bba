/* SPDX-License-Identifier: MIT */
/* shards.c - sharded sets: NAME-00001-of-00003.EXTENSION, or an index and the files that it names. All files
 * of a set lie in one folder: names from codecs, paths and folders are used as bare names only. */
#include "open/shards.h"
#include "base/io.h"
#include "base/report.h"
#include "codec/describe.h"
#include "codec/isolation.h"
#include "codec/keyed.h"
#include "codec/recognise.h"
#include "open/set_folder.h"
#include "source/open_key.h"
#include <errno.h>
#include <sys/stat.h>

/* ---- the file that is described ---- */

static bool
may_map (const tenon_context *context, const tenon_open_options *options)
{
    return context->map && !(options->flags & TENON_OPEN_NO_MAP);
}

/* Takes over the path. *missing: no such file exists; then nothing has changed, and nothing failed. */
static tenon_status
replace_source (struct tn_shards *set, char *path, bool map, bool *missing, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_source *source;
    *missing = false;
    if (!path)
        return tn_fail_memory (error);
    errno = 0;
    if (tn_source_open (path, map, &source, &mine) < 0) {
        *missing = errno == ENOENT;
        free (path);
        if (*missing)
            return TENON_OK;
        *error = mine;
        return error->status;
    }
    tn_source_free (set->source);
    free (set->path);
    set->source = source;
    set->path = path;
    return TENON_OK;
}

/* Goes from the shard that was named to the first one of its set that exists. An index beside it plays no
 * part: it may be that of another division. */
static tenon_status
open_whole (const tenon_context *context, struct tn_shards *set, const struct tn_codec *codec, bool map,
            tenon_error *error)
{
    uint64_t most = TN_MIN (set->shard.number - 1, context->limits[TENON_LIMIT_MEMBERS]);
    bool missing = true;
    set->whole = true;
    set->word = codec->table.id;
    set->first = set->shard.number;
    for (uint64_t number = 1; number <= most && missing; number++) {
        TN_TRY (replace_source (set, tn_shard_name (set->directory, set->name, &set->shard, number), map,
                                &missing, error));
        set->first = missing ? set->first : number;
    }
    return TENON_OK;
}

/* The codec of a file that has the name of a shard; NULL: it has not, or no codec recognises it, which
 * describing it will report. */
static tenon_status
codec_of_shard (tenon_context *context, const tenon_open_options *options, struct tn_shards *set,
                const struct tn_codec **result, tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_budget budget;
    tn_budget_begin (&budget, context->limits, options->progress, &mine);
    tn_budget_join (&budget, set->source->size);
    struct tn_session session = {
        .context = context, .error = &mine, .budget = &budget, .arena.budget = &budget
    };
    bool sounds_like_one = false;
    uint64_t codec;
    *result = NULL;
    for (uint64_t i = 0; i < registry->codec_count && !sounds_like_one; i++)
        sounds_like_one = tn_is_shard (registry->codecs[i], set->name, &set->shard);
    if (!sounds_like_one)
        return TENON_OK;
    tenon_status status = tn_isolation_begin (&session, set->source, options->settings);
    if (status == TENON_OK)
        status = tn_recognise (&session, set->source, options->format, &codec, true, NULL);
    tn_isolation_end (&session, set->source);
    tn_arena_free (&session.arena);
    if (status == TENON_E_MEMORY || status == TENON_E_IO || status == TENON_E_CRASHED
        || status == TENON_E_CANCELLED || status == TENON_E_LIMIT) {
        *error = mine;
        return status;
    }
    if (status == TENON_OK && tn_is_shard (registry->codecs[codec], set->name, &set->shard))
        *result = registry->codecs[codec];
    return TENON_OK;
}

/* The codec whose set a file of this name is the index of; NULL: none. */
static const struct tn_codec *
codec_of_index (const tenon_context *context, const char *name)
{
    const struct tn_registry *registry = &context->registry;
    for (uint64_t i = 0; i < registry->codec_count; i++)
        if (tn_is_index (registry->codecs[i], name))
            return registry->codecs[i];
    return NULL;
}

static tenon_status
split_path (struct tn_shards *set, tenon_error *error)
{
    const char *name = tn_path_name (set->path);
    free (set->directory);
    free (set->name);
    set->directory =
        name > set->path ? tn_strndup (set->path, (size_t) (name - set->path)) : tn_strndup ("./", 2);
    set->name = tn_strndup (name, strlen (name));
    return set->directory && set->name ? TENON_OK : tn_fail_memory (error);
}

/* `whole`: its set is meant, if it is in one. */
static tenon_status
choose_file (tenon_context *context, const tenon_open_options *options, struct tn_shards *set, bool whole,
             tenon_error *error)
{
    const struct tn_codec *codec;
    TN_TRY (split_path (set, error));
    TN_TRY (codec_of_shard (context, options, set, &codec, error));
    if (!codec) {
        set->shard.count = 0;
        set->indexed = codec_of_index (context, set->name) != NULL;
        set->lone = whole && !set->indexed;
        return TENON_OK;
    }
    bool opens = (codec->table.shard_flags & TENON_SHARDS_FIRST_OPENS) && set->shard.number == 1;
    if (whole || (opens && !(options->flags & TENON_OPEN_ALONE)))
        return open_whole (context, set, codec, may_map (context, options), error);
    return TENON_OK;
}

/* ---- a path ---- */

/* The codec of an index: that of the set if it describes its indexes; else the one that recognises it. */
static void
choose_index (struct tn_shards *set, const struct tn_codec *codec)
{
    set->indexed = true;
    set->word = tn_describes_index (codec) ? codec->table.id : NULL;
}

/* Opens a folder as a store, if a keyed codec knows it. */
static tenon_status
open_store (tenon_context *context, const char *path, const tenon_open_options *options,
            struct tn_shards *set, tenon_error *error)
{
    struct tn_budget budget;
    uint64_t codec;
    TN_TRY (tn_source_open_folder (path, &set->source, error));
    tn_budget_begin (&budget, context->limits, options->progress, error);
    struct tn_session session = {
        .context = context, .error = error, .budget = &budget, .arena.budget = &budget
    };
    tenon_status status = tn_keys_choose_folder (&session, set->source, options->format, &codec, NULL);
    tn_arena_free (&session.arena);
    set->keyed = status == TENON_OK;
    if (set->keyed && !(set->path = tn_strndup (path, strlen (path))))
        return tn_fail_memory (error);
    if (set->keyed) {
        set->word = context->registry.codecs[codec]->table.id;
        set->source->evidence.known = true;
        set->source->evidence.content = 100;
    } else {
        tn_source_free (set->source);
        set->source = NULL;
    }
    return error->status;
}

/* Opens what a folder stands for. `of_index`: of the shards of the set that this index names. */
static tenon_status
open_in_folder (tenon_context *context, const char *path, const tenon_open_options *options,
                const char *of_index, struct tn_shards *set, tenon_error *error)
{
    struct tn_set_found found;
    bool missing = false, whole = options->flags & TENON_OPEN_SHARDS;
    TN_TRY (tn_set_find (context, path, options, of_index, &found, error));
    const char *between = path[strlen (path) - 1] == '/' ? "" : "/";
    tenon_status status = replace_source (set, tn_concat (path, between, found.name, (char *) NULL),
                                          may_map (context, options), &missing, error);
    if (missing)
        status = tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "the file '%s' has gone from the folder",
                          TN_SHOW (found.name));
    if (status == TENON_OK)
        status = choose_file (context, options, set, found.numbered || (whole && !found.index), error);
    if (status == TENON_OK && found.index)
        choose_index (set, found.index);
    free (found.name);
    return status;
}

/* A file that was opened by its path. */
static tenon_status
open_named (tenon_context *context, const tenon_open_options *options, struct tn_shards *set,
            tenon_error *error)
{
    const struct tn_codec *index = codec_of_index (context, tn_path_name (set->path));
    if (!index || !(options->flags & TENON_OPEN_NO_INDEX))
        return choose_file (context, options, set, options->flags & TENON_OPEN_SHARDS, error);
    TN_TRY (split_path (set, error));
    TN_FREE char *name = tn_strndup (set->name, strlen (set->name));
    TN_FREE char *directory = tn_strndup (set->directory, strlen (set->directory));
    return name && directory ? open_in_folder (context, directory, options, name, set, error)
                             : tn_fail_memory (error);
}

static bool
is_folder (const char *path)
{
    struct stat status;
    return path[0] && stat (path, &status) == 0 && S_ISDIR (status.st_mode);
}

tenon_status
tn_shards_open (tenon_context *context, const char *path, const tenon_open_options *options,
                struct tn_shards *set, tenon_error *error)
{
    *set = (struct tn_shards){ 0 };
    tenon_status status = tn_source_open (path, may_map (context, options), &set->source, error);
    if (status == TENON_E_IO && is_folder (path)) {
        *error = (tenon_error) TENON_ERROR_INIT;
        status = open_store (context, path, options, set, error);
        if (status == TENON_OK && !set->keyed)
            status = open_in_folder (context, path, options, NULL, set, error);
    } else if (status == TENON_OK) {
        set->path = tn_strndup (path, strlen (path));
        status = set->path ? open_named (context, options, set, error) : tn_fail_memory (error);
    }
    if (status < 0) {
        tn_fail_in (error, path, NULL);
        tn_source_free (set->source);
        tn_shards_free (set);
    }
    return status;
}

void
tn_shards_free (struct tn_shards *set)
{
    free (set->path);
    free (set->directory);
    free (set->name);
    *set = (struct tn_shards){ 0 };
}

/* ---- the other shards ---- */

void
tn_shards_begin (struct tn_session *session, const struct tn_shards *set)
{
    if (set->indexed)
        return;
    session->shard.number = set->whole ? set->first : set->shard.number;
    session->shard.count = set->shard.count;
    session->shard.whole = set->whole;
    session->shard.incomplete = set->whole && set->first > 1;
}

/* *missing: there is no such file; nothing failed. */
static tenon_status
describe_shard (struct tn_session *session, const struct tn_shards *set, uint64_t number, uint64_t codec,
                bool *missing)
{
    struct tn_source *source;
    TN_FREE char *path = tn_shard_name (set->directory, set->name, &set->shard, number);
    tenon_error mine = TENON_ERROR_INIT;
    if (!path)
        return tn_fail_memory (session->error);
    errno = 0;
    if (tn_source_open (path, session->may_map, &source, &mine) < 0) {
        *missing = errno == ENOENT;
        if (*missing)
            return tn_budget_work (session->budget, TN_WORK_NOTE);
        *session->error = mine;
        return mine.status;
    }
    tn_budget_join (session->budget, source->size);
    TN_TRY (tn_catalog_add_source (session->catalog, source, session->error));
    TN_TRY (tn_catalog_pool_source (session->catalog, set->directory, source, session->error));
    TN_TRY (tn_budget_work (session->budget, TN_WORK_SIBLING));
    session->members++;
    session->shard.number = number;
    session->shard.tensors = session->catalog->count;
    return tn_describe (session, source->number, codec, NULL, NULL, TENON_INCLUDE_REPEATED);
}

/* The set is readable without them, so they are a flaw; saves of all that it has lose them. */
static tenon_status
tell_missing (struct tn_session *session, const struct tn_shards *set, uint64_t missing, uint64_t first)
{
    tenon_error flaw = TENON_ERROR_INIT;
    TN_FREE char *name = tn_shard_name ("", set->name, &set->shard, first);
    char more[60] = "";
    if (!name)
        return tn_fail_memory (session->error);
    if (missing > 1)
        snprintf (more, sizeof more, " and %llu more", (unsigned long long) missing - 1);
    tn_fail_in (&flaw, set->path, NULL);
    tn_fail (&flaw, TENON_E_MALFORMED, TN_NO_OFFSET,
             "%llu of %llu shards %s missing, %s%s: the tensors in %s are not listed",
             (unsigned long long) missing, (unsigned long long) set->shard.count, missing == 1 ? "is" : "are",
             TN_SHOW (name), more, missing == 1 ? "it" : "them");
    if (session->report)
        tn_report_flaw (session->report, &flaw);
    return tn_catalog_add_omission (session->catalog, "", set->path, flaw.message, 0, false, session->error);
}

tenon_status
tn_shards_describe (struct tn_session *session, const struct tn_shards *set, uint64_t codec)
{
    uint64_t most = session->context->limits[TENON_LIMIT_MEMBERS];
    uint64_t missing = set->first - 1, first = missing > 0;
    if (set->shard.count - 1 > most)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "a set of %llu files, more than %llu beside the first; raise members in [limits] to "
                        "read it",
                        (unsigned long long) set->shard.count, (unsigned long long) most);
    for (uint64_t number = set->first + 1; number <= set->shard.count; number++) {
        bool gone = false;
        TN_TRY (describe_shard (session, set, number, codec, &gone));
        missing += gone;
        first = first == 0 && gone ? number : first;
        session->shard.incomplete = missing > 0;
    }
    return missing > 0 ? tell_missing (session, set, missing, first) : TENON_OK;
}

void
tn_shards_note (tenon_report *report, const struct tn_shards *set)
{
    if (set->lone)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", set->path, "it belongs to no set");
    else if (set->shard.count > 1 && !set->indexed && !set->whole)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", set->path,
                       "shard %llu of %llu of a set; TENON_OPEN_SHARDS opens all of it",
                       (unsigned long long) set->shard.number, (unsigned long long) set->shard.count);
}
