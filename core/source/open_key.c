/* SPDX-License-Identifier: MIT */
/* open_key.c - opens the source of a key. */
#include "source/open_key.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static tenon_status
fail_key (int number, const char *path, tenon_error *error)
{
    const char *fault = tn_beneath_fault (number);
    if (!fault)
        return tn_fail_open (error, number, "cannot be opened", path);
    tn_fail_in (error, path, NULL);
    return tn_fail (error, number == EAGAIN ? TENON_E_IO : TENON_E_MALFORMED, TN_NO_OFFSET, "%s", fault);
}

tenon_status
tn_source_open_key (struct tn_file_pool *pool, const char *key, const char *path, enum tn_links links,
                    bool may_map, struct tn_source **result, tenon_error *error)
{
    struct stat identity;
    *result = NULL;
    int fd = tn_file_pool_open (pool, key, links);
    if (fd < 0)
        return fail_key (errno, path, error);
    tenon_status status = tn_source_open_fd (fd, key, may_map, result, error);
    if (status == TENON_OK && !((*result)->path = tn_strndup (path, strlen (path))))
        status = tn_fail_memory (error);
    if (status == TENON_OK && (!tn_source_identity (*result, &identity) || !S_ISREG (identity.st_mode)))
        status = tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "it is a device");
    if (status < 0) {
        tn_fail_in (error, path, NULL);
        tn_source_free (*result);
        *result = NULL;
    }
    return status;
}

tenon_status
tn_source_open_folder (const char *path, struct tn_source **result, tenon_error *error)
{
    size_t end = strlen (path), begin;
    *result = NULL;
    int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
#ifdef O_PATH
    if (fd < 0 && errno == EACCES)
        fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
#endif
    if (fd < 0)
        return tn_fail_open (error, errno, "the folder cannot be opened", path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/';)
        begin--;
    TN_FREE char *name = tn_strndup (path + begin, end - begin);
    if (!name) {
        close (fd);
        return tn_fail_memory (error);
    }
    TN_TRY (tn_source_given (fd, 0, name, path, result, error));
    (*result)->is_folder = true;
    return TENON_OK;
}
