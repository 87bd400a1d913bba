/* SPDX-License-Identifier: MIT */
/* command.h - the commands: `tenon NAME`. Each lies in cmd_NAME.c. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H
#include "options.h"

struct command {
    const char *name;
    const char *arguments; /* as the usage line shows them */
    const char *summary;   /* one line */
    const char *details;   /* the last paragraph of --help, or NULL */
    const struct tool_option *options;
    int least, most;                          /* arguments; most < 0: any number */
    bool json;                                /* has an output in JSON */
    bool hidden;                              /* for programs: --help does not list it */
    int (*run) (int count, char **arguments); /* returns the exit status */
};
extern const struct command cat_command, check_plugin_command, complete_command, config_command,
    convert_command, formats_command, hash_command, help_command, ls_command, new_plugin_command,
    verify_command, why_command;

/* By name; NULL if there is none. */
const struct command *command_find (const char *name);
/* Says that there is no such command, and which name is near. */
void command_complain (const char *name);
/* --help of one command, or of tenon itself when it is NULL. */
void command_help (const struct command *command);
#endif
