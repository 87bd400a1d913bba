/* SPDX-License-Identifier: MIT */
/* destination.h - the file that a path means: its folder, its name there, and what has that name now. */
#ifndef TN_DESTINATION_H
#define TN_DESTINATION_H
#include "base/base.h"
#include <sys/stat.h>

struct tn_destination {
    int folder;         /* descriptor of the folder that the file itself is in; -1: `direct` */
    bool shares_folder; /* `folder` is closed by its owner */
    char *name;         /* bare, in `folder` */
    bool exists;
    bool direct;        /* a device, FIFO, socket or terminal: opened by its path and written directly */
    struct stat status; /* if it exists */
};

/* Follows symbolic links of `path`, which begins at the folder `start` (AT_FDCWD: the working directory). On
 * failure there is nothing to close. */
tenon_status tn_destination_find (int start, const char *path, struct tn_destination *destination,
                                  tenon_error *error);
/* Examines the file at the end of the links, again at any later time. Another process may replace it at any
 * moment; what counts is the file that is found here. */
tenon_status tn_destination_examine (struct tn_destination *destination, const char *path,
                                     tenon_error *error);
/* The same for a folder that is to be written as a whole; '/' may stand at the end of its path. A file of
 * that name is TENON_E_EXISTS. */
tenon_status tn_destination_find_folder (const char *path, struct tn_destination *destination,
                                         tenon_error *error);
tenon_status tn_destination_examine_folder (struct tn_destination *destination, const char *path,
                                            tenon_error *error);
void tn_destination_close (struct tn_destination *destination);

/* The descriptor of a folder, also of one that may not be listed; -1: errno says why. */
int tn_folder_open (int start, const char *path);
/* True if both descriptors are of one folder. */
bool tn_folder_same (int one, int other);

#endif
