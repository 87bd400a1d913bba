/* SPDX-License-Identifier: MIT */
/* find.h - the plugin that an argument means. */
#ifndef CHECK_FIND_H
#define CHECK_FIND_H
#include "check.h"

/* Sets check->plugin and check->file to those of FILE.so, or to those of the plugin of this name that tenon
 * uses. False after a message. find_end frees their texts. */
bool find_plugin (struct check *check, const char *argument);
void find_end (struct check *check);
#endif
