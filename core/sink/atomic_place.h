/* SPDX-License-Identifier: MIT */
/* atomic_place.h - where a file that is saved will be, the temporary file beside it, and the sink that writes
 * that. For save.c only. */
#ifndef TN_ATOMIC_PLACE_H
#define TN_ATOMIC_PLACE_H
#include "sink/sink.h"
#include <sys/stat.h>

/* Of the bytes of a name that are kept in a temporary one: beyond, a hash stands for the rest, since no file
 * system that one meets takes fewer than 143 bytes. */
#define TN_TEMPORARY_KEEPS 96
#define TN_TEMPORARY_SIZE (TN_TEMPORARY_KEEPS + 40)

/* ---- save_place.c ---- */

struct tn_destination {
    int folder;    /* descriptor of the folder that the file itself is in; -1: it is written straight */
    bool borrowed; /* somebody else closes `folder` */
    char *name;    /* bare, there */
    bool exists;
    bool straight;      /* a device, FIFO, socket or terminal */
    struct stat status; /* if it exists */
};

/* Follows symbolic links of `path`, which begins at the folder `start` (AT_FDCWD: the working directory). On
 * failure there is nothing to leave. */
tenon_status tn_destination_find (int start, const char *path, struct tn_destination *place,
                                  tenon_error *error);
void tn_destination_leave (struct tn_destination *place);
bool tn_same_folder (int one, int other);
/* The descriptor of a folder, also of one that may not be listed; -1: errno says why. */
int tn_folder_open (int start, const char *path);

/* Makes the temporary file for a place, locked, and removes those of the same name that nobody holds. */
tenon_status tn_temporary_make (const struct tn_destination *place, char temporary[TN_TEMPORARY_SIZE],
                                int *fd, tenon_error *error);
/* Removes the name, if it is still that of the file. */
void tn_temporary_remove (const struct tn_destination *place, const char *temporary, int fd);

/* ---- save_file.c ---- */

/* Writes a regular file that was made empty. `name` stays the caller's, and so does fd. size_hint:
 * preallocated with the first bytes. durable: the file will be synced. NULL: no memory. */
struct tn_sink *tn_file_sink_new (int fd, const char *name, uint64_t size_hint, bool durable);
/* Writes what is buffered, cuts what was preallocated in vain. No more can be written afterwards. */
tenon_status tn_file_sink_finish (struct tn_sink *sink, tenon_error *error);
void tn_file_sink_free (struct tn_sink *sink);

#endif
