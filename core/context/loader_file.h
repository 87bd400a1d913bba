/* SPDX-License-Identifier: MIT */
/* loader_file.h - loads one file of a plugin. Not in builds without dlopen. */
#ifndef TN_LOADER_FILE_H
#define TN_LOADER_FILE_H
#include "context/loader_verdict.h"

/* Checks a file whose path is trusted, and loads it. `real`: its path without symbolic links. */
tenon_status tn_loader_load_checked (struct tn_loader *loader, const char *name, const char *file,
                                     const char *real);
/* A file that may be a symbolic link, or whose path has not been checked. */
tenon_status tn_loader_load (struct tn_loader *loader, const char *name, const char *file);

#endif
