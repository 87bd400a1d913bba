/* SPDX-License-Identifier: MIT */
/* command.c - finding a command, and its --help. */
#include "command.h"
#include "message.h"
#include "nearest.h"
#include "tool.h"

const struct command *
command_find (const char *name)
{
    for (const struct command *const *each = tool.commands; *each; each++)
        if (strcmp ((*each)->name, name) == 0)
            return *each;
    return NULL;
}

void
command_complain (const char *name)
{
    struct nearest nearest = nearest_start (name);
    for (const struct command *const *each = tool.commands; *each; each++)
        if (!(*each)->hidden)
            nearest_try (&nearest, (*each)->name);
    misuse ("unknown command '%s'%s", name, nearest_hint (&nearest));
}

/* --help of tenon itself. */
static void
print_overview (void)
{
    printf ("usage: tenon COMMAND [OPTION...] [ARGUMENT...]\n"
            "Lists, reads, converts and checks files of tensors.\n\ncommands:\n");
    for (const struct command *const *each = tool.commands; *each; each++)
        if (!(*each)->hidden)
            printf ("  %-14s%s\n", (*each)->name, (*each)->summary);
    printf ("\noptions of every command, before or after its name:\n");
    options_print_common (NULL, true);
    printf (
        "\nIt exits with 0: done; 1: the answer is no (verify, hash --check, config --check);\n2: trouble.\n"
        "More is in the manual pages: man tenon, man tenon-ls ...\n");
}

void
command_help (const struct command *command)
{
    if (!command) {
        print_overview ();
        return;
    }
    printf ("usage: tenon %s [OPTION...]%s%s\n%s\n", command->name, *command->arguments ? " " : "",
            command->arguments, command->summary);
    if (!options_end (command->options)) {
        printf ("\noptions:\n");
        options_print (command->options);
    }
    printf ("\noptions of every command:\n");
    options_print_common (command->options, command->json);
    if (command->details)
        printf ("\n%s\n", command->details);
    printf ("\nMore is in the manual page: man tenon-%s\n", command->name);
}
