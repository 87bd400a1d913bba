/* SPDX-License-Identifier: MIT */
/* verdicts.c - the verdicts on the plugins that were found. */
#include "verdicts.h"
#include "memory.h"
#include "report.h"
#include "table.h"

static void
fill_verdict_row (void *user, uint64_t index, struct row *row)
{
    const struct verdicts *verdicts = user;
    tenon_report_entry entry = { .struct_size = sizeof entry };
    tenon_report_get (verdicts->report, verdicts->indexes[index], &entry);
    row_set_shown (row, 0, *entry.subject ? entry.subject : "-");
    row_set_shown (row, 1, entry.message);
    row_set_shown (row, 2, *entry.file ? entry.file : "-");
}

struct verdicts
verdicts_choose (const tenon_report *report, bool (*wanted) (void *user, const tenon_report_entry *entry),
                 void *user)
{
    struct verdicts verdicts = { report, get_memory (NULL, tenon_report_count (report), sizeof (uint64_t)),
                                 0 };
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_VERDICT, &i, &entry);)
        if (wanted (user, &entry))
            verdicts.indexes[verdicts.count++] = i - 1;
    return verdicts;
}

void
verdicts_print (const struct verdicts *verdicts)
{
    static const struct column columns[] = { { "PLUGIN", false, COLOUR_NONE },
                                             { "NOT LOADED BECAUSE", false, COLOUR_NONE },
                                             { "FILE", false, COLOUR_FAINT } };
    struct verdicts copy = *verdicts;
    table_print (columns, COUNT_OF (columns), verdicts->count, fill_verdict_row, &copy);
}

json_object *
verdict_json (const tenon_report_entry *entry)
{
    json_object *object = json_new ();
    json_add_text (object, "name", entry->subject);
    json_add_text (object, "file", entry->file);
    json_add_flag (object, "loaded", entry->chosen != 0);
    json_add_text (object, "message", entry->message);
    return object;
}

json_object *
verdicts_json (const struct verdicts *verdicts)
{
    json_object *array = json_array ();
    for (uint64_t i = 0; i < verdicts->count; i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (verdicts->report, verdicts->indexes[i], &entry);
        json_append (array, verdict_json (&entry));
    }
    return array;
}

void
verdicts_clean (struct verdicts *verdicts)
{
    free (verdicts->indexes);
}
