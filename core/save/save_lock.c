/* SPDX-License-Identifier: MIT */
/* save_lock.c - locks a file for an application that opens, changes and saves it. */
#include "save/save_lock.h"
#include <fcntl.h>

static tenon_status
take_lock_of (const tenon_context *context, const char *path, uint32_t how, const tenon_progress *progress,
              tenon_lock *lock, tenon_error *error)
{
    struct tn_lock_options options;
    lock->destination.folder = lock->lock.fd = -1;
    if (how >= TENON_LOCK_NO)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a lock cannot be taken with %u", how);
    struct stat there;
    bool is_folder = stat (path, &there) == 0 && S_ISDIR (there.st_mode);
    TN_TRY (is_folder ? tn_destination_find_folder (path, &lock->destination, error)
                      : tn_destination_find (AT_FDCWD, path, &lock->destination, error));
    if (lock->destination.direct)
        return TENON_OK; /* a device or pipe: nothing takes its place */
    tn_lock_configure (context, how, progress, &options);
    if (options.how == TN_LOCK_NONE)
        return TENON_OK;
    return tn_lock_take (&lock->lock, lock->destination.folder, lock->destination.name, &options, error);
}

TENON_API tenon_status
tenon_lock_take (tenon_context *context, const char *path, uint32_t how, const tenon_progress *progress,
                 tenon_lock **result, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (result)
        *result = NULL;
    if (!TN_GIVEN (&mine, context, "context") || !TN_GIVEN (&mine, path, "path")
        || !TN_GIVEN (&mine, result, "lock"))
        return tn_error_out (error, &mine);
    tenon_lock *lock = calloc (1, sizeof *lock);
    if (!lock)
        tn_fail_memory (&mine);
    else if (take_lock_of (context, path, how, progress, lock, &mine) == TENON_OK)
        *result = lock;
    if (mine.status < 0) {
        tn_fail_in (&mine, path, NULL);
        if (lock)
            tn_destination_close (&lock->destination);
        free (lock);
    }
    return tn_error_out (error, &mine);
}

TENON_API void
tenon_lock_release (tenon_lock *lock)
{
    if (!lock)
        return;
    tn_lock_release (&lock->lock);
    tn_destination_close (&lock->destination);
    free (lock);
}
