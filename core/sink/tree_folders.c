/* SPDX-License-Identifier: MIT */
/* tree_folders.c - the folders that a tree being written has made. */
#include "sink/tree_folders.h"
#include "base/io.h"
#include "base/key.h"
#include "base/place.h"
#include "sink/journal.h"
#include "sink/tree_file.h"
#include "source/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
tn_tree_folders_free (struct tn_tree_folders *folders)
{
    for (uint64_t i = 0; i < folders->count; i++)
        free (folders->keys[i]);
    free (folders->keys);
}

int
tn_tree_folders_old (const struct tn_tree_folders *folders, const char *key)
{
#ifdef O_PATH
    const int flags = O_PATH | O_DIRECTORY;
#else
    const int flags = O_RDONLY | O_DIRECTORY;
#endif
    return folders->old < 0 ? -1 : tn_beneath_open (folders->old, key, flags, TN_LINKS_BENEATH);
}

static tenon_status
remember_folder (struct tn_tree_folders *folders, const char *key, tenon_error *error)
{
    if (!tn_grow (&folders->keys, &folders->room, folders->count, sizeof *folders->keys)
        || !(folders->keys[folders->count] = tn_strndup (key, strlen (key))))
        return tn_fail_memory (error);
    folders->count++;
    return TENON_OK;
}

tenon_status
tn_tree_folders_make (struct tn_tree_folders *folders, char *way, tenon_error *error)
{
    for (char *end = way; end;) {
        if ((end = strchr (end, '/')) != NULL)
            *end = 0;
        tenon_status status = TENON_OK;
        if (mkdirat (folders->root, way, 0777) == 0)
            status = remember_folder (folders, way, error);
        else if (errno != EEXIST
                 && errno != ENOTDIR) /* a file in the way is found when the folder is opened */
            status = tn_fail_errno (error, errno, "a folder of it cannot be made", folders->path);
        if (end)
            *end++ = '/';
        TN_TRY (status);
    }
    return TENON_OK;
}

static tenon_status
finish_tree_folder (const struct tn_tree_folders *folders, int fd, int old_folder, const char *name,
                    const char *shown, bool sync, tenon_error *error)
{
    if (fd < 0)
        return tn_fail_errno (error, errno, "a folder of it cannot be opened", folders->path);
    TN_TRY (tn_tree_keep_rights (folders->report, fd, old_folder, name, S_IFDIR, shown, error));
    return sync ? tn_folder_sync (fd, shown, error) : TENON_OK;
}

tenon_status
tn_tree_folders_finish (const struct tn_tree_folders *folders, const struct tn_destination *destination,
                        bool sync, tenon_error *error)
{
    for (uint64_t i = folders->count; i-- > 0;) {
        const char *key = folders->keys[i], *name = tn_path_name (key);
        TN_FREE char *parent = tn_strndup (key, name > key ? (size_t) (name - key) - 1 : 0);
        TN_FREE char *shown = tn_concat (folders->path, "/", key, (char *) NULL);
        if (!parent || !shown)
            return tn_fail_memory (error);
        int fd = tn_beneath_open (folders->root, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, TN_LINKS_BENEATH);
        int old = tn_tree_folders_old (folders, parent[0] ? parent : ".");
        tenon_status status = finish_tree_folder (folders, fd, old, name, shown, sync, error);
        if (fd >= 0)
            close (fd);
        if (old >= 0)
            close (old);
        TN_TRY (status);
    }
    return finish_tree_folder (folders, folders->root, folders->old < 0 ? -1 : destination->folder,
                               destination->name, folders->path, sync, error);
}
