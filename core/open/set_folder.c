/* SPDX-License-Identifier: MIT */
/* set_folder.c - looks at the names in a folder: indexes first, then numbered shards, then a file by itself.
 * All files of a set lie in one folder. */
#include "open/set_folder.h"
#include "source/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* The least names of what was found, so that the answer does not depend on the order in which a folder is
 * listed. */
struct pair {
    char *least, *next; /* NULL: none */
};

struct search {
    const tenon_context *context;
    const tenon_open_options *options;
    const char *of_index;         /* NULL, or: shards of this one's set only */
    struct pair sets;             /* a name of each of two sets */
    struct pair files;            /* files by themselves */
    char *hint;                   /* a numbered file whose set only TENON_OPEN_SHARDS opens */
    const struct tn_codec *codec; /* of sets.least */
    bool index;                   /* sets.least is one */
};

/* True if the user named this codec, or none. */
static bool
may_be (const tenon_context *context, uint64_t codec, const char *format)
{
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t wanted;
    return !format
           || (tn_codec_find (context, format, TN_TO_READ, &wanted, &ignored) == TENON_OK && wanted == codec);
}

static bool
same_set (const struct tn_codec *codec, const char *a, const char *b)
{
    struct tn_shard_name x, y;
    return tn_is_shard (codec, a, &x) && tn_is_shard (codec, b, &y) && x.stem == y.stem && x.count == y.count
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

/* Keeps a name if it is one of the two least. `same`: it stands for the same as pair->least. */
static bool
keep_least (struct pair *pair, const char *name, bool same)
{
    if (pair->least && strcmp (name, pair->least) >= 0)
        return same || (pair->next && strcmp (name, pair->next) >= 0) || keep_name (&pair->next, name);
    if (pair->least && !same) {
        free (pair->next);
        pair->next = pair->least;
        pair->least = NULL;
    }
    return keep_name (&pair->least, name);
}

static bool
keep_set (struct search *search, const struct tn_codec *codec, const char *name, bool index)
{
    struct pair *sets = &search->sets;
    bool same = sets->least && same_set (codec, sets->least, name);
    if (!sets->least || strcmp (name, sets->least) < 0) {
        search->codec = codec;
        search->index = index;
    }
    return keep_least (sets, name, same);
}

/* A name that matches counts only if it is a file. A symbolic link to a file counts, since download caches
 * are made of links. */
static bool
is_file (int folder, const char *name)
{
    struct stat status;
    return fstatat (folder, name, &status, 0) < 0 ? errno != ENOENT : S_ISREG (status.st_mode);
}

/* ---- a shard ---- */

struct index_search {
    int folder;
    const char *wanted; /* NULL: any that exists */
    bool found;
};

static tenon_status
look_for_index (void *user, const char *name, tenon_error *error)
{
    struct index_search *search = user;
    (void) error;
    search->found =
        search->found || (search->wanted ? !strcmp (search->wanted, name) : is_file (search->folder, name));
    return TENON_OK;
}

static tenon_status
look_at_shard (struct search *search, const struct tn_codec *codec, int folder, const char *name,
               const struct tn_shard_name *shard, tenon_error *error)
{
    uint32_t flags = search->options->flags;
    struct index_search index = { .folder = folder, .wanted = search->of_index };
    if (!is_file (folder, name))
        return TENON_OK;
    if (search->of_index || !(flags & TENON_OPEN_NO_INDEX))
        TN_TRY (tn_index_names (codec, name, shard, look_for_index, &index, error));
    if (index.found != (search->of_index != NULL))
        return TENON_OK;
    bool opens = (codec->table.shard_flags & TENON_SHARDS_FIRST_OPENS) || shard->count == 1
                 || (flags & (TENON_OPEN_SHARDS | TENON_OPEN_NO_INDEX));
    if (!opens && search->hint && strcmp (name, search->hint) >= 0)
        return TENON_OK;
    bool kept = opens ? keep_set (search, codec, name, false) : keep_name (&search->hint, name);
    return kept ? TENON_OK : tn_fail_memory (error);
}

/* ---- the folder ---- */

static tenon_status
look_at_name (void *user, int folder, const char *name, tenon_error *error)
{
    struct search *search = user;
    const struct tn_registry *registry = &search->context->registry;
    bool extension = false, no_index = search->options->flags & TENON_OPEN_NO_INDEX, kept = true;
    struct tn_shard_name shard;
    if (name[0] == '.')
        return TENON_OK;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        if (!codec->table.describe || !may_be (search->context, i, search->options->format))
            continue;
        if (tn_is_index (codec, name))
            return no_index || !is_file (folder, name) || keep_set (search, codec, name, true)
                       ? TENON_OK
                       : tn_fail_memory (error);
        if (tn_is_shard (codec, name, &shard))
            return look_at_shard (search, codec, folder, name, &shard, error);
        extension = extension || tn_extension_length (codec, name, strlen (name)) > 0;
    }
    if (extension && !search->of_index && is_file (folder, name))
        kept = keep_least (&search->files, name, false);
    return kept ? TENON_OK : tn_fail_memory (error);
}

/* The patterns that were searched for: "*.one.index, *.two.index, *-00001-of-*.two, root.json". */
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
        const char *const *key = codec->table.flags & TENON_CODEC_ARCHIVED ? NULL : codec->table.root_keys;
        for (; key && *key && end < room; key++)
            end += (size_t) snprintf (text + end, room - end, "%s%s", end && **key ? ", " : "", *key);
    }
}

static tenon_status
fail_empty (const struct search *search, tenon_error *error)
{
    char patterns[400];
    if (search->of_index)
        return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                        "no numbered files beside it have the names of shards of its set");
    if (search->hint) {
        tn_fail_text (error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                      "it is a folder with numbered files ('%s') and no index", TN_SHOW (search->hint));
        return tn_advise (error, "TENON_OPEN_SHARDS opens them as a set");
    }
    list_patterns (search, patterns, sizeof patterns);
    if (!patterns[0])
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "it is a folder, which %s%s cannot read",
                        search->options->format ? "the codec " : "the codecs in use",
                        search->options->format ? search->options->format : "");
    return tn_fail (error, TENON_E_NOT_FOUND, TN_NO_OFFSET, "it is a folder without a set (no %s)", patterns);
}

/* Takes the name out of what was found. */
static tenon_status
judge_names (struct search *search, struct tn_set_found *found, tenon_error *error)
{
    struct pair *names = search->sets.least || search->hint ? &search->sets : &search->files;
    if (!names->least)
        return fail_empty (search, error);
    if (names->next)
        return tn_fail (error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                        "it is a folder with more than one %s, '%s' and '%s': name one of them",
                        names == &search->sets ? "set" : "file", TN_SHOW (names->least),
                        TN_SHOW (names->next));
    found->name = names->least;
    names->least = NULL;
    found->index = search->index ? search->codec : NULL;
    found->numbered = names == &search->sets && !search->index;
    return TENON_OK;
}

tenon_status
tn_set_find (const tenon_context *context, const char *folder, const tenon_open_options *options,
             const char *of_index, struct tn_set_found *found, tenon_error *error)
{
    struct search search = { .context = context, .options = options, .of_index = of_index };
    *found = (struct tn_set_found){ NULL };
    tenon_status status = tn_source_list (folder, look_at_name, &search, error);
    if (status == TENON_OK)
        status = judge_names (&search, found, error);
    free (search.sets.least);
    free (search.sets.next);
    free (search.files.least);
    free (search.files.next);
    free (search.hint);
    return status;
}
