/* SPDX-License-Identifier: MIT */
/* path.h - names of files in paths. */
#ifndef TN_PATH_H
#define TN_PATH_H
#include "base/base.h"

/* The last component, a pointer into `path`: what follows the last '/'. What is before it, with its '/', is
 * the folder; nothing: the working directory. */
const char *tn_path_name (const char *path);
/* True if the text names a file in a folder and can lead nowhere else: no '/', not "." nor "..", UTF-8, 1 to
 * 255 bytes. */
bool tn_is_file_name (const char *text, uint64_t length);

#endif
