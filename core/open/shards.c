/* SPDX-License-Identifier: MIT */
/* shards.c - sharded sets: NAME-00001-of-00003.EXTENSION, or an index and the files that it names. All files
 * of a set lie in one folder: names from codecs, paths and folders are used as bare names only. */
#include "open/shards.h"
#include "base/io.h"
#include "base/report.h"
#include "codec/describe.h"
#include "codec/isolation.h"
#include "codec/recognise.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#define LEAST_DIGITS 5u
#define MOST_DIGITS 18u /* fits 64 bits */

/* ---- names ---- */

/* The number that ends at `end`, written as %05llu does, so that a set's names can be made from one of them.
 * Where it begins; 0: there is none. */
static size_t
number_before (const char *name, size_t end, uint64_t *number)
{
    size_t begin = end;
    uint64_t unit = 1;
    *number = 0;
    while (begin > 0 && end - begin < MOST_DIGITS && name[begin - 1] >= '0' && name[begin - 1] <= '9') {
        *number += unit * (uint64_t) (name[--begin] - '0');
        unit *= 10;
    }
    size_t digits = end - begin;
    return digits < LEAST_DIGITS || (digits > LEAST_DIGITS && name[begin] == '0') ? 0 : begin;
}

static bool
is_index (const struct tn_codec *codec, const char *name)
{
    const char *extension = codec->table.set_index;
    size_t size = extension ? strlen (extension) : 0, length = strlen (name);
    return size > 0 && length > size + 1 && name[length - size - 1] == '.'
           && strcasecmp (name + length - size, extension) == 0;
}

static bool
is_shard (const struct tn_codec *codec, const char *name, struct tn_shard_name *shard)
{
    if (!(codec->table.shard_flags & TENON_SHARDS_NUMBERED) || is_index (codec, name))
        return false;
    size_t length = strlen (name), extension = tn_extension_length (codec, name, length);
    if (extension == 0)
        return false;
    size_t end = length - extension - 1;
    size_t count = number_before (name, end, &shard->count);
    if (count < 4 || memcmp (name + count - 4, "-of-", 4) != 0)
        return false;
    size_t number = number_before (name, count - 4, &shard->number);
    if (number < 2 || name[number - 1] != '-')
        return false;
    shard->stem = number - 1;
    shard->extension = name + end;
    return shard->number >= 1 && shard->number <= shard->count;
}

static char *
shard_name (const char *directory, const char *name, const struct tn_shard_name *shard, uint64_t number)
{
    return tn_format ("%s%.*s-%05llu-of-%05llu%s", directory, (int) shard->stem, name,
                      (unsigned long long) number, (unsigned long long) shard->count, shard->extension);
}

static char *
index_name (const char *directory, const char *name, const struct tn_shard_name *shard, const char *extension)
{
    return tn_format ("%s%.*s.%s", directory, (int) shard->stem, name, extension);
}

tenon_status
tn_shards_set_names (const tenon_context *context, const char *name, tn_each_set_name *each, void *user,
                     tenon_error *error)
{
    struct tn_shard_name shard;
    TN_TRY (each (user, name, error));
    for (uint64_t i = 0; i < context->registry.codec_count; i++) {
        const struct tn_codec *codec = context->registry.codecs[i];
        if (!is_shard (codec, name, &shard))
            continue;
        const char *extension = codec->table.set_index;
        TN_FREE char *index = extension ? index_name ("", name, &shard, extension) : NULL;
        TN_FREE char *first = shard_name ("", name, &shard, 1);
        if (!first || (extension && !index))
            return tn_fail_memory (error);
        if (index)
            TN_TRY (each (user, index, error));
        TN_TRY (each (user, first, error));
    }
    return TENON_OK;
}

/* True if the user named this codec, or none. */
static bool
may_be (const tenon_context *context, uint64_t codec, const char *format)
{
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t wanted;
    return !format
           || (tn_codec_find (context, format, TN_TO_READ, &wanted, &ignored) == TENON_OK && wanted == codec);
}

