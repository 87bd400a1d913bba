/* SPDX-License-Identifier: MIT */
/* spool_file.c - a temporary file without a name. */
#include "source/spool_file.h"
#include "base/environment.h"
#include "base/io.h"
#include "base/place.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int
make_unnamed (const char *folder)
{
#ifdef O_TMPFILE
    int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
#endif
    TN_FREE char *path = tn_concat (folder, "/tenon-spool-XXXXXX", (char *) NULL);
    if (!path) {
        errno = ENOMEM;
        return -1;
    }
    int made = mkostemp (path, O_CLOEXEC);
    if (made >= 0)
        unlink (path);
    return made;
}

static tenon_status
fail_folders (const char *const *folders, bool named, uint64_t memory, uint64_t size, int number,
              tenon_error *error)
{
    char list[400] = "", what[480];
    size_t end = 0;
    for (unsigned i = 0; folders[i] && end < sizeof list; i++)
        end += (size_t) snprintf (list + end, sizeof list - end, "%s'%.100s'%s", i > 0 ? ", " : "",
                                  TN_SHOW (folders[i]), i == 0 && named ? " (TMPDIR)" : "");
    snprintf (what, sizeof what, "a temporary file of %llu bytes cannot be made in %s",
              (unsigned long long) size, list);
    (void) tn_fail_errno (error, number, what, NULL);
    return tn_advise (
        error,
        "let TMPDIR name a folder that can be written, or raise memory in [limits] from %llu to "
        "%llu bytes or more",
        (unsigned long long) memory, (unsigned long long) size);
}

tenon_status
tn_spool_file_open_in (const char *const *folders, bool named, uint64_t memory, uint64_t size,
                       struct tn_spool_file *file, tenon_error *error)
{
    int number = 0;
    *file = (struct tn_spool_file){ .fd = -1, .most = UINT64_MAX };
    for (unsigned i = 0; folders[i] && file->fd < 0; i++)
        if ((file->fd = make_unnamed (folders[i])) < 0 && number == 0)
            number = errno; /* the first folder is the one that was meant */
    if (file->fd >= 0)
        return TENON_OK;
#ifdef MFD_CLOEXEC
    if (size <= memory && (file->fd = memfd_create ("tenon-spool", MFD_CLOEXEC)) >= 0) {
        file->most = memory;
        return TENON_OK;
    }
#endif
    return fail_folders (folders, named, memory, size, number, error);
}

tenon_status
tn_spool_file_open (const tenon_context *context, uint64_t size, struct tn_spool_file *file,
                    tenon_error *error)
{
    const char *named = tn_environment ("TMPDIR");
    const char *folders[] = { named, "/tmp", "/var/tmp", NULL };
    bool use = named && named[0] == '/';
    return tn_spool_file_open_in (folders + !use, use, context->limits[TENON_LIMIT_MEMORY], size, file,
                                  error);
}

tenon_status
tn_spool_file_open_beside (const tenon_context *context, const char *path, uint64_t size,
                           struct tn_spool_file *file, tenon_error *error)
{
    const char *named = secure_getenv ("TMPDIR");
    bool use = named && named[0] == '/';
    struct stat there;
    size_t length = strlen (path);
    while (length > 1 && path[length - 1] == '/') /* a folder */
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    TN_FREE char *folder = length > 0 ? tn_strndup (path, length) : tn_strndup (".", 1);
    if (!folder)
        return tn_fail_memory (error);
    /* not beside a device: that folder may be memory */
    bool device = stat (path, &there) == 0 && !S_ISREG (there.st_mode) && !S_ISDIR (there.st_mode);
    const char *folders[] = { folder, use ? named : "/tmp", "/tmp", "/var/tmp", NULL };
    return tn_spool_file_open_in (folders + device, false, context->limits[TENON_LIMIT_MEMORY], size, file,
                                  error);
}

tenon_status
tn_spool_file_write (const struct tn_spool_file *file, uint64_t at, const void *bytes, uint64_t length,
                     tenon_error *error)
{
    char folder[512], what[480];
    if (length > file->most || at > file->most - length) {
        tn_fail_text (error, TENON_E_LIMIT, TN_NO_OFFSET,
                      "no folder for temporary files can be written, and memory may hold %llu bytes "
                      "(memory in [limits])",
                      (unsigned long long) file->most);
        return tn_advise (error, "let TMPDIR name a folder that can be written, or raise memory in [limits]");
    }
    if (tn_io_write (file->fd, (int64_t) at, bytes, length) == length)
        return TENON_OK;
    int number = errno != 0 ? errno : ENOSPC;
    tn_folder_of (file->fd, folder, sizeof folder);
    snprintf (what, sizeof what, "a temporary file in '%.300s' cannot be written",
              file->most < UINT64_MAX ? "memory" : TN_SHOW (folder));
    (void) tn_fail_errno (error, number, what, NULL);
    return tn_advise (error, "let TMPDIR name a folder with more room, or raise memory in [limits]");
}
