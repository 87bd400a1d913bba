/* help.c - tenon help: the manual page, or what --help prints. */
#include "tool.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct tool_option help_options[] = { { 0 } };

/* Runs man; its words are dropped when only the answer is wanted. False: it failed, or is not there. */
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
    const struct command *command = NULL;
    char page[64] = "tenon";
    if (count > 0) {
        command = command_find (names[0]);
        if (!command)
            return EXIT_TROUBLE;
        snprintf (page, sizeof page, "tenon-%s", command->name);
    }
    if (terminal_is_output () && run_man (page, true) && run_man (page, false))
        return EXIT_DONE;
    options_help (command);
    return EXIT_DONE;
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "opens the manual page of a command",
    .details = "Without a manual page, or when the output is no terminal, it prints what --help does.",
    .options = help_options,
    .least = 0,
    .most = 1,
    .run = run_help,
};