/* ---- a folder ---- */

struct search {
    const tenon_context *context;
    const tenon_open_options *options;
    uint64_t count;               /* of codecs that know sets */
    char *best, *other;           /* of two sets, the least name each */
    char *hint;                   /* a numbered file whose set only TENON_OPEN_SHARDS opens */
    const struct tn_codec *codec; /* of the best */
    bool index;                   /* the best is one */
};

static bool
same_set (const struct tn_codec *codec, const char *a, const char *b)
{
    struct tn_shard_name x, y;
    return is_shard (codec, a, &x) && is_shard (codec, b, &y) && x.stem == y.stem && x.count == y.count
           && memcmp (a, b, x.stem) == 0 && strcmp (x.extension, y.extension) == 0;
}

static bool
keep_name (char **to, const char *name)
{
    char *copy = tn_strndup (name, strlen (name));
    if (!copy)
        return false;
    free (*to);
    *to = copy;
    return true;
}

/* The least names, so that the answer does not depend on the order in which a folder is listed. */
static bool
keep_set (struct search *search, const struct tn_codec *codec, const char *name, bool index)
{
    bool same = search->best && same_set (codec, search->best, name);
    bool least = !search->best || strcmp (name, search->best) < 0;
    if (!least)
        return same || (search->other && strcmp (name, search->other) >= 0)
               || keep_name (&search->other, name);
    if (search->best && !same) {
        free (search->other);
        search->other = search->best;
        search->best = NULL;
    }
    search->codec = codec;
    search->index = index;
    return keep_name (&search->best, name);
}

/* A name that matches counts only if it is a file. A symbolic link to a file counts, since download caches
 * are made of links. */
static bool
is_file (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, 0) < 0 ? errno != ENOENT : S_ISREG (status.st_mode);
}

static tenon_status
look_at_shard (struct search *search, const struct tn_codec *codec, int folder, const char *name,
               const struct tn_shard_name *shard, tenon_error *error)
{
    const char *extension = codec->table.set_index;
    TN_FREE char *index = extension ? index_name ("", name, shard, extension) : NULL;
    if (extension && !index)
        return tn_fail_memory (error);
    if (!is_file (folder, name) || (index && is_file (folder, index)))
        return TENON_OK;
    bool opens =
        (codec->table.shard_flags & TENON_SHARDS_FIRST_OPENS) || (search->options->flags & TENON_OPEN_SHARDS);
    if (!opens && search->hint && strcmp (name, search->hint) >= 0)
        return TENON_OK;
    bool kept = opens ? keep_set (search, codec, name, false) : keep_name (&search->hint, name);
    return kept ? TENON_OK : tn_fail_memory (error);
}

static tenon_status
look_at_name (void *user, int folder, const char *name, tenon_error *error)
{
    struct search *search = user;
    const struct tn_registry *registry = &search->context->registry;
    struct tn_shard_name shard;
    if (name[0] == '.')
        return TENON_OK;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        bool index = is_index (codec, name), numbered = !index && is_shard (codec, name, &shard);
        if ((!index && !numbered) || !codec->table.describe
            || !may_be (search->context, i, search->options->format))
            continue;
        if (numbered)
            return look_at_shard (search, codec, folder, name, &shard, error);
        return !is_file (folder, name) || keep_set (search, codec, name, true) ? TENON_OK
                                                                               : tn_fail_memory (error);
    }
    return TENON_OK;
}

