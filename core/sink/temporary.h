/* SPDX-License-Identifier: MIT */
/* temporary.h - the temporary file beside a destination that will become it. */
#ifndef TN_TEMPORARY_H
#define TN_TEMPORARY_H
#include "sink/destination.h"

/* A temporary name keeps so many bytes of the destination's; a hash stands for the rest, since no file system
 * in use takes fewer than 143 bytes. */
#define TN_TEMPORARY_KEEPS 96
#define TN_TEMPORARY_SIZE (TN_TEMPORARY_KEEPS + 40)

/* .NAME.tenon.lock: the lock of a name, and the journal of its set (lock.h). */
#define TN_LOCK_SUFFIX "tenon.lock"

/* Makes and locks the temporary file of a destination. Of a single file: removes those of its name that no
 * save holds. Those of a set (`of_set`) have names of another kind, since the journal of an interrupted
 * commit may need them: tn_litter_sweep removes them. */
tenon_status tn_temporary_make (const struct tn_destination *destination, bool of_set,
                                char temporary[TN_TEMPORARY_SIZE], int *fd, tenon_error *error);
/* The same for the folder that will become a destination: empty, and locked by *fd. */
tenon_status tn_temporary_make_folder (const struct tn_destination *destination,
                                       char temporary[TN_TEMPORARY_SIZE], int *fd, tenon_error *error);
/* Removes the temporary files and folders of a destination that no save holds, from this number on. Those of
 * a set only under its lock, when there is no journal. */
void tn_temporary_clean (const struct tn_destination *destination, bool of_set, unsigned number);
/* Removes the name if it is still that of the file. */
void tn_temporary_remove (const struct tn_destination *destination, const char *temporary, int fd);
/* True if a file of this temporary name may become a file of that name. */
bool tn_temporary_is_of (const char *temporary, const char *name);

/* ".NAME.SUFFIX", with a long NAME shortened. */
void tn_hidden_name (char to[TN_TEMPORARY_SIZE], const char *name, const char *suffix);
/* True if the name is still, or again, that of the open file. */
bool tn_file_has_name (int fd, int folder, const char *name);
/* 1: locked until the descriptor is closed, 0: another holds the lock, -1: this file system has no locks. */
int tn_file_lock (int fd);
/* Opens a file that may be a trap: no link is followed, nothing waits. For writing if that is allowed. */
int tn_file_open_hidden (int folder, const char *name);

/* What became of a temporary file. */
enum tn_found { TN_FOUND_NONE, TN_FOUND_HELD, TN_FOUND_REMOVED };
/* Removes a temporary file or folder whose maker is dead, unless the file `journal` has bytes (NULL: there is
 * none). */
enum tn_found tn_litter_remove (int folder, const char *temporary, const char *journal);

#endif
