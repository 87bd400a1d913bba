/* SPDX-License-Identifier: MIT */
/* settings_read.c - reads the configuration from files, the environment and the program.
 *
 * A file names plugins, which are code, and lifts limits: one that others than trusted users (trust.c) can
 * write, or put in its place, is not obeyed, and a note says so. */
#include "context/settings_read.h"
#include "base/io.h"
#include "base/report.h"
#include "context/settings_ini.h"
#include "context/signatures.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A larger file is no configuration: it was named by mistake. */
#define LARGEST_FILE ((size_t) 1 << 20)

/* ---- files ---- */

/* Which files may fail to open. */
enum duty {
    MAY_BE_ABSENT,
    MUST_BE_THERE,
    MAY_BE_CLOSED /* may be absent, or lie in a folder that this user cannot search */
};

/* Reads all of a file. The caller frees *text, which is set only on success. */
static tenon_status
read_whole_file (int fd, const char *path, char **text, size_t *length, tenon_error *error)
{
    char *bytes = malloc (LARGEST_FILE + 1);
    if (!bytes)
        return tn_fail_memory (error);
    *length = tn_io_read (fd, TN_IO_CURRENT, bytes, LARGEST_FILE + 1);
    if (*length <= LARGEST_FILE && errno == 0) {
        *text = bytes;
        return TENON_OK;
    }
    tenon_status status = *length > LARGEST_FILE
                              ? tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                                         "%s: more than %zu bytes are no configuration", path, LARGEST_FILE)
                              : tn_fail_errno (error, errno, "reading the configuration", path);
    free (bytes);
    return status;
}

/* True for /dev/null, by whatever name: an empty file, which masks another in conf.d. */
static bool
is_null_device (const struct stat *status)
{
    struct stat null;
    return S_ISCHR (status->st_mode) && stat ("/dev/null", &null) == 0 && S_ISCHR (null.st_mode)
           && null.st_rdev == status->st_rdev;
}

static void
note_ignored (const struct tn_settings_reader *reader, const char *path, const char *why)
{
    bool fault = reader->settings->faults && !reader->all;
    tn_report_add (reader->report, TENON_NOTE, fault ? TENON_E_CONFIG : TENON_OK, 0, "", path,
                   "this configuration is not obeyed: %s", why);
}

static tenon_status
fail_kind (const char *path, tenon_error *error)
{
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET,
                    "%s: a configuration is a regular file, and this is none", path);
}

/* Opens the file that a path leads to. *fd is negative if it is not trusted; a note says why. A FIFO or
 * device is not opened at all. */
