/* SPDX-License-Identifier: MIT */
/* cmd_help.c - tenon help: the manual page of a command or a format, or what --help prints. */
#include "command.h"
#include "terminal.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct tool_option help_options[] = { { 0 } };

/* Shows a page with man, or with `ask` only looks for it. False: there is no such page, or no man. */
static bool
run_man (const char *page, bool ask)
{
    pid_t child = fork ();
    if (child == 0) {
        int nowhere = ask ? open ("/dev/null", O_WRONLY) : -1;
        if (nowhere >= 0 && (dup2 (nowhere, STDOUT_FILENO) < 0 || dup2 (nowhere, STDERR_FILENO) < 0))
            _exit (EXIT_TROUBLE);
        execlp ("man", "man", ask ? "-w" : page, ask ? page : (char *) NULL, (char *) NULL);
        _exit (EXIT_TROUBLE);
    }
    int state;
    return child > 0 && waitpid (child, &state, 0) == child && WIFEXITED (state) && WEXITSTATUS (state) == 0;
}

static int
run_help (int count, char **names)
{
    char page[64] = "tenon";
    if (count > 0)
        snprintf (page, sizeof page, "tenon-%s", names[0]);
    const struct command *command = count > 0 ? command_find (names[0]) : NULL;
    if (count > 0 && !command) {
        /* a format's page is named like a command's */
        if (run_man (page, true))
            return run_man (page, false) ? EXIT_DONE : EXIT_TROUBLE;
        command_complain (names[0]);
        return EXIT_TROUBLE;
    }
    if (terminal_is_output () && run_man (page, true) && run_man (page, false))
        return EXIT_DONE;
    command_help (command);
    return EXIT_DONE;
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND|FORMAT]",
    .summary = "opens the manual page of a command or a format",
    .details =
        "Without a manual page of a command, or when the output is no terminal, it prints what --help does.",
    .options = help_options,
    .least = 0,
    .most = 1,
    .run = run_help,
};
