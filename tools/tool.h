/* SPDX-License-Identifier: MIT */
/* tool.h - the options of every command. */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H
#include "memory.h"

struct command;

struct tool {
    const char *plugin_path, *format, *color;
    struct text_list settings;
    bool json, no_config, no_map, shards, no_index, alone, quiet, verbose, help, version;
    const struct command *const *commands; /* all of them; a NULL follows the last one */
    const char *command;                   /* the name of the one that runs; NULL until it is known */
};
extern struct tool tool;
#endif
