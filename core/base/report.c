/* SPDX-License-Identifier: MIT */
/* report.c - reports (notes, losses, bids and verdicts), and the progress of a call. */
#include "base/report.h"
#include <stdio.h>

/* A hostile file may cause a note per tensor, with long names: a report holds no more than this. */
#define MOST_ENTRIES 10000
#define MOST_BYTES ((uint64_t) 8 << 20)

struct entry {
    tenon_report_entry entry; /* its texts lie in `texts` */
    char *texts;
};

struct tenon_report {
    pthread_mutex_t lock;
    struct entry *entries;
    uint64_t count, room, lost;
    uint64_t bytes;           /* of all texts, before they were escaped */
    tenon_status lost_status; /* of the first failure among the entries that were lost */
};

tenon_report *
tn_report_new (void)
{
    tenon_report *report = calloc (1, sizeof *report);
    if (report)
        pthread_mutex_init (&report->lock, NULL);
    return report;
}

TENON_API void
tenon_report_free (tenon_report *report)
{
    if (!report)
        return;
    for (uint64_t i = 0; i < report->count; i++)
        free (report->entries[i].texts);
    free (report->entries);
    pthread_mutex_destroy (&report->lock);
    free (report);
}

/* `shown`: subject and file are escaped already. */
static bool
keep_entry (tenon_report *report, uint32_t kind, tenon_status status, uint32_t chosen, bool shown,
            const char *subject, const char *file, const char *message)
{
    size_t length = strlen (subject) + strlen (file) + strlen (message);
    if (report->count >= MOST_ENTRIES || length > MOST_BYTES - report->bytes
        || !tn_grow (&report->entries, &report->room, report->count, sizeof (struct entry)))
        return false;
    const char *from[3] = { subject, file, message };
    size_t room = 4 * length + 3, places[3], at = 0; /* escaped, a byte may become four */
    char *texts = malloc (room);
    if (!texts)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        places[i] = at;
        if (shown || i == 2)
            tn_escape_message (texts + at, room - at, from[i]);
        else
            tn_escape (texts + at, room - at, from[i], strlen (from[i]));
        at += strlen (texts + at) + 1;
    }
    char *packed = realloc (texts, at); /* few bytes have to be escaped */
    texts = packed ? packed : texts;
    report->bytes += length;
    struct entry *entry = &report->entries[report->count++];
    entry->texts = texts;
    entry->entry =
        (tenon_report_entry){ sizeof entry->entry, kind, status, chosen, texts + places[0], texts + places[1],
                              texts + places[2] };
    return true;
}

static void
add_entry (tenon_report *report, uint32_t kind, tenon_status status, uint32_t chosen, bool shown,
           const char *subject, const char *file, const char *message)
{
    pthread_mutex_lock (&report->lock);
    if (!keep_entry (report, kind, status, chosen, shown, subject, file, message)) {
        report->lost++;
        if (report->lost_status == TENON_OK)
            report->lost_status = status;
    }
    pthread_mutex_unlock (&report->lock);
}

void
tn_report_add (tenon_report *report, uint32_t kind, tenon_status status, uint32_t chosen, const char *subject,
               const char *file, const char *format, ...)
{
    char message[sizeof ((tenon_error *) 0)->message + 1024];
    va_list list;
    va_start (list, format);
    vsnprintf (message, sizeof message, format, list);
    va_end (list);
    add_entry (report, kind, status, chosen, false, subject ? subject : "", file ? file : "", message);
}

void
tn_report_copy (tenon_report *report, const tenon_report_entry *entry)
{
    add_entry (report, entry->kind, entry->status, entry->chosen, true, entry->subject, entry->file,
               entry->message);
}

void
tn_report_flaw (tenon_report *report, const tenon_error *flaw)
{
    add_entry (report, TENON_NOTE, flaw->status, 0, true, flaw->tensor, flaw->file, flaw->message);
}

void
tn_report_unreadable (tenon_report *report, tenon_status status, const char *tensor, const char *file,
                      const char *why)
{
    size_t room = 4 * strlen (tensor) + 1;
    TN_FREE char *shown = malloc (room);
    add_entry (report, TENON_NOTE, status, 1, true,
               shown ? tn_show (shown, room, tensor, strlen (tensor)) : "", file, why);
}

void
tn_report_append (tenon_report *report, const tenon_report *more)
{
    for (uint64_t i = 0; i < more->count; i++)
        tn_report_copy (report, &more->entries[i].entry);
    report->lost += more->lost;
    if (report->lost_status == TENON_OK)
        report->lost_status = more->lost_status;
}

TENON_API uint64_t
tenon_report_count (const tenon_report *report)
{
    return report ? report->count + (report->lost > 0) : 0;
}

TENON_API tenon_status
tenon_report_get (const tenon_report *report, uint64_t index, tenon_report_entry *entry)
{
    if (!report || index >= tenon_report_count (report))
        return TENON_E_NOT_FOUND;
    /* A failure that was lost is one still: verifying must not pass over it. */
    const tenon_report_entry more = {
        sizeof more, TENON_NOTE, report->lost_status, 0, "", "", "more was said than this report holds"
    };
    const tenon_report_entry *found = index < report->count ? &report->entries[index].entry : &more;
    return tn_reply_struct (entry, found, sizeof *found);
}

/* ---- progress ---- */

/* Bytes between two calls of the progress callback. */
#define STEP (1u << 20)

void
tn_meter_begin (struct tn_meter *meter, const tenon_progress *progress, uint64_t total)
{
    memset (meter, 0, sizeof *meter);
    meter->progress = progress && progress->report ? progress : NULL;
    meter->total = total;
    pthread_mutex_init (&meter->lock, NULL);
}

void
tn_meter_end (struct tn_meter *meter)
{
    pthread_mutex_destroy (&meter->lock);
}

/* The caller holds the lock. */
static void
tell_meter (struct tn_meter *meter)
{
    meter->told = meter->done;
    meter->stopped =
        meter->progress->report (meter->progress->user, TN_MIN (meter->done, meter->total), meter->total)
        != 0;
}

static tenon_status
unlock_meter (struct tn_meter *meter, tenon_error *error)
{
    bool stopped = meter->stopped;
    pthread_mutex_unlock (&meter->lock);
    return stopped ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled") : TENON_OK;
}

tenon_status
tn_meter_add (struct tn_meter *meter, uint64_t bytes, tenon_error *error)
{
    if (!meter || !meter->progress)
        return TENON_OK;
    pthread_mutex_lock (&meter->lock);
    meter->done += bytes;
    if (!meter->stopped && (meter->done - meter->told >= STEP || meter->done >= meter->total))
        tell_meter (meter);
    return unlock_meter (meter, error);
}

tenon_status
tn_meter_ask (struct tn_meter *meter, tenon_error *error)
{
    if (!meter || !meter->progress)
        return TENON_OK;
    pthread_mutex_lock (&meter->lock);
    if (!meter->stopped && meter->total > 0) /* a total of 0 means that the save waits */
        tell_meter (meter);
    return unlock_meter (meter, error);
}