/* The patterns that were searched for: "*.one.index, *.two.index, *-00001-of-*.two". */
static void
list_patterns (const struct search *search, char *text, size_t room)
{
    const struct tn_registry *registry = &search->context->registry;
    size_t end = 0;
    text[0] = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        if (!codec->table.describe || !may_be (search->context, i, search->options->format))
            continue;
        if (codec->table.set_index && end < room)
            end +=
                (size_t) snprintf (text + end, room - end, "%s*.%s", end ? ", " : "", codec->table.set_index);
        bool numbered = codec->table.shard_flags & TENON_SHARDS_NUMBERED;
        if (numbered && codec->extensions && *codec->extensions && end < room)
            end += (size_t) snprintf (text + end, room - end, "%s*-00001-of-*.%s", end ? ", " : "",
                                      *codec->extensions);
    }
}

static tenon_status
judge_file (const struct search *search, tenon_error *error)
{
    char patterns[400];
    if (search->best && search->other)
        return tn_fail (error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                        "it is a folder with more than one set, '%s' and '%s': name one of them",
                        TN_SHOW (search->best), TN_SHOW (search->other));
    if (search->best)
        return TENON_OK;
    if (search->hint)
        return tn_fail (
            error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
            "it is a folder with numbered files ('%s') and no index: --shards, TENON_OPEN_SHARDS, "
            "opens them as a set",
            TN_SHOW (search->hint));
    list_patterns (search, patterns, sizeof patterns);
    if (!patterns[0])
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "it is a folder");
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "it is a folder without a set (no %s)", patterns);
}

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

static tenon_status
fail_missing (const struct tn_shards *set, uint64_t number, tenon_error *error)
{
    TN_FREE char *name = shard_name ("", set->name, &set->shard, number);
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "shard %llu of %llu is missing: %s",
                    (unsigned long long) number, (unsigned long long) set->shard.count,
                    TN_SHOW (name ? name : ""));
}

/* The codec of an index: that of the set if the name has its extension; else the one that recognises it. */
static const char *
word_of_index (const struct tn_codec *codec)
{
    const char *index = codec->table.set_index;
    for (char *const *extension = codec->extensions; extension && *extension; extension++)
        if (strcmp (*extension, index) == 0)
            return codec->table.id;
    return NULL;
}

/* Goes from the shard that was named to the index, or to shard 1. */
static tenon_status
open_whole (struct tn_shards *set, const struct tn_codec *codec, bool map, tenon_error *error)
{
    const char *extension = codec->table.set_index;
    bool missing = true;
    if (extension)
        TN_TRY (replace_source (set, index_name (set->directory, set->name, &set->shard, extension), map,
                                &missing, error));
    set->indexed = !missing;
    set->whole = missing;
    set->word = missing ? codec->table.id : word_of_index (codec);
    if (missing && set->shard.number != 1) {
        TN_TRY (replace_source (set, shard_name (set->directory, set->name, &set->shard, 1), map, &missing,
                                error));
        if (missing)
            return fail_missing (set, 1, error);
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
        sounds_like_one = is_shard (registry->codecs[i], set->name, &set->shard);
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
    if (status == TENON_OK && is_shard (registry->codecs[codec], set->name, &set->shard))
        *result = registry->codecs[codec];
    return TENON_OK;
}

static tenon_status
choose_file (tenon_context *context, const tenon_open_options *options, struct tn_shards *set, bool whole,
             tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    const char *name = tn_path_name (set->path);
    set->directory =
        name > set->path ? tn_strndup (set->path, (size_t) (name - set->path)) : tn_strndup ("./", 2);
    set->name = tn_strndup (name, strlen (name));
    if (!set->directory || !set->name)
        return tn_fail_memory (error);
    const struct tn_codec *codec;
    TN_TRY (codec_of_shard (context, options, set, &codec, error));
    if (!codec) {
        set->shard.count = 0;
        set->lone = whole;
        for (uint64_t i = 0; i < registry->codec_count && set->lone; i++)
            set->lone = !is_index (registry->codecs[i], set->name);
        return TENON_OK;
    }
    if (whole || ((codec->table.shard_flags & TENON_SHARDS_FIRST_OPENS) && set->shard.number == 1))
        return open_whole (set, codec, may_map (context, options), error);
    return TENON_OK;
}

/* ---- a path ---- */

static tenon_status
open_in_folder (tenon_context *context, const char *path, const tenon_open_options *options,
                struct tn_shards *set, tenon_error *error)
{
    struct search search = { .context = context, .options = options };
    bool missing = false;
    tenon_status status = tn_source_list (path, look_at_name, &search, error);
    if (status == TENON_OK)
        status = judge_file (&search, error);
    if (status == TENON_OK) {
        const char *between = path[strlen (path) - 1] == '/' ? "" : "/";
        status = replace_source (set, tn_concat (path, between, search.best, (char *) NULL),
                                 may_map (context, options), &missing, error);
    }
    if (missing)
        status = tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "the file '%s' has gone from the folder",
                          TN_SHOW (search.best));
    if (status == TENON_OK)
        status = choose_file (context, options, set, !search.index, error);
    if (status == TENON_OK && search.index) {
        set->indexed = true;
        set->word = word_of_index (search.codec);
    }
    free (search.best);
    free (search.other);
    free (search.hint);
    return status;
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
        status = open_in_folder (context, path, options, set, error);
    } else if (status == TENON_OK) {
        set->path = tn_strndup (path, strlen (path));
        status = set->path ? choose_file (context, options, set, options->flags & TENON_OPEN_SHARDS, error)
                           : tn_fail_memory (error);
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
    session->shard.number = set->whole ? 1 : set->shard.number;
    session->shard.count = set->shard.count;
    session->shard.whole = set->whole;
}

