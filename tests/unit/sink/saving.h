/* SPDX-License-Identifier: MIT */
/* saving.h - for the tests of saving: a folder for each test, and saves of few words. */
#ifndef SAVING_H
#define SAVING_H
#include "sink/atomic.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static tenon_error error;
static struct tn_atomic_options options;
static uint64_t expected_size; /* that begin_save announces */

static inline void
make_folder (void)
{
    tenon_error none = TENON_ERROR_INIT;
    error = none;
}

static inline void
set_up (void)
{
    make_folder ();
    umask (022);
    memset (&options, 0, sizeof options);
    options.lock.how = TN_LOCK_FAILS; /* nothing here waits for another save */
    expected_size = 0;
    strcpy (folder, "/tmp/tenon-save-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    ck_assert_int_eq (chdir (folder), 0);
}

static inline void
tear_down (void)
{
    char command[160];
    ck_assert_int_eq (chdir ("/"), 0);
    snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    ck_assert_int_eq (system (command), 0);
}

/* Makes a file of these words, not atomically. */
static inline void
make_file (const char *name, const char *words)
{
    FILE *file = fopen (name, "w");
    ck_assert_ptr_nonnull (file);
    fputs (words, file);
    fclose (file);
}

/* All of a small file, as text; "(none)" when it does not exist. */
static inline const char *
contents_of (const char *name)
{
    static char text[4][4096];
    static unsigned turn;
    char *to = text[turn++ % 4];
    FILE *file = fopen (name, "r");
    if (!file)
        return "(none)";
    to[fread (to, 1, sizeof text[0] - 1, file)] = 0;
    fclose (file);
    return to;
}

static inline mode_t
mode_of (const char *name)
{
    struct stat status;
    ck_assert_int_eq (stat (name, &status), 0);
    return status.st_mode & 07777;
}

/* The number of entries in a folder, without . and .. */
static inline unsigned
count_entries (const char *name)
{
    unsigned count = 0;
    DIR *list = opendir (name);
    ck_assert_ptr_nonnull (list);
    for (const struct dirent *entry; (entry = readdir (list)) != NULL;)
        count += strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0;
    closedir (list);
    return count;
}

static inline bool
file_exists (const char *name)
{
    struct stat status;
    return lstat (name, &status) == 0;
}

static inline struct tn_atomic *
begin_save (const char *path)
{
    struct tn_atomic *save;
    ck_assert_msg (tn_atomic_begin (&save, path, &options, &error) == TENON_OK, "%s", error.message);
    tn_atomic_expect (save, expected_size);
    return save;
}

/* Opens the sink of the target (NULL) or of a file beside it. */
static inline struct tn_sink *
file_of (struct tn_atomic *save, const char *name)
{
    struct tn_sink *sink;
    ck_assert_msg (tn_atomic_sink (save, name, &sink, &error) == TENON_OK, "%s", error.message);
    ck_assert_msg (tn_sink_open (sink, &error) == TENON_OK, "%s", error.message);
    return sink;
}

static inline void
put_words (struct tn_sink *sink, const char *words)
{
    ck_assert_msg (tn_sink_write (sink, words, strlen (words), &error) == TENON_OK, "%s", error.message);
}

static inline void
commit_save (struct tn_atomic *save)
{
    ck_assert_msg (tn_atomic_commit (save, NULL, &error) == TENON_OK, "%s", error.message);
}

static inline void
save_words (const char *path, const char *words)
{
    struct tn_atomic *save = begin_save (path);
    put_words (file_of (save, NULL), words);
    commit_save (save);
}

static inline void
begin_fails (const char *path, tenon_status status, const char *words)
{
    struct tn_atomic *save;
    make_folder ();
    ck_assert_int_eq (tn_atomic_begin (&save, path, &options, &error), status);
    ck_assert_ptr_null (save);
    ck_assert_msg (strstr (error.message, words) != NULL, "%s", error.message);
    make_folder ();
}

static inline int
run_suite (Suite *suite)
{
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}

#endif
