/* SPDX-License-Identifier: MIT */
/* tenon/report.h - the notes, losses and verdicts of an operation. */
#ifndef TENON_REPORT_H
#define TENON_REPORT_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_report_entry {
    uint32_t struct_size, kind; /* TENON_NOTE, TENON_LOSS, TENON_BID, TENON_VERDICT, TENON_WRITTEN */
    tenon_status status;        /* 0, or that of the fault */
    /* bids: 1 if the codec is chosen; verdicts: 1 if the plugin is in use; notes: 1 if `subject` is a tensor
     * that cannot be read */
    uint32_t chosen;
    const char *subject; /* codec id, plugin name, tensor or key; or "" */
    const char *file;    /* the file that it is about; or "" */
    const char *message; /* one line */
} tenon_report_entry;
/* The number of entries, and one of them. Texts live as long as the report. TENON_E_NOT_FOUND: `index` is
 * none. */
TENON_API uint64_t tenon_report_count (const tenon_report *report);
TENON_API tenon_status tenon_report_get (const tenon_report *report, uint64_t index,
                                         tenon_report_entry *entry);
/* Frees a report that a function returned to the caller; one of a context or a file is freed with that. NULL
 * is fine. */
TENON_API void tenon_report_free (tenon_report *report);

#ifdef __cplusplus
}
#endif
#endif