tenon_status
tn_shards_describe (struct tn_session *session, const struct tn_shards *set, uint64_t codec)
{
    uint64_t most = session->context->limits[TENON_LIMIT_MEMBERS];
    if (set->shard.count - 1 > most)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "a set of %llu files, more than %llu beside the first; raise members in [limits] to "
                        "read it",
                        (unsigned long long) set->shard.count, (unsigned long long) most);
    for (uint64_t number = 2; number <= set->shard.count; number++) {
        struct tn_source *source;
        TN_FREE char *path = shard_name (set->directory, set->name, &set->shard, number);
        tenon_error mine = TENON_ERROR_INIT;
        if (!path)
            return tn_fail_memory (session->error);
        errno = 0;
        if (tn_source_open (path, session->may_map, &source, &mine) < 0) {
            if (errno == ENOENT)
                return fail_missing (set, number, session->error);
            *session->error = mine;
            return mine.status;
        }
        tn_budget_join (session->budget, source->size);
        TN_TRY (tn_catalog_add_source (session->catalog, source, session->error));
        TN_TRY (tn_budget_work (session->budget, TN_WORK_SIBLING));
        session->members++;
        session->shard.number = number;
        session->shard.tensors = session->catalog->count;
        TN_TRY (tn_describe (session, source->number, codec, NULL, NULL, TENON_INCLUDE_REPEATED));
    }
    return TENON_OK;
}

/* True if the index, which was opened for a shard, names that shard. */
static bool
has_shard (const struct tn_catalog *catalog, const struct tn_shards *set)
{
    for (uint64_t i = 1; i < catalog->source_count; i++)
        if (strcmp (catalog->sources[i]->name, set->name) == 0)
            return true;
    return false;
}

void
tn_shards_note (tenon_report *report, const struct tn_shards *set, const struct tn_catalog *catalog)
{
    if (set->lone)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", set->path, "it belongs to no set");
    else if (set->indexed && set->shard.count > 0 && catalog && !has_shard (catalog, set))
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", set->path,
                       "the index does not name the file that was to be opened with its set, %s",
                       TN_SHOW (set->name));
    else if (set->shard.count > 1 && !set->indexed && !set->whole)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", set->path,
                       "shard %llu of %llu of a set; --shards, TENON_OPEN_SHARDS, opens all of it",
                       (unsigned long long) set->shard.number, (unsigned long long) set->shard.count);
}
