/* SPDX-License-Identifier: MIT */
/* work.h - the folder in which the steps have their files. */
#ifndef CHECK_WORK_H
#define CHECK_WORK_H
#include "check.h"

/* Makes a folder in $TMPDIR, or /tmp. NULL after a message. The caller frees its path. */
char *work_make (void);
/* Makes the folder check->plugin_path in it, with a link to the plugin. False after a message. */
bool work_link (struct check *check);
/* Removes the folder and all that is in it. */
void work_remove (const char *work);
#endif
