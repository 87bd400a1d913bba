/* SPDX-License-Identifier: MIT */
/* report.h - what a public call tells its caller beside its result: reports, and its progress. */
#ifndef TN_REPORT_H
#define TN_REPORT_H
#include "base/base.h"
#include <pthread.h>

/* ---- reports ---- */

tenon_report *tn_report_new (void);
/* Adds an entry; copies its texts, and escapes unprintable bytes. May be called from any thread. Without
 * memory the entry is lost, and the report says so. */
TN_PRINTF (7, 8)
void tn_report_add (tenon_report *report, uint32_t kind, tenon_status status, uint32_t chosen,
                    const char *subject, const char *file, const char *format, ...);
/* Adds a copy of an entry of another report, whose texts are escaped already. */
void tn_report_copy (tenon_report *report, const tenon_report_entry *entry);
/* Adds a note of a failure that does not end the work. */
void tn_report_flaw (tenon_report *report, const tenon_error *flaw);
/* Adds a note that a tensor cannot be read. `file` and `why` are escaped already. */
void tn_report_unreadable (tenon_report *report, tenon_status status, const char *tensor, const char *file,
                           const char *why);
void tn_report_append (tenon_report *report, const tenon_report *more);

/* ---- progress ---- */

/* May be used from any thread between tn_meter_begin and tn_meter_end. */
struct tn_meter {
    const tenon_progress *progress; /* NULL: the application has no progress function */
    pthread_mutex_t lock;
    uint64_t done, total, told;
    bool stopped;
};
void tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total);
void tn_meter_end (struct tn_meter *meter);
/* Counts bytes that are done. TENON_E_CANCELLED once the callback has asked to stop. `meter` may be NULL. */
tenon_status tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error);
/* Calls the callback without counting bytes, so that it can stop work that takes long for each byte. */
tenon_status tn_meter_ask (struct tn_meter *meter, tenon_error *error);

#endif
