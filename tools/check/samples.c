/* SPDX-License-Identifier: MIT */
/* samples.c - the samples that are given: which of the plugin's codecs reads each. */
#include "samples.h"
#include "check/making.h"
#include "library.h"
#include "memory.h"
#include "report.h"
#include <dirent.h>
#include <sys/stat.h>

/* Files of a folder beyond these are not looked at. */
#define MOST_CANDIDATES 2000

struct candidate {
    char *path;
    bool walked; /* it was found in a folder, not named */
};
struct finder {
    struct check *check;
    tenon_context *context;
    bool has_reader;
    struct candidate *candidates;
    size_t count, strangers; /* strangers: files in folders that are not the plugin's */
    bool has_more;           /* candidates than were looked at */
};

static void
add_candidate (struct finder *finder, const char *path, bool walked)
{
    if (finder->count >= MOST_CANDIDATES) {
        finder->has_more = true;
        return;
    }
    finder->candidates = get_memory (finder->candidates, finder->count + 1, sizeof *finder->candidates);
    finder->candidates[finder->count++] = (struct candidate){ copy_text (path, strlen (path)), walked };
}

static int
is_plain (const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Files, links to files, and folders. A link to a folder may lead to the folder that it is in, or anywhere.
 */
static bool
is_walked (const char *path)
{
    struct stat status;
    if (lstat (path, &status) < 0)
        return false;
    return S_ISDIR (status.st_mode)
           || ((!S_ISLNK (status.st_mode) || stat (path, &status) == 0) && S_ISREG (status.st_mode));
}

static void
walk_folder (struct finder *finder, const char *path)
{
    struct dirent **entries;
    int count = scandir (path, &entries, is_plain, alphasort);
    for (int i = 0; i < count; i++) {
        size_t room = strlen (path) + strlen (entries[i]->d_name) + 2;
        CLEAN (text) char *inside = get_memory (NULL, room, 1);
        snprintf (inside, room, "%s/%s", path, entries[i]->d_name);
        if (is_walked (inside))
            add_candidate (finder, inside, true);
        free (entries[i]);
    }
    if (count >= 0)
        free (entries);
}

/* The codec of this id, if it is the plugin's. */
static bool
is_own (const struct finder *finder, const char *id)
{
    tenon_codec_info info;
    for (uint64_t i = 0; check_next_codec (finder->check, finder->context, &i, &info);)
        if (strcmp (info.id, id) == 0)
            return true;
    return false;
}

static bool
has_own_extension (const struct finder *finder, const char *path)
{
    tenon_codec_info info;
    size_t length = strlen (path);
    for (uint64_t i = 0; check_next_codec (finder->check, finder->context, &i, &info);)
        for (const char *const *extension = info.extensions; extension && *extension; extension++) {
            size_t letters = strlen (*extension);
            if (length > letters && path[length - letters - 1] == '.'
                && strcasecmp (path + length - letters, *extension) == 0)
                return true;
        }
    return false;
}

static void
take_sample (const struct finder *finder, const char *path, const char *codec, bool folder)
{
    CLEAN (text) char *real = realpath (path, NULL);
    check_has_sample (
        finder->check,
        &(struct check_sample){ .path = real ? real : path, .name = path, .codec = codec, .folder = folder });
}

/* Why the plugin's codecs do not take the file. */
static void
tell_bids (const struct finder *finder, const char *path, const tenon_error *error)
{
    CLEAN (report) tenon_report *report = NULL;
    tenon_report_entry entry;
    char words[800] = "";
    tenon_why (finder->context, path, NULL, &report, NULL);
    for (uint64_t i = 0; report && report_next (report, TENON_BID, &i, &entry);)
        if (is_own (finder, entry.subject)) {
            size_t length = strlen (words);
            snprintf (words + length, sizeof words - length, "%s%s: %s", length ? "; " : "", entry.subject,
                      entry.message);
        }
    check_found (finder->check, RULE_SAMPLE, path, "%s%s%s%s", error->message, words[0] ? " (" : "", words,
                 words[0] ? ")" : "");
}

/* Tries a codec that is not chosen for the file, but reads it when it is named. A hidden one is never
 * chosen. */
static bool
try_named (const struct finder *finder, const char *path, const char *chosen)
{
    tenon_codec_info info;
    for (uint64_t i = 0; check_next_codec (finder->check, finder->context, &i, &info);) {
        CLEAN (file) tenon_file *file = NULL;
        if (!(info.flags & TENON_CAN_READ) || made_open (finder->context, &info, path, NULL, &file, NULL) < 0)
            continue;
        if (info.flags & TENON_IS_HIDDEN)
            take_sample (finder, path, info.id, false);
        else
            check_found (finder->check, RULE_SAMPLE, path,
                         "%s reads it when it is named, but the library takes it for %s", info.id, chosen);
        return true;
    }
    return false;
}

static void
judge_stranger (struct finder *finder, const struct candidate *candidate, const tenon_file *file,
                const tenon_error *error)
{
    tenon_file_info info = file ? file_get (file) : (tenon_file_info){ .format = "no file of a format" };
    if (candidate->walked && !has_own_extension (finder, candidate->path))
        finder->strangers++;
    else if (try_named (finder, candidate->path, info.format))
        return;
    else if (file)
        check_found (finder->check, RULE_SAMPLE, candidate->path, "it is %s", info.format);
    else
        tell_bids (finder, candidate->path, error);
}

static void
look_at (struct finder *finder, const struct candidate *candidate)
{
    struct stat status;
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    bool folder = stat (candidate->path, &status) == 0 && S_ISDIR (status.st_mode);
    check_counted (finder->check);
    tenon_open (finder->context, candidate->path, NULL, &file, &error);
    tenon_file_info info = file ? file_get (file) : (tenon_file_info){ .size = 1 };
    /* a folder may also stand for the one file in it, which has a size */
    if (file && (!folder || info.size == 0) && (!finder->has_reader || is_own (finder, info.format)))
        take_sample (finder, candidate->path, info.format, folder);
    else if (folder)
        walk_folder (finder, candidate->path);
    else
        judge_stranger (finder, candidate, file, &error);
}

bool
samples_has_reader (const struct check *check, const tenon_context *context)
{
    tenon_codec_info info;
    for (uint64_t i = 0; check_next_codec (check, context, &i, &info);)
        if ((info.flags & TENON_CAN_READ) && !(info.flags & TENON_CAN_ARCHIVE))
            return true;
    return false;
}

void
samples_look (struct check *check, tenon_context *context, uint64_t from, uint64_t *number)
{
    struct finder finder = { check, context, samples_has_reader (check, context), NULL, 0, 0, false };
    for (size_t i = 0; check->arguments[i]; i++)
        add_candidate (&finder, check->arguments[i], false);
    size_t given = finder.count;
    for (size_t i = 0; i < finder.count; i++, ++*number) {
        struct candidate candidate = finder.candidates[i]; /* the list may move */
        struct stat status;
        if (check_item (check, from, *number, "opening %s", candidate.path))
            look_at (&finder, &candidate);
        else if (stat (candidate.path, &status) == 0 && S_ISDIR (status.st_mode) && *number + 1 < from)
            walk_folder (&finder, candidate.path); /* the numbers of what follows stay the same */
    }
    if (finder.strangers > 0)
        check_left_out (check, "%zu file%s in the folders of samples, which the plugin does not read",
                        finder.strangers, finder.strangers == 1 ? "" : "s");
    if (finder.has_more)
        check_left_out (check, "files of folders beyond the first %d", MOST_CANDIDATES);
    if (finder.count == given && given == 0)
        check_left_out (check, "no samples were given");
    for (size_t i = 0; i < finder.count; i++)
        free (finder.candidates[i].path);
    free (finder.candidates);
}
