/* SPDX-License-Identifier: MIT */
/* cmd_help.c - tenon help: the manual page of a command or a format, or what --help prints. */
#include "command.h"
#include "terminal.h"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct tool_option help_options[] = { { 0 } };

/* Plugins of the user have their pages where `make install-user` of a new plugin puts them, of which man need
 * not know: it looks there last. A path that begins with a colon is added to man's own. */
static void
add_user_pages (void)
{
    char folder[1024], path[3072];
    const char *data = getenv ("XDG_DATA_HOME"), *home = getenv ("HOME"), *before = getenv ("MANPATH");
    bool given = data && *data == '/';
    if (!given && !(home && *home == '/'))
        return;
    snprintf (folder, sizeof folder, "%s%s/man", given ? data : home, given ? "" : "/.local/share");
    int length = snprintf (path, sizeof path, "%s:%s", before ? before : "", folder);
    if (!strchr (folder, ':') && access (folder, R_OK) == 0 && length < (int) sizeof path)
        setenv ("MANPATH", path, true);
}

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
    add_user_pages ();
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