static tenon_status
open_configuration (struct tn_settings_reader *reader, const char *path, bool regular, int *fd)
{
    static const char opening[] = "opening the configuration";
    struct stat named, opened;
    char why[TN_TRUST_ROOM];
    TN_FREE char *real = NULL;
    int number = tn_trust_path (&reader->trust, path, true, &real, &named, why);
    if (number != 0 && regular)
        return tn_fail_errno (reader->error, number, opening, path);
    if (number != 0) /* a pipe, as /dev/fd/63 is for a shell's <(...), has no path */
        return fail_kind (path, reader->error);
    if (why[0] && reader->all)
        note_ignored (reader, path, why);
    if (!why[0] || reader->all) {
        if (!S_ISREG (named.st_mode))
            return fail_kind (path, reader->error);
        *fd = open (real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (*fd < 0 || fstat (*fd, &opened) < 0)
            return tn_fail_errno (reader->error, errno, opening, path);
        bool noted = why[0], trusted = tn_trust_file (&reader->trust, *fd, &opened, why);
        if (!trusted && reader->all && !noted)
            note_ignored (reader, path, why);
        if (trusted || reader->all)
            return S_ISREG (opened.st_mode) ? TENON_OK : fail_kind (path, reader->error);
        close (*fd);
        *fd = -1;
    }
    note_ignored (reader, path, why);
    return TENON_OK;
}

static tenon_status
fail_absent (struct tn_settings_reader *reader, const char *path, int number, enum duty duty)
{
    if (duty != MUST_BE_THERE && (number == ENOENT || number == ENOTDIR))
        return TENON_OK;
    if (duty != MAY_BE_CLOSED || number != EACCES)
        return tn_fail_open (reader->error, number, "opening the configuration", path);
    /* under sudo HOME may be that of another user, and then the file is not this user's either */
    tn_report_add (reader->report, TENON_NOTE, TENON_OK, 0, "", path,
                   "its folder is closed to this user: it is not read");
    return TENON_OK;
}

/* True for the table of signatures as it is installed, before other files: it is built in, and parsing it
 * would take a quarter of the start of a small program. */
static bool
is_built_in (const struct tn_settings *settings, const char *text, size_t length)
{
    return settings->layers == 0 && !settings->faults && length == tn_signatures_size
           && memcmp (text, tn_signatures_text, length) == 0;
}

static tenon_status
read_one (struct tn_settings_reader *reader, const char *path, enum duty duty)
{
    struct stat status;
    int fd = -1;
    if (stat (path, &status) < 0)
        return fail_absent (reader, path, errno, duty);
    if (is_null_device (&status))
        return TENON_OK;
    tenon_status result = open_configuration (reader, path, S_ISREG (status.st_mode), &fd);
    if (result == TENON_OK && fd >= 0) {
        TN_FREE char *text = NULL;
        size_t length = 0;
        result = read_whole_file (fd, path, &text, &length, reader->error);
        if (result == TENON_OK && !is_built_in (reader->settings, text, length))
            result = tn_settings_parse (reader->settings, path, text, length, reader->error);
    }
    if (fd >= 0)
        close (fd);
    return result;
}

static tenon_status
read_file (struct tn_settings_reader *reader, const char *path, enum duty duty)
{
    read_one (reader, path, duty);
    return tn_settings_fault (reader->settings, reader->error);
}

static int
compare_names (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The names in a folder that end in ".ini", sorted by their bytes. */
static bool
list_ini_files (DIR *folder, char ***names, uint64_t *count)
{
    uint64_t room = 0;
    for (const struct dirent *item; (item = readdir (folder)) != NULL;) {
        size_t length = strlen (item->d_name);
        if (length <= 4 || item->d_name[0] == '.' || strcmp (item->d_name + length - 4, ".ini") != 0)
            continue;
        char *name = strdup (item->d_name);
        if (!name || !tn_grow (names, &room, *count, sizeof **names)) {
            free (name);
            return false;
        }
        (*names)[(*count)++] = name;
    }
    if (*count > 1)
        qsort (*names, *count, sizeof **names, compare_names);
    return true;
}

/* Reads the files in a folder, to which no other user may be able to add one. */
static tenon_status
read_conf_d (struct tn_settings_reader *reader, const char *path)
{
    char **names = NULL, why[TN_TRUST_ROOM] = "";
    uint64_t count = 0;
    struct stat ignored;
    TN_FREE char *real = NULL;
    tenon_error *error = reader->error;
    DIR *folder = opendir (path);
    int number = folder ? tn_trust_path (&reader->trust, path, false, &real, &ignored, why) : errno;
    tenon_status status = TENON_OK;
    if (number != 0 && number != ENOENT && number != ENOTDIR)
        status = tn_fail_errno (error, number, "listing the configuration", path);
    else if (number == 0 && !list_ini_files (folder, &names, &count))
        status = tn_fail_memory (error);
    if (folder)
        closedir (folder);
    if (count > 0 && why[0])
        note_ignored (reader, path, why);
    for (uint64_t i = 0; i < count; i++) {
        TN_FREE char *file = status == TENON_OK && !why[0] ? tn_concat (path, "/", names[i], NULL) : NULL;
        if (file)
            status = read_file (reader, file, MAY_BE_ABSENT);
        else if (status == TENON_OK && !why[0])
            status = tn_fail_memory (error);
        free (names[i]);
    }
    free (names);
    return status;
}

tenon_status
tn_settings_read_folder (struct tn_settings_reader *reader, const char *folder)
{
    TN_FREE char *file = tn_concat (folder, "/tenon.ini", NULL);
    TN_FREE char *signatures = tn_concat (folder, "/signatures.ini", NULL);
    TN_FREE char *more = tn_concat (folder, "/conf.d", NULL);
    if (!file || !signatures || !more)
        return tn_fail_memory (reader->error);
    TN_TRY (read_file (reader, signatures, MAY_BE_ABSENT));
    TN_TRY (read_file (reader, file, MAY_BE_ABSENT));
    return read_conf_d (reader, more);
}

/* The value of a variable if it is an absolute path; the XDG Base Directory Specification says to ignore
 * relative ones. */
static const char *
absolute_variable (const char *name)
{
    const char *value = getenv (name);
    return value && value[0] == '/' ? value : NULL;
}

static tenon_status
read_user (struct tn_settings_reader *reader)
{
    const char *base = absolute_variable ("XDG_CONFIG_HOME"), *home = absolute_variable ("HOME");
    if (!base && !home)
        return TENON_OK;
    static const char *const names[] = { "/tenon/signatures.ini", "/tenon/tenon.ini" };
    for (size_t i = 0; i < TN_COUNT (names); i++) {
        TN_FREE char *path = tn_concat (base ? base : home, base ? "" : "/.config", names[i], NULL);
        if (!path)
            return tn_fail_memory (reader->error);
        TN_TRY (read_file (reader, path, MAY_BE_CLOSED));
    }
    return TENON_OK;
}

/* ---- the program's settings ---- */

/* The kind of section that the first `length` bytes of a word name; TN_SECTIONS: they may be a codec's id. */
static enum tn_section
kind_of_word (const char *word, size_t length)
{
    enum tn_section kind = 0;
    while (
        kind < TN_SECTIONS
        && (strlen (tn_section_names[kind]) != length || memcmp (tn_section_names[kind], word, length) != 0))
        kind++;
    return kind;
}

tenon_status
tn_settings_read_word (struct tn_settings *settings, const char *word, const char *origin, tenon_error *error)
{
    const char *equals = strchr (word, '='), *begin = word;
    const char *dot = equals ? memchr (word, '.', (size_t) (equals - word)) : NULL;
    enum tn_section kind = dot ? kind_of_word (word, (size_t) (dot - word)) : TN_SECTIONS;
    if (kind >= TN_SECTION_PLUGIN && kind < TN_SECTIONS) { /* plugin.NAME.KEY, codec.ID.KEY … */
        begin = dot + 1;
        dot = memchr (begin, '.', (size_t) (equals - begin));
    }
    const char *before = kind == TN_SECTION_PLUGIN      ? "plugin "
                         : kind == TN_SECTION_SIGNATURE ? "signature "
                         : kind >= TN_SECTION_CODEC     ? "codec "
                                                        : "";
    if (!dot || dot == begin || dot + 1 == equals)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET,
                        "%s: '%s': SECTION.KEY=VALUE is expected, as core.threads=4, CODEC.KEY=VALUE or "
                        "plugin.NAME.enabled=no",
                        origin, word);
    TN_FREE char *name = tn_strndup (begin, (size_t) (dot - begin));
    TN_FREE char *section = name ? tn_concat (before, name, NULL) : NULL;
    TN_FREE char *key = tn_strndup (dot + 1, (size_t) (equals - dot - 1));
    if (!section || !key)
        return tn_fail_memory (error);
    return tn_settings_add (settings, section, key, equals + 1, origin, TN_LAYER_PROGRAM, error);
}

static tenon_status
read_words (struct tn_settings *settings, const tenon_context_options *options, tenon_error *error)
{
    for (const char *const *word = options->settings; word && *word; word++) {
        tn_settings_read_word (settings, *word, options->origin ? options->origin : "the program", error);
        TN_TRY (tn_settings_fault (settings, error));
    }
    return TENON_OK;
}

tenon_status
tn_settings_read_named (struct tn_settings *settings, const char *const *files,
                        const tenon_context_options *options, bool secure, tenon_report *report,
                        tenon_error *error)
{
    struct tn_settings_reader reader = { settings, report, { .secure = secure }, error, true };
    for (const char *const *file = files; *file; file++)
        TN_TRY (read_file (&reader, *file, MUST_BE_THERE));
    return read_words (settings, options, error);
}

tenon_status
tn_settings_read (struct tn_settings *settings, const tenon_context_options *options, const char *folder,
                  bool secure, tenon_report *report, tenon_error *error)
{
    struct tn_settings_reader reader = { settings, report, { .secure = secure }, error, false };
    bool environment = !secure && !(options->flags & TENON_CONTEXT_NO_ENVIRONMENT);
    if (!(options->flags & TENON_CONTEXT_NO_FILES)) {
        TN_TRY (tn_settings_read_folder (&reader, folder));
        const char *named = environment ? getenv ("TENON_CONFIG") : NULL;
        if (environment)
            TN_TRY (read_user (&reader));
        if (named && *named)
            TN_TRY (read_file (&reader, named, MUST_BE_THERE));
    }
    return read_words (settings, options, error);
}
