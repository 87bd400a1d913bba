/* SPDX-License-Identifier: MIT */
/* pins.h - the SHA-256 of the files of plugins. */
#ifndef TOOL_PINS_H
#define TOOL_PINS_H
#include "json.h"

/* The SHA-256 of a file in hexadecimal digits. NULL: it cannot be read. The caller frees it. */
char *pins_digest (const char *path);
/* Adds `sha256` and `pinned` to the description of a plugin: the digest of its file (null: it is built in, or
 * cannot be read), and whether the configuration has one. */
void pins_add_json (json_object *plugin, const tenon_context *context, const char *name, const char *file);
/* Prints a section of tenon.ini for each plugin that was loaded from a file, which pins it to that. False
 * after a message. */
bool pins_print (const tenon_context *context);
#endif
