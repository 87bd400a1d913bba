/* SPDX-License-Identifier: MIT */
/* temporary.h - the temporary file beside a destination that will become it. */
#ifndef TN_TEMPORARY_H
#define TN_TEMPORARY_H
#include "sink/destination.h"

/* A temporary name keeps so many bytes of the destination's; a hash stands for the rest, since no file system
 * in use takes fewer than 143 bytes. */
#define TN_TEMPORARY_KEEPS 96
#define TN_TEMPORARY_SIZE (TN_TEMPORARY_KEEPS + 40)

/* Makes and locks the temporary file of a destination, and removes those of its name that no save holds. */
tenon_status tn_temporary_make (const struct tn_destination *destination, char temporary[TN_TEMPORARY_SIZE],
                                int *fd, tenon_error *error);
/* Removes the name if it is still that of the file. */
void tn_temporary_remove (const struct tn_destination *destination, const char *temporary, int fd);

#endif
