/* SPDX-License-Identifier: MIT */
/* progress.c - a bar on standard error. */
#include "progress.h"
#include "memory.h"
#include "number.h"
#include "signals.h"
#include "terminal.h"
#include "text.h"
#include "tool.h"
#include <time.h>
#include <unistd.h>

#define SILENT_SECONDS 1.0 /* nothing is drawn until then */
#define REDRAW_SECONDS 0.1
#define BAR_CELLS 24

static double
seconds_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static void
seconds_text (char *text, size_t room, double seconds)
{
    unsigned long whole = seconds < 1e9 ? (unsigned long) (seconds + 0.5) : 999999999;
    if (whole < 3600)
        snprintf (text, room, "%lu:%02lu", whole / 60, whole % 60);
    else
        snprintf (text, room, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
}

static void
draw_bar (struct bar *bar, double time, uint64_t done, uint64_t total)
{
    double part = total > 0 ? (double) done / (double) total : 1;
    double elapsed = time - bar->start, rate = elapsed > 0 ? (double) done / elapsed : 0;
    char cells[BAR_CELLS + 1], done_text[NUMBER_ROOM], rate_text[NUMBER_ROOM], left[32] = "-:--";
    for (int i = 0; i < BAR_CELLS; i++)
        cells[i] = (double) i < part * BAR_CELLS ? '#' : '.';
    cells[BAR_CELLS] = 0;
    number_human (done_text, done);
    number_human (rate_text, (uint64_t) rate);
    if (rate > 0)
        seconds_text (left, sizeof left, (double) (total - done) / rate);

    char line[256];
    CLEAN (text) char *label = shown (bar->label, strlen (bar->label));
    int length = total == 0 ? snprintf (line, sizeof line, "waiting for another save  %s", label)
                            : snprintf (line, sizeof line, "[%s] %3d%%  %s  %s/s  %s left  %s", cells,
                                        (int) (part * 100), done_text, rate_text, left, label);
    if (length < 0)
        return;
    /* Cut to one line: a line that wraps could not be erased. */
    size_t fit = display_fit (line, terminal_columns (STDERR_FILENO) - 1);
    fprintf (stderr, "\r%.*s\033[K", (int) fit, line);
    fflush (stderr);
    bar->shown = true;
}

static int
report_progress (void *user, uint64_t done, uint64_t total)
{
    struct bar *bar = user;
    double time = seconds_now ();
    if (bar->wanted && time - bar->start >= SILENT_SECONDS && time - bar->drawn_at >= REDRAW_SECONDS) {
        bar->drawn_at = time;
        draw_bar (bar, time, done < total ? done : total, total);
    }
    return signals_pending ();
}

const tenon_progress *
bar_start (struct bar *bar, const char *label)
{
    memset (bar, 0, sizeof *bar);
    bar->label = label;
    bar->start = seconds_now ();
    bar->wanted = terminal_is_error () && !tool.quiet;
    bar->progress = (tenon_progress){ sizeof bar->progress, 0, report_progress, bar };
    return &bar->progress;
}

void
bar_end (struct bar *bar)
{
    if (bar->shown)
        fputs ("\r\033[K", stderr);
    bar->shown = false;
}
