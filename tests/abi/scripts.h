/* SPDX-License-Identifier: MIT */
/* scripts.h - files of the codec toyscript, which say what its describe calls. */
#ifndef SCRIPTS_H
#define SCRIPTS_H
#include "kit.h"

enum { PREFIX = 1, UNREADABLE = 8 }; /* TENON_INCLUDE_* of tenon/plugin.h */

/* A context of these plugins. `isolates`: it isolates them, where the system can do that. */
void isolate_plugins (const char *plugins, int isolates);
/* Opens a toyscript file of these lines, with 64 bytes of data, 0 … 63, behind them. */
tenon_file *open_script (const char *lines);
/* A toyscript file whose parts are scripts, too: names and lines in turn, ended by NULL. All are included
 * with these flags, and then come the lines of the file itself. */
void save_parts (const char *const *parts, unsigned flags, const char *lines);
/* Fails unless the report has a note that this tensor cannot be read, for this reason. */
void is_noted (const tenon_report *report, const char *tensor, tenon_status status, const char *why);

#endif
