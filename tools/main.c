/* SPDX-License-Identifier: MIT */
/* main.c - the tenon command: finds the command that is named, and runs it. */
#include "command.h"
#include "message.h"
#include "output.h"
#include "signals.h"
#include "terminal.h"
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct command *const commands[] = { &ls_command,
                                                  &cat_command,
                                                  &convert_command,
                                                  &verify_command,
                                                  &hash_command,
                                                  &formats_command,
                                                  &why_command,
                                                  &config_command,
                                                  &check_plugin_command,
                                                  &new_plugin_command,
                                                  &help_command,
                                                  &complete_command,
                                                  NULL };

/* A closed descriptor below 3 would be given to the first file that is opened, and messages would land in
 * that file. So it is opened here, in the mode in which its use fails. */
static void
keep_standard_descriptors (void)
{
    for (int descriptor = 0; descriptor < 3; descriptor++)
        if (fcntl (descriptor, F_GETFD) == -1 && errno == EBADF)
            if (open ("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor)
                _exit (EXIT_TROUBLE);
}

static int
print_version (void)
{
    printf ("tenon %s\n", tenon_version ());
    return EXIT_DONE;
}

static int
run_command (const struct command *command, int argc, char **argv)
{
    int first = options_parse (argc, argv, command->options);
    if (first < 0)
        return EXIT_TROUBLE;
    terminal_start ();
    if (tool.help) {
        command_help (command);
        return EXIT_DONE;
    }
    if (tool.version)
        return print_version ();
    int count = argc - first;
    if (tool.json && !command->json)
        return misuse ("there is no --json");
    if (count < command->least)
        return misuse ("an argument is missing: tenon %s %s", command->name, command->arguments);
    if (command->most >= 0 && count > command->most)
        return misuse ("'%s' is one argument too many", argv[first + command->most]);
    return command->run (count, argv + first);
}

static int
run_tool (int argc, char **argv)
{
    int first = options_parse (argc, argv, NULL);
    if (first < 0)
        return EXIT_TROUBLE;
    if (first < argc) {
        const struct command *command = command_find (argv[first]);
        if (!command) {
            command_complain (argv[first]);
            return EXIT_TROUBLE;
        }
        tool.command = command->name;
        return run_command (command, argc - first, argv + first);
    }
    terminal_start ();
    if (tool.version)
        return print_version ();
    if (!tool.help)
        return misuse ("which command?");
    command_help (NULL);
    return EXIT_DONE;
}

int
main (int argc, char **argv)
{
    keep_standard_descriptors ();
    signals_start ();
    output_start ();
    tool.commands = commands;
    int code = run_tool (argc, argv);
    bool written = output_close ();
    list_free (&tool.settings);
    return written ? code : EXIT_TROUBLE;
}
