/* SPDX-License-Identifier: MIT */
/* installed.h - the folders that were installed with libtenon: of plugins, and of the configuration. */
#ifndef TN_INSTALLED_H
#define TN_INSTALLED_H
#include "base/base.h"

struct tn_installed {
    char *plugins, *configuration; /* absolute */
    const char *origin;            /* "default", or that they lie relative to libtenon */
};

/* Finds them. `secure`: a setuid program, which follows libtenon only if no other user can change its path.
 * The caller frees the texts with tn_installed_free, also after a failure: TENON_E_MEMORY. */
tenon_status tn_installed_find (struct tn_installed *installed, bool secure, tenon_error *error);
void tn_installed_free (struct tn_installed *installed);

/* ---- the steps of it, for tests ---- */

/* The prefix of a library in `folder`, which was configured for `libdir` beneath `prefix`: "/opt" for
 * "/opt/lib64", "/usr/lib64", "/usr". Its length is that of the part of `folder`; SIZE_MAX: the folder has
 * another name. */
size_t tn_installed_prefix (const char *folder, const char *libdir, const char *prefix);
/* A path with that prefix in place of `prefix`; a path elsewhere stays as it is. The caller frees it; NULL:
 * no memory. */
char *tn_installed_follow (const char *path, const char *prefix, const char *folder, size_t length);

#endif
