/* SPDX-License-Identifier: MIT */
/* report.c - the entries of a report. */
#include "report.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "tool.h"

bool
report_next (const tenon_report *report, uint32_t kind, uint64_t *index, tenon_report_entry *entry)
{
    uint64_t count = report ? tenon_report_count (report) : 0;
    while (*index < count) {
        *entry = (tenon_report_entry){ .struct_size = sizeof *entry };
        if (tenon_report_get (report, (*index)++, entry) == TENON_OK && entry->kind == kind)
            return true;
    }
    return false;
}

void
report_entry (const char *label, const tenon_report_entry *entry)
{
    static const char *const between[] = { ": ", ": '", "': " };
    bool quoted = !label && *entry->subject; /* a failure is told like a message of the library */
    CLEAN (text) char *message = command_words (entry->message);
    size_t room = strlen (entry->file) + strlen (entry->subject) + strlen (message) + 64;
    CLEAN (text) char *text = get_memory (NULL, room, 1);
    snprintf (text, room, "%.20s%s%s%s%s%s%s", label ? label : "", label ? ": " : "", entry->file,
              !*entry->file ? "" : between[quoted], entry->subject,
              !*entry->subject ? "" : between[2 * quoted], message);
    complain_shown (text);
}

static void
print_notes (const tenon_report *report, uint32_t kind, const char *one, const char *many)
{
    tenon_report_entry entry;
    uint64_t told = 0, silent = 0;
    for (uint64_t i = 0; report_next (report, kind, &i, &entry);) {
        /* a failure is reported as the error; a flaw that a codec found (TENON_FLAW), or a wrong checksum of
         * a member that was read for its header alone, or a wrong setting that stops one codec, is none */
        if (entry.status != TENON_OK && entry.status != TENON_E_MALFORMED && entry.status != TENON_E_CHECKSUM
            && entry.status != TENON_E_CONFIG)
            continue;
        if (entry.chosen) /* report_unreadable tells of these */
            continue;
        if (told == MOST_NOTES && !tool.verbose) {
            silent++;
            continue;
        }
        report_entry (one, &entry);
        told++;
    }
    if (silent > 0)
        complain ("%s: %llu more %s (-v tells all)", one, (unsigned long long) silent,
                  plural (silent, one, many));
}

void
report_unreadable (const tenon_file *file)
{
    tenon_file_info info = file_get (file);
    tenon_report_entry entry;
    if (info.unreadable == 0 || tool.quiet)
        return;
    for (uint64_t i = 0; tool.verbose && report_next (tenon_file_report (file), TENON_NOTE, &i, &entry);)
        if (entry.chosen)
            report_entry ("note", &entry);
    complain ("note: %s: %llu of %llu %s cannot be read%s", *info.path ? info.path : "standard input",
              (unsigned long long) info.unreadable, (unsigned long long) info.tensors,
              plural (info.tensors, "tensor", "tensors"), tool.verbose ? "" : " (-v tells why)");
}

void
report_refused (const tenon_report *report)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);)
        if (entry.chosen)
            report_entry (NULL, &entry);
}

void
report_notes (const tenon_report *report)
{
    if (!tool.quiet)
        print_notes (report, TENON_NOTE, "note", "notes");
    print_notes (report, TENON_LOSS, "loss", "losses");
}
