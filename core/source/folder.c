/* SPDX-License-Identifier: MIT */
/* folder.c - the names in a folder. It opens none of the files. */
#include "source/source.h"
#include <dirent.h>
#include <errno.h>

tenon_status
tn_source_list (const char *path, tn_each_name *each, void *user, tenon_error *error)
{
    DIR *list = opendir (path);
    tenon_status status = TENON_OK;
    if (!list)
        return tn_fail_open (error, errno, "the folder cannot be opened", path);
    while (status == TENON_OK) {
        errno = 0;
        const struct dirent *entry = readdir (list);
        if (!entry && errno != 0)
            status = tn_fail_errno (error, errno, "the folder cannot be read", path);
        if (!entry)
            break;
        status = each (user, dirfd (list), entry->d_name, error);
    }
    closedir (list);
    return status;
}
