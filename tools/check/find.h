/* SPDX-License-Identifier: MIT */
/* find.h - the plugin that an argument means. */
#ifndef CHECK_FIND_H
#define CHECK_FIND_H
#include "check.h"

/* Sets check->plugin and check->file, whose texts live until the program ends, to those of FILE.so, or to
 * those of the plugin of this name that tenon uses. False after a message. */
bool find_plugin (struct check *check, const char *argument);
#endif
