/* SPDX-License-Identifier: MIT */
/* orphans.c - processes that a plugin started and left. */
#include "orphans.h"
#include "tell.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <dirent.h>
#include <sys/prctl.h>

/* Processes that isolated contexts begin end themselves when their context is gone: within this time. */
#define GRACE_MILLISECONDS 1000
/* How long the others are ended, one generation after the other. */
#define PATIENCE_MILLISECONDS 2000

static bool adopts;

void
orphans_adopt (void)
{
    siginfo_t info;
    if (!adopts && waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
        adopts = prctl (PR_SET_CHILD_SUBREAPER, 1) == 0;
}

/* 0: it has ended, or it cannot be told. */
static pid_t
parent_of (const char *number)
{
    char path[64], line[512];
    snprintf (path, sizeof path, "/proc/%.20s/stat", number);
    FILE *file = fopen (path, "re");
    size_t length = file ? fread (line, 1, sizeof line - 1, file) : 0;
    if (file)
        fclose (file);
    line[length] = 0;
    const char *end = strrchr (line, ')'); /* of the name: a state and the parent follow */
    return end && strlen (end) > 4 ? (pid_t) strtol (end + 4, NULL, 10) : 0;
}

static void
kill_children (void)
{
    DIR *folder = opendir ("/proc");
    for (struct dirent *entry; folder && (entry = readdir (folder));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of (entry->d_name) == getpid ())
            kill ((pid_t) strtol (entry->d_name, NULL, 10), SIGKILL);
    if (folder)
        closedir (folder);
}

bool
orphans_end (bool at_once)
{
    bool seen = false;
    uint64_t begin = milliseconds_now (), grace = at_once ? 0 : GRACE_MILLISECONDS, passed;
    while (adopts && (passed = milliseconds_now () - begin) < grace + PATIENCE_MILLISECONDS) {
        pid_t ended = waitpid (-1, NULL, WNOHANG);
        if (ended < 0)
            break;
        if (ended > 0)
            continue;
        if (passed >= grace) {
            seen = true;
            kill_children ();
        }
        usleep (1000);
    }
    return seen;
}

#else

void
orphans_adopt (void)
{
}

bool
orphans_end (bool at_once)
{
    (void) at_once;
    return false;
}

#endif
