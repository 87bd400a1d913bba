/* SPDX-License-Identifier: MIT */
/* report.h - the entries of a report. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H
#include "common.h"

/* A file with thousands of tensors may have a note for each: without --verbose only so many are printed. */
#define MOST_NOTES 10

/* Prints notes and losses on standard error. --quiet hides the notes, never the losses. */
void report_notes (const tenon_report *report);
/* Tells how many tensors of a file cannot be read, with --verbose also why. */
void report_unreadable (const tenon_file *file);
/* Names the tensors that a save refused because they cannot be read. */
void report_refused (const tenon_report *report);
/* Prints an entry as one line; `label` may be NULL. */
void report_entry (const char *label, const tenon_report_entry *entry);
/* Finds the first entry of this kind from *index on, and moves *index behind it. False: there is none. A
 * report may be NULL. */
bool report_next (const tenon_report *report, uint32_t kind, uint64_t *index, tenon_report_entry *entry);
#endif
