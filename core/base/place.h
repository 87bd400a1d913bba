/* SPDX-License-Identifier: MIT */
/* place.h - failures of the system that name the folder in which something failed. */
#ifndef TN_PLACE_H
#define TN_PLACE_H
#include "base/base.h"

/* The folder in which an open file lies, or lay before it lost its name; "" if the system does not tell. */
void tn_folder_of (int fd, char *to, size_t room);

/* All take the errno of the call that was just made. tn_fail_folder: a folder cannot be
 * opened. tn_fail_in_folder: "WHAT in its folder 'PATH': …", with advice if the folder may not be written.
 * tn_fail_write: "WHAT: …"; on a full disk the advice names the folder of the file `fd`, and its room. */
tenon_status tn_fail_folder (const char *folder, const char *path, tenon_error *error);
tenon_status tn_fail_in_folder (int folder, const char *what, const char *path, tenon_error *error);
tenon_status tn_fail_write (int fd, const char *what, const char *path, tenon_error *error);

#endif
