/* SPDX-License-Identifier: MIT */
/* litter.c - finds in a folder what interrupted saves of sets left.
 *
 * The shards of a new set may have other numbers than those of the interrupted one, so their temporary files
 * are found by listing the folder. A temporary file that a journal names is no litter: it will become a file.
 * So journals are looked for again while the lock of the temporary file is held, when its maker is surely
 * dead and cannot write a journal any more. */
#include "sink/litter.h"
#include "sink/journal.h"
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* A list of its own: the descriptor may be one that cannot be read, and its position is shared. */
static DIR *
list_folder (int folder)
{
    int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir (fd);
    if (fd >= 0 && !list)
        close (fd);
    return list;
}

static bool
ends_in (const char *name, const char *end)
{
    size_t length = strlen (name), size = strlen (end);
    return length > size && strcmp (name + length - size, end) == 0;
}

static bool
is_journal (int folder, const char *name)
{
    struct stat status;
    return name[0] == '.' && ends_in (name, "." TN_LOCK_SUFFIX)
           && fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > 0;
}

/* ".X.tenon-set-N.tmp" or ".X.tenon.lock", where X is like the name. Of a long name only the beginning is in
 * X. */
static bool
is_litter_like (const char *found, const char *name)
{
    const char *suffix = strstr (found, ".tenon-set-");
    if (!suffix || !ends_in (found, ".tmp"))
        suffix = ends_in (found, "." TN_LOCK_SUFFIX) ? found + strlen (found) - sizeof TN_LOCK_SUFFIX : NULL;
    if (found[0] != '.' || !suffix || suffix == found)
        return false;
    size_t length = (size_t) (suffix - found) - 1, whole = strlen (name);
    if (whole > TN_TEMPORARY_KEEPS && length > 17 && found[1 + length - 17] == '~') {
        length -= 17;
        whole = TN_MIN (whole, length);
    }
    return tn_same_but_digits (found + 1, length, name, whole);
}

/* Finishes what can be finished. True if a journal is left. */
static bool
finish_journals (int folder, const struct tn_lock_options *options)
{
    bool left = false;
    struct tn_lock_options now = *options;
    now.how = TN_LOCK_FAILS;
    DIR *list = list_folder (folder);
    for (const struct dirent *entry; list && (entry = readdir (list)) != NULL;) {
        tenon_error ignored = TENON_ERROR_INIT;
        bool found;
        if (!is_journal (folder, entry->d_name))
            continue;
        tn_lock_settle_file (folder, entry->d_name, &now, &found, &ignored);
        left = left || is_journal (folder, entry->d_name);
    }
    if (list)
        closedir (list);
    return left;
}

static bool
has_journals (int folder)
{
    bool found = false;
    DIR *list = list_folder (folder);
    for (const struct dirent *entry; list && !found && (entry = readdir (list)) != NULL;)
        found = is_journal (folder, entry->d_name);
    if (list)
        closedir (list);
    return found;
}

static void
remove_litter_file (int folder, const char *name)
{
    int fd = tn_file_open_hidden (folder, name);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && tn_file_lock (fd) > 0
        && tn_file_has_name (fd, folder, name) && !has_journals (folder))
        unlinkat (folder, name, 0);
    close (fd);
}

void
tn_litter_sweep (int folder, const char *name, const struct tn_lock_options *options)
{
    if (finish_journals (folder, options))
        return;
    DIR *list = list_folder (folder);
    for (const struct dirent *entry; list && (entry = readdir (list)) != NULL;)
        if (is_litter_like (entry->d_name, name))
            remove_litter_file (folder, entry->d_name);
    if (list)
        closedir (list);
}
